//! A bundle on disk: reading `config.json` and judging it (runtime specification, `bundle.md` and `config.md`).
//!
//! The configuration is the caller's own and no hostile input, but it is written by other programs: what the
//! specification says to warn about (capabilities unknown here) is taken out and told, what it says to refuse is
//! refused before anything is made.

use super::error::OciError;
use crate::runtime::capabilities;
use crate::runtime::seccomp::{Profile, SeccompError};
use crate::sys::errno::Words;
use oci_spec::runtime::{Linux, LinuxNamespaceType, Spec};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Largest configuration read; the largest real ones have some hundred kilobytes.
const MOST_BYTES: u64 = 64 << 20;

/// A bundle that was read and found sound.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// Its directory, absolute.
    pub directory: PathBuf,
    /// The configuration.
    pub spec: Spec,
    /// The root file system, absolute.
    pub root: PathBuf,
    /// Things to warn about.
    pub warnings: Vec<String>,
}

impl Bundle {
    /// Reads and checks the bundle in `directory`; `config` is another file to take the configuration from.
    ///
    /// # Errors
    /// What cannot be read, or breaks the specification.
    pub fn read(directory: &Path, config: Option<&Path>) -> Result<Self, OciError> {
        let directory = directory.canonicalize().map_err(|source| OciError::file("open bundle", directory, source))?;
        let path = config.map_or_else(|| directory.join("config.json"), Path::to_owned);
        let text = read_file(&path)?;
        let (mut spec, warnings) = decode(&text).map_err(|source| OciError::Json { path: path.clone(), source })?;
        check(&spec)?;
        anchor_sources(&mut spec, &directory);
        let root = spec.root().as_ref().map(|root| root.path().clone()).unwrap_or_default();
        let root = directory.join(root);
        let root = root.canonicalize().map_err(|source| OciError::file("open root file system", &root, source))?;
        if root == Path::new("/") {
            return Err(OciError::Configuration("the root file system cannot be \"/\"".to_owned()));
        }
        if !root.is_dir() {
            return Err(OciError::Configuration(format!("root file system {:?} is not a directory", root.display())));
        }
        Ok(Bundle { directory, spec, root, warnings })
    }
}

/// Makes the sources of bind mounts absolute, which may be relative to the bundle; those of others are names.
fn anchor_sources(spec: &mut Spec, bundle: &Path) {
    let Some(mut mounts) = spec.mounts().clone() else { return };
    let is_bind = |mount: &&mut oci_spec::runtime::Mount| {
        let has = |wanted: &str| mount.options().iter().flatten().any(|option| option == wanted);
        mount.typ().as_deref() == Some("bind") || has("bind") || has("rbind")
    };
    for mount in mounts.iter_mut().filter(is_bind) {
        let anchored = mount.source().as_ref().filter(|source| source.is_relative()).map(|source| bundle.join(source));
        if let Some(path) = anchored.filter(|path| path.exists()) {
            mount.set_source(Some(path));
        }
    }
    spec.set_mounts(Some(mounts));
}

/// Reads a file of a sane size.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, OciError> {
    use std::io::Read;
    let failed = |source| OciError::file("read", path, source);
    let mut text = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut text)).map_err(failed)?;
    Ok(text)
}

/// The specification in `text`. What this version of it does not know is left out and named.
fn decode(text: &[u8]) -> Result<(Spec, Vec<String>), serde_json::Error> {
    let refused = match serde_json::from_slice::<Spec>(text) {
        Ok(spec) => return Ok((without_empty_paths(spec), Vec::new())),
        Err(error) => error,
    };
    let mut value: Value = serde_json::from_slice(text)?;
    let mut warnings = Vec::new();
    let before = value.clone();
    if let Some(process) = value.get_mut("process") {
        soften(process, &mut warnings);
    }
    if value == before {
        return Err(refused);
    }
    Ok((without_empty_paths(serde_json::from_slice(&serde_json::to_vec(&value)?)?), warnings))
}

/// A namespace with an empty path is one without: engines written in Go do not tell them apart.
fn without_empty_paths(mut spec: Spec) -> Spec {
    let linux = spec.linux_mut().as_mut().and_then(|linux| linux.namespaces_mut().as_mut());
    for namespace in linux.into_iter().flatten() {
        if namespace.path().as_ref().is_some_and(|path| path.as_os_str().is_empty()) {
            namespace.set_path(None);
        }
    }
    spec
}

/// Takes capabilities that do not exist out of a process ("MUST be logged as a warning"), and makes the user that it does
/// not name root, as it is for programs that read a missing number as 0.
fn soften(process: &mut Value, warnings: &mut Vec<String>) {
    if let Some(fields) = process.as_object_mut() {
        let user = fields.entry("user").or_insert_with(|| Value::Object(serde_json::Map::new()));
        for id in ["uid", "gid"] {
            user.as_object_mut().map(|user| user.entry(id).or_insert_with(|| 0.into()));
        }
    }
    let sets = process.get_mut("capabilities").and_then(Value::as_object_mut);
    for set in sets.into_iter().flat_map(serde_json::Map::values_mut).filter_map(Value::as_array_mut) {
        set.retain(|name| {
            let known = name.as_str().is_some_and(|name| capabilities::from_name(name).is_some());
            if !known {
                warnings.push(format!("capability {name} is unknown and was ignored"));
            }
            known
        });
    }
}

/// A process as `exec --process` takes it, softened like a configuration.
pub(super) fn decode_process(text: &[u8]) -> Result<oci_spec::runtime::Process, serde_json::Error> {
    let refused = match serde_json::from_slice(text) {
        Ok(process) => return Ok(process),
        Err(error) => error,
    };
    let mut value: Value = serde_json::from_slice(text)?;
    let before = value.clone();
    soften(&mut value, &mut Vec::new());
    if value == before { Err(refused) } else { serde_json::from_slice(&serde_json::to_vec(&value)?) }
}

/// Refuses what the specification, or the kernel, says cannot be.
fn check(spec: &Spec) -> Result<(), OciError> {
    let wrong = |text: String| Err(OciError::Configuration(text));
    check_version(spec.version())?;
    if spec.root().is_none() {
        return wrong("\"root\" is required".to_owned());
    }
    if let Some(process) = spec.process() {
        check_process(process)?;
    }
    let Some(linux) = spec.linux() else { return wrong("\"linux\" is required".to_owned()) };
    check_namespaces(linux)?;
    if spec.hostname().as_ref().is_some_and(|name| !name.is_empty()) && !has(linux, LinuxNamespaceType::Uts) {
        return wrong("unable to set hostname without a private UTS namespace".to_owned());
    }
    if spec.domainname().as_ref().is_some_and(|name| !name.is_empty()) && !has(linux, LinuxNamespaceType::Uts) {
        return wrong("unable to set domainname without a private UTS namespace".to_owned());
    }
    check_seccomp(linux)?;
    if linux.intel_rdt().is_some() {
        return wrong("\"linux.intelRdt\" is not supported: this host has no resctrl file system for it".to_owned());
    }
    if linux.net_devices().as_ref().is_some_and(|devices| !devices.is_empty()) {
        return wrong("\"linux.netDevices\" is not supported".to_owned());
    }
    for mount in spec.mounts().iter().flatten() {
        if mount.destination().as_os_str().is_empty() {
            return wrong("a mount has no destination".to_owned());
        }
        if mount.uid_mappings().is_some() != mount.gid_mappings().is_some() {
            let shown = mount.destination().display();
            return wrong(format!("mount {shown:?} has only one of \"uidMappings\" and \"gidMappings\""));
        }
    }
    Ok(())
}

fn check_seccomp(linux: &Linux) -> Result<(), OciError> {
    let Some(seccomp) = linux.seccomp() else { return Ok(()) };
    let wrong = |error: SeccompError| OciError::Configuration(error.to_string());
    Profile::from_spec(seccomp).agent().map(drop).map_err(wrong)
}

fn check_version(version: &str) -> Result<(), OciError> {
    let mut parts = version.splitn(3, '.');
    let major = parts.next().and_then(|part| part.parse::<u32>().ok());
    let minor = parts.next().and_then(|part| part.parse::<u32>().ok());
    match (major, minor, parts.next()) {
        (Some(1), Some(_), Some(_)) => Ok(()),
        (Some(_), Some(_), Some(_)) => {
            Err(OciError::Configuration(format!("unsupported \"ociVersion\" {version:?}: this is a runtime for 1.x")))
        }
        _ => Err(OciError::Configuration(format!("\"ociVersion\" {version:?} is not in SemVer v2.0.0 format"))),
    }
}

/// Judges a process.
pub(super) fn check_process(process: &oci_spec::runtime::Process) -> Result<(), OciError> {
    let wrong = |text: String| Err(OciError::Configuration(text));
    if process.args().as_ref().is_none_or(Vec::is_empty) {
        return wrong("\"process.args\" must not be empty".to_owned());
    }
    if !process.cwd().is_absolute() {
        return wrong(format!("Cwd must be an absolute path: \"process.cwd\" is {:?}", process.cwd().display()));
    }
    // To the kernel it means "as it was", which is root (setresuid(2), chown(2)).
    let user = process.user();
    let mut ids = user.additional_gids().iter().flatten().copied().chain([user.uid(), user.gid()]);
    if ids.any(|id| id == u32::MAX) {
        return wrong(format!("\"process.user\" has {}, which is no id", u32::MAX));
    }
    for (at, limit) in process.rlimits().iter().flatten().enumerate() {
        let listed = process.rlimits().iter().flatten();
        if listed.take(at).any(|other| other.typ() == limit.typ()) {
            return wrong(format!("rlimit {} is listed twice", limit.typ()));
        }
    }
    Ok(())
}

fn check_namespaces(linux: &Linux) -> Result<(), OciError> {
    let wrong = |text: String| Err(OciError::Configuration(text));
    let listed = linux.namespaces().as_deref().unwrap_or_default();
    for (at, namespace) in listed.iter().enumerate() {
        if listed[..at].iter().any(|other| other.typ() == namespace.typ()) {
            return wrong(format!("malformed spec file: duplicated ns {:?}", namespace.typ().to_string()));
        }
        if let Some(path) = namespace.path() {
            if !path.is_absolute() {
                return wrong(format!("namespace path {:?} is not absolute", path.display()));
            }
            if let Err(error) = std::fs::metadata(path) {
                return wrong(format!("namespace path {:?}: {}", path.display(), Words(&error)));
            }
        }
    }
    let offsets = linux.time_offsets().as_ref().is_some_and(|offsets| !offsets.is_empty());
    let time = listed.iter().find(|namespace| namespace.typ() == LinuxNamespaceType::Time);
    match time {
        None if offsets => wrong("time namespace offsets specified, but time namespace isn't enabled".to_owned()),
        Some(time) if offsets && time.path().is_some() => {
            wrong("time namespace enabled, but both namespace path and time offsets specified".to_owned())
        }
        _ => Ok(()),
    }
}

/// Whether a namespace of this kind is listed.
pub(super) fn has(linux: &Linux, kind: LinuxNamespaceType) -> bool {
    linux.namespaces().iter().flatten().any(|namespace| namespace.typ() == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(change: impl FnOnce(&mut Value)) -> Result<Vec<String>, String> {
        let mut value = serde_json::json!({
            "ociVersion": "1.2.0",
            "root": {"path": "rootfs"},
            "process": {"cwd": "/", "args": ["true"], "user": {"uid": 0, "gid": 0}},
            "linux": {"namespaces": [{"type": "mount"}, {"type": "uts"}]},
        });
        change(&mut value);
        let (spec, warnings) = decode(&serde_json::to_vec(&value).unwrap()).map_err(|error| error.to_string())?;
        check(&spec).map_err(|error| error.to_string())?;
        Ok(warnings)
    }

    #[test]
    fn what_breaks_the_specification_is_refused() {
        assert_eq!(judged(|_| ()), Ok(vec![]));
        type Case = (fn(&mut Value), &'static str);
        let cases: &[Case] = &[
            (|value| value["ociVersion"] = "1.x".into(), "SemVer"),
            (|value| value["ociVersion"] = "2.0.0".into(), "runtime for 1.x"),
            (|value| value["process"]["args"] = serde_json::json!([]), "args"),
            (|value| value["process"]["cwd"] = "relative".into(), "Cwd must be an absolute path"),
            (|value| value["process"]["user"]["uid"] = u32::MAX.into(), "which is no id"),
            (|value| value["process"]["user"]["additionalGids"] = serde_json::json!([u32::MAX]), "which is no id"),
            (|value| value["linux"]["intelRdt"] = serde_json::json!({}), "intelRdt"),
            (|value| value["linux"]["netDevices"] = serde_json::json!({"eth0": {}}), "netDevices"),
            (
                |value| value["linux"]["namespaces"] = serde_json::json!([{"type": "uts"}, {"type": "uts"}]),
                "duplicated ns",
            ),
            (
                |value| {
                    value["hostname"] = "x".into();
                    value["linux"]["namespaces"] = serde_json::json!([]);
                },
                "UTS",
            ),
            (
                |value| value["linux"]["timeOffsets"] = serde_json::json!({"monotonic": {"secs": 1}}),
                "time namespace isn't enabled",
            ),
            (
                |value| value["linux"]["namespaces"] = serde_json::json!([{"type": "ipc", "path": "/no/such"}]),
                "no such file",
            ),
        ];
        for (change, expected) in cases {
            let error = judged(change).expect_err(expected);
            assert!(error.contains(expected), "{error}");
        }
    }

    /// All places in a value, as the keys that lead there.
    fn places(value: &Value, from: &[String]) -> Vec<Vec<String>> {
        let below: Vec<(String, &Value)> = match value {
            Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), value)).collect(),
            Value::Array(list) => list.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
            _ => Vec::new(),
        };
        let mut all = Vec::new();
        for (key, value) in below {
            let place = [from, &[key]].concat();
            all.extend(places(value, &place));
            all.push(place);
        }
        all
    }

    #[test]
    fn whatever_stands_where_is_read_or_refused() {
        let whole = serde_json::json!({
            "ociVersion": "1.2.0", "hostname": "a", "annotations": {"a": "b"},
            "root": {"path": "rootfs", "readonly": true},
            "process": {"cwd": "/", "args": ["true"], "env": ["A=b"], "user": {"uid": 0, "gid": 0, "umask": 18},
                "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 1, "hard": 2}], "oomScoreAdj": 1, "consoleSize": {"height": 1, "width": 2},
                "capabilities": {"bounding": ["CAP_CHOWN"]}, "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 1},
                "scheduler": {"policy": "SCHED_OTHER", "nice": 1}, "execCPUAffinity": {"initial": "0"}},
            "mounts": [{"destination": "/a", "type": "tmpfs", "source": "b", "options": ["ro"]}],
            "hooks": {"poststop": [{"path": "/a", "args": ["b"], "env": ["C=d"], "timeout": 1}]},
            "linux": {"namespaces": [{"type": "mount"}, {"type": "uts"}, {"type": "time"}], "timeOffsets": {"monotonic": {"secs": 1}},
                "uidMappings": [{"containerID": 0, "hostID": 1, "size": 1}], "sysctl": {"a": "b"}, "maskedPaths": ["/a"],
                "devices": [{"path": "/dev/a", "type": "c", "major": 1, "minor": 3, "fileMode": 438, "uid": 0, "gid": 0}],
                "resources": {"memory": {"limit": 1}, "pids": {"limit": 1}, "unified": {"a.b": "c"}, "cpu": {"shares": 1}},
                "seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]},
                "memoryPolicy": {"mode": "MPOL_LOCAL"}, "personality": {"domain": "LINUX"}, "rootfsPropagation": "private"},
        });
        let strange: [Value; 12] = [
            Value::Null,
            true.into(),
            (-1).into(),
            i64::MIN.into(),
            u64::MAX.into(),
            1.5.into(),
            "".into(),
            "\n\u{1b}[31m".into(),
            "a\0b".into(),
            serde_json::json!([]),
            serde_json::json!({}),
            serde_json::json!([null, {"a": [1]}]),
        ];
        for place in places(&whole, &[]) {
            for other in &strange {
                let _ = judged(|value| {
                    *value = whole.clone();
                    let found = place.iter().try_fold(value, |value, key| match value {
                        Value::Array(list) => list.get_mut(key.parse::<usize>().ok()?),
                        value => value.get_mut(key.as_str()),
                    });
                    *found.expect("the place is there") = other.clone();
                });
            }
        }
    }

    #[test]
    fn unknown_capabilities_are_a_warning() {
        let warnings = judged(|value| {
            value["process"]["capabilities"] = serde_json::json!({"bounding": ["CAP_CHOWN", "CAP_FUTURE"]});
        });
        assert_eq!(warnings.unwrap(), ["capability \"CAP_FUTURE\" is unknown and was ignored"]);
        assert!(judged(|value| value["process"]["user"] = "root".into()).is_err());
    }
}
