//! The ranges of addresses the host itself uses.

use crate::network::link::subnet::Routes;
use crate::store::networks::Subnet;
use std::net::IpAddr;

/// Ranges the host has a route to, the default routes left out; none when the kernel does not tell.
pub fn used_subnets() -> Vec<Subnet> {
    let routes = Routes::of_host().unwrap_or_default();
    let ipv4 = routes.ipv4.iter().filter_map(|route| Subnet::new(IpAddr::V4(route.network), route.prefix));
    let ipv6 = routes.ipv6.iter().filter_map(|route| Subnet::new(IpAddr::V6(route.network), route.prefix));
    // What every host has (loopback, link-local, groups of receivers) is in nobody's way unless asked for.
    ipv4.chain(ipv6).collect()
}
