//! What the processes of one container tell each other while it starts and ends.
//!
//! Each message is one `SOCK_SEQPACKET` packet of JSON, some with a descriptor. Two sockets lead to the keeper:
//!
//! - from *init*: the FUSE device it mounted, the root file system, the terminal, the tap of its network, warnings, a failure. The socket is close-on-exec: its end
//!   without a failure means that the container's process has been executed.
//! - from the *guard*: the descriptor of init's process, then its exit status.
//!
//! The keeper answers with single bytes ([`Order`]).

use super::failure::{Failure, Step};
use crate::sys::message;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Longest message, in bytes. A failure line can quote a path of `PATH_MAX` bytes, escaped.
const LONGEST: usize = 64 * 1024;

/// From init or the guard to the keeper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// init: serve this FUSE device (descriptor 0 of the message).
    FuseDevice,
    /// init: serve this FUSE device (descriptor 0) for the mount of this number in the plan, whose files the container
    /// knows as this user's and group's.
    View {
        /// Position among the plan's mounts.
        mount: usize,
        /// User and group in the container.
        owner: (u32, u32),
    },
    /// init: keep this root file system (descriptor 0: a handle) mounted until the container's end has been told.
    Root,
    /// init: this is the container's terminal (descriptor 0: the master side).
    Terminal,
    /// init: packets of the container's network come and go here (descriptor 0: the tap).
    Tap,
    /// init: answer the calls that this descriptor tells of (descriptor 0: a seccomp listener).
    NetworkCalls,
    /// init: pass the calls that the profile has notified to its agent (descriptor 0: a seccomp listener).
    SystemCalls,
    /// init: the container's network namespace is there (descriptor 0: a routing socket opened in it); init waits for
    /// [`Order::Connected`].
    Route,
    /// init: something is not as asked, but the container starts.
    Warning(String),
    /// init: all is set up; it waits for [`Order::Start`].
    Prepared,
    /// init or guard: the container cannot start.
    Failed(Failure),
    /// guard: init has been cloned (descriptor 0: its pidfd).
    Cloned,
    /// guard: init has ended with this code (128+n for signal n).
    Exited(i32),
    /// guard: the container's directory has been removed, or not.
    Removed(Result<(), String>),
}

/// From the keeper to init and the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Order {
    /// The id maps are written: go on.
    Mapped = b'm',
    /// init: the container is on its networks.
    Connected = b'c',
    /// init: execute the container's process now.
    Start = b's',
    /// guard: remove the container's directory, whose files belong to subordinate ids.
    Remove = b'r',
    /// guard: the keeper has finished; leave without cleaning up.
    Quit = b'q',
}

/// Sends a report.
pub fn report(socket: impl AsFd, report: &Report, descriptor: Option<BorrowedFd<'_>>) -> Result<(), Errno> {
    let bytes = serde_json::to_vec(report).map_err(|_| Errno::INVAL)?;
    message::send(socket, &bytes, descriptor.as_slice())
}

/// Receives a report and the descriptor that came with it; `None` at the end.
pub fn receive(socket: impl AsFd) -> Result<Option<(Report, Option<OwnedFd>)>, Errno> {
    let Some(received) = message::receive(socket, LONGEST)? else { return Ok(None) };
    let report = serde_json::from_slice(&received.bytes).map_err(|_| Errno::BADMSG)?;
    Ok(Some((report, received.descriptors.into_iter().next())))
}

/// Sends an order.
pub fn order(socket: impl AsFd, order: Order) -> Result<(), Errno> {
    message::send(socket, &[order as u8], &[])
}

/// Waits for an order; `None` when the keeper is gone.
pub fn next_order(socket: impl AsFd) -> Option<Order> {
    let received = message::receive(socket, 16).ok()??;
    [Order::Mapped, Order::Connected, Order::Start, Order::Remove, Order::Quit]
        .into_iter()
        .find(|order| received.bytes == [*order as u8])
}

/// Waits for the one order that is due.
pub fn expect_order(socket: impl AsFd, due: Order) -> Step<()> {
    match next_order(socket) {
        Some(order) if order == due => Ok(()),
        _ => Err(Failure::message("the container's keeper has gone away")),
    }
}
