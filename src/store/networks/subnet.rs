//! Ranges of addresses as `ADDRESS/PREFIX` (CIDR, RFC 4632 and RFC 4291 section 2.3), both families alike.
//!
//! Addresses are counted as 128-bit numbers; an IPv4 address uses the lowest 32 bits. A [`Subnet`] always holds its
//! own first address: bits below the prefix are cleared when it is made.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A range of addresses that share their first `prefix` bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subnet {
    address: IpAddr,
    prefix: u8,
}

/// The text is no subnet; `Display` has podman's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid CIDR address: {0}")]
pub struct InvalidSubnet(pub String);

impl Subnet {
    /// The subnet of `prefix` bits that `address` is in; `None` when the family has fewer bits.
    pub fn new(address: IpAddr, prefix: u8) -> Option<Self> {
        let width = width(address);
        if prefix > width {
            return None;
        }
        let first = number(address) & !host_mask(width, prefix);
        Some(Subnet { address: from_number(first, address.is_ipv6()), prefix })
    }

    /// The first address, which names the subnet itself.
    pub fn address(self) -> IpAddr {
        self.address
    }

    /// Number of leading bits that all addresses share.
    pub fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether it is a range of IPv6 addresses.
    pub fn is_ipv6(self) -> bool {
        self.address.is_ipv6()
    }

    /// Whether `address` is in it.
    pub fn contains(self, address: IpAddr) -> bool {
        address.is_ipv6() == self.is_ipv6() && Subnet::new(address, self.prefix) == Some(self)
    }

    /// Whether some address is in both.
    pub fn overlaps(self, other: Subnet) -> bool {
        let (wide, narrow) = if self.prefix <= other.prefix { (self, other) } else { (other, self) };
        wide.contains(narrow.address)
    }

    /// The last address: IPv4's broadcast address.
    pub fn last(self) -> IpAddr {
        let width = width(self.address);
        from_number(number(self.address) | host_mask(width, self.prefix), self.is_ipv6())
    }

    /// The first address a host can have; `None` in a range too small to have one besides the subnet's own and, for
    /// IPv4, the broadcast address.
    pub fn first_host(self) -> Option<IpAddr> {
        let first = next(self.address)?;
        (first <= self.last_host()?).then_some(first)
    }

    /// The last address a host can have.
    pub fn last_host(self) -> Option<IpAddr> {
        let last = self.last();
        if self.is_ipv6() {
            return (self.prefix < 128).then_some(last);
        }
        (self.prefix < 31).then(|| from_number(number(last) - 1, false))
    }

    /// The next subnet of this size.
    pub fn following(self) -> Option<Subnet> {
        Subnet::new(next(self.last())?, self.prefix)
    }
}

/// The address after `address`; `None` after the last.
pub fn next(address: IpAddr) -> Option<IpAddr> {
    let following = number(address).checked_add(1)?;
    (address.is_ipv6() || following <= u128::from(u32::MAX)).then(|| from_number(following, address.is_ipv6()))
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv6() { 128 } else { 32 }
}

/// The bits below the prefix.
fn host_mask(width: u8, prefix: u8) -> u128 {
    let bits = u32::from(width - prefix);
    1_u128.checked_shl(bits).map_or(u128::MAX, |above| above - 1)
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn from_number(number: u128, is_ipv6: bool) -> IpAddr {
    match is_ipv6 {
        true => IpAddr::V6(Ipv6Addr::from_bits(number)),
        // Only the lowest 32 bits are ever set for this family.
        false => IpAddr::V4(Ipv4Addr::from_bits(number as u32)),
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Subnet {
    type Err = InvalidSubnet;

    fn from_str(text: &str) -> Result<Self, InvalidSubnet> {
        let invalid = || InvalidSubnet(text.to_owned());
        let (address, prefix) = text.split_once('/').ok_or_else(invalid)?;
        let is_number = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = prefix.parse().ok().filter(|_| is_number).ok_or_else(invalid)?;
        Subnet::new(address.parse().map_err(|_| invalid())?, prefix).ok_or_else(invalid)
    }
}

impl Serialize for Subnet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Subnet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(text: &str) -> Subnet {
        text.parse().unwrap()
    }

    #[test]
    fn a_subnet_is_its_first_address_and_a_prefix() {
        for (text, shown, first, last) in [
            ("10.9.0.77/24", "10.9.0.0/24", Some("10.9.0.1"), Some("10.9.0.254")),
            ("0.0.0.0/0", "0.0.0.0/0", Some("0.0.0.1"), Some("255.255.255.254")),
            ("10.0.0.2/30", "10.0.0.0/30", Some("10.0.0.1"), Some("10.0.0.2")),
            ("10.0.0.2/31", "10.0.0.2/31", None, None),
            ("10.0.0.2/32", "10.0.0.2/32", None, None),
            ("fd00::5/64", "fd00::/64", Some("fd00::1"), Some("fd00::ffff:ffff:ffff:ffff")),
            ("::/0", "::/0", Some("::1"), Some("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")),
        ] {
            let parsed = subnet(text);
            assert_eq!(parsed.to_string(), shown);
            assert_eq!(parsed.first_host().map(|address| address.to_string()).as_deref(), first, "{text}");
            assert_eq!(parsed.last_host().map(|address| address.to_string()).as_deref(), last, "{text}");
        }
        for bad in ["", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/+8", "fd00::/129", "x/8", "10.0.0/8"] {
            assert_eq!(bad.parse::<Subnet>(), Err(InvalidSubnet(bad.to_owned())));
        }
    }

    #[test]
    fn overlap_is_symmetric_and_within_one_family() {
        for (left, right, expected) in [
            ("10.0.0.0/8", "10.77.0.0/24", true),
            ("10.77.0.0/24", "10.77.1.0/24", false),
            ("10.77.0.0/23", "10.77.1.0/24", true),
            ("0.0.0.0/0", "::/0", false),
            ("fd00::/48", "fd00:0:0:1::/64", true),
        ] {
            assert_eq!(subnet(left).overlaps(subnet(right)), expected, "{left} {right}");
            assert_eq!(subnet(right).overlaps(subnet(left)), expected, "{right} {left}");
        }
        assert_eq!(subnet("10.89.255.0/24").following(), Some(subnet("10.90.0.0/24")));
        assert_eq!(subnet("255.255.255.0/24").following(), None);
    }
}
