//! One line of `ps`: a container as podman lists it.

use crate::cli::output::human;
use crate::engine::health::Verdict;
use crate::engine::lifecycle::Container;
use crate::engine::network::{PortMapping, exposed, published_text};
use crate::store::containers::Status;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
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
            command: record.command().to_vec(),
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
            networks: state.networks.iter().map(|attachment| attachment.network.clone()).collect(),
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
        }
    }

    /// What templates see; `whole` is `--no-trunc`.
    pub(crate) fn row(&self, whole: bool) -> Value {
        let command = self.command.join(" ");
        let command = if whole { command } else { human::shortened(&command, COMMAND_LENGTH) };
        let id = if whole { self.id.as_str() } else { human::short_id(&self.id) };
        let size = self.size.map(|size| {
            let written = human::size(size.written_bytes, 3);
            format!("{written} (virtual {})", human::size(size.root_bytes, 3))
        });
        let namespaces = &self.namespaces;
        json!({
            "ID": id,
            "Id": self.id,
            "Image": self.image,
            "ImageID": if whole { self.image_id.as_str() } else { human::short_id(&self.image_id) },
            "Command": crate::cli::output::one_line(&command),
            "Created": self.created_at,
            "CreatedHuman": self.created_at,
            "RunningFor": self.created_at,
            "CreatedAt": human::exact_go_time(self.created_time),
            "Status": self.status,
            "State": self.state,
            "Pid": self.pid,
            "ExitCode": self.exit_code,
            "Exited": self.exited,
            "ExitedAt": self.exited_at,
            "StartedAt": self.started_at,
            "AutoRemove": self.auto_remove,
            "IsInfra": self.is_infra,
            "Ports": self.ports_text,
            "Names": self.names.join(","),
            "Labels": self.labels,
            "Mounts": self.mounts,
            "Networks": self.networks.join(","),
            "Size": size.unwrap_or_default(),
            "CIDFile": self.cid_file,
            "ExposedPorts": self.exposed_ports.clone().unwrap_or_default(),
            "Restarts": self.restarts,
            "Pod": if whole { self.pod.as_str() } else { human::short_id(&self.pod) },
            "PodName": self.pod_name,
            "MNT": namespaces.mount,
            "Cgroup": namespaces.cgroup,
            "IPC": namespaces.ipc,
            "NET": namespaces.network,
            "PIDNS": namespaces.pid,
            "USERNS": namespaces.user,
            "UTS": namespaces.uts,
            "Namespaces": namespaces,
        })
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
