//! The holder: the net process of a network with a name.
//!
//! It is forked by the first container's command, detached from it, and sheds its rights like every net process. In the
//! stack's event loop it answers those who join and leave. What comes over its socket is from processes of the same
//! user; what comes over the tap is hostile.

use super::Error;
use super::bridge::{self, Bridge};
use super::client::{Connection, Welcome};
use super::protocol::{Answer, LONGEST, Member, Request};
use super::rendezvous::Rendezvous;
use crate::network::dns::{self, Elsewhere, Forwarder};
use crate::network::egress::{self, Members};
use crate::network::process::sandbox;
use crate::network::settle::Settling;
use crate::network::stack::{
    self, Configuration, Control, Forward, ForwardId, Handle, Interest, Protocol, Readiness, Services, Stack,
};
use crate::store::networks::{Lease, Networks};
use crate::sys::memory::ProgramCode;
use crate::sys::message;
use crate::sys::process::{Fork, NewNamespaces, close_all_except, exit_now, fork_into};
use rustix::net::{SocketFlags, accept_with};
use std::cell::RefCell;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::ops::ControlFlow;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::rc::Rc;
use std::time::Instant;

/// Tokens of watched descriptors; connections and members have those from [`FIRST`] on.
const LISTENER: u32 = 0;
const NAMES: u32 = 1;
const FIRST: u32 = 2;

/// What a holder is told before it is forked.
#[derive(Debug)]
pub struct Settings {
    /// The bridge's name.
    pub bridge: String,
    /// Of the stack.
    pub configuration: Configuration,
    /// Of the forwarder on the gateway's address.
    pub dns: dns::Settings,
    /// Containers are answered by name.
    pub has_names: bool,
    /// The store's networks, and the name of this one: a container on several knows the names of all.
    pub networks: Networks,
    /// Its name.
    pub name: String,
}

/// Makes the bridge and starts its holder, with a first connection to it. The caller has one thread and the network's
/// lock; there must be no other holder.
///
/// # Errors
/// The kernel has no bridges or taps for this user, or no room for more namespaces.
pub fn start(settings: Settings, place: &Rendezvous) -> Result<Welcome, Error> {
    let bridge = bridge::make(&settings.bridge, settings.configuration.mtu)?;
    let listener = place.listen()?;
    let (own, other) = message::pair().map_err(Error::step("connect to the network's process"))?;
    // Forked twice: the holder is nobody's child that would have to wait for it.
    match fork_into(NewNamespaces::empty()).map_err(Error::step("start the network's process"))? {
        Fork::Child => match fork_into(NewNamespaces::empty()) {
            Ok(Fork::Child) => become_holder(settings, bridge, listener, other),
            Ok(Fork::Parent { .. }) => exit_now(0),
            Err(_) => exit_now(1),
        },
        Fork::Parent { pidfd, .. } => {
            bridge::wait_for(&pidfd);
            drop((bridge, listener, other));
            Connection::new(own).hello()
        }
    }
}

/// The life of the child. What goes wrong shows in its end.
fn become_holder(settings: Settings, bridge: Bridge, listener: OwnedFd, first: OwnedFd) -> ! {
    let _ = rustix::thread::set_name(c"coracle-net"); // only cosmetic
    let _ = rustix::process::setsid(); // a fresh fork leads no group, so this cannot fail
    let _ = rustix::process::chdir("/"); // no directory is kept from being unmounted
    let keep = [&bridge.tap, &bridge.route, &listener, &first].map(AsRawFd::as_raw_fd);
    let silenced = sandbox::silence();
    close_all_except(if silenced.is_ok() { 3 } else { 0 }, &keep);
    let code = ProgramCode::find();
    let run = || -> Result<(), ()> {
        silenced.map_err(drop)?;
        sandbox::enter(&settings.dns).map_err(drop)?;
        let guarded = Members::default();
        let sides = &settings.configuration;
        let gateways = [sides.ipv4.map(|side| side.gateway.into()), sides.ipv6.map(|side| side.gateway.into())];
        let mut forwarder = Forwarder::new(&settings.dns, Box::new(guarded.clone())).map_err(drop)?;
        forwarder.look_elsewhere(Box::new(OtherNetworks { networks: settings.networks, own: settings.name }));
        let names = Rc::new(RefCell::new(forwarder));
        let gateway = Gateway { names: Rc::clone(&names) };
        let policy = Box::new(guarded.clone());
        let mut stack = Stack::new(settings.configuration, bridge.tap, Box::new(gateway), policy).map_err(drop)?;
        let mut node = Node {
            listener,
            route: bridge.route,
            names,
            guarded,
            gateways: gateways.into_iter().flatten().collect(),
            has_names: settings.has_names,
            first: Some(first),
            connections: HashMap::new(),
            members: HashMap::new(),
            next_token: FIRST,
            settling: Settling::begin(code),
        };
        stack.run(&mut node).map_err(drop)
    };
    exit_now(i32::from(run().is_err()))
}

/// The gateway's services: names.
struct Gateway {
    names: Rc<RefCell<Forwarder>>,
}

impl Services for Gateway {
    fn tcp(&mut self, port: u16, client: SocketAddr) -> Option<OwnedFd> {
        (port == dns::PORT).then(|| self.names.borrow_mut().stream_of(client.ip(), Instant::now())).flatten()
    }

    fn udp(&mut self, port: u16, client: SocketAddr) -> Option<OwnedFd> {
        (port == dns::PORT).then(|| self.names.borrow_mut().datagrams_of(client.ip())).flatten()
    }
}

/// Names on other networks of the container that asks, as their leases have them at the moment.
struct OtherNetworks {
    networks: Networks,
    own: String,
}

impl Elsewhere for OtherNetworks {
    fn names(&mut self, client: IpAddr) -> Vec<(String, IpAddr)> {
        let is_client = |lease: &Lease| lease.addresses.iter().any(|leased| leased.address == client);
        let own = self.networks.written_leases(&self.own);
        let others = own.into_iter().find(is_client).map(|lease| lease.others).unwrap_or_default();
        let of_lease = |lease: Lease| {
            let pairs =
                lease.names.iter().flat_map(|name| lease.addresses.iter().map(|leased| (name.clone(), leased.address)));
            pairs.collect::<Vec<_>>()
        };
        others.iter().flat_map(|other| self.networks.written_leases(other)).flat_map(of_lease).collect()
    }
}

/// A container on the network.
struct Present {
    member: Member,
    /// Ready for reading when the process it lives as long as has ended.
    process: OwnedFd,
    forwards: Vec<ForwardId>,
}

/// The rest of the process in the stack's event loop.
struct Node {
    listener: OwnedFd,
    route: OwnedFd,
    names: Rc<RefCell<Forwarder>>,
    guarded: Members,
    gateways: Vec<IpAddr>,
    has_names: bool,
    first: Option<OwnedFd>,
    connections: HashMap<u32, OwnedFd>,
    members: HashMap<u32, Present>,
    next_token: u32,
    settling: Settling,
}

impl Node {
    fn token(&mut self) -> u32 {
        let token = self.next_token;
        self.next_token = self.next_token.checked_add(1).unwrap_or(FIRST);
        token
    }

    /// Takes a connection on; one that cannot be watched is closed.
    fn connect(&mut self, socket: OwnedFd, stack: &mut dyn Handle) {
        let token = self.token();
        if stack.watch(socket.as_fd(), token, Interest::Read).is_ok() {
            self.connections.insert(token, socket);
        }
    }

    fn accept(&mut self, stack: &mut dyn Handle) {
        while let Ok(socket) = accept_with(&self.listener, SocketFlags::CLOEXEC) {
            self.connect(socket, stack);
        }
    }

    /// One request of a connection, or its end.
    fn hear(&mut self, token: u32, stack: &mut dyn Handle) {
        let received = self.connections.get(&token).and_then(|socket| message::receive(socket, LONGEST).ok().flatten());
        let parsed = received.and_then(|received| {
            let mut descriptors = received.descriptors.into_iter();
            let sent = (descriptors.next(), descriptors.next());
            Some((serde_json::from_slice::<Request>(&received.bytes).ok()?, sent))
        });
        let Some((request, sent)) = parsed else {
            if let Some(socket) = self.connections.remove(&token) {
                let _ = stack.unwatch(socket.as_fd()); // closing it does the same
            }
            return;
        };
        let answer = self.obey(request, sent, stack);
        let is_welcome = matches!(answer, Answer::Welcome { .. });
        let descriptors = if is_welcome { vec![self.route.as_fd()] } else { Vec::new() };
        if let (Some(socket), Ok(bytes)) = (self.connections.get(&token), serde_json::to_vec(&answer)) {
            let _ = message::send(socket, &bytes, &descriptors); // who asked may be gone
        }
    }

    fn obey(
        &mut self,
        request: Request,
        (descriptor, log): (Option<OwnedFd>, Option<OwnedFd>),
        stack: &mut dyn Handle,
    ) -> Answer {
        match (request, descriptor) {
            (Request::Hello, _) => Answer::Welcome { pid: rustix::process::getpid().as_raw_nonzero().get() },
            (Request::Join(member), Some(process)) => {
                self.remove_container(&member.container, stack);
                self.add_member(member, (process, log), stack)
            }
            (Request::Publish { container, is_tcp, target }, Some(listener)) => {
                let protocol = if is_tcp { Protocol::Tcp } else { Protocol::Udp };
                self.publish(&container, Forward { protocol, listener, target }, stack)
            }
            (Request::Leave { container }, _) => {
                self.remove_container(&container, stack);
                Answer::Done
            }
            (Request::Join(_) | Request::Publish { .. }, None) => Answer::Refused("was sent no descriptor".to_owned()),
        }
    }

    fn add_member(
        &mut self,
        member: Member,
        (process, log): (OwnedFd, Option<OwnedFd>),
        stack: &mut dyn Handle,
    ) -> Answer {
        let token = self.token();
        if let Err(error) = stack.watch(process.as_fd(), token, Interest::Read) {
            return Answer::Refused(format!("cannot watch the container: {error}"));
        }
        self.each_name(&member, Forwarder::add_name);
        let servers: Vec<SocketAddr> = member.servers.iter().map(|server| (*server, dns::PORT).into()).collect();
        for address in &member.addresses {
            self.names.borrow_mut().set_servers(*address, &servers);
        }
        let rules = member.rules.clone().map(|rules| egress::Settings { rules, host: self.gateways.clone(), log });
        self.guarded.add(&member.addresses, rules.map(egress::Settings::begin));
        self.members.insert(token, Present { member, process, forwards: Vec::new() });
        Answer::Done
    }

    fn each_name(&self, member: &Member, change: fn(&mut Forwarder, &str, std::net::IpAddr)) {
        if !self.has_names {
            return;
        }
        let mut names = self.names.borrow_mut();
        for name in &member.names {
            for address in &member.addresses {
                change(&mut names, name, *address);
            }
        }
    }

    fn publish(&mut self, container: &str, forward: Forward, stack: &mut dyn Handle) -> Answer {
        let Some(present) = self.members.values_mut().find(|present| present.member.container == container) else {
            return Answer::Refused("does not know the container".to_owned());
        };
        match stack.add_forward(forward) {
            Ok(forward) => {
                present.forwards.push(forward);
                Answer::Done
            }
            Err(error) => Answer::Refused(format!("cannot publish a port: {error}")),
        }
    }

    fn remove_container(&mut self, container: &str, stack: &mut dyn Handle) {
        let of_container = |(_, present): &(&u32, &Present)| present.member.container == container;
        if let Some(token) = self.members.iter().find(of_container).map(|(token, _)| *token) {
            self.remove_member(token, stack);
        }
    }

    fn remove_member(&mut self, token: u32, stack: &mut dyn Handle) {
        let Some(present) = self.members.remove(&token) else { return };
        let _ = stack.unwatch(present.process.as_fd()); // closing it does the same
        for forward in present.forwards {
            stack.remove_forward(forward);
        }
        self.each_name(&present.member, Forwarder::remove_name);
        for address in &present.member.addresses {
            self.names.borrow_mut().set_servers(*address, &[]);
        }
        self.guarded.remove(&present.member.addresses);
        // Two containers may share an alias: those that stay keep their names.
        let stay: Vec<Member> = self.members.values().map(|present| present.member.clone()).collect();
        stay.iter().for_each(|member| self.each_name(member, Forwarder::add_name));
    }

    /// Whether anybody uses the network or is about to.
    fn is_used(&mut self, stack: &mut dyn Handle) -> ControlFlow<()> {
        if self.members.is_empty() && self.connections.is_empty() {
            self.accept(stack);
        }
        match self.members.is_empty() && self.connections.is_empty() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

impl Control for Node {
    fn begin(&mut self, stack: &mut dyn Handle) -> Result<(), stack::Error> {
        let _ = rustix::io::ioctl_fionbio(&self.listener, true); // it is only accepted from when there is something
        stack.watch(self.listener.as_fd(), LISTENER, Interest::Read)?;
        stack.watch(self.names.borrow().descriptor(), NAMES, Interest::Read)?;
        if let Some(first) = self.first.take() {
            self.connect(first, stack);
        }
        Ok(())
    }

    fn ready(&mut self, token: u32, _readiness: Readiness, stack: &mut dyn Handle) -> ControlFlow<()> {
        match token {
            LISTENER => self.accept(stack),
            NAMES => self.names.borrow_mut().ready(Instant::now()),
            token if self.members.contains_key(&token) => self.remove_member(token, stack),
            token => self.hear(token, stack),
        }
        self.is_used(stack)
    }

    fn deadline(&self) -> Option<Instant> {
        self.settling.deadline(self.names.borrow().deadline())
    }

    fn expired(&mut self, _stack: &mut dyn Handle) -> ControlFlow<()> {
        let now = Instant::now();
        self.names.borrow_mut().expired(now);
        self.settling.expired(now);
        ControlFlow::Continue(())
    }
}
