//! The choice of a private subnet that hides nothing the host can reach.
//!
//! The first candidate is taken that overlaps neither a route nor an address of the host, in any routing table. Default
//! routes do not count, nor do the halves and quarters of the address space that VPN programs set in their place.

use super::{Error, Request, Route, attributes};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An IPv4 subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Subnet4 {
    /// Its first address.
    pub network: Ipv4Addr,
    /// Length of its prefix, in bits.
    pub prefix: u8,
}

/// An IPv6 subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Subnet6 {
    /// Its first address.
    pub network: Ipv6Addr,
    /// Length of its prefix, in bits.
    pub prefix: u8,
}

/// A route with a shorter prefix stands for "everywhere else" (`0.0.0.0/1` and the like), in bits.
const SHORTEST_ROUTE4: u8 = 8;
/// Likewise for IPv6: `2000::/3` is the whole Internet.
const SHORTEST_ROUTE6: u8 = 7;
/// IPv6 subnets of private networks: fd, then "coracle" (a unique local address, RFC 4193), then a number.
const ULA: u128 = 0xfd63_6f72_6163_6c65 << 64;

/// What the host's routing tables cover.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes {
    /// IPv4 destinations.
    pub ipv4: Vec<Subnet4>,
    /// IPv6 destinations.
    pub ipv6: Vec<Subnet6>,
}

impl Routes {
    /// Those of this network namespace, all tables, default routes left out.
    pub fn of_host() -> Result<Self, Error> {
        let mut route = Route::open().map_err(Error::Route)?;
        let mut routes = Routes::default();
        for body in
            route.dump(Request::new(libc::RTM_GETROUTE, 0, &[0; 12]), libc::RTM_NEWROUTE).map_err(Error::Route)?
        {
            match destination(&body) {
                Some((IpAddr::V4(network), prefix)) if prefix >= SHORTEST_ROUTE4 => {
                    routes.ipv4.push(Subnet4 { network, prefix });
                }
                Some((IpAddr::V6(network), prefix)) if prefix >= SHORTEST_ROUTE6 => {
                    routes.ipv6.push(Subnet6 { network, prefix });
                }
                _ => {}
            }
        }
        Ok(routes)
    }

    /// Whether an IPv4 subnet overlaps one of these.
    pub fn cover4(&self, subnet: Subnet4) -> bool {
        self.ipv4.iter().any(|route| route.overlaps(subnet))
    }

    /// Whether an IPv6 subnet overlaps one of these.
    pub fn cover6(&self, subnet: Subnet6) -> bool {
        self.ipv6.iter().any(|route| route.overlaps(subnet))
    }

    /// The subnet of a private network: the first candidate that is free.
    pub fn choose4(&self) -> Subnet4 {
        // Where everything is taken, 198.18.0.0/16 (RFC 2544) is what a host misses least.
        let last = Subnet4 { network: Ipv4Addr::new(198, 18, 0, 0), prefix: 16 };
        candidates4().find(|subnet| !self.cover4(*subnet)).unwrap_or(last)
    }

    /// Likewise for IPv6.
    pub fn choose6(&self) -> Subnet6 {
        let candidate = |number: u128| Subnet6 { network: Ipv6Addr::from(ULA ^ (number << 64)), prefix: 64 };
        (0..=255).map(candidate).find(|subnet| !self.cover6(*subnet)).unwrap_or(candidate(0))
    }
}

fn candidates4() -> impl Iterator<Item = Subnet4> {
    let sixteen = |first, second| Subnet4 { network: Ipv4Addr::new(first, second, 0, 0), prefix: 16 };
    // Networks with names begin at 10.89: a container can come onto one of those while it runs.
    let tens = [88].into_iter().chain(90..=127).map(move |second| sixteen(10, second));
    let more = (16..=31).map(move |second| sixteen(172, second));
    let homes = (88..=127).map(|third| Subnet4 { network: Ipv4Addr::new(192, 168, third, 0), prefix: 24 });
    let carriers = (64..=127).map(move |second| sixteen(100, second));
    tens.chain(more).chain(homes).chain(carriers)
}

/// Destination and prefix length of a route (`struct rtmsg`, then attributes).
fn destination(body: &[u8]) -> Option<(IpAddr, u8)> {
    let (header, rest) = body.split_at_checked(12)?;
    let (family, prefix) = (header[0], header[1]);
    let value = attributes(rest).find(|(kind, _)| *kind == libc::RTA_DST)?.1;
    match i32::from(family) {
        libc::AF_INET => Some((IpAddr::from(<[u8; 4]>::try_from(value).ok()?), prefix)),
        libc::AF_INET6 => Some((IpAddr::from(<[u8; 16]>::try_from(value).ok()?), prefix)),
        _ => None,
    }
}

impl Subnet4 {
    /// Whether `address` is in it.
    pub fn contains(self, address: Ipv4Addr) -> bool {
        let shift = 32 - u32::from(self.prefix.min(32));
        (u32::from(self.network) ^ u32::from(address)).checked_shr(shift).unwrap_or(0) == 0
    }

    /// Whether the two share an address.
    pub fn overlaps(self, other: Subnet4) -> bool {
        if self.prefix <= other.prefix { self.contains(other.network) } else { other.contains(self.network) }
    }

    /// The address with this number in the subnet, counted from its first.
    pub fn host(self, number: u32) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.network).wrapping_add(number))
    }

    /// How many addresses it has but for the first and the last, at most 2^31.
    pub fn hosts(self) -> u32 {
        (1u32 << (32 - u32::from(self.prefix.clamp(1, 32)))).saturating_sub(2)
    }
}

impl Subnet6 {
    /// Whether `address` is in it.
    pub fn contains(self, address: Ipv6Addr) -> bool {
        let shift = 128 - u32::from(self.prefix.min(128));
        (u128::from(self.network) ^ u128::from(address)).checked_shr(shift).unwrap_or(0) == 0
    }

    /// Whether the two share an address.
    pub fn overlaps(self, other: Subnet6) -> bool {
        if self.prefix <= other.prefix { self.contains(other.network) } else { other.contains(self.network) }
    }

    /// The address with this number in the subnet.
    pub fn host(self, number: u64) -> Ipv6Addr {
        Ipv6Addr::from(u128::from(self.network).wrapping_add(number.into()))
    }
}

macro_rules! text {
    ($type:ty, $address:ty, $bits:literal) => {
        impl std::fmt::Display for $type {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "{}/{}", self.network, self.prefix)
            }
        }

        impl std::str::FromStr for $type {
            type Err = ();

            /// `ADDRESS/BITS`; bits of the address beyond the prefix are cleared.
            fn from_str(text: &str) -> Result<Self, ()> {
                let (address, prefix) = text.split_once('/').ok_or(())?;
                let address: $address = address.parse().map_err(drop)?;
                let prefix: u8 = prefix.parse().ok().filter(|prefix| *prefix <= $bits).ok_or(())?;
                let mask = <$address>::from([0xff; $bits / 8]).to_bits();
                let mask = mask.checked_shl($bits - u32::from(prefix)).unwrap_or(0);
                Ok(Self { network: <$address>::from_bits(address.to_bits() & mask), prefix })
            }
        }
    };
}
text!(Subnet4, Ipv4Addr, 32);
text!(Subnet6, Ipv6Addr, 128);

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(ipv4: &[&str], ipv6: &[&str]) -> Routes {
        Routes {
            ipv4: ipv4.iter().map(|text| text.parse().unwrap()).collect(),
            ipv6: ipv6.iter().map(|text| text.parse().unwrap()).collect(),
        }
    }

    #[test]
    fn a_free_subnet_is_chosen() {
        let cases: [(&[&str], &str); 6] = [
            (&[], "10.88.0.0/16"),
            (&["10.88.0.0/16", "192.168.1.0/24"], "10.90.0.0/16"),
            (&["10.88.7.3/32", "10.90.0.0/24"], "10.91.0.0/16"),
            (&["10.0.0.0/8"], "172.16.0.0/16"),
            (&["10.0.0.0/8", "172.16.0.0/12"], "192.168.88.0/24"),
            (&["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"], "198.18.0.0/16"),
        ];
        for (taken, chosen) in cases {
            assert_eq!(routes(taken, &[]).choose4().to_string(), chosen, "{taken:?}");
        }
        assert_eq!(routes(&[], &["fd00::/64"]).choose6().to_string(), "fd63:6f72:6163:6c65::/64");
        assert_eq!(routes(&[], &["fd63:6f72:6163:6c65::1/128"]).choose6().to_string(), "fd63:6f72:6163:6c64::/64");
    }

    #[test]
    fn the_hosts_routes_are_read() {
        let routes = Routes::of_host().unwrap();
        let loopback = Subnet4 { network: Ipv4Addr::LOCALHOST, prefix: 32 };
        assert!(routes.cover4(loopback), "{routes:?}");
    }

    #[test]
    fn subnets_as_text() {
        assert_eq!("10.1.2.3/8".parse::<Subnet4>().unwrap().to_string(), "10.0.0.0/8");
        assert_eq!("1.2.3.4/0".parse::<Subnet4>().unwrap().to_string(), "0.0.0.0/0");
        assert_eq!("fd00::5/64".parse::<Subnet6>().unwrap().to_string(), "fd00::/64");
        for bad in ["", "10.0.0.0", "10.0.0.0/33", "x/8", "10.0.0.0/-1"] {
            assert!(bad.parse::<Subnet4>().is_err(), "{bad}");
        }
        let subnet: Subnet4 = "10.88.0.0/16".parse().unwrap();
        assert_eq!((subnet.host(1), subnet.hosts()), (Ipv4Addr::new(10, 88, 0, 1), 65534));
        assert!(subnet.contains(Ipv4Addr::new(10, 88, 255, 255)) && !subnet.contains(Ipv4Addr::new(10, 89, 0, 0)));
    }
}
