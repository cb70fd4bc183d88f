//! `stop`.

use super::selection::Selection;
use super::selection::{IdFiles, Latest};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::cli::values;
use crate::cli::{failure, output};
use crate::engine::Kind;
use crate::runtime::signals;
use clap::Args;
use std::process::ExitCode;

/// `stop CONTAINER...`.
#[derive(Args, Debug)]
pub(crate) struct Stop {
    /// Stop all running containers
    #[arg(short, long)]
    all: bool,
    /// Do not complain about containers that do not exist
    #[arg(short, long)]
    ignore: bool,
    /// Seconds to wait before a container is killed [default: the container's own, usually 10]
    #[arg(short, long, alias = "timeout", value_name = "SECONDS", value_parser = values::seconds, allow_negative_numbers = true)]
    time: Option<u32>,
    /// Stop containers that fit, e.g. label=tier=db; may be repeated
    #[arg(short, long, value_name = "FILTER")]
    filter: Vec<String>,
    #[command(flatten)]
    files: IdFiles,
    #[command(flatten)]
    latest: Latest,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Stop {
    const NAME: &'static str = "stop";
    const ABOUT: &'static str = "Stop one or more containers";
    const DETAILS: &'static str = "Sends the container's stop signal, waits, and kills what is still there. Containers that are \
        not running are left alone.";
    const ARGUMENTS: &'static str = "CONTAINER [CONTAINER...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle stop web\ncoracle stop --time 2 --all";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let names = Selection {
            names: self.arguments,
            all: self.all,
            latest: self.latest.latest,
            id_files: self.files.cidfile,
            filters: self.filter,
            ignore: self.ignore,
        }
        .existing(&engine, |container| container.state.status.is_alive())?;
        failure::each(&names, Failure::exit_code, |name| match engine.stop(name, self.time) {
            Ok(stopped) => {
                if let Some(seconds) = stopped.killed_after {
                    let record = &stopped.container.record;
                    context.warn(&format!(
                        "StopSignal {} failed to stop container {} in {seconds} seconds, resorting to SIGKILL",
                        signals::name(record.stop_signal),
                        record.name
                    ));
                }
                output::print(&format!("{name}\n")).map(|_| ())
            }
            Err(error) if self.ignore && error.kind() == Kind::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        })
    }
}
