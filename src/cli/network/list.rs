//! `network ls`.

use super::filter::Filters;
use super::view::View;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::{self, JsonLayout, Listing};
use crate::cli::tree::Verb;
use clap::Args;
use jiff::Timestamp;
use std::process::ExitCode;

/// `network ls`.
#[derive(Args, Debug)]
pub(crate) struct List {
    /// Show networks that fit: name, id, driver, label, until, dangling; may be repeated
    #[arg(short, long, value_name = "FILTER")]
    filter: Vec<String>,
    /// Print as JSON (json), by a Go template, or as a table of template columns (table ...)
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Leave the header out
    #[arg(short, long)]
    noheading: bool,
    /// Show whole IDs
    #[arg(long)]
    no_trunc: bool,
    /// Print names only
    #[arg(short, long)]
    quiet: bool,
}

impl Verb for List {
    const NAME: &'static str = "ls";
    const ALIASES: &'static [&'static str] = &["list"];
    const ABOUT: &'static str = "List networks";
    const DETAILS: &'static str =
        "Lists all networks. The network podman is always there; docker's name for it, bridge, works too.";
    const EXAMPLES: &'static str = "coracle network ls --filter dangling=true";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let filters = Filters::parse(&self.filter, Timestamp::now())?;
        let mut networks = context.engine().list_networks();
        networks.retain(|summary| filters.accept(summary));
        if self.quiet {
            return output::print(&networks.iter().map(|one| format!("{}\n", one.network.name)).collect::<String>());
        }
        let views: Vec<View> = networks.iter().map(View::listed).collect();
        Listing {
            format: self.format.as_deref(),
            default: "table {{.ID}}\t{{.Name}}\t{{.Driver}}",
            headers: &[("ID", "NETWORK ID"), ("IPv6Enabled", "IPV6")],
            no_heading: self.noheading,
            rows: views.iter().map(|view| view.row(self.no_trunc)).collect(),
            json: views,
            layout: JsonLayout::Indented(2),
        }
        .print()
    }
}
