//! The container's network interface: made, named, addressed and routed inside its network namespace.
//!
//! Everything is static and set over rtnetlink before the container's process runs: no DHCP, no router solicitation, no
//! wait for duplicate address detection. The subnet is one that no route of the host covers ([`subnet`]), so nothing
//! the host could reach is hidden from the container.

mod interface;
mod netlink;
mod settings;
pub mod subnet;

pub use interface::{
    Address4, Address6, Interface, addresses_of, configure, configure_at, create_tap, interface_index,
};
pub(in crate::network) use interface::{QUEUE, default_route_through, link_header, without_own_addresses};
pub use netlink::{Request, Route, attributes};
pub use settings::{PING_GROUPS, UNPRIVILEGED_PORTS, write_setting};

use crate::sys::errno::Words;
use rustix::io::Errno;

/// What can go wrong with an interface.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `/dev/net/tun` is missing, closed to this user, or without a driver.
    #[error("open \"{}\": {}", crate::sys::tun::DEVICE, Words(&(*.0).into()))]
    Device(#[source] Errno),
    /// The interface could not be made or set up.
    #[error("{step} network interface \"{name}\": {}", Words(&(*.source).into()))]
    Interface {
        /// What was being done.
        step: &'static str,
        /// The interface's name.
        name: String,
        /// Why it failed.
        source: Errno,
    },
    /// The kernel's routing socket.
    #[error("ask the kernel about the network: {}", Words(&(*.0).into()))]
    Route(#[source] Errno),
}
