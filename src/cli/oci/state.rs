//! `oci state`.

use super::OciOptions;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::process::ExitCode;

/// `oci state`.
#[derive(Args, Debug)]
pub(crate) struct State {
    #[command(flatten)]
    common: OciOptions,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for State {
    const NAME: &'static str = "state";
    const ABOUT: &'static str = "Print the state of a container as JSON";
    const DETAILS: &'static str = "The status is creating, created, running, paused or stopped.";
    const ARGUMENTS: &'static str = "ID";
    const ARITY: Arity = Arity::Exactly(1);

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let state = self.common.act(context, 1, |runtime| Ok(runtime.container(&self.arguments[0])?.state()))?;
        output::print(&document(&state))
    }
}

/// A document as the runtime prints it: indented, with its line's end.
pub(crate) fn document(value: &impl serde::Serialize) -> String {
    // Of plain strings and numbers: it cannot fail.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
