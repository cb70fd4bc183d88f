//! `secret rm`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::cli::{failure, output};
use crate::engine;
use clap::Args;
use std::process::ExitCode;

/// `secret rm`.
#[derive(Args, Debug)]
pub(crate) struct Rm {
    /// Remove all secrets
    #[arg(short, long)]
    all: bool,
    /// Do not complain about secrets that do not exist
    #[arg(short, long)]
    ignore: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Rm {
    const NAME: &'static str = "rm";
    const ALIASES: &'static [&'static str] = &["remove"];
    const ABOUT: &'static str = "Remove one or more secrets";
    const DETAILS: &'static str = "Removes secrets and prints their IDs. Containers that were given one keep it.";
    const ARGUMENTS: &'static str = "SECRET [SECRET...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle secret rm password";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let secrets = context.engine().secrets();
        let names = match (self.all, self.arguments.is_empty()) {
            (true, true) => secrets.list().into_iter().map(|secret| secret.id).collect(),
            (false, false) => self.arguments,
            (true, false) => {
                let line = "when using the --all flag, you may not pass any secret names or IDs";
                return Err(Failure::Arguments(line.to_owned()));
            }
            (false, true) => {
                let line = format!("`{}` requires one argument, or the --all flag", context.path);
                return Err(Failure::Arguments(line));
            }
        };
        failure::each(&names, Failure::exit_code, |name| match secrets.remove(name) {
            Ok(removed) => {
                engine::events::tell(&context.paths(), &[engine::events::secret(&removed, "remove")]);
                output::print(&format!("{removed}\n")).map(|_| ())
            }
            Err(error) if self.ignore && error.is_not_found() => Ok(()),
            Err(error) => Err(engine::Error::from(error).into()),
        })
    }
}
