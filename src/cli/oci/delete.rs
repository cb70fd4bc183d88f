//! `oci delete`.

use super::OciOptions;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::process::ExitCode;

/// `oci delete`.
#[derive(Args, Debug)]
pub(crate) struct Delete {
    /// Kill the container first if it runs; one that does not exist is no error
    #[arg(short, long)]
    force: bool,
    #[command(flatten)]
    common: OciOptions,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Delete {
    const NAME: &'static str = "delete";
    const ABOUT: &'static str = "Delete a stopped container";
    const DETAILS: &'static str =
        "Removes its control group and its state, and runs its poststop hooks. The bundle stays.";
    const ARGUMENTS: &'static str = "ID";
    const ARITY: Arity = Arity::Exactly(1);

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        self.common.act(context, 1, |runtime| runtime.delete(&self.arguments[0], self.force))?;
        Ok(ExitCode::SUCCESS)
    }
}
