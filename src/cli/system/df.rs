//! `system df`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::Verb;
use clap::Args;
use std::process::ExitCode;

/// `system df`.
#[derive(Args, Debug)]
pub(crate) struct Df {
    /// Print as JSON (json), by a Go template, or as a table of template columns (table ...)
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Show each image, container and volume
    #[arg(short, long)]
    verbose: bool,
}

impl Verb for Df {
    const NAME: &'static str = "df";
    const ABOUT: &'static str = "Show how much disk space coracle uses";
    const DETAILS: &'static str =
        "Shows the space taken by images, containers and volumes, and how much of it pruning would give back.";
    const EXAMPLES: &'static str = "coracle system df --verbose";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        Err(Failure::Arguments(format!("not in this build yet: {self:?} {context:?}")))
    }
}
