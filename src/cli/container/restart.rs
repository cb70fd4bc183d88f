//! `restart`.

use super::selection::{IdFiles, Latest, Selection};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::cli::values;
use crate::cli::{failure, output};
use clap::Args;
use std::process::ExitCode;

/// `restart CONTAINER...`.
#[derive(Args, Debug)]
pub(crate) struct Restart {
    /// Restart all containers, running or not
    #[arg(short, long)]
    all: bool,
    /// Restart running containers only
    #[arg(long)]
    running: bool,
    /// Seconds to wait before a container is killed [default: the container's own, usually 10]
    #[arg(short, long, alias = "timeout", value_name = "SECONDS", value_parser = values::seconds, allow_negative_numbers = true)]
    time: Option<u32>,
    /// Restart containers that fit, e.g. label=tier=db; may be repeated
    #[arg(short, long, value_name = "FILTER")]
    filter: Vec<String>,
    #[command(flatten)]
    files: IdFiles,
    #[command(flatten)]
    latest: Latest,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Restart {
    const NAME: &'static str = "restart";
    const ABOUT: &'static str = "Restart one or more containers";
    const DETAILS: &'static str = "Stops containers as stop does and starts them again. Containers that are not running are \
        started.";
    const ARGUMENTS: &'static str = "CONTAINER [CONTAINER...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle restart web\ncoracle restart --time 2 --running";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let only_running = self.running && self.arguments.is_empty();
        let eligible = match only_running {
            true => |container: &crate::engine::lifecycle::Container| container.state.status.is_alive(),
            false => |_: &crate::engine::lifecycle::Container| true,
        };
        let names = Selection {
            names: self.arguments,
            all: self.all || only_running,
            latest: self.latest.latest,
            id_files: self.files.cidfile,
            filters: self.filter,
            ..Selection::default()
        }
        .existing(&engine, eligible)?;
        failure::each(&names, Failure::exit_code, |name| {
            engine.restart(name, self.time)?;
            output::print(&format!("{name}\n")).map(|_| ())
        })
    }
}
