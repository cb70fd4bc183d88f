//! Frames as a container may send them: the input is a list of frames, each with an offload header and a length before
//! it. The network is internal, so nothing leaves the process; its gateway has one stream and one datagram service, so
//! flows get as far as carrying data.

#![no_main]

use coracle::network::stack::packet::vnet;
use coracle::network::stack::{AllowAll, Configuration, Services, Side4, Side6, Stack};
use libfuzzer_sys::fuzz_target;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixStream};

struct Echoes;

impl Services for Echoes {
    fn tcp(&mut self, port: u16, _: SocketAddr) -> Option<OwnedFd> {
        let (ours, theirs) = UnixStream::pair().ok()?;
        std::io::Write::write_all(&mut &ours, b"welcome").ok()?;
        (port < 256).then(|| theirs.into())
    }

    fn udp(&mut self, port: u16, _: SocketAddr) -> Option<OwnedFd> {
        let (ours, theirs) = UnixDatagram::pair().ok()?;
        ours.send(b"welcome").ok()?;
        (port < 256).then(|| theirs.into())
    }
}

fuzz_target!(|input: &[u8]| {
    let (tap, drain) = UnixDatagram::pair().expect("a socket pair");
    drain.set_nonblocking(true).expect("non-blocking");
    let configuration = Configuration {
        mtu: 1500,
        mac: [2, 0, 0, 0, 0, 1],
        ipv4: Some(Side4 { gateway: Ipv4Addr::new(10, 88, 0, 1), prefix: 16, guest: None }),
        ipv6: Some(Side6 { gateway: Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1), prefix: 64, guest: None }),
        host_loopback: false,
        internal: true,
        outbound_ipv4: None,
        outbound_ipv6: None,
        services_at: Some(Ipv4Addr::new(10, 88, 0, 3)),
        more: vec![(Ipv4Addr::new(10, 89, 0, 1).into(), 24)],
    };
    let mut stack = Stack::new(configuration, tap.into(), Box::new(Echoes), Box::new(AllowAll)).expect("a stack");
    let mut rest = input;
    while let Some((offload, [low, high, tail @ ..])) = rest.split_at_checked(vnet::LENGTH) {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(tail.len());
        let (frame, next) = tail.split_at(length);
        stack.inject(&vnet::Header::parse(offload).unwrap_or_default(), frame);
        stack.turn().expect("the loop goes on");
        let mut sent = [0; 2048];
        while drain.recv(&mut sent).is_ok() {}
        rest = next;
    }
});
