//! From the request to a [`NetworkPlan`].

use super::mode::{Wanted, parse};
use super::options::subnet_around;
use super::{NetworkMode, NetworkPlan, PortMapping, PrivateKind, PrivateNetwork, egress, ports};
use crate::engine::error::Error;
use crate::engine::plan::Others;
use crate::engine::request::ContainerRequest;
use crate::network::fast;
use crate::network::link::subnet::Subnet4;
use crate::runtime::failure::{Failure, FailureKind};
use crate::sys::errno::Words;
use crate::sys::tun;
use std::net::Ipv4Addr;

/// Whose the network namespace is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Namespaces {
    /// The caller's.
    Host,
    /// A new one.
    New,
    /// One that exists.
    Joined,
}

/// Whose network namespace a container of this mode is in.
pub(in crate::engine) fn namespaces(mode: &NetworkMode) -> Namespaces {
    match mode {
        NetworkMode::Host => Namespaces::Host,
        NetworkMode::None | NetworkMode::Private(_) | NetworkMode::Named => Namespaces::New,
        NetworkMode::Container(_) | NetworkMode::Path(_) => Namespaces::Joined,
    }
}

/// Plans the network. `exposed` are the ports that image and request expose, e.g. `80/tcp`; the second value are lines
/// worth showing.
///
/// # Errors
/// Words that make no sense, options that exclude one another, a network that was asked for by name and cannot be had.
pub(in crate::engine) fn plan(
    request: &ContainerRequest,
    exposed: &[String],
    others: &Others,
) -> Result<(NetworkPlan, Vec<String>), Error> {
    let mut mode = mode(request, others)?;
    let mut warnings = Vec::new();
    let mut ports = ports::mappings(request, exposed)?;
    let egress = egress::plan(request, &mode)?;
    if let NetworkMode::Private(network) = &mut mode {
        place(network, request);
        if let Err(error) = tun::open() {
            let cause = format!("open \"{}\": {}", tun::DEVICE, Words(&error.into()));
            if !ports.is_empty() || !takes_the_hosts(request) {
                return Err(no_network(&cause).into());
            }
            warnings.push(format!("{SHARES_THE_HOSTS}: {cause} (see `coracle doctor`; this is said once)"));
            mode = NetworkMode::Host;
        }
        warnings.extend(without_fast(&mut mode));
    } else if mode == NetworkMode::Named {
        tun::open().map_err(|error| no_network(&format!("open \"{}\": {}", tun::DEVICE, Words(&error.into()))))?;
    } else {
        check_addresses(request)?;
        if !ports.is_empty() {
            let word = mode.word();
            warnings.push(format!(
                "Port mappings have been discarded because \"{}\" network namespace mode does not support them",
                word.split(':').next().unwrap_or_default()
            ));
            ports = Vec::<PortMapping>::new();
        }
    }
    Ok((NetworkPlan { mode, ports, egress }, warnings))
}

/// Where the kernel cannot do `fast`, the network is the default one.
fn without_fast(mode: &mut NetworkMode) -> Option<String> {
    let NetworkMode::Private(network) = mode else { return None };
    if network.kind != PrivateKind::Fast {
        return None;
    }
    let reason = fast::is_possible().err()?;
    network.kind = PrivateKind::Private;
    Some(format!("--network=fast is not possible here ({reason}): using the default network"))
}

/// What is said when the host's network has to do.
const SHARES_THE_HOSTS: &str = "no network of its own can be made, so the container shares the host's";

/// Whether a container of this request, when it cannot have a network of its own, may share the host's: nothing about its
/// network was asked for.
fn takes_the_hosts(request: &ContainerRequest) -> bool {
    let publishes = !request.publish.is_empty() || request.publish_all;
    request.network.is_empty() && !publishes && !asks_for_addresses(request) && request.egress.is_empty()
}

/// Changes `request` to share the host's network when that is why its container did not start, and says so in one line:
/// the device is there, but the kernel makes no interface by it, which shows only when one is made.
pub fn without_own_network(request: &mut ContainerRequest, error: &Error) -> Option<String> {
    match error {
        Error::Start(failure) if failure.kind == FailureKind::Network && takes_the_hosts(request) => {
            request.network = vec!["host".to_owned()];
            let cause = failure.message.strip_prefix(NO_NETWORK).unwrap_or(&failure.message);
            Some(format!("{SHARES_THE_HOSTS}: {cause} (see `coracle doctor`)"))
        }
        _ => None,
    }
}

/// How every such failure begins.
const NO_NETWORK: &str = "cannot make a network for the container: ";

pub(super) fn no_network(cause: &str) -> Failure {
    Failure::message(format!("{NO_NETWORK}{cause}"))
        .with_hint("`coracle doctor` names the remedy; --network host or none works without it")
}

fn mode(request: &ContainerRequest, others: &Others) -> Result<NetworkMode, Error> {
    if !others.networks.is_empty() {
        return Ok(NetworkMode::Named);
    }
    let mut wanted = request.network.iter().map(|text| parse(text));
    let first = wanted.next().unwrap_or_else(|| parse(""))?;
    if request.network.len() > 1 {
        let selected = request.network.first().map(String::as_str).unwrap_or_default();
        return Err(Error::BadRequest(format!(
            "cannot set multiple networks without bridge network mode, selected mode {selected}: invalid argument"
        )));
    }
    match first {
        Wanted::Mode(NetworkMode::Path(_)) if others.is_own_network => Ok(NetworkMode::Host),
        Wanted::Mode(mode) => Ok(mode),
        Wanted::Container(name) => match others.ids.get(&name) {
            Some(id) => Ok(NetworkMode::Container(id.clone())),
            None => Err(Error::NotFound { kind: "container", name }),
        },
        Wanted::Named(name) => Err(Error::NotFound { kind: "network", name }),
    }
}

fn asks_for_addresses(request: &ContainerRequest) -> bool {
    request.ip.is_some() || request.ip6.is_some() || request.mac_address.is_some()
}

fn check_addresses(request: &ContainerRequest) -> Result<(), Error> {
    if asks_for_addresses(request) || !request.network_alias.is_empty() {
        return Err(Error::BadRequest(
            "networks and static ip/mac address can only be used with Bridge mode networking: invalid argument"
                .to_owned(),
        ));
    }
    Ok(())
}

/// `--ip`, `--ip6`, `--mac-address`, and `host-gateway`.
fn place(network: &mut PrivateNetwork, request: &ContainerRequest) {
    if let Some(address) = request.ip {
        network.address4 = Some(address);
        if !network.subnet4.is_some_and(|subnet| subnet.contains(address)) {
            let [first, second, third, _] = address.octets();
            // As wide as the private blocks are cut (RFC 1918), and no wider than a neighbourhood elsewhere.
            network.subnet4 = Some(match first {
                10 | 172 => Subnet4 { network: Ipv4Addr::new(first, second, 0, 0), prefix: 16 },
                _ => Subnet4 { network: Ipv4Addr::new(first, second, third, 0), prefix: 24 },
            });
            network.gateway4 = None;
        }
    }
    if let Some(address) = request.ip6 {
        network.address6 = Some(address);
    }
    network.subnet6 = network.address6.map(subnet_around);
    network.mac = request.mac_address.or(network.mac);
    if request.add_host.iter().any(|entry| entry.ends_with(":host-gateway")) {
        network.host_loopback = true;
    }
}
