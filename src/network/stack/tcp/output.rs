//! Towards the guest: segments, data from the host's socket, retransmission.

use super::super::core::Core;
use super::super::packet::build::{self, Tcp, flag};
use super::super::packet::{HEADROOM, TCP, vnet};
use super::flow::{Flow, Host, OUR_SCALE, Outcome, Phase, Sent, largest_segment};
use super::pool::{Buffer, Pool};
use super::window;
use rustix::io::Errno;
use rustix::net::RecvFlags;

/// Most frames one flow may send before others have their turn: 1 MiB.
const TURN: usize = 16;

/// First retransmission, milliseconds. Guests are on the same machine; what can delay an acknowledgment is the
/// guest's own delay of it, 40 ms (`TCP_DELACK_MAX` is 200), and a busy processor.
const RETRANSMIT: u64 = 250;

/// First retransmission of a SYN (RFC 6298 section 2).
const RETRANSMIT_SYN: u64 = 1000;

/// Retransmissions grow no further apart than this, milliseconds.
const RETRANSMIT_MOST: u64 = 30_000;

/// A flow without progress for so many tries is over: about four minutes.
pub const TRIES: u8 = 12;

/// The same for a SYN: about half a minute.
pub const TRIES_SYN: u8 = 5;

/// How long to wait for buffers when the pool is empty, milliseconds.
const STARVED: u64 = 5;

/// One segment without payload.
pub fn send_control(flow: &mut Flow, core: &mut Core, flags: u8, sequence: u32) {
    let mut buffer = [0; HEADROOM];
    send_segment(flow, core, &mut buffer, (HEADROOM, HEADROOM), flags, sequence);
}

/// Writes the headers of a segment before the payload at `at..end` of `buffer` and sends it.
fn send_segment(
    flow: &mut Flow,
    core: &mut Core,
    buffer: &mut [u8],
    (at, end): (usize, usize),
    flags: u8,
    sequence: u32,
) {
    let is_syn = flags & flag::SYN != 0;
    let window = window::advertise(flow);
    let most = largest_segment(&core.configuration, flow.key.guest.ip());
    // A SYN of ours offers scaling; a SYN in reply only if the guest offered it.
    let scale = (flow.phase == Phase::SynSent || flow.receive_scale > 0).then_some(OUR_SCALE);
    let header = Tcp {
        source_port: flow.key.remote.port(),
        destination_port: flow.key.guest.port(),
        sequence,
        acknowledgment: if flags & flag::ACK != 0 { flow.receive_next } else { 0 },
        flags,
        window: if is_syn { window.min(65_535) as u16 } else { (window >> flow.receive_scale).min(65_535) as u16 },
        options: is_syn.then_some((most, scale)),
    };
    if flags & flag::ACK != 0 {
        flow.acknowledge = false;
    }
    let addresses = flow.addresses();
    let length = end - at;
    let transport = build::tcp(buffer, at, end, &header, addresses);
    let network = build::ip(buffer, transport, end, TCP, addresses);
    let mut offload = vnet::Header {
        flags: vnet::NEEDS_CSUM,
        header_length: (14 + at - network) as u16,
        checksum_start: (14 + transport - network) as u16,
        checksum_offset: 16,
        ..vnet::Header::default()
    };
    if length > usize::from(flow.segment) {
        offload.gso_type = if addresses.source.is_ipv4() { vnet::GSO_TCPV4 } else { vnet::GSO_TCPV6 };
        offload.gso_size = flow.segment;
    }
    core.send_packet(buffer, (network, end), (addresses.destination, flow.mac), &offload);
}

/// Acknowledges what has been received.
pub fn acknowledge(flow: &mut Flow, core: &mut Core) {
    let sequence = flow.send_next;
    send_control(flow, core, flag::ACK, sequence);
}

/// Sends the SYN, or SYN and ACK, of the flow's phase, again if need be.
pub fn synchronize(flow: &mut Flow, core: &mut Core) {
    let flags = if flow.phase == Phase::SynSent { flag::SYN } else { flag::SYN | flag::ACK };
    let sequence = flow.send_unacknowledged;
    flow.send_next = sequence.wrapping_add(1);
    send_control(flow, core, flags, sequence);
    schedule(flow, core);
}

/// Resets the guest's side.
pub fn reset(flow: &mut Flow, core: &mut Core) {
    match flow.phase {
        // Nothing of ours was sent: acknowledge the SYN, so that the guest believes it (RFC 9293 section 3.5.3).
        Phase::Waiting => send_control(flow, core, flag::RST | flag::ACK, 0),
        _ => {
            let sequence = flow.send_next;
            send_control(flow, core, flag::RST | flag::ACK, sequence);
        }
    }
}

/// Moves data from the host's socket to the guest for as long as there is data, window and memory.
pub fn pump(flow: &mut Flow, core: &mut Core, pool: &mut Pool) -> Outcome {
    if flow.phase != Phase::Established || flow.host != Host::Connected {
        return Outcome::Keep;
    }
    for _ in 0..TURN {
        if !flow.readable || flow.host_eof {
            return Outcome::Keep;
        }
        let room = flow.send_window.saturating_sub(flow.in_flight()) as usize;
        let limit = flow.frame_payload.min(room);
        // Wait for a window worth a segment while an acknowledgment is due that will tell (RFC 9293 section 3.8.6.2.1).
        let worthwhile = usize::from(flow.segment).min(flow.send_window as usize / 2).max(1);
        let may_hold = flow.sent.len() < pool.fair_share();
        if limit == 0 || (limit < worthwhile && flow.in_flight() > 0) || !may_hold {
            schedule(flow, core);
            return Outcome::Keep;
        }
        let Some(buffer) = pool.take() else {
            set_deadline(flow, core, core.now + STARVED);
            return Outcome::Keep;
        };
        match receive(flow, core, pool, buffer, limit) {
            Ok(()) => {}
            Err(Errno::AGAIN) => flow.readable = false,
            Err(Errno::INTR) => {}
            Err(_) => {
                reset(flow, core);
                return Outcome::Close;
            }
        }
    }
    // More is waiting: again after the others.
    core.ready.push(flow.id);
    Outcome::Keep
}

/// Receives into one buffer and sends it as one frame, or sends a FIN at the end of the data.
fn receive(
    flow: &mut Flow,
    core: &mut Core,
    pool: &mut Pool,
    mut buffer: Buffer,
    limit: usize,
) -> rustix::io::Result<()> {
    let Some(socket) = &flow.socket else {
        pool.give(buffer);
        return Err(Errno::AGAIN);
    };
    let target = &mut buffer.bytes()[HEADROOM..HEADROOM + limit];
    let length = match rustix::net::recv(socket, target, RecvFlags::empty()) {
        Ok((0, _)) => {
            pool.give(buffer);
            flow.host_eof = true;
            finish(flow, core);
            return Ok(());
        }
        Ok((length, _)) => length,
        Err(errno) => {
            pool.give(buffer);
            return Err(errno);
        }
    };
    // A stream that gave less than asked for is empty until the next event (epoll(7)), unless its end is near.
    if length < limit && !flow.hung_up {
        flow.readable = false;
    }
    let sequence = flow.send_next;
    flow.send_next = sequence.wrapping_add(length as u32);
    flow.bytes_in += length as u64;
    let mut buffer = pool.fit(buffer, length);
    send_segment(flow, core, buffer.bytes(), (HEADROOM, HEADROOM + length), flag::ACK | flag::PSH, sequence);
    flow.sent.push_back(Sent { sequence, length, buffer });
    if flow.sent.len() == 1 {
        flow.tries = 0;
        schedule(flow, core);
    }
    Ok(())
}

/// Sends our FIN after everything else.
fn finish(flow: &mut Flow, core: &mut Core) {
    let sequence = flow.send_next;
    flow.fin_sent = true;
    flow.send_next = sequence.wrapping_add(1);
    send_control(flow, core, flag::FIN | flag::ACK, sequence);
    schedule(flow, core);
}

/// Sends the oldest unacknowledged segment again.
pub fn retransmit(flow: &mut Flow, core: &mut Core) {
    if matches!(flow.phase, Phase::SynSent | Phase::SynReceived) {
        return synchronize(flow, core);
    }
    if let Some(mut oldest) = flow.sent.pop_front() {
        // The guest may have acknowledged a part.
        let done = flow.send_unacknowledged.wrapping_sub(oldest.sequence) as usize;
        let at = HEADROOM + done.min(oldest.length);
        let end = HEADROOM + oldest.length;
        let sequence = oldest.sequence.wrapping_add((at - HEADROOM) as u32);
        send_segment(flow, core, oldest.buffer.bytes(), (at, end), flag::ACK | flag::PSH, sequence);
        flow.sent.push_front(oldest);
    } else if flow.fin_sent && !flow.all_acknowledged() {
        let sequence = flow.send_next.wrapping_sub(1);
        send_control(flow, core, flag::FIN | flag::ACK, sequence);
    } else {
        // A probe: an old sequence number makes the guest answer with its window (RFC 9293 sections 3.8.6.1, 3.8.4).
        let sequence = flow.send_next.wrapping_sub(1);
        send_control(flow, core, flag::ACK, sequence);
    }
}

/// Sets when to act next, from what the flow waits for.
pub fn schedule(flow: &mut Flow, core: &mut Core) {
    let first = match flow.phase {
        Phase::SynSent | Phase::SynReceived => RETRANSMIT_SYN,
        _ => RETRANSMIT,
    };
    let waits_for_guest = !flow.all_acknowledged();
    let waits_for_window = flow.readable && !flow.host_eof && flow.phase == Phase::Established;
    let deadline = if waits_for_guest || waits_for_window || flow.tries > 0 {
        core.now + (first << flow.tries.min(10)).min(RETRANSMIT_MOST)
    } else {
        super::idle_deadline(flow)
    };
    set_deadline(flow, core, deadline);
}

/// Sets when to act next.
pub fn set_deadline(flow: &mut Flow, core: &mut Core, deadline: u64) {
    flow.deadline = deadline;
    if deadline < flow.armed {
        flow.armed = deadline;
        core.timers.arm(deadline, super::super::timers::Timer::Tcp(flow.id));
    }
}
