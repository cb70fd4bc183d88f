//! `oci delete`.

use super::OciOptions;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::runtime::oci::Container;
use clap::Args;
use std::process::ExitCode;

/// `oci delete`.
#[derive(Args, Debug)]
pub(crate) struct Delete {
    /// Kill the container first if it runs; one that does not exist is no error
    #[arg(short, long)]
    force: bool,
    /// Delete all containers whose ID matches the regular expression
    #[arg(long)]
    regex: bool,
    #[command(flatten)]
    common: OciOptions,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Delete {
    const NAME: &'static str = "delete";
    const ABOUT: &'static str = "Delete a stopped container";
    const DETAILS: &'static str =
        "Removes its control group and its state, and runs its poststop hooks. The bundle stays.";
    const ARGUMENTS: &'static str = "ID";
    const ARITY: Arity = Arity::Exactly(1);

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let word = &self.arguments[0];
        let pattern = self.regex.then(|| regex::Regex::new(word)).transpose();
        let pattern = pattern.map_err(|error| {
            let reason = error.to_string();
            Failure::Arguments(format!("invalid regular expression {word:?}: {}", reason.lines().last().unwrap_or("")))
        })?;
        self.common.act(context, 1, |runtime| match pattern {
            None => runtime.delete(word, self.force),
            Some(pattern) => {
                let all = Container::all(&runtime.root).into_iter().map(|container| container.record.id);
                all.filter(|id| pattern.is_match(id)).try_for_each(|id| runtime.delete(&id, self.force))
            }
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
