//! `start`.

use super::selection::Latest;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::process::ExitCode;

/// `start CONTAINER...`.
#[derive(Args, Debug)]
pub(crate) struct Start {
    /// Attach the container's standard output and standard error
    #[arg(short, long)]
    attach: bool,
    /// Keep standard input open
    #[arg(short, long)]
    interactive: bool,
    /// Keys that detach the terminal from the container; "" is none [default: ctrl-p,ctrl-q]
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<String>,
    /// Pass signals coracle receives on to the process [default: true when attached]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = crate::cli::values::boolean)]
    sig_proxy: Option<bool>,
    /// Start all containers that are not running
    #[arg(long)]
    all: bool,
    /// Start containers that fit, e.g. label=tier=db; may be repeated
    #[arg(short, long, value_name = "FILTER")]
    filter: Vec<String>,
    #[command(flatten)]
    latest: Latest,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Start {
    const NAME: &'static str = "start";
    const ABOUT: &'static str = "Start one or more containers";
    const DETAILS: &'static str = "Starts containers that were created or have exited. With --attach the exit code is that of \
        the container's process.";
    const ARGUMENTS: &'static str = "CONTAINER [CONTAINER...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle start web\ncoracle start --attach --interactive shell";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        Err(Failure::Arguments(format!("not in this build yet: {self:?} {context:?}")))
    }
}
