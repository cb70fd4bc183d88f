//! UDP: one host socket per guest endpoint, one flow per peer it talks to.
//!
//! How it works. A guest's port gets one unconnected socket of the host, whoever it talks to, so every peer sees the
//! same address (endpoint-independent mapping, RFC 4787 section 4.1: what STUN and games need). Only peers that the
//! guest has sent to may answer (address and port-dependent filtering, section 5). Services and published ports have
//! sockets of their own; a published port's clients keep their addresses.
//!
//! Several datagrams of one length for one peer travel together where the kernel can: from the guest they are gathered
//! for one turn of the loop and leave in one call (`UDP_SEGMENT`), to the guest the kernel's joined ones (`UDP_GRO`)
//! go up in one frame, which the guest's kernel takes apart. Boundaries are kept; nothing waits for company.
//!
//! Errors that datagrams meet are told to the guest as the ICMP errors they were (`IP_RECVERR`).
//!
//! What must stay true: a flow is in `by_key` and in its socket's `flows`, or in neither; a mapping or service socket
//! without flows is closed.

mod batch;
mod table;

pub use table::Table;

use super::packet::HEADROOM;
use super::policy::{FlowRequest, Verdict};
use super::slab::Id;
use std::net::SocketAddr;
use std::time::SystemTime;

/// A flow without an answer ends after so long without a datagram, milliseconds.
const IDLE_UNANSWERED: u64 = 30_000;

/// One with an answer ends after so long (RFC 4787 section 4.3 wants at least two minutes).
const IDLE_ANSWERED: u64 = 180_000;

/// Most flows at once.
const MOST: usize = 16_384;

/// Longest UDP payload, bytes.
const PAYLOAD: usize = 65_507;

/// Room for a datagram and its headers, or for several joined ones.
const SCRATCH: usize = HEADROOM + 65_536;

/// Both ends as the guest sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// The guest's end.
    pub guest: SocketAddr,
    /// The other.
    pub remote: SocketAddr,
}

/// Datagrams between two ends.
#[derive(Debug)]
struct Flow {
    key: Key,
    /// The socket they go through.
    socket: Id,
    /// The other end as the host's socket sees it; `None` on a socket pair.
    peer: Option<SocketAddr>,
    /// The guest's hardware address, if the guest has sent anything.
    mac: Option<[u8; 6]>,
    /// When a datagram last passed.
    used: u64,
    /// Something came back.
    answered: bool,
    account: Option<(FlowRequest, Verdict, SystemTime)>,
    bytes_out: u64,
    bytes_in: u64,
}

impl Flow {
    /// When the flow ends if nothing passes.
    fn deadline(&self) -> u64 {
        self.used + if self.answered { IDLE_ANSWERED } else { IDLE_UNANSWERED }
    }
}
