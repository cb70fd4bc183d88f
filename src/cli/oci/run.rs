//! `oci run`.

use super::OciOptions;
use super::create::BundleOptions;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::runtime::oci::{CreateOptions, OciError, Runtime, Terminal, wait_for};
use clap::Args;
use std::process::ExitCode;

/// `oci run`.
#[derive(Args, Debug)]
pub(crate) struct Run {
    #[command(flatten)]
    bundle: BundleOptions,
    /// Return once the process runs
    #[arg(short, long)]
    detach: bool,
    /// Do not delete the container at its end
    #[arg(long)]
    keep: bool,
    /// Do not adopt orphans of the container
    #[arg(long)]
    no_subreaper: bool,
    #[command(flatten)]
    common: OciOptions,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Run {
    const NAME: &'static str = "run";
    const ABOUT: &'static str = "Create a container, start it, wait for its end and delete it";
    const DETAILS: &'static str = "The exit code is that of the process, 128 and the signal's number when a signal ended it. \
        Signals are passed on to it; it is killed when this command is, unless it was detached.";
    const ARGUMENTS: &'static str = "ID";
    const ARITY: Arity = Arity::Exactly(1);

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let code = self.common.act(context, 1, |runtime| self.carry_out(runtime))?;
        Ok(ExitCode::from(code))
    }
}

impl Run {
    fn carry_out(&self, runtime: &Runtime<'_>) -> Result<u8, OciError> {
        let id = &self.arguments[0];
        if !self.detach && !self.no_subreaper {
            let _ = crate::sys::process::become_subreaper(); // then orphans go to the caller's
        }
        let terminal = if self.detach { Terminal::None } else { Terminal::Own };
        let request = CreateOptions { ends_with_caller: !self.detach, ..self.bundle.request(id, terminal) };
        let created = runtime.create(&request)?;
        if let Err(error) = runtime.start(id) {
            let _ = runtime.delete(id, true); // the first error is the one to tell
            return Err(error);
        }
        if self.detach {
            return Ok(0);
        }
        let wants = created.spec.process().as_ref().and_then(|process| process.terminal()).unwrap_or(false);
        let code = wait_for(&created.pidfd, created.terminal.filter(|_| wants))?;
        if !self.keep {
            runtime.delete(id, true)?;
        }
        Ok(u8::try_from(code).unwrap_or(255))
    }
}
