//! Ping: a guest's echo requests leave through unprivileged ping sockets (`icmp(7)`, `net.ipv4.ping_group_range`).
//!
//! Where the user may not have one, the guest is told that a rule forbids it, which is the truth, instead of being left
//! to wait. The kernel puts an identifier of its own into what it sends, so replies get the guest's back here.

use super::configuration::Protocol;
use super::core::{Core, Token};
use super::hash::{self, FastMap};
use super::icmp::{self, Unreachable};
use super::packet::build::Addresses;
use super::packet::parse::Packet;
use super::policy::{FlowRecord, FlowRequest, Verdict};
use super::slab::{Id, Slab};
use super::timers::Timer;
use crate::sys::datagram;
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::time::SystemTime;

/// A flow ends after so long without an echo, milliseconds (RFC 5508 section 3.2 wants at least 60 s).
const IDLE: u64 = 60_000;

/// Most flows at once.
const MOST: usize = 512;

/// Longest message, bytes.
const LONGEST: usize = 65_535;

/// Who pings whom; `identifier` is the guest's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    guest: IpAddr,
    identifier: [u8; 2],
    destination: IpAddr,
}

#[derive(Debug)]
struct Flow {
    key: Key,
    socket: OwnedFd,
    mac: [u8; 6],
    used: u64,
    request: FlowRequest,
    opened: SystemTime,
    bytes_out: u64,
    bytes_in: u64,
}

/// All pings.
pub struct Table {
    flows: Slab<Flow>,
    by_key: FastMap<Key, Id>,
}

impl Table {
    /// No flows yet.
    pub fn new(core: &mut Core) -> Self {
        Self { flows: Slab::new(), by_key: hash::map(core.random()) }
    }

    /// Number of flows.
    pub fn len(&self) -> usize {
        self.flows.len()
    }

    /// An echo request that is not for the gateway, its checksum verified.
    pub fn input(&mut self, core: &mut Core, packet: &Packet<'_>) {
        let Some(&[_, _, _, _, high, low, _, _]) = packet.payload.first_chunk::<8>() else { return };
        let key = Key { guest: packet.source, identifier: [high, low], destination: packet.destination };
        let found = self.by_key.get(&key).copied();
        let id = match found.map_or_else(|| self.open(core, key, packet.mac), Ok) {
            Ok(id) => id,
            Err(why) => return icmp::unreachable(core, packet.source, Some(packet.mac), packet.whole, why),
        };
        let Some(flow) = self.flows.get_mut(id) else { return };
        flow.used = core.now;
        flow.bytes_out += packet.payload.len() as u64;
        // The kernel checks type and code, and writes identifier and checksum.
        if let Err(errno) = datagram::send(&flow.socket, packet.payload, None, None)
            && let Some(why) = cause(errno)
        {
            icmp::unreachable(core, packet.source, Some(packet.mac), packet.whole, why);
        }
    }

    fn open(&mut self, core: &mut Core, key: Key, mac: [u8; 6]) -> Result<Id, Unreachable> {
        if core.configuration.internal {
            return Err(Unreachable::Network);
        }
        let identifier = u16::from_be_bytes(key.identifier);
        let guest = SocketAddr::new(key.guest, identifier);
        let request = FlowRequest { protocol: Protocol::Icmp, guest, destination: SocketAddr::new(key.destination, 0) };
        let opened = SystemTime::now();
        let allowed = core.policy.decide(&request) == Verdict::Allow && self.flows.len() < MOST;
        let socket = if allowed { ping_socket(key.destination) } else { Err(Errno::ACCESS) };
        let socket = match socket {
            Ok(socket) => socket,
            Err(errno) => {
                record(core, request, if allowed { Verdict::Allow } else { Verdict::Refuse }, opened, (0, 0));
                return Err(cause(errno).unwrap_or(Unreachable::Prohibited));
            }
        };
        let flow = Flow { key, socket, mac, used: core.now, request, opened, bytes_out: 0, bytes_in: 0 };
        let id = self.flows.insert(flow);
        self.by_key.insert(key, id);
        let watched = match self.flows.get(id) {
            Some(flow) => core.watch(flow.socket.as_fd(), Token::Echo(id), EventFlags::IN),
            None => Ok(()),
        };
        if watched.is_err() {
            self.close(core, id);
            return Err(Unreachable::Prohibited);
        }
        core.timers.arm(core.now + IDLE, Timer::Echo(id));
        Ok(id)
    }

    /// A ping socket has replies or errors.
    pub fn socket_event(&mut self, core: &mut Core, id: Id, flags: EventFlags) {
        let Some(flow) = self.flows.get_mut(id) else { return };
        let (guest, mac) = (flow.key.guest, Some(flow.mac));
        if flags.contains(EventFlags::ERR)
            && let Ok(failure) = datagram::receive_failure(&flow.socket)
            && let Some(why) = cause(failure.errno)
        {
            let quoted = request_headers(&flow.key);
            icmp::unreachable(core, guest, mac, &quoted, why);
            return;
        }
        let mut message = vec![0; LONGEST];
        let Ok(received) = datagram::receive(&flow.socket, &mut message) else { return };
        message.truncate(received.length);
        let Some(identifier) = message.get_mut(4..6) else { return };
        identifier.copy_from_slice(&flow.key.identifier);
        flow.used = core.now;
        flow.bytes_in += message.len() as u64;
        core.send_icmp(&message, Addresses { source: flow.key.destination, destination: guest }, mac);
    }

    /// A flow's moment has come.
    pub fn timer(&mut self, core: &mut Core, id: Id) {
        let Some(flow) = self.flows.get(id) else { return };
        match flow.used + IDLE {
            deadline if deadline > core.now => core.timers.arm(deadline, Timer::Echo(id)),
            _ => self.close(core, id),
        }
    }

    fn close(&mut self, core: &mut Core, id: Id) {
        let Some(flow) = self.flows.remove(id) else { return };
        self.by_key.remove(&flow.key);
        record(core, flow.request, Verdict::Allow, flow.opened, (flow.bytes_out, flow.bytes_in));
    }
}

/// A connected ping socket.
fn ping_socket(destination: IpAddr) -> rustix::io::Result<OwnedFd> {
    let (family, protocol) = match destination {
        IpAddr::V4(_) => (AddressFamily::INET, ipproto::ICMP),
        IpAddr::V6(_) => (AddressFamily::INET6, ipproto::ICMPV6),
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, SocketType::DGRAM, flags, Some(protocol))?;
    // Without it errors come without their cause.
    let _ = datagram::queue_failures(&socket, destination.is_ipv4());
    rustix::net::connect(&socket, &SocketAddr::new(destination, 0))?;
    Ok(socket)
}

/// The headers of an echo request, as an error quotes them.
fn request_headers(key: &Key) -> Vec<u8> {
    use super::packet::{HEADROOM, ICMP, ICMPV6, build};
    let (kind, protocol) = if key.guest.is_ipv4() { (8, ICMP) } else { (128, ICMPV6) };
    let mut quoted = vec![0; HEADROOM + 8];
    quoted[HEADROOM] = kind;
    quoted[HEADROOM + 4..HEADROOM + 6].copy_from_slice(&key.identifier);
    let addresses = Addresses { source: key.guest, destination: key.destination };
    let at = build::ip(&mut quoted, HEADROOM, HEADROOM + 8, protocol, addresses);
    quoted.split_off(at)
}

/// What an error of the host's kernel means to the guest.
fn cause(errno: Errno) -> Option<Unreachable> {
    match errno {
        Errno::HOSTUNREACH | Errno::HOSTDOWN => Some(Unreachable::Host),
        Errno::NETUNREACH | Errno::NETDOWN | Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT => Some(Unreachable::Network),
        Errno::ACCESS | Errno::PERM | Errno::CONNREFUSED => Some(Unreachable::Prohibited),
        _ => None,
    }
}

fn record(core: &mut Core, request: FlowRequest, verdict: Verdict, opened: SystemTime, bytes: (u64, u64)) {
    let duration = opened.elapsed().unwrap_or_default();
    let (bytes_out, bytes_in) = bytes;
    core.policy.closed(&FlowRecord { request, verdict, opened, duration, bytes_out, bytes_in });
}
