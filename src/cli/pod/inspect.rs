//! `pod inspect`.

use super::selection::Which;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::{self, Object};
use crate::cli::tree::{Arity, Verb};
use crate::engine::{Engine, inspect};
use clap::Args;
use std::process::ExitCode;

/// `pod inspect`.
#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// Print as JSON (json) or by a Go template
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Act on the most recently created pod
    #[arg(short, long)]
    latest: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Inspect {
    const NAME: &'static str = "inspect";
    const ABOUT: &'static str = "Display the configuration of pods";
    const DETAILS: &'static str = "Prints everything about pods as a JSON array, or by a template for each.";
    const ARGUMENTS: &'static str = "POD [POD...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle pod inspect web\ncoracle pod inspect --format '{{.State}}' web";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let which = Which { all: false, latest: self.latest };
        let names = which.names(&engine, self.arguments, &[], |_| true)?;
        output::inspect(self.format.as_deref(), &names, |name| inspect_pod(&engine, name))
    }
}

/// What `inspect` prints of a pod.
///
/// # Errors
/// No such pod.
pub(crate) fn inspect_pod(engine: &Engine, name: &str) -> Result<Object, Failure> {
    match engine.pod(name) {
        Ok(summary) => Ok(Object::Document(inspect::pod(&summary))),
        Err(error) if error.kind() == crate::engine::Kind::NotFound => Err(Failure::NoSuch("pod", name.to_owned())),
        Err(error) => Err(error.into()),
    }
}
