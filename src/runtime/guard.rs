//! The guard: owner of the container's user namespace, and what makes sure that nothing outlives the keeper.
//!
//! It is pid 1 of an outer pid namespace in which init's own is nested: when the guard dies, whoever kills it, the
//! kernel kills every process of the container with it. When instead the keeper dies, the guard sees its socket close,
//! kills init and, for a container that is removed at its end, deletes the container's directory. It keeps the user's
//! own id (so the user's files are its own) and holds all capabilities in the container's user namespace (so it can
//! delete what subordinate ids own). It stays outside the container's mount namespace; no process in the container can
//! see it.

use super::failure::{Failure, Step};
use super::handshake::{Order, Report, next_order, report};
use super::plan::{JoinPlan, RuntimePlan};
use crate::store::containers::ProcessId;
use crate::sys::process::{Fork, NewNamespaces, close_all_except, fork_into};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};
use rustix::thread::{LinkNameSpaceType, ThreadNameSpaceType, move_into_link_name_space, move_into_thread_name_spaces};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// What the guard is given.
#[derive(Debug)]
pub struct Guard<'a> {
    /// The plan.
    pub plan: &'a RuntimePlan,
    /// Socket to the keeper.
    pub keeper: OwnedFd,
    /// init's socket to the keeper; only passed on.
    pub init_socket: OwnedFd,
    /// Other descriptors init needs: plan, standard streams, preserved ones.
    pub for_init: Vec<OwnedFd>,
}

impl Guard<'_> {
    /// Runs the guard: clones init, which calls `init`, and waits. Never returns.
    ///
    /// `remove` deletes the container's directory, `remove_group` its control group when the keeper cannot; they must not panic.
    pub fn run(
        self,
        init: impl FnOnce(OwnedFd, Vec<OwnedFd>) -> std::convert::Infallible,
        remove: impl Fn() -> Result<(), String>,
        remove_group: impl Fn(),
    ) -> ! {
        let _ = rustix::thread::set_name(c"coracle-guard"); // only cosmetic
        let Guard { plan, keeper, init_socket, for_init } = self;
        let cloned = prepare(plan).and_then(|namespaces| {
            fork_into(namespaces).map_err(|error| Failure::setup("create the container's namespaces", error))
        });
        match cloned {
            Ok(Fork::Child) => {
                drop(keeper);
                match init(init_socket, for_init) {}
            }
            Ok(Fork::Parent { pidfd, .. }) => {
                drop((init_socket, for_init));
                close_all_except(0, &[keeper.as_raw_fd(), pidfd.as_raw_fd()]);
                watch(&keeper, &pidfd, &remove);
                // The keeper is gone. Nobody is left to tell; the next command that looks removes the rest.
                if plan.remove {
                    remove_group();
                    let _ = remove();
                }
                exit(0)
            }
            Err(failure) => {
                let _ = report(&keeper, &Report::Failed(failure), None); // nobody left to tell
                exit(1)
            }
        }
    }
}

/// Joins what is to be joined and returns the namespaces init is to be cloned into.
fn prepare(plan: &RuntimePlan) -> Step<NewNamespaces> {
    if let Some(join) = &plan.join {
        join_namespaces(join)?;
    }
    Ok(super::namespaces::of_init(&plan.spec))
}

fn join_namespaces(join: &JoinPlan) -> Step<()> {
    let target = ProcessId { pid: join.pid, start_time: join.start_time };
    let failed = |error| Failure::setup(format_args!("join the namespaces of process {}", join.pid), error);
    let pid = Pid::from_raw(join.pid).ok_or_else(|| failed(rustix::io::Errno::SRCH))?;
    let pidfd = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).map_err(failed)?;
    if !target.is_alive() {
        return Err(failed(rustix::io::Errno::SRCH));
    }
    move_into_thread_name_spaces(pidfd.as_fd(), ThreadNameSpaceType::USER).map_err(failed)?;
    for name in &join.namespaces {
        let kind = match name.as_str() {
            "ipc" => ThreadNameSpaceType::INTER_PROCESS_COMMUNICATION,
            "uts" => ThreadNameSpaceType::HOST_NAME_AND_NIS_DOMAIN_NAME,
            "net" => ThreadNameSpaceType::NETWORK,
            "pid" => ThreadNameSpaceType::PROCESS_ID,
            _ => ThreadNameSpaceType::CONTROL_GROUP,
        };
        move_into_thread_name_spaces(pidfd.as_fd(), kind).map_err(failed)?;
    }
    Ok(())
}

/// Joins a namespace by its file (`ns:PATH`).
pub fn join_path(path: &str) -> Step<()> {
    let failed = |error| Failure::setup(format_args!("join namespace \"{path}\""), error);
    let file =
        rustix::fs::open(path, rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::CLOEXEC, rustix::fs::Mode::empty())
            .map_err(failed)?;
    move_into_link_name_space(file.as_fd(), None::<LinkNameSpaceType>).map_err(failed)
}

/// Waits for init's end or the keeper's, then for orders. Returns when the keeper is gone.
fn watch(keeper: &OwnedFd, init: &OwnedFd, remove: &dyn Fn() -> Result<(), String>) {
    let _ = report(keeper, &Report::Cloned, Some(init.as_fd())); // a dead keeper shows as hang-up below
    let mut keeper_lives = true;
    while !wait_readable(init.as_fd(), keeper.as_fd()) {
        match next_order(keeper) {
            Some(_) => {}
            None => {
                keeper_lives = false;
                let _ = pidfd_send_signal(init, Signal::KILL); // it may just have ended
                break;
            }
        }
    }
    let code = exit_code(init.as_fd());
    keeper_lives = keeper_lives && report(keeper, &Report::Exited(code), None).is_ok();
    while keeper_lives {
        match next_order(keeper) {
            Some(Order::Quit) => exit(0),
            Some(Order::Remove) => {
                let _ = report(keeper, &Report::Removed(remove()), None); // hang-up ends the loop
            }
            Some(_) => {}
            None => keeper_lives = false,
        }
    }
}

/// How long a container runs before its guard and keeper settle for a long wait.
pub(super) const SETTLE_AFTER: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// Blocks until init has ended (true) or the keeper has something to say (false).
fn wait_readable(init: BorrowedFd<'_>, keeper: BorrowedFd<'_>) -> bool {
    let mut has_settled = false;
    loop {
        let mut watched =
            [PollFd::from_borrowed_fd(init, PollFlags::IN), PollFd::from_borrowed_fd(keeper, PollFlags::IN)];
        match poll(&mut watched, (!has_settled).then_some(&SETTLE_AFTER)) {
            Ok(0) => {
                crate::sys::memory::release_program_code();
                has_settled = true;
            }
            Ok(_) if !watched[0].revents().is_empty() => return true,
            Ok(_) if !watched[1].revents().is_empty() => return false,
            Ok(_) | Err(_) => {}
        }
    }
}

/// Waits for the end of the process `pidfd` is open on; its exit code, 128+n for signal n.
pub fn exit_code(pidfd: BorrowedFd<'_>) -> i32 {
    loop {
        match waitid(WaitId::PidFd(pidfd), WaitIdOptions::EXITED) {
            Ok(Some(status)) => {
                return status
                    .exit_status()
                    .or_else(|| status.terminating_signal().map(|signal| 128 + signal))
                    .unwrap_or(255);
            }
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return 255,
        }
    }
}

/// Ends this process at once, running no destructor of the program it was forked from.
pub fn exit(code: i32) -> ! {
    crate::sys::process::exit_now(code)
}
