//! What a container is doing, and whether that can still be true.

use serde::{Deserialize, Serialize};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

/// The states of a container, in podman's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Made, never started.
    #[default]
    Created,
    /// A keeper is setting it up.
    Initialized,
    /// Its process runs.
    Running,
    /// Its processes are stopped.
    Paused,
    /// Being stopped.
    Stopping,
    /// Its process has ended, and its keeper is about to start it again.
    Restarting,
    /// Its process has ended.
    Exited,
}

impl Status {
    /// The word shown by `ps` and `inspect`.
    pub fn word(self) -> &'static str {
        match self {
            Status::Created => "created",
            Status::Initialized => "initialized",
            Status::Running => "running",
            Status::Paused => "paused",
            Status::Stopping => "stopping",
            Status::Restarting => "restarting",
            Status::Exited => "exited",
        }
    }

    /// Whether the container has a keeper in this state, and with it a process now or soon.
    pub fn is_alive(self) -> bool {
        matches!(self, Status::Initialized | Status::Running | Status::Paused | Status::Stopping | Status::Restarting)
    }
}

/// A process that cannot be confused with a later one of the same number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessId {
    /// The number, in the caller's pid namespace.
    pub pid: i32,
    /// When it started, in clock ticks since boot (field 22 of `/proc/PID/stat`, `proc(5)`).
    pub start_time: u64,
}

impl ProcessId {
    /// Looks up when process `pid` started; `None` when there is none.
    pub fn of(pid: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name (field 2) may hold anything, so count from its last closing parenthesis.
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
        let state = fields.next()?;
        if state == "Z" || state == "X" {
            return None;
        }
        Some(ProcessId { pid, start_time: fields.nth(18)?.parse().ok()? })
    }

    /// Whether this very process still runs.
    pub fn is_alive(self) -> bool {
        self.pid > 0 && ProcessId::of(self.pid) == Some(self)
    }
}

/// `state.json`. Times are RFC 3339 with nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// As last written; see [`State::settle`].
    pub status: Status,
    /// The container's first process.
    pub process: Option<ProcessId>,
    /// Its keeper.
    pub keeper: Option<ProcessId>,
    /// `/proc/sys/kernel/random/boot_id` when this was written.
    pub boot_id: String,
    /// When the process was last started.
    pub started_at: Option<jiff::Timestamp>,
    /// When it last ended.
    pub finished_at: Option<jiff::Timestamp>,
    /// Exit code of the last run; 128+n for signal n.
    pub exit_code: i32,
    /// Why the last start failed.
    pub error: String,
    /// The root file system driver of the last start.
    pub driver: String,
    /// The control group of its own, where it has one: the directory.
    #[serde(default)]
    pub group: Option<std::path::PathBuf>,
    /// The kernel has killed one of its processes for want of memory, in the last run.
    #[serde(default)]
    pub out_of_memory: bool,
    /// How often it was started.
    pub starts: u32,
    /// The networks it was attached to at its last start.
    #[serde(default)]
    pub networks: Vec<Attachment>,
    /// The directory of the socket by which clients attach, while it runs.
    #[serde(default)]
    pub control: Option<PathBuf>,
    /// How often its policy has started it again since a user did.
    #[serde(default)]
    pub restarts: u32,
    /// How long its keeper last waited before that, in milliseconds; 0 is not yet.
    #[serde(default)]
    pub restart_delay_ms: u32,
    /// Exit code of the run before this one.
    #[serde(default)]
    pub previous_exit_code: i32,
}

/// One interface of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The network's name, or the mode for a network of its own.
    pub network: String,
    /// The interface inside.
    pub interface: String,
    /// Its hardware address, as text.
    pub mac: String,
    /// Its IPv4 address and the length of its prefix.
    pub ipv4: Option<(Ipv4Addr, u8)>,
    /// The IPv4 gateway.
    pub gateway4: Option<Ipv4Addr>,
    /// Its IPv6 address and the length of its prefix.
    pub ipv6: Option<(Ipv6Addr, u8)>,
    /// The IPv6 gateway.
    pub gateway6: Option<Ipv6Addr>,
    /// Addresses in further subnets of the network, with the lengths of their prefixes.
    #[serde(default)]
    pub more: Vec<(IpAddr, u8)>,
    /// Names other than the container's under which it is known there.
    pub aliases: Vec<String>,
}

impl State {
    /// Whether its last run has ended and its keeper has said so: the exit code is the container's own.
    pub fn is_ended_by_itself(&self) -> bool {
        self.status == Status::Exited
            && self.finished_at.is_some_and(|end| self.started_at.is_some_and(|start| start <= end))
    }

    /// Whether all is set up and its process waits to be started (`init`).
    pub fn is_prepared(&self) -> bool {
        self.status == Status::Initialized && self.process.is_some() && self.control.is_some()
    }

    /// Whether its process has been started and not ended.
    pub fn is_begun(&self) -> bool {
        self.status.is_alive() && !self.is_prepared()
    }

    /// Corrects a state whose keeper is gone: killed, or lost with the machine. Such a container has exited, its code
    /// is unknown; podman shows 137 then (128 + SIGKILL), and so does this.
    pub fn settle(&mut self) {
        if !self.status.is_alive() {
            return;
        }
        let keeper_lives = self.keeper.is_some_and(ProcessId::is_alive) && self.boot_id == boot_id();
        if keeper_lives {
            return;
        }
        let was_running = !matches!(self.status, Status::Initialized | Status::Restarting);
        // Prepared and never started: as podman shows it after a reboot.
        let is_new = self.is_prepared() && self.starts == 0;
        self.status = if is_new { Status::Created } else { Status::Exited };
        self.process = None;
        self.keeper = None;
        self.control = None;
        if was_running {
            self.exit_code = 137;
        }
    }
}

/// The identity of this boot; empty where the kernel does not tell.
pub fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recycled_pid_is_another_process() {
        let own = ProcessId::of(std::process::id() as i32).unwrap();
        assert!(own.is_alive());
        assert!(!ProcessId { start_time: own.start_time + 1, ..own }.is_alive());
        assert!(!ProcessId::default().is_alive());
    }

    #[test]
    fn a_dead_keeper_means_exited() {
        let own = ProcessId::of(std::process::id() as i32);
        let running = State { status: Status::Running, keeper: own, boot_id: boot_id(), ..State::default() };
        let settle = |mut state: State| {
            state.settle();
            (state.status, state.exit_code)
        };
        assert_eq!(settle(running.clone()), (Status::Running, 0));
        let prepared =
            State { status: Status::Initialized, process: own, control: Some(PathBuf::from("run")), ..running.clone() };
        assert_eq!(settle(State { keeper: None, ..prepared.clone() }), (Status::Created, 0));
        assert_eq!(settle(prepared), (Status::Initialized, 0));
        assert_eq!(settle(State { boot_id: "another boot".into(), ..running.clone() }), (Status::Exited, 137));
        assert_eq!(settle(State { keeper: None, ..running }), (Status::Exited, 137));
    }
}
