//! What the gateway itself answers, such as DNS.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;

/// Services at the gateway's addresses. Must not block.
pub trait Services {
    /// A guest connects to TCP `port` of the gateway: a connected stream socket (one end of a socket pair) that the
    /// stack joins to the flow, or `None` when nothing listens there.
    fn tcp(&mut self, port: u16, client: SocketAddr) -> Option<OwnedFd>;

    /// A guest's first datagram to UDP `port` of the gateway: a connected datagram socket (one end of a
    /// `SOCK_SEQPACKET` or `SOCK_DGRAM` socket pair) for this client, or `None` when nothing listens there. The stack
    /// closes its end when the flow has been idle.
    fn udp(&mut self, port: u16, client: SocketAddr) -> Option<OwnedFd>;
}

/// A gateway without services.
#[derive(Debug, Default)]
pub struct NoServices;

impl Services for NoServices {
    fn tcp(&mut self, _port: u16, _client: SocketAddr) -> Option<OwnedFd> {
        None
    }

    fn udp(&mut self, _port: u16, _client: SocketAddr) -> Option<OwnedFd> {
        None
    }
}
