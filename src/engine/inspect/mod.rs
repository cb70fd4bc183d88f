//! What `inspect` and, one day, the API show of a container and of a volume, in podman's words and order.
//!
//! Scripts read these fields, so they are all there, with podman's meaning; what coracle has no notion of has the value
//! podman shows when it is not used.

mod document;
mod health;
mod host_config;
mod network;
mod pod;

pub use document::Document;
pub use pod::pod;

use self::document::{IntoDocument, object};
use super::lifecycle::Container;
use super::network::PortMapping;
use super::record::{ContainerRecord, MountRecord, SecretRecord};
use super::request::{RootSource, SecretRequest, SecretUse};
use super::volumes::VolumeSummary;
use crate::store::containers::{State, Status};
use crate::store::secrets::Secret;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Go's zero time: shown for what has not happened.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// Everything about a container. `sizes` are the bytes it has written and those of its whole root, `ports` its own or those of the
/// container whose network it is in.
pub fn container(container: &Container, sizes: Option<(u64, u64)>, ports: &[PortMapping]) -> Document {
    let Container { record, state } = container;
    let command = record.command();
    let directory = &record.plan.directory;
    let file = |name: &str| directory.join(name).to_string_lossy().into_owned();
    let given =
        |path: &Option<PathBuf>| path.as_ref().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
    let root = match &record.request.root {
        RootSource::Directory { path, .. } => path.to_string_lossy().into_owned(),
        RootSource::Image(_) | RootSource::Nothing => String::new(),
    };
    let mut fields = vec![
        ("Id", record.id.as_str().into_document()),
        ("Created", record.created.to_string().into_document()),
        ("Path", command.first().cloned().unwrap_or_default().into_document()),
        // podman repeats a command of a single word here.
        ("Args", command.get(usize::from(command.len() > 1)..).unwrap_or_default().into_document()),
        ("State", state_section(record, state)),
        ("Image", record.image_id.as_str().into_document()),
        ("ImageDigest", record.image_digest.as_str().into_document()),
        ("ImageName", record.image.as_str().into_document()),
        ("Rootfs", root.into_document()),
        ("Pod", record.pod.as_ref().map_or("", |pod| pod.id.as_str()).into_document()),
        ("ResolvConfPath", file("resolv.conf").into_document()),
        ("HostnamePath", file("hostname").into_document()),
        ("HostsPath", file("hosts").into_document()),
        ("StaticDir", directory.to_string_lossy().into_owned().into_document()),
        ("OCIRuntime", "coracle".into_document()),
        ("ConmonPidFile", given(&record.request.keeper_pidfile).into_document()),
        ("PidFile", given(&record.request.pidfile).into_document()),
        ("Name", record.name.as_str().into_document()),
        ("RestartCount", state.restarts.into_document()),
        ("Driver", "overlay".into_document()),
        ("MountLabel", "".into_document()),
        ("ProcessLabel", "".into_document()),
        ("AppArmorProfile", "".into_document()),
        ("EffectiveCaps", prefixed(&record.capabilities).into_document()),
        ("BoundingCaps", prefixed(&record.capabilities).into_document()),
        ("ExecIDs", Vec::<String>::new().into_document()),
        ("GraphDriver", graph_driver(record, state)),
    ];
    if let Some((written_bytes, root_bytes)) = sizes {
        fields.push(("SizeRw", written_bytes.into_document()));
        fields.push(("SizeRootFs", root_bytes.into_document()));
    }
    fields.extend([
        ("Mounts", mounts(record).into_document()),
        ("Dependencies", dependencies(record).into_document()),
        ("NetworkSettings", network::settings(record, state, ports)),
        ("Namespace", "".into_document()),
        ("IsInfra", record.pod.as_ref().is_some_and(|pod| pod.is_infra).into_document()),
        ("IsService", false.into_document()),
        ("KubeExitCodePropagation", "invalid".into_document()),
        ("lockNumber", 0_u32.into_document()),
        ("Config", config(record)),
        ("HostConfig", host_config::section(record, state)),
        ("UseImageHosts", record.request.no_hosts.into_document()),
        ("UseImageHostname", record.request.no_hostname.into_document()),
    ]);
    Document::Object(fields)
}

/// Containers that must run for this one to run.
fn dependencies(record: &ContainerRecord) -> Vec<String> {
    let joined = record.plan.join.as_ref().map(|join| join.container.clone());
    joined.into_iter().filter(|id| !id.is_empty()).chain(record.requires.iter().cloned()).collect()
}

fn time(time: Option<Timestamp>) -> String {
    time.map_or_else(|| NEVER.to_owned(), |time| time.to_string())
}

/// `CAP_CHOWN` of `chown`, `CHOWN` or `CAP_CHOWN`.
fn prefixed(capabilities: &[String]) -> Vec<String> {
    let name = |name: &String| {
        let name = name.to_ascii_uppercase();
        if name.starts_with("CAP_") { name } else { format!("CAP_{name}") }
    };
    let mut names: Vec<String> = capabilities.iter().map(name).collect();
    names.sort_unstable();
    names
}

fn state_section(record: &ContainerRecord, state: &State) -> Document {
    let pid = |process: Option<crate::store::containers::ProcessId>| {
        process.filter(|_| state.status.is_alive()).map_or(0, |process| process.pid)
    };
    let before = object! {
        "OciVersion" => "1.2.0",
        "Status" => state.status.word(),
        "Running" => state.status == Status::Running,
        "Paused" => state.status == Status::Paused,
        "Restarting" => state.status == Status::Restarting,
        "OOMKilled" => state.out_of_memory,
        "Dead" => false,
        "Pid" => pid(state.process),
    };
    // podman leaves these out where there is nothing to say.
    let keeper = match pid(state.keeper) {
        0 => Vec::new(),
        keeper => vec![("ConmonPid", keeper.into_document())],
    };
    let after = vec![
        ("ExitCode", state.exit_code.into_document()),
        ("Error", state.error.as_str().into_document()),
        ("StartedAt", time(state.started_at).into_document()),
        ("FinishedAt", time(state.finished_at).into_document()),
    ];
    let health = health::results(record).map(|results| ("Health", results));
    let moved = ["CheckpointedAt", "RestoredAt"].map(|name| (name, NEVER.into_document()));
    before.and(keeper).and(after).and(health.into_iter().collect()).and(moved.into())
}

fn graph_driver(record: &ContainerRecord, state: &State) -> Document {
    let directory = |name: &str| record.plan.directory.join(name).to_string_lossy().into_owned();
    object! {
        "Name" => "overlay",
        "Data" => object! {
            "Driver" => state.driver.as_str(),
            "UpperDir" => directory("upper"),
            "WorkDir" => directory("work"),
        },
    }
}

/// Volumes and what is of the host, volumes first; memory is in `HostConfig` only, as in podman.
fn mounts(record: &ContainerRecord) -> Vec<Document> {
    let of = |kind: &'static str| record.mounts.iter().filter(move |mount| mount.kind == kind).map(mount);
    of("volume").chain(of("bind")).collect()
}

fn mount(mount: &MountRecord) -> Document {
    let mut fields = vec![("Type", mount.kind.as_str().into_document())];
    if mount.kind == "volume" {
        fields.push(("Name", mount.name.as_str().into_document()));
    }
    let told_apart = ["ro", "rw", "z", "Z", "private", "rprivate", "shared", "rshared", "slave", "rslave"];
    let options: Vec<String> =
        shown_options(mount).into_iter().filter(|option| !told_apart.contains(&option.as_str())).collect();
    let label = mount.options.iter().find(|option| *option == "z" || *option == "Z");
    fields.extend([
        ("Source", mount.source.as_str().into_document()),
        ("Destination", mount.destination.as_str().into_document()),
        ("Driver", if mount.kind == "volume" { "local" } else { "" }.into_document()),
        ("Mode", label.map_or("", String::as_str).into_document()),
        ("Options", options.into_document()),
        ("RW", mount.writable.into_document()),
        ("Propagation", mount.propagation.as_str().into_document()),
    ]);
    Document::Object(fields)
}

/// The options of a mount in podman's order: as typed, then what holds without a word.
fn shown_options(mount: &MountRecord) -> Vec<String> {
    let mut usual = vec!["rw", mount.propagation.as_str()];
    match mount.kind.as_str() {
        "volume" => usual.extend(["nosuid", "nodev", "rbind"]),
        "bind" => usual.push("rbind"),
        _ => return mount.options.clone(),
    }
    // Devices never work on a bind mount here, which podman does not say.
    let added = |option: &str| usual.contains(&option) || (mount.kind == "bind" && option == "nodev");
    let mut options: Vec<String> = mount.options.iter().filter(|option| !added(option)).cloned().collect();
    let has = |options: &[String], words: &[&str]| options.iter().any(|option| words.contains(&option.as_str()));
    let opposites = [("rw", "ro"), ("nosuid", "suid"), ("nodev", "dev"), ("rbind", "bind")];
    for word in usual {
        let opposite = opposites.iter().find(|(known, _)| *known == word).map_or(word, |(_, opposite)| opposite);
        if !word.is_empty() && !has(&options, &[word, opposite]) {
            options.push(word.to_owned());
        }
    }
    options
}

fn config(record: &ContainerRecord) -> Document {
    let request = &record.request;
    let process = record.plan.spec.process().as_ref();
    let environment = process.and_then(|process| process.env().clone()).unwrap_or_default();
    let workdir = process.map(|process| process.cwd().to_string_lossy().into_owned()).unwrap_or_default();
    let annotations: BTreeMap<String, String> = request.annotations.iter().cloned().collect();
    let config = object! {
        "Hostname" => record.hostname.as_str(),
        "Domainname" => "",
        "User" => record.plan.user.user.clone().unwrap_or_default(),
        "AttachStdin" => false,
        "AttachStdout" => false,
        "AttachStderr" => false,
        "Tty" => request.tty,
        "OpenStdin" => request.interactive,
        "StdinOnce" => false,
        "Env" => environment,
        "Cmd" => record.command().get(record.entrypoint.len()..).unwrap_or_default(),
        "Image" => record.image.as_str(),
        "Volumes" => Value::Null,
        "WorkingDir" => workdir,
        "Entrypoint" => (!record.entrypoint.is_empty()).then(|| record.entrypoint.clone()),
        "OnBuild" => Value::Null,
        "Labels" => &record.labels,
        "Annotations" => annotations,
        "StopSignal" => crate::runtime::signals::name(record.stop_signal),
        "CreateCommand" => &request.create_command,
        "Umask" => request.umask.clone().unwrap_or_else(|| "0022".to_owned()),
        "Timeout" => request.timeout_seconds,
        "StopTimeout" => record.stop_timeout_seconds,
        "Passwd" => request.passwd,
        "sdNotifyMode" => request.sdnotify.word(),
    };
    // Left out when there are none, as podman does.
    let secrets = secrets(record).map(|secrets| ("Secrets", Some(secrets).into_document()));
    let systemd = record.is_systemd.then(|| ("SystemdMode", true.into_document()));
    let ports = match network::exposed_ports(record) {
        ports if ports.is_empty() => Vec::new(),
        ports => vec![("ExposedPorts", ports.into_document())],
    };
    config.and(health::configuration(record)).and(ports).and(secrets.into_iter().chain(systemd).collect())
}

/// Which secrets the container was given as files; podman does not list variables.
fn secrets(record: &ContainerRecord) -> Option<Vec<Value>> {
    let given = record.secrets.iter().zip(&record.request.secrets);
    let one = |(secret, request): (&SecretRecord, &SecretRequest)| json!({"Name": secret.name, "ID": secret.id, "UID": request.uid, "GID": request.gid, "Mode": request.mode});
    let listed: Vec<Value> = given.filter(|(_, request)| request.kind == SecretUse::Mount).map(one).collect();
    (!listed.is_empty()).then_some(listed)
}

/// Everything about a secret but its bytes, and those when `shown`.
pub fn secret(secret: &Secret, store: &Path, shown: Option<&[u8]>) -> Document {
    let mut options = secret.options.clone();
    options.entry("path".to_owned()).or_insert_with(|| store.to_string_lossy().into_owned());
    let mut fields = vec![
        ("ID", secret.id.as_str().into_document()),
        ("CreatedAt", secret.created.to_string().into_document()),
        ("UpdatedAt", secret.updated.to_string().into_document()),
        (
            "Spec",
            object! {
                "Name" => secret.name.as_str(),
                "Driver" => object! { "Name" => "file", "Options" => options },
                "Labels" => &secret.labels,
            },
        ),
    ];
    if let Some(data) = shown {
        fields.push(("SecretData", String::from_utf8_lossy(data).into_owned().into_document()));
    }
    Document::Object(fields)
}

/// Everything about a volume.
pub fn volume(summary: &VolumeSummary) -> Document {
    let volume = &summary.volume;
    let document = object! {
        "Name" => volume.name.as_str(),
        "Driver" => "local",
        "Mountpoint" => summary.mountpoint.as_str(),
        "CreatedAt" => volume.created.to_string(),
        "Labels" => &volume.labels,
        "Scope" => "local",
        "Options" => &volume.options,
        "MountCount" => summary.containers.len(),
        "NeedsCopyUp" => summary.needs_copy,
        "NeedsChown" => summary.needs_owner,
        "LockNumber" => 0_u32,
    };
    let Document::Object(mut fields) = document else { return document };
    // podman leaves these out when they are not set.
    let anonymous = volume.anonymous.then(|| ("Anonymous", true.into_document()));
    let owners = [("UID", volume.uid), ("GID", volume.gid)];
    let owners = owners.into_iter().filter_map(|(name, id)| Some((name, id.filter(|id| *id != 0)?.into_document())));
    let at = fields.iter().position(|(known, _)| *known == "MountCount").unwrap_or(fields.len());
    fields.splice(at..at, owners.chain(anonymous));
    Document::Object(fields)
}
