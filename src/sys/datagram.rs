//! Datagrams with their addresses, several in one call (`udp(7)`, `UDP_SEGMENT` and `UDP_GRO`), and the errors that
//! earlier ones met (`ip(7)`, `IP_RECVERR`). All of it is safe code; it lives here with what else moves ancillary data.

use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn, SockaddrIn6, SockaddrStorage, recvmsg, sendmsg,
    setsockopt, sockopt,
};
use rustix::io::{Errno, Result};
use std::io::{IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};

/// Datagrams received in one call.
#[derive(Debug, Clone, Copy)]
pub struct Received {
    /// Bytes of all of them.
    pub length: usize,
    /// Bytes of each but the last, if there are several.
    pub segment: Option<u16>,
    /// Who sent them; `None` on a socket pair.
    pub source: Option<SocketAddr>,
}

/// Why a datagram did not arrive (`struct sock_extended_err`).
#[derive(Debug, Clone, Copy)]
pub struct Failure {
    /// The error number.
    pub errno: Errno,
    /// For `EMSGSIZE`, what the path takes, bytes.
    pub information: u32,
    /// Where the datagram was going.
    pub destination: Option<SocketAddr>,
}

/// Has errors about sent datagrams queued for [`receive_failure`].
pub fn queue_failures(socket: impl AsFd, is_ipv4: bool) -> Result<()> {
    let set = if is_ipv4 {
        setsockopt(&socket, sockopt::Ipv4RecvErr, &true)
    } else {
        setsockopt(&socket, sockopt::Ipv6RecvErr, &true)
    };
    set.map_err(errno)
}

/// Has the kernel join datagrams of one sender and length (Linux 5.0).
pub fn coalesce(socket: impl AsFd) -> Result<()> {
    setsockopt(&socket, sockopt::UdpGroSegment, &true).map_err(errno)
}

/// Receives one datagram, or several that the kernel joined. Does not block.
pub fn receive(socket: impl AsFd, buffer: &mut [u8]) -> Result<Received> {
    let mut slices = [IoSliceMut::new(buffer)];
    let mut control = [0; 64];
    let descriptor = socket.as_fd().as_raw_fd();
    let message = recvmsg::<SockaddrStorage>(descriptor, &mut slices, Some(&mut control), MsgFlags::MSG_DONTWAIT)
        .map_err(errno)?;
    let segment = message.cmsgs().ok().into_iter().flatten().find_map(|message| match message {
        ControlMessageOwned::UdpGroSegments(size) => u16::try_from(size).ok().filter(|size| *size > 0),
        _ => None,
    });
    Ok(Received { length: message.bytes, segment, source: message.address.as_ref().and_then(address) })
}

/// Takes one error from the queue; `AGAIN` when there is none.
pub fn receive_failure(socket: impl AsFd) -> Result<Failure> {
    let mut quoted = [0; 64];
    let mut slices = [IoSliceMut::new(&mut quoted)];
    let mut control = [0; 256];
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<SockaddrStorage>(socket.as_fd().as_raw_fd(), &mut slices, Some(&mut control), flags)
        .map_err(errno)?;
    let destination = message.address.as_ref().and_then(address);
    let error = message.cmsgs().ok().into_iter().flatten().find_map(|message| match message {
        ControlMessageOwned::Ipv4RecvErr(error, _) | ControlMessageOwned::Ipv6RecvErr(error, _) => Some(error),
        _ => None,
    });
    let error = error.ok_or(Errno::BADMSG)?;
    Ok(Failure { errno: Errno::from_raw_os_error(error.ee_errno as i32), information: error.ee_info, destination })
}

/// Sends `bytes` to `destination` (or where the socket is connected to), cut into datagrams of `segment` bytes if
/// given (Linux 4.18). Does not block.
pub fn send(socket: impl AsFd, bytes: &[u8], destination: Option<SocketAddr>, segment: Option<u16>) -> Result<()> {
    let descriptor = socket.as_fd().as_raw_fd();
    let slices = [IoSlice::new(bytes)];
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    let segments = segment.as_ref().map(ControlMessage::UdpGsoSegments);
    let control = segments.as_slice();
    let sent = match destination {
        Some(SocketAddr::V4(to)) => sendmsg(descriptor, &slices, control, flags, Some(&SockaddrIn::from(to))),
        Some(SocketAddr::V6(to)) => sendmsg(descriptor, &slices, control, flags, Some(&SockaddrIn6::from(to))),
        None => sendmsg::<()>(descriptor, &slices, control, flags, None),
    };
    sent.map(drop).map_err(errno)
}

fn address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(address) = storage.as_sockaddr_in() {
        return Some(SocketAddr::V4((*address).into()));
    }
    storage.as_sockaddr_in6().map(|address| SocketAddr::V6((*address).into()))
}

fn errno(error: nix::errno::Errno) -> Errno {
    Errno::from_raw_os_error(error as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    #[test]
    fn segments_arrive_one_by_one_or_joined() {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = receiver.local_addr().unwrap();
        send(&sender, b"aaabbbc", Some(to), Some(3)).unwrap();
        let mut buffer = [0; 16];
        assert_eq!(receiver.recv(&mut buffer).unwrap(), 3);
        assert_eq!(receiver.recv(&mut buffer).unwrap(), 3);
        assert_eq!(receiver.recv(&mut buffer).unwrap(), 1);
        coalesce(&receiver).unwrap();
        send(&sender, b"aaabbbc", Some(to), Some(3)).unwrap();
        let received = receive(&receiver, &mut buffer).unwrap();
        assert_eq!((received.length, received.segment), (7, Some(3)));
        assert_eq!(received.source, sender.local_addr().ok());
    }

    #[test]
    fn a_refused_datagram_is_told() {
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        queue_failures(&sender, true).unwrap();
        let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        send(&sender, b"x", Some(closed), None).unwrap();
        let failure = receive_failure(&sender).unwrap();
        assert_eq!((failure.errno, failure.destination), (Errno::CONNREFUSED, Some(closed)));
        assert_eq!(receive_failure(&sender).unwrap_err(), Errno::AGAIN);
    }
}
