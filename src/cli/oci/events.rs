//! `oci events`.

use super::OciOptions;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use crate::cli::values;
use crate::runtime::oci::NextEvent;
use clap::Args;
use std::process::ExitCode;
use std::time::Duration;

/// `oci events`.
#[derive(Args, Debug)]
pub(crate) struct Events {
    /// Time between two lines, e.g. 5s
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = values::duration)]
    interval: Duration,
    /// Print what is used now, and exit
    #[arg(long)]
    stats: bool,
    #[command(flatten)]
    common: OciOptions,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Events {
    const NAME: &'static str = "events";
    const ABOUT: &'static str = "Print what a container uses, as JSON, until it ends";
    const DETAILS: &'static str = "One line for each interval, and one when the kernel kills a process for want of memory. What no control \
        group counts is left out.";
    const ARGUMENTS: &'static str = "ID";
    const ARITY: Arity = Arity::Exactly(1);

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        if self.interval.is_zero() {
            return Err(Failure::Arguments("duration interval must be greater than 0".to_owned()));
        }
        let usage = self.common.act(context, 1, |runtime| runtime.usage(&self.arguments[0]))?;
        output::print(&format!("{usage}\n"))?;
        if self.stats {
            return Ok(ExitCode::SUCCESS);
        }
        loop {
            // The end of the container is the end of its events, and no failure.
            let next = self.common.act(context, 1, |runtime| {
                Ok(runtime.next_event(&self.arguments[0], self.interval).unwrap_or(NextEvent::End))
            })?;
            let line = match next {
                NextEvent::End => return Ok(ExitCode::SUCCESS),
                NextEvent::Oom(line) => line,
                NextEvent::Time => {
                    let usage = self.common.act(context, 1, |runtime| Ok(runtime.usage(&self.arguments[0]).ok()))?;
                    let Some(usage) = usage else { return Ok(ExitCode::SUCCESS) };
                    usage
                }
            };
            output::print(&format!("{line}\n"))?;
        }
    }
}
