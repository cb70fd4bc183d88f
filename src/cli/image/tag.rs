//! `tag`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::engine::images;
use clap::Args;
use std::process::ExitCode;

/// `tag`.
#[derive(Args, Debug)]
pub(crate) struct Tag {
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Tag {
    const NAME: &'static str = "tag";
    const ABOUT: &'static str = "Add a name to an image";
    const DETAILS: &'static str = "Gives an image of the store more names. A name another image had moves to this one.";
    const ARGUMENTS: &'static str = "IMAGE NAME [NAME...]";
    const ARITY: Arity = Arity::AtLeast(2);
    const EXAMPLES: &'static str = "coracle tag debian:12 registry.example.org/base:1";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        images::names::tag(&context.paths(), &self.arguments[0], &self.arguments[1..])?;
        Ok(ExitCode::SUCCESS)
    }
}
