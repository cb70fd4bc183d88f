//! Loss on the way, connections by the thousand, peers that stop reading or go away.

use super::harness::{GUEST4, HOST4, Network, Options, command, inside, interface};
use coracle::network::link::create_tap;
use coracle::sys::tun::{self, Offloads};
use nix::sched::{CloneFlags, unshare};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

/// Copies frames from one device to the other and loses one in `every`.
fn lossy(from: Arc<OwnedFd>, to: Arc<OwnedFd>, every: usize) {
    std::thread::spawn(move || {
        let mut buffer = vec![0; 70_000];
        let mut count = 0;
        loop {
            let mut descriptors = [rustix::event::PollFd::new(&*from, rustix::event::PollFlags::IN)];
            if rustix::event::poll(&mut descriptors, None).is_err() {
                return;
            }
            match rustix::io::read(&*from, &mut buffer) {
                Ok(0) => return,
                Ok(length) => {
                    count += 1;
                    if count % every != 0 {
                        // A full queue loses frames as well.
                        let _ = rustix::io::write(&*to, &buffer[..length]);
                    }
                }
                Err(rustix::io::Errno::AGAIN) => {}
                Err(_) => return,
            }
        }
    });
}

/// A network that loses one frame in `every`, each way.
fn lossy_network(every: usize) -> Network {
    command("ip link set lo up");
    command("ip addr replace 192.0.2.1/32 dev lo");
    let options = Options::default();
    let mtu = options.configuration.mtu;
    let (guest, tap) = std::thread::spawn(move || {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        command("ip link set lo up");
        let tap = create_tap(&interface(mtu)).unwrap();
        (File::open("/proc/thread-self/ns/net").unwrap(), tap)
    })
    .join()
    .unwrap();
    tun::set_offloads(&tap, Offloads::CHECKSUM | Offloads::TCP4 | Offloads::TCP6);
    let (near, far) = socketpair(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None).unwrap();
    let (tap, far) = (Arc::new(tap), Arc::new(far));
    lossy(Arc::clone(&tap), Arc::clone(&far), every);
    lossy(far, tap, every);
    Network::start(options, guest, near)
}

#[test]
fn loss_delays_and_changes_nothing() {
    inside("faults::loss_delays_and_changes_nothing", || {
        let network = lossy_network(23);
        let listener = TcpListener::bind((HOST4, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let bytes: Vec<u8> = (0..3_000_000_u32).map(|at| (at / 7) as u8).collect();
        let sent = bytes.clone();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut received = Vec::new();
            stream.read_to_end(&mut received).unwrap();
            stream.write_all(&received).unwrap();
        });
        let received = network.in_guest(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(&sent).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            let mut received = Vec::new();
            stream.read_to_end(&mut received).unwrap();
            received
        });
        server.join().unwrap();
        assert!(received == bytes, "{} of {} bytes", received.len(), bytes.len());
        network.wait_until("the flow ends", |statistics| statistics.tcp_flows == 0);
    });
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Resident memory, KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn five_thousand_connections_leave_nothing_behind() {
    inside("faults::five_thousand_connections_leave_nothing_behind", || {
        let network = Network::new();
        let listener = TcpListener::bind((HOST4, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut byte = [0];
                let _ = stream.read(&mut byte).and_then(|_| stream.write(&byte));
            }
        });
        let batch = move || {
            for _ in 0..50 {
                let streams: Vec<_> = (0..50).map(|_| TcpStream::connect(address).unwrap()).collect();
                for (at, mut stream) in streams.into_iter().enumerate() {
                    // Some end in order, some with the answer unread, which resets.
                    stream.write_all(b"x").unwrap();
                    if at % 5 > 0 {
                        stream.read_exact(&mut [0]).unwrap();
                    }
                }
            }
        };
        network.in_guest(batch);
        network.wait_until("the first flows end", |statistics| statistics.tcp_flows == 0);
        let (before, memory) = (descriptors(), resident());
        network.in_guest(batch);
        network.wait_until("the flows end", |statistics| statistics.tcp_flows == 0);
        assert!(descriptors() <= before, "{} descriptors, {before} before", descriptors());
        assert!(resident() < memory + 1024, "{} KiB, {memory} KiB before", resident());
        assert_eq!(network.statistics().buffered_bytes, 0);
    });
}

#[test]
fn a_receiver_that_does_not_read_stops_the_sender() {
    inside("faults::a_receiver_that_does_not_read_stops_the_sender", || {
        let network = Network::new();
        let listener = TcpListener::bind((HOST4, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (sent, stuck) = network.in_guest(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_write_timeout(Some(Duration::from_millis(700))).unwrap();
            let chunk = vec![1; 1 << 20];
            let mut sent = 0;
            loop {
                match stream.write(&chunk) {
                    Ok(length) => sent += length,
                    Err(error) => break (sent, (error.kind(), stream)),
                }
            }
        });
        assert_eq!(stuck.0, ErrorKind::WouldBlock);
        assert!(network.statistics().buffered_bytes < 8 << 20, "{:?}", network.statistics());
        // What was taken arrives, however late it is read.
        let (mut server, _) = listener.accept().unwrap();
        stuck.1.shutdown(Shutdown::Write).unwrap();
        let mut received = 0;
        let mut buffer = vec![0; 1 << 20];
        while let Ok(length @ 1..) = server.read(&mut buffer) {
            received += length;
        }
        assert_eq!(received, sent);
    });
}

#[test]
fn a_guest_that_does_not_read_stops_its_client() {
    inside("faults::a_guest_that_does_not_read_stops_its_client", || {
        let network = Network::new();
        let (listening, ready) = std::sync::mpsc::channel();
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let guest = network.guest(move || {
            let listener = TcpListener::bind((GUEST4, 0)).unwrap();
            listening.send(listener.local_addr().unwrap()).unwrap();
            let (mut stream, _) = listener.accept().unwrap();
            wait.recv().unwrap();
            let mut received = 0;
            let mut buffer = vec![0; 1 << 20];
            while let Ok(length @ 1..) = stream.read(&mut buffer) {
                received += length;
            }
            received
        });
        let address = network.publish_tcp((HOST4, 0), ready.recv().unwrap());
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_write_timeout(Some(Duration::from_millis(700))).unwrap();
        let mut sent = 0;
        while let Ok(length) = stream.write(&[2; 65_536]) {
            sent += length;
        }
        assert!(network.statistics().buffered_bytes < 8 << 20, "{:?}", network.statistics());
        done.send(()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(guest.join().unwrap(), sent);
    });
}
