//! Connections that are being made while their callers wait.

use crate::sys::notify::{self, Answer};
use rustix::event::{PollFd, PollFlags};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

/// Most callers that wait at once; each holds a descriptor here.
const MOST: usize = 512;

/// One of them.
#[derive(Debug)]
pub(super) struct Pending {
    /// The notification to be answered.
    pub id: u64,
    /// The calling thread and its descriptor.
    pub caller: (i32, i32),
    /// Where to.
    pub address: SocketAddr,
    /// The socket that is connecting.
    pub socket: OwnedFd,
    /// It takes the place of the caller's own; with its close-on-exec flag.
    pub takes_place: Option<bool>,
    /// When the caller's own time limit for sending ends (`SO_SNDTIMEO`, socket(7)).
    pub deadline: Option<Instant>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Waiting(Vec<Pending>);

impl Waiting {
    /// What to poll for.
    pub fn watch<'a>(&'a self, watched: &mut Vec<PollFd<'a>>) {
        watched.extend(self.0.iter().map(|pending| PollFd::new(&pending.socket, PollFlags::OUT)));
    }

    /// When the first time limit ends.
    pub fn deadline(&self) -> Option<Instant> {
        self.0.iter().filter_map(|pending| pending.deadline).min()
    }

    /// Adds one; `false` when there are too many.
    pub fn add(&mut self, listener: &OwnedFd, pending: Pending) -> bool {
        if self.0.len() >= MOST {
            self.0.retain(|old| notify::is_valid(listener, old.id));
        }
        let has_room = self.0.len() < MOST;
        if has_room {
            self.0.push(pending);
        }
        has_room
    }

    /// A call that a signal interrupted and that is made again goes on with what it has begun.
    pub fn resume(&mut self, listener: &OwnedFd, id: u64, caller: (i32, i32), address: SocketAddr) -> bool {
        let same = |old: &&mut Pending| old.caller == caller && old.address == address;
        match self.0.iter_mut().find(same) {
            Some(old) if !notify::is_valid(listener, old.id) => {
                old.id = id;
                true
            }
            _ => false,
        }
    }

    /// Finishes those that are done (by their place in [`Waiting::watch`]) or too late.
    pub fn finish(&mut self, listener: &OwnedFd, is_ready: &[bool]) {
        let now = Instant::now();
        let mut ready = is_ready.iter().copied();
        self.0.retain(|pending| {
            let is_done = ready.next().unwrap_or(false);
            let is_late = pending.deadline.is_some_and(|deadline| deadline <= now);
            if is_done {
                pending.finish(listener);
            } else if is_late {
                let _ = notify::answer(listener, pending.id, Answer::Failure(Errno::INPROGRESS)); // the caller is gone
            }
            !is_done && !is_late
        });
    }
}

impl Pending {
    /// Asks the socket how it went, as connect(2) tells when called again, and tells the caller.
    fn finish(&self, listener: &OwnedFd) {
        let result = rustix::net::connect(&self.socket, &self.address);
        let result = match (result, self.takes_place) {
            (Ok(()), Some(closes_on_exec)) => {
                hand_over(listener, self.id, (self.caller.1, closes_on_exec), &self.socket, OFlags::empty())
            }
            (result, _) => result,
        };
        let answer = result.map_or_else(Answer::Failure, |()| Answer::Success);
        let _ = notify::answer(listener, self.id, answer); // the caller was killed or interrupted
    }
}

/// Puts a socket of the host in the place of the caller's descriptor (its number and whether it closes on exec), with
/// these status flags.
pub(super) fn hand_over(
    listener: &OwnedFd,
    id: u64,
    (number, closes_on_exec): (i32, bool),
    socket: &OwnedFd,
    flags: OFlags,
) -> Result<(), Errno> {
    let own = fcntl_getfl(socket)?;
    fcntl_setfl(socket, own.difference(OFlags::NONBLOCK) | (flags & OFlags::NONBLOCK))?;
    notify::replace(listener, id, socket.as_fd(), number.cast_unsigned(), closes_on_exec)
}
