//! What carries the packets of a network with a name: a bridge, and one process that holds it.
//!
//! ```text
//!  container A            the network's namespaces          container B         net process (the holder)
//!  user+net namespace     user+net namespace, no process    user+net namespace  host's namespaces, no rights
//!  eth0 ── veth ──────── bridge ───────────────────────── veth ── eth0
//!                           └── tap ──────────────────────────────────────────── stack ── host's sockets
//! ```
//!
//! Containers reach each other over the bridge, in the kernel; the outside, the names and published ports are the
//! stack's, which is the gateway. The bridge's namespaces hold no process: they live by the descriptors of the holder.
//!
//! The user namespaces of two containers are siblings, and a process in one has no capability in the other. But the
//! process that made them both, an ordinary process of the user, owns them and has all capabilities in both
//! (user_namespaces(7)). It cannot enter them; it need not: it sends on a routing socket that was opened inside, with an
//! explicit destination, and the kernel then asks for the rights of the sender rather than those of the opener
//! (`netlink_ns_capable`, net/netlink/af_netlink.c). So the keepers themselves plug containers into the bridge.
//!
//! The holder (`holder`) listens on a socket in the runtime directory and knows its members by pidfds of their keepers.
//! It ends when it has neither members nor connections, and a member's end takes back its names and ports, however it
//! came. Joining is ordered by the network's lock, so there is never more than one holder; one that is just ending does
//! not answer, and a new one is made. Killing the holder takes the bridge down; the next join makes another.

mod bridge;
mod client;
mod holder;
mod protocol;
mod rendezvous;

pub use bridge::{Plug, open_inside, plug, route_through, unplug};
pub use client::{Connection, Welcome};
pub use holder::{Settings, start};
pub use protocol::Member;
pub use rendezvous::Rendezvous;

use crate::sys::errno::Words;
use rustix::io::Errno;

/// What can go wrong with a network's holder and bridge.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A step of making the network failed.
    #[error("{step}: {}", Words(&(*.source).into()))]
    Step {
        /// What was being done.
        step: &'static str,
        /// Why it failed.
        source: Errno,
    },
    /// The bridge, or an interface on it.
    #[error(transparent)]
    Link(#[from] super::link::Error),
    /// The process that makes the bridge has failed.
    #[error("{0}")]
    Bridge(String),
    /// The holder refused, or ended instead of answering.
    #[error("the network's process {0}")]
    Holder(String),
}

impl Error {
    fn step(step: &'static str) -> impl FnOnce(Errno) -> Self {
        move |source| Error::Step { step, source }
    }
}
