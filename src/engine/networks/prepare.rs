//! What a start does about networks with names, before anything is forked.

use super::attachment::{Attachment, Wishes, parse_all};
use super::join::{Joining, Who, lease, more, name_server};
use crate::engine::error::Error;
use crate::engine::network::{Bound, MacText, NameAddresses, NamespacePlan, Prepared, bind_all};
use crate::engine::record::ContainerRecord;
use crate::engine::request::ContainerRequest;
use crate::network::stack::{Forward, Protocol};
use crate::store::containers;
use crate::store::networks::{LeasedAddress, Networks};
use crate::store::paths::Paths;
use std::net::{IpAddr, SocketAddr};

/// The networks with names that a request asks for; none when it asks for a mode.
///
/// # Errors
/// Unknown networks and options.
pub(in crate::engine) fn wanted(request: &ContainerRequest, networks: &Networks) -> Result<Vec<Attachment>, Error> {
    let addresses = [request.ip.map(IpAddr::from), request.ip6.map(IpAddr::from)];
    let wishes = Wishes {
        addresses: addresses.into_iter().flatten().collect(),
        mac: request.mac_address.map(|mac| MacText(mac).to_string()),
        aliases: request.network_alias.clone(),
    };
    match request.network.is_empty() {
        true => Ok(Vec::new()),
        false => parse_all(&request.network, &wishes, networks),
    }
}

/// Binds published ports and leases a place on each network. `record` changes where random ports are chosen anew.
///
/// # Errors
/// Ports that cannot be bound, addresses that are taken, networks that cannot be made.
pub(in crate::engine) fn prepare(paths: &Paths, record: &mut ContainerRecord) -> Result<Prepared, Error> {
    let before = record.network.ports.clone();
    let bound = bind_all(&mut record.network.ports)?;
    let who = Who { id: &record.id, name: &record.name, hostname: &record.hostname };
    let mut joinings = lease(paths, who, &record.networks)?;
    let outward = joinings.iter().position(|joining| joining.network.has_default_route()).unwrap_or(0);
    if let Some(joining) = joinings.get_mut(outward) {
        joining.forwards = bound.into_iter().filter_map(|bound| forward(bound, &joining.lease.addresses)).collect();
    }
    for joining in &mut joinings {
        joining.servers = servers_elsewhere(&record.request, &joining.lease.addresses);
    }
    let all: Vec<LeasedAddress> = joinings.iter().flat_map(|joining| joining.lease.addresses.clone()).collect();
    let gateway = joinings.iter().find(|joining| !joining.network.internal);
    let names = NameAddresses {
        own: joinings.iter().flat_map(|joining| &joining.lease.addresses).map(|leased| leased.address).collect(),
        gateway: gateway.and_then(|joining| joining.lease.addresses.iter().find_map(|leased| leased.gateway)),
        name_server: name_server(&joinings),
        knows_containers: true,
        servers_inside: servers(&record.request).filter(|server| is_inside(*server, &all)).collect(),
    };
    Ok(Prepared {
        namespace: Some(NamespacePlan { interface: None, is_named: true }),
        settings: None,
        attachments: joinings.iter().map(attached).collect(),
        names,
        ports_changed: record.network.ports != before,
        joinings,
    })
}

/// The name servers a container asks for.
fn servers(request: &ContainerRequest) -> impl Iterator<Item = IpAddr> {
    request.dns.iter().filter_map(|text| text.parse().ok())
}

fn is_inside(server: IpAddr, addresses: &[LeasedAddress]) -> bool {
    addresses.iter().any(|leased| leased.subnet.contains(server))
}

/// Those that the network asks for it. One on the network itself only the container can reach.
pub(super) fn servers_elsewhere(request: &ContainerRequest, addresses: &[LeasedAddress]) -> Vec<IpAddr> {
    servers(request).filter(|server| !is_inside(*server, addresses)).collect()
}

/// Where the clients of a bound socket go; nowhere when the network lacks their family.
pub(super) fn forward(bound: Bound, addresses: &[LeasedAddress]) -> Option<Forward> {
    let target = addresses.iter().find(|leased| leased.address.is_ipv6() == bound.is_ipv6)?.address;
    let protocol = if bound.is_tcp { Protocol::Tcp } else { Protocol::Udp };
    Some(Forward { protocol, listener: bound.socket, target: SocketAddr::new(target, bound.container_port) })
}

/// A place on a network as `inspect` shows it.
pub(super) fn attached(joining: &Joining) -> containers::Attachment {
    attachment_of(&joining.network.name, &joining.lease)
}

/// A lease as `inspect` shows it.
pub(super) fn attachment_of(network: &str, lease: &crate::store::networks::Lease) -> containers::Attachment {
    // The first of each family; further subnets stand apart.
    let first4 = lease.addresses.iter().find_map(|leased| match (leased.address, leased.gateway) {
        (IpAddr::V4(address), Some(IpAddr::V4(gateway))) => Some((address, leased.subnet.prefix(), Some(gateway))),
        (IpAddr::V4(address), _) => Some((address, leased.subnet.prefix(), None)),
        _ => None,
    });
    let first6 = lease.addresses.iter().find_map(|leased| match (leased.address, leased.gateway) {
        (IpAddr::V6(address), Some(IpAddr::V6(gateway))) => Some((address, leased.subnet.prefix(), Some(gateway))),
        (IpAddr::V6(address), _) => Some((address, leased.subnet.prefix(), None)),
        _ => None,
    });
    containers::Attachment {
        network: network.to_owned(),
        interface: lease.interface.clone(),
        mac: lease.mac.clone(),
        ipv4: first4.map(|(address, prefix, _)| (address, prefix)),
        gateway4: first4.and_then(|first| first.2),
        ipv6: first6.map(|(address, prefix, _)| (address, prefix)),
        gateway6: first6.and_then(|first| first.2),
        more: more(&lease.addresses).map(|leased| (leased.address, leased.subnet.prefix())).collect(),
        aliases: lease.names.clone(),
    }
}
