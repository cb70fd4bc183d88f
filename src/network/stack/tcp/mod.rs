//! TCP: the guest's connections end here, and each goes on as an ordinary socket of the host.
//!
//! How it works. The host's kernel does the real TCP to the far end: congestion, loss and path MTU are its business.
//! This side only speaks TCP over a link that is a few microseconds long and loses nothing but what overflows a
//! queue: handshake, sequence numbers, windows with scaling, retransmission from what is kept until acknowledged.
//!
//! * *Out*: a guest's SYN starts `connect(2)`; the SYN is answered only when that has succeeded, so refused looks
//!   refused and unreachable looks unreachable. Data goes from the frame it came in straight to the socket. The window
//!   is the room in the socket's send buffer, so a slow receiver slows the guest and nothing piles up here.
//! * *In*: a client accepted on a published port becomes a SYN to the guest from the client's own address; if the
//!   guest refuses, the client is reset.
//! * Data from sockets is received into [`pool`] buffers, leaves as whole frames of up to 64 KiB and stays in its
//!   buffer until the guest has acknowledged it. It is only received as far as the guest's window reaches.
//! * Each side's end of data is passed on by itself (half-close); a reset of one side is a reset of the other.
//!
//! There is no TIME_WAIT here: what it protects from needs a network between the two ends, and the host's kernel keeps
//! its own for the side that has one. RFC 9293, 7323 (window scale), 6582 (recovery from loss), 6298 (retransmission).
//!
//! What must stay true: every flow in `flows` is in `by_key` under its key, and the other way round; `half_open` counts
//! flows whose guest or host side is not open yet; `core.pending_bytes` is the sum of all `pending`.

mod flow;
mod input;
mod open;
mod output;
mod pool;
mod window;

pub use flow::Key;

use super::configuration::Protocol;
use super::core::Core;
use super::hash::FastMap;
use super::packet::build::{self, Addresses, Tcp, flag};
use super::packet::parse::Packet;
use super::packet::{HEADROOM, TCP, vnet};
use super::policy::FlowRecord;
use super::slab::{Id, Slab};
use flow::{Flow, Host, Outcome, Phase};
use input::Segment;
use pool::Pool;
use rustix::event::epoll::EventFlags;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

/// Most flows with a side not open yet. Beyond, the one that has waited longest makes room, without a word: a flood displaces
/// itself, and a guest that meant it asks again.
const HALF_OPEN_MOST: usize = 2048;

/// A guest silent for so long is asked whether it still has the flow, milliseconds. Shorter than the two hours of
/// RFC 9293 section 3.8.4 because containers on a bridge vanish without a word.
const KEEPALIVE: u64 = 600_000;

/// All TCP flows.
pub struct Table {
    flows: Slab<Flow>,
    by_key: FastMap<Key, Id>,
    half_open: usize,
    /// Flows in the order they began, those that have opened or ended since among them.
    opening: VecDeque<Id>,
    pool: Pool,
    most: usize,
}

/// When a flow that waits for nothing is looked at again.
fn idle_deadline(flow: &Flow) -> u64 {
    match flow.phase {
        Phase::Waiting => u64::MAX,
        _ => flow.heard + KEEPALIVE,
    }
}

impl Table {
    /// No flows yet, and room for `most`.
    pub fn new(core: &mut Core, most: usize) -> Self {
        Self {
            flows: Slab::new(),
            by_key: super::hash::map(core.random()),
            half_open: 0,
            opening: VecDeque::new(),
            pool: Pool::default(),
            most,
        }
    }

    /// Number of flows.
    pub fn len(&self) -> usize {
        self.flows.len()
    }

    /// Bytes held for retransmission.
    pub fn bytes_used(&self) -> usize {
        self.pool.bytes_used()
    }

    /// A TCP packet from a guest, its checksum verified.
    pub fn input(&mut self, core: &mut Core, packet: &Packet<'_>) {
        let Some(((guest_port, remote_port), segment)) = Segment::parse(packet.payload) else { return };
        let key = Key {
            guest: SocketAddr::new(packet.source, guest_port),
            remote: SocketAddr::new(packet.destination, remote_port),
        };
        match self.by_key.get(&key) {
            Some(&id) => self.segment(core, id, packet, &segment),
            None if segment.has(flag::RST) => {}
            None if segment.has(flag::SYN) && !segment.has(flag::ACK) => self.open(core, key, packet, &segment),
            None => refuse(core, key, packet.mac, &segment),
        }
    }

    fn segment(&mut self, core: &mut Core, id: Id, packet: &Packet<'_>, segment: &Segment<'_>) {
        let Some(flow) = self.flows.get_mut(id) else { return };
        // A guest that answered has an address; one that moved has another.
        flow.mac = Some(packet.mac);
        let was_open = is_open(flow);
        let outcome = input::segment(flow, core, &mut self.pool, segment);
        if flow.acknowledge && outcome == Outcome::Keep {
            core.owing.push(id);
        }
        let wants_verdict = flow.host == Host::Inspecting && (!flow.pending.is_empty() || flow.guest_fin);
        self.settle(core, id, was_open, outcome);
        if wants_verdict && outcome == Outcome::Keep {
            self.inspect(core, id);
        }
    }

    /// Events of a flow's socket.
    pub fn socket_event(&mut self, core: &mut Core, id: Id, flags: EventFlags) {
        let Some(flow) = self.flows.get_mut(id) else { return };
        let was_open = is_open(flow);
        let outcome = if flow.host == Host::Connecting {
            self.connected(core, id, flags)
        } else {
            if flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR) {
                flow.hung_up = true;
                flow.readable = true;
            }
            flow.readable |= flags.contains(EventFlags::IN);
            let writable = flags.contains(EventFlags::OUT) && (!flow.writable || !flow.pending.is_empty());
            let flushed = if writable { input::flush(flow, core) } else { Outcome::Keep };
            if flushed == Outcome::Keep { output::pump(flow, core, &mut self.pool) } else { flushed }
        };
        self.settle(core, id, was_open, outcome);
    }

    /// A flow's turn to send more.
    pub fn pump(&mut self, core: &mut Core, id: Id) {
        let Some(flow) = self.flows.get_mut(id) else { return };
        let outcome = output::pump(flow, core, &mut self.pool);
        self.settle(core, id, true, outcome);
    }

    /// Sends an acknowledgment that is still owed.
    pub fn acknowledge(&mut self, core: &mut Core, id: Id) {
        if let Some(flow) = self.flows.get_mut(id).filter(|flow| flow.acknowledge) {
            output::acknowledge(flow, core);
        }
    }

    /// A moment that was armed for a flow.
    pub fn timer(&mut self, core: &mut Core, id: Id, moment: u64) {
        let Some(flow) = self.flows.get_mut(id).filter(|flow| flow.armed == moment) else { return };
        flow.armed = u64::MAX;
        if flow.deadline > core.now {
            let deadline = flow.deadline;
            return if deadline < u64::MAX {
                output::set_deadline(flow, core, deadline)
            };
        }
        let was_open = is_open(flow);
        let outcome = expire(flow, core, &mut self.pool);
        self.settle(core, id, was_open, outcome);
    }

    /// Carries out what a handler decided.
    fn settle(&mut self, core: &mut Core, id: Id, was_open: bool, outcome: Outcome) {
        if outcome == Outcome::Keep {
            if !was_open && self.flows.get(id).is_some_and(is_open) {
                self.half_open = self.half_open.saturating_sub(1);
            }
            return;
        }
        let Some(flow) = self.flows.remove(id) else { return };
        self.by_key.remove(&flow.key);
        if self.by_key.is_empty() {
            self.by_key.shrink_to(1024);
            self.opening = VecDeque::new();
        }
        if !was_open {
            self.half_open = self.half_open.saturating_sub(1);
        }
        core.pending_bytes -= flow.pending.len();
        for sent in flow.sent {
            self.pool.give(sent.buffer);
        }
        if let Some(socket) = &flow.socket
            && outcome == Outcome::Abort
        {
            // Closing then resets (socket(7), SO_LINGER); a failure leaves an orderly end.
            let _ = rustix::net::sockopt::set_socket_linger(socket, Some(Duration::ZERO));
        }
        if let Some(account) = flow.account {
            let duration = account.opened.elapsed().unwrap_or_default();
            let (request, verdict, opened) = (account.request, account.verdict, account.opened);
            let (bytes_out, bytes_in) = (flow.bytes_out, flow.bytes_in);
            core.policy.closed(&FlowRecord { request, verdict, opened, duration, bytes_out, bytes_in });
        }
    }
}

/// Both sides of a flow are open.
fn is_open(flow: &Flow) -> bool {
    flow.phase == Phase::Established && flow.host == Host::Connected
}

/// A flow's deadline has passed.
fn expire(flow: &mut Flow, core: &mut Core, pool: &mut Pool) -> Outcome {
    let idle = core.now.saturating_sub(flow.heard) >= KEEPALIVE;
    if flow.all_acknowledged() && flow.readable && flow.send_window > 0 && !idle {
        // It waited for buffers.
        return output::pump(flow, core, pool);
    }
    if flow.phase == Phase::Waiting || (flow.all_acknowledged() && !flow.readable && !idle && flow.tries == 0) {
        output::schedule(flow, core);
        return Outcome::Keep;
    }
    flow.tries += 1;
    let most = if flow.phase == Phase::Established { output::TRIES } else { output::TRIES_SYN };
    if flow.tries > most {
        output::reset(flow, core);
        return Outcome::Abort;
    }
    if !flow.all_acknowledged() && flow.phase == Phase::Established {
        flow.recover = Some(flow.send_next);
    }
    output::retransmit(flow, core);
    output::schedule(flow, core);
    Outcome::Keep
}

/// Resets what belongs to no flow (RFC 9293 section 3.10.7.1).
fn refuse(core: &mut Core, key: Key, mac: [u8; 6], segment: &Segment<'_>) {
    let length = segment.payload.len() as u32 + u32::from(segment.has(flag::SYN)) + u32::from(segment.has(flag::FIN));
    let acknowledges = segment.has(flag::ACK);
    let header = Tcp {
        source_port: key.remote.port(),
        destination_port: key.guest.port(),
        sequence: if acknowledges { segment.acknowledgment } else { 0 },
        acknowledgment: if acknowledges { 0 } else { segment.sequence.wrapping_add(length) },
        flags: if acknowledges { flag::RST } else { flag::RST | flag::ACK },
        ..Tcp::default()
    };
    let addresses = Addresses { source: key.remote.ip(), destination: key.guest.ip() };
    let mut buffer = [0; HEADROOM];
    let transport = build::tcp(&mut buffer, HEADROOM, HEADROOM, &header, addresses);
    let network = build::ip(&mut buffer, transport, HEADROOM, TCP, addresses);
    let offload = vnet::Header {
        flags: vnet::NEEDS_CSUM,
        header_length: (14 + HEADROOM - network) as u16,
        checksum_start: (14 + transport - network) as u16,
        checksum_offset: 16,
        ..vnet::Header::default()
    };
    core.send_packet(&mut buffer, (network, HEADROOM), (key.guest.ip(), Some(mac)), &offload);
}

/// The transport, for policies.
const PROTOCOL: Protocol = Protocol::Tcp;
