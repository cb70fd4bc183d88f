//! `network disconnect`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::process::ExitCode;

/// `network disconnect`.
#[derive(Args, Debug)]
pub(crate) struct Disconnect {
    /// Do not complain when the container is not there, or not on the network
    #[arg(short, long)]
    force: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Disconnect {
    const NAME: &'static str = "disconnect";
    const ABOUT: &'static str = "Disconnect a container from a network";
    const DETAILS: &'static str = "Takes a container off a network, at once when it runs and for every later start. Its other networks stay as they are.";
    const ARGUMENTS: &'static str = "NETWORK CONTAINER";
    const ARITY: Arity = Arity::Exactly(2);
    const EXAMPLES: &'static str = "coracle network disconnect backend web";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        context.engine().disconnect_network(&self.arguments[0], &self.arguments[1], self.force)?;
        Ok(ExitCode::SUCCESS)
    }
}
