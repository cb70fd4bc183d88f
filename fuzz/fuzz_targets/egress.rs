//! Any bytes as what a container says to get out: the first bytes of a connection, lookups, answers, rules.
#![no_main]

use coracle::network::egress::{Egress, Rules, Target, Transport, client_hello, dns};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let whole = client_hello::read(data);
    if let client_hello::Hello::Name(name) = &whole {
        assert!(!name.is_empty() && name.len() <= 253);
    }
    if let Some(question) = dns::question(data) {
        let reply = dns::no_such_name(data, &question);
        assert!(reply.len() <= data.len() && reply[..2] == data[..2]);
        dns::addresses(data, &question);
    }
    let Ok(rules) = Rules::parse(&["allow=*.example,10.0.0.0/8"]) else { return };
    let mut egress = Egress::new(rules, Vec::new(), None);
    let (query, response) = data.split_at(data.len() / 2);
    if egress.question(query).is_none() {
        egress.answer(query, response);
    }
    let target = Target { transport: Transport::Tcp, address: [192, 0, 2, 1].into(), port: 443 };
    egress.decide(&target);
    egress.inspect(&target, data);
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = Rules::parse(&[text]);
    }
});
