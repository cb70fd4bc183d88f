//! The stack against a guest that writes its frames by hand: floods, garbage, lost and repeated segments.
//!
//! The tap is one end of a socket pair; nothing leaves the machine, because the network is internal and its only
//! service is the other half of the test.

use super::packet::build::{self, Addresses, Tcp, flag};
use super::packet::parse::{self, Frame};
use super::packet::{HEADROOM, TCP, UDP, vnet};
use super::{AllowAll, Configuration, Services, Side4, Side6, Stack};
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, recv, send, socketpair};
use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::rc::Rc;

const MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];
const GUEST: Ipv4Addr = Ipv4Addr::new(10, 88, 0, 2);
const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 88, 0, 1);

/// Keeps the other end of every flow that reached the gateway.
struct Catch(Rc<RefCell<Vec<OwnedFd>>>);

impl Catch {
    fn pair(&self, kind: SocketType) -> Option<OwnedFd> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (ours, theirs) = socketpair(AddressFamily::UNIX, kind, flags, None).ok()?;
        self.0.borrow_mut().push(ours);
        Some(theirs)
    }
}

impl Services for Catch {
    fn tcp(&mut self, port: u16, _: SocketAddr) -> Option<OwnedFd> {
        (port == 80).then(|| self.pair(SocketType::STREAM)).flatten()
    }

    fn udp(&mut self, port: u16, _: SocketAddr) -> Option<OwnedFd> {
        (port == 53).then(|| self.pair(SocketType::SEQPACKET)).flatten()
    }
}

/// A stack, the guest's end of its tap and the service's ends of its flows.
struct Bench {
    stack: Stack,
    tap: OwnedFd,
    caught: Rc<RefCell<Vec<OwnedFd>>>,
}

impl Bench {
    fn new() -> Self {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (tap, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).unwrap();
        let caught = Rc::new(RefCell::new(Vec::new()));
        let configuration = Configuration {
            mtu: 65_520,
            mac: [2, 0, 0, 0, 0, 1],
            ipv4: Some(Side4 { gateway: GATEWAY, prefix: 16, guest: None }),
            ipv6: Some(Side6 { gateway: "fd00::1".parse().unwrap(), prefix: 64, guest: None }),
            host_loopback: false,
            internal: true,
            outbound_ipv4: None,
            outbound_ipv6: None,
            services_at: None,
            more: Vec::new(),
        };
        let services = Box::new(Catch(Rc::clone(&caught)));
        let stack = Stack::new(configuration, theirs, services, Box::new(AllowAll)).unwrap();
        Self { stack, tap, caught }
    }

    /// Gives the stack a TCP segment from the guest.
    fn tcp(&mut self, header: Tcp, payload: &[u8]) {
        let frame = segment(header, payload);
        self.stack.inject(&vnet::Header { flags: vnet::NEEDS_CSUM, ..vnet::Header::default() }, &frame);
    }

    /// The next TCP segment the stack sent, with its payload.
    fn heard(&self) -> Option<(Tcp, Vec<u8>)> {
        loop {
            let mut bytes = vec![0; 70_000];
            let (length, _) = recv(&self.tap, &mut bytes[..], rustix::net::RecvFlags::empty()).ok()?;
            let Some(Frame::Ip(packet)) = parse::frame(&bytes[vnet::LENGTH..length]) else { continue };
            if packet.protocol != TCP {
                continue;
            }
            let header = etherparse::TcpHeaderSlice::from_slice(packet.payload).unwrap();
            let parsed = Tcp {
                source_port: header.source_port(),
                destination_port: header.destination_port(),
                sequence: header.sequence_number(),
                acknowledgment: header.acknowledgment_number(),
                flags: packet.payload[13],
                window: header.window_size(),
                options: None,
            };
            return Some((parsed, packet.payload[header.slice().len()..].to_vec()));
        }
    }

    /// Opens a flow from `port` to the service; the guest's next header and what the service holds.
    fn open(&mut self, port: u16) -> (Tcp, OwnedFd) {
        let syn = Tcp { source_port: port, destination_port: 80, sequence: 100, ..Tcp::default() };
        self.tcp(Tcp { flags: flag::SYN, window: 65_535, options: Some((1460, Some(0))), ..syn }, b"");
        let (answer, _) = self.heard().unwrap();
        assert_eq!(answer.flags, flag::SYN | flag::ACK);
        let acknowledgment = answer.sequence.wrapping_add(1);
        let next = Tcp { sequence: 101, acknowledgment, flags: flag::ACK, window: 65_535, ..syn };
        self.tcp(next, b"");
        let socket = self.caught.borrow_mut().pop().unwrap();
        (next, socket)
    }
}

/// A frame of one TCP segment from the guest to the gateway.
fn segment(header: Tcp, payload: &[u8]) -> Vec<u8> {
    let mut buffer = vec![0; HEADROOM + payload.len()];
    buffer[HEADROOM..].copy_from_slice(payload);
    let end = buffer.len();
    let addresses = Addresses { source: GUEST.into(), destination: GATEWAY.into() };
    let at = build::tcp(&mut buffer, HEADROOM, end, &header, addresses);
    let at = build::ip(&mut buffer, at, end, TCP, addresses);
    let at = build::ethernet(&mut buffer, at, [2, 0, 0, 0, 0, 1], MAC, build::ethertype(GUEST.into()));
    buffer.split_off(at)
}

fn read(socket: &OwnedFd) -> Vec<u8> {
    let mut bytes = vec![0; 70_000];
    let length = rustix::io::read(socket, &mut bytes).unwrap_or(0);
    bytes.truncate(length);
    bytes
}

#[test]
fn segments_out_of_order_and_repeated_arrive_once_and_in_order() {
    let mut bench = Bench::new();
    let (next, service) = bench.open(1000);
    let at = |offset: u32| Tcp { sequence: next.sequence + offset, ..next };
    bench.tcp(at(5), b"fghij");
    let (answer, _) = bench.heard().unwrap();
    assert_eq!(answer.acknowledgment, next.sequence, "a gap is told at once");
    bench.tcp(at(0), b"abcde");
    bench.tcp(at(0), b"abcde");
    bench.tcp(at(3), b"defghij");
    assert_eq!(read(&service), b"abcdefghij");
    let last = std::iter::from_fn(|| bench.heard()).last().unwrap();
    assert_eq!(last.0.acknowledgment, next.sequence + 10);
}

#[test]
fn a_reset_counts_only_where_it_belongs() {
    let mut bench = Bench::new();
    let (next, service) = bench.open(1000);
    bench.tcp(Tcp { flags: flag::RST, sequence: next.sequence + 70, ..next }, b"");
    assert_eq!(bench.stack.statistics().tcp_flows, 1);
    bench.tcp(Tcp { flags: flag::RST, ..next }, b"");
    assert_eq!(bench.stack.statistics().tcp_flows, 0);
    drop(service);
}

#[test]
fn three_duplicates_bring_the_lost_segment_again() {
    let mut bench = Bench::new();
    let (next, service) = bench.open(1000);
    for part in [b"one", b"two"] {
        send(&service, part, SendFlags::empty()).unwrap();
        bench.stack.turn().unwrap();
    }
    let sent: Vec<_> = std::iter::from_fn(|| bench.heard()).filter(|(_, payload)| !payload.is_empty()).collect();
    assert_eq!(sent[0].1, b"one");
    for _ in 0..3 {
        bench.tcp(next, b"");
    }
    assert_eq!(bench.heard().unwrap().1, b"one");
    // Half of it arrived: only the rest comes again.
    bench.tcp(Tcp { acknowledgment: next.acknowledgment.wrapping_add(2), ..next }, b"");
    assert_eq!(bench.heard().unwrap().1, b"e");
    bench.tcp(Tcp { acknowledgment: next.acknowledgment.wrapping_add(6), ..next }, b"");
    assert_eq!(bench.stack.statistics().buffered_bytes, 0);
}

#[test]
fn a_closed_window_stops_the_data_until_it_opens() {
    let mut bench = Bench::new();
    let (next, service) = bench.open(1000);
    bench.tcp(Tcp { window: 0, ..next }, b"");
    send(&service, b"later", SendFlags::empty()).unwrap();
    bench.stack.turn().unwrap();
    assert!(std::iter::from_fn(|| bench.heard()).all(|(_, payload)| payload.is_empty()));
    bench.tcp(Tcp { window: 3, ..next }, b"");
    assert_eq!(bench.heard().unwrap().1, b"lat");
    bench.tcp(Tcp { window: 100, acknowledgment: next.acknowledgment.wrapping_add(3), ..next }, b"");
    assert_eq!(bench.heard().unwrap().1, b"er");
}

#[test]
fn a_flood_of_connections_is_bounded() {
    let mut bench = Bench::new();
    for port in 1..=20_000 {
        let syn = Tcp { source_port: port, destination_port: 80, flags: flag::SYN, window: 1000, ..Tcp::default() };
        bench.tcp(syn, b"");
        bench.caught.borrow_mut().clear();
        while bench.heard().is_some() {}
    }
    assert!(bench.stack.statistics().tcp_flows <= 2048, "{:?}", bench.stack.statistics());
    for port in 1..=20_000 {
        let reset = Tcp { source_port: port, destination_port: 80, sequence: 1, flags: flag::RST, ..Tcp::default() };
        bench.tcp(reset, b"");
    }
    assert_eq!(bench.stack.statistics().tcp_flows, 0);
}

#[test]
fn what_leads_nowhere_is_refused() {
    let mut bench = Bench::new();
    bench.tcp(Tcp { source_port: 9, destination_port: 81, flags: flag::SYN, sequence: 7, ..Tcp::default() }, b"");
    let (answer, _) = bench.heard().unwrap();
    assert_eq!((answer.flags, answer.acknowledgment), (flag::RST | flag::ACK, 8));
    bench
        .tcp(Tcp { source_port: 9, destination_port: 80, flags: flag::ACK, acknowledgment: 55, ..Tcp::default() }, b"");
    let (answer, _) = bench.heard().unwrap();
    assert_eq!((answer.flags, answer.sequence), (flag::RST, 55));
}

/// Frames of every kind the stack reads, to be broken.
fn specimens(next: Tcp) -> Vec<Vec<u8>> {
    let ip = |protocol: u8, source: IpAddr, destination: IpAddr, payload: &[u8]| {
        let mut buffer = vec![0; HEADROOM + payload.len()];
        buffer[HEADROOM..].copy_from_slice(payload);
        let end = buffer.len();
        let addresses = Addresses { source, destination };
        let at = build::ip(&mut buffer, HEADROOM, end, protocol, addresses);
        let at = build::ethernet(&mut buffer, at, [2, 0, 0, 0, 0, 1], MAC, build::ethertype(source));
        buffer.split_off(at)
    };
    let (guest6, gateway6): (IpAddr, IpAddr) = ("fd00::2".parse().unwrap(), "fd00::1".parse().unwrap());
    let mut arp = vec![0; HEADROOM];
    let packet = build::arp(1, (MAC, GUEST), ([0; 6], GATEWAY));
    let at = build::ethernet(&mut arp, HEADROOM, [0xff; 6], MAC, build::arp_ethertype());
    let arp = [&arp[at..], &packet].concat();
    let mut solicitation = vec![135, 0, 0, 0, 0, 0, 0, 0];
    solicitation.extend("fd00::1".parse::<std::net::Ipv6Addr>().unwrap().octets());
    solicitation.extend([1, 1, 2, 0, 0, 0, 0, 2]);
    let fragment6 = [&[17, 0, 0, 1, 0, 0, 0, 9][..], &[0, 9, 0, 53, 0, 16, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]].concat();
    vec![
        arp,
        segment(next, b"hello"),
        segment(Tcp { flags: flag::SYN, options: Some((1460, Some(7))), ..next }, b""),
        segment(Tcp { flags: flag::FIN | flag::ACK, ..next }, b"bye"),
        ip(UDP, GUEST.into(), GATEWAY.into(), &[0, 9, 0, 53, 0, 12, 0, 0, 1, 2, 3, 4]),
        ip(UDP, guest6, gateway6, &[0, 9, 0, 53, 0, 12, 0, 0, 1, 2, 3, 4]),
        ip(1, GUEST.into(), GATEWAY.into(), &[8, 0, 0, 0, 0, 1, 0, 1]),
        ip(58, guest6, gateway6, &[128, 0, 0, 0, 0, 1, 0, 1]),
        ip(58, guest6, gateway6, &solicitation),
        ip(44, guest6, gateway6, &fragment6),
        ip(0, guest6, gateway6, &[58, 0, 1, 4, 0, 0, 0, 0, 128, 0, 0, 0, 0, 1, 0, 1]),
    ]
}

#[test]
fn garbage_is_survived() {
    let mut bench = Bench::new();
    let (next, _service) = bench.open(1000);
    let specimens = specimens(next);
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for round in 0..60_000 {
        let mut frame = specimens[random(specimens.len())].clone();
        for _ in 0..random(4) {
            let at = random(frame.len());
            frame[at] = random(256) as u8;
        }
        if random(4) == 0 {
            frame.truncate(random(frame.len() + 1));
        }
        let offload = vnet::Header {
            flags: vnet::NEEDS_CSUM * (random(8) != 0) as u8,
            gso_type: random(6) as u8,
            gso_size: random(3000) as u16,
            ..vnet::Header::default()
        };
        bench.stack.inject(&offload, &frame);
        if round % 16 == 0 {
            while bench.heard().is_some() {}
        }
        bench.caught.borrow_mut().truncate(64);
    }
    let statistics = bench.stack.statistics();
    assert!(statistics.buffered_bytes < 80 << 20 && statistics.tcp_flows <= 2100, "{statistics:?}");
}
