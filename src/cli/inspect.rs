//! `inspect`: containers, images and volumes.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::process::ExitCode;

/// `inspect`: containers, images and volumes.
#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// Print as JSON (json) or by a Go template
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Add how much containers have written
    #[arg(short, long)]
    size: bool,
    /// What to look at: container, image, volume or all [default: all]
    #[arg(short, long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Act on the most recently created container
    #[arg(short, long)]
    latest: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Inspect {
    const NAME: &'static str = "inspect";
    const ABOUT: &'static str = "Display the configuration of a container, image or volume";
    const DETAILS: &'static str = "Prints everything about the named objects as a JSON array, or by a template for each. A name is looked for among containers, then images, then volumes.";
    const ARGUMENTS: &'static str = "{CONTAINER|IMAGE|VOLUME} [...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle inspect web\n\
        coracle inspect --type image debian\n\
        coracle inspect --format '{{.State.Pid}}' web";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        Err(Failure::Arguments(format!("not in this build yet: {self:?} {context:?}")))
    }
}
