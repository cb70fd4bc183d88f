//! `pod ps`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::moment;
use crate::cli::output::{self, JsonLayout, Listing, human};
use crate::cli::pattern::Pattern;
use crate::cli::tree::Verb;
use crate::engine::pods::PodSummary;
use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::ExitCode;

/// `pod ps`.
#[derive(Args, Debug)]
pub(crate) struct List {
    /// Show the IDs of the pods' containers
    #[arg(long)]
    ctr_ids: bool,
    /// Show the names of the pods' containers
    #[arg(long)]
    ctr_names: bool,
    /// Show what the pods' containers are doing
    #[arg(long)]
    ctr_status: bool,
    /// Show pods that fit: id, name, label, status, ctr-ids, ctr-names, ctr-number, ctr-status, network, until; may be repeated
    #[arg(short, long, value_name = "FILTER")]
    filter: Vec<String>,
    /// Print as JSON (json), by a Go template, or as a table of template columns (table ...)
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Show the most recently created pod
    #[arg(short, long)]
    latest: bool,
    /// Show whole IDs
    #[arg(long)]
    no_trunc: bool,
    /// Leave the header out
    #[arg(short, long)]
    noheading: bool,
    /// Show the pods' namespaces
    #[arg(long)]
    ns: bool,
    /// Print IDs only
    #[arg(short, long)]
    quiet: bool,
    /// Order: created, id, name, number or status [default: created]
    #[arg(long, value_name = "FIELD", default_value = "created", hide_default_value = true)]
    sort: String,
}

impl Verb for List {
    const NAME: &'static str = "ps";
    const ALIASES: &'static [&'static str] = &["ls", "list"];
    const ABOUT: &'static str = "List pods";
    const DETAILS: &'static str = "Lists all pods of the store, the newest first.";
    const EXAMPLES: &'static str =
        "coracle pod ps --filter status=running\ncoracle pod ps --format '{{.Name}} {{.Status}}'";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        if self.quiet && self.format.is_some() {
            return Err(Failure::Arguments("quiet and format cannot be used together".to_owned()));
        }
        let now = Timestamp::now();
        let filters = self.filter.iter().map(|text| Filter::parse(text, now)).collect::<Result<Vec<_>, _>>()?;
        let mut pods = context.engine().list_pods();
        pods.reverse();
        if self.latest {
            pods.truncate(1);
        }
        pods.retain(|summary| fits(&filters, summary));
        let mut lines: Vec<Line> = pods.iter().map(|summary| Line::new(summary, now)).collect();
        match self.sort.as_str() {
            "created" => {}
            "id" => lines.sort_by(|left, right| left.id.cmp(&right.id)),
            "name" => lines.sort_by(|left, right| left.name.cmp(&right.name)),
            "number" => lines.sort_by_key(|line| line.containers.len()),
            "status" => lines.sort_by_key(|line| line.status),
            _ => {
                let line = "invalid option for --sort, options are: created, id, name, number, or status";
                return Err(Failure::Arguments(line.to_owned()));
            }
        }
        if self.quiet {
            // Whole, as podman prints them.
            return output::print(&lines.iter().map(|line| format!("{}\n", line.id)).collect::<String>());
        }
        Listing {
            format: self.format.as_deref(),
            default: &self.columns(),
            headers: &[
                ("Id", "POD ID"),
                ("ID", "POD ID"),
                ("NumberOfContainers", "# OF CONTAINERS"),
                ("InfraID", "INFRA ID"),
                ("InfraId", "INFRA ID"),
                ("ContainerIds", "IDS"),
                ("ContainerNames", "NAMES"),
                ("ContainerStatuses", "STATUS"),
                ("Namespace", "NAMESPACES"),
            ],
            no_heading: self.noheading,
            rows: lines.iter().map(|line| line.row(self.no_trunc)).collect(),
            json: lines,
            layout: JsonLayout::Indented(2),
        }
        .print()
    }
}

impl List {
    fn columns(&self) -> String {
        let mut columns = "table {{.Id}}\t{{.Name}}\t{{.Status}}\t{{.Created}}\t{{.InfraID}}".to_owned();
        let more = [
            (self.ctr_ids, "\t{{.ContainerIds}}"),
            (self.ctr_names, "\t{{.ContainerNames}}"),
            (self.ctr_status, "\t{{.ContainerStatuses}}"),
            (self.ns, "\t{{.Cgroup}}\t{{.Namespace}}"),
            (!(self.ctr_ids || self.ctr_names || self.ctr_status), "\t{{.NumberOfContainers}}"),
        ];
        for (_, column) in more.iter().filter(|(is_wanted, _)| *is_wanted) {
            columns.push_str(column);
        }
        columns
    }
}

/// A container of a pod, with the fields of podman's `pod ps --format json`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Member {
    id: String,
    names: String,
    status: &'static str,
    restart_count: u32,
}

/// A pod, likewise.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Line {
    cgroup: String,
    containers: Vec<Member>,
    created: String,
    id: String,
    infra_id: String,
    name: String,
    namespace: String,
    networks: Vec<String>,
    status: &'static str,
    labels: BTreeMap<String, String>,
    #[serde(skip)]
    age: String,
}

impl Line {
    fn new(summary: &PodSummary, now: Timestamp) -> Line {
        let pod = &summary.pod;
        let member = |member: &crate::engine::lifecycle::Container| Member {
            id: member.record.id.clone(),
            names: member.record.name.clone(),
            status: member.state.status.word(),
            restart_count: 0,
        };
        Line {
            cgroup: String::new(),
            containers: summary.members.iter().map(member).collect(),
            created: pod.created.to_string(),
            id: pod.id.clone(),
            infra_id: pod.infra.clone().unwrap_or_default(),
            name: pod.name.clone(),
            namespace: String::new(),
            networks: networks(summary),
            status: summary.status(),
            labels: pod.labels.clone(),
            age: human::ago(pod.created, now),
        }
    }

    /// What templates see; `whole` is `--no-trunc`.
    fn row(&self, whole: bool) -> Value {
        let short = |id: &str| if whole { id.to_owned() } else { human::short_id(id).to_owned() };
        let joined = |one: &dyn Fn(&Member) -> String| self.containers.iter().map(one).collect::<Vec<_>>().join(",");
        json!({
            "Cgroup": self.cgroup,
            "Containers": self.containers,
            "Created": self.age,
            "ID": short(&self.id),
            "Id": short(&self.id),
            "InfraID": short(&self.infra_id),
            "InfraId": short(&self.infra_id),
            "Name": self.name,
            "Namespace": self.namespace,
            "Networks": self.networks.join(","),
            "Status": self.status,
            "Labels": self.labels,
            "NumberOfContainers": self.containers.len(),
            "ContainerIds": joined(&|member| short(&member.id)),
            "ContainerNames": joined(&|member| member.names.clone()),
            "ContainerStatuses": joined(&|member| member.status.to_owned()),
            "Restarts": "0",
        })
    }
}

/// Networks with names that the pod is on.
fn networks(summary: &PodSummary) -> Vec<String> {
    let infra = summary.infra().map(|infra| infra.record.networks.as_slice()).unwrap_or_default();
    infra.iter().map(|attachment| attachment.network.clone()).collect()
}

/// A filter as typed, by its key.
enum Filter {
    Id(String),
    Name(Pattern),
    Label { key: String, value: Option<String>, wanted: bool },
    Status(String),
    MemberId(String),
    MemberName(Pattern),
    MemberStatus(String),
    MemberNumber(usize),
    Network(String),
    Until(Timestamp),
}

/// States a pod can be asked for.
const STATES: [&str; 7] = ["stopped", "running", "paused", "exited", "dead", "created", "degraded"];

impl Filter {
    fn parse(text: &str, now: Timestamp) -> Result<Filter, Failure> {
        let invalid = |line: String| Failure::Arguments(line);
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| invalid(format!("filter input must be in the form of filter=value: {text} is invalid")))?;
        let label = |wanted| {
            let (key, value) =
                value.split_once('=').map_or((value, None), |(key, value)| (key, Some(value.to_owned())));
            Filter::Label { key: key.to_owned(), value, wanted }
        };
        Ok(match key {
            "id" => Filter::Id(value.trim_start_matches('^').to_owned()),
            "name" => Filter::Name(Pattern::new(value)),
            "label" => label(true),
            "label!" => label(false),
            "status" if STATES.contains(&value) => Filter::Status(value.to_owned()),
            "status" => return Err(invalid(format!("{value} is not a valid pod status"))),
            "ctr-ids" => Filter::MemberId(value.to_owned()),
            "ctr-names" => Filter::MemberName(Pattern::new(value)),
            "ctr-status" => Filter::MemberStatus(value.to_owned()),
            "ctr-number" => Filter::MemberNumber(
                value.parse().map_err(|_| invalid(format!("strconv.ParseInt: parsing {value:?}: invalid syntax")))?,
            ),
            "network" => Filter::Network(value.to_owned()),
            "until" => {
                let time = moment::parse(value, now);
                Filter::Until(time.ok_or_else(|| invalid(format!("unable to parse time {value:?}")))?)
            }
            _ => return Err(invalid(format!("{key} is an invalid filter"))),
        })
    }

    fn accepts(&self, summary: &PodSummary) -> bool {
        let any = |fits: &dyn Fn(&crate::engine::lifecycle::Container) -> bool| summary.members.iter().any(fits);
        match self {
            Filter::Id(prefix) => summary.pod.id.starts_with(prefix),
            Filter::Name(pattern) => pattern.matches(&summary.pod.name),
            Filter::Label { key, value, wanted } => {
                let fits = |found: &String| value.as_ref().is_none_or(|value| value == found);
                summary.pod.labels.get(key).is_some_and(fits) == *wanted
            }
            Filter::Status(word) => summary.status().eq_ignore_ascii_case(word),
            Filter::MemberId(prefix) => any(&|member| member.record.id.starts_with(prefix)),
            Filter::MemberName(pattern) => any(&|member| pattern.matches(&member.record.name)),
            Filter::MemberStatus(word) => any(&|member| member.state.status.word() == word),
            Filter::MemberNumber(number) => summary.members.len() == *number,
            Filter::Network(name) => networks(summary).contains(name),
            Filter::Until(time) => summary.pod.created < *time,
        }
    }
}

/// Values of one key are alternatives, except labels, which must all be there.
fn fits(filters: &[Filter], summary: &PodSummary) -> bool {
    let is_label = |filter: &Filter| matches!(filter, Filter::Label { .. });
    let labels_fit = filters.iter().filter(|filter| is_label(filter)).all(|filter| filter.accepts(summary));
    let mut others = filters.iter().filter(|filter| !is_label(filter));
    let key_fits = |filter: &Filter| {
        let same = |other: &&Filter| std::mem::discriminant(*other) == std::mem::discriminant(filter);
        filters.iter().filter(same).any(|other| other.accepts(summary))
    };
    labels_fit && others.all(key_fits)
}
