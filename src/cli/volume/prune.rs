//! `volume prune`.

use super::filter::Filters;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::Verb;
use crate::engine::{Engine, Kind, events};
use clap::Args;
use std::process::ExitCode;

/// `volume prune`.
#[derive(Args, Debug)]
pub(crate) struct Prune {
    /// Do not ask
    #[arg(short, long)]
    force: bool,
    /// Remove only volumes that fit: label=KEY[=VALUE], until=TIME, all; may be repeated
    #[arg(long, value_name = "FILTER")]
    filter: Vec<String>,
    /// Remove volumes that have a name too; always done
    #[arg(short, long, hide = true)]
    all: bool,
}

impl Verb for Prune {
    const NAME: &'static str = "prune";
    const ABOUT: &'static str = "Remove volumes no container uses";
    const DETAILS: &'static str = "Prints the names of the volumes it removed. Their contents are lost.";
    const EXAMPLES: &'static str = "coracle volume prune --force";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let filters = Filters::of(&self.filter, &engine)?;
        let unused = unused(&engine, &filters);
        if !self.force {
            let warning = "WARNING! This will remove all volumes not used by at least one container. The following volumes will \
                           be removed:";
            if unused.is_empty() {
                return output::print(&format!("{warning}\nNo dangling volumes found\n"));
            }
            if !output::confirm(&format!("{warning}\n{}", unused.join("\n")))? {
                return Ok(ExitCode::SUCCESS);
            }
        }
        let pruned = remove(&engine, &unused)?;
        output::print(&pruned.iter().map(|name| format!("{name}\n")).collect::<String>())
    }
}

/// Names of the volumes no container mounts and that fit the filters.
pub(crate) fn unused(engine: &Engine, filters: &Filters) -> Vec<String> {
    let all = engine.list_volumes().into_iter();
    let unused = all.filter(|summary| summary.containers.is_empty() && filters.accept(summary));
    unused.map(|summary| summary.volume.name).collect()
}

/// Removes volumes; those that are in use again or gone by now are left out of what is returned.
///
/// # Errors
/// A volume's data cannot be removed.
pub(crate) fn remove(engine: &Engine, names: &[String]) -> Result<Vec<String>, Failure> {
    let mut removed = Vec::new();
    for name in names {
        match engine.remove_volume(name, false, None) {
            Ok(name) => {
                events::tell(&engine.paths, &[events::volume(&name, "prune")]);
                removed.push(name);
            }
            Err(error) if error.kind() == Kind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(removed)
}
