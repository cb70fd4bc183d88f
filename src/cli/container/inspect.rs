//! `container inspect`.

use super::selection::Latest;
use super::selection::Selection;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::process::ExitCode;

/// `container inspect CONTAINER...`.
#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// Print as JSON (json) or by a Go template
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Add how much the container has written
    #[arg(short, long)]
    size: bool,
    #[command(flatten)]
    latest: Latest,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Inspect {
    const NAME: &'static str = "inspect";
    const ABOUT: &'static str = "Display the configuration of a container";
    const DETAILS: &'static str = "Prints everything about containers as a JSON array, or by a template for each.";
    const ARGUMENTS: &'static str = "CONTAINER [CONTAINER...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle container inspect web\n\
        coracle container inspect --format '{{.State.Status}} {{.State.ExitCode}}' web";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        if self.arguments.is_empty() && !self.latest.latest {
            return Err(Failure::Arguments("no names or ids specified".to_owned()));
        }
        let names = Selection { names: self.arguments, latest: self.latest.latest, ..Selection::default() }
            .names(&engine, |_| true)?;
        output::inspect(self.format.as_deref(), &names, |name| super::inspect_container(&engine, name, self.size))
    }
}
