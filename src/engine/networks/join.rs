//! How a container comes onto its networks and off them again.
//!
//! Before a container is started, and before anything is forked for it, the command leases addresses and makes sure that
//! each network has a holder ([`lease`]); the connections it gets keep the holders alive until the container is there.
//! The keeper inherits them and, when init has shown it the container's network namespace, plugs the container in
//! ([`plug_in`]). At the end it takes everything back ([`leave`]), and the last to leave waits until the holder is gone.
//! Whoever is killed in between leaves nothing behind: leases and members of holders live only as long as a process.

use super::Attachment;
use super::attachment::interfaces;
use super::prepare::forward;
use crate::engine::error::Error;
use crate::engine::network::{Bound, MacText, NetworkMode, mac_address};
use crate::engine::record::ContainerRecord;
use crate::network::dns;
use crate::network::egress::Rules;
use crate::network::link::{Address4, Address6, Interface};
use crate::network::networks::{self, Connection, Member, Plug, Rendezvous, Welcome};
use crate::network::stack::{Configuration, Forward, Side4, Side6};
use crate::runtime::failure::{Failure, Step};
use crate::store::containers::ProcessId;
use crate::store::digest::Digest;
use crate::store::networks::{Lease, LeasedAddress, Network, Networks};
use crate::store::paths::{Paths, create_directory};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// MTU when none is asked for, in bytes: as on a container's own network.
const MTU: u16 = 65_520;
/// Smallest MTU of a network with IPv6, in bytes (RFC 8200 section 5).
const IPV6_MTU: u16 = 1280;
/// Characters of a container's ID that are also its name.
const SHORT_ID: usize = 12;

/// A container as its networks know it.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Who<'a> {
    /// Its ID.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its host name.
    pub hostname: &'a str,
}

/// A network a container is about to be on.
#[derive(Debug)]
pub(in crate::engine) struct Joining {
    /// The network.
    pub network: Network,
    /// The container's place on it.
    pub lease: Lease,
    interface: Interface,
    welcome: Welcome,
    /// Ports to be published there.
    pub forwards: Vec<Forward>,
    /// Name servers the container wants asked.
    pub servers: Vec<IpAddr>,
    /// Rules for what it sends out, and where that is written.
    rules: Option<Rules>,
    log: Option<OwnedFd>,
}

impl Joining {
    /// Gives the container rules for what it sends out of the network.
    pub fn guard(&mut self, rules: Rules, log: Option<OwnedFd>) {
        (self.rules, self.log) = (Some(rules), log);
    }

    /// Descriptors that the keeper must keep until the container is plugged in.
    pub fn descriptors(&self) -> Vec<i32> {
        let forwards = self.forwards.iter().map(|forward| forward.listener.as_raw_fd());
        let forwards = forwards.chain(self.log.iter().map(AsRawFd::as_raw_fd));
        forwards.chain([self.welcome.route.as_raw_fd(), self.welcome.connection.as_fd().as_raw_fd()]).collect()
    }
}

/// Leases a place on each network; `interface_names` of those the container is on already are in `taken`.
///
/// # Errors
/// An address is not to be had; a network cannot be made.
pub(in crate::engine) fn lease(paths: &Paths, who: Who<'_>, attachments: &[Attachment]) -> Result<Vec<Joining>, Error> {
    let names = interfaces(attachments);
    let store = Networks::new(paths);
    let mut joinings: Vec<Joining> = Vec::with_capacity(attachments.len());
    let way_out = way_out(&store, attachments);
    for (index, (attachment, interface)) in attachments.iter().zip(&names).enumerate() {
        let others = attachments.iter().filter(|other| other.network != attachment.network);
        let request = LeaseRequest {
            who,
            attachment,
            interface,
            others: others.map(|other| other.network.clone()).collect(),
            is_way_out: way_out == Some(index),
            owner: own_process()?,
        };
        match lease_one(paths, &store, &request) {
            Ok(joining) => joinings.push(joining),
            Err(error) => {
                give_back(paths, who.id, joinings);
                return Err(error);
            }
        }
    }
    Ok(joinings)
}

/// The first network with a way out: the default route leads there, and its gateway is asked for names.
pub(super) fn way_out(store: &Networks, attachments: &[Attachment]) -> Option<usize> {
    let leads_out =
        |attachment: &Attachment| store.find(&attachment.network).is_ok_and(|found| found.has_default_route());
    attachments.iter().position(leads_out)
}

fn own_process() -> Result<ProcessId, Error> {
    let pid = rustix::process::getpid().as_raw_nonzero().get();
    ProcessId::of(pid).ok_or_else(|| Failure::message("read the start time of this process").into())
}

/// One lease to be made.
pub(super) struct LeaseRequest<'a> {
    pub who: Who<'a>,
    pub attachment: &'a Attachment,
    pub interface: &'a str,
    pub others: Vec<String>,
    pub is_way_out: bool,
    pub owner: ProcessId,
}

/// Leases a place on one network and greets its holder, which is started when there is none.
pub(super) fn lease_one(paths: &Paths, store: &Networks, request: &LeaseRequest<'_>) -> Result<Joining, Error> {
    let network = store.find(&request.attachment.network)?;
    let _lock = store.lock(&network.name)?;
    let mut leases = store.leases(&network.name);
    // A start of the same container that was killed a moment ago.
    leases.members.retain(|member| member.container != request.who.id);
    let addresses = leases.assign(&network, &request.attachment.addresses)?;
    let welcome = greet(paths, &network)?;
    let interface = interface(&network, request, &addresses);
    let lease = Lease {
        container: request.who.id.to_owned(),
        name: request.who.name.to_owned(),
        names: names(request),
        interface: interface.name.clone(),
        port: port(request.who.id, welcome.pid),
        addresses,
        mac: MacText(interface.mac).to_string(),
        others: request.others.clone(),
        owner: request.owner,
    };
    leases.holder = ProcessId::of(welcome.pid);
    leases.members.push(lease.clone());
    store.write_leases(&network.name, &leases)?;
    Ok(Joining {
        network,
        lease,
        interface,
        welcome,
        forwards: Vec::new(),
        servers: Vec::new(),
        rules: None,
        log: None,
    })
}

/// A name for the cable's end at the bridge that no other there has: containers differ, and so do starts of one.
fn port(id: &str, salt: i32) -> String {
    let now = jiff::Timestamp::now().as_nanosecond();
    let hex = Digest::of(format!("{id} {salt} {now}").as_bytes()).hex();
    format!("veth{}", &hex[..10])
}

fn names(request: &LeaseRequest<'_>) -> Vec<String> {
    let short: String = request.who.id.chars().take(SHORT_ID).collect();
    let all = [request.who.name.to_owned(), short, request.who.hostname.to_owned()];
    let mut names: Vec<String> = Vec::new();
    for name in all.iter().chain(&request.attachment.aliases).map(|name| name.to_ascii_lowercase()) {
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn interface(network: &Network, request: &LeaseRequest<'_>, addresses: &[LeasedAddress]) -> Interface {
    let gateway = |leased: &LeasedAddress| leased.gateway.filter(|_| request.is_way_out);
    let ipv4 = addresses.iter().find_map(|leased| match leased.address {
        IpAddr::V4(address) => Some(Address4 {
            address,
            prefix: leased.subnet.prefix(),
            gateway: gateway(leased).and_then(|gateway| match gateway {
                IpAddr::V4(gateway) => Some(gateway),
                IpAddr::V6(_) => None,
            }),
        }),
        IpAddr::V6(_) => None,
    });
    let ipv6 = addresses.iter().find_map(|leased| match leased.address {
        IpAddr::V6(address) => Some(Address6 {
            address,
            prefix: leased.subnet.prefix(),
            gateway: gateway(leased).and_then(|gateway| match gateway {
                IpAddr::V6(gateway) => Some(gateway),
                IpAddr::V4(_) => None,
            }),
        }),
        IpAddr::V4(_) => None,
    });
    let wanted = request.attachment.mac.as_deref().and_then(mac_address);
    let first = addresses.first().map(|leased| leased.address);
    Interface {
        name: request.interface.to_owned(),
        mac: wanted.unwrap_or_else(|| mac_of(first)),
        mtu: mtu(network),
        more: more(addresses).map(|leased| (leased.address, leased.subnet.prefix())).collect(),
        ipv4,
        ipv6,
    }
}

/// All but the first address of each family.
pub(super) fn more(addresses: &[LeasedAddress]) -> impl Iterator<Item = &LeasedAddress> {
    let is_further = |index: usize, leased: &LeasedAddress| {
        let mut before = addresses.iter().take(index);
        before.any(|other| other.address.is_ipv6() == leased.address.is_ipv6())
    };
    addresses.iter().enumerate().filter(move |(index, leased)| is_further(*index, leased)).map(|(_, leased)| leased)
}

/// Locally administered and unicast; the rest is the address, so that no two on one bridge are alike and whoever gets an
/// address again is still who the neighbours think.
fn mac_of(address: Option<IpAddr>) -> [u8; 6] {
    let tail = match address {
        Some(IpAddr::V4(address)) => address.octets(),
        Some(IpAddr::V6(address)) => (address.to_bits() as u32).to_be_bytes(),
        None => [0; 4],
    };
    [0x02, 0x42, tail[0], tail[1], tail[2], tail[3]]
}

fn mtu(network: &Network) -> u16 {
    let wanted = network.mtu().map_or(MTU, |mtu| u16::try_from(mtu).unwrap_or(MTU).min(MTU));
    if network.ipv6_enabled { wanted.max(IPV6_MTU) } else { wanted }
}

fn greet(paths: &Paths, network: &Network) -> Result<Welcome, Error> {
    let place = rendezvous(paths, network)?;
    let greeted = match Connection::greet(&place) {
        Ok(Some(welcome)) => Ok(welcome),
        Ok(None) => networks::start(settings(paths, network), &place),
        Err(error) => Err(error),
    };
    greeted.map_err(|error| {
        Failure::message(format!("cannot make network \"{}\": {error}", network.name))
            .with_hint("`coracle doctor` shows what is missing for networks")
            .into()
    })
}

fn rendezvous(paths: &Paths, network: &Network) -> Result<Rendezvous, Error> {
    let directory = paths.run_root.join("networks");
    create_directory(&directory).map_err(|error| Failure::message(error.to_string()))?;
    let key = Digest::of(format!("{}\n{}\n{}", paths.root.display(), network.name, network.id).as_bytes()).hex();
    Ok(Rendezvous::new(&directory, &key[..32]))
}

fn settings(paths: &Paths, network: &Network) -> networks::Settings {
    let gateways: Vec<IpAddr> = network.subnets.iter().filter_map(|subnet| subnet.gateway).collect();
    let prefix = |is_ipv6: bool| {
        let subnet = network.subnets.iter().find(|subnet| subnet.subnet.is_ipv6() == is_ipv6);
        subnet.map_or(0, |subnet| subnet.subnet.prefix())
    };
    let side4 = gateways.iter().find_map(|gateway| match gateway {
        IpAddr::V4(gateway) => Some(Side4 { gateway: *gateway, prefix: prefix(false), guest: None }),
        IpAddr::V6(_) => None,
    });
    let side6 = gateways.iter().find_map(|gateway| match gateway {
        IpAddr::V6(gateway) => Some(Side6 { gateway: *gateway, prefix: prefix(true), guest: None }),
        IpAddr::V4(_) => None,
    });
    let host_names =
        ["host.containers.internal", "host.docker.internal"].map(|name| (name.to_owned(), gateways.clone()));
    networks::Settings {
        bridge: network.network_interface.clone(),
        configuration: Configuration {
            mtu: mtu(network),
            mac: mac_of(gateways.first().copied()),
            ipv4: side4,
            ipv6: side6,
            host_loopback: false,
            internal: network.internal,
            outbound_ipv4: None,
            outbound_ipv6: None,
            services_at: None,
            more: more_gateways(network),
        },
        dns: dns::Settings {
            servers: network.network_dns_servers.iter().map(|server| SocketAddr::new(*server, dns::PORT)).collect(),
            names: if network.internal { Vec::new() } else { host_names.into() },
            internal: network.internal,
            elsewhere: Some(paths.networks()),
            ..dns::Settings::default()
        },
        has_names: network.dns_enabled,
        networks: Networks::new(paths),
        name: network.name.clone(),
    }
}

/// The gateways of all subnets but the first of each family.
fn more_gateways(network: &Network) -> Vec<(IpAddr, u8)> {
    let (mut seen4, mut seen6) = (false, false);
    let mut is_further =
        |gateway: &IpAddr| std::mem::replace(if gateway.is_ipv6() { &mut seen6 } else { &mut seen4 }, true);
    let subnets = network.subnets.iter().filter_map(|subnet| Some((subnet.gateway?, subnet.subnet.prefix())));
    subnets.filter(|(gateway, _)| is_further(gateway)).collect()
}

/// Plugs a container in, as its keeper: `route` is a routing socket opened in its network namespace. The holders know it,
/// its names and ports from then on, until this process ends.
pub(in crate::engine) fn plug_in(paths: &Paths, joinings: Vec<Joining>, route: &OwnedFd) -> Step<()> {
    let owner = own_process().map_err(|error| Failure::message(error.to_string()))?;
    plug_in_for(paths, joinings, route, owner)
}

/// The same for a container whose end is that of `owner`.
pub(super) fn plug_in_for(paths: &Paths, joinings: Vec<Joining>, route: &OwnedFd, owner: ProcessId) -> Step<()> {
    let store = Networks::new(paths);
    let failed = |network: &Network, error: &dyn std::fmt::Display| {
        Failure::message(format!("cannot connect the container to network \"{}\": {error}", network.name))
    };
    let process = Pid::from_raw(owner.pid).ok_or_else(|| Failure::message("the container has no process"))?;
    let process =
        pidfd_open(process, PidfdFlags::empty()).map_err(|error| Failure::setup("watch the container", error))?;
    for joining in joinings {
        let Joining { network, lease, interface, welcome, forwards, servers, rules, log } = joining;
        let cable = Plug { bridge: &network.network_interface, port: &lease.port, interface: &interface };
        networks::plug(&welcome.route, route, &cable).map_err(|error| failed(&network, &error))?;
        let member = Member {
            container: lease.container.clone(),
            addresses: lease.addresses.iter().map(|leased| leased.address).collect(),
            names: lease.names.clone(),
            servers,
            rules,
        };
        let connection = &welcome.connection;
        let joined = connection.join(member, process.as_fd(), log.as_ref().map(AsFd::as_fd));
        joined.map_err(|error| failed(&network, &error))?;
        for forward in &forwards {
            connection.publish(&lease.container, forward).map_err(|error| failed(&network, &error))?;
        }
        own_lease(&store, &network.name, &lease.container, owner).map_err(|error| failed(&network, &error))?;
    }
    Ok(())
}

/// Has bound ports lead to a container that is on a network already.
pub(super) fn publish(paths: &Paths, network: &str, lease: &Lease, bound: Vec<Bound>) -> Result<(), Error> {
    let network = Networks::new(paths).find(network)?;
    let welcome = greet(paths, &network)?;
    for forward in bound.into_iter().filter_map(|bound| forward(bound, &lease.addresses)) {
        let published = welcome.connection.publish(&lease.container, &forward);
        published.map_err(|error| Failure::message(error.to_string()))?;
    }
    Ok(())
}

/// From now on the lease lives as long as `owner`.
fn own_lease(store: &Networks, network: &str, container: &str, owner: ProcessId) -> Result<(), Error> {
    let _lock = store.lock(network)?;
    let mut leases = store.leases(network);
    for member in leases.members.iter_mut().filter(|member| member.container == container) {
        member.owner = owner;
    }
    Ok(store.write_leases(network, &leases)?)
}

/// Takes a container off a network: lease, names, ports and cable. The last to leave waits for the holder's end.
///
/// Whatever does not succeed happens by itself when the container's processes are gone.
pub(in crate::engine) fn leave(paths: &Paths, network: &str, container: &str) -> Result<(), Error> {
    let store = Networks::new(paths);
    let network = store.find(network)?;
    let _lock = store.lock(&network.name)?;
    let mut leases = store.leases(&network.name);
    let (gone, stay): (Vec<Lease>, Vec<Lease>) =
        std::mem::take(&mut leases.members).into_iter().partition(|member| member.container == container);
    leases.members = stay;
    let place = rendezvous(paths, &network)?;
    if let Ok(Some(welcome)) = Connection::greet(&place) {
        for lease in &gone {
            let _ = networks::unplug(&welcome.route, &lease.port); // gone with the container's namespace, as a rule
        }
        let _ = welcome.connection.leave(container); // it may not know the container
        if leases.members.is_empty() {
            welcome.wait_for_end();
        }
    }
    if leases.members.is_empty() {
        leases.holder = None;
        place.clear();
    }
    Ok(store.write_leases(&network.name, &leases)?)
}

/// Takes a container that has ended off all its networks: those of its record, and those that came later.
pub(in crate::engine) fn leave_all(paths: &Paths, record: &ContainerRecord) {
    if !matches!(record.network.mode, NetworkMode::Named | NetworkMode::Private(_)) {
        return;
    }
    let store = Networks::new(paths);
    let is_member =
        |network: &Network| store.leases(&network.name).members.iter().any(|lease| lease.container == record.id);
    for network in store.list().iter().filter(|network| is_member(network)) {
        let _ = leave(paths, &network.name, &record.id); // what is left ends with this process
    }
}

/// Undoes leases of a container that does not start after all.
pub(in crate::engine) fn give_back(paths: &Paths, container: &str, joinings: Vec<Joining>) {
    let names: Vec<String> = joinings.iter().map(|joining| joining.network.name.clone()).collect();
    // The connections are users of the holders.
    drop(joinings);
    for name in names {
        let _ = leave(paths, &name, container); // the leases end with this process in any case
    }
}

/// The gateway that a container asks for names: that of its first network with a way out, else of its first.
pub(in crate::engine) fn name_server(joinings: &[Joining]) -> Option<IpAddr> {
    let leads_out = joinings.iter().find(|joining| joining.network.has_default_route());
    leads_out.or(joinings.first())?.lease.addresses.iter().find_map(|leased| leased.gateway)
}
