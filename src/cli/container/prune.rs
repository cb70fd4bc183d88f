//! `container prune`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::Verb;
use clap::Args;
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
        Err(Failure::Arguments(format!("not in this build yet: {self:?} {context:?}")))
    }
}
