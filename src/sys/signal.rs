//! Signal dispositions (`signal(7)`).

#![allow(unsafe_code)]

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
