//! The bridge in its own namespaces, and containers' cables into it (rtnetlink(7), include/uapi/linux/if_link.h).

use super::Error;
use crate::network::link::{self, Interface, Request, Route};
use crate::sys::message;
use crate::sys::process::{Fork, NewNamespaces, exit_now, fork_into};
use crate::sys::tun;
use rustix::io::Errno;
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// The bridge's port that leads to the stack.
const TAP: &str = "gateway";
/// `VETH_INFO_PEER` (include/uapi/linux/veth.h).
const VETH_INFO_PEER: u16 = 1;
/// `IFLA_BR_MCAST_SNOOPING`: without a querier the bridge could take neighbour discovery for a group nobody joined.
const MCAST_SNOOPING: u16 = 23;
/// `NLM_F_CREATE | NLM_F_EXCL`.
const NEW: i32 = libc::NLM_F_CREATE | libc::NLM_F_EXCL;
/// Longest reason a failed child gives, in bytes.
const LONGEST_REASON: usize = 4096;

/// A bridge's namespaces, by descriptors.
#[derive(Debug)]
pub(super) struct Bridge {
    /// Frames of the stack.
    pub tap: OwnedFd,
    /// A routing socket opened inside.
    pub route: OwnedFd,
}

/// Makes a bridge called `name` in new user and network namespaces, with a tap as its first port.
///
/// A child makes it and ends; the namespaces live on by what it hands over. The caller must have one thread.
pub(super) fn make(name: &str, mtu: u16) -> Result<Bridge, Error> {
    let (own, other) = message::pair().map_err(Error::step("connect to a process"))?;
    match fork_into(NewNamespaces::USER | NewNamespaces::NETWORK) {
        Ok(Fork::Child) => {
            drop(own);
            let code = match make_inside(name, mtu) {
                Ok(bridge) => message::send(&other, b"+", &[bridge.tap.as_fd(), bridge.route.as_fd()]).is_err(),
                Err(error) => message::send(&other, error.to_string().as_bytes(), &[]).is_err(),
            };
            exit_now(i32::from(code))
        }
        Ok(Fork::Parent { pidfd, .. }) => {
            drop(other);
            let answer = message::receive(&own, LONGEST_REASON).map_err(Error::step("hear from a process"));
            wait_for(&pidfd);
            let answer = answer?.ok_or_else(|| Error::Bridge("the process that makes the network died".to_owned()))?;
            let mut descriptors = answer.descriptors.into_iter();
            match (descriptors.next(), descriptors.next()) {
                (Some(tap), Some(route)) => Ok(Bridge { tap, route }),
                _ => Err(Error::Bridge(String::from_utf8_lossy(&answer.bytes).into_owned())),
            }
        }
        Err(source) => Err(Error::Step { step: "make namespaces for the network", source }),
    }
}

pub(super) fn wait_for(process: &OwnedFd) {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    while let Err(Errno::INTR) = waitid(WaitId::PidFd(process.as_fd()), WaitIdOptions::EXITED) {}
}

fn make_inside(name: &str, mtu: u16) -> Result<Bridge, Error> {
    let tap = tun::create(TAP).map_err(link::Error::Device)?;
    let mut route = Route::open().map_err(link::Error::Route)?;
    let failed = |step, source| link::Error::Interface { step, name: name.to_owned(), source };
    route.request(new_bridge(name, mtu)).map_err(|source| failed("create", source))?;
    let bridge = link::interface_index(name).map_err(|source| failed("find", source))?;
    let index = link::interface_index(TAP).map_err(|source| failed("find", source))?;
    let port = Request::new(libc::RTM_NEWLINK, 0, &link_header(index, true))
        .number(libc::IFLA_MTU, mtu.into())
        .number(libc::IFLA_TXQLEN, link::QUEUE)
        .number(libc::IFLA_MASTER, bridge);
    route.request(up(port)).map_err(|source| failed("connect the stack to", source))?;
    let bridge_up = up(Request::new(libc::RTM_NEWLINK, 0, &link_header(bridge, true)));
    route.request(bridge_up).map_err(|source| failed("bring up", source))?;
    Ok(Bridge { tap, route: route.into_socket() })
}

/// `struct ifinfomsg`, up or as it is.
fn link_header(index: u32, is_up: bool) -> [u8; 16] {
    let flags = if is_up { libc::IFF_UP as u32 } else { 0 };
    link::link_header(index, flags)
}

fn new_bridge(name: &str, mtu: u16) -> Request {
    Request::new(libc::RTM_NEWLINK, NEW, &link_header(0, false))
        .text(libc::IFLA_IFNAME, name)
        .number(libc::IFLA_MTU, mtu.into())
        .nested(libc::IFLA_LINKINFO, |info| {
            info.text(libc::IFLA_INFO_KIND, "bridge")
                .nested(libc::IFLA_INFO_DATA, |data| data.attribute(MCAST_SNOOPING, &[0]))
        })
}

/// Brings an interface up that takes no address of its own: the bridge and its ports carry other people's packets. An
/// interface must be there before it can be told so.
fn up(request: Request) -> Request {
    link::without_own_addresses(request)
}

/// A cable between a network and a container.
#[derive(Clone, Debug)]
pub struct Plug<'a> {
    /// The bridge's name.
    pub bridge: &'a str,
    /// Name of the cable's end at the bridge.
    pub port: &'a str,
    /// The container's interface.
    pub interface: &'a Interface,
}

/// Plugs a container in: makes the cable, and sets the container's interface up. `network` and `container` are routing
/// sockets opened in the two namespaces; the caller must own both user namespaces.
///
/// # Errors
/// The kernel refuses; nothing is left of the cable then.
pub fn plug(network: &OwnedFd, container: &OwnedFd, plug: &Plug<'_>) -> Result<(), Error> {
    let name = || plug.interface.name.clone();
    let failed = |step| move |source| link::Error::Interface { step, name: name(), source };
    let mut bridge = Route::from_socket(duplicate(network)?);
    let mut inside = Route::from_socket(duplicate(container)?);
    let master = bridge.index_of(plug.bridge).map_err(failed("find the bridge of"))?;
    let namespace = crate::sys::namespace::of_socket(container).map_err(failed("find the namespace of"))?;
    let port_up = up(Request::new(libc::RTM_NEWLINK, 0, &link_header(0, true)).text(libc::IFLA_IFNAME, plug.port));
    for result in bridge.requests(vec![new_cable(plug, master, namespace.as_fd()), port_up]) {
        result.map_err(failed("create"))?;
    }
    let configured =
        inside.index_of(&plug.interface.name).map_err(failed("find")).map_err(Error::from).and_then(|index| {
            link::configure_at(&mut inside, index, plug.interface)?;
            Ok(())
        });
    if configured.is_err() {
        let _ = unplug(network, plug.port); // the first error is the one worth telling
    }
    configured
}

fn new_cable(plug: &Plug<'_>, master: u32, namespace: BorrowedFd<'_>) -> Request {
    let mtu = u32::from(plug.interface.mtu);
    let peer = |request: Request| {
        request
            .raw(&link_header(0, false))
            .text(libc::IFLA_IFNAME, &plug.interface.name)
            .attribute(libc::IFLA_ADDRESS, &plug.interface.mac)
            .number(libc::IFLA_MTU, mtu)
            .number(libc::IFLA_NET_NS_FD, namespace.as_raw_fd() as u32)
    };
    Request::new(libc::RTM_NEWLINK, NEW, &link_header(0, false))
        .text(libc::IFLA_IFNAME, plug.port)
        .number(libc::IFLA_MTU, mtu)
        .number(libc::IFLA_MASTER, master)
        .nested(libc::IFLA_LINKINFO, |info| {
            info.text(libc::IFLA_INFO_KIND, "veth")
                .nested(libc::IFLA_INFO_DATA, |data| data.nested(VETH_INFO_PEER, peer))
        })
}

/// A routing socket opened in the network namespace of the process of `pidfd`, whose user namespace the caller owns.
///
/// A child enters and opens it. The caller must have one thread.
///
/// # Errors
/// The process has ended; it is not the caller's.
pub fn open_inside(pidfd: BorrowedFd<'_>) -> Result<OwnedFd, Error> {
    let (own, other) = message::pair().map_err(Error::step("connect to a process"))?;
    match fork_into(NewNamespaces::empty()).map_err(Error::step("start a process"))? {
        Fork::Child => {
            drop(own);
            let opened = move_into_thread_name_spaces(pidfd, ThreadNameSpaceType::USER)
                .and_then(|()| move_into_thread_name_spaces(pidfd, ThreadNameSpaceType::NETWORK))
                .and_then(|()| Route::open());
            let code = match opened {
                Ok(route) => message::send(&other, b"+", &[route.into_socket().as_fd()]).is_err(),
                Err(errno) => message::send(&other, &errno.raw_os_error().to_ne_bytes(), &[]).is_err(),
            };
            exit_now(i32::from(code))
        }
        Fork::Parent { pidfd: child, .. } => {
            drop(other);
            let answer = message::receive(&own, LONGEST_REASON).map_err(Error::step("hear from a process"));
            wait_for(&child);
            let answer =
                answer?.ok_or_else(|| Error::Bridge("the process that enters the container died".to_owned()))?;
            let errno = answer
                .bytes
                .first_chunk()
                .map_or(Errno::PROTO, |raw| Errno::from_raw_os_error(i32::from_ne_bytes(*raw)));
            answer
                .descriptors
                .into_iter()
                .next()
                .ok_or(Error::Step { step: "enter the container's network", source: errno })
        }
    }
}

/// Gives a container default routes through `gateways` on its interface `name`, where it has none. `container` is a
/// routing socket opened in its namespace.
///
/// # Errors
/// There is no such interface; the kernel refuses.
pub fn route_through(container: &OwnedFd, name: &str, gateways: &[IpAddr]) -> Result<(), Error> {
    let failed = |step| move |source| link::Error::Interface { step, name: name.to_owned(), source };
    let mut inside = Route::from_socket(duplicate(container)?);
    let index = inside.index_of(name).map_err(failed("find"))?;
    let requests = gateways.iter().map(|gateway| link::default_route_through(index, *gateway)).collect();
    for result in inside.requests(requests) {
        match result {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(source) => return Err(failed("route through")(source).into()),
        }
    }
    Ok(())
}

/// Takes a container's cable out, by the name of its end at the bridge. `NODEV` when there is none.
pub fn unplug(network: &OwnedFd, port: &str) -> Result<(), Errno> {
    let request = Request::new(libc::RTM_DELLINK, 0, &link_header(0, false)).text(libc::IFLA_IFNAME, port);
    Route::from_socket(network.try_clone().map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?)
        .request(request)
}

fn duplicate(socket: &OwnedFd) -> Result<OwnedFd, Error> {
    socket.try_clone().map_err(|error| Error::Step {
        step: "duplicate a socket",
        source: Errno::from_io_error(&error).unwrap_or(Errno::IO),
    })
}
