//! What can go wrong with a stack as a whole. A flow's failure is the guest's to hear, not ours.

use super::configuration::Protocol;
use std::io;
use std::net::SocketAddr;

/// The stack cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The tap device is not what the stack needs.
    #[error("cannot use the tap device")]
    Tap(#[source] io::Error),
    /// The tap device has gone: its namespace ended.
    #[error("the tap device is gone")]
    TapGone(#[source] io::Error),
    /// No poll descriptor, or waiting on it failed.
    #[error("cannot wait for events")]
    Poll(#[source] io::Error),
    /// A descriptor of the control cannot be watched.
    #[error("cannot watch a control descriptor")]
    Watch(#[source] io::Error),
    /// A published port's socket cannot be used.
    #[error("cannot publish port {target} ({protocol:?})")]
    Forward {
        /// TCP or UDP.
        protocol: Protocol,
        /// Where its clients would have gone.
        target: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// ICMP has no ports.
    #[error("only TCP and UDP ports can be published")]
    NotPublishable,
    /// The configuration has an MTU below IPv6's minimum.
    #[error("an MTU of {0} bytes is below 1280")]
    Mtu(u16),
}
