//! `volume ls`.

use super::filter::Filters;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::{self, JsonLayout, Listing};
use crate::cli::tree::Verb;
use crate::engine::inspect::{self, Document};
use clap::Args;
use serde_json::{Value, json};
use std::process::ExitCode;

/// `volume ls`.
#[derive(Args, Debug)]
pub(crate) struct List {
    /// Show volumes that fit: name, label, driver, dangling, anonymous, until; may be repeated
    #[arg(short, long, value_name = "FILTER")]
    filter: Vec<String>,
    /// Print as JSON (json), by a Go template, or as a table of template columns (table ...)
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Leave the header out
    #[arg(short, long)]
    noheading: bool,
    /// Print names only
    #[arg(short, long)]
    quiet: bool,
}

impl Verb for List {
    const NAME: &'static str = "ls";
    const ALIASES: &'static [&'static str] = &["list"];
    const ABOUT: &'static str = "List volumes";
    const DETAILS: &'static str = "Lists all volumes of the store.";
    const EXAMPLES: &'static str = "coracle volume ls --filter dangling=true";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let filters = Filters::of(&self.filter, &engine)?;
        let mut volumes = engine.list_volumes();
        volumes.retain(|summary| filters.accept(summary));
        let names = volumes.iter().map(|summary| format!("{}\n", summary.volume.name));
        if self.quiet {
            return output::print(&names.collect::<String>());
        }
        let documents: Vec<Document> = volumes.iter().map(inspect::volume).collect();
        // podman prints no header when there is nothing below it.
        let no_heading = self.noheading || (documents.is_empty() && self.format.is_none());
        Listing {
            format: self.format.as_deref(),
            default: "table {{.Driver}}\t{{.Name}}",
            headers: &[("Name", "VOLUME NAME")],
            no_heading,
            rows: documents.iter().map(row).collect(),
            json: documents,
            layout: JsonLayout::Indented(2),
        }
        .print()
    }
}

/// What templates see: also fields of podman's that its JSON leaves out when they are empty.
fn row(document: &Document) -> Value {
    let mut row = serde_json::to_value(document).unwrap_or_default();
    if let Value::Object(fields) = &mut row {
        for (name, value) in [
            ("Status", json!({})),
            ("Anonymous", json!(false)),
            ("UID", json!(0)),
            ("GID", json!(0)),
            ("Timeout", json!(0)),
            ("StorageID", json!("")),
            ("LockNumber", json!(0)),
        ] {
            fields.entry(name).or_insert(value);
        }
    }
    row
}
