//! `wait`.

use super::selection::Latest;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::cli::values;
use clap::Args;
use std::process::ExitCode;
use std::time::Duration;

/// `wait CONTAINER...`.
#[derive(Args, Debug)]
pub(crate) struct Wait {
    /// State to wait for: configured, created, exited, initialized, paused, removing, running, stopped or stopping; may be
    /// repeated [default: exited]
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    condition: Vec<String>,
    /// Print -1 for containers that do not exist
    #[arg(long)]
    ignore: bool,
    /// Time between two looks; coracle is told and does not look
    #[arg(short, long, value_name = "TIME", value_parser = interval, hide = true)]
    interval: Option<Duration>,
    #[command(flatten)]
    latest: Latest,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

/// A time; a bare number is milliseconds, as in podman.
fn interval(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(milliseconds) => Ok(Duration::from_millis(milliseconds)),
        Err(_) => values::duration(text),
    }
}

impl Verb for Wait {
    const NAME: &'static str = "wait";
    const ABOUT: &'static str = "Wait for one or more containers to exit";
    const DETAILS: &'static str = "Waits until the containers have exited and prints their exit codes, one a line.";
    const ARGUMENTS: &'static str = "CONTAINER [CONTAINER...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle wait web\ncoracle wait --condition running web";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        Err(Failure::Arguments(format!("not in this build yet: {self:?} {context:?}")))
    }
}
