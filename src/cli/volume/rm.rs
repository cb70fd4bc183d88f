//! `volume rm`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::cli::{failure, output};
use crate::engine::Kind;
use clap::Args;
use std::process::ExitCode;

/// `volume rm`.
#[derive(Args, Debug)]
pub(crate) struct Rm {
    /// Remove all volumes
    #[arg(short, long)]
    all: bool,
    /// Remove volumes in use too, with the containers that use them
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
    const ABOUT: &'static str = "Remove one or more volumes";
    const DETAILS: &'static str = "Removes volumes with their contents. The exit code is 1 when a volume does not exist and 2 when one is used by a container.";
    const ARGUMENTS: &'static str = "VOLUME [VOLUME...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle volume rm data";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let names = match (self.all, self.arguments.is_empty()) {
            (true, true) => engine.list_volumes().into_iter().map(|summary| summary.volume.name).collect(),
            (false, false) => self.arguments,
            _ => return Err(Failure::Arguments("choose either one or more volumes or all".to_owned())),
        };
        failure::each(&names, Failure::removal_code, |name| match engine.remove_volume(name, self.force, self.time) {
            Ok(removed) => output::print(&format!("{removed}\n")).map(|_| ()),
            Err(error) if self.force && error.kind() == Kind::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        })
    }
}
