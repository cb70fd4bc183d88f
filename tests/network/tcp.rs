//! TCP through the stack.

use super::harness::{GATEWAY4, GUEST4, GUEST6, HOST4, HOST6, Network, Options, inside};
use coracle::network::stack::{FlowRecord, FlowRequest, Policy, Verdict};
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::Sender;
use std::time::Duration;

/// Bytes that tell a misplaced one.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at as u32).wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect()
}

/// Accepts one connection, answers everything until its end with the same, and ends.
fn echo_once(listener: TcpListener) -> std::thread::JoinHandle<SocketAddr> {
    std::thread::spawn(move || {
        let (mut stream, client) = listener.accept().unwrap();
        let mut received = Vec::new();
        stream.read_to_end(&mut received).unwrap();
        stream.write_all(&received).unwrap();
        client
    })
}

fn send_half_close_receive(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    let mut writer = stream.try_clone().unwrap();
    let sent = bytes.to_vec();
    let sender = std::thread::spawn(move || {
        writer.write_all(&sent).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut received = Vec::new();
    stream.read_to_end(&mut received).unwrap();
    sender.join().unwrap();
    received
}

#[test]
fn out_and_back_with_half_close() {
    inside("tcp::out_and_back_with_half_close", || {
        let network = Network::new();
        for host in [IpAddr::from(HOST4), HOST6.into()] {
            for length in [0, 1, 100_000, 9_000_000] {
                let listener = TcpListener::bind((host, 0)).unwrap();
                let address = listener.local_addr().unwrap();
                let server = echo_once(listener);
                let bytes = pattern(length);
                let sent = bytes.clone();
                let received = network.in_guest(move || send_half_close_receive(address, &sent));
                server.join().unwrap();
                assert!(received == bytes, "{host}: {} of {length} bytes", received.len());
            }
        }
        network.wait_until("flows end", |statistics| statistics.tcp_flows == 0);
        assert_eq!(network.statistics().buffered_bytes, 0);
    });
}

#[test]
fn in_through_a_published_port_with_the_clients_address() {
    inside("tcp::in_through_a_published_port_with_the_clients_address", || {
        let network = Network::new();
        let cases: [(IpAddr, IpAddr, Option<IpAddr>); 3] = [
            (HOST4.into(), GUEST4.into(), Some(HOST4.into())),
            (HOST6.into(), GUEST6.into(), Some(HOST6.into())),
            ("127.0.0.1".parse().unwrap(), GUEST4.into(), Some(GATEWAY4.into())),
        ];
        for (host, guest, expected) in cases {
            let (listening, ready) = std::sync::mpsc::channel();
            let server = network.guest(move || {
                let listener = TcpListener::bind((guest, 0)).unwrap();
                listening.send(listener.local_addr().unwrap()).unwrap();
                echo_once(listener).join().unwrap()
            });
            let address = network.publish_tcp((host, 0), ready.recv().unwrap());
            let bytes = pattern(3_000_000);
            assert!(send_half_close_receive(address, &bytes) == bytes);
            assert_eq!(Some(server.join().unwrap().ip()), expected);
        }
        network.withdraw();
        assert_eq!(network.statistics().forwards, 0);
        network.wait_until("flows end", |statistics| statistics.tcp_flows == 0);
    });
}

#[test]
fn refused_and_unreachable_look_so() {
    inside("tcp::refused_and_unreachable_look_so", || {
        let network = Network::new();
        let port = TcpListener::bind((HOST4, 0)).unwrap().local_addr().unwrap().port();
        let kinds = network.in_guest(move || {
            let timeout = Duration::from_secs(5);
            let attempts: [SocketAddr; 6] = [
                (HOST4, port).into(),
                (HOST6, port).into(),
                // The gateway without services, and the host's loopback by other names.
                (GATEWAY4, 80).into(),
                "198.51.100.1:80".parse().unwrap(),
                "[2001:db8:1::1]:80".parse().unwrap(),
                // Nobody on the link.
                "10.88.3.3:80".parse().unwrap(),
            ];
            attempts.map(|address| TcpStream::connect_timeout(&address, timeout).unwrap_err().kind())
        });
        let expected = [
            ErrorKind::ConnectionRefused,
            ErrorKind::ConnectionRefused,
            ErrorKind::ConnectionRefused,
            ErrorKind::NetworkUnreachable,
            ErrorKind::NetworkUnreachable,
            ErrorKind::HostUnreachable,
        ];
        assert_eq!(kinds, expected);
        // A closed port of the container resets its client at once.
        let address = network.publish_tcp((HOST4, 0), (GUEST4, 9));
        let mut stream = TcpStream::connect(address).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
        network.wait_until("flows end", |statistics| statistics.tcp_flows == 0);
    });
}

/// Shows what it was asked, and allows the host after it has seen "open sesame".
struct Gatekeeper(Sender<String>);

impl Policy for Gatekeeper {
    fn decide(&mut self, flow: &FlowRequest) -> Verdict {
        if flow.destination.ip() == IpAddr::from(HOST4) { Verdict::AllowAfterFirstBytes } else { Verdict::Refuse }
    }

    fn inspect(&mut self, _: &FlowRequest, first: &[u8]) -> Verdict {
        match first {
            b"open sesame" => Verdict::Allow,
            first if b"open sesame".starts_with(first) => Verdict::AllowAfterFirstBytes,
            _ => Verdict::Refuse,
        }
    }

    fn closed(&mut self, flow: &FlowRecord) {
        let line = format!("{} {:?} {} {}", flow.request.destination.ip(), flow.verdict, flow.bytes_out, flow.bytes_in);
        self.0.send(line).unwrap();
    }
}

#[test]
fn the_policy_is_asked_about_all_that_leaves() {
    inside("tcp::the_policy_is_asked_about_all_that_leaves", || {
        let (told, hear) = std::sync::mpsc::channel();
        let mut options = Options { policy: Box::new(move || Box::new(Gatekeeper(told))), ..Options::default() };
        options.configuration.host_loopback = true;
        let network = Network::with(options);
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = echo_once(listener);
        // The gateway leads to the host as well, and is asked about by its own address.
        let refused = network.in_guest(move || TcpStream::connect((GATEWAY4, port)).unwrap_err().kind());
        assert_eq!(refused, ErrorKind::ConnectionRefused);
        assert_eq!(hear.recv().unwrap(), "10.88.0.1 Refuse 0 0");
        let reset = network.in_guest(move || {
            let mut stream = TcpStream::connect((HOST4, port)).unwrap();
            stream.write_all(b"open barley").unwrap();
            stream.read(&mut [0]).unwrap_err().kind()
        });
        assert_eq!(reset, ErrorKind::ConnectionReset);
        assert_eq!(hear.recv().unwrap(), "192.0.2.1 Refuse 11 0");
        let answer = network.in_guest(move || {
            let mut stream = TcpStream::connect((HOST4, port)).unwrap();
            stream.write_all(b"open ").unwrap();
            stream.write_all(b"sesame").unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        });
        assert_eq!(answer, "open sesame");
        server.join().unwrap();
        assert_eq!(hear.recv().unwrap(), "192.0.2.1 Allow 11 11");
    });
}
