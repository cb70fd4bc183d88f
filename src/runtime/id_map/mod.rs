//! Which ids a container's user namespace maps, and writing those maps.
//!
//! Two levels, as podman-run(1) `--uidmap` describes them. The *intermediate* ids are what the user owns: 0 is the
//! user, 1 and up are the subordinate ids in the order of the files ([`HostIds::intermediate`]); for the real root they
//! are simply every id the calling namespace has. `--userns` and `--uidmap` map *container* ids to intermediate
//! ids. [`plan()`] composes both into one map from container to host ids, because coracle has no intermediate namespace.
//!
//! ```text
//! HostIds::detect()  reads the host          (files, helpers, capabilities)
//! plan()             pure                    (modes, --uidmap, overlap checks, merging)
//! begin(), finish()  newuidmap and newgidmap at the same time, or /proc/PID/{uid,gid}_map directly
//! ```
//!
//! What must stay true (user_namespaces(7)): the kernel takes at most 340 lines and less than one page of text, no id
//! may be mapped twice on either side, no line may span two lines of the calling namespace's own map, and an unprivileged process may itself write only its own id, for groups
//! only after `deny` was written to /proc/PID/setgroups. After that no process inside can change its supplementary
//! groups: those of the caller stay (as the overflow group), which is also what `--group-add keep-groups` relies on.

mod error;
mod host;
mod newuidmap;
mod plan;
mod syntax;
#[cfg(test)]
mod tests;
mod write;

pub use error::IdMapError;
pub use host::{HostIds, Shortage};
pub use newuidmap::HelperProblem;
pub use plan::{Mode, Plan, Pool, Wish, plan};
pub use write::{Writing, begin, write};

use super::subordinate::{IdKind, IdRange};
use oci_spec::runtime::{LinuxIdMapping, LinuxIdMappingBuilder};
use serde::{Deserialize, Serialize};

/// One line of a map: `size` consecutive ids from `container_id` are the ids from `host_id` outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdMapping {
    /// First id inside the namespace.
    pub container_id: u32,
    /// First id outside, as the process that creates the namespace sees it.
    pub host_id: u32,
    /// Number of ids.
    pub size: u32,
}

impl IdMapping {
    /// The ids inside.
    pub fn container(self) -> IdRange {
        IdRange { start: self.container_id, size: self.size }
    }

    /// The ids outside.
    pub fn host(self) -> IdRange {
        IdRange { start: self.host_id, size: self.size }
    }
}

/// Both maps of a user namespace, sorted by container id, adjacent lines merged where the kernel takes that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdMaps {
    /// User ids.
    pub uid: Vec<IdMapping>,
    /// Group ids.
    pub gid: Vec<IdMapping>,
}

impl IdMaps {
    /// The map that needs no privilege at all: one user and one group.
    pub fn one_id(uid: (u32, u32), gid: (u32, u32)) -> Self {
        let line = |(container_id, host_id)| vec![IdMapping { container_id, host_id, size: 1 }];
        IdMaps { uid: line(uid), gid: line(gid) }
    }

    /// The map of one kind.
    pub fn of(&self, kind: IdKind) -> &[IdMapping] {
        match kind {
            IdKind::Uid => &self.uid,
            IdKind::Gid => &self.gid,
        }
    }

    /// The id outside that a container id stands for; `None` when it is not mapped.
    pub fn to_host(&self, kind: IdKind, container_id: u32) -> Option<u32> {
        let line = self.of(kind).iter().find(|line| line.container().contains(container_id))?;
        line.host_id.checked_add(container_id - line.container_id)
    }

    /// The container id that an id outside appears as; `None` when it is not mapped.
    pub fn to_container(&self, kind: IdKind, host_id: u32) -> Option<u32> {
        let line = self.of(kind).iter().find(|line| line.host().contains(host_id))?;
        line.container_id.checked_add(host_id - line.host_id)
    }

    /// The mapped container ids, ascending and disjoint.
    pub fn container_ranges(&self, kind: IdKind) -> Vec<IdRange> {
        self.of(kind).iter().map(|line| line.container()).collect()
    }

    /// The map of one kind in the words of the runtime specification (`linux.uidMappings`).
    pub fn to_spec(&self, kind: IdKind) -> Vec<LinuxIdMapping> {
        self.of(kind)
            .iter()
            .filter_map(|line| {
                LinuxIdMappingBuilder::default()
                    .container_id(line.container_id)
                    .host_id(line.host_id)
                    .size(line.size)
                    .build()
                    .ok()
            })
            .collect()
    }
}

/// The lines as the kernel reads them.
fn render(map: &[IdMapping]) -> String {
    map.iter().map(|line| format!("{} {} {}\n", line.container_id, line.host_id, line.size)).collect()
}

/// Sorts by container id and joins lines that continue each other on both sides.
fn merge(mut map: Vec<IdMapping>) -> Vec<IdMapping> {
    map.sort_by_key(|line| line.container_id);
    let mut merged: Vec<IdMapping> = Vec::with_capacity(map.len());
    for line in map {
        match merged.last_mut() {
            Some(last)
                if last.container().end() == u64::from(line.container_id)
                    && last.host().end() == u64::from(line.host_id)
                    && last.size.checked_add(line.size).is_some() =>
            {
                last.size += line.size;
            }
            _ => merged.push(line),
        }
    }
    merged
}
