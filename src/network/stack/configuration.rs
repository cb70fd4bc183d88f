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
    }

    /// Whether `address` lies in this network's prefix.
    pub(super) fn is_local(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => self.ipv4.is_some_and(|side| {
                let mask = u32::MAX.checked_shl(32 - u32::from(side.prefix.min(32))).unwrap_or(0);
                (address.to_bits() ^ side.gateway.to_bits()) & mask == 0
            }),
            IpAddr::V6(address) => self.ipv6.is_some_and(|side| {
                let mask = u128::MAX.checked_shl(128 - u32::from(side.prefix.min(128))).unwrap_or(0);
                (address.to_bits() ^ side.gateway.to_bits()) & mask == 0
            }),
        }
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
        };
        for (address, local) in
            [("10.88.255.1", true), ("10.89.0.1", false), ("fd00::2", true), ("fd00:0:0:1::2", false)]
        {
            assert_eq!(configuration.is_local(address.parse().unwrap()), local, "{address}");
        }
    }
}
