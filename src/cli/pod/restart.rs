//! `pod restart`.

use super::each::each;
use super::selection::Which;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::process::ExitCode;

/// `pod restart`.
#[derive(Args, Debug)]
pub(crate) struct Restart {
    #[command(flatten)]
    which: Which,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Restart {
    const NAME: &'static str = "restart";
    const ABOUT: &'static str = "Restart one or more pods";
    const DETAILS: &'static str = "Stops all containers of the pods that run, and starts all.";
    const ARGUMENTS: &'static str = "POD [POD...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle pod restart web";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let names = self.which.names(&engine, self.arguments, &[], |_| true)?;
        each(&names, false, false, |name| {
            let mut stopped = engine.stop_pod(name, None)?;
            let started = engine.start_pod(name)?;
            stopped.failures.extend(started.failures);
            stopped.warnings.extend(started.warnings);
            engine.tell_pod_restart(name);
            Ok(stopped)
        })
    }
}
