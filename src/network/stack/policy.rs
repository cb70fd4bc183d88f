//! What the stack asks before a flow goes out, and what it tells when one has ended.

use super::configuration::Protocol;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

/// A flow that a guest wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowRequest {
    /// Its transport.
    pub protocol: Protocol,
    /// Who asks. The port of an ICMP echo is its identifier.
    pub guest: SocketAddr,
    /// Where to. The port of an ICMP echo is 0.
    pub destination: SocketAddr,
}

/// A policy's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Let it go.
    Allow,
    /// Refuse it at once: a reset for TCP, "administratively prohibited" otherwise.
    Refuse,
    /// TCP only: accept the guest's connection, show its first bytes to [`Policy::inspect`], and connect only if that
    /// allows it. Returned from `inspect` it asks for more bytes.
    AllowAfterFirstBytes,
}

/// A flow that has ended, or was refused.
#[derive(Debug, Clone)]
pub struct FlowRecord {
    /// What was asked for.
    pub request: FlowRequest,
    /// What was answered.
    pub verdict: Verdict,
    /// When it began.
    pub opened: SystemTime,
    /// How long it lasted.
    pub duration: Duration,
    /// Payload bytes from the guest.
    pub bytes_out: u64,
    /// Payload bytes to the guest.
    pub bytes_in: u64,
}

/// Decides which flows may leave the network. Must not block.
pub trait Policy {
    /// Asked once for every flow that would leave, before any socket is made; also for flows to the gateway's address
    /// that go on to the host, by that address. Services of the gateway and published ports are not asked about.
    fn decide(&mut self, flow: &FlowRequest) -> Verdict;

    /// Shown everything the guest has sent on the flow so far, at most 16 KiB; asked again with more bytes for as long
    /// as it answers [`Verdict::AllowAfterFirstBytes`] and there is room, then the flow is refused. A guest that closes
    /// its side first is refused as well.
    fn inspect(&mut self, flow: &FlowRequest, first: &[u8]) -> Verdict;

    /// Told once for every flow that `decide` was asked about, when it has ended.
    fn closed(&mut self, flow: &FlowRecord);
}

/// The policy without rules.
#[derive(Debug, Default)]
pub struct AllowAll;

impl Policy for AllowAll {
    fn decide(&mut self, _flow: &FlowRequest) -> Verdict {
        Verdict::Allow
    }

    fn inspect(&mut self, _flow: &FlowRequest, _first: &[u8]) -> Verdict {
        Verdict::Allow
    }

    fn closed(&mut self, _flow: &FlowRecord) {}
}
