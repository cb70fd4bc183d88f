//! `pod kill`.

use super::each::each;
use super::selection::Which;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::options::signal;
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::process::ExitCode;

/// `pod kill`.
#[derive(Args, Debug)]
pub(crate) struct Kill {
    #[command(flatten)]
    which: Which,
    /// Signal, by name or number
    #[arg(short, long, value_name = "SIGNAL", default_value = "KILL")]
    signal: String,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Kill {
    const NAME: &'static str = "kill";
    const ABOUT: &'static str = "Send a signal to all containers of one or more pods";
    const DETAILS: &'static str = "Sends the signal to the first process of each container that runs.";
    const ARGUMENTS: &'static str = "POD [POD...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle pod kill --signal HUP web";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let signal = signal(&self.signal)?;
        let names = self.which.names(&engine, self.arguments, &[], |_| true)?;
        each(&names, false, false, |name| engine.kill_pod(name, signal))
    }
}
