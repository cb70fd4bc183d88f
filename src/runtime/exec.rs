//! Into a running container: from a fork of the command to a further process in the container's namespaces (`exec`).
//!
//! Two processes, because a pid namespace is entered only by children ([`setns(2)`]): the *waiter*, forked by the
//! command, joins the container's other namespaces, forks the process and waits for it. The user needs no right for
//! that but being the one who made the container's user namespace (user_namespaces(7), "the owner has all
//! capabilities"). Before the waiter enters the container's mounts it takes the program from a mount namespace of its
//! own, read-only ([`init::protected_program`]): what the container's `/proc` shows of the new process is never a file
//! that can be written.
//!
//! What must stay true: the waiter never enters the container's pid namespace, so nothing inside can see or trace it,
//! and it holds no descriptor of the command's but those it passes on.
//!
//! [`setns(2)`]: https://man7.org/linux/man-pages/man2/setns.2.html

use super::failure::{Failure, Step};
use super::guard::{exit, exit_code};
use super::handshake::{Report, report};
use super::init::{self, Role};
use crate::store::containers::ProcessId;
use crate::store::events::{self, Event};
use crate::sys::process::{close_all_except, fork_to_execute};
use nix::sched::{CloneFlags, unshare};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// The namespaces of a container, by their names in `/proc/PID/ns`. The user namespace is joined before all others, and
/// that of mounts in any case.
const NAMESPACES: [(&str, ThreadNameSpaceType); 6] = [
    ("pid", ThreadNameSpaceType::PROCESS_ID),
    ("net", ThreadNameSpaceType::NETWORK),
    ("ipc", ThreadNameSpaceType::INTER_PROCESS_COMMUNICATION),
    ("uts", ThreadNameSpaceType::HOST_NAME_AND_NIS_DOMAIN_NAME),
    ("cgroup", ThreadNameSpaceType::CONTROL_GROUP),
    ("time", ThreadNameSpaceType::TIME),
];

/// What a further process of a container starts with.
#[derive(Debug)]
pub struct Waiter {
    /// The container's first process.
    pub target: ProcessId,
    /// Descriptors 0 to 2 of the new process.
    pub standard: [OwnedFd; 3],
    /// To the command: reports as init makes them; its end without a failure means that the process runs.
    pub socket: OwnedFd,
    /// The plan, an open file that the new process reads.
    pub plan: OwnedFd,
    /// Descriptors of the command that are passed on.
    pub preserved: Vec<i32>,
    /// The log of events, open because the container's mounts do not show it.
    pub events: Option<Told>,
}

/// What is told of a further process, and where.
#[derive(Debug)]
pub struct Told {
    /// The log of events.
    pub log: File,
    /// It runs.
    pub started: Event,
    /// It has ended; the exit code is filled in.
    pub ended: Event,
}

impl Waiter {
    /// Runs in a process that was forked for it. Ends with the exit code of the process (128+n for signal n).
    pub fn run(self) -> ! {
        let _ = rustix::thread::set_name(c"coracle-exec"); // only cosmetic
        let _ = rustix::process::setsid(); // the terminal's signals are for the command, which passes them on
        let standard = self.standard.each_ref().map(AsRawFd::as_raw_fd);
        let own = [self.socket.as_raw_fd(), self.plan.as_raw_fd()];
        let log = self.events.iter().map(|told| told.log.as_raw_fd());
        let keep: Vec<i32> = standard.into_iter().chain(own).chain(log).chain(self.preserved.iter().copied()).collect();
        let_go_of_streams();
        close_all_except(3, &keep);
        match self.start() {
            // Also when nobody asks for the code: an orphan that is not reaped outside would keep the container's pid
            // namespace, and with it the container, from ending (zap_pid_ns_processes).
            Ok((process, told)) => {
                let code = exit_code(process.as_fd());
                if let Some(Told { log, ended, .. }) = told {
                    let ended = Event { container_exit_code: Some(code), time: jiff::Timestamp::now(), ..ended };
                    let _ = events::append(&log, &[ended]); // a full disk
                }
                exit(code)
            }
            Err(()) => exit(125),
        }
    }

    fn start(mut self) -> Result<(OwnedFd, Option<Told>), ()> {
        let failed = |failure| init::report_failure(&self.socket, failure);
        let program = join(self.target).map_err(failed)?;
        let execute = || {
            let failure = init::execute_as(Role::Exec, &program, &self.standard, &self.socket, &self.plan);
            init::report_failure(&self.socket, failure);
            125
        };
        match fork_to_execute(&execute) {
            Ok(pidfd) => {
                let _ = report(&self.socket, &Report::Cloned, Some(pidfd.as_fd())); // nobody waits any more
                let told = self.events.take();
                if let Some(Told { log, started, .. }) = &told {
                    let _ = events::append(log, std::slice::from_ref(started)); // a full disk
                }
                let log = told.iter().map(|told| told.log.as_raw_fd());
                close_all_except(3, &log.chain([pidfd.as_raw_fd()]).collect::<Vec<_>>());
                // Their owners would close the same numbers again.
                std::mem::forget((self, program));
                Ok((pidfd, told))
            }
            Err(error) => {
                failed(Failure::setup("start a process in the container", error));
                Err(())
            }
        }
    }
}

/// The command's standard streams are not the waiter's: a reader of them must see their end without it.
fn let_go_of_streams() {
    if let Ok(null) = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()) {
        for stream in 0..3 {
            let _ = crate::sys::process::duplicate_to(null.as_raw_fd(), stream); // then the stream stays as it is
        }
    }
}

/// Joins the namespaces of `target` that are not this process's own already; returns the program to execute there.
pub(super) fn join(target: ProcessId) -> Step<OwnedFd> {
    let failed = |error| Failure::setup("join the container's namespaces", error);
    let pid = Pid::from_raw(target.pid).ok_or_else(|| failed(Errno::SRCH))?;
    let process = pidfd_open(pid, PidfdFlags::empty()).map_err(failed)?;
    if !target.is_alive() {
        return Err(failed(Errno::SRCH));
    }
    // Mounts in any case: this process leaves the ones it shares with the target, perhaps, to protect the program.
    let mut others = ThreadNameSpaceType::MOUNT;
    for (name, kind) in NAMESPACES {
        if !is_own_namespace(target.pid, name) {
            others |= kind;
        }
    }
    if !is_own_namespace(target.pid, "user") {
        move_into_thread_name_spaces(process.as_fd(), ThreadNameSpaceType::USER).map_err(failed)?;
    }
    unshare(CloneFlags::CLONE_NEWNS).map_err(|error| failed(Errno::from_raw_os_error(error as i32)))?;
    let program = init::protected_program()?;
    move_into_thread_name_spaces(process.as_fd(), others).map_err(failed)?;
    Ok(program)
}

/// Whether a process is in the same namespace as this one. What cannot be seen is another's.
pub(super) fn is_own_namespace(pid: i32, name: &str) -> bool {
    let identity = |process: &str| {
        rustix::fs::stat(format!("/proc/{process}/ns/{name}")).map(|status| (status.st_dev, status.st_ino)).ok()
    };
    let own = identity("self");
    own.is_some() && own == identity(&pid.to_string())
}
