//! `kill`.

use super::selection::Selection;
use super::selection::{IdFiles, Latest};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::options::signal;
use crate::cli::tree::{Arity, Verb};
use crate::cli::{failure, output};
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
        let engine = context.engine();
        let signal = signal(&self.signal)?;
        let names = Selection {
            names: self.arguments,
            all: self.all,
            latest: self.latest.latest,
            id_files: self.files.cidfile,
            ..Selection::default()
        }
        .existing(&engine, |container| container.state.status.is_alive())?;
        failure::each(&names, Failure::exit_code, |name| {
            engine.kill(name, signal)?;
            output::print(&format!("{name}\n")).map(|_| ())
        })
    }
}
