//! `container prune`.

use super::filter::Filters;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::Verb;
use crate::engine::lifecycle::{Container, RemoveOptions};
use crate::engine::{Engine, Kind};
use clap::Args;
use jiff::Timestamp;
use std::process::ExitCode;

/// `container prune`.
#[derive(Args, Debug)]
pub(crate) struct Prune {
    /// Do not ask
    #[arg(short, long)]
    force: bool,
    /// Remove only containers that fit: label=KEY[=VALUE], label!=KEY, until=TIME; may be repeated
    #[arg(long, value_name = "FILTER")]
    filter: Vec<String>,
}

impl Verb for Prune {
    const NAME: &'static str = "prune";
    const ABOUT: &'static str = "Remove all containers that are not running";
    const DETAILS: &'static str = "Prints the IDs of the containers it removed.";
    const EXAMPLES: &'static str = "coracle container prune --force --filter until=24h";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let warning = "WARNING! This will remove all non running containers.";
        if !self.force && !output::confirm(warning)? {
            return Ok(ExitCode::SUCCESS);
        }
        let engine = context.engine();
        let pruned = prune(&engine, &self.filter)?;
        output::print(&pruned.iter().map(|id| format!("{id}\n")).collect::<String>())
    }
}

/// Removes the containers that are not running and fit the filters; returns their IDs.
///
/// # Errors
/// A filter that is none; a container that cannot be removed.
pub(crate) fn prune(engine: &Engine, filters: &[String]) -> Result<Vec<String>, Failure> {
    let all = engine.list_containers();
    let filters = Filters::parse(filters, &all, Timestamp::now())?;
    let unused = |container: &&Container| !container.state.status.is_alive() && filters.accept(container);
    let mut pruned = Vec::new();
    // The newest first: a container is younger than those it needs, and goes before them.
    for container in all.iter().rev().filter(unused) {
        if engine.has_dependents(&container.record.id) {
            continue;
        }
        match engine.remove(&container.record.id, RemoveOptions::default()) {
            Ok(id) => pruned.push(id),
            // Somebody was faster, or has started it.
            Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    pruned.reverse();
    Ok(pruned)
}
