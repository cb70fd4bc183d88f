//! `secret ls`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::{self, JsonLayout, Listing, human};
use crate::cli::pattern::Pattern;
use crate::cli::tree::Verb;
use crate::store::secrets::Secret;
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::process::ExitCode;

/// `secret ls`.
#[derive(Args, Debug)]
pub(crate) struct List {
    /// Show secrets that fit: name, id; may be repeated
    #[arg(short, long, value_name = "FILTER")]
    filter: Vec<String>,
    /// Print as JSON (json), by a Go template, or as a table of template columns (table ...)
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Leave the header out
    #[arg(short, long)]
    noheading: bool,
    /// Print IDs only
    #[arg(short, long)]
    quiet: bool,
}

impl Verb for List {
    const NAME: &'static str = "ls";
    const ALIASES: &'static [&'static str] = &["list"];
    const ABOUT: &'static str = "List secrets";
    const DETAILS: &'static str = "Lists the names of all secrets of the store.";
    const EXAMPLES: &'static str = "coracle secret ls --filter name=pass";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let filters = self.filter.iter().map(|text| Filter::parse(text)).collect::<Result<Vec<_>, _>>()?;
        let mut secrets = context.engine().secrets().list();
        // Values of one key are alternatives.
        let fits = |secret: &Secret, by_name: bool| {
            let mut of_key = filters.iter().filter(|filter| matches!(filter, Filter::Name(_)) == by_name).peekable();
            of_key.peek().is_none() || of_key.any(|filter| filter.accepts(secret))
        };
        secrets.retain(|secret| fits(secret, true) && fits(secret, false));
        if self.quiet && self.format.is_none() {
            return output::print(&secrets.iter().map(|secret| format!("{}\n", secret.id)).collect::<String>());
        }
        let now = Timestamp::now();
        let rows: Vec<Value> = secrets.iter().map(|secret| row(secret, now)).collect();
        Listing {
            format: self.format.as_deref(),
            default: "table {{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.CreatedAt}}\t{{.UpdatedAt}}",
            headers: &[("CreatedAt", "CREATED"), ("UpdatedAt", "UPDATED")],
            no_heading: self.noheading,
            json: rows.clone(),
            rows,
            layout: JsonLayout::Indented(4),
        }
        .print()
    }
}

fn row(secret: &Secret, now: Timestamp) -> Value {
    json!({
        "ID": secret.id,
        "Name": secret.name,
        "Driver": "file",
        "CreatedAt": human::ago(secret.created, now),
        "UpdatedAt": human::ago(secret.updated, now),
    })
}

/// A filter as typed.
enum Filter {
    Name(Pattern),
    Id(String),
}

impl Filter {
    fn parse(text: &str) -> Result<Filter, Failure> {
        match text.split_once('=') {
            Some(("name", value)) => Ok(Filter::Name(Pattern::new(value))),
            Some(("id", value)) => Ok(Filter::Id(value.to_owned())),
            Some((key, _)) => Err(Failure::Arguments(format!("invalid filter {key:?}"))),
            None => {
                Err(Failure::Arguments(format!("filter input must be in the form of filter=value: {text} is invalid")))
            }
        }
    }

    fn accepts(&self, secret: &Secret) -> bool {
        match self {
            Filter::Name(pattern) => pattern.matches(&secret.name),
            Filter::Id(prefix) => secret.id.starts_with(prefix),
        }
    }
}
