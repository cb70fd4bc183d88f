//! `secret exists`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::process::ExitCode;

/// `secret exists`.
#[derive(Args, Debug)]
pub(crate) struct Exists {
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Exists {
    const NAME: &'static str = "exists";
    const ABOUT: &'static str = "Check whether a secret exists";
    const DETAILS: &'static str = "Exits with 0 when the secret exists and with 1 when it does not. Prints nothing.";
    const ARGUMENTS: &'static str = "SECRET";
    const ARITY: Arity = Arity::Exactly(1);
    const EXAMPLES: &'static str = "coracle secret exists password";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let found = self.arguments.iter().all(|name| context.engine().secrets().find(name).is_ok());
        Ok(ExitCode::from(u8::from(!found)))
    }
}
