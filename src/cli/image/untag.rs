//! `untag`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::engine::images;
use clap::Args;
use std::process::ExitCode;

/// `untag`.
#[derive(Args, Debug)]
pub(crate) struct Untag {
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Untag {
    const NAME: &'static str = "untag";
    const ABOUT: &'static str = "Remove a name from an image";
    const DETAILS: &'static str =
        "Takes names, or all names when none is given, from an image; the image itself stays.";
    const ARGUMENTS: &'static str = "IMAGE [NAME...]";
    const ARITY: Arity = Arity::AtLeast(1);
    const EXAMPLES: &'static str = "coracle untag debian:12 registry.example.org/base:1";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        images::names::untag(&context.paths(), &self.arguments[0], &self.arguments[1..])?;
        Ok(ExitCode::SUCCESS)
    }
}
