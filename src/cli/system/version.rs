//! `version`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::Verb;
use clap::Args;
use std::process::ExitCode;

/// `version`.
#[derive(Args, Debug)]
pub(crate) struct Version {
    /// Print as JSON (json) or by a Go template
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
}

impl Verb for Version {
    const NAME: &'static str = "version";
    const ABOUT: &'static str = "Display the version of coracle";
    const DETAILS: &'static str = "Prints the version of the program and the platform it was built for.";

    fn run(self, _context: &Context) -> Result<ExitCode, Failure> {
        output::print(&format!("Version:      {}\n", env!("CARGO_PKG_VERSION")))
    }
}
