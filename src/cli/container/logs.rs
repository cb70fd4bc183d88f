//! `logs`.

use super::selection::Latest;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::cli::values;
use clap::Args;
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
    /// Print lines before this time
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
        Err(Failure::Arguments(format!("not in this build yet: {self:?} {context:?}")))
    }
}
