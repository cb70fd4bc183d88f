//! The net process: a container's, or a network's, user-mode stack and name forwarder, in a process of their own.
//!
//! ```text
//! keeper ── fork ── net          host's network namespace, no rights
//!    └── control socket ──┘      [`Message`]s: the tap, published ports, names
//! ```
//!
//! It is forked before its parent starts threads, sheds every right it does not need (`sandbox`), waits for the tap
//! and runs until the control socket closes: whoever holds its other end decides how long the network lives. Should the
//! stack fail, the process ends and the holder sees it.
//!
//! What must stay true: nothing that came from the container is looked at before the rights are gone.

mod control;
mod node;
pub(in crate::network) mod sandbox;

pub use control::{Control, Message, Statistics};

use super::stack::{Configuration, Forward};
use super::{dns, egress};
use crate::sys::memory::ProgramCode;
use crate::sys::message;
use crate::sys::process::{Fork, NewNamespaces, close_all_except, exit_now, fork_into};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, pidfd_send_signal};
use std::os::fd::{AsRawFd, OwnedFd};

/// What a net process is told before it is forked.
#[derive(Debug)]
pub struct Settings {
    /// Of the stack.
    pub configuration: Configuration,
    /// Ports published from the start.
    pub forwards: Vec<Forward>,
    /// Of the forwarder on the gateway's address.
    pub dns: dns::Settings,
    /// Rules for what leaves, if any.
    pub egress: Option<egress::Settings>,
}

/// A net process as its parent sees it.
#[derive(Debug)]
pub struct NetProcess {
    /// Messages to it; it ends when this is closed.
    pub control: Control,
    /// Readable when it has ended.
    pub process: OwnedFd,
    /// Its process id.
    pub pid: Pid,
}

impl NetProcess {
    /// Tells the process to end and waits until its published ports are free, for a second at most. It may be there for
    /// a while longer: the kernel takes some 20 ms to give a tap back (synchronize_net).
    pub fn end(self) {
        self.control.close_for_sending();
        let control = self.control.descriptor();
        let mut watched = [PollFd::new(&control, PollFlags::IN), PollFd::new(&self.process, PollFlags::IN)];
        if !matches!(poll(&mut watched, Some(&END_LIMIT)), Ok(1..)) {
            let _ = pidfd_send_signal(&self.process, Signal::KILL); // it may just have ended
        }
    }
}

/// How long a net process may take to give its ports up, then it is killed. It has nothing else to do.
const END_LIMIT: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// Forks a net process, which waits for its tap. The caller must have one thread.
///
/// The child inherits the sockets of `settings`; the parent's copies are closed with `settings`.
pub fn fork(settings: Settings) -> rustix::io::Result<NetProcess> {
    let (own, other) = message::pair()?;
    match fork_into(NewNamespaces::empty())? {
        Fork::Child => {
            drop(own);
            let code = match become_net(settings, other) {
                Ok(()) => 0,
                Err(()) => 1,
            };
            exit_now(code)
        }
        Fork::Parent { pid, pidfd } => Ok(NetProcess { control: Control::new(own), process: pidfd, pid }),
    }
}

/// The life of the child. What went wrong is nobody's to hear: its parent sees the end.
fn become_net(settings: Settings, socket: OwnedFd) -> Result<(), ()> {
    let _ = rustix::thread::set_name(c"coracle-net"); // only cosmetic
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL)); // the control socket says it too
    let mut keep: Vec<i32> = settings.forwards.iter().map(|forward| forward.listener.as_raw_fd()).collect();
    keep.push(socket.as_raw_fd());
    keep.extend(settings.egress.iter().filter_map(|egress| egress.log.as_ref()).map(AsRawFd::as_raw_fd));
    sandbox::silence().map_err(drop)?;
    close_all_except(3, &keep);
    let code = ProgramCode::find();
    sandbox::enter(&settings.dns).map_err(drop)?;
    match control::wait_for_tap(&socket) {
        Some(tap) => node::run(settings, socket, tap, code).map_err(drop),
        // The container could not be started.
        None => Ok(()),
    }
}
