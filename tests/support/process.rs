//! Looking at processes through /proc (proc(5)).

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, Instant};

/// One process, told apart from a later one with the same number by its start time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    /// Number.
    pub pid: u32,
    /// Start time in clock ticks since boot.
    pub start: u64,
    /// Parent's number when it was looked at.
    pub parent: u32,
    /// Command line, for messages.
    pub command: String,
}

impl Process {
    /// Reads one process; `None` when there is none or it is a zombie.
    pub fn read(pid: u32) -> Option<Process> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        if matches!(fields[0], "Z" | "X") {
            return None;
        }
        let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        Some(Process { pid, start: fields[19].parse().ok()?, parent: fields[1].parse().ok()?, command })
    }

    /// Whether it still runs.
    pub fn lives(&self) -> bool {
        Process::read(self.pid).is_some_and(|now| now.start == self.start)
    }

    /// Sends it a signal by number; a process that is gone is no error.
    pub fn signal(&self, signal: i32) {
        if self.lives()
            && let Some(pid) = rustix::process::Pid::from_raw(self.pid as i32)
            && let Some(signal) = rustix::process::Signal::from_named_raw(signal)
        {
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    /// Proportional set size in KiB (`smaps_rollup`).
    pub fn pss_kib(&self) -> Option<u64> {
        let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.pid)).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        line.trim().trim_end_matches("kB").trim().parse().ok()
    }
}

/// Every live process.
pub fn all() -> Vec<Process> {
    let entries = fs::read_dir("/proc").expect("/proc is mounted").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(Process::read).collect()
}

/// The live processes below `root`, nearest first, `root` left out.
pub fn descendants(root: u32) -> Vec<Process> {
    let mut children: HashMap<u32, Vec<Process>> = HashMap::new();
    for process in all() {
        children.entry(process.parent).or_default().push(process);
    }
    let mut found: Vec<Process> = Vec::new();
    let mut waiting = vec![root];
    while let Some(parent) = waiting.pop() {
        for process in children.remove(&parent).unwrap_or_default() {
            waiting.push(process.pid);
            found.push(process);
        }
    }
    found
}

/// Waits until `condition` gives a value; `None` after `limit`. The only polling in the tests: what is watched here
/// (another program's processes and files) gives no event to wait for.
pub fn eventually<T>(limit: Duration, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(value) = condition() {
            return Some(value);
        }
        if Instant::now() > end {
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Those of `processes` that still run when `limit` has passed.
pub fn survivors(processes: &[Process], limit: Duration) -> Vec<Process> {
    let alive = || processes.iter().filter(|process| process.lives()).cloned().collect::<Vec<_>>();
    if eventually(limit, || alive().is_empty().then_some(())).is_some() { Vec::new() } else { alive() }
}
