//! Which control group a container gets, and making it.

use super::error::OciError;
use crate::runtime::cgroup::{Group, Hierarchy};
use oci_spec::runtime::{LinuxResources, Spec};
use std::path::{Path, PathBuf};

/// Who makes control groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manager {
    /// This program, by making directories.
    #[default]
    Files,
    /// The host's systemd (`--systemd-cgroup`).
    Systemd,
    /// Nobody: the container stays in the caller's group.
    Disabled,
}

/// Makes the group of a new container and sets its limits; what is not enforced is told to `warn`.
pub(super) fn make(
    manager: Manager,
    spec: &Spec,
    container: &super::Container,
    warn: &dyn Fn(&str),
) -> Result<Option<Group>, OciError> {
    let linux = spec.linux().as_ref();
    let resources = linux.and_then(|linux| linux.resources().as_ref());
    let wish = linux.and_then(|linux| linux.cgroups_path().as_deref());
    if manager == Manager::Disabled {
        return Ok(None);
    }
    let Some(hierarchy) = Hierarchy::find() else {
        if has_limits(resources) {
            warn("limits are not enforced: this host has no control groups of version 2");
        }
        return Ok(None);
    };
    let path = path(manager, wish, container, &hierarchy);
    let Some(group) = Group::create(&hierarchy, &path)? else {
        if has_limits(resources) {
            warn("limits are not enforced: this user may not make control groups");
        }
        return Ok(None);
    };
    if let Some(resources) = resources {
        let notes = match group.apply(resources) {
            Ok(notes) => notes,
            Err(error) => {
                let _ = group.remove(); // the first error is the one to tell
                return Err(error.into());
            }
        };
        let devices = group.limit_devices(resources).err().filter(|_| rustix::process::geteuid().is_root());
        notes.iter().chain(&devices).for_each(|note| warn(note));
    }
    Ok(Some(group))
}

/// Whether there is a limit whose absence somebody would want to know of.
fn has_limits(resources: Option<&LinuxResources>) -> bool {
    resources.is_some_and(|resources| {
        resources.memory().as_ref().is_some_and(|memory| memory.limit().is_some())
            || resources.cpu().as_ref().is_some_and(|cpu| cpu.quota().is_some_and(|quota| quota > 0))
            || resources.pids().as_ref().is_some_and(|pids| pids.limit() > 0)
            || resources.unified().as_ref().is_some_and(|unified| !unified.is_empty())
    })
}

/// The path in the hierarchy: the one of the configuration, else one named for the container, below the caller's own
/// group unless that caller may write the first.
fn path(manager: Manager, wish: Option<&Path>, container: &super::Container, hierarchy: &Hierarchy) -> PathBuf {
    let id = container.record.id.as_str();
    // The same ID may be in use below another directory of states.
    let name = format!("{id}-{:08x}", fingerprint(&container.directory));
    match wish.filter(|path| !path.as_os_str().is_empty()) {
        // SLICE:PREFIX:NAME, which an engine gives for systemd.
        Some(path) if manager == Manager::Systemd || path.to_string_lossy().matches(':').count() == 2 => {
            scope_path(&path.to_string_lossy(), id)
        }
        Some(path) if path.is_absolute() => path.to_owned(),
        Some(path) => Path::new("/").join(path),
        None if rustix::process::geteuid().is_root() => PathBuf::from(format!("/coracle-oci-{name}")),
        None => hierarchy.own().join(format!("coracle-oci-{name}")),
    }
}

/// A short number for a path (FNV-1a).
fn fingerprint(path: &Path) -> u32 {
    use std::os::unix::ffi::OsStrExt;
    let bytes = path.as_os_str().as_bytes().iter();
    bytes.fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// Where systemd keeps the scope of `SLICE:PREFIX:NAME` (systemd.slice(5): a dash in a slice's name is a level).
fn scope_path(text: &str, id: &str) -> PathBuf {
    let mut parts = text.splitn(3, ':');
    let (slice, prefix, name) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""), parts.next().unwrap_or(id));
    let slice = if slice.is_empty() { "system.slice" } else { slice };
    let mut path = PathBuf::from("/");
    let stem = slice.strip_suffix(".slice").unwrap_or(slice);
    if stem != "-" {
        for (at, _) in stem.match_indices('-') {
            path.push(format!("{}.slice", &stem[..at]));
        }
        path.push(format!("{stem}.slice"));
    }
    let name = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}-{name}") };
    path.join(if name.ends_with(".scope") { name } else { format!("{name}.scope") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_lie_in_their_slices() {
        let cases = [
            ("machine.slice:libpod:abc", "/machine.slice/libpod-abc.scope"),
            ("kubepods-burstable.slice:cri:x", "/kubepods.slice/kubepods-burstable.slice/cri-x.scope"),
            ("::abc", "/system.slice/abc.scope"),
            ("-.slice:runc:abc", "/runc-abc.scope"),
        ];
        for (text, expected) in cases {
            assert_eq!(scope_path(text, "id"), PathBuf::from(expected), "{text}");
        }
    }
}
