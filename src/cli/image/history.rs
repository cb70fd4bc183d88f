//! `history`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::{self, JsonLayout, Listing, human};
use crate::cli::tree::{Arity, Verb};
use crate::engine::images::history::{self, HistoryEntry};
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::process::ExitCode;

/// `history`.
#[derive(Args, Debug)]
pub(crate) struct History {
    /// Print as JSON (json), by a Go template, or as a table of template columns (table ...)
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Print sizes and times in words [default: true]
    #[arg(short = 'H', long, default_value = "true")]
    human: bool,
    /// Show whole commands
    #[arg(long, alias = "notruncate")]
    no_trunc: bool,
    /// Print IDs only
    #[arg(short, long)]
    quiet: bool,
    /// Leave the header out
    #[arg(long)]
    noheading: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for History {
    const NAME: &'static str = "history";
    const ABOUT: &'static str = "Show how an image was made";
    const DETAILS: &'static str = "Lists the steps by which the image was built, newest first.";
    const ARGUMENTS: &'static str = "IMAGE";
    const ARITY: Arity = Arity::Exactly(1);
    const EXAMPLES: &'static str = "coracle history debian";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let entries = history::history(&context.paths(), &self.arguments[0])?;
        if self.quiet {
            return output::print(&entries.iter().map(|entry| self.id(&entry.id) + "\n").collect::<String>());
        }
        let now = Timestamp::now();
        Listing {
            format: self.format.as_deref(),
            default: "table {{.ID}}\t{{.Created}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}",
            headers: &[],
            no_heading: self.noheading,
            rows: entries.iter().map(|entry| self.row(entry, now)).collect(),
            json: entries,
            layout: JsonLayout::Line,
        }
        .print()
    }
}

/// Characters of a command that are shown without `--no-trunc`.
const COMMAND_LENGTH: usize = 42;

impl History {
    fn id(&self, id: &str) -> String {
        if self.no_trunc { id.to_owned() } else { human::short_id(id).to_owned() }
    }

    fn row(&self, entry: &HistoryEntry, now: Timestamp) -> Value {
        let created_by = match self.no_trunc || entry.created_by.chars().count() <= COMMAND_LENGTH + 3 {
            true => entry.created_by.clone(),
            false => human::shortened(&entry.created_by, COMMAND_LENGTH),
        };
        let (created, size) = match self.human {
            true => (human::ago(entry.created_at, now), human::size(entry.size, 3)),
            false => (entry.created.clone(), entry.size.to_string()),
        };
        json!({
            "ID": self.id(&entry.id),
            "Created": created,
            "CreatedAt": human::go_time(entry.created_at),
            "CreatedSince": human::ago(entry.created_at, now),
            "CreatedBy": output::one_line(&created_by),
            "Size": size,
            "Comment": output::one_line(&entry.comment),
            "Tags": entry.tags,
        })
    }
}
