//! `system check`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::Verb;
use clap::Args;
use std::process::ExitCode;

/// `system check`.
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// Fetch or remove what is damaged
    #[arg(short, long)]
    repair: bool,
    /// Remove what cannot be repaired, containers included
    #[arg(short, long)]
    force: bool,
    /// Check sizes only, not contents
    #[arg(short, long)]
    quick: bool,
}

impl Verb for Check {
    const NAME: &'static str = "check";
    const ABOUT: &'static str = "Check the store for damage";
    const DETAILS: &'static str = "Reads every object of the store and compares it with its digest. With --repair what is damaged is fetched again, and what nobody needs is removed. Exits with 1 when damage was found and not repaired.";
    const EXAMPLES: &'static str = "coracle system check --repair";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        Err(Failure::Arguments(format!("not in this build yet: {self:?} {context:?}")))
    }
}
