//! `system reset`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::Verb;
use clap::Args;
use std::process::ExitCode;

/// `system reset`.
#[derive(Args, Debug)]
pub(crate) struct Reset {
    /// Do not ask
    #[arg(short, long)]
    force: bool,
}

impl Verb for Reset {
    const NAME: &'static str = "reset";
    const ABOUT: &'static str = "Remove everything coracle has stored";
    const DETAILS: &'static str = "Stops and removes all containers and removes all images and volumes: the store is as if coracle had never run.";
    const EXAMPLES: &'static str = "coracle system reset --force";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let warning = format!(
            "WARNING! This will remove:\n        - all containers\n        - all images\n        - all volumes\n        - the \
             store: {:?}\n        - the run directory: {:?}",
            engine.paths.root, engine.paths.run_root
        );
        if self.force || output::confirm(&warning)? {
            engine.reset()?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
