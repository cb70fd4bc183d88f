//! What a container's start does about its network, before anything is forked.

use super::ports::bind_all;
use super::{Bound, MacText, NamespacePlan, NetworkMode, NetworkPlan, PrivateNetwork};
use crate::engine::error::Error;
use crate::engine::networks::Joining;
use crate::engine::request::ContainerRequest;
use crate::network::dns;
use crate::network::link::subnet::{Routes, Subnet4, Subnet6};
use crate::network::link::{self, Address4, Address6, Interface};
use crate::network::process::Settings;
use crate::network::stack::{Configuration, Forward, Protocol, Side4, Side6};
use crate::runtime::failure::Failure;
use crate::store::containers::Attachment;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// MTU when none is asked for, in bytes: the largest multiple of 16 that fits a tap's 65535 with its Ethernet header.
const MTU: u16 = 65520;
/// Number of the gateway in a subnet when none is asked for.
const GATEWAY: u32 = 1;

/// A network made ready for one start.
#[derive(Debug, Default)]
pub(in crate::engine) struct Prepared {
    /// For init; `None` when the container has no network namespace of its own.
    pub namespace: Option<NamespacePlan>,
    /// For the net process; `None` when there is to be none.
    pub settings: Option<Settings>,
    /// As `inspect` shows it.
    pub attachments: Vec<Attachment>,
    /// What the container's files say about it.
    pub names: NameAddresses,
    /// Random ports were chosen anew: the record has changed.
    pub ports_changed: bool,
    /// Places on networks with names.
    pub joinings: Vec<Joining>,
}

/// Addresses that go into the container's hosts and resolv.conf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::engine) struct NameAddresses {
    /// The container's own.
    pub own: Vec<IpAddr>,
    /// Where the host is; `None` when it is this very network.
    pub gateway: Option<IpAddr>,
    /// The forwarder.
    pub name_server: Option<IpAddr>,
    /// It is asked also when others are asked for, and asks those: it knows the names of other containers.
    pub knows_containers: bool,
    /// Name servers asked for that are on the container's own networks, where only it can ask them.
    pub servers_inside: Vec<IpAddr>,
}

/// Chooses subnet and addresses, binds published ports. `plan` changes where random ports are chosen anew.
///
/// # Errors
/// Ports that cannot be bound, addresses that do not fit.
pub(in crate::engine) fn prepare(
    id: &str,
    plan: &mut NetworkPlan,
    request: &ContainerRequest,
) -> Result<Prepared, Error> {
    match &plan.mode {
        NetworkMode::None => Ok(Prepared { namespace: Some(NamespacePlan::default()), ..Prepared::default() }),
        // Networks with names are the business of `engine::networks`.
        NetworkMode::Host | NetworkMode::Container(_) | NetworkMode::Path(_) | NetworkMode::Named => {
            Ok(Prepared::default())
        }
        NetworkMode::Private(network) => {
            let layout = Layout::choose(id, network)?;
            let before = plan.ports.clone();
            let bound = bind_all(&mut plan.ports)?;
            let mut prepared = layout.prepared(network, request, bound)?;
            prepared.ports_changed = plan.ports != before;
            Ok(prepared)
        }
    }
}

/// Addresses of a private network.
struct Layout {
    ipv4: Option<(Subnet4, Ipv4Addr, Ipv4Addr)>,
    ipv6: Option<(Subnet6, Ipv6Addr, Ipv6Addr)>,
    mac: [u8; 6],
    gateway_mac: [u8; 6],
}

impl Layout {
    fn choose(id: &str, network: &PrivateNetwork) -> Result<Self, Error> {
        let routes = Routes::of_host().map_err(|error| Failure::message(error.to_string()))?;
        let seed = id.get(..8).and_then(|text| u32::from_str_radix(text, 16).ok()).unwrap_or(1);
        let ipv4 = match network.without_ipv4 {
            true => None,
            false => Some(layout4(network, &routes, seed)?),
        };
        let ipv6 = (!network.without_ipv6).then(|| layout6(network, &routes, seed));
        // Locally administered, unicast; the rest is the address, so that no two on one bridge are alike.
        let mac_of = |tail: [u8; 4]| [0x02, 0x42, tail[0], tail[1], tail[2], tail[3]];
        let (own, gateway) = match (&ipv4, &ipv6) {
            (Some((_, gateway, own)), _) => (own.octets(), gateway.octets()),
            _ => (seed.to_be_bytes(), [0, 0, 0, 1]),
        };
        Ok(Layout { ipv4, ipv6, mac: network.mac.unwrap_or(mac_of(own)), gateway_mac: mac_of(gateway) })
    }

    fn prepared(
        self,
        network: &PrivateNetwork,
        request: &ContainerRequest,
        bound: Vec<Bound>,
    ) -> Result<Prepared, Error> {
        let mtu = network.mtu.unwrap_or(MTU);
        // An address of the container's own is no other's.
        let name_server = network.name_server4.filter(|server| self.ipv4.is_some_and(|layout| layout.2 != *server));
        let interface = Interface {
            name: network.interface.clone().unwrap_or_else(|| "eth0".to_owned()),
            mac: self.mac,
            mtu,
            ipv4: self.ipv4.map(|(subnet, gateway, address)| Address4 {
                address,
                prefix: subnet.prefix,
                gateway: Some(gateway),
            }),
            ipv6: self.ipv6.map(|(subnet, gateway, address)| Address6 {
                address,
                prefix: subnet.prefix,
                gateway: Some(gateway),
            }),
            more: Vec::new(),
        };
        let configuration = Configuration {
            mtu,
            mac: self.gateway_mac,
            ipv4: self.ipv4.map(|(subnet, gateway, guest)| Side4 {
                gateway,
                prefix: subnet.prefix,
                guest: Some(guest),
            }),
            ipv6: self.ipv6.map(|(subnet, gateway, guest)| Side6 {
                gateway,
                prefix: subnet.prefix,
                guest: Some(guest),
            }),
            host_loopback: network.host_loopback,
            internal: false,
            outbound_ipv4: outbound(network.outbound4.as_deref(), "outbound_addr", |address| match address {
                IpAddr::V4(address) => Some(address),
                IpAddr::V6(_) => None,
            })?,
            outbound_ipv6: outbound(network.outbound6.as_deref(), "outbound_addr6", |address| match address {
                IpAddr::V6(address) => Some(address),
                IpAddr::V4(_) => None,
            })?,
            services_at: name_server,
            more: Vec::new(),
        };
        // One line in hosts, as podman has it: nobody else is on this network who could prefer the other family.
        let own = [self.ipv4.map(|layout| layout.2.into()), self.ipv6.map(|layout| layout.2.into())];
        let own: Vec<IpAddr> = own.into_iter().flatten().take(1).collect();
        let gateways: Vec<IpAddr> = [self.ipv4.map(|layout| layout.1.into()), self.ipv6.map(|layout| layout.1.into())]
            .into_iter()
            .flatten()
            .collect();
        let forwards = bound.into_iter().filter_map(|bound| self.forward(bound)).collect();
        let names = host_names(&gateways);
        let server = |text: &String| Some(SocketAddr::new(text.parse().ok()?, dns::PORT));
        let servers = request.dns.iter().filter_map(server).collect();
        let dns = dns::Settings { servers, names, ..dns::Settings::default() };
        Ok(Prepared {
            attachments: vec![attachment(&interface, network)],
            namespace: Some(NamespacePlan { interface: Some(interface), is_named: false }),
            settings: Some(Settings { configuration, forwards, dns, egress: None }),
            names: NameAddresses {
                own,
                gateway: gateways.first().copied(),
                name_server: name_server.map(IpAddr::V4).or(gateways.first().copied()),
                knows_containers: false,
                servers_inside: Vec::new(),
            },
            ports_changed: false,
            joinings: Vec::new(),
        })
    }

    /// Where the clients of a bound socket go; nowhere when the network lacks their family.
    fn forward(&self, bound: Bound) -> Option<Forward> {
        let address: IpAddr = match bound.is_ipv6 {
            true => self.ipv6?.2.into(),
            false => self.ipv4?.2.into(),
        };
        let protocol = if bound.is_tcp { Protocol::Tcp } else { Protocol::Udp };
        Some(Forward { protocol, listener: bound.socket, target: SocketAddr::new(address, bound.container_port) })
    }
}

/// The names under which containers look for the host.
fn host_names(gateways: &[IpAddr]) -> Vec<(String, Vec<IpAddr>)> {
    ["host.containers.internal", "host.docker.internal"].map(|name| (name.to_owned(), gateways.to_vec())).into()
}

fn layout4(network: &PrivateNetwork, routes: &Routes, seed: u32) -> Result<(Subnet4, Ipv4Addr, Ipv4Addr), Error> {
    // A subnet that a compatible mode only implies gives way to the host's routes; one that was asked for does not.
    let is_free = |subnet: &Subnet4| network.address4.is_some() || !routes.cover4(*subnet);
    let subnet = network.subnet4.filter(is_free).unwrap_or_else(|| routes.choose4());
    let first = network.gateway4.filter(|gateway| subnet.contains(*gateway)).unwrap_or_else(|| subnet.host(GATEWAY));
    let own = match network.address4 {
        Some(address) => address,
        None => subnet.host(2 + seed % subnet.hosts().saturating_sub(1).max(1)),
    };
    // An address may be asked for that the gateway has by default.
    let gateway = if first == own && network.gateway4.is_none() { subnet.host(GATEWAY + 1) } else { first };
    let last = subnet.host(subnet.hosts() + 1);
    if own == gateway || own == subnet.network || own == last {
        return Err(Error::BadRequest(format!("requested static ip {own} cannot be used in subnet {subnet}")));
    }
    Ok((subnet, gateway, own))
}

fn layout6(network: &PrivateNetwork, routes: &Routes, seed: u32) -> (Subnet6, Ipv6Addr, Ipv6Addr) {
    let subnet = network.subnet6.unwrap_or_else(|| routes.choose6());
    let own = network.address6.unwrap_or_else(|| subnet.host(2 + u64::from(seed)));
    let gateway = subnet.host(GATEWAY.into());
    (subnet, if gateway == own { subnet.host(2) } else { gateway }, own)
}

/// An address of the host, given as such or as the name of an interface.
fn outbound<T>(text: Option<&str>, option: &str, family: impl Fn(IpAddr) -> Option<T>) -> Result<Option<T>, Error> {
    let Some(text) = text else { return Ok(None) };
    let found = match text.parse::<IpAddr>() {
        Ok(address) => family(address),
        Err(_) => link::addresses_of(text).unwrap_or_default().into_iter().find_map(family),
    };
    match found {
        Some(address) => Ok(Some(address)),
        None => Err(Error::BadRequest(format!("invalid {option} {text:?}"))),
    }
}

fn attachment(interface: &Interface, network: &PrivateNetwork) -> Attachment {
    Attachment {
        network: network.kind.word().to_owned(),
        interface: interface.name.clone(),
        mac: MacText(interface.mac).to_string(),
        ipv4: interface.ipv4.map(|own| (own.address, own.prefix)),
        gateway4: interface.ipv4.and_then(|own| own.gateway),
        ipv6: interface.ipv6.map(|own| (own.address, own.prefix)),
        gateway6: interface.ipv6.and_then(|own| own.gateway),
        more: Vec::new(),
        aliases: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_a_private_network() {
        let layout = |network: &PrivateNetwork, routes: &Routes| {
            layout4(network, routes, 0x1234_5678).map(|(subnet, gateway, own)| format!("{subnet} {gateway} {own}"))
        };
        let (plain, routes) = (PrivateNetwork::default(), Routes::default());
        let number = 2 + 0x1234_5678 % 65533;
        let own = Ipv4Addr::from(0x0a58_0000 + number);
        assert_eq!(layout(&plain, &routes).unwrap(), format!("10.88.0.0/16 10.88.0.1 {own}"));
        let first = PrivateNetwork {
            address4: Some(Ipv4Addr::new(10, 9, 0, 1)),
            subnet4: Some("10.9.0.0/16".parse().unwrap()),
            ..PrivateNetwork::default()
        };
        assert_eq!(layout(&first, &routes).unwrap(), "10.9.0.0/16 10.9.0.2 10.9.0.1");
        let network = PrivateNetwork { address4: Some(Ipv4Addr::new(10, 9, 0, 0)), ..first };
        assert!(layout(&network, &routes).is_err());
    }

    #[test]
    fn every_seed_gives_a_usable_address() {
        let subnet: Subnet4 = "192.168.88.0/29".parse().unwrap();
        let network = PrivateNetwork { subnet4: Some(subnet), ..PrivateNetwork::default() };
        for seed in 0..40 {
            let (_, gateway, own) = layout4(&network, &Routes::default(), seed).unwrap();
            assert!(subnet.contains(own) && own != gateway, "{own}");
        }
    }
}
