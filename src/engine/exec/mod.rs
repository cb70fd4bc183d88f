//! `exec`: a further process in a running container.
//!
//! Nothing but this command takes part: it forks a waiter that enters the container's namespaces
//! ([`crate::runtime::exec`]), passes streams and signals itself ([`relay()`]) and gets the exit code from the waiter.

mod capture;
mod relay;

pub use capture::Captured;
pub use relay::relay;

use super::error::Error;
use super::lifecycle::{Container, NEWS_INTERVAL, open_process, wait_for_end};
use super::plan::{further_environment, preserved};
use super::start::in_memory;
use super::{Engine, events, network, record::ContainerRecord, secrets};
use crate::network::fast;
use crate::runtime::capabilities::{Capabilities, Wish, bounding_set};
use crate::runtime::cgroup::{self, Group};
use crate::runtime::exec::{Told, Waiter};
use crate::runtime::failure::Failure;
use crate::runtime::handshake::{Report, receive};
use crate::runtime::keeper::{Streams, pid_of};
use crate::runtime::plan::{CapabilityPlan, RuntimePlan, SeccompPlan};
use crate::runtime::seccomp::agent;
use crate::store::containers::{ProcessId, Status, random_id};
use crate::store::events::open_for_writing;
use crate::sys::message;
use crate::sys::process::{Fork, NewNamespaces, fork_into};
use oci_spec::runtime::BoxBuilder;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// A process to be started in a container.
#[derive(Clone, Debug, Default)]
pub struct ExecRequest {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Variables added to the container's environment, `NAME=value`.
    pub environment: Vec<String>,
    /// `USER[:GROUP]`, names or numbers; `None` is the container's.
    pub user: Option<String>,
    /// Working directory; `None` is the container's.
    pub workdir: Option<String>,
    /// Standard input is passed on.
    pub interactive: bool,
    /// The process gets a terminal.
    pub tty: bool,
    /// Rows and columns of that terminal.
    pub terminal_size: Option<(u16, u16)>,
    /// All capabilities, no seccomp filter.
    pub privileged: bool,
    /// This many descriptors from 3 on are passed on.
    pub preserve_fds: u32,
    /// These descriptors are passed on.
    pub preserve_fd: Vec<u32>,
    /// Nobody waits for the process, its output goes nowhere.
    pub detached: bool,
    /// The log of events is not told.
    pub untold: bool,
}

/// A process that has been started in a container.
#[derive(Debug)]
pub struct ExecSession {
    /// 64 hexadecimal digits.
    pub id: String,
    /// The process (`pidfd_open(2)`).
    process: OwnedFd,
    /// The waiter: a child of this process, which ends with the exit code.
    waiter: OwnedFd,
    /// This side of standard input, output and error.
    streams: [Option<OwnedFd>; 3],
    /// The master side of its terminal.
    terminal: Option<OwnedFd>,
}

impl Engine {
    /// Starts a process in `container`, which was looked at just now; returns when it runs, or with the reason why not.
    ///
    /// The caller must have one thread.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the container does not run; what the process's own start gives.
    pub fn exec(&self, container: Container, request: &ExecRequest) -> Result<ExecSession, Error> {
        let target = running(&container)?;
        let calls = match container.record.plan.network_calls {
            true => Some(calls(&container)?),
            false => None,
        };
        let log = if request.untold { None } else { open_for_writing(&self.paths).ok() };
        let told = log.map(|log| Told {
            log,
            started: events::container(&container.record, "exec"),
            ended: events::container(&container.record, "exec_died"),
        });
        let id = container.record.id.clone();
        let plan = plan(container.record, request)?;
        let group = container.state.group.map(Group::at);
        start(target, &First { plan: &plan, calls: calls.as_ref(), id: &id }, request, group, told)
    }
}

/// The container does not run.
fn improper() -> Error {
    Error::Conflict("can only create exec sessions on running containers: container state improper".to_owned())
}

fn running(container: &Container) -> Result<ProcessId, Error> {
    if container.state.status != Status::Running {
        return Err(improper());
    }
    container.state.process.filter(|process| open_process(*process).is_some()).ok_or_else(improper)
}

/// The container's own plan with another process.
fn plan(record: ContainerRecord, request: &ExecRequest) -> Result<RuntimePlan, Error> {
    if request.command.is_empty() {
        return Err(Error::BadRequest("must provide a non-empty command to start an exec session".to_owned()));
    }
    let secrets = secrets::variables(&record)?;
    let mut plan = record.plan;
    // What is mounted, masked and made is there already; a process that joins it does not read about it.
    plan.spec.set_mounts(None).set_linux(None);
    if let Some(process) = plan.spec.process_mut() {
        let mut environment = process.env().clone().unwrap_or_default();
        environment.extend(secrets);
        process
            .set_args(Some(request.command.clone()))
            .set_env(Some(further_environment(&environment, request.tty, &request.environment)))
            .set_terminal(Some(request.tty));
        if let Some(directory) = &request.workdir {
            process.set_cwd(PathBuf::from(directory));
        }
        if let Some((rows, columns)) = request.terminal_size {
            let size = BoxBuilder::default().height(u64::from(rows)).width(u64::from(columns)).build();
            process.set_console_size(size.ok());
        }
    }
    if let Some(user) = &request.user {
        plan.user.user = Some(user.clone());
        plan.user.groups.clear();
        plan.user.keep_groups = false;
    }
    if request.privileged {
        let choose = |root| {
            Capabilities::choose(Wish { privileged: true, root, ..Wish::default() }, bounding_set())
                .map_err(|error| Error::BadRequest(error.to_string()))
        };
        plan.capabilities = CapabilityPlan { root: choose(true)?, other: choose(false)? };
        plan.seccomp = SeccompPlan::Unconfined;
    }
    plan.preserved = preserved(request.preserve_fds, &request.preserve_fd)?;
    plan.interactive = request.interactive;
    plan.passthrough = false;
    Ok(plan)
}

/// Under `--network=fast` a further process has a filter of its own, and so somebody of its own who answers.
fn calls(container: &Container) -> Result<fast::Calls, Error> {
    let settings = network::fast_settings_of(&container.record.network, &container.state.networks)?;
    fast::start(settings)
        .map_err(|error| Failure::setup("start the process that makes the container's connections", error).into())
}

fn start(
    target: ProcessId,
    first: &First<'_>,
    request: &ExecRequest,
    group: Option<Group>,
    events: Option<Told>,
) -> Result<ExecSession, Error> {
    let failed = |error| Failure::setup("start a process in the container", error);
    let plan = first.plan;
    let streams = if request.detached { Streams::nowhere()? } else { Streams::make(plan)? };
    let (socket, inside) = message::pair().map_err(failed)?;
    let plan_file = in_memory(plan)?;
    // In the container's own group from the start: what a process forks is where the process is.
    let forked = match group {
        Some(group) => cgroup::fork_into_own(&group, NewNamespaces::empty()).map(|(fork, _)| fork),
        None => fork_into(NewNamespaces::empty()),
    };
    match forked {
        Ok(Fork::Child) => {
            // Only what the waiter is given; the rest is the command's.
            std::mem::forget((socket, streams.input, streams.output, streams.error));
            let preserved = plan.preserved.clone();
            let standard = streams.inside;
            Waiter { target, standard, socket: inside, plan: plan_file, preserved, events }.run()
        }
        Ok(Fork::Parent { pidfd: waiter, .. }) => {
            drop((inside, streams.inside, plan_file, events));
            // It may have ended while its namespaces were joined.
            let (process, terminal) =
                first_words(&socket, first).map_err(|error| if ends(target) { improper() } else { error })?;
            let streams = [streams.input, streams.output, streams.error];
            Ok(ExecSession { id: random_id(), process, waiter, streams, terminal })
        }
        Err(error) => Err(failed(error).into()),
    }
}

/// Whether a process has ended or is just doing so: its namespaces go a moment earlier than it does.
fn ends(process: ProcessId) -> bool {
    open_process(process).is_none_or(|process| wait_for_end(&process, Some(NEWS_INTERVAL)))
}

/// What a process is started from, and who answers what it asks before it runs.
struct First<'a> {
    plan: &'a RuntimePlan,
    calls: Option<&'a fast::Calls>,
    /// Of the container.
    id: &'a str,
}

/// Waits until the process runs: descriptors of it and of its terminal.
fn first_words(socket: &OwnedFd, first: &First<'_>) -> Result<(OwnedFd, Option<OwnedFd>), Error> {
    let (mut process, mut terminal) = (None, None);
    loop {
        match receive(socket).map_err(|error| Failure::setup("hear from the container", error))? {
            Some((Report::Cloned, descriptor)) => process = descriptor,
            Some((Report::Terminal, descriptor)) => terminal = descriptor,
            Some((Report::NetworkCalls, Some(listener))) => {
                let failed = |error| Failure::setup("hand the container's connections over", error);
                first.calls.map_or(Ok(()), |calls| calls.serve_on(&listener)).map_err(failed)?;
            }
            Some((Report::SystemCalls, Some(listener))) => {
                let pid = process.as_ref().and_then(pid_of).unwrap_or(0);
                agent::ask(first.plan, first.id, pid, "running", &listener)?;
            }
            Some((Report::Failed(failure), _)) => return Err(failure.into()),
            Some(_) => {}
            None => break,
        }
    }
    let ended = || Failure::message("the process ended before its command could be executed");
    Ok((process.ok_or_else(ended)?, terminal))
}
