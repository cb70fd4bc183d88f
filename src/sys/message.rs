//! Messages with descriptors over Unix sockets (`unix(7)`, `SCM_RIGHTS`).
//!
//! Sockets are `SOCK_SEQPACKET`: one send is one message. All of it is safe code; it lives here because everything
//! that moves descriptors between processes does.

use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, Result};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, recv, recvmsg, sendmsg, socket_with, socketpair,
};
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// Most descriptors one message carries here (the kernel's limit is 253, `SCM_MAX_FD`).
const DESCRIPTORS_PER_MESSAGE: usize = 8;

/// One message as received.
#[derive(Debug)]
pub struct Message {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The descriptors that came with them.
    pub descriptors: Vec<OwnedFd>,
}

/// A connected pair of message sockets, close-on-exec.
pub fn pair() -> Result<(OwnedFd, OwnedFd)> {
    socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
}

/// Connects to a socket at `path`, whatever its length; never to an abstract one.
pub fn connect_to(path: &Path, kind: SocketType) -> Result<OwnedFd> {
    let file = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    let address = SocketAddrUnix::new(format!("/proc/self/fd/{}", file.as_raw_fd()).as_str())?;
    let socket = socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)?;
    connect(&socket, &address)?;
    Ok(socket)
}

/// Sends one message. Blocks while the receiver's queue is full; `EPIPE` when it has gone.
pub fn send(socket: impl AsFd, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_PER_MESSAGE))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(Errno::TOOBIG);
    }
    loop {
        match sendmsg(&socket, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL) {
            Err(Errno::INTR) => {}
            other => return other.map(drop),
        }
    }
}

/// Receives one message of at most `limit` bytes; `None` when the other side has closed. Blocks.
pub fn receive(socket: impl AsFd, limit: usize) -> Result<Option<Message>> {
    // Asked for its length first, instead of room being made, and cleared, for the longest.
    let length = loop {
        match recv(&socket, &mut [0_u8; 0], RecvFlags::PEEK | RecvFlags::TRUNC) {
            // A peer that closed with messages of ours unread: reported once, before what it had still sent.
            Err(Errno::INTR | Errno::CONNRESET) => {}
            other => break other?.1,
        }
    };
    let mut bytes = vec![0; length.min(limit)];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_PER_MESSAGE))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = loop {
        match recvmsg(&socket, &mut [IoSliceMut::new(&mut bytes)], &mut control, RecvFlags::CMSG_CLOEXEC) {
            Err(Errno::INTR | Errno::CONNRESET) => {}
            other => break other?,
        }
    };
    let mut descriptors = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            descriptors.extend(received);
        }
    }
    if received.bytes == 0 && descriptors.is_empty() {
        return Ok(None);
    }
    if received.flags.contains(rustix::net::ReturnFlags::TRUNC) {
        return Err(Errno::MSGSIZE);
    }
    bytes.truncate(received.bytes);
    Ok(Some(Message { bytes, descriptors }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_travels_with_its_message() {
        let (left, right) = pair().unwrap();
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        send(&left, b"pipe", &[writer.as_fd()]).unwrap();
        drop(writer);
        let message = receive(&right, 64).unwrap().unwrap();
        assert_eq!(message.bytes, b"pipe");
        rustix::io::write(&message.descriptors[0], b"x").unwrap();
        let mut byte = [0];
        assert_eq!(rustix::io::read(&reader, &mut byte).unwrap(), 1);
        send(&left, b"longer", &[]).unwrap();
        assert_eq!(receive(&right, 5).unwrap_err(), Errno::MSGSIZE);
        send(&left, b"whole", &[]).unwrap();
        assert_eq!(receive(&right, 5).unwrap().unwrap().bytes, b"whole");
        drop(left);
        assert!(receive(&right, 64).unwrap().is_none());
    }

    #[test]
    fn last_words_are_heard_from_a_peer_that_did_not_listen() {
        let (left, right) = pair().unwrap();
        send(&right, b"unread", &[]).unwrap();
        send(&left, b"last words", &[]).unwrap();
        drop(left);
        assert_eq!(receive(&right, 64).unwrap().unwrap().bytes, b"last words");
        assert!(receive(&right, 64).unwrap().is_none());
    }
}
