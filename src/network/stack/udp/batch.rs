//! Datagrams of one flow, gathered while frames are read and sent in one call.

use super::super::slab::Id;
use crate::sys::datagram;
use rustix::io::{Errno, Result};
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;

/// Most datagrams in one call (`UDP_MAX_SEGMENTS` is 64 before Linux 6.9, 128 since).
const DATAGRAMS: usize = 64;

/// Longest datagram worth gathering, bytes: cut datagrams are never fragmented, so each must fit a usual path.
const LONGEST: usize = 1452;

/// Most bytes in one call: an IP packet's payload.
const BYTES: usize = 65_000;

/// What is gathered.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    flow: Option<Id>,
    length: usize,
    count: usize,
    /// The last datagram was shorter: nothing may follow.
    closed: bool,
}

impl Batch {
    /// Adds a datagram of `flow`; `false` if it does not go with the others, which must then be sent first.
    pub fn add(&mut self, flow: Id, bytes: &[u8]) -> bool {
        if self.flow.is_none() {
            if bytes.len() > LONGEST || bytes.is_empty() {
                return false;
            }
            self.flow = Some(flow);
            self.length = bytes.len();
            self.closed = false;
        }
        let fits = self.flow == Some(flow)
            && !self.closed
            && !bytes.is_empty()
            && bytes.len() <= self.length
            && self.count < DATAGRAMS
            && self.bytes.len() + bytes.len() <= BYTES;
        if fits {
            self.bytes.extend_from_slice(bytes);
            self.count += 1;
            self.closed = bytes.len() < self.length;
        }
        fits
    }

    /// Whose datagrams are gathered.
    pub fn flow(&self) -> Option<Id> {
        self.flow
    }

    /// Sends what is gathered and empties the batch.
    pub fn send(&mut self, socket: BorrowedFd<'_>, peer: Option<SocketAddr>) -> Result<()> {
        let result = send(socket, &self.bytes, peer, (self.count > 1).then_some(self.length as u16));
        self.clear();
        result
    }

    /// Forgets what is gathered.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.flow = None;
        self.count = 0;
        if self.bytes.capacity() > 2 * BYTES {
            self.bytes = Vec::new();
        }
    }
}

/// Sends datagrams of `segment` bytes each, or one. Falls back to one call each where they cannot go together.
pub fn send(socket: BorrowedFd<'_>, bytes: &[u8], peer: Option<SocketAddr>, segment: Option<u16>) -> Result<()> {
    let Some(length) = segment.filter(|_| peer.is_some()) else {
        return match segment {
            Some(length) => each(socket, bytes, peer, length),
            None => one(socket, bytes, peer),
        };
    };
    // A path with a smaller MTU, a device without checksums, an old kernel.
    match datagram::send(socket, bytes, peer, Some(length)) {
        Err(Errno::INVAL | Errno::IO | Errno::MSGSIZE | Errno::NOPROTOOPT) => each(socket, bytes, peer, length),
        other => other,
    }
}

fn each(socket: BorrowedFd<'_>, bytes: &[u8], peer: Option<SocketAddr>, length: u16) -> Result<()> {
    bytes.chunks(usize::from(length.max(1))).try_for_each(|datagram| one(socket, datagram, peer))
}

/// One datagram. An error left by an earlier one is not this one's: it is on the error queue, and this goes again.
fn one(socket: BorrowedFd<'_>, bytes: &[u8], peer: Option<SocketAddr>) -> Result<()> {
    match datagram::send(socket, bytes, peer, None) {
        Err(Errno::CONNREFUSED | Errno::HOSTUNREACH) => datagram::send(socket, bytes, peer, None),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_equal_datagrams_of_one_flow_go_together() {
        let (one, other) = (Id { index: 1, generation: 0 }, Id { index: 2, generation: 0 });
        let mut batch = Batch::default();
        assert!(batch.add(one, b"four"));
        assert!(batch.add(one, b"more"));
        assert!(!batch.add(other, b"four"));
        assert!(!batch.add(one, b"longer"));
        assert!(batch.add(one, b"end"));
        assert!(!batch.add(one, b"four"), "nothing follows a shorter one");
        batch.clear();
        assert!(!batch.add(one, &[0; 2000]), "too long to be cut");
        assert!(batch.add(other, b"four"));
    }
}
