//! `pod rm`.

use super::selection::{IdFiles, Which};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::cli::{failure, output, values};
use crate::engine::Kind;
use crate::engine::lifecycle::RemoveOptions;
use clap::Args;
use std::process::ExitCode;

/// `pod rm`.
#[derive(Args, Debug)]
pub(crate) struct Rm {
    #[command(flatten)]
    which: Which,
    /// Stop containers that run first
    #[arg(short, long)]
    force: bool,
    /// Do not complain about pods that do not exist
    #[arg(short, long)]
    ignore: bool,
    /// With --force, seconds to wait before a container is killed [default: the container's own, usually 10]
    #[arg(short, long, alias = "timeout", value_name = "SECONDS", value_parser = values::unsigned)]
    time: Option<u32>,
    #[command(flatten)]
    files: IdFiles,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Rm {
    const NAME: &'static str = "rm";
    const ALIASES: &'static [&'static str] = &["remove"];
    const ABOUT: &'static str = "Remove one or more pods";
    const DETAILS: &'static str = "Removes pods with all their containers. A pod with a running container is not removed without \
        --force. The exit code is 1 when a pod does not exist.";
    const ARGUMENTS: &'static str = "POD [POD...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle pod rm web\ncoracle pod rm --force --all";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        if self.time.is_some() && !self.force {
            return Err(Failure::Arguments("--force option must be specified to use the --time option".to_owned()));
        }
        let names = self.which.names(&engine, self.arguments, &self.files.pod_id_file, |_| true)?;
        let ignore = self.ignore || self.force;
        let options = RemoveOptions { force: self.force, timeout_seconds: self.time, volumes: true };
        failure::each(&names, code, |name| match engine.remove_pod(name, options) {
            Ok(id) => output::print(&format!("{id}\n")).map(|_| ()),
            Err(error) if ignore && error.kind() == Kind::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        })?;
        for path in &self.files.pod_id_file {
            // The file tells of a pod that is gone; who removed it meanwhile wanted the same.
            let _ = std::fs::remove_file(path);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn code(failure: &Failure) -> u8 {
    if failure.is_not_found() { 1 } else { failure.exit_code() }
}
