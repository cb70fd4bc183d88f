//! `volume ls`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::Verb;
use clap::Args;
use std::process::ExitCode;

/// `volume ls`.
#[derive(Args, Debug)]
pub(crate) struct List {
    /// Show volumes that fit: name, label, driver, dangling, anonymous, until; may be repeated
    #[arg(short, long, value_name = "FILTER")]
    filter: Vec<String>,
    /// Print as JSON (json), by a Go template, or as a table of template columns (table ...)
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Leave the header out
    #[arg(short, long)]
    noheading: bool,
    /// Print names only
    #[arg(short, long)]
    quiet: bool,
}

impl Verb for List {
    const NAME: &'static str = "ls";
    const ALIASES: &'static [&'static str] = &["list"];
    const ABOUT: &'static str = "List volumes";
    const DETAILS: &'static str = "Lists all volumes of the store.";
    const EXAMPLES: &'static str = "coracle volume ls --filter dangling=true";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        Err(Failure::Arguments(format!("not in this build yet: {self:?} {context:?}")))
    }
}
