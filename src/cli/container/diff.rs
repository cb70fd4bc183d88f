//! `diff`, `container diff` and `image diff`.

use super::selection::{Latest, Selection};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::{self, JsonLayout, is_json, json};
use crate::cli::tree::{Arity, Verb};
use crate::engine::commit::{DiffKind, DiffReport, lines};
use clap::Args;
use std::process::ExitCode;

/// Options of all three.
#[derive(Args, Debug)]
struct DiffOptions {
    /// Print as JSON (json)
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl DiffOptions {
    fn print(&self, names: &[String], kind: DiffKind, context: &Context) -> Result<ExitCode, Failure> {
        let as_json = match self.format.as_deref() {
            None | Some("") => false,
            Some(format) if is_json(format) => true,
            Some(_) => {
                return Err(Failure::Arguments("only supported value for '--format' is 'json'".to_owned()));
            }
        };
        let Some(first) = names.first() else {
            return Err(Failure::Arguments("requires at least 1 arg(s), only received 0".to_owned()));
        };
        if names.len() > 2 {
            return Err(Failure::Arguments(format!("accepts at most 2 arg(s), received {}", names.len())));
        }
        let changes = context.engine().diff(first, names.get(1).map(String::as_str), kind)?;
        match as_json {
            true => output::print(&(json(&DiffReport::new(&changes), JsonLayout::Indented(5)) + "\n")),
            false => output::print(&lines(&changes)),
        }
    }
}

const DETAILS: &str = "Lists what was added (A), changed (C) and deleted (D), compared with the image a container was made from, or \
    with the image without its topmost layer. Mounts, and what every container gets, are left out.";

/// `diff CONTAINER|IMAGE`.
#[derive(Args, Debug)]
pub(crate) struct Diff {
    #[command(flatten)]
    options: DiffOptions,
    #[command(flatten)]
    latest: Latest,
}

impl Verb for Diff {
    const NAME: &'static str = "diff";
    const ABOUT: &'static str = "Show what a container or image has changed";
    const DETAILS: &'static str = DETAILS;
    const ARGUMENTS: &'static str = "CONTAINER|IMAGE [IMAGE]";
    const ARITY: Arity = Arity::AtMost(2);
    const EXAMPLES: &'static str = "coracle diff web\ncoracle diff --format json web";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let names = latest_or(&self.options.arguments, self.latest.latest, context)?;
        self.options.print(&names, DiffKind::Any, context)
    }
}

/// `container diff CONTAINER`.
#[derive(Args, Debug)]
pub(crate) struct ContainerDiff {
    #[command(flatten)]
    options: DiffOptions,
    #[command(flatten)]
    latest: Latest,
}

impl Verb for ContainerDiff {
    const NAME: &'static str = "diff";
    const ABOUT: &'static str = "Show what a container has changed";
    const DETAILS: &'static str = DETAILS;
    const ARGUMENTS: &'static str = "CONTAINER";
    const ARITY: Arity = Arity::AtMost(1);
    const EXAMPLES: &'static str = "coracle container diff web";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let names = latest_or(&self.options.arguments, self.latest.latest, context)?;
        self.options.print(&names, DiffKind::Container, context)
    }
}

/// `image diff IMAGE [IMAGE]`.
#[derive(Args, Debug)]
pub(crate) struct ImageDiff {
    #[command(flatten)]
    options: DiffOptions,
}

impl Verb for ImageDiff {
    const NAME: &'static str = "diff";
    const ABOUT: &'static str = "Show what an image has changed";
    const DETAILS: &'static str = DETAILS;
    const ARGUMENTS: &'static str = "IMAGE [IMAGE]";
    const ARITY: Arity = Arity::AtMost(2);
    const EXAMPLES: &'static str = "coracle image diff debian\ncoracle image diff mine debian";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        self.options.print(&self.options.arguments, DiffKind::Image, context)
    }
}

fn latest_or(names: &[String], latest: bool, context: &Context) -> Result<Vec<String>, Failure> {
    if !latest {
        return Ok(names.to_vec());
    }
    Selection { names: names.to_vec(), latest, ..Selection::default() }.names(&context.engine(), |_| true)
}
