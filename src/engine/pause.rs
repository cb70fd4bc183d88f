//! `pause` and `unpause`: the container's control group is frozen (cgroup-v2.rst, `cgroup.freeze`), where it has one of its own.
//! Its guard is taken out before, since that has to notice the keeper's end, and init's.
//!
//! Without such a group every process of the container is stopped. SIGSTOP is sent from outside, which even the first process of a pid namespace cannot ignore (pid_namespaces(7)), to
//! every process in the container's pid namespace and those below it, again until a look finds none that still runs:
//! a process that forked meanwhile is found the next time. Parents are stopped before their children and continued
//! after them, so that a shell does not see its children stop. What was stopped before stays so afterwards.

use super::error::Error;
use super::lifecycle::{Container, open_process};
use super::{Engine, events, processes};
use crate::runtime::cgroup::{Group, Hierarchy};
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
        let pause = match group_to_freeze(&container, process) {
            Some(group) => self.freeze(id, process, &group),
            None => self.stop_each(id, process),
        };
        if let Err(error) = pause {
            self.resume(id, process);
            return Err(error);
        }
        events::tell(&self.paths, &[events::container(&container.record, "pause")]);
        Ok(container)
    }

    // In both cases first the mark: whoever is killed in between leaves a container that unpause continues.

    fn freeze(&self, id: &str, process: ProcessId, group: &Group) -> Result<(), Error> {
        let frozen = Some(group.directory().to_owned());
        self.containers().mark_paused(id, &Paused { process, stopped_before: Vec::new(), frozen })?;
        group.freeze(true).map_err(|error| Error::Conflict(format!("pause container {id}: {error}")))
    }

    fn stop_each(&self, id: &str, process: ProcessId) -> Result<(), Error> {
        let stopped_before = processes::members(process).into_iter().filter(|member| is_stopped(*member)).collect();
        self.containers().mark_paused(id, &Paused { process, stopped_before, frozen: None })?;
        let deadline = Instant::now() + LIMIT;
        loop {
            let running: Vec<ProcessId> =
                processes::members(process).into_iter().filter(|member| !is_stopped(*member)).collect();
            if running.is_empty() {
                return Ok(());
            }
            for member in running {
                send(member, Signal::STOP).map_err(|error| failed("pause", id, error))?;
            }
            if Instant::now() > deadline {
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
        let Some(paused) = self.containers().paused(id, process) else { return };
        if let Some(group) = paused.frozen {
            let _ = Group::at(group).freeze(false); // it goes with its last process
        } else {
            let members = processes::members(process);
            for member in members.into_iter().rev().filter(|member| !paused.stopped_before.contains(member)) {
                let _ = send(member, Signal::CONT); // it may just have been killed
            }
        }
        self.containers().clear_paused(id);
    }

    /// Lets what is left of a paused container go on that has been sent SIGKILL. A frozen process dies of that, but one that
    /// waits for it, which `exec` started in the group, could not take note.
    pub(super) fn thaw_killed(&self, id: &str, process: ProcessId) {
        if let Some(group) = self.containers().paused(id, process).and_then(|paused| paused.frozen) {
            let _ = Group::at(group).freeze(false); // it goes with its last process
        }
    }
}

/// The container's own control group, with nothing in it that has to run while the container is paused; `None` where there is
/// none, or the user may not take its guard out: the guard has to notice the keeper's end and the container's.
fn group_to_freeze(container: &Container, process: ProcessId) -> Option<Group> {
    let own = container.state.group.clone().filter(|group| group.to_string_lossy().ends_with(&container.record.id))?;
    let group = Group::at(own);
    let keepers = Group::of_process(&Hierarchy::find()?, container.state.keeper?.pid)?;
    if keepers.directory() == group.directory() {
        return None;
    }
    // Where process numbers are the host's, the guard cannot be told from the container's processes.
    let mut helpers = processes::above(&group.processes(), process)?.into_iter();
    // One that has just ended is no longer in the way.
    helpers.all(|pid| keepers.enter(pid).is_ok() || ProcessId::of(pid).is_none()).then_some(group)
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
