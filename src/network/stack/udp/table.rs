//! The table of UDP flows and their sockets.

use super::super::address::{self, Destination};
use super::super::configuration::Protocol;
use super::super::core::{Core, Token};
use super::super::fragment;
use super::super::hash::{self, FastMap};
use super::super::icmp::{self, Unreachable};
use super::super::packet::build::{self, Addresses};
use super::super::packet::parse::Packet;
use super::super::packet::{HEADROOM, UDP, vnet};
use super::super::policy::{FlowRecord, FlowRequest, Verdict};
use super::super::slab::{Id, Slab};
use super::super::timers::Timer;
use super::batch::{self, Batch};
use super::{Flow, Key, MOST, PAYLOAD, SCRATCH};
use crate::sys::datagram;
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::time::SystemTime;

/// Most receptions from one socket in one turn.
const TURN: usize = 32;

/// Receive and send buffers asked for on every socket, bytes; the kernel gives what `net.core.rmem_max` allows.
const SOCKET_BUFFER: usize = 4 << 20;

/// A socket of the host.
#[derive(Debug)]
struct Socket {
    descriptor: OwnedFd,
    role: Role,
    /// Its flows by their peers; a service's only flow is under its guest.
    flows: FastMap<SocketAddr, Id>,
}

/// What a socket is for.
#[derive(Debug, Clone, Copy)]
enum Role {
    /// All that leaves from this endpoint of a guest.
    Mapping(SocketAddr),
    /// One client of a service.
    Service(SocketAddr),
    /// A published port that leads to this endpoint of a guest.
    Forward(SocketAddr),
}

/// All UDP flows.
pub struct Table {
    flows: Slab<Flow>,
    by_key: FastMap<Key, Id>,
    sockets: Slab<Socket>,
    mappings: FastMap<SocketAddr, Id>,
    batch: Batch,
    /// Received into, and sent from; empty at rest.
    scratch: Vec<u8>,
    seed: u64,
    most_sockets: usize,
}

/// Where a new flow leads, and the policy's part in it.
struct Way {
    socket: Id,
    peer: Option<SocketAddr>,
    account: Option<(FlowRequest, Verdict, SystemTime)>,
}

impl Table {
    /// No flows yet, and room for `most_sockets` sockets.
    pub fn new(core: &mut Core, most_sockets: usize) -> Self {
        let seed = core.random();
        Self {
            flows: Slab::new(),
            by_key: hash::map(seed),
            sockets: Slab::new(),
            mappings: hash::map(seed),
            batch: Batch::default(),
            scratch: Vec::new(),
            seed,
            most_sockets,
        }
    }

    /// Number of flows.
    pub fn len(&self) -> usize {
        self.flows.len()
    }

    /// A UDP packet from a guest, its checksum verified. `segment` is the payload length of each datagram, if the frame
    /// holds several.
    pub fn input(&mut self, core: &mut Core, packet: &Packet<'_>, segment: Option<u16>) {
        let Some((ports, payload)) = parse(packet.payload, segment.is_some()) else { return };
        let key = Key {
            guest: SocketAddr::new(packet.source, ports.0),
            remote: SocketAddr::new(packet.destination, ports.1),
        };
        let found = self.by_key.get(&key).copied();
        let Some(id) = found.or_else(|| self.open(core, key, packet)) else { return };
        let Some(flow) = self.flows.get_mut(id) else { return };
        flow.used = core.now;
        flow.mac = Some(packet.mac);
        flow.bytes_out += payload.len() as u64;
        if segment.is_none() && self.batch.add(id, payload) {
            return;
        }
        self.flush(core);
        if segment.is_none() && self.batch.add(id, payload) {
            return;
        }
        self.send(core, id, |socket, peer| batch::send(socket.as_fd(), payload, peer, segment));
    }

    /// Sends what was gathered.
    pub fn flush(&mut self, core: &mut Core) {
        let Some(id) = self.batch.flow() else { return };
        let mut batch = std::mem::take(&mut self.batch);
        self.send(core, id, |socket, peer| batch.send(socket.as_fd(), peer));
        batch.clear();
        self.batch = batch;
    }

    /// Sends by `how` through a flow's socket and tells the guest what went wrong.
    fn send(
        &mut self,
        core: &mut Core,
        id: Id,
        how: impl FnOnce(&OwnedFd, Option<SocketAddr>) -> rustix::io::Result<()>,
    ) {
        let Some(flow) = self.flows.get(id) else { return };
        let Some(socket) = self.sockets.get(flow.socket) else { return };
        match how(&socket.descriptor, flow.peer) {
            Ok(()) => {}
            // As any router does with more than it can carry.
            Err(Errno::AGAIN | Errno::NOBUFS | Errno::NOMEM) => core.tap.dropped += 1,
            // Somebody closed the service.
            Err(Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN) => self.close(core, id),
            Err(errno) => tell(core, flow, errno, 0),
        }
    }

    /// A first datagram.
    fn open(&mut self, core: &mut Core, key: Key, packet: &Packet<'_>) -> Option<Id> {
        if self.flows.len() >= MOST || self.sockets.len() >= self.most_sockets {
            core.tap.dropped += 1;
            return None;
        }
        match self.way(core, key) {
            Ok(way) => Some(self.keep(core, key, way)),
            Err(why) => {
                if let Some(why) = why.filter(|_| is_one_host(key.remote.ip())) {
                    icmp::unreachable(core, key.guest.ip(), Some(packet.mac), packet.whole, why);
                }
                None
            }
        }
    }

    fn keep(&mut self, core: &mut Core, key: Key, way: Way) -> Id {
        let Way { socket, peer, account } = way;
        let flow =
            Flow { key, socket, peer, mac: None, used: core.now, answered: false, account, bytes_out: 0, bytes_in: 0 };
        let deadline = flow.deadline();
        let id = self.flows.insert(flow);
        self.by_key.insert(key, id);
        if let Some(socket) = self.sockets.get_mut(socket) {
            socket.flows.insert(peer.unwrap_or(key.guest), id);
        }
        core.timers.arm(deadline, Timer::Udp(id));
        id
    }

    /// Asks the configuration, the services and the policy where a flow leads; an error is what the guest is told.
    fn way(&mut self, core: &mut Core, key: Key) -> Result<Way, Option<Unreachable>> {
        match address::destination(&core.configuration, key.remote.ip()) {
            Destination::Nowhere => Err(Some(Unreachable::Host)),
            Destination::Gateway => match core.services.udp(key.remote.port(), key.guest) {
                Some(descriptor) => {
                    let socket = self.watch(core, descriptor, Role::Service(key.guest)).map_err(cause)?;
                    Ok(Way { socket, peer: None, account: None })
                }
                None => match address::host_behind(&core.configuration, key.remote.ip()) {
                    Some(host) => self.leave(core, key, SocketAddr::new(host, key.remote.port())),
                    None => Err(Some(Unreachable::Port)),
                },
            },
            Destination::Out if core.configuration.internal => Err(Some(Unreachable::Network)),
            Destination::Out => self.leave(core, key, key.remote),
        }
    }

    /// Asks the policy about a flow that would go on to `peer` of the host's network.
    fn leave(&mut self, core: &mut Core, key: Key, peer: SocketAddr) -> Result<Way, Option<Unreachable>> {
        let request = FlowRequest { protocol: Protocol::Udp, guest: key.guest, destination: key.remote };
        let verdict = core.policy.decide(&request);
        let opened = SystemTime::now();
        // There is nothing to inspect in a datagram: what is not allowed outright is refused.
        if verdict != Verdict::Allow {
            record(core, (request, Verdict::Refuse, opened), 0, 0);
            return Err(Some(Unreachable::Prohibited));
        }
        let account = (request, verdict, opened);
        let socket = self.mapping(core, key.guest).map_err(|errno| {
            record(core, account, 0, 0);
            cause(errno)
        })?;
        // A guest that knows the host by two addresses has one way for answers.
        let is_taken = self.sockets.get(socket).is_some_and(|socket| socket.flows.contains_key(&peer));
        if is_taken {
            record(core, account, 0, 0);
            return Err(Some(Unreachable::Port));
        }
        Ok(Way { socket, peer: Some(peer), account: Some(account) })
    }

    /// The socket of a guest's endpoint.
    fn mapping(&mut self, core: &mut Core, guest: SocketAddr) -> rustix::io::Result<Id> {
        if let Some(&id) = self.mappings.get(&guest) {
            return Ok(id);
        }
        let is_ipv4 = guest.is_ipv4();
        let family = if is_ipv4 { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let descriptor = rustix::net::socket_with(family, SocketType::DGRAM, flags, None)?;
        let outbound: Option<IpAddr> = if is_ipv4 {
            core.configuration.outbound_ipv4.map(Into::into)
        } else {
            core.configuration.outbound_ipv6.map(Into::into)
        };
        if let Some(outbound) = outbound {
            rustix::net::bind(&descriptor, &SocketAddr::new(outbound, 0))?;
        }
        let id = self.watch(core, descriptor, Role::Mapping(guest))?;
        self.mappings.insert(guest, id);
        Ok(id)
    }

    /// Keeps a socket and watches it.
    fn watch(&mut self, core: &mut Core, descriptor: OwnedFd, role: Role) -> rustix::io::Result<Id> {
        rustix::io::ioctl_fionbio(&descriptor, true)?;
        if let Role::Mapping(guest) | Role::Forward(guest) = role {
            // Without these there are more losses, more calls and fewer errors told, and it still works.
            let _ = sockopt::set_socket_recv_buffer_size(&descriptor, SOCKET_BUFFER);
            let _ = sockopt::set_socket_send_buffer_size(&descriptor, SOCKET_BUFFER);
            let _ = datagram::coalesce(&descriptor);
            let is_ipv4 = sockopt::socket_domain(&descriptor).map_or(guest.is_ipv4(), |it| it == AddressFamily::INET);
            let _ = datagram::queue_failures(&descriptor, is_ipv4);
        }
        let id = self.sockets.insert(Socket { descriptor, role, flows: hash::map(self.seed) });
        let watched = match self.sockets.get(id) {
            Some(socket) => core.watch(socket.descriptor.as_fd(), Token::Udp(id), EventFlags::IN),
            None => Ok(()),
        };
        watched.inspect_err(|_| drop(self.sockets.remove(id)))?;
        Ok(id)
    }

    /// Publishes a port: `descriptor` is bound, `target` the guest's endpoint.
    pub fn publish(&mut self, core: &mut Core, descriptor: OwnedFd, target: SocketAddr) -> rustix::io::Result<Id> {
        self.watch(core, descriptor, Role::Forward(target))
    }

    /// Withdraws a published port with all its flows.
    pub fn withdraw(&mut self, core: &mut Core, id: Id) -> bool {
        let Some(socket) = self.sockets.get(id) else { return false };
        for flow in socket.flows.values().copied().collect::<Vec<_>>() {
            self.close(core, flow);
        }
        self.sockets.remove(id).is_some()
    }

    /// A socket has datagrams or errors.
    pub fn socket_event(&mut self, core: &mut Core, id: Id, flags: EventFlags) {
        if flags.contains(EventFlags::ERR) {
            self.failures(core, id);
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.resize(SCRATCH, 0);
        for _ in 0..TURN {
            let Some(socket) = self.sockets.get(id) else { break };
            let received = match datagram::receive(&socket.descriptor, &mut scratch[HEADROOM..]) {
                Ok(received) => received,
                Err(Errno::INTR | Errno::CONNREFUSED | Errno::HOSTUNREACH | Errno::NETUNREACH | Errno::MSGSIZE) => {
                    continue;
                }
                Err(Errno::AGAIN) => break,
                Err(_) => {
                    self.hang_up(core, id);
                    break;
                }
            };
            let is_end = received.length == 0 && matches!(socket.role, Role::Service(_));
            if is_end && flags.intersects(EventFlags::HUP | EventFlags::RDHUP) {
                self.hang_up(core, id);
                break;
            }
            if let Some(flow) = self.flow_of(core, id, received.source) {
                self.deliver(core, flow, &mut scratch, received.length, received.segment);
            }
        }
        self.scratch = scratch;
    }

    /// The flow that a datagram from `source` belongs to; a published port's new client begins one.
    fn flow_of(&mut self, core: &mut Core, id: Id, source: Option<SocketAddr>) -> Option<Id> {
        let socket = self.sockets.get(id)?;
        let known = match socket.role {
            Role::Service(guest) => return socket.flows.get(&guest).copied(),
            Role::Mapping(_) => return socket.flows.get(&source?).copied(),
            Role::Forward(_) => socket.flows.get(&source?).copied(),
        };
        let (Role::Forward(target), Some(source), None) = (socket.role, source, known) else { return known };
        if self.flows.len() >= MOST {
            core.tap.dropped += 1;
            return None;
        }
        let seen = address::client_seen(&core.configuration, source.ip(), target.ip())?;
        let free = |key: &Key| !self.by_key.contains_key(key);
        let wanted = Key { guest: target, remote: SocketAddr::new(seen, source.port()) };
        let key = if free(&wanted) {
            wanted
        } else {
            // Several clients appear as the gateway: another port for this one.
            (0..64).find_map(|_| {
                let port = 32_768 + (core.random() % 28_232) as u16;
                Some(Key { guest: target, remote: SocketAddr::new(seen, port) }).filter(free)
            })?
        };
        Some(self.keep(core, key, Way { socket: id, peer: Some(source), account: None }))
    }

    /// Passes received datagrams on to the guest.
    fn deliver(&mut self, core: &mut Core, id: Id, scratch: &mut [u8], length: usize, segment: Option<u16>) {
        let Some(flow) = self.flows.get_mut(id) else { return };
        if length > PAYLOAD && segment.is_none() {
            core.tap.dropped += 1;
            return;
        }
        flow.used = core.now;
        flow.answered |= flow.bytes_out > 0;
        flow.bytes_in += length as u64;
        let end = HEADROOM + length;
        match segment {
            Some(segment) if usize::from(segment) < length => {
                let fits = usize::from(segment) + 48 <= usize::from(core.configuration.mtu) && length <= PAYLOAD;
                if core.tap.segments_udp && fits {
                    emit(core, flow, scratch, end, segment);
                    return;
                }
                let mut single = vec![0; HEADROOM + usize::from(segment)];
                for datagram in scratch[HEADROOM..end].chunks(segment.into()) {
                    let end = HEADROOM + datagram.len();
                    single[HEADROOM..end].copy_from_slice(datagram);
                    emit(core, flow, &mut single, end, 0);
                }
            }
            _ => emit(core, flow, scratch, end, 0),
        }
    }

    /// Tells guests of errors their datagrams met.
    fn failures(&mut self, core: &mut Core, id: Id) {
        for _ in 0..TURN {
            let Some(socket) = self.sockets.get(id) else { return };
            let Ok(failure) = datagram::receive_failure(&socket.descriptor) else { return };
            let flow = failure.destination.and_then(|peer| socket.flows.get(&peer));
            if let Some(flow) = flow.and_then(|flow| self.flows.get(*flow)) {
                tell(core, flow, failure.errno, failure.information);
            }
        }
    }

    /// A service's other end has gone, or a socket has failed for good.
    fn hang_up(&mut self, core: &mut Core, id: Id) {
        let Some(socket) = self.sockets.get(id) else { return };
        for flow in socket.flows.values().copied().collect::<Vec<_>>() {
            self.close(core, flow);
        }
    }

    /// A flow's moment has come.
    pub fn timer(&mut self, core: &mut Core, id: Id) {
        let Some(flow) = self.flows.get(id) else { return };
        match flow.deadline() {
            deadline if deadline > core.now => core.timers.arm(deadline, Timer::Udp(id)),
            _ => self.close(core, id),
        }
    }

    fn close(&mut self, core: &mut Core, id: Id) {
        if self.batch.flow() == Some(id) {
            self.flush(core);
        }
        let Some(flow) = self.flows.remove(id) else { return };
        self.by_key.remove(&flow.key);
        if let Some(account) = flow.account {
            record(core, account, flow.bytes_out, flow.bytes_in);
        }
        let Some(socket) = self.sockets.get_mut(flow.socket) else { return };
        socket.flows.remove(&flow.peer.unwrap_or(flow.key.guest));
        if !socket.flows.is_empty() {
            return;
        }
        match socket.role {
            Role::Mapping(guest) => {
                self.mappings.remove(&guest);
                self.sockets.remove(flow.socket);
            }
            Role::Service(_) => drop(self.sockets.remove(flow.socket)),
            Role::Forward(_) => socket.flows.shrink_to_fit(),
        }
        if self.flows.len() == 0 {
            // At rest nothing is kept for traffic.
            self.scratch = Vec::new();
            self.by_key.shrink_to(64);
            self.mappings.shrink_to(64);
        }
    }
}

/// Sends the datagram (or those of `segment` bytes, unless 0) at `HEADROOM..end` of `scratch` to the guest.
fn emit(core: &mut Core, flow: &Flow, scratch: &mut [u8], end: usize, segment: u16) {
    let addresses = Addresses { source: flow.key.remote.ip(), destination: flow.key.guest.ip() };
    let ports = (flow.key.remote.port(), flow.key.guest.port());
    let at = build::udp(scratch, HEADROOM, end, ports, addresses);
    let header = if addresses.source.is_ipv4() { 20 } else { 40 };
    if segment == 0 && header + end - at > usize::from(core.configuration.mtu) {
        let sum = &mut scratch[at + 6..at + 8];
        sum.fill(0);
        let sum = build::transport_checksum(addresses, UDP, &scratch[at..end]);
        scratch[at + 6..at + 8].copy_from_slice(&sum);
        return fragment::send(core, &scratch[at..end], UDP, addresses, flow.mac);
    }
    let network = build::ip(scratch, at, end, UDP, addresses);
    let offload = vnet::Header {
        flags: vnet::NEEDS_CSUM,
        gso_type: if segment > 0 { vnet::GSO_UDP_L4 } else { 0 },
        gso_size: segment,
        header_length: (14 + HEADROOM - network) as u16,
        checksum_start: (14 + at - network) as u16,
        checksum_offset: 6,
    };
    core.send_packet(scratch, (network, end), (addresses.destination, flow.mac), &offload);
}

/// Tells the guest of a flow that a datagram of its did not arrive.
fn tell(core: &mut Core, flow: &Flow, errno: Errno, information: u32) {
    let why = match errno {
        Errno::MSGSIZE => match u16::try_from(information) {
            // Without a size there is nothing to tell.
            Ok(size) if size >= 68 => Unreachable::TooBig(size),
            _ => return,
        },
        errno => match cause(errno) {
            Some(why) => why,
            None => return,
        },
    };
    // The datagram itself is gone: its headers say to the guest's kernel whose error this is.
    let mut quoted = [0; HEADROOM + 8];
    let addresses = Addresses { source: flow.key.guest.ip(), destination: flow.key.remote.ip() };
    let end = quoted.len();
    let at = build::udp(&mut quoted, end, end, (flow.key.guest.port(), flow.key.remote.port()), addresses);
    let at = build::ip(&mut quoted, at, end, UDP, addresses);
    icmp::unreachable(core, flow.key.guest.ip(), flow.mac, &quoted[at..], why);
}

/// What an error of the host's kernel means to the guest.
fn cause(errno: Errno) -> Option<Unreachable> {
    match errno {
        Errno::CONNREFUSED => Some(Unreachable::Port),
        Errno::HOSTUNREACH | Errno::HOSTDOWN => Some(Unreachable::Host),
        Errno::NETUNREACH | Errno::NETDOWN | Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT => Some(Unreachable::Network),
        Errno::ACCESS | Errno::PERM => Some(Unreachable::Prohibited),
        _ => None,
    }
}

/// Errors are only told about packets to one host (RFC 1122 section 3.2.2).
fn is_one_host(address: IpAddr) -> bool {
    !address.is_multicast() && address != IpAddr::from([255; 4])
}

fn record(core: &mut Core, account: (FlowRequest, Verdict, SystemTime), bytes_out: u64, bytes_in: u64) {
    let (request, verdict, opened) = account;
    let duration = opened.elapsed().unwrap_or_default();
    core.policy.closed(&FlowRecord { request, verdict, opened, duration, bytes_out, bytes_in });
}

/// Ports and payload of a UDP packet. The length field of several joined datagrams says nothing.
fn parse(bytes: &[u8], joined: bool) -> Option<((u16, u16), &[u8])> {
    let header: &[u8; 8] = bytes.first_chunk()?;
    let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let length = if joined { bytes.len() } else { word(4).into() };
    Some(((word(0), word(2)), bytes.get(8..length)?))
}
