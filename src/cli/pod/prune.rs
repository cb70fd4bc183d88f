//! `pod prune`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::Verb;
use crate::engine::lifecycle::RemoveOptions;
use crate::engine::{Engine, Kind};
use clap::Args;
use std::process::ExitCode;

/// `pod prune`.
#[derive(Args, Debug)]
pub(crate) struct Prune {
    /// Do not ask
    #[arg(short, long)]
    force: bool,
}

impl Verb for Prune {
    const NAME: &'static str = "prune";
    const ABOUT: &'static str = "Remove all stopped pods";
    const DETAILS: &'static str = "Removes pods that have exited, with their containers, and prints their IDs.";
    const EXAMPLES: &'static str = "coracle pod prune --force";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        if !self.force && !output::confirm("WARNING! This will remove all stopped/exited pods..")? {
            return Ok(ExitCode::SUCCESS);
        }
        output::print(&prune(&engine)?.iter().map(|id| format!("{id}\n")).collect::<String>())
    }
}

/// Removes the pods that have exited, with their containers; returns their IDs.
///
/// # Errors
/// A container's files cannot be removed.
pub(crate) fn prune(engine: &Engine) -> Result<Vec<String>, Failure> {
    let mut removed = Vec::new();
    for summary in engine.list_pods() {
        if !matches!(summary.status(), "Exited" | "Stopped") {
            continue;
        }
        match engine.remove_pod(&summary.pod.id, RemoveOptions { volumes: true, ..RemoveOptions::default() }) {
            Ok(id) => removed.push(id),
            // Another command was quicker, or has started it again.
            Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(removed)
}
