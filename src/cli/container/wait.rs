//! `wait`.

use super::selection::Latest;
use super::selection::Selection;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::cli::values;
use crate::cli::{failure, output};
use crate::engine::Kind;
use crate::engine::health::Verdict;
use crate::engine::lifecycle::Condition;
use clap::Args;
use std::process::ExitCode;
use std::time::Duration;

/// `wait CONTAINER...`.
#[derive(Args, Debug)]
pub(crate) struct Wait {
    /// State to wait for: configured, created, exited, healthy, initialized, paused, removing, running, stopped or stopping; may be
    /// repeated [default: exited]
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    condition: Vec<String>,
    /// Print -1 for containers that do not exist
    #[arg(long)]
    ignore: bool,
    /// Time between two looks; coracle is told and does not look
    #[arg(short, long, value_name = "TIME", value_parser = interval, hide = true)]
    interval: Option<Duration>,
    /// Return when the first of several containers is there, and print its exit code only
    #[arg(long)]
    return_first: bool,
    #[command(flatten)]
    latest: Latest,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

/// A time; a bare number is milliseconds, as in podman.
fn interval(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(milliseconds) => Ok(Duration::from_millis(milliseconds)),
        Err(_) => values::duration(text),
    }
}

impl Verb for Wait {
    const NAME: &'static str = "wait";
    const ABOUT: &'static str = "Wait for one or more containers to exit";
    const DETAILS: &'static str = "Waits until the containers have exited and prints their exit codes, one a line.";
    const ARGUMENTS: &'static str = "CONTAINER [CONTAINER...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle wait web\ncoracle wait --condition running web";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        if self.arguments.is_empty() && !self.latest.latest {
            let complaint = format!("{:?} requires a name, id, or the \"--latest\" flag", context.path);
            return Err(Failure::Arguments(complaint));
        }
        let conditions = conditions(&self.condition)?;
        let engine = context.engine();
        let latest = self.latest.latest;
        let names = Selection { names: self.arguments, latest, ignore: self.ignore, ..Selection::default() }
            .existing(&engine, |_| true)?;
        let interval = self.interval.unwrap_or(INTERVAL);
        if self.return_first && !names.is_empty() {
            let code = engine.wait_for_first(&names, &conditions, interval)?;
            return output::print(&format!("{code}\n"));
        }
        failure::each(&names, Failure::exit_code, |name| match engine.wait(name, &conditions, interval) {
            Ok(code) => output::print(&format!("{code}\n")).map(|_| ()),
            Err(error) if self.ignore && error.kind() == Kind::NotFound => output::print("-1\n").map(|_| ()),
            Err(error) => Err(error.into()),
        })
    }
}

/// Between two looks at a container whose keeper cannot be waited for; podman's default.
const INTERVAL: Duration = Duration::from_millis(250);

fn conditions(words: &[String]) -> Result<Vec<Condition>, Failure> {
    let parse = |word: &String| match word.as_str() {
        "paused" => Ok(Condition::Paused),
        "stopping" => Ok(Condition::Stopping),
        "initialized" => Ok(Condition::Initialized),
        "exited" | "stopped" => Ok(Condition::Exited),
        "running" => Ok(Condition::Running),
        "created" | "configured" => Ok(Condition::Created),
        "removing" | "removed" => Ok(Condition::Removed),
        "healthy" => Ok(Condition::Health(Verdict::Healthy)),
        "unhealthy" => Ok(Condition::Health(Verdict::Unhealthy)),
        _ => Err(Failure::Arguments(format!("unknown container state: {word}: invalid argument"))),
    };
    match words.is_empty() {
        true => Ok(vec![Condition::Exited]),
        false => words.iter().map(parse).collect(),
    }
}
