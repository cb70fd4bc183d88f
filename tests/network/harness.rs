//! Two namespaces and a stack between them.
//!
//! The test program runs itself again under `unshare --user --net`: that network namespace is "the host", with
//! 127.0.0.1, 192.0.2.1 and 2001:db8::1 on its loopback device. A thread unshares once more and becomes the guest:
//! 10.88.0.2 and fd00::2 on a tap. The stack runs on a third thread, in the host's namespace.

use coracle::network::link::{Address4, Address6, Interface, create_tap};
use coracle::network::stack::{
    AllowAll, Configuration, Control, Error, Forward, Handle, Interest, NoServices, Policy, Protocol, Readiness,
    Services, Side4, Side6, Stack, Statistics,
};
use nix::sched::{CloneFlags, setns, unshare};
use std::fs::File;
use std::io::Read;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The host's address, IPv4.
pub const HOST4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// The host's address, IPv6.
pub const HOST6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
/// The gateway, IPv4.
pub const GATEWAY4: Ipv4Addr = Ipv4Addr::new(10, 88, 0, 1);
/// The gateway, IPv6.
pub const GATEWAY6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1);
/// The guest, IPv4.
pub const GUEST4: Ipv4Addr = Ipv4Addr::new(10, 88, 0, 2);
/// The guest, IPv6.
pub const GUEST6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 2);

/// Set in the second run, inside the namespaces.
const INSIDE: &str = "CORACLE_TEST_NETWORK_INSIDE";

/// What a test changes about the network.
pub struct Options {
    pub configuration: Configuration,
    pub services: Box<dyn FnOnce() -> Box<dyn Services> + Send>,
    pub policy: Box<dyn FnOnce() -> Box<dyn Policy> + Send>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            configuration: configuration(),
            services: Box::new(|| Box::new(NoServices)),
            policy: Box::new(|| Box::new(AllowAll)),
        }
    }
}

/// The usual network.
pub fn configuration() -> Configuration {
    Configuration {
        mtu: 65_520,
        mac: [0x02, 0, 0, 0, 0, 1],
        ipv4: Some(Side4 { gateway: GATEWAY4, prefix: 16, guest: Some(GUEST4) }),
        ipv6: Some(Side6 { gateway: GATEWAY6, prefix: 64, guest: Some(GUEST6) }),
        host_loopback: false,
        internal: false,
        outbound_ipv4: None,
        outbound_ipv6: None,
        services_at: None,
        more: Vec::new(),
    }
}

/// Runs `body` in namespaces of its own. `name` is the test's path, as `cargo test` shows it.
pub fn inside(name: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    if let Some(reason) = obstacle() {
        return crate::support::record_skip(&format!("network::{name}"), &reason);
    }
    let program = std::env::current_exe().unwrap();
    let status = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "--"])
        .arg(program)
        .args([name, "--exact", "--include-ignored", "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&status.stdout), String::from_utf8_lossy(&status.stderr));
    assert!(status.status.success(), "{name} inside its namespaces:\n{text}");
    assert!(text.contains("1 passed"), "{name} did not run:\n{text}");
    if std::env::var_os("CORACLE_TEST_SHOW").is_some() {
        println!("{text}");
    }
}

/// Why these tests cannot run here.
fn obstacle() -> Option<String> {
    let programs = [("unshare", "util-linux"), ("ip", "iproute2"), ("ping", "iputils-ping")];
    for (program, package) in programs {
        if crate::support::program(program).is_none() {
            return Some(format!("needs {program} (Debian package {package})"));
        }
    }
    let tun = std::fs::File::options().read(true).write(true).open("/dev/net/tun");
    tun.err().map(|error| format!("/dev/net/tun cannot be opened here: {error}"))
}

/// Runs `ip` or another command in this thread's namespace.
pub fn command(words: &str) {
    let mut words = words.split(' ');
    let output = Command::new(words.next().unwrap()).args(words.clone()).output().unwrap();
    assert!(output.status.success(), "{:?}: {}", words.collect::<Vec<_>>(), String::from_utf8_lossy(&output.stderr));
}

/// Waits until this thread's namespace takes packets for an IPv6 address of its own: the kernel gives it its route in a
/// work queue of its own time, and drops what comes before (`addrconf_dad_start` in net/ipv6/addrconf.c).
fn wait_for_address(address: Ipv6Addr) {
    let wanted = format!("local {address} ");
    let has_route = || {
        let output = Command::new("ip").args(["-6", "route", "show", "table", "local"]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).contains(&wanted).then_some(())
    };
    assert!(crate::support::process::eventually(Duration::from_secs(60), has_route).is_some(), "{address}");
}

/// What the test asks the stack's thread for.
enum Ask {
    Forward(Forward),
    Withdraw,
    Statistics(Sender<Statistics>),
    Stop,
}

/// A running network.
pub struct Network {
    guest: File,
    asks: Sender<Ask>,
    wake: UnixStream,
    stack: Option<JoinHandle<()>>,
}

impl Network {
    /// The usual network.
    pub fn new() -> Self {
        Self::with(Options::default())
    }

    /// Another network.
    pub fn with(options: Options) -> Self {
        command("ip link set lo up mtu 65536");
        command("ip addr replace 192.0.2.1/32 dev lo");
        command("ip addr replace 2001:db8::1/128 dev lo nodad");
        wait_for_address(HOST6);
        let mtu = options.configuration.mtu;
        let (guest, tap) = std::thread::spawn(move || {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            command("ip link set lo up");
            let tap = create_tap(&interface(mtu)).unwrap();
            wait_for_address(GUEST6);
            (File::open("/proc/thread-self/ns/net").unwrap(), tap)
        })
        .join()
        .unwrap();
        Self::start(options, guest, tap)
    }

    /// A stack on an existing tap.
    pub fn start(options: Options, guest: File, tap: OwnedFd) -> Self {
        let (asks, receiver) = channel();
        let (wake, woken) = UnixStream::pair().unwrap();
        let (begun, beginning) = channel();
        let stack = std::thread::spawn(move || {
            let (services, policy) = ((options.services)(), (options.policy)());
            let mut stack = Stack::new(options.configuration, tap, services, policy).unwrap();
            let mut tester = Tester { asks: receiver, woken, begun, forwards: Vec::new() };
            stack.run(&mut tester).unwrap();
        });
        beginning.recv().unwrap();
        Self { guest, asks, wake, stack: Some(stack) }
    }

    /// Runs `body` in the guest's namespace, on a thread of its own.
    pub fn guest<T: Send + 'static>(&self, body: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        let namespace = self.guest.try_clone().unwrap();
        std::thread::spawn(move || {
            setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
            body()
        })
    }

    /// Runs `body` in the guest's namespace and waits for it.
    pub fn in_guest<T: Send + 'static>(&self, body: impl FnOnce() -> T + Send + 'static) -> T {
        self.guest(body).join().unwrap()
    }

    fn ask(&self, ask: Ask) {
        self.asks.send(ask).unwrap();
        std::io::Write::write_all(&mut &self.wake, b"!").unwrap();
    }

    /// Publishes a TCP port; the host's address that leads there.
    pub fn publish_tcp(&self, bind: impl Into<SocketAddr>, target: impl Into<SocketAddr>) -> SocketAddr {
        let listener = TcpListener::bind(bind.into()).unwrap();
        let address = listener.local_addr().unwrap();
        self.ask(Ask::Forward(Forward { protocol: Protocol::Tcp, listener: listener.into(), target: target.into() }));
        self.statistics();
        address
    }

    /// Publishes a UDP port; the host's address that leads there.
    pub fn publish_udp(&self, bind: impl Into<SocketAddr>, target: impl Into<SocketAddr>) -> SocketAddr {
        let socket = UdpSocket::bind(bind.into()).unwrap();
        let address = socket.local_addr().unwrap();
        self.ask(Ask::Forward(Forward { protocol: Protocol::Udp, listener: socket.into(), target: target.into() }));
        self.statistics();
        address
    }

    /// Withdraws all published ports.
    pub fn withdraw(&self) {
        self.ask(Ask::Withdraw);
        self.statistics();
    }

    /// What the stack holds.
    pub fn statistics(&self) -> Statistics {
        let (sender, receiver) = channel();
        self.ask(Ask::Statistics(sender));
        receiver.recv().unwrap()
    }

    /// Waits until the stack's numbers are as wanted.
    pub fn wait_until(&self, what: &str, wanted: impl Fn(&Statistics) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let statistics = self.statistics();
            if wanted(&statistics) {
                return;
            }
            assert!(Instant::now() < deadline, "{what}: {statistics:?}");
            std::thread::yield_now();
        }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        self.ask(Ask::Stop);
        self.stack.take().unwrap().join().unwrap();
    }
}

/// The guest's interface.
pub fn interface(mtu: u16) -> Interface {
    Interface {
        name: "eth0".into(),
        mac: [0x02, 0, 0, 0, 0, 2],
        mtu,
        ipv4: Some(Address4 { address: GUEST4, prefix: 16, gateway: Some(GATEWAY4) }),
        ipv6: Some(Address6 { address: GUEST6, prefix: 64, gateway: Some(GATEWAY6) }),
        more: Vec::new(),
    }
}

/// The test's hand in the stack's loop.
struct Tester {
    asks: Receiver<Ask>,
    woken: UnixStream,
    begun: Sender<()>,
    forwards: Vec<coracle::network::stack::ForwardId>,
}

impl Control for Tester {
    fn begin(&mut self, stack: &mut dyn Handle) -> Result<(), Error> {
        stack.watch(self.woken.as_fd(), 7, Interest::Read)?;
        self.begun.send(()).unwrap();
        Ok(())
    }

    fn ready(&mut self, token: u32, _: Readiness, stack: &mut dyn Handle) -> ControlFlow<()> {
        assert_eq!(token, 7);
        let mut byte = [0];
        (&self.woken).read_exact(&mut byte).unwrap();
        match self.asks.recv().unwrap() {
            Ask::Forward(forward) => self.forwards.push(stack.add_forward(forward).unwrap()),
            Ask::Withdraw => {
                for forward in self.forwards.drain(..) {
                    assert!(stack.remove_forward(forward));
                }
            }
            Ask::Statistics(sender) => sender.send(stack.statistics()).unwrap(),
            Ask::Stop => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn expired(&mut self, _: &mut dyn Handle) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
