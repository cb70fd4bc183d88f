//! The rules as the stack asks them.

use super::log::{Line, Outcome};
use super::{Decision, Egress, Target, Transport};
use crate::network::dns::Screen;
use crate::network::stack::{FlowRecord, FlowRequest, Policy, Protocol, Verdict};
use jiff::Timestamp;
use std::cell::RefCell;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

/// A [`Policy`] by egress rules; the same [`Egress`] hears the container's lookups.
#[derive(Debug)]
pub struct EgressPolicy {
    egress: Rc<RefCell<Egress>>,
    /// Flows that are open or were just refused; as many as the stack has flows.
    open: HashMap<Key, Open>,
}

/// Protocol, guest and destination.
type Key = (Protocol, SocketAddr, SocketAddr);

/// What is known of a flow before it ends.
#[derive(Debug)]
struct Open {
    name: Option<Rc<str>>,
    since: Timestamp,
    is_allowed: bool,
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
        if verdict != Verdict::AllowAfterFirstBytes {
            let open = Open { name, since: Timestamp::now(), is_allowed: verdict == Verdict::Allow };
            self.open.insert(key(flow), open);
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
        let name = self.open.remove(&key(request)).and_then(|open| open.name);
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

/// The network has ended: flows that were still open are written without their bytes.
impl Drop for EgressPolicy {
    fn drop(&mut self) {
        for ((protocol, _, destination), open) in self.open.drain().filter(|(_, open)| open.is_allowed) {
            let target = target_of(protocol, destination);
            self.egress.borrow_mut().write(&Line {
                time: open.since,
                protocol: target.transport.into(),
                name: open.name.as_deref(),
                address: Some(target.address),
                port: (target.transport != Transport::Icmp).then_some(target.port),
                verdict: Outcome::Allowed,
                bytes_sent: None,
                bytes_received: None,
            });
        }
    }
}

/// The rules as the network's forwarder asks them.
#[derive(Debug)]
pub struct EgressScreen(pub Rc<RefCell<Egress>>);

impl Screen for EgressScreen {
    fn question(&mut self, _client: Option<IpAddr>, query: &[u8]) -> Option<Vec<u8>> {
        self.0.borrow_mut().question(query)
    }

    fn answer(&mut self, _client: Option<IpAddr>, query: &[u8], response: &[u8]) {
        self.0.borrow_mut().answer(query, response);
    }
}

fn key(flow: &FlowRequest) -> Key {
    (flow.protocol, flow.guest, flow.destination)
}

fn target(flow: &FlowRequest) -> Target {
    target_of(flow.protocol, flow.destination)
}

fn target_of(protocol: Protocol, destination: SocketAddr) -> Target {
    let transport = match protocol {
        Protocol::Tcp => Transport::Tcp,
        Protocol::Udp => Transport::Udp,
        Protocol::Icmp => Transport::Icmp,
    };
    Target { transport, address: destination.ip().to_canonical(), port: destination.port() }
}
