//! `rename`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::options::{OptionError, is_valid_name};
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::process::ExitCode;

/// `rename CONTAINER NAME`.
#[derive(Args, Debug)]
pub(crate) struct Rename {
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Rename {
    const NAME: &'static str = "rename";
    const ABOUT: &'static str = "Rename a container";
    const DETAILS: &'static str = "Gives a container, running or not, another name. Its host name stays.";
    const ARGUMENTS: &'static str = "CONTAINER NAME";
    const ARITY: Arity = Arity::Exactly(2);
    const EXAMPLES: &'static str = "coracle rename web web-old";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let [from, to] = self.arguments.as_slice() else { return Ok(ExitCode::FAILURE) };
        let to = to.strip_prefix('/').unwrap_or(to);
        if !is_valid_name(to) {
            return Err(OptionError::ContainerName.into());
        }
        context.engine().rename(from, to)?;
        Ok(ExitCode::SUCCESS)
    }
}
