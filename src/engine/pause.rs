//! `pause` and `unpause` where there is no control group to freeze: every process of the container is stopped.
//!
//! SIGSTOP is sent from outside, which even the first process of a pid namespace cannot ignore (pid_namespaces(7)), to
//! every process in the container's pid namespace and those below it, again until a look finds none that still runs:
//! a process that forked meanwhile is found the next time. Parents are stopped before their children and continued
//! after them, so that a shell does not see its children stop. What was stopped before stays so afterwards.

use super::error::Error;
use super::lifecycle::{Container, open_process};
use super::{Engine, events, processes};
use crate::runtime::failure::in_words;
use crate::store::containers::{Paused, ProcessId, Status};
use rustix::process::{Signal, pidfd_send_signal};
use std::time::{Duration, Instant};

/// Looks at the processes until all are stopped; a fork bomb is given up on after this time.
const LIMIT: Duration = Duration::from_secs(10);

impl Engine {
    /// Stops every process of a running container.
    ///
    /// # Errors
    /// It does not run, or is paused already.
    pub fn pause(&self, name: &str) -> Result<Container, Error> {
        let container = self.container(name)?;
        let id = &container.record.id;
        let process = match (container.state.status, container.state.process) {
            (Status::Running | Status::Stopping, Some(process)) => process,
            (Status::Paused, _) => {
                return Err(Error::Conflict(format!("{id:?} is already paused: container state improper")));
            }
            (status, _) => {
                return Err(Error::Conflict(format!(
                    "{:?} is not running, can't pause: container state improper",
                    status.word()
                )));
            }
        };
        let _lock = self.containers().lock(id)?;
        let stopped_before = processes::members(process).into_iter().filter(|member| is_stopped(*member)).collect();
        // First the mark: whoever is killed in between leaves a container that unpause continues.
        self.containers().mark_paused(id, &Paused { process, stopped_before })?;
        let deadline = Instant::now() + LIMIT;
        loop {
            let running: Vec<ProcessId> =
                processes::members(process).into_iter().filter(|member| !is_stopped(*member)).collect();
            if running.is_empty() {
                events::tell(&self.paths, &[events::container(&container.record, "pause")]);
                return Ok(container);
            }
            for member in running {
                send(member, Signal::STOP).map_err(|error| failed("pause", id, error))?;
            }
            if Instant::now() > deadline {
                self.resume(id, process);
                return Err(Error::Conflict(format!("pause container {id}: its processes multiply too fast")));
            }
            std::thread::yield_now();
        }
    }

    /// Continues the processes of a paused container.
    ///
    /// # Errors
    /// It is not paused.
    pub fn unpause(&self, name: &str) -> Result<Container, Error> {
        let container = self.container(name)?;
        let id = &container.record.id;
        match (container.state.status, container.state.process) {
            (Status::Paused, Some(process)) => {
                let _lock = self.containers().lock(id)?;
                self.resume(id, process);
                events::tell(&self.paths, &[events::container(&container.record, "unpause")]);
                Ok(container)
            }
            _ => Err(Error::Conflict(format!("{id:?} is not paused, can't unpause: container state improper"))),
        }
    }

    fn resume(&self, id: &str, process: ProcessId) {
        let before = self.containers().paused(id, process).map(|paused| paused.stopped_before).unwrap_or_default();
        let members = processes::members(process);
        for member in members.into_iter().rev().filter(|member| !before.contains(member)) {
            let _ = send(member, Signal::CONT); // it may just have been killed
        }
        self.containers().clear_paused(id);
    }
}

fn failed(operation: &str, id: &str, error: rustix::io::Errno) -> Error {
    Error::Conflict(format!("{operation} container {id}: {}", in_words(&error.into())))
}

/// Signals a process; one that has ended meanwhile is no error.
fn send(process: ProcessId, signal: Signal) -> Result<(), rustix::io::Errno> {
    let Some(pidfd) = open_process(process) else { return Ok(()) };
    match pidfd_send_signal(&pidfd, signal) {
        Err(rustix::io::Errno::SRCH) => Ok(()),
        other => other,
    }
}

/// Whether a process is stopped, or will never run again (proc_pid_stat(5), field 3).
fn is_stopped(process: ProcessId) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{}/stat", process.pid)) else { return true };
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    matches!(state, Some('T' | 't' | 'Z' | 'X') | None)
}
