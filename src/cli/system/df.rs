//! `system df`.

use crate::cli::container::Users;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::{self, JsonLayout, Listing, columns, human};
use crate::cli::tree::Verb;
use crate::engine::Engine;
use crate::engine::images::usage::{self, Usage};
use crate::engine::lifecycle::Container;
use crate::engine::volumes::VolumeSummary;
use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use std::process::ExitCode;

/// `system df`.
#[derive(Args, Debug)]
pub(crate) struct Df {
    /// Print as JSON (json), by a Go template, or as a table of template columns (table ...)
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Show each image, container and volume
    #[arg(short, long)]
    verbose: bool,
}

impl Verb for Df {
    const NAME: &'static str = "df";
    const ABOUT: &'static str = "Show how much disk space coracle uses";
    const DETAILS: &'static str =
        "Shows the space taken by images, containers and volumes, and how much of it pruning would give back.";
    const EXAMPLES: &'static str = "coracle system df --verbose";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        if self.verbose && self.format.is_some() {
            return Err(Failure::Arguments("cannot combine --format and --verbose flags".to_owned()));
        }
        let engine = context.engine();
        let usage = usage::usage(&engine.paths, &Users::new(context))?;
        let containers = engine.list_containers();
        let volumes = engine.list_volumes();
        if self.verbose {
            return output::print(&verbose(&engine, &usage, &containers, &volumes));
        }
        let rows = vec![image_row(&usage), container_row(&engine, &containers), volume_row(&engine, &volumes)];
        Listing {
            format: self.format.as_deref(),
            default: "table {{.Type}}\t{{.Total}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}",
            headers: &[],
            no_heading: false,
            rows: rows.iter().map(|row| serde_json::to_value(row).unwrap_or_default()).collect(),
            json: rows,
            layout: JsonLayout::Indented(4),
        }
        .print()
    }
}

/// One line, with the fields of podman's `system df --format json`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    r#type: &'static str,
    total: u64,
    active: u64,
    raw_size: u64,
    raw_reclaimable: u64,
    size: String,
    reclaimable: String,
}

impl Row {
    fn new(kind: &'static str, counts: (u64, u64), bytes: u64, reclaimable_bytes: u64) -> Row {
        let percentage = (reclaimable_bytes * 100 + bytes / 2).checked_div(bytes).unwrap_or(0);
        Row {
            r#type: kind,
            total: counts.0,
            active: counts.1,
            raw_size: bytes,
            raw_reclaimable: reclaimable_bytes,
            size: human::size(bytes, 4),
            reclaimable: format!("{} ({percentage}%)", human::size(reclaimable_bytes, 4)),
        }
    }
}

fn image_row(usage: &Usage) -> Row {
    Row::new("Images", (usage.images.len() as u64, usage.active), usage.bytes, usage.reclaimable_bytes)
}

fn container_row(engine: &Engine, containers: &[Container]) -> Row {
    let bytes = |container: &Container| engine.written_bytes(&container.record.id);
    let (alive, ended): (Vec<&Container>, Vec<&Container>) =
        containers.iter().partition(|container| container.state.status.is_alive());
    let reclaimable: u64 = ended.into_iter().map(bytes).sum();
    let used: u64 = alive.iter().map(|container| bytes(container)).sum();
    Row::new("Containers", (containers.len() as u64, alive.len() as u64), used + reclaimable, reclaimable)
}

fn volume_row(engine: &Engine, volumes: &[VolumeSummary]) -> Row {
    let bytes = |summary: &VolumeSummary| engine.volume_bytes(&summary.volume.name);
    let (used, unused): (Vec<&VolumeSummary>, Vec<&VolumeSummary>) =
        volumes.iter().partition(|summary| !summary.containers.is_empty());
    let reclaimable: u64 = unused.into_iter().map(bytes).sum();
    let total: u64 = used.iter().map(|summary| bytes(summary)).sum::<u64>() + reclaimable;
    Row::new("Local Volumes", (volumes.len() as u64, used.len() as u64), total, reclaimable)
}

/// Every image, container and volume, as podman shows them.
fn verbose(engine: &Engine, usage: &Usage, containers: &[Container], volumes: &[VolumeSummary]) -> String {
    let now = Timestamp::now();
    let header = |text: &str| text.split('|').map(str::to_owned).collect::<Vec<String>>();
    let mut images = vec![header("REPOSITORY|TAG|IMAGE ID|CREATED|SIZE|SHARED SIZE|UNIQUE SIZE|CONTAINERS")];
    for image in &usage.images {
        let none = vec!["<none>:<none>".to_owned()];
        let names = if image.names.is_empty() { &none } else { &image.names };
        images.extend(names.iter().map(|name| {
            let (repository, tag) = name.rsplit_once(':').unwrap_or((name, "<none>"));
            let size = |bytes| human::size(bytes, 4);
            vec![
                repository.to_owned(),
                tag.to_owned(),
                human::short_id(&image.id.hex()).to_owned(),
                human::since(image.created, now),
                size(image.bytes),
                size(image.shared_bytes),
                size(image.unique_bytes),
                image.containers.to_string(),
            ]
        }));
    }
    let mut lines = vec![header("CONTAINER ID|IMAGE|COMMAND|LOCAL VOLUMES|SIZE|CREATED|STATUS|NAMES")];
    lines.extend(containers.iter().map(|Container { record, state }| {
        vec![
            human::short_id(&record.id).to_owned(),
            human::short_id(&record.image_id).to_owned(),
            output::one_line(&record.command().join(" ")),
            record.mounts.iter().filter(|mount| mount.kind == "volume").count().to_string(),
            human::size(engine.written_bytes(&record.id), 4),
            human::since(record.created, now),
            state.status.word().to_owned(),
            record.name.clone(),
        ]
    }));
    let mut rows = vec![header("VOLUME NAME|LINKS|SIZE")];
    rows.extend(volumes.iter().map(|summary| {
        let bytes = engine.volume_bytes(&summary.volume.name);
        vec![summary.volume.name.clone(), summary.containers.len().to_string(), human::size(bytes, 4)]
    }));
    format!(
        "Images space usage:\n\n{}\nContainers space usage:\n\n{}\nLocal Volumes space usage:\n\n{}",
        columns(images),
        columns(lines),
        columns(rows)
    )
}
