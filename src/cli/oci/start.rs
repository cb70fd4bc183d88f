//! `oci start`, `oci pause` and `oci resume`.

use super::OciOptions;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::process::ExitCode;

/// `oci start`.
#[derive(Args, Debug)]
pub(crate) struct Start {
    #[command(flatten)]
    common: OciOptions,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Start {
    const NAME: &'static str = "start";
    const ABOUT: &'static str = "Start the process of a created container";
    const DETAILS: &'static str = "Returns once the process has been executed; that it could not be is an error.";
    const ARGUMENTS: &'static str = "ID";
    const ARITY: Arity = Arity::Exactly(1);

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        self.common.act(context, 1, |runtime| runtime.start(&self.arguments[0]))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// `oci pause`.
#[derive(Args, Debug)]
pub(crate) struct Pause {
    #[command(flatten)]
    common: OciOptions,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Pause {
    const NAME: &'static str = "pause";
    const ABOUT: &'static str = "Freeze all processes of a container";
    const DETAILS: &'static str = "Needs a control group of version 2 that belongs to the container.";
    const ARGUMENTS: &'static str = "ID";
    const ARITY: Arity = Arity::Exactly(1);

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        self.common.act(context, 1, |runtime| runtime.pause(&self.arguments[0], true))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// `oci resume`.
#[derive(Args, Debug)]
pub(crate) struct Resume {
    #[command(flatten)]
    common: OciOptions,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Resume {
    const NAME: &'static str = "resume";
    const ABOUT: &'static str = "Let the processes of a paused container go on";
    const DETAILS: &'static str = "The opposite of pause.";
    const ARGUMENTS: &'static str = "ID";
    const ARITY: Arity = Arity::Exactly(1);

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        self.common.act(context, 1, |runtime| runtime.pause(&self.arguments[0], false))?;
        Ok(ExitCode::SUCCESS)
    }
}
