//! How flows begin: a guest's SYN, a client of a published port, and what comes of `connect(2)`.

use super::super::address::{self, Destination};
use super::super::core::{Core, Token};
use super::super::icmp::{self, Unreachable};
use super::super::packet::parse::Packet;
use super::super::policy::{FlowRecord, FlowRequest, Verdict};
use super::super::slab::Id;
use super::flow::{Account, Flow, Host, Key, Outcome, Phase};
use super::input::{self, Segment};
use super::{HALF_OPEN_MOST, PROTOCOL, Table, is_open, output, refuse, window};
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, SystemTime};

/// What a socket is watched for; each change is told once (`epoll(7)`, edge-triggered).
const EVENTS: EventFlags = EventFlags::IN.union(EventFlags::OUT).union(EventFlags::RDHUP).union(EventFlags::ET);

/// Where a new flow leads.
enum Way {
    /// A connected socket already: a service.
    Joined(OwnedFd),
    /// This address of the host's network.
    To(SocketAddr),
    /// Perhaps where it wants, when the first bytes please the policy.
    Inspected,
    /// Nowhere.
    Refused,
}

impl Table {
    /// A guest's SYN for a new flow.
    pub(super) fn open(&mut self, core: &mut Core, key: Key, packet: &Packet<'_>, segment: &Segment<'_>) {
        if self.half_open >= HALF_OPEN_MOST {
            self.displace(core);
        }
        let (way, account) = way(core, key);
        let sequence = core.random() as u32;
        let mut flow = Flow::new(key, Phase::Waiting, Host::Connecting, sequence);
        flow.mac = Some(packet.mac);
        flow.heard = core.now;
        flow.synchronize(segment.sequence, segment.window, segment.options, &core.configuration);
        flow.account = account;
        if self.flows.len() >= self.most {
            refuse(core, key, packet.mac, segment);
            return closed_at_once(core, flow);
        }
        match way {
            Way::Refused => {
                refuse(core, key, packet.mac, segment);
                closed_at_once(core, flow);
            }
            Way::Joined(socket) => {
                flow.host = Host::Connected;
                flow.socket = Some(socket);
                self.keep(core, flow, packet);
            }
            Way::Inspected => {
                flow.host = Host::Inspecting;
                self.keep(core, flow, packet);
            }
            Way::To(destination) => match connect(core, destination) {
                Ok(socket) => {
                    flow.socket = Some(socket);
                    self.keep(core, flow, packet);
                }
                Err(errno) => {
                    failed(core, &mut flow, packet.whole, errno);
                    closed_at_once(core, flow);
                }
            },
        }
    }

    /// Ends the flow that has waited longest for a side to open.
    fn displace(&mut self, core: &mut Core) {
        while let Some(id) = self.opening.pop_front() {
            if self.flows.get(id).is_some_and(|flow| !is_open(flow)) {
                core.tap.dropped += 1;
                return self.settle(core, id, false, Outcome::Abort);
            }
        }
    }

    /// Keeps a new flow of a guest, watches its socket, and answers the SYN if nothing has to be waited for.
    fn keep(&mut self, core: &mut Core, mut flow: Flow, packet: &Packet<'_>) {
        if flow.host != Host::Connecting {
            flow.phase = Phase::SynReceived;
        } else {
            // An error may come later; it quotes the packet (at most an IPv6 header and the longest TCP header).
            flow.quote = packet.whole.get(..100).unwrap_or(packet.whole).into();
        }
        if let Some(id) = self.insert(core, flow)
            && let Some(flow) = self.flows.get_mut(id)
            && flow.phase == Phase::SynReceived
        {
            output::synchronize(flow, core);
        }
    }

    /// Adds a flow to the table and its socket to the poll descriptor.
    fn insert(&mut self, core: &mut Core, flow: Flow) -> Option<Id> {
        let key = flow.key;
        let id = self.flows.insert(flow);
        self.half_open += 1;
        if self.opening.len() >= 2 * HALF_OPEN_MOST {
            let flows = &self.flows;
            self.opening.retain(|id| flows.get(*id).is_some_and(|flow| !is_open(flow)));
        }
        self.opening.push_back(id);
        self.by_key.insert(key, id);
        let flow = self.flows.get_mut(id)?;
        flow.id = id;
        if let Some(socket) = &flow.socket
            && core.watch(socket.as_fd(), Token::Tcp(id), EVENTS).is_err()
        {
            output::reset(flow, core);
            self.settle(core, id, false, Outcome::Close);
            return None;
        }
        Some(id)
    }

    /// A client has connected to a published port that leads to `target`.
    pub fn accept(&mut self, core: &mut Core, socket: OwnedFd, client: SocketAddr, target: SocketAddr) {
        let seen = address::client_seen(&core.configuration, client.ip(), target.ip());
        let remote = seen.map(|seen| SocketAddr::new(seen, client.port()));
        let key = remote.and_then(|remote| self.free_key(core, target, remote));
        let Some(key) = key.filter(|_| self.flows.len() < self.most) else {
            // Closing an unread connection resets it.
            let _ = sockopt::set_socket_linger(&socket, Some(Duration::ZERO));
            return;
        };
        let _ = sockopt::set_tcp_nodelay(&socket, true);
        let sequence = core.random() as u32;
        let mut flow = Flow::new(key, Phase::SynSent, Host::Connected, sequence);
        flow.receive_scale = 0;
        flow.heard = core.now;
        flow.socket = Some(socket);
        if let Some(id) = self.insert(core, flow)
            && let Some(flow) = self.flows.get_mut(id)
        {
            output::synchronize(flow, core);
        }
    }

    /// The client's port if it is free at this address, else another: several clients appear as the gateway.
    fn free_key(&self, core: &mut Core, guest: SocketAddr, remote: SocketAddr) -> Option<Key> {
        let key = Key { guest, remote };
        if !self.by_key.contains_key(&key) {
            return Some(key);
        }
        (0..64).find_map(|_| {
            let port = 32_768 + (core.random() % 28_232) as u16;
            let key = Key { guest, remote: SocketAddr::new(remote.ip(), port) };
            (!self.by_key.contains_key(&key)).then_some(key)
        })
    }

    /// The socket of a flow that was connecting has an event.
    pub(super) fn connected(&mut self, core: &mut Core, id: Id, flags: EventFlags) -> Outcome {
        let Some(flow) = self.flows.get_mut(id) else { return Outcome::Keep };
        let Some(socket) = &flow.socket else { return Outcome::Keep };
        if !flags.intersects(EventFlags::OUT | EventFlags::ERR | EventFlags::HUP) {
            return Outcome::Keep;
        }
        if let Err(errno) | Ok(Err(errno)) = sockopt::socket_error(socket) {
            let quote = std::mem::take(&mut flow.quote);
            failed(core, flow, &quote, errno);
            return Outcome::Close;
        }
        flow.quote = Box::default();
        flow.host = Host::Connected;
        flow.readable = flags.contains(EventFlags::IN);
        flow.hung_up = flags.intersects(EventFlags::RDHUP | EventFlags::HUP);
        if flow.phase == Phase::Waiting {
            flow.phase = Phase::SynReceived;
            output::synchronize(flow, core);
            return Outcome::Keep;
        }
        // The guest's side was opened for the policy to see: what it sent goes on now.
        flow.readable = true;
        flow.writable = false;
        match input::flush(flow, core) {
            Outcome::Keep => output::pump(flow, core, &mut self.pool),
            over => over,
        }
    }

    /// Shows the policy what the guest has sent.
    pub(super) fn inspect(&mut self, core: &mut Core, id: Id) {
        let Some(flow) = self.flows.get_mut(id) else { return };
        let Some(account) = &mut flow.account else { return };
        let verdict = core.policy.inspect(&account.request, flow.pending.make_contiguous());
        let undecided = verdict == Verdict::AllowAfterFirstBytes;
        if undecided && flow.pending.len() < window::INSPECTED && !flow.guest_fin {
            return;
        }
        account.verdict = if undecided { Verdict::Refuse } else { verdict };
        let destination = account.destination;
        let socket = if account.verdict == Verdict::Allow { connect(core, destination).ok() } else { None };
        let watched = socket.filter(|socket| core.watch(socket.as_fd(), Token::Tcp(id), EVENTS).is_ok());
        if watched.is_some() {
            flow.socket = watched;
            flow.host = Host::Connecting;
        } else {
            output::reset(flow, core);
            self.settle(core, id, false, Outcome::Close);
        }
    }
}

/// Asks the configuration, the services and the policy where a flow leads.
fn way(core: &mut Core, key: Key) -> (Way, Option<Account>) {
    let (address, port) = (key.remote.ip(), key.remote.port());
    match address::destination(&core.configuration, address) {
        Destination::Nowhere => (Way::Refused, None),
        Destination::Gateway => match core.services.tcp(port, key.guest) {
            Some(socket) if rustix::io::ioctl_fionbio(&socket, true).is_ok() => (Way::Joined(socket), None),
            Some(_) => (Way::Refused, None),
            None => match address::host_behind(&core.configuration, address) {
                Some(host) => leave(core, key, SocketAddr::new(host, port)),
                None => (Way::Refused, None),
            },
        },
        Destination::Out if core.configuration.internal => (Way::Refused, None),
        Destination::Out => leave(core, key, key.remote),
    }
}

/// Asks the policy about a flow that would go on to `destination` of the host's network.
fn leave(core: &mut Core, key: Key, destination: SocketAddr) -> (Way, Option<Account>) {
    let request = FlowRequest { protocol: PROTOCOL, guest: key.guest, destination: key.remote };
    let verdict = core.policy.decide(&request);
    let way = match verdict {
        Verdict::Allow => Way::To(destination),
        Verdict::AllowAfterFirstBytes => Way::Inspected,
        Verdict::Refuse => Way::Refused,
    };
    (way, Some(Account { request, verdict, destination, opened: SystemTime::now() }))
}

/// Tells the policy of a flow that ended before it was kept.
fn closed_at_once(core: &mut Core, flow: Flow) {
    if let Some(Account { request, verdict, opened, .. }) = flow.account {
        let duration = Duration::ZERO;
        core.policy.closed(&FlowRecord { request, verdict, opened, duration, bytes_out: 0, bytes_in: 0 });
    }
}

/// Begins to connect a new socket.
fn connect(core: &Core, destination: SocketAddr) -> rustix::io::Result<OwnedFd> {
    let is_ipv4 = destination.is_ipv4();
    let family = if is_ipv4 { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    // The guest's own kernel decides when to send; its keepalive ends here, so the host's takes over.
    let _ = sockopt::set_tcp_nodelay(&socket, true);
    let _ = sockopt::set_socket_keepalive(&socket, true);
    let outbound: Option<IpAddr> = if is_ipv4 {
        core.configuration.outbound_ipv4.map(Into::into)
    } else {
        core.configuration.outbound_ipv6.map(Into::into)
    };
    if let Some(outbound) = outbound.filter(|_| !destination.ip().is_loopback()) {
        rustix::net::bind(&socket, &SocketAddr::new(outbound, 0))?;
    }
    match rustix::net::connect(&socket, &destination) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(socket),
        Err(errno) => Err(errno),
    }
}

/// Tells the guest why its SYN found nobody, in a way that its own `connect(2)` fails with the same error.
fn failed(core: &mut Core, flow: &mut Flow, quote: &[u8], errno: Errno) {
    let why = match errno {
        Errno::HOSTUNREACH | Errno::HOSTDOWN => Unreachable::Host,
        Errno::NETUNREACH | Errno::NETDOWN | Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT => Unreachable::Network,
        Errno::ACCESS | Errno::PERM => Unreachable::Prohibited,
        // The guest asked for as long as the host did: its own patience ends about now.
        Errno::TIMEDOUT => return,
        // No descriptors, no memory: the guest asks again.
        Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOBUFS | Errno::AGAIN => return,
        _ => return output::reset(flow, core),
    };
    if quote.is_empty() || flow.phase != Phase::Waiting {
        return output::reset(flow, core);
    }
    icmp::unreachable(core, flow.key.guest.ip(), flow.mac, quote, why);
}
