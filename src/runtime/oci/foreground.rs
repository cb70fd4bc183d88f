//! Waiting for a process in the foreground: signals are passed on, and a terminal's bytes both ways.

use super::error::OciError;
use crate::sys::message;
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, waitid};
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize};
use std::os::fd::{AsFd, OwnedFd};

/// Waits for a child and returns its exit code, 128+n for signal n.
///
/// `terminal` is the end of a socket over which the master side of its terminal comes ([`super::Terminal::Own`]).
///
/// # Errors
/// Signals cannot be listened to.
pub fn wait_for(pidfd: &OwnedFd, terminal: Option<OwnedFd>) -> Result<i32, OciError> {
    let mut mask = SigSet::all();
    for signal in [nix::sys::signal::Signal::SIGCHLD, nix::sys::signal::Signal::SIGURG] {
        mask.remove(signal);
    }
    let failed =
        |error: nix::errno::Errno| OciError::system("listen to signals", Errno::from_raw_os_error(error as i32));
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&mask), None).map_err(failed)?;
    let signals = SignalFd::with_flags(&mask, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).map_err(failed)?;
    let master = terminal.and_then(|socket| message::receive(&socket, 4096).ok().flatten()?.descriptors.pop());
    let _raw = master.as_ref().map(|_| Raw::enter());
    let mut copy = Copy { input: master.is_some(), output: master.is_some() };
    if let Some(master) = &master {
        resize(master);
    }
    loop {
        let input = std::io::stdin();
        let mut watched = vec![PollFd::new(pidfd, PollFlags::IN), PollFd::new(&signals, PollFlags::IN)];
        if let Some(master) = &master {
            watched.push(PollFd::new(master, if copy.output { PollFlags::IN } else { PollFlags::empty() }));
            watched.push(PollFd::new(&input, if copy.input { PollFlags::IN } else { PollFlags::empty() }));
        }
        match poll(&mut watched, None) {
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(error) => return Err(OciError::system("wait for the process", error)),
        }
        let ready: Vec<bool> = watched.iter().map(|one| !one.revents().is_empty()).collect();
        drop(watched);
        if ready[1] {
            pass_signals(&signals, pidfd, master.as_ref());
        }
        if let Some(master) = &master {
            if copy.output && ready[2] {
                copy.output = pass(master, std::io::stdout());
            }
            if copy.input && ready[3] {
                copy.input = pass(&input, master);
            }
        }
        if ready[0] {
            // What the process said last is still in the terminal.
            while let Some(master) = master.as_ref().filter(|_| copy.output) {
                let mut left = [PollFd::new(master, PollFlags::IN)];
                let more = poll(&mut left, Some(&rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 }));
                if !matches!(more, Ok(1..)) || !pass(master, std::io::stdout()) {
                    break;
                }
            }
            return Ok(exit_code(pidfd));
        }
    }
}

/// Which ways of the terminal are still open.
struct Copy {
    input: bool,
    output: bool,
}

/// Copies once; false at the end.
fn pass(from: impl AsFd, to: impl AsFd) -> bool {
    let mut buffer = [0; 16 * 1024];
    let length = match rustix::io::read(&from, &mut buffer) {
        Ok(0) => return false,
        Ok(length) => length,
        Err(Errno::INTR | Errno::AGAIN) => return true,
        Err(_) => return false,
    };
    let mut rest = &buffer[..length];
    while !rest.is_empty() {
        match rustix::io::write(&to, rest) {
            Ok(written) => rest = &rest[written..],
            Err(Errno::INTR) => {}
            Err(_) => return false,
        }
    }
    true
}

fn pass_signals(signals: &SignalFd, process: &OwnedFd, master: Option<&OwnedFd>) {
    while let Ok(Some(received)) = signals.read_signal() {
        let number = received.ssi_signo as i32;
        match (number, master) {
            (libc::SIGWINCH, Some(master)) => resize(master),
            _ => {
                let _ = crate::sys::signal::send(process, number); // it may just have ended
            }
        }
    }
}

/// Gives the container's terminal the size of the caller's.
fn resize(master: &OwnedFd) {
    if let Ok(size) = tcgetwinsize(std::io::stdin()) {
        let _ = tcsetwinsize(master, size); // only cosmetic
    }
}

/// Reaps the process.
fn exit_code(pidfd: &OwnedFd) -> i32 {
    loop {
        match waitid(WaitId::PidFd(pidfd.as_fd()), WaitIdOptions::EXITED) {
            Ok(Some(status)) => {
                let signal = status.terminating_signal().map(|signal| 128 + signal);
                return status.exit_status().or(signal).unwrap_or(255);
            }
            Ok(None) | Err(Errno::INTR) => {}
            Err(_) => return 255,
        }
    }
}

/// The caller's terminal in raw mode, for as long as this lives.
struct Raw(Option<Termios>);

impl Raw {
    fn enter() -> Self {
        let input = std::io::stdin();
        let before = tcgetattr(&input).ok().filter(|_| isatty(&input));
        if let Some(before) = &before {
            let mut raw = before.clone();
            raw.make_raw();
            let _ = tcsetattr(&input, OptionalActions::Now, &raw); // then it stays as it is
        }
        Raw(before)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before); // nothing else to try
        }
    }
}
