//! `init`.

use super::selection::{Latest, Selection};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::cli::{failure, output};
use crate::engine::start::StartOptions;
use crate::store::containers::Status;
use clap::Args;
use std::process::ExitCode;

/// `init CONTAINER...`.
#[derive(Args, Debug)]
pub(crate) struct Init {
    /// Prepare all containers that are not prepared or running
    #[arg(short, long)]
    all: bool,
    #[command(flatten)]
    latest: Latest,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Init {
    const NAME: &'static str = "init";
    const ABOUT: &'static str = "Prepare one or more containers without starting them";
    const DETAILS: &'static str = "Sets up everything of a container (namespaces, root file system, mounts, network) and leaves \
        its process to start, which then has nothing to wait for. The container's state is initialized; stop ends it, and rm \
        removes it without --force.";
    const ARGUMENTS: &'static str = "CONTAINER [CONTAINER...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle create --name web nginx\ncoracle init web\ncoracle start web";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let all = self.all;
        let selection = Selection { names: self.arguments, all, latest: self.latest.latest, ..Selection::default() };
        let names = selection.existing(&engine, |_| true)?;
        failure::each(&names, Failure::exit_code, |name| {
            let container = engine.container(name)?;
            let id = &container.record.id;
            if matches!(container.state.status, Status::Created | Status::Exited) {
                let options = StartOptions { prepare: true, ..StartOptions::default() };
                let prepared = engine.start(id, options, None)?;
                prepared.warnings.iter().for_each(|warning| output::note(warning));
            } else if !all {
                let improper = "has already been created in runtime: container state improper";
                return Err(Failure::Arguments(format!("container {id} {improper}")));
            }
            output::print(&format!("{name}\n")).map(|_| ())
        })
    }
}
