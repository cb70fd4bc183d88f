//! `oci kill`.

use super::OciOptions;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::runtime::signals;
use clap::Args;
use std::process::ExitCode;

/// `oci kill`.
#[derive(Args, Debug)]
pub(crate) struct Kill {
    /// Send the signal to all processes of the container; a stopped container is no error then
    #[arg(short, long)]
    all: bool,
    #[command(flatten)]
    common: OciOptions,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Kill {
    const NAME: &'static str = "kill";
    const ABOUT: &'static str = "Send a signal to the process of a container";
    const DETAILS: &'static str = "The signal is a name, with or without SIG, or a number; SIGTERM unless given.";
    const ARGUMENTS: &'static str = "ID [SIGNAL]";
    const ARITY: Arity = Arity::Any;

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let (id, signal) = match self.arguments.as_slice() {
            [id] => (id, "TERM"),
            [id, signal] => (id, signal.as_str()),
            words => {
                let text = format!("accepts 1 or 2 arg(s), received {}", words.len());
                return Err(Failure::Arguments(text));
            }
        };
        // 0 sends nothing, and asks whether there is somebody to send to.
        let signal = match signal {
            "0" => 0,
            signal => signals::parse(signal).map_err(|error| Failure::Arguments(error.to_string()))?,
        };
        self.common.act(context, 1, |runtime| runtime.kill(id, signal, self.all))?;
        Ok(ExitCode::SUCCESS)
    }
}
