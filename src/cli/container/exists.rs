//! `container exists`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::engine::Kind;
use clap::Args;
use std::process::ExitCode;

/// `container exists CONTAINER`.
#[derive(Args, Debug)]
pub(crate) struct Exists {
    /// Look at containers of other tools too; there are none
    #[arg(long, hide = true)]
    external: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Exists {
    const NAME: &'static str = "exists";
    const ABOUT: &'static str = "Check whether a container exists";
    const DETAILS: &'static str = "Exits with 0 when the container exists and with 1 when it does not. Prints nothing.";
    const ARGUMENTS: &'static str = "CONTAINER";
    const ARITY: Arity = Arity::Exactly(1);
    const EXAMPLES: &'static str = "coracle container exists web || coracle run -d --name web nginx";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        match context.engine().container(&self.arguments[0]) {
            Ok(_) => Ok(ExitCode::SUCCESS),
            Err(error) if error.kind() == Kind::NotFound => Ok(ExitCode::from(1)),
            Err(error) => Err(error.into()),
        }
    }
}
