//! `network connect`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::engine::networks::{Attachment, attachment};
use clap::Args;
use std::process::ExitCode;

/// `network connect`.
#[derive(Args, Debug)]
pub(crate) struct Connect {
    /// Further name of the container on this network; may be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    alias: Vec<String>,
    /// IPv4 address
    #[arg(long, value_name = "IP")]
    ip: Option<String>,
    /// IPv6 address
    #[arg(long, value_name = "IP")]
    ip6: Option<String>,
    /// Hardware address
    #[arg(long, value_name = "MAC")]
    mac_address: Option<String>,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Connect {
    const NAME: &'static str = "connect";
    const ABOUT: &'static str = "Connect a container to a network";
    const DETAILS: &'static str = "Brings a container onto one more network, at once when it runs and at every later start. A container with the default network keeps that until it ends; from its next start it is on the network podman instead.";
    const ARGUMENTS: &'static str = "NETWORK CONTAINER";
    const ARITY: Arity = Arity::Exactly(2);
    const EXAMPLES: &'static str = "coracle network connect backend web\n\
        coracle network connect --alias db --ip 10.89.0.5 backend postgres";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let mut attachment = Attachment { network: self.arguments[0].clone(), ..Attachment::default() };
        for (text, is_ipv6) in [(&self.ip, false), (&self.ip6, true)] {
            if let Some(text) = text {
                attachment.addresses.push(attachment::address(text, is_ipv6).map_err(Failure::Arguments)?);
            }
        }
        attachment.mac = self.mac_address.as_deref().map(attachment::mac).transpose().map_err(Failure::Arguments)?;
        for alias in &self.alias {
            attachment::add_alias(&mut attachment, alias);
        }
        context.engine().connect_network(&self.arguments[1], attachment)?;
        Ok(ExitCode::SUCCESS)
    }
}
