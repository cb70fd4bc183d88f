//! `completion`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::{self, Arity, Verb};
use clap::{Args, ValueHint};
use clap_complete::Shell;
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
    const DETAILS: &'static str =
        "Prints a script that completes coracle's commands and options in a shell: bash, zsh or fish.";
    const ARGUMENTS: &'static str = "SHELL";
    const ARITY: Arity = Arity::Exactly(1);
    const EXAMPLES: &'static str = "coracle completion bash > ~/.local/share/bash-completion/completions/coracle\ncoracle completion zsh -f _coracle";

    fn run(self, _context: &Context) -> Result<ExitCode, Failure> {
        let shell = match self.arguments[0].as_str() {
            "bash" => Shell::Bash,
            "zsh" => Shell::Zsh,
            "fish" => Shell::Fish,
            name => {
                let message = format!("invalid argument {name:?} for {:?}", "coracle completion");
                return Err(Failure::Arguments(message));
            }
        };
        let script = script(shell);
        match self.file {
            None => output::print(&script),
            Some(path) => {
                std::fs::write(&path, script).map_err(|source| Failure::File { what: "write", path, source })?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

/// The completion script of `shell`.
pub(crate) fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut tree::documentation("coracle"), "coracle", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
