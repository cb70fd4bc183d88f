//! `ps`, also called `container ls`.

use super::filter::Filters;
use super::line::{Extras, Line, Namespaces, Size};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::{self, JsonLayout, Listing, human};
use crate::cli::tree::Verb;
use crate::cli::values;
use crate::engine::Engine;
use crate::engine::images::{self, list::ListOptions};
use crate::engine::lifecycle::Container;
use crate::engine::network::{NetworkMode, PortMapping};
use clap::Args;
use jiff::Timestamp;
use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Duration;

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
        match self.watch {
            None => self.print(context),
            Some(seconds) => loop {
                // Cursor home, clear the screen (ECMA-48 CUP and ED).
                output::print("\u{1b}[H\u{1b}[2J")?;
                self.print(context)?;
                std::thread::sleep(Duration::from_secs(seconds.max(1).into()));
            },
        }
    }
}

impl Ps {
    fn print(&self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let now = Timestamp::now();
        let all = engine.list_containers();
        let pod_ports = pod_ports(&all);
        let containers = self.select(all, now)?;
        let image_sizes: HashMap<String, u64> = match self.size {
            true => images::list::list(&engine.paths, &ListOptions::default())?
                .into_iter()
                .map(|image| (image.id, image.size))
                .collect(),
            false => HashMap::new(),
        };
        let extras = |container: &Container| {
            let joined_ports = match &container.record.network.mode {
                NetworkMode::Container(id) => pod_ports.get(id).cloned().unwrap_or_default(),
                _ => Vec::new(),
            };
            Extras { joined_ports, ..self.extras(&engine, &image_sizes, container) }
        };
        let mut lines: Vec<Line> =
            containers.iter().map(|container| Line::new(container, extras(container), now)).collect();
        match self.sort.as_deref() {
            None | Some("created" | "runningfor") => {}
            Some("size") => lines.sort_by_key(Line::written_bytes),
            Some(field) => lines.sort_by_key(|line| line.key(field)),
        }
        if self.quiet {
            let id = |line: &Line| if self.no_trunc { line.id.clone() } else { human::short_id(&line.id).to_owned() };
            return output::print(&lines.iter().map(|line| id(line) + "\n").collect::<String>());
        }
        let columns = self.columns();
        // The usual columns are a fifth of all fields: of a thousand containers one feels the rest.
        let is_usual = self.format.as_deref().is_none_or(|format| format.trim() == "table");
        let wanted = |field: &str| !is_usual || columns.contains(&format!("{{{{.{field}}}}}"));
        Listing {
            format: self.format.as_deref(),
            default: &columns,
            headers: &[
                ("ID", "CONTAINER ID"),
                ("RunningFor", "CREATED"),
                ("CreatedHuman", "CREATED"),
                ("Pod", "POD ID"),
                ("PodName", "PODNAME"),
                ("Cgroup", "CGROUPNS"),
            ],
            no_heading: self.noheading,
            rows: lines.iter().map(|line| line.row(self.no_trunc, &wanted)).collect(),
            json: lines,
            layout: JsonLayout::Indented(2),
        }
        .print()
    }

    fn select(&self, all: Vec<Container>, now: Timestamp) -> Result<Vec<Container>, Failure> {
        let filters = Filters::parse(&self.filter, &all, now)?;
        let show_all =
            self.all || self.last >= 0 || self.latest.latest || filters.has("status") || filters.has("exited");
        let shown = |container: &Container| show_all || container.state.status.is_alive();
        let mut containers: Vec<Container> =
            all.into_iter().filter(|container| shown(container) && filters.accept(container)).collect();
        let last = if self.latest.latest { 1 } else { self.last };
        if let Ok(last) = usize::try_from(last) {
            containers.drain(..containers.len().saturating_sub(last));
        }
        Ok(containers)
    }

    fn extras(&self, engine: &Engine, image_sizes: &HashMap<String, u64>, container: &Container) -> Extras {
        let size = self.size.then(|| {
            let written_bytes = engine.written_bytes(&container.record.id);
            let image_bytes = image_sizes.get(&container.record.image_id).copied().unwrap_or_default();
            Size { root_bytes: image_bytes + written_bytes, written_bytes }
        });
        let process = container.state.process.filter(|_| self.ns && container.state.status.is_alive());
        Extras {
            size,
            joined_ports: Vec::new(),
            health: engine.health(container),
            namespaces: process.map(|process| Namespaces::of(process.pid)).unwrap_or_default(),
        }
    }

    fn columns(&self) -> String {
        if self.ns {
            let fields = ["ID", "Names", "Pid", "Cgroup", "IPC", "MNT", "NET", "PIDNS", "USERNS", "UTS"];
            return format!("table {}", fields.map(|field| format!("{{{{.{field}}}}}")).join("\t"));
        }
        let mut columns =
            "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}".to_owned();
        if self.pod {
            columns.push_str("\t{{.Pod}}\t{{.PodName}}");
        }
        if self.size {
            columns.push_str("\t{{.Size}}");
        }
        columns
    }
}

/// Published ports of pods, by the ID of the container that holds the pod's network.
fn pod_ports(all: &[Container]) -> HashMap<String, Vec<PortMapping>> {
    let holders = all.iter().filter(|container| container.record.request.holds_namespaces);
    holders.map(|container| (container.record.id.clone(), container.record.network.ports.clone())).collect()
}
