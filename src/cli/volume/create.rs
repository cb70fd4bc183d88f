//! `volume create`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::process::ExitCode;

/// `volume create`.
#[derive(Args, Debug)]
pub(crate) struct Create {
    /// Volume driver; local is the only one
    #[arg(short, long, value_name = "DRIVER", default_value = "local", hide_default_value = true)]
    driver: String,
    /// Label the volume; may be repeated
    #[arg(short, long, value_name = "KEY=VALUE")]
    label: Vec<String>,
    /// Option of the driver; may be repeated
    #[arg(short, long, value_name = "KEY=VALUE")]
    opt: Vec<String>,
    /// Do not complain when the volume exists
    #[arg(long)]
    ignore: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Create {
    const NAME: &'static str = "create";
    const ABOUT: &'static str = "Create a volume";
    const DETAILS: &'static str =
        "Makes a directory that containers mount by name, and prints the name. Without a name a random one is chosen.";
    const ARGUMENTS: &'static str = "[NAME]";
    const ARITY: Arity = Arity::AtMost(1);
    const EXAMPLES: &'static str = "coracle volume create data\n\
        coracle volume create --label tier=db data";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        Err(Failure::Arguments(format!("not in this build yet: {self:?} {context:?}")))
    }
}
