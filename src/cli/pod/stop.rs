//! `pod stop`.

use super::each::each;
use super::selection::{IdFiles, Which};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::cli::values;
use clap::Args;
use std::process::ExitCode;

/// `pod stop`.
#[derive(Args, Debug)]
pub(crate) struct Stop {
    #[command(flatten)]
    which: Which,
    /// Do not complain about pods that do not exist
    #[arg(short, long)]
    ignore: bool,
    /// Seconds to wait before a container is killed [default: the container's own, usually 10]
    #[arg(short, long, alias = "timeout", value_name = "SECONDS", value_parser = values::unsigned)]
    time: Option<u32>,
    #[command(flatten)]
    files: IdFiles,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Stop {
    const NAME: &'static str = "stop";
    const ABOUT: &'static str = "Stop one or more pods";
    const DETAILS: &'static str =
        "Stops all containers of the pods; those that share its namespaces before the one that holds them.";
    const ARGUMENTS: &'static str = "POD [POD...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle pod stop web\ncoracle pod stop --time 2 --all";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let names = self.which.names(&engine, self.arguments, &self.files.pod_id_file, |summary| {
            summary.members.iter().any(|member| member.state.status.is_alive())
        })?;
        each(&names, self.ignore, true, |name| engine.stop_pod(name, self.time))
    }
}
