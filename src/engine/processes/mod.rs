//! The processes of a container, seen from the host through `/proc` (proc(5)).
//!
//! A process belongs to the container when it is in the pid namespace of the container's first process or in one below
//! it; its number inside is in `NSpid`. Names of users come from the container's own files, read through
//! `/proc/PID/root`, which the kernel resolves inside the container.

pub mod descriptors;

use super::error::Error;
use super::{Engine, lifecycle::Container};
use crate::runtime::capabilities;
use crate::store::containers::{ProcessId, Status};
use rustix::fs::{Mode, OFlags, ResolveFlags};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Largest passwd or group file that is read, in bytes.
const LARGEST_FILE: u64 = 8 << 20;

/// One process, as read from `/proc`.
#[derive(Clone, Debug)]
pub struct ProcessView {
    /// Fields of `/proc/PID/status` by name.
    status: BTreeMap<String, String>,
    /// Fields of `/proc/PID/stat` from the state on (field 3 is the first here).
    stat: Vec<String>,
    /// The command line, or the name in brackets where there is none.
    arguments: String,
    /// `/proc/PID/attr/current`.
    label: String,
    /// The process's number on the host.
    host_pid: i32,
    /// The number of its parent inside; 0 when the parent is outside.
    parent: i32,
    /// How long it has been running.
    elapsed: Duration,
}

/// All processes of a container, and the names of its users and groups.
#[derive(Clone, Debug)]
pub struct Processes {
    /// The processes, by their numbers inside.
    pub all: Vec<ProcessView>,
    users: BTreeMap<u32, String>,
    groups: BTreeMap<u32, String>,
    host_users: BTreeMap<u32, String>,
    host_groups: BTreeMap<u32, String>,
}

impl Engine {
    /// The processes of container `name` now.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the container does not run.
    pub fn processes(&self, name: &str) -> Result<Processes, Error> {
        let container = self.container(name)?;
        let pid = first_process(&container)?;
        let namespace = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
        let own = namespace(&pid.to_string());
        let depth = |view: &ProcessView| view.numbers().len();
        let first = ProcessView::read(pid);
        let inner_depth = first.as_ref().map_or(1, depth);
        let mut all: Vec<ProcessView> = host_pids()
            .into_iter()
            .filter_map(ProcessView::read)
            .filter(|view| depth(view) >= inner_depth)
            .filter(|view| view.host_pid == pid || is_inside(view, inner_depth, own.as_deref(), &namespace))
            .collect();
        let parents: BTreeMap<i32, i32> = all.iter().map(|view| (view.host_pid, view.number_at(inner_depth))).collect();
        for view in &mut all {
            view.parent = parents.get(&view.field("PPid").parse().unwrap_or(0)).copied().unwrap_or(0);
        }
        all.sort_by_key(|view| view.number_at(inner_depth));
        let root = open_root(pid);
        let inside = |path| root.as_ref().map(|root| names(&read_beneath(root, path))).unwrap_or_default();
        let host = |path| names(&fs::read_to_string(path).unwrap_or_default());
        Ok(Processes {
            all,
            users: inside("etc/passwd"),
            groups: inside("etc/group"),
            host_users: host("/etc/passwd"),
            host_groups: host("/etc/group"),
        })
    }
}

/// The processes in the pid namespace of `first` and those below it, parents before their children. Where that namespace
/// is the host's: those in its user namespace.
pub(super) fn members(first: ProcessId) -> Vec<ProcessId> {
    let link = |pid: i32, name: &str| fs::read_link(format!("/proc/{pid}/ns/{name}")).ok();
    let Some(own) = link(first.pid, "pid") else { return Vec::new() };
    let is_shared = link(std::process::id() as i32, "pid").as_ref() == Some(&own);
    let user = link(first.pid, "user");
    let Some(depth) = ProcessView::read(first.pid).map(|view| view.numbers().len()) else { return Vec::new() };
    let namespace = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
    let belongs = |view: &ProcessView| match is_shared {
        true => {
            user.is_some()
                && link(view.host_pid, "user") == user
                && link(view.host_pid, "mnt") == link(first.pid, "mnt")
        }
        false => view.host_pid == first.pid || is_inside(view, depth, Some(&own), &namespace),
    };
    let views: Vec<ProcessView> = host_pids()
        .into_iter()
        .filter_map(ProcessView::read)
        .filter(|view| view.numbers().len() >= depth && belongs(view))
        .collect();
    let parents: BTreeMap<i32, i32> =
        views.iter().map(|view| (view.host_pid, view.field("PPid").parse().unwrap_or(0))).collect();
    let generation = |pid: i32| {
        // Bounded against a tree that changed while it was read.
        std::iter::successors(Some(pid), |pid| parents.get(pid).copied()).take(4096).count()
    };
    let mut pids: Vec<(usize, i32)> = parents.keys().map(|pid| (generation(*pid), *pid)).collect();
    pids.sort_unstable();
    pids.into_iter().filter_map(|(_, pid)| ProcessId::of(pid)).collect()
}

/// Those of `pids` that are in a pid namespace above that of a container's first process, so none of the container's own
/// whatever it did; `None` where that process is in this process's own pid namespace.
pub(super) fn above(pids: &[i32], first: ProcessId) -> Option<Vec<i32>> {
    let depth = |pid: i32| ProcessView::read(pid).map(|view| view.numbers().len());
    let inside = depth(first.pid).filter(|inside| depth(std::process::id() as i32).is_some_and(|own| own < *inside))?;
    Some(pids.iter().copied().filter(|pid| depth(*pid).is_some_and(|depth| depth < inside)).collect())
}

fn first_process(container: &Container) -> Result<i32, Error> {
    let improper = || Error::Conflict("top can only be used on running containers".to_owned());
    match (container.state.status, container.state.process) {
        (Status::Running | Status::Paused, Some(process)) => Ok(process.pid),
        _ => Err(improper()),
    }
}

/// Whether a process is in the container's pid namespace, or in one below it: then an ancestor is in it.
fn is_inside(
    view: &ProcessView,
    depth: usize,
    own: Option<&Path>,
    namespace: &impl Fn(&str) -> Option<PathBuf>,
) -> bool {
    let mut pid = view.host_pid;
    let mut levels = view.numbers().len();
    // Each step goes to the parent; a namespace nested deeper is left that way. Bounded against a changing tree.
    for _ in 0..64 {
        if levels == depth {
            return own.is_some() && namespace(&pid.to_string()).as_deref() == own;
        }
        let Some(parent) = ProcessView::read(pid).and_then(|view| view.field("PPid").parse().ok()) else {
            return false;
        };
        let Some(above) = ProcessView::read(parent) else { return false };
        (pid, levels) = (parent, above.numbers().len());
        if levels < depth {
            return false;
        }
    }
    false
}

fn host_pids() -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn open_root(pid: i32) -> Option<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::open(format!("/proc/{pid}/root"), flags, Mode::empty()).ok()
}

/// A regular file of the container; empty where there is none.
fn read_beneath(root: &OwnedFd, path: &str) -> String {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let Ok(file) = rustix::fs::openat2(root, path, flags, Mode::empty(), resolve) else { return String::new() };
    let mut bytes = Vec::new();
    match fs::File::from(file) {
        file if file.metadata().is_ok_and(|metadata| metadata.is_file()) => {
            let _ = file.take(LARGEST_FILE).read_to_end(&mut bytes); // what could be read
        }
        _ => {}
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Names by number, of a passwd or group file (both have them in the first and third field).
fn names(text: &str) -> BTreeMap<u32, String> {
    let mut names = BTreeMap::new();
    for line in text.lines() {
        let mut fields = line.split(':');
        if let (Some(name), Some(Ok(id))) = (fields.next(), fields.nth(1).map(str::parse)) {
            names.entry(id).or_insert_with(|| name.to_owned());
        }
    }
    names
}

impl ProcessView {
    /// Reads one process; `None` when it has gone.
    fn read(pid: i32) -> Option<Self> {
        let read = |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}"));
        let status: BTreeMap<String, String> = read("status")
            .ok()?
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        let stat = read("stat").ok()?;
        let stat: Vec<String> = stat.rsplit_once(") ")?.1.split_whitespace().map(str::to_owned).collect();
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line: Vec<String> = line
            .split(|byte| *byte == 0)
            .filter(|word| !word.is_empty())
            .map(|word| String::from_utf8_lossy(word).into_owned())
            .collect();
        let arguments = match line.is_empty() {
            true => format!("[{}]", status.get("Name").map_or("", String::as_str)),
            false => line.join(" "),
        };
        let label = read("attr/current").unwrap_or_default().trim_matches(['\0', '\n']).to_owned();
        let mut view =
            ProcessView { status, stat, arguments, label, host_pid: pid, parent: 0, elapsed: Duration::ZERO };
        view.elapsed = up_time().saturating_sub(ticks(view.stat_number(19)));
        Some(view)
    }

    fn field(&self, name: &str) -> &str {
        self.status.get(name).map_or("", String::as_str)
    }

    /// Field of `/proc/PID/stat`, counted from the state as 0.
    fn stat_number(&self, at: usize) -> u64 {
        self.stat.get(at).and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// Its numbers, from the namespace of the reader inwards.
    fn numbers(&self) -> Vec<i32> {
        self.field("NSpid").split_whitespace().filter_map(|number| number.parse().ok()).collect()
    }

    /// Its number at a depth of namespaces, 1 being the reader's.
    fn number_at(&self, depth: usize) -> i32 {
        self.numbers().get(depth.saturating_sub(1)).copied().unwrap_or(self.host_pid)
    }

    /// Processor time used so far.
    fn processor_time(&self) -> Duration {
        ticks(self.stat_number(11) + self.stat_number(12))
    }

    /// A capability set of the process, as psgo names it.
    fn capability_names(&self, field: &str) -> String {
        let bits = u64::from_str_radix(self.field(field), 16).unwrap_or(0);
        let set = capabilities::CapabilitySet::from_bits_retain(bits);
        if set.is_empty() {
            return "none".to_owned();
        }
        if set.contains(capabilities::bounding_set()) {
            return "full".to_owned();
        }
        let mut names: Vec<&str> =
            capabilities::names(set).map(|name| name.strip_prefix("CAP_").unwrap_or(name)).collect();
        names.sort_unstable();
        names.join(",")
    }
}

/// Ticks of the kernel's clock as a time.
fn ticks(count: u64) -> Duration {
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    Duration::from_millis(count.saturating_mul(1000) / per_second)
}

/// Time since the machine was started, on the clock that start times are counted by.
fn up_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}
