//! Writing the maps of a process that waits in its new user namespace.

use super::super::subordinate::IdKind;
use super::{HostIds, IdMapError, IdMapping, IdMaps, render};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Writes both maps of process `pid`, a child of this one that has just entered a new user namespace: [`begin`] and
/// [`Writing::finish`] in one.
///
/// # Errors
/// As those two.
pub fn write(pid: u32, maps: &IdMaps, host: &HostIds) -> Result<(), IdMapError> {
    begin(pid, maps, host)?.finish()
}

/// Helpers at work. They take a few milliseconds, which the caller can use.
#[must_use = "the helpers must be awaited"]
pub struct Writing {
    users: Option<Running>,
    groups: Option<Running>,
}

/// Begins to write both maps of process `pid`.
///
/// A map of the caller's own id alone, and any map when the caller is privileged, is written directly; all others by
/// newuidmap and newgidmap, started together. Nobody else may reap this process's children until
/// [`Writing::finish`].
///
/// # Errors
/// No usable helper, or the kernel's refusal of a direct write. A map that was not written can be tried again with
/// another one ([`HostIds::degraded`]).
pub fn begin(pid: u32, maps: &IdMaps, host: &HostIds) -> Result<Writing, IdMapError> {
    let users = start(pid, IdKind::Uid, maps, host)?;
    match start(pid, IdKind::Gid, maps, host) {
        Ok(groups) => Ok(Writing { users, groups }),
        Err(error) => {
            // The helper already running is awaited, so that it is not left behind; the first error is the one to tell.
            let _ = Writing { users, groups: None }.finish();
            Err(error)
        }
    }
}

impl Writing {
    /// Waits until both maps are written.
    ///
    /// # Errors
    /// A helper's refusal with what it said.
    pub fn finish(self) -> Result<(), IdMapError> {
        let users = self.users.map_or(Ok(()), finish);
        let groups = self.groups.map_or(Ok(()), finish);
        users.and(groups)
    }
}

struct Running {
    path: PathBuf,
    child: Child,
}

/// Writes the map directly and returns `None`, or starts the helper.
fn start(pid: u32, kind: IdKind, maps: &IdMaps, host: &HostIds) -> Result<Option<Running>, IdMapError> {
    let map = maps.of(kind);
    let process = Path::new("/proc").join(pid.to_string());
    if host.privileged {
        return put(process.join(kind.map_file()), &render(map)).map(|()| None);
    }
    if matches!(map, [line] if line.size == 1 && line.host_id == host.own(kind)) {
        if kind == IdKind::Gid {
            deny_setgroups(&process)?;
        }
        return put(process.join(kind.map_file()), &render(map)).map(|()| None);
    }
    let helper = if kind == IdKind::Uid { &host.uid_helper } else { &host.gid_helper };
    let path = helper.clone().ok_or(IdMapError::NoHelper { kind })?;
    run(path, pid, map).map(Some)
}

/// Kernels before 3.19 have no such file, and need none.
fn deny_setgroups(process: &Path) -> Result<(), IdMapError> {
    let path = process.join("setgroups");
    if path.exists() { put(path, "deny") } else { Ok(()) }
}

/// The kernel wants the whole text in one write; it is below a page, which `std::fs::write` passes in one.
fn put(path: PathBuf, text: &str) -> Result<(), IdMapError> {
    std::fs::write(&path, text).map_err(|source| IdMapError::Write { path, source })
}

fn run(path: PathBuf, pid: u32, map: &[IdMapping]) -> Result<Running, IdMapError> {
    let mut command = Command::new(&path);
    command.arg(pid.to_string());
    for line in map {
        command.args([line.container_id.to_string(), line.host_id.to_string(), line.size.to_string()]);
    }
    command.env("LC_ALL", "C").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    match command.spawn() {
        Ok(child) => Ok(Running { path, child }),
        Err(source) => Err(IdMapError::HelperStart { path, source }),
    }
}

fn finish(running: Running) -> Result<(), IdMapError> {
    let Running { path, child } = running;
    let output = match child.wait_with_output() {
        Ok(output) => output,
        Err(source) => return Err(IdMapError::HelperStart { path, source }),
    };
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().map(str::trim).find(|line| !line.is_empty());
    let said = first.map_or_else(|| output.status.to_string(), |line| line.escape_debug().to_string());
    Err(IdMapError::HelperRefused { path, said })
}
