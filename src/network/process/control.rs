//! Messages to the net process: one `SOCK_SEQPACKET` packet of JSON each, some with a descriptor.

use crate::network::stack;
use crate::sys::message;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// Longest message, in bytes.
pub(super) const LONGEST: usize = 16 * 1024;

/// To a net process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// Packets come and go here (descriptor 0: the tap). The first message, once.
    Tap,
    /// Publish a port (descriptor 0: the bound socket).
    AddForward {
        /// TCP, else UDP.
        is_tcp: bool,
        /// The guest's address and port.
        target: SocketAddr,
    },
    /// Withdraw all ports that lead to this address.
    RemoveForwards {
        /// The guest's address.
        address: IpAddr,
    },
    /// Answer a name with one more address.
    AddName {
        /// The name.
        name: String,
        /// The address.
        address: IpAddr,
    },
    /// Forget an address of a name.
    RemoveName {
        /// The name.
        name: String,
        /// The address.
        address: IpAddr,
    },
    /// Answer with [`Statistics`].
    Statistics,
}

/// What a stack holds and has carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// TCP flows open now.
    pub tcp_flows: usize,
    /// UDP flows open now.
    pub udp_flows: usize,
    /// Ports published now.
    pub forwards: usize,
    /// Frames that came from the network.
    pub frames_in: u64,
    /// Frames sent into the network.
    pub frames_out: u64,
    /// Frames lost.
    pub frames_dropped: u64,
    /// Bytes held for flows.
    pub buffered_bytes: usize,
}

impl From<stack::Statistics> for Statistics {
    fn from(from: stack::Statistics) -> Self {
        Statistics {
            tcp_flows: from.tcp_flows,
            udp_flows: from.udp_flows,
            forwards: from.forwards,
            frames_in: from.frames_in,
            frames_out: from.frames_out,
            frames_dropped: from.frames_dropped,
            buffered_bytes: from.buffered_bytes,
        }
    }
}

/// The parent's end of the control socket.
#[derive(Debug)]
pub struct Control {
    socket: OwnedFd,
}

impl Control {
    /// Over a connected message socket.
    pub fn new(socket: OwnedFd) -> Self {
        Control { socket }
    }

    /// Says that nothing more will come: the net process gives its ports up, closes its end, and ends.
    pub fn close_for_sending(&self) {
        let _ = rustix::net::shutdown(&self.socket, rustix::net::Shutdown::Write); // it may just have ended
    }

    /// Readable when the net process has closed its end.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Sends a message. `PIPE` when the process has ended.
    pub fn send(&self, message: &Message, descriptor: Option<BorrowedFd<'_>>) -> Result<(), Errno> {
        let bytes = serde_json::to_vec(message).map_err(|_| Errno::INVAL)?;
        message::send(&self.socket, &bytes, descriptor.as_slice())
    }

    /// Asks for statistics and waits for them.
    pub fn statistics(&self) -> Result<Statistics, Errno> {
        self.send(&Message::Statistics, None)?;
        let answer = message::receive(&self.socket, LONGEST)?.ok_or(Errno::PIPE)?;
        serde_json::from_slice(&answer.bytes).map_err(|_| Errno::BADMSG)
    }
}

impl AsFd for Control {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for Control {
    fn as_raw_fd(&self) -> i32 {
        self.socket.as_raw_fd()
    }
}

/// The next message and its descriptor; `None` when the other side is gone or talks nonsense.
pub(super) fn receive(socket: &OwnedFd) -> Option<(Message, Option<OwnedFd>)> {
    let received = message::receive(socket, LONGEST).ok()??;
    Some((serde_json::from_slice(&received.bytes).ok()?, received.descriptors.into_iter().next()))
}

/// Waits for the first message.
pub(super) fn wait_for_tap(socket: &OwnedFd) -> Option<OwnedFd> {
    match receive(socket)? {
        (Message::Tap, tap) => tap,
        _ => None,
    }
}
