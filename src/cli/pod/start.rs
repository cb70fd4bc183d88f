//! `pod start`.

use super::each::each;
use super::selection::{IdFiles, Which};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::process::ExitCode;

/// `pod start`.
#[derive(Args, Debug)]
pub(crate) struct Start {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    files: IdFiles,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Start {
    const NAME: &'static str = "start";
    const ABOUT: &'static str = "Start one or more pods";
    const DETAILS: &'static str = "Starts all containers of the pods that do not run.";
    const ARGUMENTS: &'static str = "POD [POD...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle pod start web";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let names = self
            .which
            .names(&engine, self.arguments, &self.files.pod_id_file, |summary| summary.status() != "Running")?;
        each(&names, false, true, |name| engine.start_pod(name))
    }
}
