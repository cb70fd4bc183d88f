//! `pod pause` and `pod unpause`.

use super::each::each;
use super::selection::Which;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::process::ExitCode;

/// `pod pause`.
#[derive(Args, Debug)]
pub(crate) struct Pause {
    #[command(flatten)]
    which: Which,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Pause {
    const NAME: &'static str = "pause";
    const ABOUT: &'static str = "Pause one or more pods";
    const DETAILS: &'static str = "Stops every process of the pods' running containers, as pause does.";
    const ARGUMENTS: &'static str = "POD [POD...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle pod pause web";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let names = self
            .which
            .names(&engine, self.arguments, &[], |summary| matches!(summary.status(), "Running" | "Degraded"))?;
        each(&names, false, false, |name| engine.pause_pod(name))
    }
}

/// `pod unpause`.
#[derive(Args, Debug)]
pub(crate) struct Unpause {
    #[command(flatten)]
    which: Which,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Unpause {
    const NAME: &'static str = "unpause";
    const ABOUT: &'static str = "Unpause one or more pods";
    const DETAILS: &'static str = "Continues the processes of the pods' paused containers.";
    const ARGUMENTS: &'static str = "POD [POD...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle pod unpause --all";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let names = self.which.names(&engine, self.arguments, &[], |summary| summary.status() == "Paused")?;
        each(&names, false, false, |name| engine.unpause_pod(name))
    }
}
