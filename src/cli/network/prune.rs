//! `network prune`.

use super::filter::Filters;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::Verb;
use crate::engine::{Engine, Kind};
use crate::store::networks::DEFAULT_NAME;
use clap::Args;
use jiff::Timestamp;
use std::process::ExitCode;

/// `network prune`.
#[derive(Args, Debug)]
pub(crate) struct Prune {
    /// Do not ask
    #[arg(short, long)]
    force: bool,
    /// Remove only networks that fit: label=KEY[=VALUE], until=TIME; may be repeated
    #[arg(long, value_name = "FILTER")]
    filter: Vec<String>,
}

impl Verb for Prune {
    const NAME: &'static str = "prune";
    const ABOUT: &'static str = "Remove networks no container uses";
    const DETAILS: &'static str = "Prints the names of the networks it removed.";
    const EXAMPLES: &'static str = "coracle network prune --force";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let filters = Filters::parse(&self.filter, Timestamp::now())?;
        if !self.force
            && !output::confirm("WARNING! This will remove all networks not used by at least one container.")?
        {
            return Ok(ExitCode::SUCCESS);
        }
        let pruned = remove_unused(&context.engine(), &filters)?;
        output::print(&pruned.iter().map(|name| format!("{name}\n")).collect::<String>())
    }
}

/// Removes the networks that no container uses and that fit; returns their names.
///
/// # Errors
/// A network's files cannot be removed.
pub(crate) fn remove_unused(engine: &Engine, filters: &Filters) -> Result<Vec<String>, Failure> {
    let mut removed = Vec::new();
    for summary in engine.list_networks() {
        let name = &summary.network.name;
        if name == DEFAULT_NAME || !summary.is_dangling() || !filters.accept(&summary) {
            continue;
        }
        match engine.remove_network(name, false, None) {
            Ok(()) => removed.push(name.clone()),
            // Used or gone meanwhile.
            Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(removed)
}
