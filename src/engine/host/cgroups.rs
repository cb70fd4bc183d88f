//! Control groups: which version, and which part of the tree this user may use.
//!
//! Follows cgroups(7) and the kernel's cgroup-v2.rst, "Delegation": a user may make groups below its own where it can
//! write the directory and its `cgroup.procs`, and limit what they use by the controllers listed there.

use rustix::fs::Access;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Where control groups are mounted.
const ROOT: &str = "/sys/fs/cgroup";

/// The layout of control groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Version {
    /// Not mounted.
    None,
    /// One tree per controller.
    V1,
    /// One tree per controller, and a second version tree without controllers.
    Hybrid,
    /// One tree.
    V2,
}

/// Control groups as this process finds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cgroups {
    /// The layout.
    pub version: Version,
    /// This process's own group in the version 2 tree, where there is one.
    pub own: Option<PathBuf>,
    /// Controllers this user may use in a group of its own (version 2), or all there are (version 1).
    pub controllers: Vec<String>,
    /// Whether groups can be made below the own group.
    pub delegated: bool,
}

impl Cgroups {
    /// podman's word: `v1` or `v2`.
    pub fn version_word(&self) -> &'static str {
        if self.version == Version::V2 { "v2" } else { "v1" }
    }
}

/// Looks at the mounts below /sys/fs/cgroup and at this process's own group.
pub fn detect() -> Cgroups {
    let root = Path::new(ROOT);
    let own_text = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let version = if root.join("cgroup.controllers").exists() {
        Version::V2
    } else if root.join("unified/cgroup.procs").exists() {
        Version::Hybrid
    } else if std::fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_some()) {
        Version::V1
    } else {
        Version::None
    };
    let tree = match version {
        Version::V2 => Some(root.to_owned()),
        Version::Hybrid => Some(root.join("unified")),
        _ => None,
    };
    let own = tree.zip(unified_path(&own_text)).map(|(tree, path)| tree.join(path.trim_start_matches('/')));
    let delegated = own.as_deref().is_some_and(is_writable);
    let controllers = match (version, &own) {
        (Version::V2, Some(own)) => words(&own.join("cgroup.controllers")),
        (Version::V1 | Version::Hybrid, _) => first_version(&own_text),
        _ => Vec::new(),
    };
    Cgroups { version, own, controllers, delegated }
}

/// The `0::PATH` line of /proc/self/cgroup.
fn unified_path(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.strip_prefix("0::"))
}

/// The controllers of /proc/self/cgroup's version 1 lines (`N:cpu,cpuacct:PATH`), named hierarchies left out.
fn first_version(text: &str) -> Vec<String> {
    let mut names: Vec<String> = text
        .lines()
        .filter_map(|line| line.split(':').nth(1))
        .flat_map(|list| list.split(','))
        .filter(|name| !name.is_empty() && !name.contains('='))
        .map(str::to_owned)
        .collect();
    names.sort();
    names
}

fn words(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace().map(str::to_owned).collect()
}

fn is_writable(group: &Path) -> bool {
    let may_write = |path: &Path| rustix::fs::access(path, Access::WRITE_OK).is_ok();
    may_write(group) && may_write(&group.join("cgroup.procs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_groups_are_read_from_both_versions() {
        let text = "9:name=systemd:/x\n3:cpu,cpuacct:/\n2:memory:/y\n0::/user.slice/a\n";
        assert_eq!(unified_path(text), Some("/user.slice/a"));
        assert_eq!(first_version(text), ["cpu", "cpuacct", "memory"]);
        assert_eq!(unified_path("1:cpu:/\n"), None);
    }
}
