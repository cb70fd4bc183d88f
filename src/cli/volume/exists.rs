//! `volume exists`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::process::ExitCode;

/// `volume exists`.
#[derive(Args, Debug)]
pub(crate) struct Exists {
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Exists {
    const NAME: &'static str = "exists";
    const ABOUT: &'static str = "Check whether a volume exists";
    const DETAILS: &'static str = "Exits with 0 when the volume exists and with 1 when it does not. Prints nothing.";
    const ARGUMENTS: &'static str = "VOLUME";
    const ARITY: Arity = Arity::Exactly(1);
    const EXAMPLES: &'static str = "coracle volume exists data";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let exists = context.engine().volumes().exists(&self.arguments[0]);
        Ok(ExitCode::from(u8::from(!exists)))
    }
}
