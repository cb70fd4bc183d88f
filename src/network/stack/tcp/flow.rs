//! One TCP flow: what is known about its two sides.

use super::super::configuration::Configuration;
use super::super::packet::build::Addresses;
use super::super::policy::{FlowRequest, Verdict};
use super::super::slab::Id;
use super::pool::{Buffer, PAYLOAD};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::SystemTime;

/// Scale of the windows we advertise: 65,535 << 7 is 8 MiB (RFC 7323 section 2.3).
pub const OUR_SCALE: u8 = 7;

/// Largest segment to assume without an option (RFC 9293 section 3.7.1).
const DEFAULT_SEGMENT: u16 = 536;

/// Both ends as the guest sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// The guest's end.
    pub guest: SocketAddr,
    /// The other.
    pub remote: SocketAddr,
}

/// The guest's side of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The guest's SYN waits for the host's side to connect.
    Waiting,
    /// SYN sent to the guest (a published port).
    SynSent,
    /// SYN and ACK sent to the guest.
    SynReceived,
    /// Open.
    Established,
}

/// The host's side of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// No socket yet: the policy wants to see the first bytes.
    Inspecting,
    /// `connect(2)` under way.
    Connecting,
    /// Open.
    Connected,
}

/// Data sent to the guest and not yet acknowledged.
#[derive(Debug)]
pub struct Sent {
    /// Sequence number of its first byte.
    pub sequence: u32,
    /// Payload bytes.
    pub length: usize,
    /// The bytes.
    pub buffer: Buffer,
}

/// What a policy's record of the flow needs.
#[derive(Debug)]
pub struct Account {
    /// What was asked for.
    pub request: FlowRequest,
    /// What was answered.
    pub verdict: Verdict,
    /// Where it goes on to; not what was asked for if that was the gateway.
    pub destination: SocketAddr,
    /// When.
    pub opened: SystemTime,
}

/// A flow.
#[derive(Debug)]
pub struct Flow {
    /// Its own name, for timers and events.
    pub id: Id,
    /// Its ends.
    pub key: Key,
    /// The guest's hardware address; `None` until it is known.
    pub mac: Option<[u8; 6]>,
    /// The guest's side.
    pub phase: Phase,
    /// The host's side.
    pub host: Host,
    /// The host's socket.
    pub socket: Option<OwnedFd>,

    /// Next sequence number to send.
    pub send_next: u32,
    /// Oldest one not acknowledged.
    pub send_unacknowledged: u32,
    /// What the guest can take from `send_unacknowledged` on, bytes.
    pub send_window: u32,
    /// Scale of the windows the guest advertises.
    pub send_scale: u8,
    /// Largest segment the guest takes, bytes of payload.
    pub segment: u16,
    /// Payload to put in one frame, a multiple of `segment`.
    pub frame_payload: usize,
    /// Sent and not acknowledged.
    pub sent: VecDeque<Sent>,
    /// Acknowledgments in a row that acknowledged nothing.
    pub duplicates: u8,
    /// Where loss recovery ends (RFC 6582).
    pub recover: Option<u32>,
    /// Our FIN is sent.
    pub fin_sent: bool,

    /// Next sequence number expected from the guest.
    pub receive_next: u32,
    /// First one it must not send: what we advertised.
    pub receive_edge: u32,
    /// Scale of the windows we advertise: 0 if the guest does not scale.
    pub receive_scale: u8,
    /// The guest's FIN is received, and all before it.
    pub guest_fin: bool,
    /// From the guest, not yet taken by the host's socket.
    pub pending: VecDeque<u8>,
    /// An acknowledgment is to be sent.
    pub acknowledge: bool,
    /// The last send to the socket left room in it.
    pub writable: bool,
    /// Payload bytes since the socket's room was last measured.
    pub since_measured: u32,
    /// Room in the socket when it was last measured.
    pub room: u32,

    /// The socket may have data.
    pub readable: bool,
    /// The socket's other end has closed or failed: read until the end.
    pub hung_up: bool,
    /// The end was read.
    pub host_eof: bool,
    /// `shutdown(SHUT_WR)` done.
    pub host_shut: bool,

    /// When to act, milliseconds on the stack's clock; `u64::MAX` for never.
    pub deadline: u64,
    /// The earliest moment the timers hold for this flow.
    pub armed: u64,
    /// Retransmissions or probes without an answer.
    pub tries: u8,
    /// When the guest was last heard.
    pub heard: u64,

    /// The start of the guest's SYN, which an error quotes; empty once connected.
    pub quote: Box<[u8]>,
    /// For the policy, if it was asked.
    pub account: Option<Account>,
    /// Payload bytes from the guest.
    pub bytes_out: u64,
    /// Payload bytes to the guest.
    pub bytes_in: u64,
}

/// What a flow's handler decided about its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// It goes on.
    Keep,
    /// It is over; its socket is closed as TCP closes.
    Close,
    /// It is over, and the host's peer shall see a reset.
    Abort,
}

/// Whether sequence number `a` lies before `b` (RFC 9293 section 3.4).
pub fn before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

/// Options of the guest's SYN.
#[derive(Debug, Clone, Copy)]
pub struct SynOptions {
    /// Largest segment.
    pub segment: u16,
    /// Window scale.
    pub scale: Option<u8>,
}

impl Default for SynOptions {
    fn default() -> Self {
        Self { segment: DEFAULT_SEGMENT, scale: None }
    }
}

impl Flow {
    /// A flow that has not sent or received anything. Its name is given when it is kept.
    pub fn new(key: Key, phase: Phase, host: Host, sequence: u32) -> Self {
        Self {
            id: Id { index: 0, generation: 0 },
            key,
            mac: None,
            phase,
            host,
            socket: None,
            send_next: sequence,
            send_unacknowledged: sequence,
            send_window: 0,
            send_scale: 0,
            segment: DEFAULT_SEGMENT,
            frame_payload: DEFAULT_SEGMENT.into(),
            sent: VecDeque::new(),
            duplicates: 0,
            recover: None,
            fin_sent: false,
            receive_next: 0,
            receive_edge: 0,
            receive_scale: 0,
            guest_fin: false,
            pending: VecDeque::new(),
            acknowledge: false,
            writable: true,
            since_measured: 0,
            room: 0,
            readable: false,
            hung_up: false,
            host_eof: false,
            host_shut: false,
            deadline: u64::MAX,
            armed: u64::MAX,
            tries: 0,
            heard: 0,
            quote: Box::default(),
            account: None,
            bytes_out: 0,
            bytes_in: 0,
        }
    }

    /// Takes over what the guest's SYN said.
    pub fn synchronize(&mut self, sequence: u32, window: u16, options: SynOptions, configuration: &Configuration) {
        self.receive_next = sequence.wrapping_add(1);
        self.receive_edge = self.receive_next;
        self.send_window = window.into();
        self.receive_scale = if options.scale.is_some() { OUR_SCALE } else { 0 };
        // Larger than 14 is to be taken as 14 (RFC 7323 section 2.3).
        self.send_scale = options.scale.unwrap_or(0).min(14);
        let most = largest_segment(configuration, self.key.guest.ip());
        self.segment = options.segment.clamp(48, most);
        // Several segments in one frame, which the kernel takes apart where it must, if they are short.
        let segment = usize::from(self.segment);
        self.frame_payload = (PAYLOAD.min(most.into()) / segment).max(1) * segment;
    }

    /// The ends as addresses of a packet to the guest.
    pub fn addresses(&self) -> Addresses {
        Addresses { source: self.key.remote.ip(), destination: self.key.guest.ip() }
    }

    /// Bytes sent and not acknowledged.
    pub fn in_flight(&self) -> u32 {
        self.send_next.wrapping_sub(self.send_unacknowledged)
    }

    /// Everything sent, the FIN included, has been acknowledged.
    pub fn all_acknowledged(&self) -> bool {
        self.send_next == self.send_unacknowledged
    }

    /// Both directions have ended and nothing is owed to either side.
    pub fn is_over(&self) -> bool {
        self.fin_sent && self.all_acknowledged() && self.guest_fin && self.pending.is_empty()
    }
}

/// Largest segment that fits the link, bytes of payload.
pub fn largest_segment(configuration: &Configuration, guest: IpAddr) -> u16 {
    // The longest frame the pool's buffers hold, whatever the link could take.
    (configuration.mtu - if guest.is_ipv4() { 40 } else { 60 }).min(PAYLOAD as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_wrap() {
        assert!(before(1, 2));
        assert!(before(u32::MAX, 0));
        assert!(!before(0, u32::MAX));
        assert!(!before(5, 5));
    }
}
