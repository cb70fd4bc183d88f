//! `volume inspect`.

use super::inspect_volume;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::process::ExitCode;

/// `volume inspect`.
#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// Show all volumes
    #[arg(short, long)]
    all: bool,
    /// Print as JSON (json) or by a Go template
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Inspect {
    const NAME: &'static str = "inspect";
    const ABOUT: &'static str = "Display the configuration of volumes";
    const DETAILS: &'static str = "Prints everything about volumes as a JSON array, or by a template for each.";
    const ARGUMENTS: &'static str = "VOLUME [VOLUME...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle volume inspect data\n\
        coracle volume inspect --format '{{.Mountpoint}}' data";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let names = match (self.all, self.arguments.is_empty()) {
            (true, true) => engine.list_volumes().into_iter().map(|summary| summary.volume.name).collect(),
            (false, false) => self.arguments,
            _ => return Err(Failure::Arguments("provide one or more volume names or use --all".to_owned())),
        };
        output::inspect(self.format.as_deref(), &names, |name| inspect_volume(&engine, name))
    }
}
