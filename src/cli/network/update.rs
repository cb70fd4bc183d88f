//! `network update`.

use super::create::address;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::net::IpAddr;
use std::process::ExitCode;

/// `network update`.
#[derive(Args, Debug)]
pub(crate) struct Update {
    /// Add a resolver; may be repeated
    #[arg(long, value_name = "IP", value_delimiter = ',')]
    dns_add: Vec<String>,
    /// Drop a resolver; may be repeated
    #[arg(long, value_name = "IP", value_delimiter = ',')]
    dns_drop: Vec<String>,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Update {
    const NAME: &'static str = "update";
    const ABOUT: &'static str = "Change the resolvers of a network";
    const DETAILS: &'static str = "Changes which resolvers are asked for names the network does not know. It holds for containers that start later on a network nobody is on.";
    const ARGUMENTS: &'static str = "NETWORK";
    const ARITY: Arity = Arity::Exactly(1);
    const EXAMPLES: &'static str = "coracle network update --dns-add 9.9.9.9 backend";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let addresses = |texts: &[String]| texts.iter().map(|text| address(text)).collect::<Result<Vec<IpAddr>, _>>();
        let (add, drop) = (addresses(&self.dns_add)?, addresses(&self.dns_drop)?);
        let name = &self.arguments[0];
        context.engine().update_network(name, &add, &drop)?;
        output::print(&format!("{name}\n"))
    }
}
