//! `oci checkpoint` and `oci restore`: refused, with the reason.

use super::OciOptions;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::runtime::oci::OciError;
use clap::Args;
use std::process::ExitCode;

/// Why.
const REASON: &str = "checkpoint and restore are not supported: they need CRIU, which needs root and helper programs";

/// `oci checkpoint`.
#[derive(Args, Debug)]
pub(crate) struct Checkpoint {
    #[command(flatten)]
    common: OciOptions,
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Verb for Checkpoint {
    const NAME: &'static str = "checkpoint";
    const ABOUT: &'static str = "Refused: containers are not checkpointed";
    const DETAILS: &'static str = "Checkpoints need CRIU, which needs root and helper programs.";
    const ARGUMENTS: &'static str = "ID";
    const ARITY: Arity = Arity::Any;
    const HIDDEN: bool = true;

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let _ = &self.arguments; // whatever they are
        self.common.act(context, 1, |_| Err(OciError::Unsupported(REASON)))
    }
}

/// `oci restore`.
#[derive(Args, Debug)]
pub(crate) struct Restore {
    #[command(flatten)]
    common: OciOptions,
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Verb for Restore {
    const NAME: &'static str = "restore";
    const ABOUT: &'static str = "Refused: containers are not checkpointed";
    const DETAILS: &'static str = "Checkpoints need CRIU, which needs root and helper programs.";
    const ARGUMENTS: &'static str = "ID";
    const ARITY: Arity = Arity::Any;
    const HIDDEN: bool = true;

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let _ = &self.arguments; // whatever they are
        self.common.act(context, 1, |_| Err(OciError::Unsupported(REASON)))
    }
}
