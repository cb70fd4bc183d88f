//! Segments from the guest, in the order of RFC 9293 section 3.10.7, and data on to the host's socket.

use super::super::core::Core;
use super::super::packet::build::flag;
use super::flow::{Flow, Host, Outcome, Phase, SynOptions, before};
use super::output;
use super::pool::Pool;
use super::window::INSPECTED;
use etherparse::{TcpHeaderSlice, TcpOptionElement};
use rustix::io::Errno;
use rustix::net::{SendFlags, Shutdown};

/// Most bytes that wait for sockets over all flows; beyond, data is not acknowledged and comes again.
const PENDING_MOST: usize = 32 << 20;

/// Duplicate acknowledgments that mean loss (RFC 5681 section 3.2).
const DUPLICATES: u8 = 3;

/// A segment from the guest.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    /// Sequence number of the first byte.
    pub sequence: u32,
    /// Next byte the guest expects.
    pub acknowledgment: u32,
    /// As on the wire, see [`flag`].
    pub flags: u8,
    /// As on the wire, not scaled.
    pub window: u16,
    /// Options, for a SYN.
    pub options: SynOptions,
    /// The data.
    pub payload: &'a [u8],
}

impl<'a> Segment<'a> {
    /// Takes a TCP segment apart; ports first.
    pub fn parse(bytes: &'a [u8]) -> Option<((u16, u16), Self)> {
        let header = TcpHeaderSlice::from_slice(bytes).ok()?;
        let flags = *bytes.get(13)?;
        let mut options = SynOptions::default();
        if flags & flag::SYN != 0 {
            for option in header.options_iterator().map_while(Result::ok) {
                match option {
                    TcpOptionElement::MaximumSegmentSize(size) => options.segment = size,
                    TcpOptionElement::WindowScale(scale) => options.scale = Some(scale),
                    _ => {}
                }
            }
        }
        let segment = Self {
            sequence: header.sequence_number(),
            acknowledgment: header.acknowledgment_number(),
            flags,
            window: header.window_size(),
            options,
            payload: bytes.get(header.slice().len()..)?,
        };
        Some(((header.source_port(), header.destination_port()), segment))
    }

    /// Whether a flag is set.
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// A segment for an existing flow.
pub fn segment(flow: &mut Flow, core: &mut Core, pool: &mut Pool, segment: &Segment<'_>) -> Outcome {
    flow.heard = core.now;
    match flow.phase {
        Phase::Waiting => return waiting(segment),
        Phase::SynSent => return answered(flow, core, pool, segment),
        Phase::SynReceived | Phase::Established => {}
    }
    if segment.has(flag::RST) {
        // Only a reset at the expected number counts (RFC 9293 section 3.10.7.4, RFC 5961).
        return if segment.sequence == flow.receive_next { Outcome::Abort } else { challenge(flow) };
    }
    if segment.has(flag::SYN) {
        if flow.phase == Phase::SynReceived && segment.sequence.wrapping_add(1) == flow.receive_next {
            output::synchronize(flow, core);
            return Outcome::Keep;
        }
        return challenge(flow);
    }
    if !segment.has(flag::ACK) {
        return Outcome::Keep;
    }
    acknowledged(flow, core, pool, segment);
    if flow.phase == Phase::Established
        && let outcome @ (Outcome::Close | Outcome::Abort) = data(flow, core, segment)
    {
        return outcome;
    }
    if flow.is_over() {
        if flow.acknowledge {
            output::acknowledge(flow, core);
        }
        return Outcome::Close;
    }
    if flow.readable { output::pump(flow, core, pool) } else { Outcome::Keep }
}

/// Before our side is connected only a reset matters.
fn waiting(segment: &Segment<'_>) -> Outcome {
    if segment.has(flag::RST) { Outcome::Abort } else { Outcome::Keep }
}

/// An answer to our SYN.
fn answered(flow: &mut Flow, core: &mut Core, pool: &mut Pool, segment: &Segment<'_>) -> Outcome {
    let acceptable = segment.has(flag::ACK) && segment.acknowledgment == flow.send_next;
    if segment.has(flag::RST) {
        return if acceptable { Outcome::Abort } else { Outcome::Keep };
    }
    if !acceptable || !segment.has(flag::SYN) {
        return Outcome::Keep;
    }
    flow.synchronize(segment.sequence, segment.window, segment.options, &core.configuration);
    flow.send_unacknowledged = flow.send_next;
    flow.phase = Phase::Established;
    flow.tries = 0;
    flow.readable = true;
    output::acknowledge(flow, core);
    output::schedule(flow, core);
    output::pump(flow, core, pool)
}

/// Answers something unacceptable with where we are.
fn challenge(flow: &mut Flow) -> Outcome {
    flow.acknowledge = true;
    Outcome::Keep
}

/// The acknowledgment and window of a segment.
fn acknowledged(flow: &mut Flow, core: &mut Core, pool: &mut Pool, segment: &Segment<'_>) {
    let number = segment.acknowledgment;
    if before(flow.send_next, number) {
        flow.acknowledge = true;
        return;
    }
    if before(number, flow.send_unacknowledged) {
        return;
    }
    let window = u32::from(segment.window) << flow.send_scale;
    let same_window = window == flow.send_window;
    flow.send_window = window;
    if number == flow.send_unacknowledged {
        let is_plain = segment.payload.is_empty() && !segment.has(flag::FIN);
        if is_plain && same_window && !flow.all_acknowledged() {
            duplicate(flow, core);
        } else if flow.all_acknowledged() && flow.tries > 0 {
            // An answer to a probe.
            flow.tries = 0;
            output::schedule(flow, core);
        }
        return;
    }
    if flow.phase == Phase::SynReceived {
        flow.phase = Phase::Established;
        // What the host has sent meanwhile.
        flow.readable = true;
    }
    flow.send_unacknowledged = number;
    flow.duplicates = 0;
    flow.tries = 0;
    while let Some(oldest) = flow.sent.front() {
        if before(number, oldest.sequence.wrapping_add(oldest.length as u32)) {
            break;
        }
        if let Some(done) = flow.sent.pop_front() {
            pool.give(done.buffer);
        }
    }
    match flow.recover {
        // A partial acknowledgment: the next hole (RFC 6582 section 3.2).
        Some(recover) if before(number, recover) => output::retransmit(flow, core),
        Some(_) => flow.recover = None,
        None => {}
    }
    output::schedule(flow, core);
}

/// An acknowledgment that acknowledges nothing new while something is under way.
fn duplicate(flow: &mut Flow, core: &mut Core) {
    flow.duplicates = flow.duplicates.saturating_add(1);
    if flow.duplicates == DUPLICATES && flow.recover.is_none() {
        flow.recover = Some(flow.send_next);
        output::retransmit(flow, core);
    }
}

/// The data and FIN of a segment.
fn data(flow: &mut Flow, core: &mut Core, segment: &Segment<'_>) -> Outcome {
    let fin = segment.has(flag::FIN);
    if segment.payload.is_empty() && !fin {
        // A probe for our window or for our life.
        if segment.sequence != flow.receive_next {
            flow.acknowledge = true;
        }
        return Outcome::Keep;
    }
    flow.acknowledge = true;
    if flow.guest_fin || before(flow.receive_next, segment.sequence) {
        // After the end, or after a gap: the acknowledgment tells what is expected.
        return Outcome::Keep;
    }
    let old = flow.receive_next.wrapping_sub(segment.sequence) as usize;
    let Some(fresh) = segment.payload.get(old..) else { return Outcome::Keep };
    let window = flow.receive_edge.wrapping_sub(flow.receive_next) as usize;
    let usable = fresh.get(..window).unwrap_or(fresh);
    let accepted = match deliver(flow, core, usable) {
        Ok(accepted) => accepted,
        Err(_) => {
            output::reset(flow, core);
            return Outcome::Close;
        }
    };
    flow.receive_next = flow.receive_next.wrapping_add(accepted as u32);
    flow.bytes_out += accepted as u64;
    if fin && accepted == fresh.len() {
        flow.receive_next = flow.receive_next.wrapping_add(1);
        flow.guest_fin = true;
        shut(flow);
    }
    Outcome::Keep
}

/// Passes data to the host's socket, or keeps it for later; how much of it was taken.
fn deliver(flow: &mut Flow, core: &mut Core, bytes: &[u8]) -> rustix::io::Result<usize> {
    let mut sent = 0;
    if flow.host == Host::Connected
        && flow.pending.is_empty()
        && let Some(socket) = &flow.socket
    {
        match rustix::net::send(socket, bytes, SendFlags::NOSIGNAL) {
            Ok(length) => sent = length,
            Err(Errno::AGAIN | Errno::INTR | Errno::NOBUFS) => {}
            Err(errno) => return Err(errno),
        }
        flow.since_measured = flow.since_measured.saturating_add(sent as u32);
        flow.writable = sent == bytes.len();
    }
    let rest = bytes.get(sent..).unwrap_or_default();
    let room = if flow.host == Host::Connected { usize::MAX } else { INSPECTED.saturating_sub(flow.pending.len()) };
    let kept = rest.len().min(room).min(PENDING_MOST.saturating_sub(core.pending_bytes));
    if let Some(kept) = rest.get(..kept) {
        flow.pending.extend(kept);
        core.pending_bytes += kept.len();
    }
    Ok(sent + kept)
}

/// Closes the host's side for writing once everything from the guest has gone there.
fn shut(flow: &mut Flow) {
    if flow.guest_fin && flow.pending.is_empty() && !flow.host_shut && flow.host == Host::Connected {
        flow.host_shut = true;
        if let Some(socket) = &flow.socket {
            // A socket that has failed tells so when it is read.
            let _ = rustix::net::shutdown(socket, Shutdown::Write);
        }
    }
}

/// The host's socket takes data again.
pub fn flush(flow: &mut Flow, core: &mut Core) -> Outcome {
    while !flow.pending.is_empty() {
        let Some(socket) = &flow.socket else { return Outcome::Keep };
        let (bytes, _) = flow.pending.as_slices();
        match rustix::net::send(socket, bytes, SendFlags::NOSIGNAL) {
            Ok(length) => {
                flow.pending.drain(..length);
                core.pending_bytes -= length;
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN | Errno::NOBUFS) => return Outcome::Keep,
            Err(_) => {
                output::reset(flow, core);
                return Outcome::Close;
            }
        }
    }
    if flow.pending.capacity() > 0 {
        flow.pending = Default::default();
    }
    shut(flow);
    if !flow.writable && flow.phase == Phase::Established && !flow.guest_fin {
        flow.writable = true;
        flow.room = 0;
        // The guest may be waiting for a window.
        output::acknowledge(flow, core);
    }
    flow.writable = true;
    if flow.is_over() { Outcome::Close } else { Outcome::Keep }
}
