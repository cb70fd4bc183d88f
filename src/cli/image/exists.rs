//! `image exists`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::engine::images;
use clap::Args;
use std::process::ExitCode;

/// `image exists`.
#[derive(Args, Debug)]
pub(crate) struct Exists {
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Exists {
    const NAME: &'static str = "exists";
    const ABOUT: &'static str = "Check whether an image is in the store";
    const DETAILS: &'static str =
        "Exits with 0 when the image is in the store and with 1 when it is not. Prints nothing.";
    const ARGUMENTS: &'static str = "IMAGE";
    const ARITY: Arity = Arity::Exactly(1);
    const EXAMPLES: &'static str = "coracle image exists debian || coracle pull debian";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let found = images::resolve(&context.paths(), &self.arguments[0])?;
        Ok(ExitCode::from(u8::from(found.is_none())))
    }
}
