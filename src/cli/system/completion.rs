//! `completion`.

use crate::cli::complete::script;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use clap::{Args, ValueHint};
use std::path::PathBuf;
use std::process::ExitCode;

/// `completion SHELL`.
#[derive(Args, Debug)]
pub(crate) struct Completion {
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Completion {
    const NAME: &'static str = "completion";
    const ABOUT: &'static str = "Generate shell completions";
    const DETAILS: &'static str = "Prints a script for a shell, bash, zsh or fish, that completes commands, options, and names of containers, pods, images, volumes, networks and secrets.";
    const ARGUMENTS: &'static str = "SHELL";
    const ARITY: Arity = Arity::Exactly(1);
    const EXAMPLES: &'static str = "coracle completion bash > ~/.local/share/bash-completion/completions/coracle\ncoracle completion zsh -f _coracle";

    fn run(self, _context: &Context) -> Result<ExitCode, Failure> {
        let shell = &self.arguments[0];
        let script = script(shell)
            .ok_or_else(|| Failure::Arguments(format!("invalid argument {shell:?} for {:?}", "coracle completion")))?;
        match self.file {
            None => output::print(script),
            Some(path) => {
                std::fs::write(&path, script).map_err(|source| Failure::File { what: "write", path, source })?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}
