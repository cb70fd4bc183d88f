//! `system prune`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::Verb;
use clap::Args;
use std::process::ExitCode;

/// `system prune`.
#[derive(Args, Debug)]
pub(crate) struct Prune {
    /// Remove all images no container uses, not only those without a name
    #[arg(short, long)]
    all: bool,
    /// Do not ask
    #[arg(short, long)]
    force: bool,
    /// Remove volumes no container uses too
    #[arg(long)]
    volumes: bool,
    /// Remove the build cache too; there is none
    #[arg(long, hide = true)]
    build: bool,
    /// Remove only what fits: label=KEY[=VALUE], until=TIME; may be repeated
    #[arg(long, value_name = "FILTER")]
    filter: Vec<String>,
}

impl Verb for Prune {
    const NAME: &'static str = "prune";
    const ABOUT: &'static str = "Remove unused data";
    const DETAILS: &'static str =
        "Removes containers that are not running, images without a name, and layers nothing refers to.";
    const EXAMPLES: &'static str = "coracle system prune --all --volumes";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        Err(Failure::Arguments(format!("not in this build yet: {self:?} {context:?}")))
    }
}
