//! Messages to a network's holder: one `SOCK_SEQPACKET` packet of JSON each, some with descriptors. Every request has
//! one answer.

use crate::network::egress::Rules;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// Longest message, in bytes.
pub(super) const LONGEST: usize = 64 * 1024;

/// To the holder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Request {
    /// Answered with [`Answer::Welcome`] and the routing socket of the bridge's namespace.
    Hello,
    /// A container comes onto the network (descriptor 0: pidfd of the process it lives as long as; 1: where its flows are
    /// written, if anywhere). One of the same ID is replaced.
    Join(Member),
    /// Publish a port of a container (descriptor 0: the bound socket).
    Publish {
        /// The container's ID.
        container: String,
        /// TCP, else UDP.
        is_tcp: bool,
        /// Its address and port on the network.
        target: SocketAddr,
    },
    /// A container leaves.
    Leave {
        /// Its ID.
        container: String,
    },
}

/// A container on a network, as its holder knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its ID.
    pub container: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// What it is called.
    pub names: Vec<String>,
    /// Name servers it wants asked for what the network does not know, in place of the network's.
    pub servers: Vec<IpAddr>,
    /// Rules for what it sends out of the network, if any.
    pub rules: Option<Rules>,
}

/// From the holder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Answer {
    /// To [`Request::Hello`].
    Welcome {
        /// The holder's process id, in its own pid namespace, which is the caller's.
        pid: i32,
    },
    /// It is done.
    Done,
    /// It is not, for this reason.
    Refused(String),
}
