//! `pod exists`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::process::ExitCode;

/// `pod exists`.
#[derive(Args, Debug)]
pub(crate) struct Exists {
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Exists {
    const NAME: &'static str = "exists";
    const ABOUT: &'static str = "Check whether a pod exists";
    const DETAILS: &'static str = "Exits with 0 when the pod exists and with 1 when it does not. Prints nothing.";
    const ARGUMENTS: &'static str = "POD";
    const ARITY: Arity = Arity::Exactly(1);
    const EXAMPLES: &'static str = "coracle pod exists web";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let found = self.arguments.iter().all(|name| context.engine().pods().find(name).is_ok());
        Ok(ExitCode::from(u8::from(!found)))
    }
}
