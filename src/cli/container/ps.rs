//! `ps`, also called `container ls`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::Verb;
use crate::cli::values;
use clap::Args;
use std::process::ExitCode;

use super::selection::Latest;

/// `ps`.
#[derive(Args, Debug)]
pub(crate) struct Ps {
    /// Show all containers, not only running ones
    #[arg(short, long)]
    all: bool,
    /// Show containers that fit, e.g. status=exited; may be repeated
    #[arg(short, long, value_name = "FILTER")]
    filter: Vec<String>,
    /// Print as JSON (json), by a Go template, or as a table of template columns (table ...)
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Show the N most recently created containers, running or not
    #[arg(short = 'n', long, value_name = "N", value_parser = values::integer, default_value = "-1", hide_default_value = true)]
    last: i64,
    #[command(flatten)]
    latest: Latest,
    /// Show whole IDs and commands
    #[arg(long)]
    no_trunc: bool,
    /// Leave the header out
    #[arg(long)]
    noheading: bool,
    /// Show the containers' namespaces
    #[arg(long, alias = "namespace")]
    ns: bool,
    /// Show the pods of the containers
    #[arg(short, long)]
    pod: bool,
    /// Print IDs only
    #[arg(short, long)]
    quiet: bool,
    /// Show how much the containers have written
    #[arg(short, long)]
    size: bool,
    /// Order: command, created, id, image, names, runningfor, size or status [default: created]
    #[arg(long, value_name = "FIELD", value_parser = sort_field)]
    sort: Option<String>,
    /// Show containers of other tools too; there are none
    #[arg(long, hide = true)]
    external: bool,
    /// Look at the processes first; always done
    #[arg(long, hide = true)]
    sync: bool,
    /// Print again and again, every so many seconds
    #[arg(short, long, value_name = "SECONDS", value_parser = values::unsigned)]
    watch: Option<u32>,
}

const SORT_FIELDS: [&str; 8] = ["command", "created", "id", "image", "names", "runningfor", "size", "status"];

fn sort_field(text: &str) -> Result<String, String> {
    match SORT_FIELDS.contains(&text) {
        true => Ok(text.to_owned()),
        false => Err(format!("{text:?} is not a valid value.  Choose from: {:?}", SORT_FIELDS.join(", "))),
    }
}

impl Verb for Ps {
    const NAME: &'static str = "ps";
    const ABOUT: &'static str = "List containers";
    const DETAILS: &'static str = "Shows running containers, or all with --all. Filters are id, name, label, status, exited, \
        ancestor, before, since, volume, command and until.";
    const EXAMPLES: &'static str = "coracle ps -a\n\
        coracle ps -a --filter status=exited --format '{{.Names}} {{.Status}}'\n\
        coracle ps --format json";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        Err(Failure::Arguments(format!("not in this build yet: {self:?} {context:?}")))
    }
}
