//! Any bytes as lookups of a container, over datagrams and a stream, to a forwarder that asks nobody else; and as a
//! resolv.conf.
#![no_main]

use coracle::network::dns::{Forwarder, Open, Settings, name_servers, parse_query};
use libfuzzer_sys::fuzz_target;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use std::time::Instant;

fuzz_target!(|data: &[u8]| {
    let known = [("web", [10, 88, 0, 2]), ("host.containers.internal", [10, 88, 0, 1])];
    let settings = Settings {
        names: known.map(|(name, address)| (name.to_owned(), vec![address.into()])).into(),
        internal: true,
        ..Settings::default()
    };
    let mut forwarder = Forwarder::new(&settings, Box::new(Open)).expect("a forwarder");
    let now = Instant::now();
    let (datagrams, stream) = (forwarder.datagrams().expect("a pair"), forwarder.stream(now).expect("a pair"));
    // The first byte says how the rest is cut into messages.
    let (cut, rest) = data.split_first().unwrap_or((&0, &[]));
    let mut reply = vec![0; 65_536];
    for message in rest.chunks(usize::from(*cut).max(12) * 2) {
        let _ = send(&datagrams, message, SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
        let _ = send(&stream, message, SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
        forwarder.ready(now);
        while let Ok((_, length @ 1..)) = recv(&datagrams, reply.as_mut_slice(), RecvFlags::DONTWAIT) {
            assert!(length >= 12 && reply[2] & 0x80 != 0, "a reply has a header that says so");
            assert!(rest.windows(2).any(|id| id == &reply[..2]), "and the id of a query");
        }
        if let Ok(question) = parse_query(message) {
            assert!(question.end <= message.len() && question.name.len() <= 255);
        }
    }
    forwarder.expired(now);
    if let Ok(text) = std::str::from_utf8(data) {
        name_servers(text);
    }
});
