//! The keeper: the one process beside a container, with everything that has the container's lifetime.
//!
//! It runs as the user, in the caller's own namespaces, without capabilities, and holds nothing of the caller open.
//! Its life: streams and sockets are made; the guard is forked (and clones init); the id maps are written; init's
//! reports are served until its socket closes, which means that the container's process runs; then output is logged
//! and passed to clients, who come and go by a socket ([`super::control`]), until the guard reports the end. Threads (the FUSE server's) start only after the last fork.

mod clients;
mod event_loop;
mod group;
mod jobs;
mod journal;
mod log;
mod prepared;
mod start;
mod streams;

pub use jobs::{Job, Verdict};
pub use log::{Log, Stream};
pub use start::pid_of;
pub use streams::Streams;

use super::cgroup::Group;
use super::control::Control;
use super::failure::{Failure, Step};
use super::id_map::HostIds;
use super::plan::RuntimePlan;
use crate::store::containers::{Containers, Durability, ProcessId, State, Status};
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// A step of a container's life that others may want to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Milestone {
    /// All is set up for its process, which waits to be started.
    Prepared,
    /// Its process runs; its starter shows its output when `attached`.
    Started {
        /// Whether somebody watches.
        attached: bool,
        /// It was set up and waited before.
        prepared: bool,
    },
    /// Processes of it were killed for want of memory. Its process has ended, too, which is told next.
    OutOfMemory,
    /// Its process has ended with this code, and its state says so.
    Ended(i32),
    /// What it held is given back; it stays.
    CleanedUp,
    /// It was removed; the code is that of its process.
    Removed(i32),
}

/// What the engine does for the keeper.
pub trait Services {
    /// Tells the log of events.
    fn tell(&self, milestone: Milestone);
    /// Serves the FUSE device that init has mounted, from now until the mount is gone. Starts threads.
    fn serve_file_system(&mut self, device: OwnedFd) -> Step<()>;
    /// Serves the FUSE device of mount number `mount` of the plan, a view of a host directory whose files are shown as
    /// `owner`'s (user and group in the container). Starts threads.
    fn serve_view(&mut self, mount: usize, owner: (u32, u32), device: OwnedFd) -> Step<()>;
    /// Forks the process of the container's network, while this one still has one thread. Its end is seen on the
    /// descriptor; `None` when the container has no such process.
    fn fork_network(&mut self) -> Step<Option<OwnedFd>>;
    /// Descriptors of the network that the keeper holds, by number.
    fn network_descriptors(&self) -> Vec<i32>;
    /// Hands the container's tap to the process of its network.
    fn connect_network(&mut self, tap: OwnedFd) -> Step<()>;
    /// Has the container's network calls answered, which this listener tells of, from now until the container ends.
    fn answer_network_calls(&mut self, listener: OwnedFd) -> Step<()>;
    /// Plugs the container into its networks; `route` is a routing socket opened in its network namespace.
    fn join_networks(&mut self, route: OwnedFd) -> Step<()>;
    /// The container's process has ended: takes it off its networks.
    fn leave_networks(&mut self);
    /// Becomes init in a freshly forked process: executes the program again. Returns only on failure.
    fn become_init(&self, socket: OwnedFd, descriptors: Vec<OwnedFd>) -> std::convert::Infallible;
    /// Removes the container's directory, name and runtime files. `Err` when that needs the ids of the container.
    fn remove_container(&self) -> Result<(), String>;
    /// What is to be done by the clock from now on, until the container ends; its process runs.
    fn jobs(&mut self) -> Vec<Box<dyn Job>>;
    /// The container's process has ended with this code: how long to wait before it is started again, if it is.
    fn next_start(&self, state: &State, exit_code: i32) -> Option<std::time::Duration>;
    /// Executes the program again as the keeper of the next run. Returns only on failure.
    fn start_again(&self) -> Failure;
    /// The container's process runs and no command waits to hear of it.
    fn runs_again(&self, pid: i32);
    /// The container has ended and its state is written: what is left to do for others.
    fn finished(&self);
}

/// One container's keeper, before it has begun.
pub struct Keeper<'a> {
    /// The plan.
    pub plan: &'a RuntimePlan,
    /// The plan for init: an open file that init reads.
    pub init_plan: OwnedFd,
    /// The caller's ids.
    pub host_ids: &'a HostIds,
    /// Where the container's state is written.
    pub containers: Containers,
    /// The container's ID.
    pub id: String,
    /// The state before this start.
    pub state: State,
    /// The first client: the command that starts the container, until that runs.
    pub client: Option<OwnedFd>,
    /// Where further clients are to find the keeper, the best place first.
    pub control_directories: Vec<PathBuf>,
    /// The first client shows the container's output; when it vanishes without a word, a container that is removed at
    /// its end is killed.
    pub is_foreground: bool,
    /// The container's control group, once it is made.
    pub group: Option<Group>,
    /// What the engine does.
    pub services: &'a mut dyn Services,
}

impl Keeper<'_> {
    /// Writes the container's state, durably unless the container is removed at its end anyway.
    fn write_state(&self) -> Step<()> {
        let durability = if self.plan.remove { Durability::Volatile } else { Durability::Durable };
        self.containers
            .write_state(&self.id, &self.state, durability)
            .map_err(|error| Failure::message(error.to_string()))
    }

    fn note_start(&mut self, pid: i32, control: Option<&Control>) -> Step<()> {
        self.state.control = control.map(|control| control.directory().to_owned());
        self.state.status = Status::Running;
        self.state.process = ProcessId::of(pid);
        self.state.started_at = Some(jiff::Timestamp::now());
        self.state.finished_at = None;
        self.state.previous_exit_code = self.state.exit_code;
        self.state.exit_code = 0;
        self.state.error.clear();
        self.state.starts += 1;
        self.write_state()?;
        self.services.tell(Milestone::Started { attached: self.is_foreground, prepared: self.plan.waits });
        Ok(())
    }

    fn note_network_loss(&mut self, code: i32) {
        self.state.error =
            format!("the container has lost its network: the process of the network ended with code {code}");
        let _ = self.write_state(); // the container's own life goes on
    }

    /// `goes_on`: this keeper starts the container again.
    fn note_end(&mut self, code: i32, goes_on: bool) {
        self.state.status = if goes_on { Status::Restarting } else { Status::Exited };
        self.state.process = None;
        if !goes_on {
            self.state.keeper = None;
        }
        self.state.control = None;
        self.state.finished_at = Some(jiff::Timestamp::now());
        self.state.exit_code = code;
        self.state.out_of_memory = self.group.as_ref().is_some_and(|group| group.memory_kills() > 0);
        let _ = self.write_state(); // a full disk: readers then see that the keeper is gone
        if self.state.out_of_memory {
            self.services.tell(Milestone::OutOfMemory);
        }
        self.services.tell(Milestone::Ended(code));
    }

    fn note_failure(&mut self, failure: &Failure) {
        self.state.status = if self.state.starts == 0 { Status::Created } else { Status::Exited };
        self.state.process = None;
        self.state.keeper = None;
        self.state.error = failure.to_string();
        self.state.exit_code = match failure.kind {
            super::failure::FailureKind::Setup
            | super::failure::FailureKind::RootFileSystem
            | super::failure::FailureKind::Network => 125,
            super::failure::FailureKind::CannotInvoke => 126,
            super::failure::FailureKind::CommandNotFound => 127,
        };
        let _ = self.write_state(); // the failure itself is what the caller hears of
    }
}
