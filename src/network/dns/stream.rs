//! Messages on a stream: each behind its length in two bytes (RFC 1035 section 4.2.2).

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use std::os::fd::OwnedFd;

/// How much is read at once, in bytes; also what may wait of a client's pipelined queries.
const READ_BYTES: usize = 4096;

/// A non-blocking stream socket with messages on it.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) socket: OwnedFd,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    has_ended: bool,
}

impl Stream {
    pub(super) fn new(socket: OwnedFd) -> Self {
        Stream { socket, incoming: Vec::new(), outgoing: Vec::new(), has_ended: false }
    }

    /// The next whole message of at most `limit` bytes. `Err` when there will be none: the other side has closed or
    /// failed, or the message is too long.
    pub(super) fn next(&mut self, limit: usize) -> Result<Option<Vec<u8>>, Errno> {
        loop {
            if let Some(length) = self.incoming.first_chunk().map(|bytes| usize::from(u16::from_be_bytes(*bytes))) {
                if length > limit {
                    return Err(Errno::MSGSIZE);
                }
                if self.incoming.len() >= length + 2 {
                    let rest = self.incoming.split_off(length + 2);
                    let message = std::mem::replace(&mut self.incoming, rest).split_off(2);
                    return Ok(Some(message));
                }
            }
            if self.has_ended {
                return Err(Errno::PIPE);
            }
            if !self.read()? {
                return Ok(None);
            }
        }
    }

    /// Reads what is there; false when nothing is for now.
    fn read(&mut self) -> Result<bool, Errno> {
        let mut buffer = [0; READ_BYTES];
        match recv(&self.socket, &mut buffer, RecvFlags::DONTWAIT) {
            Ok((_, 0)) => self.has_ended = true,
            Ok((_, length)) => self.incoming.extend_from_slice(&buffer[..length]),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(false),
            Err(error) => return Err(error),
        }
        Ok(true)
    }

    /// Queues a message behind its length; one that is too long for that is dropped.
    pub(super) fn queue(&mut self, message: &[u8]) {
        if let Ok(length) = u16::try_from(message.len()) {
            self.outgoing.extend_from_slice(&length.to_be_bytes());
            self.outgoing.extend_from_slice(message);
        }
    }

    /// Writes what the socket takes.
    pub(super) fn flush(&mut self) -> Result<(), Errno> {
        while !self.outgoing.is_empty() {
            match send(&self.socket, &self.outgoing, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(written) => drop(self.outgoing.drain(..written)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Whether something waits to be written.
    pub(super) fn is_writing(&self) -> bool {
        !self.outgoing.is_empty()
    }
}
