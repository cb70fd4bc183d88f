//! What lives in the net process: the stack, the forwarder as the gateway's service, and the control socket.

use super::Settings;
use super::control::{self, Message, Statistics};
use crate::network::dns::{self, Forwarder, Open, Screen};
use crate::network::egress::{EgressPolicy, EgressScreen};
use crate::network::settle::Settling;
use crate::network::stack::{
    AllowAll, Control, Error, Forward, ForwardId, Handle, Interest, Policy, Protocol, Readiness, Services, Stack,
};
use crate::sys::memory::ProgramCode;
use crate::sys::message;
use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::Instant;

/// Tokens of watched descriptors.
const CONTROL: u32 = 0;
const NAMES: u32 = 1;

/// Runs a network until its control socket closes, or fails.
pub(super) fn run(settings: Settings, socket: OwnedFd, tap: OwnedFd, code: ProgramCode) -> Result<(), Error> {
    let (screen, policy): (Box<dyn Screen>, Box<dyn Policy>) = match settings.egress {
        Some(egress) => {
            let egress = Rc::new(RefCell::new(egress.begin()));
            (Box::new(EgressScreen(Rc::clone(&egress))), Box::new(EgressPolicy::new(egress)))
        }
        None => (Box::new(Open), Box::new(AllowAll)),
    };
    let forwarder = Forwarder::new(&settings.dns, screen).map_err(|error| Error::Poll(error.into()))?;
    let names = Rc::new(RefCell::new(forwarder));
    let gateway = Gateway { names: Rc::clone(&names) };
    let mut stack = Stack::new(settings.configuration, tap, Box::new(gateway), policy)?;
    let mut node = Node {
        socket,
        names,
        first_forwards: settings.forwards,
        forwards: Vec::new(),
        settling: Settling::begin(code),
    };
    stack.run(&mut node)
}

/// The gateway's services: names.
struct Gateway {
    names: Rc<RefCell<Forwarder>>,
}

impl Services for Gateway {
    fn tcp(&mut self, port: u16, _client: SocketAddr) -> Option<OwnedFd> {
        (port == dns::PORT).then(|| self.names.borrow_mut().stream(Instant::now())).flatten()
    }

    fn udp(&mut self, port: u16, _client: SocketAddr) -> Option<OwnedFd> {
        (port == dns::PORT).then(|| self.names.borrow_mut().datagrams()).flatten()
    }
}

/// The rest of the process in the stack's event loop.
struct Node {
    socket: OwnedFd,
    names: Rc<RefCell<Forwarder>>,
    first_forwards: Vec<Forward>,
    forwards: Vec<(IpAddr, ForwardId)>,
    settling: Settling,
}

impl Node {
    fn obey(&mut self, message: Message, descriptor: Option<OwnedFd>, stack: &mut dyn Handle) {
        match (message, descriptor) {
            (Message::AddForward { is_tcp, target }, Some(listener)) => {
                let protocol = if is_tcp { Protocol::Tcp } else { Protocol::Udp };
                // The sender has bound the socket; a stack that has no room for more ports says so in its statistics.
                let _ = self.publish(Forward { protocol, listener, target }, stack);
            }
            (Message::RemoveForwards { address }, _) => {
                let (gone, kept) = std::mem::take(&mut self.forwards).into_iter().partition(|(of, _)| *of == address);
                self.forwards = kept;
                for (_, forward) in Vec::<(IpAddr, ForwardId)>::from_iter::<Vec<_>>(gone) {
                    stack.remove_forward(forward);
                }
            }
            (Message::AddName { name, address }, _) => self.names.borrow_mut().add_name(&name, address),
            (Message::RemoveName { name, address }, _) => self.names.borrow_mut().remove_name(&name, address),
            (Message::Statistics, _) => {
                let answer = serde_json::to_vec(&Statistics::from(stack.statistics())).unwrap_or_default();
                let _ = message::send(&self.socket, &answer, &[]); // who asked may be gone
            }
            (Message::Tap | Message::AddForward { .. }, _) => {}
        }
    }

    fn publish(&mut self, forward: Forward, stack: &mut dyn Handle) -> Result<(), Error> {
        let address = forward.target.ip();
        let forward = stack.add_forward(forward)?;
        self.forwards.push((address, forward));
        Ok(())
    }
}

impl Control for Node {
    fn begin(&mut self, stack: &mut dyn Handle) -> Result<(), Error> {
        stack.watch(self.socket.as_fd(), CONTROL, Interest::Read)?;
        stack.watch(self.names.borrow().descriptor(), NAMES, Interest::Read)?;
        for forward in std::mem::take(&mut self.first_forwards) {
            self.publish(forward, stack)?;
        }
        Ok(())
    }

    fn ready(&mut self, token: u32, _readiness: Readiness, stack: &mut dyn Handle) -> ControlFlow<()> {
        match token {
            NAMES => self.names.borrow_mut().ready(Instant::now()),
            _ => match control::receive(&self.socket) {
                Some((message, descriptor)) => self.obey(message, descriptor, stack),
                None => {
                    // Ports first: whoever holds the other end waits for them.
                    for (_, forward) in std::mem::take(&mut self.forwards) {
                        stack.remove_forward(forward);
                    }
                    let _ = rustix::net::shutdown(&self.socket, rustix::net::Shutdown::Both); // the other end may be gone
                    return ControlFlow::Break(());
                }
            },
        }
        ControlFlow::Continue(())
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
