//! `kill`.

use super::selection::{IdFiles, Latest};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::process::ExitCode;

/// `kill CONTAINER...`.
#[derive(Args, Debug)]
pub(crate) struct Kill {
    /// Signal all running containers
    #[arg(short, long)]
    all: bool,
    /// Signal to send, by name or number
    #[arg(short, long, value_name = "SIGNAL", default_value = "KILL")]
    signal: String,
    #[command(flatten)]
    files: IdFiles,
    #[command(flatten)]
    latest: Latest,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Kill {
    const NAME: &'static str = "kill";
    const ABOUT: &'static str = "Send a signal to one or more running containers";
    const DETAILS: &'static str = "Sends SIGKILL, or another signal, to the container's first process.";
    const ARGUMENTS: &'static str = "CONTAINER [CONTAINER...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle kill web\ncoracle kill --signal HUP web";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        Err(Failure::Arguments(format!("not in this build yet: {self:?} {context:?}")))
    }
}
