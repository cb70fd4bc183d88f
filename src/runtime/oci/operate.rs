//! What is done with a container that exists: `start`, `kill`, `delete`, `ps`, `pause`, `resume`, `update`.

use super::Runtime;
use super::bundle::read_file;
use super::container::{Container, Status};
use super::conversation::{Report, receive};
use super::error::OciError;
use super::hooks::{self, Point};
use crate::runtime::cgroup::{Group, GroupError};
use crate::runtime::seccomp::agent::{self, Told, Unpassed};
use crate::store::containers::ProcessId;
use crate::sys::message;
use oci_spec::runtime::{LinuxNamespaceType, LinuxResources, Spec};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::SocketType;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long the end of a killed process is waited for: taking a large one apart takes seconds.
const END_WITHIN: Timespec = Timespec { tv_sec: 60, tv_nsec: 0 };

impl Runtime<'_> {
    /// Looks a container up.
    ///
    /// # Errors
    /// There is none.
    pub fn container(&self, id: &str) -> Result<Container, OciError> {
        Container::load(&self.root, id)
    }

    /// Starts a created container's process; returns once it has been executed.
    ///
    /// # Errors
    /// The container is in another state; its process cannot be executed; a hook failed (the container is killed then).
    pub fn start(&self, id: &str) -> Result<(), OciError> {
        self.container(id)?.wait_until_created();
        let container = self.container(id)?;
        let refuse =
            |reason: &str| Err(OciError::State { operation: "start", id: id.to_owned(), reason: reason.to_owned() });
        match container.status() {
            Status::Created => {}
            Status::Stopped => return refuse("cannot start a container that has stopped"),
            Status::Creating => return refuse("it is still being created"),
            Status::Running | Status::Paused => return refuse("cannot start an already running container"),
        }
        let spec = container.spec()?;
        if spec.process().is_none() {
            return Err(OciError::Configuration("\"process\" is required by start".to_owned()));
        }
        // Who renames it has the right to start it.
        let socket = container.start_socket();
        let taken = socket.with_file_name("starting");
        if std::fs::rename(&socket, &taken).is_err() {
            return refuse("cannot start an already running container");
        }
        let connection = message::connect_to(&taken, SocketType::SEQPACKET)
            .map_err(|error| OciError::file("connect to", &taken, error))?;
        let _ = std::fs::remove_file(&taken); // nobody looks for it again
        let state = container.state_as(Status::Running, Some(&spec));
        self.hear(&connection, &spec, &state)?;
        if let Err(error) = hooks::run(Point::Poststart, spec.hooks().as_ref(), &state) {
            end(&container);
            return Err(error);
        }
        Ok(())
    }

    /// Listens until the process is executed.
    pub(super) fn hear(&self, connection: &OwnedFd, spec: &Spec, state: &super::StateDocument) -> Result<(), OciError> {
        loop {
            match receive(connection).map_err(|error| OciError::system("listen to the container's init", error))? {
                None => return Ok(()),
                Some((Report::Listener, Some(listener))) => pass_listener(spec, state, &listener)?,
                Some((Report::Warning(text), _)) => (self.warn)(&text),
                Some((Report::Failed(failure), _)) => return Err(failure.into()),
                Some(_) => {}
            }
        }
    }

    /// Sends a signal to the container's first process, or to all of its processes.
    ///
    /// # Errors
    /// The container is not running.
    pub fn kill(&self, id: &str, signal: i32, all: bool) -> Result<(), OciError> {
        let container = self.container(id)?;
        let Some(process) = container.process() else {
            let left = if all { members(&container) } else { Vec::new() };
            left.iter().for_each(|pid| send(*pid, signal));
            return match all {
                true => Ok(()),
                false => {
                    let reason = "container not running".to_owned();
                    Err(OciError::State { operation: "signal", id: id.to_owned(), reason })
                }
            };
        };
        // Without a pid namespace of its own the first process takes nobody along.
        let shares_pids = !has_own_pids(&container);
        if all || (signal == libc::SIGKILL && shares_pids) {
            for pid in members(&container).into_iter().filter(|pid| *pid != process.pid) {
                send(pid, signal);
            }
        }
        match signal_process(process, signal) {
            Err(rustix::io::Errno::SRCH) if !all => {
                let reason = "container not running".to_owned();
                Err(OciError::State { operation: "signal", id: id.to_owned(), reason })
            }
            Err(rustix::io::Errno::SRCH) | Ok(()) => Ok(()),
            Err(error) => Err(OciError::system(format!("signal container {id:?}"), error)),
        }
    }

    /// Deletes a container; with `force` one that runs, too, and one that does not exist is none's concern.
    ///
    /// # Errors
    /// It runs; it cannot be removed.
    pub fn delete(&self, id: &str, force: bool) -> Result<(), OciError> {
        let container = match self.container(id) {
            Err(OciError::NoSuchContainer(_)) if force => {
                // What a killed `create` left behind before it had a record.
                let _ = std::fs::remove_dir_all(self.root.join(id));
                return Ok(());
            }
            other => other?,
        };
        match container.status() {
            Status::Stopped => {}
            _ if force => end(&container),
            Status::Created => end(&container),
            other => {
                let reason = format!("it is not stopped: {}", other.word());
                return Err(OciError::State { operation: "delete", id: id.to_owned(), reason });
            }
        }
        let spec = container.spec().ok();
        let state = container.state_as(Status::Stopped, spec.as_ref());
        if let Some(group) = &container.record.group
            && let Err(error) = group.remove()
        {
            (self.warn)(&error.to_string());
        }
        if let Some(scope) = &container.record.scope {
            scope.remove();
        }
        container.unmount();
        container.remove()?;
        let hooks = spec.as_ref().and_then(|spec| spec.hooks().as_ref());
        if let Err(error) = hooks::run(Point::Poststop, hooks, &state) {
            (self.warn)(&error.to_string());
        }
        Ok(())
    }

    /// The process ids of a container's processes, ascending.
    ///
    /// # Errors
    /// There is no such container, or it is still being created.
    pub fn processes(&self, id: &str) -> Result<Vec<i32>, OciError> {
        let container = self.container(id)?;
        match container.status() {
            Status::Creating => {
                let reason = "container not running".to_owned();
                Err(OciError::State { operation: "list processes of", id: id.to_owned(), reason })
            }
            // None, unless some were left in its group.
            Status::Stopped => Ok(container.record.group.as_ref().map(Group::processes).unwrap_or_default()),
            _ => Ok(members(&container)),
        }
    }

    /// Freezes or thaws a container.
    ///
    /// # Errors
    /// It is in another state, or has no control group.
    pub fn pause(&self, id: &str, frozen: bool) -> Result<(), OciError> {
        let container = self.container(id)?;
        let operation = if frozen { "pause" } else { "resume" };
        let refuse = |reason: &str| Err(OciError::State { operation, id: id.to_owned(), reason: reason.to_owned() });
        match (container.status(), frozen) {
            (Status::Running | Status::Created, true) | (Status::Paused, false) => {}
            (Status::Paused, true) => return refuse("container already paused"),
            (Status::Stopped, _) => return refuse("container not running"),
            (_, false) => return refuse("container not paused"),
            _ => return refuse("container not running or created"),
        }
        self.group(&container, operation)?.freeze(frozen)?;
        Ok(())
    }

    /// The control group of a container.
    fn group<'c>(&self, container: &'c Container, operation: &'static str) -> Result<&'c Group, OciError> {
        container.record.group.as_ref().ok_or(OciError::Group(GroupError::None(operation)))
    }

    /// Changes limits.
    ///
    /// # Errors
    /// The container does not run; limits that contradict each other; values the kernel refuses.
    pub fn update(&self, id: &str, resources: &LinuxResources) -> Result<(), OciError> {
        let container = self.container(id)?;
        if container.status() == Status::Stopped {
            let reason = "container not running".to_owned();
            return Err(OciError::State { operation: "update", id: id.to_owned(), reason });
        }
        let Some(group) = &container.record.group else {
            (self.warn)("limits are not enforced: the container has no control group of its own");
            return Ok(());
        };
        group.check_unified(resources)?;
        if let Some(scope) = &container.record.scope {
            let failed = |error| OciError::system(format!("set properties of unit {:?}", scope.name), error);
            scope.update(resources).map_err(failed)?;
        }
        let notes = group.apply(resources)?;
        notes.iter().for_each(|note| (self.warn)(note));
        Ok(())
    }

    /// Reads limits as `update --resources` takes them.
    ///
    /// # Errors
    /// The file cannot be read or is no resources.
    pub fn read_resources(path: &Path) -> Result<LinuxResources, OciError> {
        let text = match path == Path::new("-") {
            true => {
                let mut text = Vec::new();
                std::io::Read::read_to_end(&mut std::io::stdin(), &mut text)
                    .map_err(|source| OciError::file("read", path, source))?;
                text
            }
            false => read_file(path)?,
        };
        serde_json::from_slice(&text).map_err(|source| OciError::Json { path: path.to_owned(), source })
    }

    /// Limits in the form of the specification.
    ///
    /// # Errors
    /// The text is no resources.
    pub fn decode_resources(text: &[u8]) -> Result<LinuxResources, OciError> {
        serde_json::from_slice(text).map_err(|source| OciError::Json { path: "-".into(), source })
    }

    /// What a container uses, for `events`.
    ///
    /// # Errors
    /// It does not run.
    pub fn usage(&self, id: &str) -> Result<String, OciError> {
        let container = self.container(id)?;
        if container.status() == Status::Stopped {
            let reason = "container not running".to_owned();
            return Err(OciError::State { operation: "watch", id: id.to_owned(), reason });
        }
        let data = container.record.group.as_ref().map_or_else(|| serde_json::json!({}), Group::usage);
        Ok(event("stats", id, Some(&data)))
    }

    /// Waits for the next thing that `events` tells of, at most as long as `interval`. Blocks.
    ///
    /// # Errors
    /// There is no such container.
    pub fn next_event(&self, id: &str, interval: Duration) -> Result<NextEvent, OciError> {
        let container = self.container(id)?;
        let group = container.record.group.as_ref();
        let kills = || group.map_or(0, Group::memory_kills);
        let Some(process) = container.process().and_then(|process| Pid::from_raw(process.pid)) else {
            return Ok(NextEvent::End);
        };
        let Ok(pidfd) = pidfd_open(process, PidfdFlags::empty()) else { return Ok(NextEvent::End) };
        let memory = group.and_then(Group::open_memory_events);
        let before = kills();
        let until = Instant::now().checked_add(interval);
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let left = left.map(|left| Timespec {
                tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            });
            let mut waited = vec![PollFd::new(&pidfd, PollFlags::IN)];
            waited.extend(memory.as_ref().map(|file| PollFd::new(file, PollFlags::PRI)));
            match poll(&mut waited, left.as_ref()) {
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(OciError::system("wait for events", error)),
                Ok(0) => return Ok(NextEvent::Time),
                Ok(_) if kills() > before => return Ok(NextEvent::Oom(event("oom", id, None))),
                Ok(_) if !waited[0].revents().is_empty() => return Ok(NextEvent::End),
                Ok(_) => {}
            }
        }
    }
}

/// What `events` waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextEvent {
    /// The interval is over.
    Time,
    /// The kernel has killed a process for want of memory; the line that tells it.
    Oom(String),
    /// The container has ended.
    End,
}

/// A line of `events`, its fields in runc's order, which scripts match.
fn event(kind: &str, id: &str, data: Option<&serde_json::Value>) -> String {
    let data = data.map_or(String::new(), |data| format!(",\"data\":{data}"));
    format!("{{\"type\":\"{kind}\",\"id\":\"{id}\"{data}}}")
}

/// Kills everything of a container and waits for the end of its first process.
fn end(container: &Container) {
    if container.status() == Status::Paused
        && let Some(group) = &container.record.group
    {
        // A frozen process dies only once it is thawed, on kernels before 5.2's freezer.
        let _ = group.freeze(false);
    }
    let process = container.process();
    if !has_own_pids(container)
        && let Some(group) = &container.record.group
    {
        group.kill();
    }
    let Some(process) = process else { return };
    let Some(pid) = Pid::from_raw(process.pid) else { return };
    if let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty())
        && process.is_alive()
    {
        let _ = pidfd_send_signal(&pidfd, Signal::KILL); // it may just have ended
        let _ = poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&END_WITHIN)); // the caller looks for itself
    }
}

fn send(pid: i32, signal: i32) {
    let Some(pid) = Pid::from_raw(pid) else { return };
    if let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) {
        let _ = crate::sys::signal::send(process, signal); // it may just have ended
    }
}

fn signal_process(process: ProcessId, signal: i32) -> rustix::io::Result<()> {
    let pid = Pid::from_raw(process.pid).ok_or(rustix::io::Errno::SRCH)?;
    let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
    // Only now is it sure that the number was not taken up by another process meanwhile.
    if process.is_alive() { crate::sys::signal::send(pidfd, signal) } else { Err(rustix::io::Errno::SRCH) }
}

fn namespace(pid: i32, name: &str) -> Option<(u64, u64)> {
    let status = rustix::fs::stat(format!("/proc/{pid}/ns/{name}")).ok()?;
    Some((status.st_dev, status.st_ino))
}

/// Whether the container's first process is the first of a pid namespace made for it.
fn has_own_pids(container: &Container) -> bool {
    let spec = container.spec().ok();
    let linux = spec.as_ref().and_then(|spec| spec.linux().as_ref());
    let listed = linux.and_then(|linux| linux.namespaces().as_ref());
    listed.into_iter().flatten().any(|one| one.typ() == LinuxNamespaceType::Pid && one.path().is_none())
}

/// The processes of a container: those of its control group; without one, those of its pid namespace; else the first.
fn members(container: &Container) -> Vec<i32> {
    if let Some(group) = &container.record.group {
        let pids = group.processes();
        if !pids.is_empty() {
            return pids;
        }
    }
    let Some(process) = container.process() else { return Vec::new() };
    if !has_own_pids(container) {
        return vec![process.pid];
    }
    let wanted = namespace(process.pid, "pid");
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let mut found: Vec<i32> = pids.filter(|pid| wanted.is_some() && namespace(*pid, "pid") == wanted).collect();
    found.sort_unstable();
    found
}

/// Passes the listener of a filter to who is to answer its system calls (specification, "Seccomp": `listenerPath`).
fn pass_listener(spec: &Spec, state: &super::StateDocument, listener: &OwnedFd) -> Result<(), OciError> {
    let seccomp = spec.linux().as_ref().and_then(|linux| linux.seccomp().as_ref());
    let path = seccomp.and_then(|seccomp| seccomp.listener_path().as_ref());
    let Some(path) = path else {
        return Err(OciError::Configuration("SCMP_ACT_NOTIFY needs \"seccomp.listenerPath\"".to_owned()));
    };
    let metadata = seccomp.and_then(|seccomp| seccomp.listener_metadata().as_deref()).unwrap_or_default();
    let told = Told { version: &state.oci_version, pid: state.pid, metadata, state };
    // runc's words, which scripts look for.
    agent::pass(path, &told, listener).map_err(|failure| match failure {
        Unpassed::Connect(error) => {
            OciError::file("send the listener: failed to connect with seccomp agent at", path, error)
        }
        Unpassed::Send(error) => OciError::file("send the seccomp listener to", path, error),
    })
}
