//! UDP, ping and fragments through the stack.

use super::harness::{GATEWAY4, GUEST4, GUEST6, HOST4, HOST6, Network, Options, configuration, inside};
use coracle::network::stack::Services;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::process::Command;
use std::time::Duration;

/// Longest UDP payload over IPv4.
const LONGEST: usize = 65_507;

fn socket(address: impl Into<IpAddr>) -> UdpSocket {
    let socket = UdpSocket::bind((address.into(), 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket
}

/// Answers `count` datagrams with themselves; who sent the last.
fn echo(socket: &UdpSocket, count: usize) -> SocketAddr {
    let mut buffer = vec![0; 65_536];
    let mut last = None;
    for _ in 0..count {
        let (length, client) = socket.recv_from(&mut buffer).unwrap();
        socket.send_to(&buffer[..length], client).unwrap();
        last = Some(client);
    }
    last.unwrap()
}

/// Sends datagrams of each length and checks that they come back.
fn exchange(socket: &UdpSocket, to: SocketAddr, lengths: &[usize]) {
    let mut buffer = vec![0; 65_536];
    for &length in lengths {
        let sent: Vec<u8> = (0..length).map(|at| (at * 7) as u8).collect();
        socket.send_to(&sent, to).unwrap();
        let (received, from) = socket.recv_from(&mut buffer).unwrap();
        assert!(buffer[..received] == sent && from == to, "{received} of {length} bytes from {from}");
    }
}

#[test]
fn out_and_back_at_every_length() {
    inside("udp::out_and_back_at_every_length", || {
        // The small MTU makes both sides fragment.
        for mtu in [65_520, 1500] {
            let network = Network::with(Options {
                configuration: coracle::network::stack::Configuration { mtu, ..configuration() },
                ..Options::default()
            });
            for (host, guest) in [(IpAddr::from(HOST4), IpAddr::from(GUEST4)), (HOST6.into(), GUEST6.into())] {
                let server = socket(host);
                let address = server.local_addr().unwrap();
                let lengths = [1, 1400, 4000, 40_000, LONGEST - 40];
                let server = std::thread::spawn(move || echo(&server, lengths.len()));
                network.in_guest(move || exchange(&socket(guest), address, &lengths));
                server.join().unwrap();
            }
            assert_eq!(network.statistics().udp_flows, 2);
        }
    });
}

#[test]
fn bursts_keep_their_boundaries() {
    inside("udp::bursts_keep_their_boundaries", || {
        let network = Network::new();
        let server = socket(HOST4);
        let address = server.local_addr().unwrap();
        // Bursts that a receive buffer of the usual size holds.
        let burst = || (0..20).map(|at| if at % 7 == 3 { 300 } else { 900 });
        let guest = network.guest(move || {
            let client = socket(GUEST4);
            let mut buffer = [0; 2000];
            // What waits in the guest's kernel for the gateway's hardware address may be overtaken.
            exchange(&client, address, &[10]);
            for _ in 0..50 {
                for length in burst() {
                    client.send_to(&vec![length as u8; length], address).unwrap();
                }
                for length in burst() {
                    assert_eq!(client.recv(&mut buffer).unwrap(), length);
                }
            }
        });
        let mut buffer = [0; 2000];
        echo(&server, 1);
        for (at, length) in (0..50).flat_map(|_| burst()).enumerate() {
            let (received, client) = server.recv_from(&mut buffer).unwrap();
            assert_eq!(received, length, "datagram {at}");
            server.send_to(&buffer[..received], client).unwrap();
        }
        guest.join().unwrap();
    });
}

#[test]
fn one_port_of_a_guest_has_one_address_outside() {
    inside("udp::one_port_of_a_guest_has_one_address_outside", || {
        let network = Network::new();
        let servers = [socket(HOST4), socket(HOST4)];
        let addresses = servers.each_ref().map(|server| server.local_addr().unwrap());
        let guest = network.guest(move || {
            let client = socket(GUEST4);
            for address in addresses {
                exchange(&client, address, &[10]);
            }
        });
        let clients = servers.each_ref().map(|server| echo(server, 1));
        assert_eq!(clients[0], clients[1]);
        guest.join().unwrap();
        // A stranger may not send there.
        socket(HOST4).send_to(b"stranger", clients[0]).unwrap();
        assert_eq!(network.statistics().udp_flows, 2);
    });
}

#[test]
fn in_through_a_published_port_with_the_clients_address() {
    inside("udp::in_through_a_published_port_with_the_clients_address", || {
        let network = Network::new();
        let cases: [(IpAddr, IpAddr, IpAddr); 3] = [
            (HOST4.into(), GUEST4.into(), HOST4.into()),
            (HOST6.into(), GUEST6.into(), HOST6.into()),
            ("127.0.0.1".parse().unwrap(), GUEST4.into(), GATEWAY4.into()),
        ];
        for (host, guest, seen) in cases {
            let (listening, ready) = std::sync::mpsc::channel();
            let server = network.guest(move || {
                let server = socket(guest);
                listening.send(server.local_addr().unwrap()).unwrap();
                echo(&server, 3)
            });
            let address = network.publish_udp((host, 0), ready.recv().unwrap());
            let client = socket(host);
            exchange(&client, address, &[5, 1400, 30_000]);
            assert_eq!(server.join().unwrap(), SocketAddr::new(seen, client.local_addr().unwrap().port()));
        }
        network.withdraw();
        assert_eq!((network.statistics().forwards, network.statistics().udp_flows), (0, 0));
    });
}

#[test]
fn refused_datagrams_are_told() {
    inside("udp::refused_datagrams_are_told", || {
        let network = Network::new();
        let closed = [HOST4.into(), IpAddr::from(HOST6)].map(|host| socket(host).local_addr().unwrap());
        network.in_guest(move || {
            for address in [closed[0], closed[1], (GATEWAY4, 53).into()] {
                let local: IpAddr = if address.is_ipv4() { GUEST4.into() } else { GUEST6.into() };
                let client = socket(local);
                client.connect(address).unwrap();
                client.send(b"anyone?").unwrap();
                let error = client.recv(&mut [0; 8]).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{address}");
            }
            let client = socket(GUEST4);
            // The kernel tells of softer errors only those who ask.
            coracle::sys::datagram::queue_failures(&client, true).unwrap();
            client.connect("198.51.100.1:9").unwrap();
            client.send(b"anyone?").unwrap();
            assert_eq!(client.recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::NetworkUnreachable);
        });
    });
}

/// A service that repeats what it hears.
struct Repeat;

impl Services for Repeat {
    fn tcp(&mut self, _: u16, _: SocketAddr) -> Option<OwnedFd> {
        None
    }

    fn udp(&mut self, port: u16, _: SocketAddr) -> Option<OwnedFd> {
        let (ours, theirs) = std::os::unix::net::UnixDatagram::pair().unwrap();
        (port == 53).then(|| {
            std::thread::spawn(move || {
                let mut buffer = [0; 2000];
                while let Ok(length @ 1..) = ours.recv(&mut buffer) {
                    ours.send(&buffer[..length]).unwrap();
                }
            });
            theirs.into()
        })
    }
}

#[test]
fn the_gateways_services_answer() {
    inside("udp::the_gateways_services_answer", || {
        let network = Network::with(Options { services: Box::new(|| Box::new(Repeat)), ..Options::default() });
        network.in_guest(|| exchange(&socket(GUEST4), (GATEWAY4, 53).into(), &[1, 512, 1400]));
        assert_eq!(network.statistics().udp_flows, 1);
    });
}

/// Runs `ping` in this thread's namespace; whether it was answered, and what it said.
fn ping(words: &str) -> (bool, String) {
    let output = Command::new("ping").args(words.split(' ')).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn ping_is_answered_or_honestly_refused() {
    inside("udp::ping_is_answered_or_honestly_refused", || {
        let network = Network::new();
        let cases = ["10.88.0.1", "fd00::1", "-s 20000 10.88.0.1"];
        network.in_guest(move || {
            for case in cases {
                let (answered, said) = ping(&format!("-c 1 -W 5 {case}"));
                assert!(answered, "{case}: {said}");
            }
        });
        // A new namespace gives ping sockets to nobody.
        let (answered, said) = network.in_guest(|| ping("-c 1 -W 5 192.0.2.1"));
        assert!(!answered && said.contains("filtered"), "{said}");
        std::fs::write("/proc/sys/net/ipv4/ping_group_range", "0 0").unwrap();
        for case in ["192.0.2.1", "2001:db8::1", "-s 20000 192.0.2.1"] {
            let (answered, said) = network.in_guest(move || ping(&format!("-c 1 -W 5 {case}")));
            assert!(answered, "{case}: {said}");
        }
        let (answered, said) = network.in_guest(|| ping("-c 1 -W 5 198.51.100.1"));
        assert!(!answered && said.contains("Unreachable"), "{said}");
        assert_eq!(network.statistics().echo_flows, 3);
    });
}
