//! What init, the helper that joins namespaces, and a command tell each other: one `SOCK_SEQPACKET` message each.
//!
//! The sockets are close-on-exec in the process that becomes the container's: the end without a failure means that the
//! program has been executed.

use crate::runtime::failure::{Failure, Step};
use crate::sys::message;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Longest message, in bytes; a failure can quote a path and what a hook said.
const LONGEST: usize = 256 * 1024;

/// To the command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Report {
    /// The helper is in its new user namespace and waits for the id maps.
    Unshared,
    /// The helper has started the process of this number.
    Forked(i32),
    /// init: all mounts are there, the root has not been entered; waits for the hooks of the runtime's namespaces.
    Mounted,
    /// init: waits for `start`.
    Ready,
    /// Something is not as asked.
    Warning(String),
    /// A listener for system calls (descriptor 0).
    Listener,
    /// The end.
    Failed(Failure),
}

/// Sends a report. A command that has gone needs none.
pub(super) fn report(socket: impl AsFd, report: &Report, descriptor: Option<BorrowedFd<'_>>) {
    if let Ok(bytes) = serde_json::to_vec(report) {
        let _ = message::send(socket, &bytes, descriptor.as_slice());
    }
}

/// Receives a report with the descriptor that came along; `None` at the end.
pub(super) fn receive(socket: impl AsFd) -> Result<Option<(Report, Option<OwnedFd>)>, Errno> {
    let Some(received) = message::receive(socket, LONGEST)? else { return Ok(None) };
    let report = serde_json::from_slice(&received.bytes).map_err(|_| Errno::BADMSG)?;
    Ok(Some((report, received.descriptors.into_iter().next())))
}

/// Lets the other side go on.
pub(super) fn let_go(socket: impl AsFd) {
    let _ = message::send(socket, b"g", &[]); // one that has gone shows when it is listened to
}

/// Waits to be let go on.
pub(super) fn wait(socket: impl AsFd) -> Step<()> {
    match message::receive(socket, 16) {
        Ok(Some(_)) => Ok(()),
        _ => Err(Failure::message("the command that creates the container has gone away")),
    }
}
