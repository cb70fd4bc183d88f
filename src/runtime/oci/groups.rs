//! Which control group a container gets, and making it.

use super::error::OciError;
use crate::runtime::cgroup::{Group, GroupError, Hierarchy, Scope};
use oci_spec::runtime::{LinuxResources, Spec};
use std::path::{Component, Path, PathBuf};

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

/// Levels above a group of root's that was not named, which go when nobody uses them.
const OWN_LEVELS: usize = 2;

/// Makes the group of a new container and sets its limits; what is not enforced is told to `warn`.
pub(super) fn make(
    manager: Manager,
    spec: &Spec,
    container: &super::Container,
    warn: &dyn Fn(&str),
) -> Result<Option<Group>, OciError> {
    let linux = spec.linux().as_ref();
    let resources = linux.and_then(|linux| linux.resources().as_ref());
    let wish = linux.and_then(|linux| linux.cgroups_path().as_deref()).filter(|path| names_a_group(path));
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
    let created = match Group::create(&hierarchy, &path) {
        // Engines put several containers into one group of a pod, and runc warns of it.
        Err(error @ GroupError::NotEmpty(_)) => {
            warn(&error.to_string());
            Some(Group::shared(&hierarchy, &path))
        }
        created => created?,
    };
    let Some(mut group) = created else {
        if has_limits(resources) {
            warn("limits are not enforced: this user may not make control groups");
        }
        return Ok(None);
    };
    if group.is_old() && group.is_frozen() {
        return Err(GroupError::Contradiction("container's cgroup unexpectedly frozen".to_owned()).into());
    }
    if wish.is_none() && rustix::process::geteuid().is_root() {
        group.claim_parents(OWN_LEVELS);
    }
    if let Some(resources) = resources
        && let Err(error) = limit(&group, resources, warn)
    {
        let _ = group.remove(); // the first error is the one to tell
        return Err(error);
    }
    Ok(Some(group))
}

/// Writes limits and device rules; what is not enforced is told.
fn limit(group: &Group, resources: &LinuxResources, warn: &dyn Fn(&str)) -> Result<(), OciError> {
    group.check_unified(resources)?;
    let notes = group.apply(resources)?;
    let devices = group.limit_devices(resources).err().filter(|_| rustix::process::geteuid().is_root());
    notes.iter().chain(&devices).for_each(|note| warn(note));
    Ok(())
}

/// The scope of systemd that a new container gets, where engine and host want one.
pub(super) fn scope(manager: Manager, spec: &Spec, container: &super::Container) -> Option<Scope> {
    let wish = spec.linux().as_ref().and_then(|linux| linux.cgroups_path().as_deref());
    let wish = wish.and_then(Path::to_str).unwrap_or_default();
    // systemd has its own tree elsewhere on hosts with both versions.
    Hierarchy::find().filter(|hierarchy| !hierarchy.is_beside_first_version())?;
    let is_wanted = manager == Manager::Systemd && (wish.is_empty() || wish.matches(':').count() == 2);
    is_wanted.then(|| Scope::of(wish, &container.record.id)).flatten()
}

/// Has systemd make the scope with the container's first process in it, and sets its limits.
pub(super) fn start_scope(scope: &Scope, pid: i32, spec: &Spec, warn: &dyn Fn(&str)) -> Result<Group, OciError> {
    let failed = |error| OciError::system(format!("unable to start unit {:?}", scope.name), error);
    let group = scope.start(pid, spec).map_err(failed)?;
    if let Some(resources) = spec.linux().as_ref().and_then(|linux| linux.resources().as_ref()) {
        limit(&group, resources, warn)?;
    }
    Ok(group)
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
    match wish {
        // SLICE:PREFIX:NAME, which an engine gives for systemd.
        Some(path) if manager == Manager::Systemd || path.to_string_lossy().matches(':').count() == 2 => {
            scope_path(&path.to_string_lossy(), id)
        }
        Some(path) if path.is_absolute() => path.to_owned(),
        Some(path) => Path::new("/").join(path),
        None if rustix::process::geteuid().is_root() => {
            PathBuf::from(format!("/coracle-oci/{:08x}/{id}", fingerprint(&container.directory)))
        }
        None => hierarchy.own().join(format!("coracle-oci-{name}")),
    }
}

/// Whether a path leads to a group below the root: limits and device rules of that would be the whole machine's.
fn names_a_group(path: &Path) -> bool {
    path.components().any(|component| matches!(component, Component::Normal(_)))
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
    fn the_root_of_all_groups_is_nobodys_group() {
        for path in ["", "/", "//", "/.", "..", "/../.."] {
            assert!(!names_a_group(Path::new(path)), "{path}");
        }
        assert!(names_a_group(Path::new("/pod/one")) && names_a_group(Path::new("system.slice:runc:a")));
    }

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
