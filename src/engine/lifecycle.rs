//! Containers that exist: list, inspect, stop, kill, wait, remove.
//!
//! All of it works from the outside, on state files and processes: a signal goes to the container's process directly,
//! by a descriptor that cannot name a later process of the same number, and an end is seen by waiting for the keeper,
//! which writes the state before it goes.

use super::error::Error;
use super::listed::Listed;
use super::network::{NetworkMode, PortMapping};
use super::record::ContainerRecord;
use super::{Engine, events, removal};
use crate::runtime::guard;
use crate::runtime::id_map::{self, HostIds};
use crate::store::containers::{ProcessId, State, Status};
use crate::store::projects;
use crate::sys::process::{Fork, NewNamespaces, fork_into};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::de::DeserializeOwned;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// From so many containers on, two threads read them.
const MANY: usize = 100;

/// A container and what it is doing.
#[derive(Clone, Debug)]
pub struct Container {
    /// As created.
    pub record: ContainerRecord,
    /// Now.
    pub state: State,
}

impl Container {
    /// Whether it is to run again after a reboot: its policy says always, or unless stopped and nobody has stopped it.
    pub fn starts_at_boot(&self) -> bool {
        match self.record.restart_policy() {
            super::restart::RestartPolicy::Always => true,
            super::restart::RestartPolicy::UnlessStopped => {
                self.state.starts > 0 && !crate::store::containers::is_stopped_by_user(&self.record.plan.directory)
            }
            _ => false,
        }
    }
}

/// How to remove a container.
#[derive(Clone, Copy, Debug, Default)]
pub struct RemoveOptions {
    /// Stop it first when it runs.
    pub force: bool,
    /// Seconds to wait before killing it; `None` is the container's own.
    pub timeout_seconds: Option<u32>,
    /// Remove its anonymous volumes too.
    pub volumes: bool,
}

/// A container that was stopped.
#[derive(Clone, Debug)]
pub struct Stopped {
    /// As it was before.
    pub container: Container,
    /// It did not end by its stop signal within so many seconds and was killed.
    pub killed_after: Option<u32>,
}

/// How often a removal is tried while somebody else removes the same files.
const REMOVAL_ATTEMPTS: usize = 1000;
/// Between two looks at a state that is about to change.
pub(super) const NEWS_INTERVAL: Duration = Duration::from_millis(10);

/// What `wait` waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The container's process has ended (or the container never ran).
    Exited,
    /// It runs.
    Running,
    /// It exists and has not been started.
    Created,
    /// It is gone.
    Removed,
    /// Its health check says so.
    Health(super::health::Verdict),
    /// It is paused.
    Paused,
    /// It is being stopped.
    Stopping,
    /// It is being set up.
    Initialized,
}

impl Engine {
    /// The container named by a name, an ID or the start of one.
    pub fn container(&self, name: &str) -> Result<Container, Error> {
        self.look_up(name, |record: ContainerRecord| record)
    }

    /// The same for a further process in it: without what only its own start and `inspect` need, as in a list.
    pub fn container_to_join(&self, name: &str) -> Result<Container, Error> {
        self.look_up(name, |Listed(record)| record)
    }

    fn look_up<Read: DeserializeOwned>(
        &self,
        name: &str,
        record: fn(Read) -> ContainerRecord,
    ) -> Result<Container, Error> {
        let containers = self.containers();
        let id = containers.find(name)?;
        let record = record(containers.read_config(&id)?);
        let mut container = Container { record, state: containers.read_state(&id)? };
        self.look_at_networks(&mut container);
        Ok(container)
    }

    /// Whether there is such a container.
    ///
    /// # Errors
    /// There is none, or there are several.
    pub fn check_exists(&self, name: &str) -> Result<(), Error> {
        self.containers().find(name)?;
        Ok(())
    }

    /// The ports by which the host reaches a container: its own, or those of the container whose network it is in.
    pub fn published_ports(&self, container: &Container) -> Vec<PortMapping> {
        let network = &container.record.network;
        match &network.mode {
            NetworkMode::Container(id) if network.ports.is_empty() => {
                self.container(id).map(|holder| holder.record.network.ports).unwrap_or_default()
            }
            _ => network.ports.clone(),
        }
    }

    /// Networks with names change while a container runs: their leases say more than its state.
    fn look_at_networks(&self, container: &mut Container) {
        if !container.record.networks.is_empty() && container.state.status.is_alive() {
            let named = self.named_attachments(&container.record);
            match container.record.network.mode {
                // Connected while it ran: what it was started with is still there.
                NetworkMode::Private(_) => container.state.networks.extend(named),
                _ => container.state.networks = named,
            }
        }
    }

    /// All containers, oldest first. One that vanishes meanwhile, or whose files are damaged, is left out. So is what only a
    /// start and `inspect` need: [`Engine::container`] has that.
    pub fn list_containers(&self) -> Vec<Container> {
        let containers = self.containers();
        let read = |id: &String| {
            let Listed(record) = containers.read_config(id).ok()?;
            let state = containers.read_state(id).ok()?;
            // A disposable container whose processes were killed is gone; its files are about to be.
            let is_gone = record.request.remove && !state.status.is_alive() && state.starts > 0;
            let mut container = (!is_gone).then_some(Container { record, state })?;
            self.look_at_networks(&mut container);
            Some(container)
        };
        let ids = containers.directories();
        let mut all: Vec<Container> = match ids.len() {
            ..MANY => ids.iter().filter_map(read).collect(),
            // Reading records is work for a processor: half of them each for two take half the time.
            many => {
                let (first, second) = ids.split_at(many / 2);
                let all = std::thread::scope(|scope| {
                    let other = scope.spawn(|| second.iter().filter_map(read).collect::<Vec<_>>());
                    let mut all: Vec<Container> = first.iter().filter_map(read).collect();
                    all.extend(other.join().unwrap_or_default());
                    all
                });
                crate::sys::process::wait_for_joined_threads();
                all
            }
        };
        all.sort_by(|left, right| {
            left.record.created.cmp(&right.record.created).then(left.record.id.cmp(&right.record.id))
        });
        all
    }

    /// Sends a signal to the container's process.
    pub fn kill(&self, name: &str, signal: i32) -> Result<Container, Error> {
        let container = self.container(name)?;
        let not_running = || {
            Error::Conflict(format!(
                "can only kill running containers. {} is in state {}: container state improper",
                container.record.id,
                container.state.status.word()
            ))
        };
        let process = container.state.process.filter(|_| container.state.is_begun()).ok_or_else(not_running)?;
        let pidfd = open_process(process).ok_or_else(not_running)?;
        // One that is to end it for good keeps its policy from starting it again.
        let ends = [container.record.stop_signal, Signal::KILL.as_raw(), Signal::TERM.as_raw(), Signal::INT.as_raw()];
        if ends.contains(&signal) {
            self.containers().mark_stopped(&container.record.id, false)?;
        }
        match crate::sys::signal::send(&pidfd, signal) {
            Ok(()) => {
                events::tell(&self.paths, &[events::container(&container.record, "kill")]);
                if signal == Signal::KILL.as_raw() {
                    self.thaw_killed(&container.record.id, process);
                }
                let keeper = container.state.keeper.and_then(open_process).filter(|_| signal == Signal::KILL.as_raw());
                keeper.map(|keeper| wait_for_end(&keeper, None));
                Ok(container)
            }
            Err(Errno::SRCH) => Err(not_running()),
            Err(error) => Err(Error::Conflict(format!(
                "send signal to container {}: {}",
                container.record.id,
                crate::runtime::failure::in_words(&error.into())
            ))),
        }
    }

    /// Stops a container: its stop signal, and SIGKILL after `timeout_seconds` (its own when absent). Returns when it
    /// has ended and its state says so; at once when it does not run.
    ///
    /// # Errors
    /// No such container; it is paused.
    pub fn stop(&self, name: &str, timeout_seconds: Option<u32>) -> Result<Stopped, Error> {
        let container = self.container(name)?;
        if container.state.status == Status::Paused {
            return Err(Error::Conflict(format!(
                "can only stop created or running containers. {} is in state paused: container state improper",
                container.record.id
            )));
        }
        if !container.state.status.is_alive() {
            return Ok(Stopped { container, killed_after: None });
        }
        self.containers().mark_stopped(&container.record.id, true)?;
        let timeout = timeout_seconds.unwrap_or(container.record.stop_timeout_seconds);
        let killed_after = self.end(&container, timeout)?;
        events::tell(&self.paths, &[events::container(&container.record, "stop")]);
        Ok(Stopped { container, killed_after })
    }

    /// Ends the run of a container and waits until its keeper has gone. Returns the seconds after which it had to be
    /// killed, if it did.
    fn end(&self, container: &Container, timeout_seconds: u32) -> Result<Option<u32>, Error> {
        let id = &container.record.id;
        let mut killed_after = None;
        let mut last_keeper = container.state.keeper.and_then(open_process);
        loop {
            let state = match self.containers().read_state(id) {
                Ok(state) if state.status.is_alive() => state,
                Err(error) if self.containers().exists(id) => return Err(error.into()),
                // It has ended, or is gone altogether; its keeper has still to tidy up.
                _ => {
                    last_keeper.map(|keeper| wait_for_end(&keeper, None));
                    return Ok(killed_after);
                }
            };
            let Some(keeper) = state.keeper.and_then(open_process) else { continue };
            if state.status == Status::Restarting {
                let _ = pidfd_send_signal(&keeper, Signal::KILL); // it waits for nothing but time
                wait_for_end(&keeper, None);
            } else if state.is_prepared() {
                // Nothing in it could listen to another signal.
                state.process.map(|process| end_process(process, Signal::KILL.as_raw(), 0));
                wait_for_end(&keeper, None);
            } else if let Some(process) = state.process {
                if end_process(process, container.record.stop_signal, timeout_seconds) {
                    killed_after = Some(timeout_seconds);
                }
                wait_for_end(&keeper, Some(NEWS_INTERVAL));
            } else {
                // Being set up: it runs, or has failed, in a moment.
                wait_for_end(&keeper, Some(NEWS_INTERVAL));
            }
            last_keeper = Some(keeper);
        }
    }

    /// Stops a container that runs and starts it; one that does not run is started.
    ///
    /// The caller must have one thread.
    ///
    /// # Errors
    /// It is paused; it cannot be started.
    pub fn restart(&self, name: &str, timeout_seconds: Option<u32>) -> Result<Container, Error> {
        let container = self.container(name)?;
        let id = &container.record.id;
        match (container.state.status, container.state.process, container.state.keeper.and_then(open_process)) {
            (Status::Paused, ..) => Err(Error::Conflict(
                "unable to restart a container in a paused or unknown state: container state improper".to_owned(),
            )),
            // Its keeper does it: that knows the container's network and terminal, and keeps one with --rm.
            (Status::Running | Status::Stopping, Some(process), Some(keeper)) => {
                self.containers().mark_restart(id)?;
                let timeout = timeout_seconds.unwrap_or(container.record.stop_timeout_seconds);
                end_process(process, container.record.stop_signal, timeout);
                self.wait_for_next_run(&container, &keeper)?;
                events::tell(&self.paths, &[events::container(&container.record, "restart")]);
                Ok(container)
            }
            _ => {
                self.start(id, super::start::StartOptions::default(), None)?;
                events::tell(&self.paths, &[events::container(&container.record, "restart")]);
                Ok(container)
            }
        }
    }

    fn wait_for_next_run(&self, container: &Container, keeper: &OwnedFd) -> Result<(), Error> {
        let id = &container.record.id;
        loop {
            let has_ended = wait_for_end(keeper, Some(NEWS_INTERVAL));
            let state = self.containers().read_state(id)?;
            if state.starts > container.state.starts {
                return Ok(());
            }
            if has_ended {
                self.containers().clear_restart(id);
                let reason = if state.error.is_empty() { "its keeper was killed" } else { &state.error };
                return Err(Error::Conflict(format!("restart container {id}: {reason}")));
            }
        }
    }

    /// Removes a container. One that runs is an error unless forced. The container that holds a pod's namespaces goes, when
    /// forced, with all of its pod.
    pub fn remove(&self, name: &str, options: RemoveOptions) -> Result<String, Error> {
        let container = self.container(name)?;
        let id = container.record.id.clone();
        let pod = container.record.pod.filter(|member| member.is_infra && self.pods().get(&member.id).is_some());
        match pod {
            None => {
                self.check_dependents(&id)?;
                self.remove_member(&id, options)
            }
            Some(pod) if options.force => self.remove_pod(&pod.id, options).map(|_| id),
            Some(pod) => Err(Error::BadRequest(format!(
                "container {id} is the infra container of pod {} and cannot be removed without removing the pod",
                pod.id
            ))),
        }
    }

    /// Refuses the container that holds a pod's namespaces, which goes with its pod.
    ///
    /// # Errors
    /// It does; there is no such container.
    pub fn check_infra(&self, name: &str) -> Result<(), Error> {
        let container = self.container(name)?;
        match container.record.pod.filter(|member| member.is_infra && self.pods().get(&member.id).is_some()) {
            None => Ok(()),
            Some(pod) => Err(Error::BadRequest(format!(
                "container {} is the infra container of pod {} and cannot be removed without removing the pod",
                container.record.id, pod.id
            ))),
        }
    }

    /// What others use is not taken from under them.
    fn check_dependents(&self, id: &str) -> Result<(), Error> {
        match self.containers().noted_dependents(id) {
            dependents if dependents.is_empty() => Ok(()),
            dependents => Err(Error::BadRequest(format!(
                "container {id} has dependent containers which must be removed before it: {}: container already exists",
                dependents.join(", ")
            ))),
        }
    }

    /// Whether others use what container `id` has: it cannot be removed before them.
    pub fn has_dependents(&self, id: &str) -> bool {
        !self.containers().noted_dependents(id).is_empty()
    }

    /// Removes a container after those that have joined its namespaces.
    pub fn remove_with_dependents(&self, name: &str, options: RemoveOptions) -> Result<String, Error> {
        let id = self.containers().find(name)?;
        for dependent in self.dependents(&id)? {
            match self.remove(&dependent, options) {
                Err(error) if error.kind() != super::Kind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.remove(&id, options)
    }

    /// The same, whatever the container is to its pod.
    pub(super) fn remove_member(&self, name: &str, options: RemoveOptions) -> Result<String, Error> {
        let container = self.container(name)?;
        let id = container.record.id.clone();
        if container.state.status.is_alive() {
            if !options.force && !container.state.is_prepared() {
                return Err(Error::Conflict(format!(
                    "cannot remove container {id} as it is {} - running or paused containers cannot be removed without force: container state improper",
                    container.state.status.word()
                )));
            }
            let timeout = options.timeout_seconds.unwrap_or(container.record.stop_timeout_seconds);
            // Stopped processes take no signal but the last.
            let timeout = if container.state.status == Status::Paused { 0 } else { timeout };
            self.containers().mark_stopped(&id, true)?;
            if let Some(process) = container.state.process.filter(|_| container.state.status == Status::Paused) {
                open_process(process).map(|pidfd| pidfd_send_signal(&pidfd, Signal::KILL));
                self.thaw_killed(&id, process);
            }
            self.end(&container, timeout)?;
        }
        let containers = self.containers();
        if containers.exists(&id) {
            let _lock = containers.lock(&id)?;
            remove_group(&container.state, &id);
            self.forget_mount(&id);
            let with_volumes = options.volumes || container.record.request.remove;
            self.remove_files(&container.record, with_volumes)?;
            let exit_code = container.state.finished_at.map(|_| container.state.exit_code);
            events::tell(&self.paths, &events::removal(&container.record, exit_code, with_volumes));
        }
        Ok(id)
    }

    /// The containers that have joined namespaces of container `name` or require it, or one that does: what others depend on
    /// stands after those.
    ///
    /// # Errors
    /// No such container.
    pub fn dependents(&self, name: &str) -> Result<Vec<String>, Error> {
        let containers = self.containers();
        let first = containers.find(name)?;
        let mut found: Vec<String> = Vec::new();
        let mut seen = std::collections::BTreeSet::from([first.clone()]);
        // From each down to what depends on it, which stands in the list before it: two of them may depend on one another.
        let mut way = vec![(first.clone(), containers.noted_dependents(&first))];
        while let Some((id, left)) = way.last_mut() {
            match left.pop() {
                Some(dependent) if seen.insert(dependent.clone()) => {
                    let its = containers.noted_dependents(&dependent);
                    way.push((dependent, its));
                }
                Some(_) => {}
                None => {
                    found.push(std::mem::take(id));
                    way.pop();
                }
            }
        }
        found.pop(); // the container itself
        Ok(found)
    }

    /// Gives a container another name.
    ///
    /// # Errors
    /// The name is taken, also by the container itself.
    pub fn rename(&self, from: &str, to: &str) -> Result<(), Error> {
        let containers = self.containers();
        let id = containers.find(from)?;
        let _lock = containers.lock(&id)?;
        let mut record: ContainerRecord = containers.read_config(&id)?;
        if record.name == to {
            return Err(crate::store::containers::Error::NameInUse { name: to.to_owned(), id }.into());
        }
        containers.register_name(to, &id)?;
        let before = std::mem::replace(&mut record.name, to.to_owned());
        if let Err(error) = containers.write_config(&id, &record, crate::store::containers::Durability::Durable) {
            containers.release_name(to, &id);
            return Err(error.into());
        }
        containers.release_name(&before, &id);
        events::tell(&self.paths, &[events::container(&record, "rename")]);
        Ok(())
    }

    /// Removes the container that has `name`, if there is one (`--replace`).
    pub(super) fn remove_existing(&self, name: &str) -> Result<(), Error> {
        match self.remove(name, RemoveOptions { force: true, ..RemoveOptions::default() }) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == super::Kind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn remove_files(&self, record: &ContainerRecord, volumes: bool) -> Result<(), Error> {
        let anonymous: &[String] = if volumes { &record.anonymous_volumes } else { &[] };
        // Its keeper may be removing it, too: what it was faster with is found gone, and looked for again.
        removal::remove_id_file(record);
        let remove = || {
            let mut result = Err(Errno::NOENT);
            for _ in 0..REMOVAL_ATTEMPTS {
                result = removal::remove_files(&self.paths, &record.id, &record.name, anonymous);
                if result != Err(Errno::NOENT) {
                    break;
                }
            }
            result
        };
        let removed = match remove() {
            Ok(()) => Ok(()),
            Err(Errno::ACCESS | Errno::PERM) => with_ids(&record.plan.id_maps, remove)
                .map_err(|error| Error::Conflict(format!("remove container {}: {error}", record.id))),
            Err(error) => Err(Error::Conflict(format!(
                "remove container {}: {}",
                record.id,
                crate::runtime::failure::in_words(&error.into())
            ))),
        };
        if record.request.storage_size_bytes.is_some() {
            projects::sweep(&self.paths);
        }
        removed
    }

    /// Removes what killed commands left behind, with the containers' own ids where needed. Returns how many
    /// directories could not be removed.
    pub fn sweep(&self) -> usize {
        let left = removal::sweep(&self.paths);
        removal::sweep_names(&self.paths);
        let maps = HostIds::detect().intermediate;
        let left = left
            .iter()
            .filter(|id| with_ids(&maps, || removal::remove_tree(&self.containers().directory(id))).is_err())
            .count();
        projects::sweep(&self.paths);
        left
    }
}

/// The control group of a container that does not run; only a killed keeper leaves one.
pub(super) fn remove_group(state: &State, id: &str) {
    if let Some(group) = state.group.clone().filter(|group| group.to_string_lossy().ends_with(id)) {
        let _ = crate::runtime::cgroup::Group::at(group).remove(); // an empty directory harms nobody
    }
}

/// Runs `action` in a child whose user namespace has `maps`, so that files of subordinate ids are its own to change.
///
/// The caller must have one thread.
pub fn with_ids(maps: &id_map::IdMaps, action: impl FnOnce() -> Result<(), Errno>) -> Result<(), String> {
    let words = |error: Errno| crate::runtime::failure::in_words(&error.into());
    let (parent, child) = crate::sys::message::pair().map_err(words)?;
    match fork_into(NewNamespaces::USER).map_err(words)? {
        Fork::Child => {
            drop(parent);
            // The byte says that the maps are written; anything else that the caller is gone.
            let is_mapped = matches!(crate::sys::message::receive(&child, 1), Ok(Some(_)));
            let done = is_mapped && action().is_ok();
            guard::exit(i32::from(!done))
        }
        Fork::Parent { pid, pidfd } => {
            drop(child);
            let mapped = id_map::write(pid.as_raw_nonzero().get() as u32, maps, &HostIds::detect());
            if mapped.is_ok() {
                let _ = crate::sys::message::send(&parent, b"m", &[]); // a dead child shows in its exit code
            }
            drop(parent);
            let code = guard::exit_code(pidfd.as_fd());
            mapped.map_err(|error| error.to_string())?;
            if code == 0 { Ok(()) } else { Err("permission denied".to_owned()) }
        }
    }
}

/// A descriptor of this very process, not of a later one with its number.
pub fn open_process(process: ProcessId) -> Option<OwnedFd> {
    let pidfd = pidfd_open(Pid::from_raw(process.pid)?, PidfdFlags::empty()).ok()?;
    process.is_alive().then_some(pidfd)
}

/// Blocks until the process has ended (true) or the time is up (false).
pub(super) fn wait_for_end(pidfd: &OwnedFd, limit: Option<Duration>) -> bool {
    let deadline = limit.map(|limit| Instant::now() + limit);
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let timeout =
            left.map(|left| Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) });
        let mut watched = [PollFd::new(pidfd, PollFlags::IN)];
        match poll(&mut watched, timeout.as_ref()) {
            Ok(0) => return false,
            Ok(_) => return true,
            Err(_) => {}
        }
    }
}

/// Asks a process to end by `signal` and kills it after so many seconds; whether that was needed.
fn end_process(process: ProcessId, signal: i32, timeout_seconds: u32) -> bool {
    let Some(pidfd) = open_process(process) else { return false };
    if timeout_seconds > 0 {
        let _ = crate::sys::signal::send(&pidfd, signal); // it may just have ended
        if wait_for_end(&pidfd, Some(Duration::from_secs(u64::from(timeout_seconds)))) {
            return false;
        }
    }
    let _ = pidfd_send_signal(&pidfd, Signal::KILL); // likewise
    wait_for_end(&pidfd, None);
    timeout_seconds > 0
}

/// Ends a keeper that waits to start its container again.
pub(super) fn end_waiting_keeper(state: &State) {
    if let Some(keeper) = state.keeper.and_then(open_process) {
        let _ = pidfd_send_signal(&keeper, Signal::KILL); // it may just have ended
        wait_for_end(&keeper, None);
    }
}
