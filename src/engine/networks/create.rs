//! `network create`: a request checked and completed to a network.

use crate::engine::Engine;
use crate::engine::error::Error;
use crate::engine::events;
use crate::store::networks::{
    self, ISOLATE_OPTION, LeaseRange, MTU_OPTION, NO_DEFAULT_ROUTE_OPTION, Network, NetworkSubnet, Subnet, host_local,
};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

/// Names that `--network` gives another meaning.
const RESERVED: &[&str] =
    &["none", "host", "bridge", "private", "slirp4netns", "pasta", "container", "ns", "default", "fast"];
/// Largest packet an interface can have, in bytes (`ETH_MAX_MTU`, include/uapi/linux/if_ether.h).
const LARGEST_MTU: u32 = 65_535;
/// Smallest that IPv4 works with (RFC 791).
const SMALLEST_MTU: u32 = 68;

/// A network to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkRequest {
    /// Its name; `podmanN` when absent.
    pub name: Option<String>,
    /// Ranges of addresses; one is chosen when there is none.
    pub subnets: Vec<Subnet>,
    /// Gateways of the subnets, in their order.
    pub gateways: Vec<IpAddr>,
    /// Parts of the subnets that containers get addresses from, in their order.
    pub ranges: Vec<String>,
    /// An IPv6 range too.
    pub ipv6: bool,
    /// No way out.
    pub internal: bool,
    /// Containers do not find each other by name.
    pub disable_dns: bool,
    /// Resolvers for other names.
    pub dns: Vec<IpAddr>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Options of the driver.
    pub options: BTreeMap<String, String>,
    /// Name of the bridge.
    pub interface: Option<String>,
    /// A network of this name is no error.
    pub ignore: bool,
}

fn bad<T>(text: impl Into<String>) -> Result<T, Error> {
    Err(Error::BadRequest(text.into()))
}

impl Engine {
    /// Makes a network and returns its name.
    ///
    /// # Errors
    /// The name is bad or taken; its subnets are another's or the host's; options are unknown; the store cannot be
    /// written.
    pub fn create_network(&self, request: NetworkRequest) -> Result<String, Error> {
        if let Some(name) = &request.name {
            networks::check_name(name)?;
            if RESERVED.contains(&name.as_str()) {
                return bad(format!(
                    "cannot create network with name {name:?} because it conflicts with a valid network mode"
                ));
            }
        }
        let networks = self.networks();
        let _lock = networks.lock_all()?;
        let existing = networks.list();
        if let Some(name) = request.name.as_ref().filter(|name| existing.iter().any(|known| known.name == **name)) {
            return match request.ignore {
                true => Ok(name.clone()),
                false => Err(networks::Error::Exists { name: name.clone() }.into()),
            };
        }
        let network = complete(request, &existing, &super::host::used_subnets())?;
        networks.write(&network)?;
        events::tell(&self.paths, &[events::network(&network.id, &network.name, &network.driver, "create")]);
        Ok(network.name)
    }
}

/// The whole network; `existing` and `host` must not collide with it.
fn complete(request: NetworkRequest, existing: &[Network], host: &[Subnet]) -> Result<Network, Error> {
    let (options, docker_interface) = options(&request.options)?;
    let interface = interface(request.interface.clone().or(docker_interface), request.name.as_deref(), existing)?;
    let name = request.name.clone().unwrap_or_else(|| interface.clone());
    let mut used: Vec<Subnet> = host.to_vec();
    used.extend(existing.iter().flat_map(|network| network.subnets.iter().map(|subnet| subnet.subnet)));
    let subnets = subnets(&request, used)?;
    if !request.dns.is_empty() && request.disable_dns {
        return bad("cannot set NetworkDNSServers if DNS is not enabled for the network: invalid argument");
    }
    Ok(Network {
        name,
        id: random_id()?,
        driver: "bridge".to_owned(),
        network_interface: interface,
        created: jiff::Timestamp::now(),
        ipv6_enabled: subnets.iter().any(|subnet| subnet.subnet.is_ipv6()),
        subnets,
        internal: request.internal,
        dns_enabled: !request.disable_dns,
        network_dns_servers: request.dns,
        labels: request.labels,
        options,
        ipam_options: host_local(),
    })
}

/// The driver's options in podman's words; Docker's name of the bridge apart.
fn options(given: &BTreeMap<String, String>) -> Result<(BTreeMap<String, String>, Option<String>), Error> {
    let mut options = BTreeMap::new();
    let mut interface = None;
    for (key, value) in given {
        match key.as_str() {
            MTU_OPTION | "com.docker.network.driver.mtu" | "com.docker.network.mtu" => {
                let mtu: Option<u32> = value.parse().ok();
                if mtu != Some(0) && mtu.is_none_or(|mtu| !(SMALLEST_MTU..=LARGEST_MTU).contains(&mtu)) {
                    return bad(format!(
                        "invalid mtu {value:?}: must be a number from {SMALLEST_MTU} to {LARGEST_MTU}"
                    ));
                }
                options.insert(MTU_OPTION.to_owned(), value.clone());
            }
            ISOLATE_OPTION if value == "strict" => drop(options.insert(key.clone(), value.clone())),
            ISOLATE_OPTION | NO_DEFAULT_ROUTE_OPTION => {
                let value = boolean(value).ok_or_else(|| Error::BadRequest(format!("invalid {key} {value:?}")))?;
                options.insert(key.clone(), value.to_string());
            }
            "com.docker.network.bridge.name" => interface = Some(value.clone()),
            // What Docker does by default is also done here.
            "com.docker.network.bridge.enable_ip_masquerade" | "com.docker.network.bridge.enable_icc"
                if boolean(value) == Some(true) => {}
            "vlan" | "vrf" | "metric" | "mode" => {
                return bad(format!(
                    "cannot use network option {key}: a user-mode network has no host interface for it"
                ));
            }
            _ => return bad(format!("unsupported bridge network option {key}")),
        }
    }
    Ok((options, interface))
}

/// The spellings Go takes.
fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

fn interface(wanted: Option<String>, name: Option<&str>, existing: &[Network]) -> Result<String, Error> {
    let is_taken = |wanted: &str| existing.iter().any(|network| network.network_interface == wanted);
    match wanted {
        Some(wanted) if !super::attachment::is_interface_name(&wanted) => {
            bad(format!("bridge name {wanted} is not a valid interface name"))
        }
        Some(wanted) if is_taken(&wanted) => bad(format!("bridge name {wanted} already in use")),
        Some(wanted) => Ok(wanted),
        None => {
            // Without a name the interface's becomes the network's, so that must be free too.
            let is_free = |candidate: &String| {
                !is_taken(candidate) && (name.is_some() || !existing.iter().any(|network| network.name == *candidate))
            };
            Ok((1_u32..).map(|number| format!("podman{number}")).find(is_free).unwrap_or_default())
        }
    }
}

fn subnets(request: &NetworkRequest, mut used: Vec<Subnet>) -> Result<Vec<NetworkSubnet>, Error> {
    let count = request.subnets.len();
    match (request.gateways.len(), request.ranges.len()) {
        (0, 0) => {}
        _ if count == 0 => return bad("cannot set gateway or range without subnet"),
        (gateways, _) if gateways > count => return bad("cannot set more gateways than subnets"),
        (_, ranges) if ranges > count => return bad("cannot set more ranges than subnets"),
        _ => {}
    }
    let mut subnets = Vec::with_capacity(count + 2);
    for (index, subnet) in request.subnets.iter().enumerate() {
        if used.iter().any(|other| other.overlaps(*subnet)) {
            return bad(format!("subnet {subnet} is already used on the host or by another config"));
        }
        used.push(*subnet);
        let gateway = request.gateways.get(index).copied();
        let range = request.ranges.get(index).map(String::as_str);
        subnets.push(checked(*subnet, gateway, range)?);
    }
    if !subnets.iter().any(|subnet: &NetworkSubnet| !subnet.subnet.is_ipv6()) && (count == 0) {
        subnets.push(checked(free_ipv4(&used)?, None, None)?);
    }
    if request.ipv6 && !subnets.iter().any(|subnet| subnet.subnet.is_ipv6()) {
        subnets.push(checked(free_ipv6(&used)?, None, None)?);
    }
    Ok(subnets)
}

fn checked(subnet: Subnet, gateway: Option<IpAddr>, range: Option<&str>) -> Result<NetworkSubnet, Error> {
    let Some(first) = subnet.first_host() else {
        return bad(format!("subnet {subnet} is too small: it has no addresses for containers"));
    };
    let gateway = gateway.unwrap_or(first);
    if !subnet.contains(gateway) || gateway == subnet.address() || (!subnet.is_ipv6() && gateway == subnet.last()) {
        return bad(format!("gateway {gateway} not in subnet {subnet}"));
    }
    let lease_range = range.map(|text| lease_range(text, subnet)).transpose()?;
    Ok(NetworkSubnet { subnet, gateway: Some(gateway), lease_range })
}

/// `ADDRESS/PREFIX` or `FIRST-LAST`.
fn lease_range(text: &str, subnet: Subnet) -> Result<LeaseRange, Error> {
    let invalid = || Error::BadRequest(format!("invalid CIDR address: {text}"));
    let range = match text.split_once('-') {
        Some((start, end)) => {
            let parse = |text: &str| text.trim().parse::<IpAddr>().map_err(|_| invalid());
            LeaseRange { start_ip: parse(start)?, end_ip: parse(end)? }
        }
        None => {
            let range: Subnet = text.parse().map_err(|_| invalid())?;
            LeaseRange { start_ip: range.first_host().unwrap_or(range.address()), end_ip: range.last() }
        }
    };
    for (word, address) in [("start", range.start_ip), ("end", range.end_ip)] {
        if !subnet.contains(address) {
            return bad(format!("lease range {word} ip {address} not in subnet {subnet}"));
        }
    }
    if range.start_ip > range.end_ip {
        return bad(format!("lease range {text} ends before it starts"));
    }
    Ok(range)
}

/// The first free /24 from 10.89.0.0 on, as podman chooses.
fn free_ipv4(used: &[Subnet]) -> Result<Subnet, Error> {
    let mut candidate = Subnet::new(IpAddr::from([10, 89, 0, 0]), 24);
    while let Some(subnet) = candidate.filter(|subnet| subnet.address() < IpAddr::from([11, 0, 0, 0])) {
        if !used.iter().any(|other| other.overlaps(subnet)) {
            return Ok(subnet);
        }
        candidate = subnet.following();
    }
    bad("could not find free subnet from subnet pools")
}

/// A random /64 of the range for local use (RFC 4193).
fn free_ipv6(used: &[Subnet]) -> Result<Subnet, Error> {
    for _ in 0..64 {
        let mut bytes = [0; 16];
        random(&mut bytes[1..8])?;
        bytes[0] = 0xfd;
        let subnet = Subnet::new(IpAddr::V6(Ipv6Addr::from(bytes)), 64);
        if let Some(subnet) = subnet.filter(|subnet| !used.iter().any(|other| other.overlaps(*subnet))) {
            return Ok(subnet);
        }
    }
    bad("failed to get random ipv6 subnet")
}

fn random_id() -> Result<String, Error> {
    let mut bytes = [0; 32];
    random(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn random(bytes: &mut [u8]) -> Result<(), Error> {
    rustix::rand::getrandom(bytes, rustix::rand::GetRandomFlags::empty())
        .map(drop)
        .map_err(|error| Error::from(crate::runtime::failure::Failure::setup("choose an identifier", error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(change: impl FnOnce(&mut NetworkRequest)) -> Result<Network, String> {
        let mut request = NetworkRequest { name: Some("n".to_owned()), ..NetworkRequest::default() };
        change(&mut request);
        let host = ["192.168.1.0/24".parse().unwrap(), "10.89.0.0/24".parse().unwrap()];
        complete(request, &[Network::default_network()], &host).map_err(|error| error.to_string())
    }

    fn shown(network: &Network) -> Vec<String> {
        let one = |subnet: &NetworkSubnet| format!("{} {}", subnet.subnet, subnet.gateway.unwrap());
        network.subnets.iter().map(one).collect()
    }

    #[test]
    fn a_free_subnet_is_chosen() {
        let network = make(|_| {}).unwrap();
        assert_eq!(shown(&network), ["10.89.1.0/24 10.89.1.1"]);
        assert_eq!((network.network_interface.as_str(), network.dns_enabled), ("podman1", true));
        let network = make(|request| request.ipv6 = true).unwrap();
        assert!(network.ipv6_enabled && network.subnets.len() == 2);
        assert!(network.subnets[1].subnet.to_string().starts_with("fd"));
        assert_eq!(make(|request| request.name = None).unwrap().name, "podman1");
    }

    #[test]
    fn subnets_are_checked_in_podmans_words() {
        type Case = (&'static [&'static str], &'static [&'static str], &'static [&'static str], &'static str);
        let cases: &[Case] = &[
            (&["10.77.0.0/24"], &[], &[], "10.77.0.0/24 10.77.0.1"),
            (&["10.77.0.0/24"], &["10.77.0.9"], &["10.77.0.128/25"], "10.77.0.0/24 10.77.0.9"),
            (&["10.77.0.0/24"], &[], &["10.77.0.5-10.77.0.9"], "10.77.0.0/24 10.77.0.1"),
            (&["10.88.1.0/24"], &[], &[], "subnet 10.88.1.0/24 is already used on the host or by another config"),
            (&["192.168.0.0/16"], &[], &[], "subnet 192.168.0.0/16 is already used on the host or by another config"),
            (
                &["10.77.0.0/24", "10.77.0.0/25"],
                &[],
                &[],
                "subnet 10.77.0.0/25 is already used on the host or by another config",
            ),
            (&["10.77.0.0/24", "10.78.0.0/24"], &[], &[], "10.77.0.0/24 10.77.0.1, 10.78.0.0/24 10.78.0.1"),
            (&["10.77.0.0/24"], &["10.78.0.1"], &[], "gateway 10.78.0.1 not in subnet 10.77.0.0/24"),
            (&["10.77.0.0/24"], &[], &["10.78.0.0/25"], "lease range start ip 10.78.0.1 not in subnet 10.77.0.0/24"),
            (&[], &["10.77.0.1"], &[], "cannot set gateway or range without subnet"),
            (&["10.77.0.0/31"], &[], &[], "subnet 10.77.0.0/31 is too small: it has no addresses for containers"),
        ];
        for (subnets, gateways, ranges, expected) in cases {
            let made = make(|request| {
                request.subnets = subnets.iter().map(|text| text.parse().unwrap()).collect();
                request.gateways = gateways.iter().map(|text| text.parse().unwrap()).collect();
                request.ranges = ranges.iter().map(|text| (*text).to_owned()).collect();
            });
            let made = made.map_or_else(|error| error, |network| shown(&network).join(", "));
            assert_eq!(made, *expected);
        }
    }

    #[test]
    fn options_are_known_ones() {
        for (key, value, expected) in [
            ("mtu", "1400", Ok(("mtu", "1400"))),
            ("com.docker.network.driver.mtu", "1400", Ok(("mtu", "1400"))),
            ("isolate", "1", Ok(("isolate", "true"))),
            ("isolate", "strict", Ok(("isolate", "strict"))),
            ("foo", "bar", Err("unsupported bridge network option foo")),
            ("mtu", "x", Err("invalid mtu \"x\": must be a number from 68 to 65535")),
        ] {
            let made = make(|request| drop(request.options.insert(key.to_owned(), value.to_owned())));
            let made = made.map(|network| network.options.into_iter().next().unwrap());
            let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned())).map_err(str::to_owned);
            assert_eq!(made, expected, "{key}");
        }
    }
}
