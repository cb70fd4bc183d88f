//! `unshare`.

use crate::cli::compatibility;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::engine::unshare;
use clap::Args;
use std::process::ExitCode;

/// `unshare`.
#[derive(Args, Debug)]
pub(crate) struct Unshare {
    #[arg(hide = true, trailing_var_arg = true)]
    arguments: Vec<String>,
}

impl Verb for Unshare {
    const NAME: &'static str = "unshare";
    const FOREIGN: &'static [compatibility::Row] = compatibility::UNSHARE;
    const ABOUT: &'static str = "Run a command in the user namespace of containers";
    const DETAILS: &'static str = "Runs a command, or the shell, as root of a user namespace with the ids containers get, to look at and change files that belong to them. CORACLE_ROOT stands for the store.";
    const ARGUMENTS: &'static str = "[COMMAND [ARG...]]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle unshare ls -ln volumes\n\
        coracle unshare cat /proc/self/uid_map";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        Err(unshare::run(&context.paths(), &self.arguments).into())
    }
}
