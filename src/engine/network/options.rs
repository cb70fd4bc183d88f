//! Options of slirp4netns and pasta, mapped onto the built-in stack (podman-run(1), `--network`; passt(1)).
//!
//! What the stack does anyway is accepted without effect; what it cannot do is refused in podman's words.

use super::{PrivateKind, PrivateNetwork};
use crate::engine::error::Error;
use crate::network::link::subnet::Subnet4;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The subnet slirp4netns has: scripts know its gateway 10.0.2.2.
const SLIRP_SUBNET: Subnet4 = Subnet4 { network: Ipv4Addr::new(10, 0, 2, 0), prefix: 24 };
/// Numbers of gateway, name server and guest in it.
const SLIRP_GATEWAY: u32 = 2;
const SLIRP_NAME_SERVER: u32 = 3;
const SLIRP_GUEST: u32 = 100;
/// Bounds of an MTU, in bytes: what IPv6 needs (RFC 8200), what a tap can carry.
const MTU: std::ops::RangeInclusive<u16> = 1280..=65520;

fn bad(line: String) -> Error {
    Error::BadRequest(line)
}

/// Options after `slirp4netns:`.
pub(super) fn slirp4netns(text: &str) -> Result<PrivateNetwork, Error> {
    let mut network = PrivateNetwork { kind: PrivateKind::Slirp4netns, ..PrivateNetwork::default() };
    let mut subnet = SLIRP_SUBNET;
    for option in text.split(',').filter(|option| !option.is_empty()) {
        let unknown = || bad(format!("unknown option for slirp4netns: {option:?}"));
        let (key, value) = option.split_once('=').ok_or_else(unknown)?;
        match key {
            "cidr" => subnet = value.parse().map_err(|()| bad(format!("invalid cidr {value:?}")))?,
            "port_handler" if matches!(value, "slirp4netns" | "rootlesskit") => {}
            "port_handler" => return Err(bad(format!("unknown port_handler for slirp4netns: {value:?}"))),
            "allow_host_loopback" => network.host_loopback = truth(key, value)?,
            "enable_ipv6" => network.without_ipv6 = !truth(key, value)?,
            "outbound_addr" => network.outbound4 = Some(value.to_owned()),
            "outbound_addr6" => network.outbound6 = Some(value.to_owned()),
            "mtu" => network.mtu = Some(mtu(value)?),
            _ => return Err(unknown()),
        }
    }
    if subnet.prefix > 25 {
        return Err(bad(format!("invalid cidr \"{subnet}\": it has no room for the container's address, number 100")));
    }
    network.subnet4 = Some(subnet);
    network.gateway4 = Some(subnet.host(SLIRP_GATEWAY));
    network.name_server4 = Some(subnet.host(SLIRP_NAME_SERVER));
    network.address4 = Some(subnet.host(SLIRP_GUEST));
    Ok(network)
}

fn truth(key: &str, value: &str) -> Result<bool, Error> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(bad(format!("invalid value of {key} for slirp4netns: {value:?}"))),
    }
}

fn mtu(text: &str) -> Result<u16, Error> {
    // Larger than a tap can carry is as large as it can.
    let number = text.parse::<u32>().ok().map(|number| number.min(u32::from(*MTU.end())) as u16);
    number
        .filter(|number| MTU.contains(number))
        .ok_or_else(|| bad(format!("invalid mtu {text:?}: it must be from {} to {}", MTU.start(), MTU.end())))
}

/// Options after `pasta:`: pasta's own command line, separated by commas.
pub(super) fn pasta(text: &str) -> Result<PrivateNetwork, Error> {
    let mut network = PrivateNetwork { kind: PrivateKind::Pasta, ..PrivateNetwork::default() };
    let mut prefix = None;
    let mut words = text.split(',').filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        let (option, attached) = match word.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option, Some(value)),
            _ => (word, None),
        };
        let mut value =
            || attached.or_else(|| words.next()).ok_or_else(|| bad(format!("pasta option {option:?} needs a value")));
        match option {
            "-m" | "--mtu" => network.mtu = Some(mtu(value()?)?),
            "-a" | "--address" => set_address(&mut network, value()?)?,
            "-g" | "--gateway" => {
                if let IpAddr::V4(gateway) = address(option, value()?)? {
                    network.gateway4 = Some(gateway);
                }
            }
            "-n" | "--netmask" => prefix = Some(netmask(value()?)?),
            "-I" | "--ns-ifname" => network.interface = Some(interface(value()?)?),
            "-o" | "--outbound" => match address(option, value()?)? {
                IpAddr::V4(address) => network.outbound4 = Some(address.to_string()),
                IpAddr::V6(address) => network.outbound6 = Some(address.to_string()),
            },
            "--ns-mac-addr" => {
                let text = value()?;
                let mac = super::mac_address(text).ok_or_else(|| bad(format!("invalid MAC address {text:?}")))?;
                network.mac = Some(mac);
            }
            "-4" | "--ipv4-only" => network.without_ipv6 = true,
            "-6" | "--ipv6-only" => network.without_ipv4 = true,
            "--map-gw" => network.host_loopback = true,
            "--no-map-gw" => network.host_loopback = false,
            "--map-host-loopback" => network.host_loopback = value()? != "none",
            // What the stack does by itself: the way out is the kernel's choice, nothing is announced, names are forwarded.
            "--config-net" | "--no-dhcp" | "--no-dhcpv6" | "--no-ra" | "--no-ndp" | "--no-dhcp-dns" | "-q"
            | "--quiet" | "--no-netns-quit" | "--no-dhcp-search" | "--no-splice" | "--host-lo-to-ns-lo" => {}
            "--dns-forward" => set_name_server(&mut network, value()?)?,
            "-i" | "--interface" | "-D" | "--dns" | "-S" | "--search" | "--map-guest-addr" => {
                value()?;
            }
            "-t" | "--tcp-ports" | "-u" | "--udp-ports" | "-T" | "--tcp-ns" | "-U" | "--udp-ns" => {
                let ports = value()?;
                if !matches!(ports, "none" | "auto") {
                    return Err(bad(format!(
                        "unsupported option for pasta: \"{option},{ports}\": publish ports with -p"
                    )));
                }
            }
            _ => return Err(bad(format!("unknown option for pasta: {option:?}"))),
        }
    }
    place(&mut network, prefix);
    Ok(network)
}

fn address(option: &str, text: &str) -> Result<IpAddr, Error> {
    text.parse().map_err(|_| bad(format!("invalid address {text:?} for pasta option {option:?}")))
}

fn set_address(network: &mut PrivateNetwork, text: &str) -> Result<(), Error> {
    match address("--address", text)? {
        IpAddr::V4(address) => network.address4 = Some(address),
        IpAddr::V6(address) => network.address6 = Some(address),
    }
    Ok(())
}

/// Only over IPv4, which reaches the forwarder as well; `none` is no further one.
fn set_name_server(network: &mut PrivateNetwork, text: &str) -> Result<(), Error> {
    if let Some(IpAddr::V4(server)) = (text != "none").then(|| address("--dns-forward", text)).transpose()? {
        let is_usable =
            !server.is_loopback() && !server.is_unspecified() && !server.is_multicast() && !server.is_broadcast();
        let refused = || bad(format!("invalid address {text:?} for pasta option \"--dns-forward\""));
        network.name_server4 = Some(is_usable.then_some(server).ok_or_else(refused)?);
    }
    Ok(())
}

/// A prefix length, or a mask of contiguous bits.
fn netmask(text: &str) -> Result<u8, Error> {
    let of_mask = |mask: Ipv4Addr| {
        let bits = u32::from(mask);
        (bits.leading_ones() + bits.trailing_zeros() == 32).then(|| bits.leading_ones() as u8)
    };
    let prefix = text.parse::<u8>().ok().or_else(|| text.parse().ok().and_then(of_mask));
    prefix.filter(|prefix| (1..=30).contains(prefix)).ok_or_else(|| bad(format!("invalid netmask {text:?} for pasta")))
}

/// An interface name as the kernel takes it (`dev_valid_name` in net/core/dev.c).
fn interface(text: &str) -> Result<String, Error> {
    let is_sound = (1..=15).contains(&text.len())
        && !matches!(text, "." | ".." | "lo")
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'/' | b':'));
    if is_sound { Ok(text.to_owned()) } else { Err(bad(format!("invalid interface name {text:?}"))) }
}

/// The subnet around a given address or gateway.
fn place(network: &mut PrivateNetwork, prefix: Option<u8>) {
    if let Some(address) = network.address4.or(network.gateway4) {
        let prefix = prefix.unwrap_or(24);
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
        network.subnet4 = Some(Subnet4 { network: Ipv4Addr::from(u32::from(address) & mask), prefix });
    }
}

/// The IPv6 subnet around an address: 64 bits, as all links have them.
pub(super) fn subnet_around(address: Ipv6Addr) -> crate::network::link::subnet::Subnet6 {
    let network = Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX));
    crate::network::link::subnet::Subnet6 { network, prefix: 64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_slirp4netns() {
        let network = slirp4netns("allow_host_loopback=true,mtu=9000,cidr=10.9.0.0/16,enable_ipv6=false").unwrap();
        assert!(network.host_loopback && network.without_ipv6);
        assert_eq!(network.mtu, Some(9000));
        assert_eq!(network.gateway4, Some(Ipv4Addr::new(10, 9, 0, 2)));
        let default = slirp4netns("").unwrap();
        assert_eq!(default.address4, Some(Ipv4Addr::new(10, 0, 2, 100)));
        assert_eq!(default.name_server4, Some(Ipv4Addr::new(10, 0, 2, 3)));
        let refused = |text: &str| slirp4netns(text).unwrap_err().to_string();
        assert_eq!(refused("speed=1"), r#"unknown option for slirp4netns: "speed=1""#);
        assert_eq!(refused("fast"), r#"unknown option for slirp4netns: "fast""#);
        assert_eq!(refused("port_handler=x"), r#"unknown port_handler for slirp4netns: "x""#);
        assert_eq!(refused("allow_host_loopback=1"), r#"invalid value of allow_host_loopback for slirp4netns: "1""#);
        assert_eq!(refused("cidr=x"), r#"invalid cidr "x""#);
        assert_eq!(refused("mtu=5"), r#"invalid mtu "5": it must be from 1280 to 65520"#);
    }

    #[test]
    fn options_of_pasta() {
        let network = pasta("-a,10.0.2.0,-n,24,-g,10.0.2.2,--mtu=1500,-I,tap0,--map-gw,-T,none,-4").unwrap();
        assert_eq!(network.subnet4.unwrap().to_string(), "10.0.2.0/24");
        assert_eq!((network.mtu, network.interface.as_deref()), (Some(1500), Some("tap0")));
        assert!(network.host_loopback && network.without_ipv6);
        assert_eq!(
            pasta("--netmask=255.255.0.0,--address=10.1.2.3").unwrap().subnet4.unwrap().to_string(),
            "10.1.0.0/16"
        );
        assert_eq!(pasta("--dns-forward,198.51.100.1").unwrap().name_server4, Some(Ipv4Addr::new(198, 51, 100, 1)));
        assert_eq!(pasta("--dns-forward=none").unwrap().name_server4, None);
        let refused = |text: &str| pasta(text).unwrap_err().to_string();
        assert_eq!(
            refused("--dns-forward,127.0.0.1"),
            r#"invalid address "127.0.0.1" for pasta option "--dns-forward""#
        );
        assert_eq!(refused("--warp"), r#"unknown option for pasta: "--warp""#);
        assert_eq!(refused("-T,5201"), r#"unsupported option for pasta: "-T,5201": publish ports with -p"#);
        assert_eq!(refused("-a"), r#"pasta option "-a" needs a value"#);
        assert_eq!(refused("-n,255.0.255.0"), r#"invalid netmask "255.0.255.0" for pasta"#);
        assert_eq!(refused("-I,a/b"), r#"invalid interface name "a/b""#);
    }
}
