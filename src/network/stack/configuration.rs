//! What a stack is told before it starts: plain data.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;

/// A network as its stack sees it.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// Largest IP packet on the tap, bytes; the guest's interface has the same. At least 1280 (RFC 8200 section 5).
    pub mtu: u16,
    /// The stack's own hardware address, that of the gateway.
    pub mac: [u8; 6],
    /// The IPv4 side, if the network has one.
    pub ipv4: Option<Side4>,
    /// The IPv6 side, if the network has one.
    pub ipv6: Option<Side6>,
    /// Flows to the gateway's address that no service answers reach the host's own 127.0.0.1 and ::1
    /// (`slirp4netns:allow_host_loopback`). Otherwise they reach the address that the host's connections come from, so
    /// that `host.containers.internal` is of use without opening the loopback.
    pub host_loopback: bool,
    /// No way out: only the gateway's services and published ports.
    pub internal: bool,
    /// The host's address that connections out come from (`slirp4netns:outbound_addr`).
    pub outbound_ipv4: Option<Ipv4Addr>,
    /// The same for IPv6 (`slirp4netns:outbound_addr6`).
    pub outbound_ipv6: Option<Ipv6Addr>,
    /// A further address on which the gateway's services answer and nothing else (slirp4netns has its name server at
    /// number 3, `pasta --dns-forward` wherever it is asked for).
    pub services_at: Option<Ipv4Addr>,
    /// The gateway's addresses in further subnets, with the lengths of their prefixes, bits.
    pub more: Vec<(IpAddr, u8)>,
}

/// The IPv4 side of a network.
#[derive(Debug, Clone, Copy)]
pub struct Side4 {
    /// The stack's own address.
    pub gateway: Ipv4Addr,
    /// Length of the network's prefix, bits.
    pub prefix: u8,
    /// The only guest, or `None` for a bridge with many, whose hardware addresses ARP tells.
    pub guest: Option<Ipv4Addr>,
}

/// The IPv6 side of a network.
#[derive(Debug, Clone, Copy)]
pub struct Side6 {
    /// The stack's own address.
    pub gateway: Ipv6Addr,
    /// Length of the network's prefix, bits.
    pub prefix: u8,
    /// The only guest, or `None` for a bridge with many, whose hardware addresses neighbour discovery tells.
    pub guest: Option<Ipv6Addr>,
}

/// A transport that flows and published ports have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP and ICMPv6 echo; never published.
    Icmp,
}

/// A published port: a bound socket of the host and where in the network its clients go.
#[derive(Debug)]
pub struct Forward {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// A bound socket of the host; for TCP it need not listen yet.
    pub listener: OwnedFd,
    /// The guest's address and port.
    pub target: SocketAddr,
}

impl Configuration {
    /// The gateway's address in the family of `other`.
    pub(super) fn gateway_like(&self, other: IpAddr) -> Option<IpAddr> {
        match other {
            IpAddr::V4(_) => self.ipv4.map(|side| side.gateway.into()),
            IpAddr::V6(_) => self.ipv6.map(|side| side.gateway.into()),
        }
    }

    /// Whether `address` is the gateway's.
    pub(super) fn is_gateway(&self, address: IpAddr) -> bool {
        self.gateway_like(address) == Some(address)
            || self.more.iter().any(|more| more.0 == address)
            || self.has_only_services(address)
    }

    /// Whether `address` is the gateway's for its services alone.
    pub(super) fn has_only_services(&self, address: IpAddr) -> bool {
        self.services_at.is_some_and(|services| IpAddr::V4(services) == address)
            && self.gateway_like(address) != Some(address)
    }

    /// Whether `address` lies in one of this network's prefixes.
    pub(super) fn is_local(&self, address: IpAddr) -> bool {
        let first = match address {
            IpAddr::V4(_) => self.ipv4.map(|side| (side.gateway.into(), side.prefix)),
            IpAddr::V6(_) => self.ipv6.map(|side| (side.gateway.into(), side.prefix)),
        };
        first.into_iter().chain(self.more.iter().copied()).any(|(gateway, prefix)| is_near(address, gateway, prefix))
    }
}

/// Whether two addresses are of one family and have their first `prefix` bits in common.
fn is_near(one: IpAddr, other: IpAddr, prefix: u8) -> bool {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
            (one.to_bits() ^ other.to_bits()) & mask == 0
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0);
            (one.to_bits() ^ other.to_bits()) & mask == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_divides_local_from_remote() {
        let configuration = Configuration {
            mtu: 65520,
            mac: [2; 6],
            ipv4: Some(Side4 { gateway: Ipv4Addr::new(10, 88, 0, 1), prefix: 16, guest: None }),
            ipv6: Some(Side6 { gateway: "fd00::1".parse().unwrap(), prefix: 64, guest: None }),
            host_loopback: false,
            internal: false,
            outbound_ipv4: None,
            outbound_ipv6: None,
            services_at: None,
            more: vec![(Ipv4Addr::new(10, 90, 0, 1).into(), 24)],
        };
        for (address, local) in [
            ("10.88.255.1", true),
            ("10.89.0.1", false),
            ("10.90.0.7", true),
            ("10.90.1.7", false),
            ("fd00::2", true),
            ("fd00:0:0:1::2", false),
        ] {
            assert_eq!(configuration.is_local(address.parse().unwrap()), local, "{address}");
        }
    }
}
