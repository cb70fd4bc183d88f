//! `image inspect`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::process::ExitCode;

/// `image inspect`.
#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// Print as JSON (json) or by a Go template
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Inspect {
    const NAME: &'static str = "inspect";
    const ABOUT: &'static str = "Display the configuration of an image";
    const DETAILS: &'static str = "Prints everything about images as a JSON array, or by a template for each.";
    const ARGUMENTS: &'static str = "IMAGE [IMAGE...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle image inspect debian\n\
        coracle image inspect --format '{{.Digest}} {{.Config.Env}}' debian";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        if self.arguments.is_empty() {
            return Err(Failure::Arguments("no names or ids specified".to_owned()));
        }
        let paths = context.paths();
        output::inspect(self.format.as_deref(), &self.arguments, |name| super::inspect_image(&paths, name))
    }
}
