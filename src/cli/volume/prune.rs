//! `volume prune`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::Verb;
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
        Err(Failure::Arguments(format!("not in this build yet: {self:?} {context:?}")))
    }
}
