//! `logs`.

use super::selection::Latest;
use super::selection::Selection;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::moment;
use crate::cli::output::human;
use crate::cli::tree::{Arity, Verb};
use crate::cli::values;
use crate::engine::Engine;
use crate::engine::logs::{LogLine, LogOptions};
use crate::runtime::keeper::Stream;
use clap::Args;
use jiff::Timestamp;
use std::io::Write;
use std::process::ExitCode;

/// `logs CONTAINER...`.
#[derive(Args, Debug)]
pub(crate) struct Logs {
    /// Print new lines as they come, until the container exits
    #[arg(short, long)]
    follow: bool,
    /// Print lines after this time: a date, a Unix time, or a time ago such as 10m
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Print lines before this time; a duration such as 10m is from now on, and ends --follow
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Print so many lines at the end; -1 is all
    #[arg(long, value_name = "LINES", value_parser = tail, default_value = "-1", hide_default_value = true, alias = "lines")]
    tail: i64,
    /// Print the time of each line
    #[arg(short, long)]
    timestamps: bool,
    /// Print the container's name before each line
    #[arg(short, long)]
    names: bool,
    /// Print each container's lines in a colour of their own
    #[arg(long)]
    color: bool,
    #[command(flatten)]
    latest: Latest,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

/// A number of lines; docker's word for all of them too.
fn tail(text: &str) -> Result<i64, String> {
    match text {
        "all" => Ok(-1),
        _ => values::integer(text),
    }
}

impl Verb for Logs {
    const NAME: &'static str = "logs";
    const ABOUT: &'static str = "Fetch the logs of one or more containers";
    const DETAILS: &'static str = "Prints what the container's process wrote: standard output on standard output, standard error \
        on standard error.";
    const ARGUMENTS: &'static str = "CONTAINER [CONTAINER...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle logs web\ncoracle logs --follow --since 10m --timestamps web";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        if self.arguments.is_empty() && !self.latest.latest {
            return Err(Failure::Arguments("specify at least one container name or ID to log".to_owned()));
        }
        let engine = context.engine();
        let now = Timestamp::now();
        let options = LogOptions {
            follow: self.follow,
            tail: usize::try_from(self.tail).ok(),
            since: time("since", self.since.as_deref(), |text| moment::parse(text, now))?,
            until: time("until", self.until.as_deref(), |text| moment::parse_until(text, now))?,
        };
        let names = Selection { names: self.arguments.clone(), latest: self.latest.latest, ..Selection::default() }
            .names(&engine, |_| true)?;
        let mut prefixes = Vec::with_capacity(names.len());
        for (position, name) in names.iter().enumerate() {
            prefixes.push(self.prefix(&engine, name, position, names.len())?);
        }
        let mut output = Output::default();
        engine.logs(&names, &options, |line| match line {
            Some((position, line)) => output.add(&self, &prefixes[position], &line),
            None => output.flush(),
        })?;
        output.flush();
        if let Some(error) = output.failure {
            return Err(Failure::Output(error));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Colours of containers, one after the other (ECMA-48 SGR).
const COLOURS: [u8; 6] = [37, 31, 33, 34, 35, 36];

fn time(
    option: &str,
    text: Option<&str>,
    parse: impl Fn(&str) -> Option<Timestamp>,
) -> Result<Option<Timestamp>, Failure> {
    let Some(text) = text else { return Ok(None) };
    match parse(text) {
        Some(time) => Ok(Some(time)),
        None => Err(Failure::Arguments(format!("parsing --{option} {text:?}: unable to interpret time value"))),
    }
}

impl Logs {
    /// Whether `--latest` was given.
    pub(crate) fn is_latest(&self) -> bool {
        self.latest.latest
    }

    /// What was named.
    pub(crate) fn given(&self) -> &[String] {
        &self.arguments
    }

    /// The same for these containers.
    pub(crate) fn of(self, containers: Vec<String>) -> Logs {
        Logs { arguments: containers, latest: Latest::default(), ..self }
    }

    /// What stands before each line.
    fn prefix(&self, engine: &Engine, name: &str, position: usize, count: usize) -> Result<String, Failure> {
        let record = engine.container(name)?.record;
        let label = match (self.names, count > 1) {
            (true, _) => record.name,
            (false, true) => human::short_id(&record.id).to_owned(),
            (false, false) => return Ok(String::new()),
        };
        Ok(match self.color {
            true => format!("\u{1b}[{}m{label}\u{1b}[0m ", COLOURS[position % COLOURS.len()]),
            false => format!("{label} "),
        })
    }
}

/// Bytes that are collected before they are written, as long as there are more.
const OUTPUT_BYTES: usize = 64 << 10;

/// Lines on their way out, in the order in which the container wrote them.
#[derive(Default)]
struct Output {
    /// Of one stream.
    text: Vec<u8>,
    is_error: bool,
    failure: Option<std::io::Error>,
}

impl Output {
    /// Adds a line; false when nothing more can be written.
    fn add(&mut self, options: &Logs, prefix: &str, line: &LogLine) -> bool {
        let is_error = line.stream == Stream::Error;
        if (self.is_error != is_error || self.text.len() >= OUTPUT_BYTES) && !self.flush() {
            return false;
        }
        self.is_error = is_error;
        self.text.extend_from_slice(prefix.as_bytes());
        if options.timestamps {
            self.text.extend(format!("{} ", line.time).as_bytes());
        }
        self.text.extend_from_slice(&line.text);
        if line.is_complete {
            self.text.push(b'\n');
        }
        true
    }

    /// Writes what was collected, where the container wrote it.
    fn flush(&mut self) -> bool {
        let text = std::mem::take(&mut self.text);
        let written = match self.is_error {
            _ if text.is_empty() => Ok(()),
            true => std::io::stderr().lock().write_all(&text),
            false => {
                let mut stdout = std::io::stdout().lock();
                stdout.write_all(&text).and_then(|()| stdout.flush())
            }
        };
        self.failure = self.failure.take().or(written.err());
        self.failure.is_none()
    }
}
