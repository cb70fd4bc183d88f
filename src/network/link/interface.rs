//! Making and configuring interfaces (rtnetlink(7), include/uapi/linux/if_link.h).

use super::{Error, Request, Route, attributes};
use crate::sys::tun;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::OwnedFd;

/// `IFLA_INET6_ADDR_GEN_MODE` and its value `IN6_ADDR_GEN_MODE_NONE` (include/uapi/linux/if_link.h): the kernel makes no
/// address of its own, and so looks for no router either.
const INET6_ADDR_GEN_MODE: u16 = 8;
const ADDR_GEN_MODE_NONE: u8 = 1;
/// `NLM_F_CREATE | NLM_F_EXCL`.
const NEW: i32 = libc::NLM_F_CREATE | libc::NLM_F_EXCL;

/// An IPv4 address on an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address4 {
    /// The address.
    pub address: Ipv4Addr,
    /// Length of the subnet's prefix, in bits.
    pub prefix: u8,
    /// Where the default route leads.
    pub gateway: Option<Ipv4Addr>,
}

/// An IPv6 address on an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address6 {
    /// The address.
    pub address: Ipv6Addr,
    /// Length of the subnet's prefix, in bits.
    pub prefix: u8,
    /// Where the default route leads.
    pub gateway: Option<Ipv6Addr>,
}

/// Frames that wait for the stack at most: some 50 ms of small ones at a gigabit a second, which is longer than a busy
/// machine leaves a process waiting. What a program sends beyond is lost, since datagrams know no flow control.
pub(in crate::network) const QUEUE: u32 = 4096;

/// An interface as it is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// Its name, at most 15 bytes.
    pub name: String,
    /// Its hardware address.
    pub mac: [u8; 6],
    /// Its MTU, in bytes.
    pub mtu: u16,
    /// Its IPv4 address.
    pub ipv4: Option<Address4>,
    /// Its IPv6 address; left out where the kernel has no IPv6.
    pub ipv6: Option<Address6>,
    /// Further addresses and the lengths of their prefixes, in bits: a network may have several subnets. The way out is
    /// that of the first of each family.
    #[serde(default)]
    pub more: Vec<(IpAddr, u8)>,
}

/// Makes the tap interface `interface` in this network namespace and sets it up; its packets come and go over the
/// descriptor. Needs `CAP_NET_ADMIN` over the namespace.
pub fn create_tap(interface: &Interface) -> Result<OwnedFd, Error> {
    let tap = tun::create(&interface.name).map_err(|error| match error {
        Errno::NOENT | Errno::NODEV | Errno::NXIO | Errno::ACCESS => Error::Device(error),
        source => failed("create", interface, source),
    })?;
    configure(&mut Route::open().map_err(Error::Route)?, interface)?;
    Ok(tap)
}

/// Sets an existing interface up: hardware address, MTU, addresses, up, default routes.
pub fn configure(route: &mut Route, interface: &Interface) -> Result<(), Error> {
    let index = interface_index(&interface.name).map_err(|source| failed("find", interface, source))?;
    configure_at(route, index, interface)
}

/// The same for the interface with number `index` in the namespace of `route`, which need not be this process's.
pub fn configure_at(route: &mut Route, index: u32, interface: &Interface) -> Result<(), Error> {
    let (mut steps, mut requests) = (Vec::new(), Vec::new());
    let mut add = |step, is_required, request| {
        steps.push((step, is_required));
        requests.push(request);
    };
    add("configure", true, attributes_of(index, interface));
    add("bring up", true, up(index));
    if let Some(address) = &interface.ipv4 {
        add("give an address to", true, address4(index, address));
        if let Some(gateway) = address.gateway {
            add("route through", true, default_route(libc::AF_INET, index, &gateway.octets()));
        }
    }
    if let Some(address) = &interface.ipv6 {
        add("give an IPv6 address to", false, address6(index, address));
        if let Some(gateway) = address.gateway {
            add("route IPv6 through", false, default_route(libc::AF_INET6, index, &gateway.octets()));
        }
    }
    for further in &interface.more {
        match *further {
            (IpAddr::V4(address), prefix) => {
                add("give an address to", true, address4(index, &Address4 { address, prefix, gateway: None }));
            }
            (IpAddr::V6(address), prefix) => {
                add("give an IPv6 address to", false, address6(index, &Address6 { address, prefix, gateway: None }));
            }
        }
    }
    let results = route.requests(requests);
    for ((step, is_required), result) in steps.into_iter().zip(results) {
        match result {
            Err(source) if is_required => return Err(failed(step, interface, source)),
            // Without IPv6 in the kernel, or with it switched off, the rest still works.
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// The number of the interface `name` in this network namespace.
pub fn interface_index(name: &str) -> rustix::io::Result<u32> {
    let socket = socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    rustix::net::netdevice::name_to_index(&socket, name)
}

/// The addresses of the interface `name` in this network namespace, in the kernel's order.
pub fn addresses_of(name: &str) -> rustix::io::Result<Vec<IpAddr>> {
    let index = interface_index(name)?;
    let mut route = Route::open()?;
    let bodies = route.dump(Request::new(libc::RTM_GETADDR, 0, &[0; 8]), libc::RTM_NEWADDR)?;
    let of_interface = bodies.iter().filter(|body| body.get(4..8) == Some(&index.to_ne_bytes()[..]));
    Ok(of_interface.filter_map(|body| address(body.get(8..)?)).collect())
}

/// The address in the attributes behind a `struct ifaddrmsg`: IPv6 has no `IFA_LOCAL`.
fn address(bytes: &[u8]) -> Option<IpAddr> {
    let find = |wanted| attributes(bytes).find(|(kind, _)| *kind == wanted).map(|(_, value)| value);
    let value = find(libc::IFA_LOCAL).or_else(|| find(libc::IFA_ADDRESS))?;
    match value.len() {
        4 => <[u8; 4]>::try_from(value).ok().map(IpAddr::from),
        _ => <[u8; 16]>::try_from(value).ok().map(IpAddr::from),
    }
}

fn failed(step: &'static str, interface: &Interface, source: Errno) -> Error {
    Error::Interface { step, name: interface.name.clone(), source }
}

/// `struct ifinfomsg`, with `flags` to be set.
pub(in crate::network) fn link_header(index: u32, flags: u32) -> [u8; 16] {
    let mut header = [0; 16];
    header[4..8].copy_from_slice(&index.to_ne_bytes());
    header[8..12].copy_from_slice(&flags.to_ne_bytes());
    header[12..16].copy_from_slice(&flags.to_ne_bytes());
    header
}

fn attributes_of(index: u32, interface: &Interface) -> Request {
    let request = Request::new(libc::RTM_NEWLINK, 0, &link_header(index, 0))
        .attribute(libc::IFLA_ADDRESS, &interface.mac)
        .number(libc::IFLA_MTU, interface.mtu.into())
        .number(libc::IFLA_TXQLEN, QUEUE);
    without_own_addresses(request)
}

/// Adds to a request about an interface that the kernel is to give it no IPv6 address by itself.
pub(in crate::network) fn without_own_addresses(request: Request) -> Request {
    let inet6 = |request: Request| request.attribute(INET6_ADDR_GEN_MODE, &[ADDR_GEN_MODE_NONE]);
    request.nested(libc::IFLA_AF_SPEC, |request| request.nested(libc::AF_INET6 as u16, inet6))
}

fn up(index: u32) -> Request {
    Request::new(libc::RTM_NEWLINK, 0, &link_header(index, libc::IFF_UP as u32))
}

/// `struct ifaddrmsg`.
fn address_header(family: i32, prefix: u8, index: u32) -> [u8; 8] {
    let mut header = [family as u8, prefix, 0, 0, 0, 0, 0, 0];
    header[4..8].copy_from_slice(&index.to_ne_bytes());
    header
}

fn address4(index: u32, address: &Address4) -> Request {
    let mask = u32::MAX.checked_shl(32 - u32::from(address.prefix)).unwrap_or(0);
    let broadcast = Ipv4Addr::from(u32::from(address.address) | !mask);
    Request::new(libc::RTM_NEWADDR, NEW, &address_header(libc::AF_INET, address.prefix, index))
        .attribute(libc::IFA_LOCAL, &address.address.octets())
        .attribute(libc::IFA_ADDRESS, &address.address.octets())
        .attribute(libc::IFA_BROADCAST, &broadcast.octets())
}

/// Nobody else is on the link, so the address is used at once, without asking for duplicates.
fn address6(index: u32, address: &Address6) -> Request {
    Request::new(libc::RTM_NEWADDR, NEW, &address_header(libc::AF_INET6, address.prefix, index))
        .attribute(libc::IFA_LOCAL, &address.address.octets())
        .attribute(libc::IFA_ADDRESS, &address.address.octets())
        .number(libc::IFA_FLAGS, libc::IFA_F_NODAD)
}

/// A request for a default route through `gateway` on the interface with this number.
pub(in crate::network) fn default_route_through(index: u32, gateway: IpAddr) -> Request {
    match gateway {
        IpAddr::V4(gateway) => default_route(libc::AF_INET, index, &gateway.octets()),
        IpAddr::V6(gateway) => default_route(libc::AF_INET6, index, &gateway.octets()),
    }
}

/// `struct rtmsg` of a default route.
fn default_route(family: i32, index: u32, gateway: &[u8]) -> Request {
    /// `RTPROT_BOOT`, as ip(8) gives.
    const PROTOCOL: u8 = 3;
    let header = [family as u8, 0, 0, 0, libc::RT_TABLE_MAIN, PROTOCOL, libc::RT_SCOPE_UNIVERSE, libc::RTN_UNICAST];
    let mut fixed = header.to_vec();
    fixed.extend_from_slice(&[0; 4]);
    Request::new(libc::RTM_NEWROUTE, NEW, &fixed).attribute(libc::RTA_GATEWAY, gateway).number(libc::RTA_OIF, index)
}
