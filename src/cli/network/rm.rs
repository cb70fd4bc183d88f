//! `network rm`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::cli::{failure, output};
use crate::engine::Kind;
use clap::Args;
use std::process::ExitCode;

/// `network rm`.
#[derive(Args, Debug)]
pub(crate) struct Rm {
    /// Remove networks in use too, with the containers that use them
    #[arg(short, long)]
    force: bool,
    /// Seconds to wait for containers to stop before they are killed [default: the container's own]
    #[arg(short, long, alias = "timeout", value_name = "SECONDS", value_parser = crate::cli::values::unsigned)]
    time: Option<u32>,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Rm {
    const NAME: &'static str = "rm";
    const ALIASES: &'static [&'static str] = &["remove"];
    const ABOUT: &'static str = "Remove one or more networks";
    const DETAILS: &'static str =
        "The exit code is 1 when a network does not exist and 2 when one is used by a container, running or not.";
    const ARGUMENTS: &'static str = "NETWORK [NETWORK...]";
    const ARITY: Arity = Arity::AtLeast(1);
    const EXAMPLES: &'static str = "coracle network rm backend";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        failure::each(&self.arguments, Failure::removal_code, |name| {
            match engine.remove_network(name, self.force, self.time) {
                Ok(()) => output::print(&format!("{name}\n")).map(|_| ()),
                Err(error) if self.force && error.kind() == Kind::NotFound => Ok(()),
                Err(error) => Err(error.into()),
            }
        })
    }
}
