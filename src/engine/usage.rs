//! What a running container uses, for `stats`: from its own control group where it has one, else from `/proc` (proc(5)).
//!
//! Without a group the processes in the container's pid namespace are summed up. Time of processes that have ended is
//! in their parents' (`cutime`); memory is the proportional share (`smaps_rollup`), which the owner of the container's
//! user namespace may read, so that pages shared by several processes count once.

use super::lifecycle::Container;
use crate::store::containers::ProcessId;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a container has used since it started, or uses now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time.
    pub cpu: Duration,
    /// Memory now, in bytes.
    pub memory_bytes: u64,
    /// Most it may have: the group's limit, or the machine's memory.
    pub memory_limit_bytes: u64,
    /// Bytes received by its interfaces.
    pub received_bytes: u64,
    /// Bytes sent.
    pub sent_bytes: u64,
    /// Bytes read from disks.
    pub read_bytes: u64,
    /// Bytes written to disks.
    pub written_bytes: u64,
    /// Processes and threads.
    pub tasks: u64,
}

/// What a container uses now; nothing when it does not run.
pub fn usage(container: &Container) -> Usage {
    let alive = container.state.status.is_alive();
    let Some(process) = container.state.process.filter(|process| alive && process.is_alive()) else {
        return Usage::default();
    };
    let mut usage = match own_group(process, container.state.keeper) {
        Some(group) => of_group(&group),
        None => of_processes(&processes_with(process.pid)),
    };
    let machine = memory_of_machine();
    if usage.memory_limit_bytes == 0 || usage.memory_limit_bytes > machine {
        usage.memory_limit_bytes = machine;
    }
    if !shares_network(process.pid) {
        let text = fs::read_to_string(format!("/proc/{}/net/dev", process.pid)).unwrap_or_default();
        (usage.received_bytes, usage.sent_bytes) = interfaces(&text);
    }
    usage
}

/// The control group (version 2) that the container's process is in and its keeper is not.
fn own_group(process: ProcessId, keeper: Option<ProcessId>) -> Option<PathBuf> {
    let group = |pid: i32| {
        let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
        text.lines().find_map(|line| line.strip_prefix("0::")).map(str::to_owned)
    };
    let own = group(process.pid)?;
    if keeper.and_then(|keeper| group(keeper.pid)).is_none_or(|keepers| keepers == own) {
        return None;
    }
    let directory = Path::new("/sys/fs/cgroup").join(own.trim_start_matches('/'));
    directory.join("memory.current").exists().then_some(directory)
}

fn of_group(group: &Path) -> Usage {
    let text = |name: &str| fs::read_to_string(group.join(name)).unwrap_or_default();
    let number = |name: &str| text(name).trim().parse().unwrap_or(0);
    let field = |text: &str, name: &str| -> u64 {
        let values = text.split_ascii_whitespace().filter_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        values.filter_map(|value| value.parse::<u64>().ok()).sum()
    };
    let cpu = text("cpu.stat");
    let microseconds = cpu.lines().find_map(|line| line.strip_prefix("usage_usec ")?.parse().ok()).unwrap_or(0);
    let io = text("io.stat");
    Usage {
        cpu: Duration::from_micros(microseconds),
        memory_bytes: number("memory.current"),
        memory_limit_bytes: number("memory.max"),
        read_bytes: field(&io, "rbytes"),
        written_bytes: field(&io, "wbytes"),
        tasks: number("pids.current"),
        ..Usage::default()
    }
}

/// Numbers of the processes in the pid namespace of process `pid`, or in one below it.
fn processes_with(pid: i32) -> Vec<i32> {
    let namespace = |pid: i32| fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
    let depth = |pid: i32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
        numbers.map_or(0, |numbers| numbers.split_ascii_whitespace().count())
    };
    let (own, own_depth) = (namespace(pid), depth(pid));
    if own.is_none() || own == namespace(std::process::id() as i32) {
        // The host's pid namespace: only the tree below the process can be told from others.
        return descendants(pid);
    }
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let all = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let mut inside: Vec<i32> = all.filter(|candidate| namespace(*candidate) == own).collect();
    // Namespaces made inside the container: their processes are below one of its own.
    let nested: Vec<i32> = inside.iter().flat_map(|process| descendants(*process)).collect();
    inside.extend(nested.into_iter().filter(|candidate| depth(*candidate) > own_depth));
    inside.sort_unstable();
    inside.dedup();
    inside
}

/// A process and those below it. Bounded by the number of processes there are.
fn descendants(pid: i32) -> Vec<i32> {
    let mut found = vec![pid];
    let mut at = 0;
    while let Some(parent) = found.get(at).copied() {
        at += 1;
        let tasks = fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
        for task in tasks {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            let children = children.split_ascii_whitespace().filter_map(|word| word.parse::<i32>().ok());
            found.extend(children.filter(|child| !found.contains(child)).collect::<Vec<_>>());
        }
    }
    found
}

fn of_processes(pids: &[i32]) -> Usage {
    let ticks_per_second = rustix::param::clock_ticks_per_second().max(1);
    let mut usage = Usage::default();
    let mut ticks = 0;
    for pid in pids {
        let read = |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
        let Some((process_ticks, threads)) = times(&read("stat")) else { continue };
        ticks += process_ticks;
        usage.tasks += threads;
        let shares = kilobytes(&read("smaps_rollup"), "Pss:");
        usage.memory_bytes += 1024 * shares.unwrap_or_else(|| kilobytes(&read("status"), "VmRSS:").unwrap_or(0));
        let io = read("io");
        let bytes = |name: &str| io.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok()).unwrap_or(0);
        usage.read_bytes += bytes("read_bytes:");
        usage.written_bytes += bytes("write_bytes:");
    }
    usage.cpu = Duration::from_nanos(ticks.saturating_mul(1_000_000_000 / ticks_per_second));
    usage
}

/// Clock ticks used by a process and its children that have ended, and its threads: fields 14 to 17 and 20.
fn times(stat: &str) -> Option<(u64, u64)> {
    // The name (field 2) may hold anything, so count from its last closing parenthesis.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(((14..=17).filter_map(number).sum(), number(20)?))
}

fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

fn memory_of_machine() -> u64 {
    1024 * kilobytes(&fs::read_to_string("/proc/meminfo").unwrap_or_default(), "MemTotal:").unwrap_or(0)
}

fn shares_network(pid: i32) -> bool {
    let namespace = |process: &str| fs::read_link(format!("/proc/{process}/ns/net")).ok();
    namespace(&pid.to_string()) == namespace("self")
}

/// Bytes received and sent by all interfaces but the loopback one (`/proc/net/dev`).
fn interfaces(text: &str) -> (u64, u64) {
    let mut sums = (0, 0);
    for (name, numbers) in text.lines().filter_map(|line| line.split_once(':')) {
        let numbers: Vec<u64> = numbers.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect();
        if name.trim() != "lo" && numbers.len() >= 9 {
            sums = (sums.0 + numbers[0], sums.1 + numbers[8]);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_tables_are_read() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 5 0 100 0 0";
        assert_eq!(times(stat), Some((100, 5)));
        assert_eq!(times("7 (a) S 1"), None);
        assert_eq!(kilobytes("Rss:  5 kB\nPss:     12 kB\n", "Pss:"), Some(12));
        let table = "Inter-| Receive\n face |bytes\n    lo: 9 9 0 0 0 0 0 0 9 9 0 0 0 0 0 0\n  eth0: 5 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0\n";
        assert_eq!(interfaces(table), (5, 7));
    }

    #[test]
    fn this_process_uses_something() {
        let usage = of_processes(&descendants(std::process::id() as i32));
        assert!(usage.memory_bytes > 0 && usage.tasks > 0, "{usage:?}");
        assert!(memory_of_machine() > usage.memory_bytes);
    }
}
