//! `info` and `version`: this host, this store and this program, in podman's structure.
//!
//! The values carry podman's JSON names (`libpod/define/info.go`), which scripts read with `jq` and, by the Go names of
//! the same fields, with `--format`. [`with_docker_names`] adds the fields of `docker info` beside them for templates;
//! the two sets do not clash. What coracle does itself has coracle as its name: `ociRuntime.name` and `networkBackend`
//! are `coracle`, and `graphDriverName` is podman's word for the kind of driver, with coracle's own under `driver`.
//!
//! Everything is read from files; nothing is forked and nothing blocks but a file system that does not answer.

mod docker;
mod version;

pub use docker::with_docker_names;
pub use version::{version, version_of};

use super::host::cgroups::Cgroups;
use super::host::{self, cgroups, distribution, mounts};
use crate::image::registry::configuration::Configuration;
use crate::overlay::probe::{Choice, Driver, probe};
use crate::runtime::capabilities;
use crate::runtime::id_map::{HostIds, IdMapping};
use crate::store::containers::{Containers, Status};
use crate::store::images;
use crate::store::paths::Paths;
use serde_json::{Value, json};
use std::path::Path;

/// How many containers the store has, by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContainerCounts {
    /// All.
    pub number: usize,
    /// Running and not paused.
    pub running: usize,
    /// Paused.
    pub paused: usize,
    /// Neither: created or exited.
    pub stopped: usize,
}

impl ContainerCounts {
    /// Counts the containers of a store. Reads one small file for each.
    pub fn of(paths: &Paths) -> Self {
        let containers = Containers::new(paths);
        let mut counts = ContainerCounts::default();
        for id in containers.list() {
            // One that is removed meanwhile is not counted.
            let Ok(mut state) = containers.read_state(&id) else { continue };
            state.settle();
            counts.number += 1;
            match state.status {
                Status::Running | Status::Stopping => counts.running += 1,
                Status::Paused => counts.paused += 1,
                Status::Created | Status::Initialized | Status::Exited | Status::Restarting => counts.stopped += 1,
            }
        }
        counts
    }
}

/// What `info` is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The store.
    pub paths: &'a Paths,
    /// `--storage-driver`, if given.
    pub storage_driver: Option<&'a str>,
    /// The containers in the store.
    pub containers: ContainerCounts,
}

/// podman's `info` as JSON. What cannot be read is empty or zero, never an error.
pub fn info(question: &Question<'_>) -> Value {
    let ids = HostIds::detect();
    let groups = cgroups::detect();
    json!({
        "host": host_part(question.paths, &ids, &groups),
        "store": store_part(question),
        "registries": registries(),
        "plugins": {
            "volume": ["local"],
            "network": ["bridge"],
            "log": ["k8s-file", "json-file", "none", "passthrough"],
            "authorization": null,
        },
        "version": version(),
    })
}

/// This program's own path.
fn executable() -> String {
    std::env::current_exe().map(|path| path.display().to_string()).unwrap_or_default()
}

fn program_version() -> String {
    format!("coracle version {}", env!("CARGO_PKG_VERSION"))
}

fn host_part(paths: &Paths, ids: &HostIds, groups: &Cgroups) -> Value {
    let distribution = distribution::detect();
    let memory = host::memory();
    let usage = host::processor_use().unwrap_or_default();
    let socket = paths.run_root.join("podman.sock");
    let program = json!({"package": "", "path": executable(), "version": program_version()});
    let mut part = json!({
        "arch": host::architecture(),
        "buildahVersion": env!("CARGO_PKG_VERSION"),
        "cgroupControllers": groups.controllers,
        "cgroupManager": "cgroupfs",
        "cgroupVersion": groups.version_word(),
        "conmon": program,
        "cpuUtilization": {"userPercent": usage[0], "systemPercent": usage[1], "idlePercent": usage[2]},
        "cpus": host::processors(),
        "databaseBackend": "files",
        "distribution": distribution,
        "emulatedArchitectures": emulated(),
        "eventLogger": if crate::store::events::is_off() { "none" } else { "file" },
        "hostname": host::hostname(),
        "idMappings": id_mappings(ids),
        "kernel": host::kernel_release(),
        "linkmode": "static",
        "logDriver": "k8s-file",
        "memFree": memory.free_bytes,
        "memTotal": memory.total_bytes,
        "networkBackend": "coracle",
        "networkBackendInfo": {"backend": "coracle", "path": executable(), "version": program_version(), "dns": program},
        "ociRuntime": {"name": "coracle", "package": "", "path": executable(), "version": program_version()},
        "os": "linux",
        "pasta": {"executable": "", "package": "", "version": ""},
        "remoteSocket": {"path": socket, "exists": socket.exists()},
        "rootlessNetworkCmd": "coracle",
        "security": security(),
        "serviceIsRemote": false,
        "slirp4netns": {"executable": "", "package": "", "version": ""},
        "swapFree": memory.swap_free_bytes,
        "swapTotal": memory.swap_total_bytes,
        "uptime": host::uptime_text(host::uptime_seconds().floor()),
        "variant": crate::image::platform::Platform::host().variant,
    });
    // As in podman, a host without handlers for other architectures does not mention them.
    if let (Some(part), true) = (part.as_object_mut(), emulated().is_empty()) {
        part.remove("emulatedArchitectures");
    }
    part
}

/// `linux/ARCH` of every architecture binfmt_misc has an emulator for.
fn emulated() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir("/proc/sys/fs/binfmt_misc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok()?.strip_prefix("qemu-").map(image_architecture))
        .map(|name| format!("linux/{name}"))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// QEMU's name of an architecture in the words of images.
fn image_architecture(name: &str) -> String {
    let known = match name {
        "aarch64" => "arm64",
        "x86_64" => "amd64",
        "i386" | "i486" => "386",
        "mipsel" => "mipsle",
        "mips64el" => "mips64le",
        "loongarch64" => "loong64",
        other => other,
    };
    known.to_owned()
}

/// The ids the user can map; for the real root, who maps what it likes, there is nothing to list.
fn id_mappings(ids: &HostIds) -> Value {
    if ids.privileged {
        return json!({"gidmap": null, "uidmap": null});
    }
    let entry = |mapping: &IdMapping| json!({"container_id": mapping.container_id, "host_id": mapping.host_id, "size": mapping.size});
    let list = |mappings: &[IdMapping]| mappings.iter().map(entry).collect::<Vec<_>>();
    json!({"gidmap": list(&ids.intermediate.gid), "uidmap": list(&ids.intermediate.uid)})
}

fn security() -> Value {
    let names: Vec<&str> = capabilities::names(capabilities::DEFAULT).collect();
    json!({
        "apparmorEnabled": host::has_apparmor(),
        "capabilities": names.join(","),
        "rootless": !rustix::process::geteuid().is_root(),
        "seccompEnabled": crate::sys::trial::seccomp_action(libc::SECCOMP_RET_ERRNO).is_ok(),
        "seccompProfilePath": "",
        "selinuxEnabled": host::has_selinux(),
    })
}

/// The driver that containers get, and why: forced, or the first that the probe found to work.
fn driver(question: &Question<'_>) -> (Driver, Choice, bool) {
    let choice = probe(host::nearest_existing(&question.paths.root));
    let forced = question.storage_driver.and_then(|name| name.parse::<Driver>().ok());
    let first = choice.candidates.first().copied().unwrap_or(Driver::Copy);
    (forced.unwrap_or(first), choice, forced.is_some())
}

fn driver_part(driver: Driver, choice: &Choice, forced: bool) -> Value {
    let reason = match (forced, choice.refused.first()) {
        (true, _) => "asked for by --storage-driver or CORACLE_STORAGE_DRIVER".to_owned(),
        (false, None) => "the preferred one, and it works here".to_owned(),
        (false, Some(_)) => "the best that works here".to_owned(),
    };
    let refused: serde_json::Map<String, Value> =
        choice.refused.iter().map(|(driver, why)| (driver.name().to_owned(), json!(why))).collect();
    json!({"name": driver.name(), "reason": reason, "refused": refused})
}

fn store_part(question: &Question<'_>) -> Value {
    let paths = question.paths;
    let space = mounts::space(&paths.root).unwrap_or_default();
    let table = mounts::all();
    let backing = mounts::holding(&table, &paths.root).map_or_else(String::new, |mount| mount.kind.clone());
    let (driver, choice, forced) = driver(question);
    let counts = question.containers;
    json!({
        "configFile": "",
        "containerStore": {
            "number": counts.number,
            "paused": counts.paused,
            "running": counts.running,
            "stopped": counts.stopped,
        },
        "driver": driver_part(driver, &choice, forced),
        "graphDriverName": if driver == Driver::Copy { "vfs" } else { "overlay" },
        "graphOptions": {},
        "graphRoot": paths.root,
        "graphRootAllocated": space.total_bytes,
        "graphRootUsed": space.used_bytes,
        "graphStatus": graph_status(&backing),
        "imageCopyTmpDir": paths.temporary(),
        "imageStore": {"number": images::ids(paths).map_or(0, |ids| ids.len())},
        "runRoot": paths.run_root,
        "transientStore": false,
        "volumePath": paths.volumes(),
    })
}

/// The facts containers/storage reports of its overlay driver, in its words.
fn graph_status(backing: &str) -> Value {
    let backing = match backing {
        "ext2" | "ext3" | "ext4" => "extfs",
        other => other,
    };
    json!({
        "Backing Filesystem": backing,
        "Native Overlay Diff": "false",
        "Supports d_type": "true",
        "Using metacopy": "false",
    })
}

/// Where short names are looked for; an unreadable file is reported by the commands that need it.
fn registries() -> Value {
    let configuration = Configuration::load().unwrap_or_default();
    match configuration.search() {
        [] => json!({"search": ["docker.io"]}),
        search => json!({"search": search}),
    }
}

/// Whether a file exists, for the parts of `docker info` that are yes or no.
fn exists(path: &str) -> bool {
    Path::new(path).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Value {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().to_owned();
        let paths = Paths { run_root: root.join("run"), root, additional: Vec::new() };
        let containers = ContainerCounts { number: 3, running: 1, paused: 0, stopped: 2 };
        info(&Question { paths: &paths, storage_driver: Some("copy"), containers })
    }

    #[test]
    fn the_names_scripts_read_are_there() {
        let info = sample();
        let names = [
            "/host/arch",
            "/host/cgroupControllers",
            "/host/cgroupManager",
            "/host/cgroupVersion",
            "/host/conmon/path",
            "/host/cpus",
            "/host/distribution/distribution",
            "/host/distribution/version",
            "/host/eventLogger",
            "/host/hostname",
            "/host/idMappings/gidmap",
            "/host/idMappings/uidmap",
            "/host/kernel",
            "/host/logDriver",
            "/host/memFree",
            "/host/memTotal",
            "/host/networkBackend",
            "/host/ociRuntime/name",
            "/host/ociRuntime/package",
            "/host/ociRuntime/path",
            "/host/ociRuntime/version",
            "/host/os",
            "/host/remoteSocket/path",
            "/host/rootlessNetworkCmd",
            "/host/security/apparmorEnabled",
            "/host/security/capabilities",
            "/host/security/rootless",
            "/host/security/seccompEnabled",
            "/host/security/seccompProfilePath",
            "/host/security/selinuxEnabled",
            "/host/serviceIsRemote",
            "/host/slirp4netns/executable",
            "/host/pasta/executable",
            "/host/swapFree",
            "/host/swapTotal",
            "/host/uptime",
            "/plugins/volume",
            "/plugins/network",
            "/plugins/log",
            "/registries/search",
            "/store/configFile",
            "/store/containerStore/number",
            "/store/containerStore/paused",
            "/store/containerStore/running",
            "/store/containerStore/stopped",
            "/store/graphDriverName",
            "/store/graphOptions",
            "/store/graphRoot",
            "/store/graphRootAllocated",
            "/store/graphRootUsed",
            "/store/imageStore/number",
            "/store/runRoot",
            "/store/volumePath",
            "/store/transientStore",
            "/version/Version",
            "/version/APIVersion",
            "/version/OsArch",
        ];
        for name in names {
            assert!(info.pointer(name).is_some(), "{name}");
        }
        assert_eq!(info.pointer("/store/containerStore/stopped"), Some(&json!(2)));
    }

    #[test]
    fn a_forced_driver_is_shown_by_both_names() {
        let info = sample();
        assert_eq!(info.pointer("/store/graphDriverName"), Some(&json!("vfs")));
        assert_eq!(info.pointer("/store/driver/name"), Some(&json!("copy")));
    }
}
