//! `images`, also called `image ls`.

use crate::cli::container::Users;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::{self, JsonLayout, Listing, human};
use crate::cli::tree::{Arity, Verb};
use crate::engine::images::list::{self, ImageSummary, ListOptions};
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::process::ExitCode;

/// `images`, also called `image ls`.
#[derive(Args, Debug)]
pub(crate) struct List {
    /// Show intermediate images too
    #[arg(short, long)]
    all: bool,
    /// Show digests
    #[arg(long)]
    digests: bool,
    /// Show images that fit, e.g. dangling=true; may be repeated
    #[arg(short, long, value_name = "FILTER")]
    filter: Vec<String>,
    /// Print as JSON (json), by a Go template, or as a table of template columns (table ...)
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Show the names an image has had
    #[arg(long)]
    history: bool,
    /// Show whole IDs
    #[arg(long, alias = "notruncate")]
    no_trunc: bool,
    /// Leave the header out
    #[arg(short, long)]
    noheading: bool,
    /// Print IDs only
    #[arg(short, long)]
    quiet: bool,
    /// Order: created, id, repository, size or tag [default: created]
    #[arg(long, value_name = "FIELD")]
    sort: Option<String>,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for List {
    const NAME: &'static str = "images";
    const ABOUT: &'static str = "List images in the store";
    const DETAILS: &'static str = "Lists the images of the store, a line for each name. Filters are dangling, label, reference, id, digest, before, since, until, containers and readonly.";
    const ARGUMENTS: &'static str = "[IMAGE]";
    const ARITY: Arity = Arity::AtMost(1);
    const EXAMPLES: &'static str = "coracle images\n\
        coracle images --filter dangling=true --quiet\n\
        coracle images --format 'table {{.Repository}} {{.Tag}} {{.Size}}'";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let options = ListOptions { filters: self.filter.clone(), name: self.arguments.first().cloned() };
        let mut images = list::list(&context.paths(), &options)?;
        let users = Users::new(context);
        for image in &mut images {
            image.containers = users.count(&image.id);
        }
        let mut lines: Vec<Line> = images.iter().flat_map(lines).collect();
        self.sort(&mut lines)?;
        if self.quiet {
            return self.print_ids(&lines);
        }
        let now = Timestamp::now();
        Listing {
            format: self.format.as_deref(),
            default: self.columns(),
            headers: &[("ID", "IMAGE ID"), ("CreatedSince", "CREATED"), ("CreatedTime", "CREATED AT")],
            no_heading: self.noheading,
            rows: lines.iter().map(|line| self.row(line, now)).collect(),
            json: images.iter().collect(),
            layout: JsonLayout::Indented(4),
        }
        .print()
    }
}

/// One name of an image, or the image when it has none.
struct Line<'a> {
    repository: &'a str,
    tag: &'a str,
    image: &'a ImageSummary,
}

/// What is shown where there is no name.
const NONE: &str = "<none>";

fn lines(image: &ImageSummary) -> Vec<Line<'_>> {
    if image.names.is_empty() {
        let repository =
            image.repo_digests.first().and_then(|name| name.split_once('@')).map_or(NONE, |(name, _)| name);
        return vec![Line { repository, tag: NONE, image }];
    }
    let split = |name: &'_ String| name.rfind(':').filter(|colon| !name[*colon..].contains('/'));
    let line = |name| match split(name) {
        Some(colon) => Line { repository: &name[..colon], tag: &name[colon + 1..], image },
        None => Line { repository: name.as_str(), tag: NONE, image },
    };
    image.names.iter().map(line).collect()
}

impl List {
    fn columns(&self) -> &'static str {
        match (self.digests, self.history) {
            (false, false) => "table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.Created}}\t{{.Size}}",
            (true, false) => "table {{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.Created}}\t{{.Size}}",
            (false, true) => "table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.Created}}\t{{.Size}}\t{{.History}}",
            (true, true) => {
                "table {{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.Created}}\t{{.Size}}\t{{.History}}"
            }
        }
    }

    /// The engine's order is podman's default: newest first.
    fn sort(&self, lines: &mut [Line]) -> Result<(), Failure> {
        match self.sort.as_deref() {
            None | Some("created") => {}
            Some("id") => lines.sort_by_key(|line| line.image.id.as_str()),
            Some("repository") => lines.sort_by_key(|line| (line.repository, line.tag)),
            Some("size") => lines.sort_by_key(|line| line.image.size),
            Some("tag") => lines.sort_by_key(|line| (line.tag, line.repository)),
            Some(field) => {
                let choice = "created, id, repository, size, tag";
                let complaint = format!("{field:?} is not a valid field for sorting. Choose from: {choice}");
                return Err(Failure::Arguments(complaint));
            }
        }
        Ok(())
    }

    fn id(&self, id: &str) -> String {
        if self.no_trunc { format!("sha256:{id}") } else { human::short_id(id).to_owned() }
    }

    /// Each image once.
    fn print_ids(&self, lines: &[Line]) -> Result<ExitCode, Failure> {
        let mut seen = HashSet::new();
        let ids = lines.iter().map(|line| line.image.id.as_str()).filter(|id| seen.insert(*id));
        output::print(&ids.map(|id| self.id(id) + "\n").collect::<String>())
    }

    fn row(&self, line: &Line, now: Timestamp) -> Value {
        let image = line.image;
        let created = Timestamp::from_second(image.created).unwrap_or_default();
        json!({
            "Repository": line.repository,
            "Tag": line.tag,
            "ID": self.id(&image.id),
            "Id": image.id,
            "ParentId": image.parent_id,
            "Digest": if image.digest.is_empty() { NONE } else { &image.digest },
            "Created": human::ago(created, now),
            "CreatedSince": human::ago(created, now),
            "CreatedAt": human::go_time(created),
            "CreatedTime": human::go_time(created),
            "Size": human::spaced_size(image.size),
            "VirtualSize": image.virtual_size,
            "SharedSize": image.shared_size,
            "History": image.history.join(", "),
            "Names": image.names,
            "RepoTags": image.repo_tags,
            "RepoDigests": image.repo_digests,
            "Labels": image.labels,
            "Containers": image.containers,
            "Dangling": image.dangling,
            "ReadOnly": image.read_only,
        })
    }
}
