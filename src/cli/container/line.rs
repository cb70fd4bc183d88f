//! One line of `ps`: a container as podman lists it.

use crate::cli::output::human;
use crate::engine::health::Verdict;
use crate::engine::lifecycle::Container;
use crate::engine::network::{PortMapping, exposed, published_text};
use crate::store::containers::Status;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What Go's zero time is in seconds since 1970: podman shows it for what has not happened yet.
const NEVER: i64 = -62_135_596_800;

/// Characters of a command shown without `--no-trunc`.
const COMMAND_LENGTH: usize = 17;

/// A container, with the fields of podman's `ps --format json` in its order.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Line {
    auto_remove: bool,
    #[serde(rename = "CIDFile")]
    cid_file: String,
    command: Vec<String>,
    created_at: String,
    exited: bool,
    exited_at: i64,
    exit_code: i32,
    exposed_ports: Option<BTreeMap<u16, Vec<String>>>,
    pub(crate) id: String,
    image: String,
    #[serde(rename = "ImageID")]
    image_id: String,
    is_infra: bool,
    labels: BTreeMap<String, String>,
    mounts: Vec<String>,
    names: Vec<String>,
    namespaces: Namespaces,
    networks: Vec<String>,
    pid: i32,
    pod: String,
    pod_name: String,
    ports: Option<Vec<Value>>,
    restarts: u32,
    #[serde(skip)]
    ports_text: String,
    size: Option<Size>,
    started_at: i64,
    state: &'static str,
    status: String,
    created: i64,
    #[serde(skip)]
    created_time: Timestamp,
    /// How many named volumes it has; docker's templates ask for it.
    #[serde(skip)]
    local_volumes: usize,
}

/// Space a container takes, in bytes.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Size {
    /// Of its image and what it has written.
    #[serde(rename = "rootFsSize")]
    pub(crate) root_bytes: u64,
    /// Of what it has written.
    #[serde(rename = "rwSize")]
    pub(crate) written_bytes: u64,
}

/// Inode numbers of the namespaces of a running container, as in `/proc/PID/ns`.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Namespaces {
    #[serde(rename = "Mnt", skip_serializing_if = "String::is_empty")]
    mount: String,
    #[serde(rename = "Cgroup", skip_serializing_if = "String::is_empty")]
    cgroup: String,
    #[serde(rename = "Ipc", skip_serializing_if = "String::is_empty")]
    ipc: String,
    #[serde(rename = "Net", skip_serializing_if = "String::is_empty")]
    network: String,
    #[serde(rename = "Pidns", skip_serializing_if = "String::is_empty")]
    pid: String,
    #[serde(rename = "Userns", skip_serializing_if = "String::is_empty")]
    user: String,
    #[serde(rename = "Uts", skip_serializing_if = "String::is_empty")]
    uts: String,
}

impl Namespaces {
    /// Those of process `pid`; what cannot be read stays empty.
    pub(crate) fn of(pid: i32) -> Namespaces {
        let inode = |name: &str| {
            let link = std::fs::read_link(format!("/proc/{pid}/ns/{name}")).unwrap_or_default();
            let text = link.to_string_lossy();
            let number = text.split_once('[').and_then(|(_, rest)| rest.strip_suffix(']'));
            number.unwrap_or_default().to_owned()
        };
        Namespaces {
            mount: inode("mnt"),
            cgroup: inode("cgroup"),
            ipc: inode("ipc"),
            network: inode("net"),
            pid: inode("pid"),
            user: inode("user"),
            uts: inode("uts"),
        }
    }
}

/// What a line shows beyond the container itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extras {
    /// `--size`.
    pub(crate) size: Option<Size>,
    /// How it is, where it has a health check and runs.
    pub(crate) health: Option<Verdict>,
    /// `--ns`.
    pub(crate) namespaces: Namespaces,
    /// Ports of the container whose network it is in.
    pub(crate) joined_ports: Vec<PortMapping>,
}

impl Line {
    /// The line of `container` at the time `now`.
    pub(crate) fn new(container: &Container, extras: Extras, now: Timestamp) -> Line {
        let Container { record, state } = container;
        let seconds = |time: Option<Timestamp>| time.map_or(NEVER, Timestamp::as_second);
        let alive = state.status.is_alive();
        let own = record.network.ports.as_slice();
        let mappings = if own.is_empty() { extras.joined_ports.as_slice() } else { own };
        Line {
            auto_remove: record.request.remove,
            cid_file: record
                .request
                .cidfile
                .as_ref()
                .map(|path| path.to_string_lossy().into_owned())
                .unwrap_or_default(),
            // Without the entry point, as podman has it.
            command: record.command().get(record.entrypoint.len()..).unwrap_or_default().to_vec(),
            created_at: human::ago(record.created, now),
            exited: state.status == Status::Exited,
            exited_at: seconds(state.finished_at),
            exit_code: state.exit_code,
            exposed_ports: exposed_ports(&record.exposed_ports),
            id: record.id.clone(),
            image: record.image.clone(),
            image_id: record.image_id.clone(),
            is_infra: record.pod.as_ref().is_some_and(|pod| pod.is_infra),
            labels: record.labels.clone(),
            mounts: record.mounts.iter().map(|mount| mount.destination.clone()).collect(),
            names: vec![record.name.clone()],
            namespaces: extras.namespaces,
            // The one without a name is no network of a user's: podman lists none either.
            networks: state
                .networks
                .iter()
                .map(|attachment| attachment.network.clone())
                .filter(|network| network != "private")
                .collect(),
            pid: state.process.filter(|_| alive).map_or(0, |process| process.pid),
            pod: record.pod.as_ref().map(|pod| pod.id.clone()).unwrap_or_default(),
            pod_name: record.pod.as_ref().map(|pod| pod.name.clone()).unwrap_or_default(),
            ports: ports(mappings),
            ports_text: published_text(mappings, &record.exposed_ports),
            restarts: state.restarts,
            size: extras.size,
            started_at: seconds(state.started_at),
            state: state.status.word(),
            status: status(container, extras.health, now),
            created: record.created.as_second(),
            created_time: record.created,
            local_volumes: record.mounts.iter().filter(|mount| mount.kind == "volume").count(),
        }
    }

    /// What templates see of the fields that are `wanted`; `whole` is `--no-trunc`.
    pub(crate) fn row(&self, whole: bool, wanted: &dyn Fn(&str) -> bool) -> Value {
        let command = self.command.join(" ");
        let command = if whole { command } else { human::shortened(&command, COMMAND_LENGTH) };
        let id = if whole { self.id.as_str() } else { human::short_id(&self.id) };
        let size = self.size.map(|size| {
            let written = human::size(size.written_bytes, 3);
            format!("{written} (virtual {})", human::size(size.root_bytes, 3))
        });
        let namespaces = &self.namespaces;
        let mut fields = Map::new();
        let mut add = |name: &str, value: &dyn Fn() -> Value| {
            if wanted(name) {
                fields.insert(name.to_owned(), value());
            }
        };
        add("ID", &|| json!(id));
        add("Id", &|| json!(self.id));
        add("Image", &|| json!(self.image));
        add("ImageID", &|| json!(if whole { self.image_id.as_str() } else { human::short_id(&self.image_id) }));
        add("Command", &|| json!(crate::cli::output::one_line(&command)));
        add("Created", &|| json!(self.created_at));
        add("CreatedHuman", &|| json!(self.created_at));
        add("RunningFor", &|| json!(self.created_at));
        add("CreatedAt", &|| json!(human::exact_go_time(self.created_time)));
        add("Status", &|| json!(self.status));
        add("State", &|| json!(self.state));
        add("Pid", &|| json!(self.pid));
        add("ExitCode", &|| json!(self.exit_code));
        add("Exited", &|| json!(self.exited));
        add("ExitedAt", &|| json!(self.exited_at));
        add("StartedAt", &|| json!(self.started_at));
        add("AutoRemove", &|| json!(self.auto_remove));
        add("IsInfra", &|| json!(self.is_infra));
        add("Ports", &|| json!(self.ports_text));
        add("Names", &|| json!(self.names.join(",")));
        add("Labels", &|| json!(self.labels));
        add("Mounts", &|| json!(self.mounts));
        add("Networks", &|| json!(self.networks.join(",")));
        add("LocalVolumes", &|| json!(self.local_volumes.to_string()));
        add("Size", &|| json!(size.as_deref().unwrap_or_default()));
        add("CIDFile", &|| json!(self.cid_file));
        add("ExposedPorts", &|| json!(self.exposed_ports.clone().unwrap_or_default()));
        add("Restarts", &|| json!(self.restarts));
        add("Pod", &|| json!(if whole { self.pod.as_str() } else { human::short_id(&self.pod) }));
        add("PodName", &|| json!(self.pod_name));
        add("MNT", &|| json!(namespaces.mount));
        add("Cgroup", &|| json!(namespaces.cgroup));
        add("CGROUPNS", &|| json!(namespaces.cgroup));
        add("IPC", &|| json!(namespaces.ipc));
        add("NET", &|| json!(namespaces.network));
        add("PIDNS", &|| json!(namespaces.pid));
        add("USERNS", &|| json!(namespaces.user));
        add("UTS", &|| json!(namespaces.uts));
        add("Namespaces", &|| json!(namespaces));
        Value::Object(fields)
    }

    /// The text a line is ordered by.
    pub(crate) fn key(&self, field: &str) -> String {
        match field {
            "command" => self.command.join(" "),
            "id" => self.id.clone(),
            "image" => self.image.clone(),
            "names" => self.names.join(","),
            "status" => self.status.clone(),
            _ => String::new(),
        }
    }

    /// Bytes written, for the order by size.
    pub(crate) fn written_bytes(&self) -> u64 {
        self.size.map_or(0, |size| size.written_bytes)
    }
}

/// Exposed ports with their protocols, as podman's JSON has them; `null` when there are none.
fn exposed_ports(texts: &[String]) -> Option<BTreeMap<u16, Vec<String>>> {
    let mut ports: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for (port, protocol) in texts.iter().flat_map(|text| exposed(text)) {
        ports.entry(port).or_default().push(protocol.to_owned());
    }
    (!ports.is_empty()).then_some(ports)
}

/// Published ports as podman's JSON has them; `null` when there are none.
fn ports(mappings: &[PortMapping]) -> Option<Vec<Value>> {
    let one = |mapping: &PortMapping| {
        json!({
            "host_ip": mapping.host_ip,
            "container_port": mapping.container_port,
            "host_port": mapping.host_port,
            "range": mapping.count,
            "protocol": mapping.protocol,
        })
    };
    (!mappings.is_empty()).then(|| mappings.iter().map(one).collect())
}

/// `Up 2 hours`, `Exited (0) 5 seconds ago`.
fn status(container: &Container, health: Option<Verdict>, now: Timestamp) -> String {
    let state = &container.state;
    let since = |time: Option<Timestamp>| human::since(time.unwrap_or(now), now);
    match state.status {
        Status::Created => "Created".to_owned(),
        Status::Initialized => "Initialized".to_owned(),
        Status::Running => match health {
            Some(health) => format!("Up {} ({})", since(state.started_at), health.word()),
            None => format!("Up {}", since(state.started_at)),
        },
        Status::Paused => "Paused".to_owned(),
        Status::Stopping => "Stopping".to_owned(),
        Status::Restarting => format!("Restarting ({}) {} ago", state.exit_code, since(state.finished_at)),
        Status::Exited => format!("Exited ({}) {} ago", state.exit_code, since(state.finished_at)),
    }
}
