//! `--init`: a small pid 1 that reaps orphans and forwards signals, for programs that expect one. And the holder of a pod's
//! namespaces, which is nothing else.

use super::{Failure, execute, report_failure};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, sigprocmask};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use oci_spec::runtime::Process;
use std::os::fd::OwnedFd;

/// Forks the container's process and stays as pid 1 until that ends, then ends with its exit code.
///
/// Returns only when the fork failed; all rights have been given up before.
pub fn run(process: &Process, keeper: &OwnedFd) -> Failure {
    let everything = SigSet::all();
    let mut before = SigSet::empty();
    if let Err(error) = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&everything), Some(&mut before)) {
        return Failure::setup("block signals", std::io::Error::from(error));
    }
    match crate::sys::process::fork_into(crate::sys::process::NewNamespaces::empty()) {
        Err(error) => Failure::setup("start the process below init", error),
        Ok(crate::sys::process::Fork::Child) => {
            let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&before), None); // blocked signals would only be late
            own_process_group();
            let failure = execute(process);
            report_failure(keeper, failure);
            crate::runtime::guard::exit(127)
        }
        Ok(crate::sys::process::Fork::Parent { pid, .. }) => {
            // The child has its own copy of the socket, which exec closes: that tells the keeper that the process runs. Its
            // streams stay: services log to /proc/1/fd/1. That needs a process that may be looked into (proc(5)), which
            // this one may be from here on: what it holds is its user's, and it was executed without an environment.
            crate::sys::process::close_all_except(0, &[1, 2]);
            let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::Dumpable); // a filter may forbid it
            supervise(Pid::from_raw(pid.as_raw_nonzero().get()), &everything)
        }
    }
}

/// Stays as pid 1 of namespaces that others use, until it is asked to end; reaps what is left to it.
///
/// Returns only when signals cannot be blocked; all rights have been given up before.
pub fn hold() -> Failure {
    let everything = SigSet::all();
    if let Err(error) = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&everything), None) {
        return Failure::setup("block signals", std::io::Error::from(error));
    }
    let _ = rustix::thread::set_name(c"pause"); // only cosmetic
    // Closes the keeper's socket, too, which tells the keeper that the process runs.
    crate::sys::process::close_all_except(0, &[]);
    crate::sys::memory::release_program_code();
    let ends = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGHUP];
    loop {
        match everything.wait() {
            Ok(Signal::SIGCHLD) => reap_all(),
            Ok(signal) if ends.contains(&signal) => crate::runtime::guard::exit(0),
            Ok(_) | Err(_) => {}
        }
    }
}

fn reap_all() {
    while !matches!(waitpid(None, Some(WaitPidFlag::WNOHANG)), Ok(WaitStatus::StillAlive) | Err(_)) {}
}

/// Puts the process into a group of its own, which is the terminal's foreground group where there is a terminal.
fn own_process_group() {
    let own = Pid::this();
    let _ = nix::unistd::setpgid(own, own); // fails only for a session's leader, which has a group already
    let mut stop = SigSet::empty();
    stop.add(Signal::SIGTTOU);
    // A background process that changes the foreground group is stopped unless it blocks SIGTTOU (credentials(7)).
    let _ = sigprocmask(SigmaskHow::SIG_BLOCK, Some(&stop), None);
    let _ = nix::unistd::tcsetpgrp(std::io::stdin(), own); // no terminal, nothing to do
    let _ = sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&stop), None);
}

fn supervise(child: Pid, signals: &SigSet) -> ! {
    loop {
        match signals.wait() {
            Ok(Signal::SIGCHLD) => reap(child),
            Ok(signal) => {
                let _ = kill(child, signal); // it may just have ended: SIGCHLD is next
            }
            Err(_) => {}
        }
    }
}

fn reap(child: Pid) {
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) if pid == child => crate::runtime::guard::exit(code),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == child => {
                crate::runtime::guard::exit(128 + signal as i32)
            }
            Ok(WaitStatus::StillAlive) | Err(_) => return,
            Ok(_) => {}
        }
    }
}
