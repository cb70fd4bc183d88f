//! A keeper's, or a command's, side of the talk with a network's holder.

use super::Error;
use super::protocol::{Answer, LONGEST, Member, Request};
use super::rendezvous::Rendezvous;
use crate::network::stack::{Forward, Protocol};
use crate::sys::message;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A connection to a holder; the holder does not end while it is open.
#[derive(Debug)]
pub struct Connection {
    socket: OwnedFd,
}

/// What a holder hands to those who come.
#[derive(Debug)]
pub struct Welcome {
    /// The connection.
    pub connection: Connection,
    /// A routing socket opened in the bridge's namespace.
    pub route: OwnedFd,
    /// The holder's process id.
    pub pid: i32,
}

impl Welcome {
    /// Hangs up and waits until the holder, which nobody else uses, has ended; at most a second.
    pub fn wait_for_end(self) {
        let process = Pid::from_raw(self.pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        drop((self.connection, self.route));
        if let Some(process) = process {
            let second = Timespec { tv_sec: 1, tv_nsec: 0 };
            let _ = poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&second)); // it ends by itself anyway
        }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Connection {
    /// Over a connected socket.
    pub fn new(socket: OwnedFd) -> Self {
        Connection { socket }
    }

    /// Greets the holder at a rendezvous; `None` when there is none, or one that is just ending. Blocks until it answers.
    pub fn greet(place: &Rendezvous) -> Result<Option<Welcome>, Error> {
        let Some(socket) = place.connect()? else { return Ok(None) };
        match Connection::new(socket).hello() {
            Ok(welcome) => Ok(Some(welcome)),
            Err(Error::Step { source: Errno::PIPE | Errno::CONNRESET, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Greets the holder.
    pub fn hello(self) -> Result<Welcome, Error> {
        let (answer, route) = self.ask(&Request::Hello, &[])?;
        match (answer, route) {
            (Answer::Welcome { pid }, Some(route)) => Ok(Welcome { connection: self, route, pid }),
            _ => Err(Error::Holder("gave an unexpected answer".to_owned())),
        }
    }

    /// Brings a container onto the network for as long as the process of `pidfd` lives. What it sends out by its rules is
    /// written to `log`.
    pub fn join(&self, member: Member, pidfd: BorrowedFd<'_>, log: Option<BorrowedFd<'_>>) -> Result<(), Error> {
        let descriptors: Vec<BorrowedFd<'_>> = [Some(pidfd), log].into_iter().flatten().collect();
        self.done(&Request::Join(member), &descriptors)
    }

    /// Publishes a port of a container.
    pub fn publish(&self, container: &str, forward: &Forward) -> Result<(), Error> {
        let request = Request::Publish {
            container: container.to_owned(),
            is_tcp: forward.protocol == Protocol::Tcp,
            target: forward.target,
        };
        self.done(&request, &[forward.listener.as_fd()])
    }

    /// Takes a container off the network.
    pub fn leave(&self, container: &str) -> Result<(), Error> {
        self.done(&Request::Leave { container: container.to_owned() }, &[])
    }

    fn done(&self, request: &Request, descriptors: &[BorrowedFd<'_>]) -> Result<(), Error> {
        match self.ask(request, descriptors)?.0 {
            Answer::Done => Ok(()),
            Answer::Refused(reason) => Err(Error::Holder(reason)),
            Answer::Welcome { .. } => Err(Error::Holder("gave an unexpected answer".to_owned())),
        }
    }

    fn ask(&self, request: &Request, descriptors: &[BorrowedFd<'_>]) -> Result<(Answer, Option<OwnedFd>), Error> {
        let failed = |source| Error::Step { step: "talk to the network's process", source };
        let bytes = serde_json::to_vec(request).map_err(|_| failed(Errno::INVAL))?;
        message::send(&self.socket, &bytes, descriptors).map_err(failed)?;
        let answer = message::receive(&self.socket, LONGEST).map_err(failed)?.ok_or_else(|| failed(Errno::PIPE))?;
        let parsed = serde_json::from_slice(&answer.bytes).map_err(|_| failed(Errno::BADMSG))?;
        Ok((parsed, answer.descriptors.into_iter().next()))
    }
}
