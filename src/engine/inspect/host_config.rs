//! The section `HostConfig`: what was asked for, as far as it concerns the host.

use super::document::{Document, IntoDocument, object};
use crate::engine::limits::{CgroupsMode, DEFAULT_PIDS};
use crate::engine::record::{ContainerRecord, MountRecord};
use crate::engine::request::{ContainerRequest, NamespaceMode, UserNamespaceMode};
use crate::runtime::plan::LogDriver;
use crate::store::containers::State;
use oci_spec::runtime::PosixRlimit;
use serde_json::Value;
use std::collections::BTreeMap;

/// Size of /dev/shm when none is asked for, in bytes (podman's default).
const SHM_SIZE_BYTES: u64 = 65_536_000;

pub(super) fn section(record: &ContainerRecord, state: &State) -> Document {
    let Document::Object(mut fields) = asked_for(record) else { return Document::Object(Vec::new()) };
    fields.extend(limits(&record.request));
    // What was not asked for is settled at each start.
    let is_settled = state.starts > 0 || !record.request.ulimits.is_empty();
    fields.push(("Ulimits", if is_settled { ulimits(record) } else { Vec::<Document>::new().into_document() }));
    Document::Object(fields)
}

fn asked_for(record: &ContainerRecord) -> Document {
    let request = &record.request;
    let path = |path: &Option<std::path::PathBuf>| path.as_ref().map(|path| path.to_string_lossy().into_owned());
    let binds: Vec<String> = record.mounts.iter().filter_map(bind).collect();
    let tmpfs: BTreeMap<String, String> = record
        .mounts
        .iter()
        .filter(|mount| mount.kind == "tmpfs")
        .map(|mount| (mount.destination.clone(), mount.options.join(",")))
        .collect();
    let (policy, retries) = record.restart_policy().parts();
    object! {
        "Binds" => binds,
        "CgroupManager" => "cgroupfs",
        "CgroupMode" => mode(&request.cgroup),
        "ContainerIDFile" => path(&request.cidfile).unwrap_or_default(),
        "LogConfig" => object! {
            "Type" => request.log_driver.as_deref().filter(|driver| !driver.is_empty()).unwrap_or(record.plan.log.driver.name()),
            "Config" => Value::Null,
            "Path" => log_path(record),
            "Tag" => record.plan.log.fields.iter().find(|(name, _)| name == "CONTAINER_TAG").map_or("", |(_, tag)| tag.as_str()),
            "Size" => human_size(record.plan.log.max_size_bytes),
        },
        "NetworkMode" => network_mode(record),
        "PortBindings" => super::network::bindings(&record.network.ports),
        "RestartPolicy" => object! { "Name" => policy, "MaximumRetryCount" => retries },
        "AutoRemove" => request.remove,
        "AutoRemoveImage" => request.remove_image,
        "Annotations" => request.annotations.iter().cloned().collect::<BTreeMap<String, String>>(),
        "VolumeDriver" => "",
        "VolumesFrom" => if request.volumes_from.is_empty() { None } else { Some(request.volumes_from.clone()) },
        "CapAdd" => super::prefixed(&request.cap_add),
        "CapDrop" => super::prefixed(&request.cap_drop),
        "Dns" => &request.dns,
        "DnsOptions" => &request.dns_option,
        "DnsSearch" => &request.dns_search,
        "ExtraHosts" => &request.add_host,
        "HostsFile" => "",
        "Egress" => &request.egress,
        "EgressLog" => path(&request.egress_log).unwrap_or_default(),
        "GroupAdd" => &request.group_add,
        "IpcMode" => mode(&request.ipc),
        "Cgroup" => "",
        "Cgroups" => if request.cgroups == CgroupsMode::Enabled { "default" } else { request.cgroups.word() },
        "Links" => Value::Null,
        "OomScoreAdj" => request.oom_score_adj.unwrap_or_default(),
        "PidMode" => mode(&request.pid),
        "Privileged" => request.privileged,
        "PublishAllPorts" => request.publish_all,
        "ReadonlyRootfs" => request.read_only,
        "SecurityOpt" => &request.security_opt,
        "Tmpfs" => tmpfs,
        "UTSMode" => mode(&request.uts),
        "UsernsMode" => user_mode(request),
        "ShmSize" => request.shm_size_bytes.unwrap_or(SHM_SIZE_BYTES),
        "Runtime" => "oci",
        "ConsoleSize" => vec![0_u32, 0],
        "Isolation" => "",
        "Init" => request.init,
    }
}

/// Where the output is kept; empty when it is not.
fn log_path(record: &ContainerRecord) -> String {
    match record.plan.log.driver {
        LogDriver::Journald | LogDriver::None | LogDriver::Passthrough => String::new(),
        _ => record.plan.log.path.to_string_lossy().into_owned(),
    }
}

/// Four digits and a unit of thousands, as podman shows the size of a log: `1.043MB`.
fn human_size(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let (mut size, mut unit) = (bytes as f64, 0);
    while size >= 1000.0 && unit + 1 < units.len() {
        size /= 1000.0;
        unit += 1;
    }
    let whole_digits = (size.max(1.0).log10().floor() as usize + 1).min(4);
    let digits = format!("{size:.*}", 4 - whole_digits);
    let digits = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { &digits };
    format!("{digits}{}", units[unit])
}

/// What limits a container to less than the machine.
fn limits(request: &ContainerRequest) -> Vec<(&'static str, Document)> {
    let limits = &request.limits;
    let (quota, period) = limits.cpu_quota_and_period();
    let unified: Vec<String> = limits.unified.iter().map(|(file, value)| format!("{file}={value}")).collect();
    let weights: Vec<Document> = limits
        .io_weight_devices
        .iter()
        .map(|(path, weight)| object! { "Path" => path.as_str(), "Weight" => u64::from(*weight) })
        .collect();
    let mut fields = vec![
        ("CgroupParent", request.cgroup_parent.clone().unwrap_or_default().into_document()),
        ("CpusetCpus", limits.cpuset_cpus.as_str().into_document()),
        ("CpusetMems", limits.cpuset_mems.as_str().into_document()),
        ("CpuShares", limits.cpu_shares.unwrap_or(0).into_document()),
        ("Memory", limits.memory_bytes.unwrap_or(0).into_document()),
        ("NanoCpus", limits.nano_cpus.unwrap_or(0).into_document()),
        ("BlkioWeight", u64::from(limits.io_weight.unwrap_or(0)).into_document()),
        ("CpuPeriod", period.unwrap_or(0).into_document()),
        ("CpuQuota", quota.unwrap_or(0).into_document()),
        ("CpuRealtimePeriod", limits.cpu_realtime_period.unwrap_or(0).into_document()),
        ("CpuRealtimeRuntime", limits.cpu_realtime_runtime.unwrap_or(0).into_document()),
        ("DiskQuota", 0_u32.into_document()),
        ("KernelMemory", 0_u32.into_document()),
        ("MemoryReservation", limits.memory_reservation_bytes.unwrap_or(0).into_document()),
        ("MemorySwap", limits.memory_and_swap_bytes().unwrap_or(0).into_document()),
        ("MemorySwappiness", limits.memory_swappiness.unwrap_or(0).into_document()),
        ("PidsLimit", limits.pids.unwrap_or(DEFAULT_PIDS).into_document()),
        ("OomKillDisable", limits.oom_kill_disable.into_document()),
        ("CgroupConf", if unified.is_empty() { Value::Null.into_document() } else { unified.into_document() }),
        ("BlkioWeightDevice", if weights.is_empty() { Value::Null.into_document() } else { weights.into_document() }),
        ("BlkioDeviceReadBps", rates(&limits.read_bytes)),
        ("BlkioDeviceWriteBps", rates(&limits.write_bytes)),
        ("BlkioDeviceReadIOps", rates(&limits.read_operations)),
        ("BlkioDeviceWriteIOps", rates(&limits.write_operations)),
    ];
    fields.extend(
        ["CpuCount", "CpuPercent", "IOMaximumIOps", "IOMaximumBandwidth"].map(|name| (name, 0_u32.into_document())),
    );
    fields
        .push(("Devices", request.devices.iter().map(|device| device_of(device)).collect::<Vec<_>>().into_document()));
    fields
}

fn rates(list: &[(String, u64)]) -> Document {
    if list.is_empty() {
        return Value::Null.into_document();
    }
    let devices: Vec<Document> =
        list.iter().map(|(path, rate)| object! { "Path" => path.as_str(), "Rate" => *rate }).collect();
    devices.into_document()
}

/// The mode, or `bridge` on networks with names, as podman has it.
fn network_mode(record: &ContainerRecord) -> String {
    if record.networks.is_empty() { record.network.mode.word() } else { "bridge".to_owned() }
}

/// `SOURCE:DESTINATION:OPTIONS` as podman shows it; nothing for memory.
fn bind(mount: &MountRecord) -> Option<String> {
    let source = match mount.kind.as_str() {
        "bind" => &mount.source,
        "volume" => &mount.name,
        _ => return None,
    };
    Some(format!("{source}:{}:{}", mount.destination, super::shown_options(mount).join(",")))
}

/// `HOST[:CONTAINER[:PERMISSIONS]]`.
fn device_of(text: &str) -> Document {
    let mut parts = text.split(':');
    let host = parts.next().unwrap_or_default();
    let inside = parts.next().unwrap_or(host);
    object! { "PathOnHost" => host, "PathInContainer" => inside, "CgroupPermissions" => parts.next().unwrap_or_default() }
}

/// Those the process has, asked for or not.
fn ulimits(record: &ContainerRecord) -> Document {
    // podman shows unlimited as -1.
    let number = |value: u64| i64::try_from(value).unwrap_or(-1);
    let process = record.plan.spec.process().as_ref();
    let all = process.and_then(|process| process.rlimits().as_deref()).unwrap_or_default();
    let one = |limit: &PosixRlimit| {
        object! {
            "Name" => limit.typ().to_string(),
            "Soft" => number(limit.soft()),
            "Hard" => number(limit.hard()),
        }
    };
    all.iter().map(one).collect::<Vec<_>>().into_document()
}

pub(super) fn mode(mode: &NamespaceMode) -> String {
    match mode {
        NamespaceMode::Private => "private".to_owned(),
        NamespaceMode::Host => "host".to_owned(),
        NamespaceMode::Container(name) => format!("container:{name}"),
        NamespaceMode::Path(path) => format!("ns:{}", path.display()),
        NamespaceMode::None => "none".to_owned(),
        NamespaceMode::Shareable => "shareable".to_owned(),
    }
}

/// `--userns` as pods have it.
pub(super) fn user_mode_or_host(request: &ContainerRequest) -> String {
    let mode = user_mode(request);
    if mode.is_empty() { "host".to_owned() } else { mode }
}

fn user_mode(request: &ContainerRequest) -> String {
    match &request.userns {
        UserNamespaceMode::Host if request.uid_map.is_empty() => String::new(),
        UserNamespaceMode::Host => "private".to_owned(),
        // podman's word for every map that is not its usual one.
        UserNamespaceMode::KeepId { .. } | UserNamespaceMode::NoMap | UserNamespaceMode::Auto { .. } => {
            "private".to_owned()
        }
        UserNamespaceMode::Container(name) => format!("container:{name}"),
        UserNamespaceMode::Path(path) => format!("ns:{}", path.display()),
    }
}
