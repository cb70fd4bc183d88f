//! The rules of several containers on one network, told apart by their addresses.
//!
//! A container cannot send from an address that is not its own without a capability that those with rules do not get
//! (`engine::network::egress`). Where anybody has rules, an address that nobody has may send nothing.

use super::{Egress, EgressPolicy, EgressScreen};
use crate::network::dns::Screen;
use crate::network::stack::{FlowRecord, FlowRequest, Policy, Verdict};
use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;

/// Who is on the network; shared by its stack and its name forwarder.
#[derive(Clone, Debug, Default)]
pub struct Members(Rc<RefCell<HashMap<IpAddr, Option<Guard>>>>);

/// The rules of one member, which may have an address of each family.
#[derive(Clone, Debug)]
struct Guard {
    policy: Rc<RefCell<EgressPolicy>>,
    screen: Rc<RefCell<EgressScreen>>,
}

impl Members {
    /// A container with these addresses has come, with its rules if it has any.
    pub fn add(&self, addresses: &[IpAddr], egress: Option<Egress>) {
        let guard = egress.map(|egress| {
            let egress = Rc::new(RefCell::new(egress));
            let policy = Rc::new(RefCell::new(EgressPolicy::new(Rc::clone(&egress))));
            Guard { policy, screen: Rc::new(RefCell::new(EgressScreen(egress))) }
        });
        let mut members = self.0.borrow_mut();
        members.extend(addresses.iter().map(|address| (*address, guard.clone())));
    }

    /// It has gone; what was open is written to its log.
    pub fn remove(&self, addresses: &[IpAddr]) {
        let mut members = self.0.borrow_mut();
        for address in addresses {
            members.remove(address);
        }
    }

    fn guard(&self, address: IpAddr) -> Option<Option<Guard>> {
        self.0.borrow().get(&address).cloned()
    }

    fn has_rules(&self) -> bool {
        self.0.borrow().values().any(Option::is_some)
    }

    fn verdict(&self, flow: &FlowRequest, ask: impl FnOnce(&mut EgressPolicy) -> Verdict) -> Verdict {
        match self.guard(flow.guest.ip()) {
            Some(Some(guard)) => ask(&mut guard.policy.borrow_mut()),
            None if self.has_rules() => Verdict::Refuse,
            Some(None) | None => Verdict::Allow,
        }
    }
}

impl Policy for Members {
    fn decide(&mut self, flow: &FlowRequest) -> Verdict {
        self.verdict(flow, |policy| policy.decide(flow))
    }

    fn inspect(&mut self, flow: &FlowRequest, first: &[u8]) -> Verdict {
        self.verdict(flow, |policy| policy.inspect(flow, first))
    }

    fn closed(&mut self, flow: &FlowRecord) {
        if let Some(Some(guard)) = self.guard(flow.request.guest.ip()) {
            guard.policy.borrow_mut().closed(flow);
        }
    }
}

impl Screen for Members {
    fn question(&mut self, client: Option<IpAddr>, query: &[u8]) -> Option<Vec<u8>> {
        match client.and_then(|client| self.guard(client)) {
            Some(Some(guard)) => guard.screen.borrow_mut().question(client, query),
            _ => None,
        }
    }

    fn answer(&mut self, client: Option<IpAddr>, query: &[u8], response: &[u8]) {
        if let Some(Some(guard)) = client.and_then(|client| self.guard(client)) {
            guard.screen.borrow_mut().answer(client, query, response);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Rules;
    use super::*;
    use crate::network::stack::Protocol;

    #[test]
    fn members_have_rules_of_their_own() {
        let address = |last: u8| IpAddr::from([10, 89, 0, last]);
        let flow = |last: u8| FlowRequest {
            protocol: Protocol::Tcp,
            guest: (address(last), 40_000).into(),
            destination: ([192, 0, 2, 1], 80).into(),
        };
        let mut members = Members::default();
        members.add(&[address(2)], None);
        assert_eq!(members.decide(&flow(2)), Verdict::Allow);
        assert_eq!(members.decide(&flow(9)), Verdict::Allow);
        let rules = Rules::parse(&["allow=198.51.100.0/24"]).unwrap();
        members.add(&[address(3)], Some(Egress::new(rules, Vec::new(), None)));
        assert_eq!(members.decide(&flow(2)), Verdict::Allow);
        assert_eq!(members.decide(&flow(3)), Verdict::Refuse);
        assert_eq!(members.decide(&flow(9)), Verdict::Refuse, "an address that nobody has");
        members.remove(&[address(3)]);
        assert_eq!(members.decide(&flow(9)), Verdict::Allow);
    }
}
