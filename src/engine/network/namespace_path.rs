//! `--network ns:PATH`: a network namespace by its file.
//!
//! Entering a network namespace takes rights over it, which its owning user namespace gives. A process in both is looked
//! for, and the container joins the two as it joins another container's; a user's own are `unshare --net`, containers,
//! and whatever else the user made.

use crate::engine::error::Error;
use crate::runtime::id_map::{IdMapping, IdMaps};
use crate::runtime::plan::JoinPlan;
use crate::store::containers::ProcessId;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Found {
    /// The network this process is in.
    Own,
    /// A process in that network, and the ids of its user namespace.
    Process(JoinPlan, IdMaps),
}

/// Looks for the namespace `path` is the file of.
///
/// # Errors
/// No such file; no process of this user in a user namespace of its own is in there.
pub(in crate::engine) fn find(path: &Path) -> Result<Found, Error> {
    let wanted = identity(path).map_err(|source| Error::File { operation: "find", path: path.to_owned(), source })?;
    let is = |path: &str, wanted: (u64, u64)| identity(Path::new(path)).is_ok_and(|found| found == wanted);
    if is("/proc/self/ns/net", wanted) {
        return Ok(Found::Own);
    }
    let own_user = identity(Path::new("/proc/self/ns/user")).unwrap_or_default();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    // Who is in a network made by another user namespace's owner could not be joined: its own is the one to try.
    let process = pids.find_map(|pid| {
        let is_there = is(&format!("/proc/{pid}/ns/net"), wanted) && !is(&format!("/proc/{pid}/ns/user"), own_user);
        Some((ProcessId::of(pid).filter(|_| is_there)?, id_maps(pid)?))
    });
    match process {
        Some((process, maps)) => {
            let join = JoinPlan {
                pid: process.pid,
                start_time: process.start_time,
                path: Some(path.to_owned()),
                ..JoinPlan::default()
            };
            Ok(Found::Process(join, maps))
        }
        None => Err(Error::BadRequest(format!(
            "cannot join network namespace \"{}\": no process of yours is in it together with the user namespace that owns it",
            path.display()
        ))),
    }
}

/// What tells one namespace from another (namespaces(7)).
fn identity(path: &Path) -> std::io::Result<(u64, u64)> {
    fs::metadata(path).map(|found| (found.dev(), found.ino()))
}

/// The ids of a process's user namespace, as this process sees them.
fn id_maps(pid: i32) -> Option<IdMaps> {
    let read = |kind: &str| {
        let text = fs::read_to_string(format!("/proc/{pid}/{kind}_map")).ok()?;
        let maps: Vec<IdMapping> = text.lines().filter_map(mapping).collect();
        (!maps.is_empty()).then_some(maps)
    };
    Some(IdMaps { uid: read("uid")?, gid: read("gid")? })
}

/// `INSIDE OUTSIDE COUNT` (user_namespaces(7)).
fn mapping(line: &str) -> Option<IdMapping> {
    let mut numbers = line.split_ascii_whitespace().map(|number| number.parse().ok());
    Some(IdMapping { container_id: numbers.next()??, host_id: numbers.next()??, size: numbers.next()?? })
}
