//! `help`, and `--help` of every command.

mod layout;

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::{self, Arity, Verb};
use clap::Args;
use std::process::ExitCode;

/// `help [COMMAND...]`.
#[derive(Args, Debug)]
pub(crate) struct Help {
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Help {
    const NAME: &'static str = "help";
    const ABOUT: &'static str = "Help about any command";
    const DETAILS: &'static str = "Prints the same text as COMMAND --help.";
    const ARITY: Arity = Arity::Any;
    const ARGUMENTS: &'static str = "[command]";
    const EXAMPLES: &'static str = "coracle help run\ncoracle help image ls";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let mut path = context.program.clone();
        for word in &self.arguments {
            path = format!("{path} {word}");
        }
        print(&context.program, &path)
    }
}

/// Prints the help of the command called `path`, e.g. `coracle image ls`.
///
/// # Errors
/// No such command; standard output cannot be written.
pub(crate) fn print(program: &str, path: &str) -> Result<ExitCode, Failure> {
    let mut tree = tree::documentation(program);
    let mut command = &mut tree;
    let mut parent = program.to_owned();
    for word in path.split(' ').skip(1) {
        command = match command.find_subcommand_mut(word) {
            Some(inner) => inner,
            None => {
                return Err(Failure::UnknownCommand { path: format!("{parent} {word}"), parent, similar: Vec::new() });
            }
        };
        parent = format!("{parent} {word}");
    }
    output::print(&layout::render(command))
}
