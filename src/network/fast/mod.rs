//! `--network=fast`: TCP connections of a container made as sockets of the host, at the host's speed.
//!
//! ```text
//! container: connect(3, 192.0.2.1:80) ──stopped by seccomp──► this process: copies the arguments, takes the socket
//!                                                              │ an address outside the container's networks?
//!            3 is now a connected socket ◄──put in its place── │ yes: a socket of the host, the same options, connects
//!            of the host; the call returns 0                   │ no: the container's own socket is connected
//! ```
//!
//! The container has its own network as ever: UDP, ICMP, lookups, its loopback device, other containers, and whatever
//! cannot be handed in go through the ordinary stack.
//!
//! **What must stay true.** A host socket inside the container must not become a way around the rules, whatever the
//! container's threads do to memory and descriptors while a call is looked at. So a TCP call is never let through for the
//! kernel to read again: the socket is taken with pidfd_getfd(2), its address copied once, and the call carried out here
//! on what is held. Calls that are let through (Unix, UDP, netlink sockets) might by then mean a host socket and another
//! address; they cannot do harm, since the container is in a Landlock domain without TCP connect and bind, and its
//! filter closes the remaining doors (`runtime::seccomp::network_calls`). UDP is not handed in, because nothing
//! would keep a host's UDP socket from being sent elsewhere.
//!
//! Never bypassed: loopback, link-local and multicast addresses, the container's networks, anything that egress rules do
//! not admit by its address alone (names and TLS are checked by the stack), sockets that are bound. A socket's
//! registration in an epoll set made *before* connect does not follow it, so then the call stays inside as well.
//!
//! Needs Linux 6.7 (Landlock 4); [`is_possible`] tells. References: seccomp_unotify(2), landlock(7), pidfd_getfd(2).

mod address;
mod call;
mod caller;
mod options;
mod pending;
mod process;

pub use address::{Inside, Passed, parse as parse_address};
pub use process::{Calls, Settings, start};

/// Whether this kernel can do it; the reason why not, in words.
pub fn is_possible() -> Result<(), &'static str> {
    if crate::sys::landlock_tcp::without_tcp().is_err() {
        return Err("the kernel has no Landlock for TCP (Linux 6.7)");
    }
    let notify = libc::SECCOMP_RET_USER_NOTIF;
    crate::sys::trial::seccomp_action(notify).map_err(|_| "the kernel has no seccomp notification")
}
