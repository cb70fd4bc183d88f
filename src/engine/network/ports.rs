//! Published ports: from the words to mappings, from mappings to bound sockets.

use super::PortMapping;
use crate::engine::error::Error;
use crate::engine::request::ContainerRequest;
use crate::runtime::failure::{Failure, FailureKind};
use crate::sys::errno::Words;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, getsockname, listen, socket_with, sockopt};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;

/// Connections that wait until the stack takes them; the kernel's own limit is usually the same (`somaxconn`).
const BACKLOG: i32 = 4096;
/// Tries to find a random port that is free in both families and protocols asked for.
const ATTEMPTS: usize = 16;

/// A bound host socket and where its clients go.
#[derive(Debug)]
pub(in crate::engine) struct Bound {
    /// `tcp` or `udp`.
    pub is_tcp: bool,
    /// The socket.
    pub socket: OwnedFd,
    /// Its clients use IPv6.
    pub is_ipv6: bool,
    /// The container's port.
    pub container_port: u16,
}

/// `-p` and `-P`, ranges of random ports taken apart.
pub(super) fn mappings(request: &ContainerRequest, exposed: &[String]) -> Result<Vec<PortMapping>, Error> {
    let mut mappings = Vec::new();
    for publish in &request.publish {
        if publish.protocol == "sctp" {
            return Err(Error::BadRequest(
                "cannot publish an SCTP port: the user-mode network carries TCP, UDP and ICMP; use --network host"
                    .to_owned(),
            ));
        }
        let mapping = PortMapping {
            host_ip: publish.host_ip.clone(),
            host_port: publish.host_port,
            container_port: publish.container_port,
            count: publish.count,
            protocol: publish.protocol.clone(),
            random: publish.host_port == 0,
        };
        match mapping.random {
            true => mappings.extend(singles(&mapping)),
            false => mappings.push(mapping),
        }
    }
    if request.publish_all {
        for (port, protocol) in exposed.iter().flat_map(|text| exposed_ports(text)) {
            let covers = |mapping: &PortMapping| {
                mapping.protocol == protocol
                    && (mapping.container_port..=mapping.container_port.saturating_add(mapping.count - 1))
                        .contains(&port)
            };
            if protocol != "sctp" && !mappings.iter().any(covers) {
                mappings.push(PortMapping {
                    container_port: port,
                    count: 1,
                    protocol: protocol.to_owned(),
                    random: true,
                    ..PortMapping::default()
                });
            }
        }
    }
    check_conflicts(&mut mappings)?;
    Ok(mappings)
}

fn singles(mapping: &PortMapping) -> impl Iterator<Item = PortMapping> + '_ {
    (0..mapping.count).map(|offset| PortMapping {
        container_port: mapping.container_port.saturating_add(offset),
        count: 1,
        ..mapping.clone()
    })
}

/// The ports of `80`, `80/udp`, `80-90/tcp`; none for what makes no sense, since images are not to be trusted.
pub fn exposed(text: &str) -> Vec<(u16, &str)> {
    exposed_ports(text).collect()
}

fn exposed_ports(text: &str) -> impl Iterator<Item = (u16, &str)> {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    let range = match (first.parse::<u16>(), last.parse::<u16>()) {
        (Ok(first @ 1..), Ok(last)) => Some(first..=last),
        _ => None,
    };
    range.into_iter().flatten().map(move |port| (port, protocol))
}

/// The same mapping twice is one; one host port for two container ports is an error.
fn check_conflicts(mappings: &mut Vec<PortMapping>) -> Result<(), Error> {
    let mut checked: Vec<PortMapping> = Vec::with_capacity(mappings.len());
    for mapping in mappings.drain(..) {
        if checked.contains(&mapping) && !mapping.random {
            continue;
        }
        let end = |mapping: &PortMapping| u32::from(mapping.host_port) + u32::from(mapping.count);
        let clashes = |other: &&PortMapping| {
            !mapping.random
                && !other.random
                && other.protocol == mapping.protocol
                && other.host_ip == mapping.host_ip
                && u32::from(other.host_port) < end(&mapping)
                && u32::from(mapping.host_port) < end(other)
        };
        if checked.iter().any(|other| clashes(&other)) {
            return Err(Error::BadRequest(format!(
                "conflicting port mappings for host port {} (protocol {})",
                mapping.host_port, mapping.protocol
            )));
        }
        checked.push(mapping);
    }
    *mappings = checked;
    Ok(())
}

/// Chooses the host ports that were left to chance, all free at this moment.
pub(in crate::engine) fn choose_random_ports(mappings: &mut [PortMapping]) -> Result<(), Error> {
    // Held until all are chosen, so that they differ.
    let mut held = Vec::new();
    for mapping in mappings.iter_mut().filter(|mapping| mapping.random && mapping.host_port == 0) {
        held.extend(bind_random(mapping)?);
    }
    Ok(())
}

/// Binds every port. Random ones that are in use by now are chosen anew, which changes `mappings`.
pub(in crate::engine) fn bind_all(mappings: &mut [PortMapping]) -> Result<Vec<Bound>, Error> {
    let wanted: usize = mappings.iter().map(|mapping| usize::from(mapping.count) * 2).sum();
    allow_descriptors(wanted);
    let mut bound = Vec::with_capacity(wanted);
    for mapping in mappings {
        match bind_mapping(mapping) {
            Err(_) if mapping.random => {
                mapping.host_port = 0;
                bound.extend(bind_random(mapping)?);
            }
            Err((port, error)) => return Err(refused(mapping, port, error)),
            Ok(sockets) => bound.extend(sockets),
        }
    }
    Ok(bound)
}

/// Raises the limit of open descriptors when there are many ports; where it cannot be raised, binding says so.
fn allow_descriptors(wanted: usize) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let needed = wanted as u64 + 256;
    if limit.current.is_some_and(|current| current < needed) {
        let raised = limit.maximum.map_or(needed, |maximum| maximum.min(needed));
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: limit.maximum });
    }
}

fn bind_random(mapping: &mut PortMapping) -> Result<Vec<Bound>, Error> {
    let mut last = (0, Errno::ADDRINUSE);
    for _ in 0..ATTEMPTS {
        mapping.host_port = 0;
        match bind_mapping(mapping) {
            Ok(sockets) => return Ok(sockets),
            Err(error @ (_, Errno::ADDRINUSE)) => last = error,
            Err((port, error)) => return Err(refused(mapping, port, error)),
        }
    }
    Err(refused(mapping, last.0, last.1))
}

/// Binds the ports of one mapping; a host port 0 is replaced by the one that the kernel chose.
fn bind_mapping(mapping: &mut PortMapping) -> Result<Vec<Bound>, (u16, Errno)> {
    let is_tcp = mapping.protocol == "tcp";
    let mut sockets = Vec::with_capacity(usize::from(mapping.count) * 2);
    for offset in 0..mapping.count {
        let mut port = match mapping.host_port {
            0 => 0,
            first => first.saturating_add(offset),
        };
        let container_port = mapping.container_port.saturating_add(offset);
        let addresses = host_addresses(&mapping.host_ip);
        for (index, address) in addresses.iter().enumerate() {
            let bound = bind_one(SocketAddr::new(*address, port), is_tcp);
            let socket = match bound {
                Ok(socket) => socket,
                // A host without IPv6 publishes on IPv4 alone.
                Err(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL) if index > 0 => continue,
                Err(error) => return Err((port, error)),
            };
            if port == 0 {
                port = port_of(&socket).map_err(|error| (0, error))?;
                mapping.host_port = port;
            }
            sockets.push(Bound { is_tcp, socket, is_ipv6: address.is_ipv6(), container_port });
        }
    }
    Ok(sockets)
}

/// The addresses to bind: both families' wildcards when none was given.
fn host_addresses(host_ip: &str) -> Vec<IpAddr> {
    match host_ip.parse() {
        Ok(address) => vec![address],
        Err(_) => vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()],
    }
}

fn bind_one(address: SocketAddr, is_tcp: bool) -> Result<OwnedFd, Errno> {
    let family = if address.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
    let kind = if is_tcp { SocketType::STREAM } else { SocketType::DGRAM };
    let socket = socket_with(family, kind, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)?;
    if address.is_ipv6() {
        // IPv4 has a socket of its own, since its clients reach the container over IPv4.
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    if is_tcp {
        // Connections of an earlier run that linger must not keep the port.
        sockopt::set_socket_reuseaddr(&socket, true)?;
    }
    bind(&socket, &address)?;
    if is_tcp {
        listen(&socket, BACKLOG)?;
    }
    Ok(socket)
}

fn port_of(socket: &OwnedFd) -> Result<u16, Errno> {
    SocketAddr::try_from(getsockname(socket)?).map(|address| address.port())
}

/// A port that cannot be bound; podman's words, and its exit code.
fn refused(mapping: &PortMapping, port: u16, error: Errno) -> Error {
    let host_ip = if mapping.host_ip.is_empty() { "0.0.0.0" } else { &mapping.host_ip };
    let shown = if host_ip.contains(':') { format!("[{host_ip}]:{port}") } else { format!("{host_ip}:{port}") };
    let cause = format!("listen {} {shown}: bind: {}", mapping.protocol, Words(&error.into()));
    let failure = match error {
        Errno::ACCESS => {
            let first = first_unprivileged_port();
            Failure::message(format!(
                "cannot expose privileged port {port}, you can add 'net.ipv4.ip_unprivileged_port_start={port}' to \
                 /etc/sysctl.conf (currently {first}), or choose a larger port number (>= {first}): {cause}"
            ))
        }
        Errno::MFILE | Errno::NFILE => Failure::message(format!("cannot publish so many ports: {cause}"))
            .with_hint("raise the limit of open files with `ulimit -n`, or publish fewer ports"),
        _ => Failure::message(cause),
    };
    failure.of_kind(FailureKind::CannotInvoke).into()
}

fn first_unprivileged_port() -> u16 {
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    text.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(1024)
}

/// The ports as `ps` shows them, podman's text: `0.0.0.0:8080->80/tcp, 0.0.0.0:9000-9002->9000-9002/udp`, and what is only
/// exposed.
pub fn published_text(mappings: &[PortMapping], exposed: &[String]) -> String {
    let range = |first: u16, count: u16| match count {
        0 | 1 => first.to_string(),
        _ => format!("{first}-{}", first.saturating_add(count - 1)),
    };
    let published = mappings.iter().map(|mapping| {
        let host_ip = if mapping.host_ip.is_empty() { "0.0.0.0" } else { &mapping.host_ip };
        let (host, inside) = (range(mapping.host_port, mapping.count), range(mapping.container_port, mapping.count));
        format!("{host_ip}:{host}->{inside}/{}", mapping.protocol)
    });
    let is_published = |port: u16, protocol: &str| {
        mappings.iter().any(|mapping| {
            let offset = port.checked_sub(mapping.container_port);
            mapping.protocol == protocol && offset.is_some_and(|offset| offset < mapping.count)
        })
    };
    let mut rest: Vec<(u16, &str)> = exposed.iter().flat_map(|text| exposed_ports(text)).collect();
    rest.retain(|(port, protocol)| !is_published(*port, protocol));
    let rest = rest.into_iter().map(|(port, protocol)| format!("{port}/{protocol}"));
    published.chain(rest).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::request::PublishRequest;

    fn request(ports: &[(&str, u16, u16, u16, &str)]) -> ContainerRequest {
        let publish = ports.iter().map(|(host_ip, host_port, container_port, count, protocol)| PublishRequest {
            host_ip: (*host_ip).to_owned(),
            host_port: *host_port,
            container_port: *container_port,
            count: *count,
            protocol: (*protocol).to_owned(),
        });
        ContainerRequest { publish: publish.collect(), ..ContainerRequest::default() }
    }

    #[test]
    fn random_ports_are_chosen_apart_and_kept() {
        let mut mappings = mappings(&request(&[("127.0.0.1", 0, 80, 3, "tcp")]), &[]).unwrap();
        choose_random_ports(&mut mappings).unwrap();
        let mut ports: Vec<u16> = mappings.iter().map(|mapping| mapping.host_port).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 3, "{mappings:?}");
        let before = mappings.clone();
        let bound = bind_all(&mut mappings).unwrap();
        assert_eq!((bound.len(), &mappings), (3, &before));
    }

    #[test]
    fn a_port_in_use_is_refused_and_a_random_one_replaced() {
        let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = holder.local_addr().unwrap().port();
        let mut fixed = mappings(&request(&[("127.0.0.1", port, 80, 1, "tcp")]), &[]).unwrap();
        let error = bind_all(&mut fixed).unwrap_err().to_string();
        assert_eq!(error, format!("listen tcp 127.0.0.1:{port}: bind: address already in use"));
        fixed[0].random = true;
        bind_all(&mut fixed).unwrap();
        assert_ne!(fixed[0].host_port, port);
    }

    #[test]
    fn conflicts_and_publish_all() {
        let twice = request(&[("", 8080, 80, 1, "tcp"), ("", 8080, 80, 1, "tcp")]);
        assert_eq!(mappings(&twice, &[]).unwrap().len(), 1);
        let clash = request(&[("", 8080, 80, 4, "tcp"), ("", 8082, 90, 1, "tcp")]);
        let error = mappings(&clash, &[]).unwrap_err().to_string();
        assert_eq!(error, "conflicting port mappings for host port 8082 (protocol tcp)");
        let mut all = request(&[("", 8080, 80, 1, "tcp")]);
        all.publish_all = true;
        let exposed = ["80/tcp", "53/udp", "90-91", "0/tcp", "x", "99-1"].map(str::to_owned);
        let found = mappings(&all, &exposed).unwrap();
        let shown: Vec<String> =
            found.iter().map(|mapping| format!("{}/{}", mapping.container_port, mapping.protocol)).collect();
        assert_eq!(shown, ["80/tcp", "53/udp", "90/tcp", "91/tcp"]);
        assert!(mappings(&request(&[("", 80, 80, 1, "sctp")]), &[]).is_err());
    }

    #[test]
    fn ports_as_text() {
        let mut found = mappings(&request(&[("", 8080, 80, 1, "tcp"), ("::1", 9000, 90, 3, "udp")]), &[]).unwrap();
        found[0].random = false;
        let exposed = ["80/tcp".to_owned(), "443/tcp".to_owned()];
        assert_eq!(published_text(&found, &exposed), "0.0.0.0:8080->80/tcp, ::1:9000-9002->90-92/udp, 443/tcp");
    }
}
