//! `healthcheck run`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use crate::engine::health::{CheckOptions, PENDING};
use clap::Args;
use std::process::ExitCode;

/// `healthcheck run CONTAINER`.
#[derive(Args, Debug)]
pub(crate) struct Run {
    /// Exit with 0 also when the check fails
    #[arg(long)]
    ignore_result: bool,
    /// Called by the container's keeper
    #[arg(long, hide = true)]
    scheduled: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Run {
    const NAME: &'static str = "run";
    const ABOUT: &'static str = "Run the health check of a container";
    const DETAILS: &'static str = "Runs the check once, now, beside those that the container's keeper runs by the clock; the result \
        counts like theirs. Prints nothing and exits with 0 when it succeeds. A check that fails prints unhealthy (starting, \
        while the startup check has not passed) and exits with 1.";
    const ARGUMENTS: &'static str = "CONTAINER";
    const ARITY: Arity = Arity::Exactly(1);
    const EXAMPLES: &'static str = "coracle healthcheck run web";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let name = self.arguments.first().map_or("", String::as_str);
        let engine = context.engine();
        let outcome = engine.check_health(name, CheckOptions::default()).map_err(|error| match error.kind() {
            crate::engine::Kind::NotFound => {
                Failure::Arguments(format!("unable to look up {name} to perform a health check: {error}"))
            }
            _ => error.into(),
        })?;
        if self.scheduled {
            return Ok(if outcome.is_startup_pending { ExitCode::from(PENDING) } else { ExitCode::SUCCESS });
        }
        if outcome.is_success {
            return Ok(ExitCode::SUCCESS);
        }
        output::print(if outcome.is_startup_pending { "starting\n" } else { "unhealthy\n" })?;
        Ok(if self.ignore_result { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}
