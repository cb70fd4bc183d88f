//! Control groups of version 2 (cgroups(7), the kernel's `Documentation/admin-guide/cgroup-v2.rst`).
//!
//! ```text
//! Hierarchy::find()          where cgroup2 is mounted; None on hosts that have version 1 alone
//! Group::create(..)          directories made, controllers switched on as far as the caller may
//! group.apply(resources)     limits written; what could not be is returned in words
//! group.enter(pid)           a process moves in; everything it forks follows
//! group.freeze, kill, processes, remove
//! ```
//!
//! What must stay true: lacking a hierarchy, a controller or permission is no error, since most users of shared machines
//! have none of them; it is a sentence for the caller to show. A value that the kernel refuses although the file is there is
//! an error. Only directories made here are removed.

mod devices;
mod fork;
mod limits;
mod place;
mod scope;
mod stats;
mod systemd;

pub use fork::{fork_at_home, fork_into_own};
pub use limits::{Setting, settings};
pub use place::{Placed, make};
pub use scope::Scope;

use crate::sys::bpf;
use crate::sys::errno::Words;
use oci_spec::runtime::LinuxResources;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, Instant};

/// `CGROUP2_SUPER_MAGIC` (include/uapi/linux/magic.h).
const CGROUP2: u64 = 0x6367_7270;

/// How long an emptied group is waited for: the kernel takes its processes apart after their end.
const EMPTY_WITHIN: Duration = Duration::from_secs(10);

/// How often the directories of a path are made when others remove the empty ones among them.
const CREATE_ATTEMPTS: usize = 16;

/// A group could not be made, changed or removed.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// A file or directory of the hierarchy.
    #[error("cannot {what} control group {:?}: {}", .path.display().to_string(), Words(.source))]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The group belongs to somebody else.
    #[error("container's cgroup is not empty: {0:?} has processes")]
    NotEmpty(String),
    /// Limits that contradict each other, or the present use.
    #[error("{0}")]
    Contradiction(String),
    /// A file of a controller that is there.
    #[error(
        "the file {file:?} does not exist although the controller `{controller}` is available: no such file or directory"
    )]
    Unknown {
        /// Of the limits' `unified`.
        file: String,
        /// What its name begins with.
        controller: String,
    },
    /// Processes that cannot be stopped: they wait in the kernel for something that does not come.
    #[error("cannot freeze control group {:?}: its processes do not stop", .0.display().to_string())]
    Busy(PathBuf),
    /// There is no group to act on.
    #[error("cannot {0}: the container has no control group of its own")]
    None(&'static str),
}

/// The mounted hierarchy.
#[derive(Clone, Debug)]
pub struct Hierarchy {
    mount: PathBuf,
}

impl Hierarchy {
    /// Where cgroup2 is mounted: alone, or beside version 1 (`hybrid`).
    pub fn find() -> Option<Self> {
        let candidates = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
        let mount = candidates.into_iter().find(|path| {
            rustix::fs::statfs(*path).is_ok_and(|status| u64::try_from(status.f_type).ok() == Some(CGROUP2))
        })?;
        Some(Hierarchy { mount: mount.into() })
    }

    /// Whether controllers may be bound to version 1, whose tree is mounted beside this one.
    pub fn is_beside_first_version(&self) -> bool {
        self.mount.ends_with("unified")
    }

    /// The group this process is in, relative to the mount.
    pub fn own(&self) -> PathBuf {
        let text = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let path = text.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/");
        PathBuf::from(path)
    }

    /// The directory of a path in the hierarchy; steps up are left out.
    fn directory(&self, path: &Path) -> PathBuf {
        let normal = path.components().filter(|component| matches!(component, Component::Normal(_)));
        self.mount.join(normal.collect::<PathBuf>())
    }
}

/// The group that this process is in.
pub fn own() -> Option<Group> {
    let hierarchy = Hierarchy::find()?;
    Some(Group::at(hierarchy.directory(&hierarchy.own())))
}

/// A group of its own for one container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its directory.
    directory: PathBuf,
    /// Directories made for it, outermost first.
    made: Vec<PathBuf>,
    /// Somebody else's processes are in it, too.
    #[serde(default)]
    is_shared: bool,
}

/// Whether making a directory or writing a file failed for want of permission or support, which is nobody's mistake.
fn is_denied(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{NotFound, PermissionDenied, ReadOnlyFilesystem};
    matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem | NotFound)
        || matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EBUSY | libc::ENODEV))
}

/// Why a limit does not hold, in words that engines do not look for: they read "permission denied" and "no such file" anywhere
/// in what a runtime says as a failure of the container's command.
fn reason(error: &std::io::Error) -> String {
    match (error.kind(), error.raw_os_error()) {
        (std::io::ErrorKind::NotFound, _) => "the host has no such controller here".to_owned(),
        (std::io::ErrorKind::PermissionDenied, _) | (_, Some(libc::EPERM)) => "this user may not set it".to_owned(),
        _ => Words(error).to_string(),
    }
}

impl Group {
    /// Makes the group `path` of `hierarchy`; `None` where the caller may not.
    ///
    /// # Errors
    /// The group exists and has processes; anything but a want of permission.
    pub fn create(hierarchy: &Hierarchy, path: &Path) -> Result<Option<Self>, GroupError> {
        for _ in 0..CREATE_ATTEMPTS {
            match Group::try_create(hierarchy, path) {
                // Somebody removed a directory above, which was empty until now.
                Err(GroupError::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {}
                result => return result,
            }
        }
        Ok(None)
    }

    fn try_create(hierarchy: &Hierarchy, path: &Path) -> Result<Option<Self>, GroupError> {
        let directory = hierarchy.directory(path);
        let mut made = Vec::new();
        let below = directory.strip_prefix(&hierarchy.mount).unwrap_or(Path::new(""));
        let mut reached = hierarchy.mount.clone();
        for name in below.components() {
            enable_controllers(&reached);
            reached.push(name);
            match std::fs::create_dir(&reached) {
                Ok(()) => made.push(reached.clone()),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    Group { directory, made, is_shared: false }.remove_directories();
                    return match is_denied(&error) && error.kind() != std::io::ErrorKind::NotFound {
                        true => Ok(None),
                        false => Err(GroupError::File { what: "create", path: reached, source: error }),
                    };
                }
            }
        }
        let group = Group { directory, made, is_shared: false };
        if group.made.is_empty() && group.is_populated() {
            return Err(GroupError::NotEmpty(path.display().to_string()));
        }
        Ok(Some(group))
    }

    /// Moves a process in, 0 being this one.
    ///
    /// # Errors
    /// The kernel's refusal.
    pub fn enter(&self, pid: i32) -> Result<(), GroupError> {
        self.write("cgroup.procs", &pid.to_string())
    }

    /// Opens its directory, for `clone3(2)` to start processes in it.
    ///
    /// # Errors
    /// The kernel's.
    pub fn open(&self) -> Result<std::os::fd::OwnedFd, Errno> {
        rustix::fs::open(&self.directory, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
    }

    /// The group that a process is in; `None` when it has ended.
    pub fn of_process(hierarchy: &Hierarchy, pid: i32) -> Option<Self> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
        let path = text.lines().find_map(|line| line.strip_prefix("0::"))?;
        Some(Group::at(hierarchy.directory(Path::new(path))))
    }

    /// The group of a directory that was made before.
    pub fn at(directory: PathBuf) -> Self {
        Group { directory, made: Vec::new(), is_shared: false }
    }

    /// The group `path`, which others use, too: nothing of it is killed or removed with the container.
    pub fn shared(hierarchy: &Hierarchy, path: &Path) -> Self {
        Group { directory: hierarchy.directory(path), made: Vec::new(), is_shared: true }
    }

    /// Whether others use it, too.
    pub fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// Whether it was there before its container.
    pub fn is_old(&self) -> bool {
        self.made.last() != Some(&self.directory)
    }

    /// Has as many directories above it removed with it as nobody else uses by then.
    pub fn claim_parents(&mut self, count: usize) {
        let parents: Vec<PathBuf> = self.directory.ancestors().skip(1).take(count).map(Path::to_owned).collect();
        for parent in parents.into_iter().rev().filter(|parent| !self.made.contains(parent)).collect::<Vec<_>>() {
            self.made.insert(0, parent);
        }
        self.made.sort_by_key(|directory| directory.components().count());
    }

    /// A group below this one that `path` names, which may not lead out of it.
    pub fn below(&self, path: &Path) -> Option<Self> {
        let mut directory = self.directory.clone();
        for component in path.components() {
            match component {
                Component::Normal(name) => directory.push(name),
                Component::RootDir | Component::CurDir => {}
                _ => return None,
            }
        }
        Some(Group::at(directory))
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Writes limits. What cannot be enforced here is returned in words.
    ///
    /// # Errors
    /// Limits that contradict each other, and values the kernel refuses.
    pub fn apply(&self, resources: &LinuxResources) -> Result<Vec<String>, GroupError> {
        limits::check_memory(resources, self.number("memory.current"))?;
        let mut notes = Vec::new();
        for setting in settings(resources)? {
            if let Err(error) = self.set(&setting) {
                match &error {
                    GroupError::File { source, .. } if is_denied(source) => {
                        notes.push(format!("{} is not enforced: {}", setting.what, reason(source)));
                    }
                    _ => return Err(error),
                }
            }
        }
        notes.dedup();
        Ok(notes)
    }

    /// Refuses files of `unified` that a controller of this group does not have. A controller that is missing is the host's matter,
    /// and told by [`Group::apply`]; a file that it has not is a mistake.
    ///
    /// # Errors
    /// There is such a file.
    pub fn check_unified(&self, resources: &LinuxResources) -> Result<(), GroupError> {
        let available = std::fs::read_to_string(self.directory.join("cgroup.controllers")).unwrap_or_default();
        let mut files: Vec<&String> = resources.unified().iter().flatten().map(|(file, _)| file).collect();
        files.sort();
        for file in files {
            let controller = file.split('.').next().unwrap_or_default();
            let is_available = available.split_ascii_whitespace().any(|name| name == controller);
            let is_plain = !file.contains('/');
            if is_plain && (is_available || controller == "cgroup") && !self.directory.join(file).exists() {
                return Err(GroupError::Unknown { file: file.clone(), controller: controller.to_owned() });
            }
        }
        Ok(())
    }

    fn set(&self, setting: &Setting) -> Result<(), GroupError> {
        match &setting.instead {
            Some((file, value)) if !self.directory.join(&setting.file).exists() => self.write(file, value),
            _ => self.write(&setting.file, &setting.value),
        }
    }

    /// Has a program judge the opening of devices. Whether the caller may; root outside user namespaces may.
    pub fn limit_devices(&self, resources: &LinuxResources) -> Result<(), String> {
        let Some(rules) = resources.devices().as_ref().filter(|rules| !rules.is_empty()) else { return Ok(()) };
        let program = devices::program(rules);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::open(&self.directory, flags, Mode::empty())
            .and_then(|group| bpf::attach_device_program(group, bpf::load_device_program(&program)?))
            .map_err(|error| format!("device rules are not enforced: {}", reason(&error.into())))
    }

    /// Freezes or thaws all processes, and waits until that is so.
    ///
    /// # Errors
    /// The kernel's refusal; processes that do not stop, in which case all go on.
    pub fn freeze(&self, frozen: bool) -> Result<(), GroupError> {
        self.write("cgroup.freeze", if frozen { "1" } else { "0" })?;
        if !self.wait_for(if frozen { "frozen 1" } else { "frozen 0" }) && frozen {
            self.write("cgroup.freeze", "0")?;
            return Err(GroupError::Busy(self.directory.clone()));
        }
        Ok(())
    }

    /// Whether it is frozen.
    pub fn is_frozen(&self) -> bool {
        std::fs::read_to_string(self.directory.join("cgroup.freeze")).is_ok_and(|text| text.trim() == "1")
    }

    /// Processes in it and in groups below.
    pub fn processes(&self) -> Vec<i32> {
        let mut pids = Vec::new();
        let mut pending = vec![self.directory.clone()];
        while let Some(directory) = pending.pop() {
            let text = std::fs::read_to_string(directory.join("cgroup.procs")).unwrap_or_default();
            pids.extend(text.lines().filter_map(|line| line.parse::<i32>().ok()).filter(|pid| *pid > 0));
            pending.extend(directories_in(&directory));
        }
        pids.sort_unstable();
        pids
    }

    /// Kills everything in it.
    pub fn kill(&self) {
        if self.is_shared {
            return;
        }
        if self.write("cgroup.kill", "1").is_ok() {
            return;
        }
        // Before Linux 5.14; processes that fork meanwhile are met in the next round.
        while !self.processes().is_empty() {
            let pids = self.processes();
            for pid in pids.into_iter().filter_map(rustix::process::Pid::from_raw) {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL); // it may just have ended
            }
            if self.wait_for("populated 0") {
                return;
            }
        }
    }

    /// Kills what is left in it and removes what was made for it.
    ///
    /// # Errors
    /// The group itself cannot be removed.
    pub fn remove(&self) -> Result<(), GroupError> {
        if self.is_shared {
            let _ = std::fs::remove_dir(&self.directory); // the last one to leave
            return Ok(());
        }
        if self.is_populated() {
            self.kill();
            self.wait_for("populated 0");
        }
        let mut below = vec![self.directory.clone()];
        let mut order = Vec::new();
        while let Some(directory) = below.pop() {
            below.extend(directories_in(&directory));
            order.push(directory);
        }
        for directory in order.iter().rev() {
            match std::fs::remove_dir(directory) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(GroupError::File { what: "remove", path: directory.clone(), source: error });
                }
                _ => {}
            }
        }
        self.remove_directories();
        Ok(())
    }

    /// Removes the directories made above it that nobody else uses.
    fn remove_directories(&self) {
        for directory in self.made.iter().rev() {
            let _ = std::fs::remove_dir(directory); // others may have groups in it by now
        }
    }

    fn is_populated(&self) -> bool {
        let text = std::fs::read_to_string(self.directory.join("cgroup.events")).unwrap_or_default();
        text.lines().any(|line| line == "populated 1")
    }

    /// Waits until `cgroup.events` has a line; whether it came.
    fn wait_for(&self, line: &str) -> bool {
        let until = Instant::now() + EMPTY_WITHIN;
        let Ok(events) =
            rustix::fs::open(self.directory.join("cgroup.events"), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        else {
            return true;
        };
        loop {
            let mut text = [0; 512];
            // A group that is gone has no processes.
            let Ok(length) = rustix::io::pread(&events, &mut text, 0) else { return true };
            if text[..length].split(|byte| *byte == b'\n').any(|found| found == line.as_bytes()) {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let left = Timespec { tv_sec: left.as_secs().try_into().unwrap_or(0), tv_nsec: left.subsec_nanos().into() };
            match poll(&mut [PollFd::new(&events, PollFlags::PRI)], Some(&left)) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => return false,
            }
        }
    }

    fn number(&self, file: &str) -> Option<u64> {
        std::fs::read_to_string(self.directory.join(file)).ok()?.trim().parse().ok()
    }

    fn write(&self, file: &str, value: &str) -> Result<(), GroupError> {
        let path = self.directory.join(file);
        // Never created: a file that is not there is a controller that is not.
        std::fs::OpenOptions::new()
            .write(true)
            .open(&path)
            .and_then(|mut file| std::io::Write::write_all(&mut file, value.as_bytes()))
            .map_err(|source| GroupError::File { what: "write", path, source })
    }
}

/// Switches on, for the groups in `directory`, every controller that is there, as far as the caller may.
fn enable_controllers(directory: &Path) {
    let available = std::fs::read_to_string(directory.join("cgroup.controllers")).unwrap_or_default();
    let enabled = std::fs::read_to_string(directory.join("cgroup.subtree_control")).unwrap_or_default();
    let is_enabled = |name: &str| enabled.split_ascii_whitespace().any(|other| other == name);
    for controller in available.split_ascii_whitespace().filter(|name| !is_enabled(name)) {
        // Refused without permission, and to a group that has processes: limits then say that they are not enforced.
        let _ = std::fs::write(directory.join("cgroup.subtree_control"), format!("+{controller}"));
    }
}

fn directories_in(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_a_present_controller_has_not_is_a_mistake() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path();
        std::fs::write(directory.join("cgroup.controllers"), "memory pids\n").unwrap();
        std::fs::write(directory.join("memory.high"), "max\n").unwrap();
        let group = Group::at(directory.to_owned());
        let check = |file: &str| {
            let resources = serde_json::from_value(serde_json::json!({"unified": {file: "1"}})).unwrap();
            group.check_unified(&resources).map_err(|error| error.to_string())
        };
        assert_eq!(check("memory.high"), Ok(()));
        assert_eq!(check("cpu.nonsense"), Ok(()), "no such controller here: told, not refused");
        let said = check("memory.nonsense").unwrap_err();
        assert!(said.contains("\"memory.nonsense\"") && said.contains("no such file"), "{said}");
    }
}
