//! Which addresses are the container's own affair.

use crate::network::egress::is_within;
use rustix::net::{AddressFamily, SocketAddrAny};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// Networks that a container reaches through its own interfaces: addresses with the length of their prefix.
#[derive(Clone, Debug, Default)]
pub struct Inside(pub Vec<(IpAddr, u8)>);

impl Inside {
    /// Whether traffic to an address stays in the container's own network namespace.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_local(address) || self.0.iter().any(|(network, length)| is_within(address, *network, *length))
    }
}

/// Addresses that mean this machine, this link or many at once, wherever they are used.
fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_loopback()
                || address.is_link_local()
                || address.is_multicast()
                || address.octets()[0] == 0
                || address.octets()[0] >= 240
        }
        IpAddr::V6(address) => {
            // ::/96 once stood for IPv4 addresses; fe80::/10 and fec0::/10 belong to a link or site.
            let is_scoped = address.segments()[0] & 0xff80 == 0xfe80;
            address.segments()[..6] == [0; 6] || is_scoped || address.is_multicast()
        }
    }
}

/// What a caller passed as an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    /// An Internet address.
    Internet(SocketAddr),
    /// `AF_UNSPEC`: dissolve the association.
    Unspecified,
    /// Another family.
    Other,
    /// Too short for its family.
    Short,
}

/// Reads a `struct sockaddr` as the kernel would (ip(7), ipv6(7)).
pub fn parse(bytes: &[u8]) -> Passed {
    let Some((family, rest)) = bytes.split_at_checked(2) else { return Passed::Short };
    match AddressFamily::from_raw(u16::from_ne_bytes([family[0], family[1]])) {
        AddressFamily::INET => match (rest.get(..14), four(rest, 2)) {
            (Some(_), Some(address)) => Passed::Internet(SocketAddrV4::new(Ipv4Addr::from(address), port(rest)).into()),
            _ => Passed::Short,
        },
        AddressFamily::INET6 => match (rest.get(6..22), four(rest, 2)) {
            (Some(address), Some(flow)) => {
                let address: [u8; 16] = address.try_into().unwrap_or_default();
                // The scope came later (RFC 2553); the kernel takes addresses without it.
                let scope = u32::from_ne_bytes(four(rest, 22).unwrap_or_default());
                let flow = u32::from_ne_bytes(flow);
                Passed::Internet(SocketAddrV6::new(Ipv6Addr::from(address), port(rest), flow, scope).into())
            }
            _ => Passed::Short,
        },
        AddressFamily::UNSPEC => Passed::Unspecified,
        _ => Passed::Other,
    }
}

fn four(bytes: &[u8], at: usize) -> Option<[u8; 4]> {
    bytes.get(at..at + 4)?.try_into().ok()
}

fn port(bytes: &[u8]) -> u16 {
    bytes.get(..2).map_or(0, |port| u16::from_be_bytes([port[0], port[1]]))
}

/// The port a socket is bound to; 0 for none.
pub(super) fn port_of(address: &SocketAddrAny) -> u16 {
    SocketAddr::try_from(address.clone()).map_or(0, |address| address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_inside() {
        let inside = Inside(vec![("10.88.0.0".parse().unwrap(), 16), ("fd00:1::".parse().unwrap(), 64)]);
        let cases = [
            ("127.0.0.1", true),
            ("127.255.0.9", true),
            ("0.0.0.0", true),
            ("169.254.169.254", true),
            ("255.255.255.255", true),
            ("10.88.3.4", true),
            ("10.89.0.1", false),
            ("192.0.2.1", false),
            ("::1", true),
            ("::", true),
            ("::ffff:127.0.0.1", true),
            ("::ffff:192.0.2.1", false),
            ("::127.0.0.1", true),
            ("fe80::1", true),
            ("ff02::1", true),
            ("fd00:1::7", true),
            ("fd00:2::7", false),
        ];
        for (address, expected) in cases {
            assert_eq!(inside.contains(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn addresses_as_the_kernel_reads_them() {
        let inet = [2, 0, 0x1f, 0x90, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(parse(&inet), Passed::Internet("192.0.2.1:8080".parse().unwrap()));
        assert_eq!(parse(&inet[..15]), Passed::Short);
        let mut inet6 = vec![10, 0, 0, 80, 0, 0, 0, 0];
        inet6.extend(Ipv6Addr::LOCALHOST.octets());
        assert_eq!(parse(&inet6), Passed::Internet("[::1]:80".parse().unwrap()));
        assert_eq!(parse(&inet6[..23]), Passed::Short);
        assert_eq!(parse(&[0, 0]), Passed::Unspecified);
        assert_eq!(parse(&[1, 0, b'/']), Passed::Other);
        assert_eq!(parse(&[2]), Passed::Short);
    }
}
