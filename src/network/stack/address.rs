//! Which addresses of the host a guest may reach, and under which address a guest sees the host's clients.

use super::configuration::Configuration;
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Where a flow to some address leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// The gateway itself.
    Gateway,
    /// Out, by a socket of the host.
    Out,
    /// Nowhere: not an address of one other host, or one that would mean the host's own loopback.
    Nowhere,
}

/// Where a packet from a guest leads.
pub fn destination(configuration: &Configuration, address: IpAddr) -> Destination {
    if configuration.is_gateway(address) {
        return Destination::Gateway;
    }
    let reachable = match address {
        IpAddr::V4(address) => is_single4(address),
        IpAddr::V6(address) => is_single6(address),
    };
    // An address of the network itself is answered on the link or not at all.
    if reachable && !configuration.is_local(address) { Destination::Out } else { Destination::Nowhere }
}

fn is_single4(address: Ipv4Addr) -> bool {
    // 0.0.0.0/8 is "this host": connecting to it reaches the loopback (RFC 1122 section 3.2.1.3).
    !(address.is_loopback() || address.is_multicast() || address.is_broadcast() || address.octets()[0] == 0)
}

fn is_single6(address: Ipv6Addr) -> bool {
    // Mapped addresses would leave as IPv4 (`ipv6(7)`), the loopback among them; link-local ones need an interface.
    let is_link_local = address.segments()[0] & 0xffc0 == 0xfe80;
    !(address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || is_link_local
        || address.to_ipv4_mapped().is_some())
}

/// An address that only routers know, to ask the kernel for the way there (RFC 5737, RFC 3849).
const ELSEWHERE4: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
/// The same for IPv6.
const ELSEWHERE6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0xffff, 0, 0, 0, 0, 1);

/// Where a flow to the gateway's address `gateway` leads when no service takes it: the host, by its loopback if that is
/// allowed, else by the address that the host's own connections come from. `None` when the host has no such address.
pub fn host_behind(configuration: &Configuration, gateway: IpAddr) -> Option<IpAddr> {
    if configuration.has_only_services(gateway) {
        return None;
    }
    if configuration.host_loopback {
        return Some(if gateway.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    if configuration.internal {
        return None;
    }
    let (family, elsewhere): (_, IpAddr) = match gateway {
        IpAddr::V4(_) => (AddressFamily::INET, ELSEWHERE4.into()),
        IpAddr::V6(_) => (AddressFamily::INET6, ELSEWHERE6.into()),
    };
    // Connecting a datagram socket looks a route up and sends nothing (udp(7)).
    let socket = rustix::net::socket_with(family, SocketType::DGRAM, SocketFlags::CLOEXEC, None).ok()?;
    rustix::net::connect(&socket, &SocketAddr::new(elsewhere, 9)).ok()?;
    let own = SocketAddr::try_from(rustix::net::getsockname(&socket).ok()?).ok()?.ip();
    (destination(configuration, own) == Destination::Out).then_some(own)
}

/// The address under which a guest at `target` sees the client `client` of a published port: its own, or the
/// gateway's when it has none that the guest could answer.
pub fn client_seen(configuration: &Configuration, client: IpAddr, target: IpAddr) -> Option<IpAddr> {
    let client = client.to_canonical();
    let foreign = client.is_ipv4() != target.is_ipv4() || destination(configuration, client) != Destination::Out;
    if foreign { configuration.gateway_like(target) } else { Some(client) }
}

#[cfg(test)]
mod tests {
    use super::super::configuration::{Side4, Side6};
    use super::*;

    fn configuration() -> Configuration {
        Configuration {
            mtu: 65520,
            mac: [2; 6],
            ipv4: Some(Side4 { gateway: Ipv4Addr::new(10, 88, 0, 1), prefix: 16, guest: None }),
            ipv6: Some(Side6 { gateway: "fd00::1".parse().unwrap(), prefix: 64, guest: None }),
            host_loopback: false,
            internal: false,
            outbound_ipv4: None,
            outbound_ipv6: None,
            services_at: None,
            more: Vec::new(),
        }
    }

    #[test]
    fn the_hosts_loopback_has_no_other_name() {
        let cases = [
            ("10.88.0.1", Destination::Gateway),
            ("fd00::1", Destination::Gateway),
            ("192.0.2.1", Destination::Out),
            ("2001:db8::1", Destination::Out),
            ("127.0.0.1", Destination::Nowhere),
            ("127.255.0.1", Destination::Nowhere),
            ("0.0.0.0", Destination::Nowhere),
            ("0.0.0.1", Destination::Nowhere),
            ("::1", Destination::Nowhere),
            ("::", Destination::Nowhere),
            ("::ffff:127.0.0.1", Destination::Nowhere),
            ("224.0.0.1", Destination::Nowhere),
            ("255.255.255.255", Destination::Nowhere),
            ("ff02::1", Destination::Nowhere),
            ("fe80::1", Destination::Nowhere),
            ("10.88.7.7", Destination::Nowhere),
        ];
        for (address, expected) in cases {
            assert_eq!(destination(&configuration(), address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn a_client_keeps_its_address_where_the_guest_can_answer_it() {
        let cases = [
            ("192.0.2.1", "10.88.0.2", "192.0.2.1"),
            ("::ffff:192.0.2.1", "10.88.0.2", "192.0.2.1"),
            ("127.0.0.1", "10.88.0.2", "10.88.0.1"),
            ("2001:db8::1", "10.88.0.2", "10.88.0.1"),
            ("2001:db8::1", "fd00::2", "2001:db8::1"),
            ("192.0.2.1", "fd00::2", "fd00::1"),
            ("fe80::1", "fd00::2", "fd00::1"),
        ];
        for (client, target, expected) in cases {
            let seen = client_seen(&configuration(), client.parse().unwrap(), target.parse().unwrap());
            assert_eq!(seen, Some(expected.parse().unwrap()), "{client} to {target}");
        }
    }
}
