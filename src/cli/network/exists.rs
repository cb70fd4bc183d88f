//! `network exists`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::process::ExitCode;

/// `network exists`.
#[derive(Args, Debug)]
pub(crate) struct Exists {
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Exists {
    const NAME: &'static str = "exists";
    const ABOUT: &'static str = "Check whether a network exists";
    const DETAILS: &'static str = "Exits with 0 when the network exists and with 1 when it does not. Prints nothing.";
    const ARGUMENTS: &'static str = "NETWORK";
    const ARITY: Arity = Arity::Exactly(1);
    const EXAMPLES: &'static str = "coracle network exists backend";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        match context.engine().networks().find(&self.arguments[0]) {
            Ok(_) => Ok(ExitCode::SUCCESS),
            Err(error) if error.is_not_found() => Ok(ExitCode::from(1)),
            Err(error) => Err(crate::engine::Error::from(error).into()),
        }
    }
}
