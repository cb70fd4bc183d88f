//! The rules as the stack asks them.

use super::log::{Line, Outcome};
use super::{Decision, Egress, Target, Transport};
use crate::network::stack::{FlowRecord, FlowRequest, Policy, Protocol, Verdict};
use jiff::Timestamp;
use std::cell::RefCell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;

/// A [`Policy`] by egress rules; the same [`Egress`] hears the container's lookups.
#[derive(Debug)]
pub struct EgressPolicy {
    egress: Rc<RefCell<Egress>>,
    /// The names of flows that are open, by guest and destination; as many as the stack has flows.
    open: HashMap<(SocketAddr, SocketAddr), Rc<str>>,
}

impl EgressPolicy {
    /// A policy that shares `egress` with the network's DNS.
    pub fn new(egress: Rc<RefCell<Egress>>) -> EgressPolicy {
        EgressPolicy { egress, open: HashMap::new() }
    }

    fn settle(&mut self, flow: &FlowRequest, decision: Decision) -> Verdict {
        let (verdict, name) = match decision {
            Decision::Allow(name) => (Verdict::Allow, name),
            Decision::Refuse(name) => (Verdict::Refuse, name),
            Decision::Inspect => (Verdict::AllowAfterFirstBytes, None),
        };
        if let Some(name) = name {
            self.open.insert((flow.guest, flow.destination), name);
        }
        verdict
    }
}

impl Policy for EgressPolicy {
    fn decide(&mut self, flow: &FlowRequest) -> Verdict {
        let decision = self.egress.borrow().decide(&target(flow));
        self.settle(flow, decision)
    }

    fn inspect(&mut self, flow: &FlowRequest, first: &[u8]) -> Verdict {
        let decision = self.egress.borrow().inspect(&target(flow), first);
        self.settle(flow, decision)
    }

    fn closed(&mut self, flow: &FlowRecord) {
        let request = &flow.request;
        let name = self.open.remove(&(request.guest, request.destination));
        let target = target(request);
        self.egress.borrow_mut().write(&Line {
            time: Timestamp::try_from(flow.opened).unwrap_or_default(),
            protocol: target.transport.into(),
            name: name.as_deref(),
            address: Some(target.address),
            port: (target.transport != Transport::Icmp).then_some(target.port),
            verdict: if flow.verdict == Verdict::Allow { Outcome::Allowed } else { Outcome::Refused },
            bytes_sent: Some(flow.bytes_out),
            bytes_received: Some(flow.bytes_in),
        });
    }
}

fn target(flow: &FlowRequest) -> Target {
    let transport = match flow.protocol {
        Protocol::Tcp => Transport::Tcp,
        Protocol::Udp => Transport::Udp,
        Protocol::Icmp => Transport::Icmp,
    };
    Target { transport, address: flow.destination.ip().to_canonical(), port: flow.destination.port() }
}
