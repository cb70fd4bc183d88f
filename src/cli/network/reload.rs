//! `network reload`.

use crate::cli::container::selection::Selection;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::cli::{failure, output};
use clap::Args;
use std::process::ExitCode;

/// `network reload`.
#[derive(Args, Debug)]
pub(crate) struct Reload {
    /// Reload the networks of all running containers
    #[arg(short, long)]
    all: bool,
    /// Reload those of the most recently created container
    #[arg(short, long)]
    latest: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Reload {
    const NAME: &'static str = "reload";
    const ABOUT: &'static str = "Make the networks of running containers anew";
    const DETAILS: &'static str = "Connects running containers to their networks again, with the addresses they had: after the process of a network was killed. Published ports are bound again.";
    const ARGUMENTS: &'static str = "[CONTAINER...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle network reload --all";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let names = match (self.all, self.arguments.is_empty()) {
            (false, true) if self.latest => {
                Selection { latest: true, ..Selection::default() }.names(&engine, |_| true)?
            }
            (true, true) => {
                let running =
                    engine.list_containers().into_iter().filter(|container| container.state.status.is_alive());
                running.map(|container| container.record.id).collect()
            }
            (false, false) => self.arguments,
            _ => return Err(Failure::Arguments("you must provide at least one name or id".to_owned())),
        };
        failure::each(&names, Failure::exit_code, |name| {
            let id = engine.reload_networks(name)?;
            output::print(&format!("{id}\n")).map(|_| ())
        })
    }
}
