//! From a request and an image's defaults to everything that will be done: a pure function but for what it asks the
//! host (which files exist, what the user may map), with no effect on it.

mod mounts;
mod namespaces;
mod ownership;
mod process;
mod specification;
mod systemd;
mod user;

pub use mounts::{OVERLAYS, PlannedMounts, VolumeUse};
pub(super) use process::further_environment;
pub(super) use specification::resource_limits;

use super::error::Error;
use super::limits::CgroupsMode;
use super::network;
use super::record::ContainerRecord;
use super::request::{ContainerRequest, RootSource, SystemdMode, UserNamespaceMode};
use super::root::{LowerPlan, RootPlan};
use super::secrets;
use crate::overlay::probe::Driver;
use crate::runtime::id_map::{self, HostIds};
use crate::runtime::plan::{GroupMode, GroupPlan, JoinPlan, LogDriver, LogPlan, RuntimePlan, SeccompPlan, UserPlan};
use crate::runtime::seccomp::Profile;
use crate::runtime::security::{SeccompChoice, SecurityOptions};
use crate::runtime::signals;
use crate::runtime::subordinate::{IdKind, Subordinate};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What an image says about containers made from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageDefaults {
    /// The image's ID, hexadecimal.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its manifest's digest.
    pub digest: String,
    /// `Entrypoint`.
    pub entrypoint: Vec<String>,
    /// `Cmd`.
    pub command: Vec<String>,
    /// `Env`.
    pub environment: Vec<String>,
    /// `User`.
    pub user: String,
    /// `WorkingDir`.
    pub workdir: String,
    /// `Volumes`.
    pub volumes: Vec<String>,
    /// `StopSignal`.
    pub stop_signal: String,
    /// `Labels`.
    pub labels: BTreeMap<String, String>,
    /// `ExposedPorts`.
    pub exposed_ports: Vec<String>,
    /// `Healthcheck`.
    pub healthcheck: Option<crate::store::images::Healthcheck>,
    /// What its root file system is made of; `None` for `--rootfs`.
    pub lower: Option<LowerPlan>,
}

/// Where the container that is planned will be.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Its ID.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its directory.
    pub directory: &'a Path,
    /// Where volumes are.
    pub volumes: &'a Path,
    /// Where extracted images are.
    pub extracted: &'a Path,
    /// Root file system drivers that should work, the preferred one first.
    pub drivers: &'a [Driver],
}

/// Where in its directory a container that only holds namespaces has its root: places to mount on, and nothing else.
pub const HOLDER_ROOT: &str = "upper";

/// Where systemd's journal takes entries (systemd-journald.service(8)).
pub const JOURNAL_SOCKET: &str = "/run/systemd/journal/socket";
/// More files than anybody reads.
const MOST_LOG_FILES: u32 = 1000;

/// Plans a container.
///
/// # Errors
/// Whatever in the request makes no sense or cannot be done here; nothing has been touched then.
pub fn plan(
    request: &ContainerRequest,
    image: &ImageDefaults,
    place: Place<'_>,
    host: &HostIds,
    others: &Others,
) -> Result<Planned, Error> {
    let security = SecurityOptions::parse(&request.security_opt).map_err(bad)?;
    let mut maps = id_map::plan(host, &wish(request, others)).map_err(bad)?;
    if let Some(joined) = &others.id_maps {
        maps.maps.clone_from(joined);
    }
    let is_user_mapped = maps.maps.to_container(IdKind::Uid, host.uid).is_some();
    let exposed_ports: Vec<String> = image.exposed_ports.iter().chain(&request.expose).cloned().collect();
    let (network, warnings) = network::plan(request, &exposed_ports, others)?;
    let hostname = namespaces::hostname(request, others, place.id)?;
    let arguments = process::arguments(request, image)?;
    let is_systemd = systemd::is_wanted(request, &arguments);
    if request.init && request.systemd == SystemdMode::Always {
        return Err(Error::BadRequest("cannot use container-init binary with systemd=always".to_owned()));
    }
    let surroundings = mounts::Surroundings { others, network: &network.mode, is_systemd };
    let mounts = mounts::plan(request, image, place, &surroundings)?;
    let user = UserPlan {
        home: maps.user.and_then(|_| user::kept_home(request, image, &mounts.specified)),
        extra_passwd: user::host_entries(&request.host_users)?,
        ..user_plan(request, image, host, maps.user)
    };
    let capabilities = process::capabilities(request)?;
    let log = log_plan(request, image, &place)?;
    let specification = specification::Parts {
        request,
        image,
        network: &network.mode,
        security: &security,
        hostname: &hostname,
        arguments: arguments.clone(),
        uuid: is_systemd.then(|| place.id.get(..32)).flatten(),
        mounts: mounts.specified.clone(),
        maps: &maps.maps,
    };
    let runtime = RuntimePlan {
        spec: specification::build(&specification)?,
        id_maps: maps.maps,
        host_user: (host.uid, host.gid),
        user,
        capabilities: capabilities.0,
        seccomp: seccomp(request, &security, network::is_fast(&network.mode))?,
        landlock: security.landlock.clone(),
        network_calls: network::is_fast(&network.mode),
        hold: request.holds_namespaces,
        waits: false,
        secrets: secrets::files(request, &others.secrets, place.directory),
        group: GroupPlan {
            mode: match request.cgroups {
                CgroupsMode::Enabled | CgroupsMode::NoConmon => GroupMode::Own,
                CgroupsMode::Disabled => GroupMode::Disabled,
                CgroupsMode::Split => GroupMode::Split,
            },
            parent: request.cgroup_parent.as_ref().map(std::path::PathBuf::from),
            asked: request.limits.asked(),
        },
        init: request.init,
        workdir_required: request.workdir.is_some(),
        preserved: preserved(request.preserve_fds, &request.preserve_fd)?,
        passthrough: log.driver == LogDriver::Passthrough,
        interactive: request.interactive,
        directory: place.directory.to_owned(),
        remove: request.remove,
        log,
        timeout_seconds: request.timeout_seconds,
        lenient_sysctl: request.default_sysctl.iter().map(|(name, _)| name.clone()).collect(),
        join: namespaces::join(request, &network.mode, others)?,
    };
    let stop_signal = match request.stop_signal.as_deref() {
        Some(asked) => asked,
        None if is_systemd => systemd::STOP_SIGNAL,
        None => &image.stop_signal,
    };
    let record = ContainerRecord {
        id: place.id.to_owned(),
        name: place.name.to_owned(),
        created: jiff::Timestamp::now(),
        image: image.name.clone(),
        image_id: image.id.clone(),
        image_digest: image.digest.clone(),
        request: request.clone(),
        roots: root_plans(request, image, place, is_user_mapped)?,
        labels: labels(request, image),
        entrypoint: request.entrypoint.clone().unwrap_or_else(|| image.entrypoint.clone()),
        mounts: mounts.records,
        anonymous_volumes: mounts.anonymous,
        hostname,
        stop_signal: if stop_signal.is_empty() { 15 } else { signals::parse(stop_signal).map_err(bad)? },
        is_systemd,
        requires: others.required.clone(),
        stop_timeout_seconds: request.stop_timeout_seconds.unwrap_or(10),
        detach_keys: request.detach_keys.clone().unwrap_or_else(|| "ctrl-p,ctrl-q".to_owned()),
        exposed_ports,
        networks: others.networks.clone(),
        health: crate::engine::health::resolve(request, image)?,
        secrets: others.secrets.clone(),
        pod: others.pod.clone(),
        network,
        capabilities: capabilities.1,
        plan: runtime,
    };
    Ok(Planned { record, volumes: mounts.volumes, warnings })
}

/// A planned container.
#[derive(Debug)]
pub struct Planned {
    /// To be written.
    pub record: ContainerRecord,
    /// Volumes it uses.
    pub volumes: Vec<VolumeUse>,
    /// Lines worth showing.
    pub warnings: Vec<String>,
}

/// What a plan may need of other containers: looked up by the caller, since planning touches nothing.
#[derive(Clone, Debug, Default)]
pub struct Others {
    /// Containers named by `container:NAME` modes: as typed, and what to join.
    pub joined: BTreeMap<String, JoinPlan>,
    /// Their IDs, by the same words.
    pub ids: BTreeMap<String, String>,
    /// IDs of the containers it requires.
    pub required: Vec<String>,
    /// The network namespace that is joined by its file is this process's own.
    pub is_own_network: bool,
    /// Files of the container whose network is joined that say where it is in there, by destination.
    pub host_files: BTreeMap<PathBuf, PathBuf>,
    /// Ids of the user namespace of the container that is joined.
    pub id_maps: Option<id_map::IdMaps>,
    /// Containers named by `--volumes-from`: as typed without options, and their records.
    pub volumes_from: BTreeMap<String, ContainerRecord>,
    /// Options of the named volumes that have some.
    pub volume_options: BTreeMap<String, BTreeMap<String, String>>,
    /// Networks with names that `--network` asks for.
    pub networks: Vec<super::networks::Attachment>,
    /// The pod the container is to belong to.
    pub pod: Option<super::record::Membership>,
    /// Host name of the container whose UTS namespace is joined.
    pub hostname: Option<String>,
    /// The secrets that `--secret` asks for, in its order.
    pub secrets: Vec<super::record::SecretRecord>,
    /// Host ids that other containers with automatic maps have.
    pub automatic_ids: Subordinate,
}

fn bad(error: impl std::fmt::Display) -> Error {
    Error::BadRequest(error.to_string())
}

fn wish(request: &ContainerRequest, others: &Others) -> id_map::Wish {
    let mode = match &request.userns {
        UserNamespaceMode::Host | UserNamespaceMode::Container(_) | UserNamespaceMode::Path(_) => id_map::Mode::Host,
        UserNamespaceMode::KeepId { uid, gid, size } => id_map::Mode::KeepId { uid: *uid, gid: *gid, size: *size },
        UserNamespaceMode::NoMap => id_map::Mode::NoMap,
        UserNamespaceMode::Auto { size, uid_mapping, gid_mapping } => {
            id_map::Mode::Auto { size: *size, uid_mapping: uid_mapping.clone(), gid_mapping: gid_mapping.clone() }
        }
    };
    id_map::Wish {
        mode,
        uid_map: request.uid_map.clone(),
        gid_map: request.gid_map.clone(),
        subuid_name: request.subuid_name.clone(),
        subgid_name: request.subgid_name.clone(),
        pool: id_map::Pool { image_ids: 0, used: others.automatic_ids.clone() },
    }
}

/// The request's user, else what `keep-id` implies, else the image's.
fn user_plan(
    request: &ContainerRequest,
    image: &ImageDefaults,
    host: &HostIds,
    implied: Option<(u32, u32)>,
) -> UserPlan {
    let implied = implied.map(|(uid, gid)| format!("{uid}:{gid}"));
    let user = request.user.clone().or(implied).or_else(|| (!image.user.is_empty()).then(|| image.user.clone()));
    let keep_groups = request.group_add.iter().any(|group| group == "keep-groups");
    // Looking the name up can ask a directory service; only a user that may be missing inside needs it.
    let is_root = matches!(user.as_deref(), None | Some("" | "0" | "root" | "0:0"));
    let name =
        if is_root { String::new() } else { crate::runtime::subordinate::user_name(host.uid).unwrap_or_default() };
    UserPlan {
        user,
        groups: request.group_add.iter().filter(|group| *group != "keep-groups").cloned().collect(),
        keep_groups,
        add_entries: request.passwd,
        passwd_entry: request.passwd_entry.clone(),
        group_entry: request.group_entry.clone(),
        name,
        home: None,
        extra_passwd: Vec::new(),
    }
}

fn seccomp(
    request: &ContainerRequest,
    security: &SecurityOptions,
    is_network_fast: bool,
) -> Result<SeccompPlan, Error> {
    match security.seccomp(request.privileged) {
        SeccompChoice::Default => Ok(SeccompPlan::Default),
        SeccompChoice::Unconfined => Ok(SeccompPlan::Unconfined),
        SeccompChoice::File(path) => {
            let text = std::fs::read_to_string(&path).map_err(|source| Error::File {
                operation: "opening seccomp profile",
                path: path.clone(),
                source,
            })?;
            // Refused now rather than in init, where nobody could still change it.
            let profile = Profile::parse(text.as_bytes()).map_err(bad)?;
            if profile.agent().map_err(bad)?.is_some() && is_network_fast {
                // The kernel gives a process one listener.
                return Err(bad("--network=fast and a seccomp profile with SCMP_ACT_NOTIFY cannot be used together"));
            }
            profile.options().map_err(bad)?;
            Ok(SeccompPlan::Profile(text))
        }
    }
}

/// Descriptors to be preserved must be open now, and not ones this process opened itself (which close at exec).
pub(super) fn preserved(count: u32, single: &[u32]) -> Result<Vec<i32>, Error> {
    let mut numbers: Vec<i32> = (3..3 + count as i32).collect();
    numbers.extend(single.iter().map(|number| *number as i32));
    for number in &numbers {
        if !crate::sys::process::is_inherited(*number) {
            return Err(Error::BadRequest(format!(
                "file descriptor {number} is not available - the preserve-fds option requires that file descriptors must be passed"
            )));
        }
    }
    Ok(numbers)
}

fn log_plan(request: &ContainerRequest, image: &ImageDefaults, place: &Place<'_>) -> Result<LogPlan, Error> {
    let driver = match request.log_driver.as_deref() {
        None | Some("" | "k8s-file") => LogDriver::K8sFile,
        Some("journald") => LogDriver::Journald,
        // podman's is k8s-file by another name, and who reads podman's files expects that.
        Some("json-file") if request.is_made_by_podman() => LogDriver::K8sFile,
        Some("json-file") => LogDriver::JsonFile,
        Some("none") => LogDriver::None,
        Some("passthrough" | "passthrough-tty") => LogDriver::Passthrough,
        Some(other) => return Err(Error::BadRequest(format!("invalid log driver \"{other}\": invalid argument"))),
    };
    if driver == LogDriver::Passthrough && request.tty {
        return Err(Error::BadRequest("the log driver passthrough cannot be used with a terminal: drop -t".to_owned()));
    }
    let option =
        |name: &str| request.log_options.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let path = match driver {
        LogDriver::Journald => PathBuf::from(JOURNAL_SOCKET),
        _ => option("path").map_or_else(|| place.directory.join("ctr.log"), PathBuf::from),
    };
    let max_size_bytes = match option("max-size") {
        Some(size) => log_size(size).ok_or_else(|| Error::BadRequest(format!("invalid log size \"{size}\"")))?,
        None => 0,
    };
    let max_files = match option("max-file") {
        Some(count) => count
            .parse()
            .ok()
            .filter(|count| (1..=MOST_LOG_FILES).contains(count))
            .ok_or_else(|| Error::BadRequest(format!("invalid number of log files \"{count}\"")))?,
        None => 2,
    };
    let fields = match driver {
        LogDriver::Journald => journal_fields(option("tag").unwrap_or_default(), image, place),
        _ => Vec::new(),
    };
    Ok(LogPlan { driver, path, max_size_bytes, max_files, fields })
}

/// What every entry of the journal says, in the words of podman's conmon.
fn journal_fields(tag: &str, image: &ImageDefaults, place: &Place<'_>) -> Vec<(String, String)> {
    let short = place.id.get(..12).unwrap_or(place.id);
    let values = [
        ("{{.ID}}", short),
        ("{{.FullID}}", place.id),
        ("{{.Name}}", place.name),
        ("{{.ImageName}}", &image.name),
        ("{{.ImageID}}", &image.id),
    ];
    let tag = values.iter().fold(tag.to_owned(), |tag, (field, value)| tag.replace(field, value));
    let mut fields = vec![
        ("CONTAINER_ID", short),
        ("CONTAINER_ID_FULL", place.id),
        ("CONTAINER_NAME", place.name),
        ("IMAGE_NAME", &image.name),
        ("SYSLOG_IDENTIFIER", place.name),
    ];
    if !tag.is_empty() {
        fields.push(("CONTAINER_TAG", &tag));
    }
    fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The size of a log in bytes: as [`parse_size`], but in powers of 1000, as podman and docker read it.
fn log_size(text: &str) -> Option<u64> {
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let power = match lower[digits.len()..].trim_end_matches('b') {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return None,
    };
    let bytes = digits.parse::<f64>().ok()? * 1000_f64.powi(power);
    (bytes.is_finite() && bytes >= 0.0 && bytes < i64::MAX as f64).then_some(bytes as u64)
}

/// A size in bytes: a number with an optional unit (`k`, `m`, `g`, `t`, each also with `b` or `ib`), powers of 1024.
pub fn parse_size(text: &str) -> Option<u64> {
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let shift = match lower[digits.len()..].trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return None,
    };
    match digits.parse::<u64>() {
        Ok(number) => number.checked_mul(1 << shift),
        Err(_) if !digits.contains('.') => None,
        Err(_) => digits
            .parse::<f64>()
            .ok()
            .filter(|number| *number >= 0.0)
            .map(|number| (number * (1u64 << shift) as f64) as u64),
    }
}

/// The ways to make the root, the preferred one first; never empty.
///
/// Where the user is not mapped the container cannot write to the directory of extracted images: it gets a copy.
fn root_plans(
    request: &ContainerRequest,
    image: &ImageDefaults,
    place: Place<'_>,
    is_user_mapped: bool,
) -> Result<Vec<RootPlan>, Error> {
    let lower = match (&request.root, &image.lower) {
        (RootSource::Directory { path, overlay: false }, _) => {
            return Ok(vec![RootPlan::Directory { path: path.clone() }]);
        }
        (RootSource::Nothing, _) => return Ok(vec![RootPlan::Directory { path: place.directory.join(HOLDER_ROOT) }]),
        (_, Some(lower)) => lower.clone(),
        (RootSource::Directory { path, overlay: true }, None) => {
            LowerPlan::Directory { path: path.clone(), masked: Vec::new() }
        }
        (RootSource::Image(name), None) => return Err(Error::NotFound { kind: "image", name: name.clone() }),
    };
    // What is thrown away at the end need not survive a crash.
    let volatile = request.remove;
    let plan = |driver: &Driver| match driver {
        Driver::FuseOverlay => RootPlan::FuseOverlay { lower: lower.clone(), volatile },
        Driver::Fuse => RootPlan::Fuse { lower: lower.clone(), size_bytes: request.storage_size_bytes, volatile },
        Driver::Overlay if !is_user_mapped => RootPlan::Copy { lower: lower.clone() },
        Driver::Overlay => RootPlan::Overlay { lower: lower.clone(), extracted: place.extracted.to_owned(), volatile },
        Driver::Copy => RootPlan::Copy { lower: lower.clone() },
    };
    Ok(place.drivers.iter().map(plan).collect())
}

fn labels(request: &ContainerRequest, image: &ImageDefaults) -> BTreeMap<String, String> {
    let mut labels = image.labels.clone();
    labels.extend(request.labels.iter().cloned());
    labels
}

#[cfg(test)]
mod tests {
    use super::parse_size;

    #[test]
    fn sizes() {
        let cases = [
            ("64", Some(64)),
            ("1k", Some(1024)),
            ("2MB", Some(2 << 20)),
            ("1GiB", Some(1 << 30)),
            ("0.5m", Some(1 << 19)),
        ];
        for (text, bytes) in cases {
            assert_eq!(parse_size(text), bytes, "{text}");
        }
        for text in ["", "m", "-1", "1x", "99999999999999999999g"] {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }
}
