//! `network inspect`.

use super::inspect_network;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::process::ExitCode;

/// `network inspect`.
#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// Print as JSON (json) or by a Go template
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Inspect {
    const NAME: &'static str = "inspect";
    const ABOUT: &'static str = "Display the configuration of networks";
    const DETAILS: &'static str = "Prints everything about networks as a JSON array, or by a template for each. Containers on a network now are shown with their addresses.";
    const ARGUMENTS: &'static str = "NETWORK [NETWORK...]";
    const ARITY: Arity = Arity::AtLeast(1);
    const EXAMPLES: &'static str = "coracle network inspect backend\n\
        coracle network inspect --format '{{range .Subnets}}{{.Subnet}}{{end}}' backend";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        output::inspect(self.format.as_deref(), &self.arguments, |name| match inspect_network(&engine, name) {
            // podman names the network twice.
            Err(failure) if failure.is_not_found() => Err(Failure::NoSuchNetwork(name.to_owned())),
            other => other,
        })
    }
}
