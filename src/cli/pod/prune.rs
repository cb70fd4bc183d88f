//! `pod prune`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::Verb;
use crate::engine::Kind;
use crate::engine::lifecycle::RemoveOptions;
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
        let mut removed = String::new();
        for summary in engine.list_pods() {
            if !matches!(summary.status(), "Exited" | "Stopped") {
                continue;
            }
            match engine.remove_pod(&summary.pod.id, RemoveOptions { volumes: true, ..RemoveOptions::default() }) {
                Ok(id) => removed.push_str(&format!("{id}\n")),
                // Another command was quicker, or has started it again.
                Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        output::print(&removed)
    }
}
