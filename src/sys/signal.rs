//! Signal dispositions (`signal(7)`).

#![allow(unsafe_code)]

use super::process::last_error;
use std::os::fd::{AsFd, AsRawFd};

/// Sends signal `number`, a real-time one too, to the process `process` is a descriptor of (`pidfd_send_signal(2)`).
pub fn send(process: impl AsFd, number: i32) -> rustix::io::Result<()> {
    let none = std::ptr::null::<libc::siginfo_t>();
    let process = process.as_fd().as_raw_fd();
    // SAFETY: plain numbers; without signal information the kernel makes it up as for kill(2).
    let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, process, number, none, 0) };
    if result < 0 { Err(last_error()) } else { Ok(()) }
}

/// Gives every signal its default disposition and unblocks all: what a program expects to start with.
///
/// Ignored signals stay ignored over exec, and the Rust runtime ignores `SIGPIPE`; without this a container's pipes
/// would report errors where they should end their writers.
pub fn reset_all() {
    for signal in 1..=64 {
        // SAFETY: SIG_DFL is no function of ours; for KILL, STOP and numbers that do not exist the call fails harmlessly.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    let nothing = nix::sys::signal::SigSet::empty();
    // Cannot fail with these arguments (sigprocmask(2)).
    let _ = nix::sys::signal::sigprocmask(nix::sys::signal::SigmaskHow::SIG_SETMASK, Some(&nothing), None);
}
