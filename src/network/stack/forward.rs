//! Published ports: the host's listening sockets and what arrives on them.

use super::configuration::{Forward, Protocol};
use super::control::ForwardId;
use super::core::{Core, Token};
use super::error::Error;
use super::slab::Id;
use super::timers::Timer;
use super::{tcp, udp};
use rustix::event::epoll::{self, EventFlags};
use rustix::io::Errno;
use rustix::net::SocketFlags;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};

/// Connections that wait to be accepted (`listen(2)`; the kernel cuts it to `net.core.somaxconn`).
const BACKLOG: i32 = 4096;

/// Most connections taken in one turn.
const TURN: usize = 64;

/// How long nobody is accepted after the process has run out of descriptors, milliseconds.
const PAUSE: u64 = 100;

/// A published port.
#[derive(Debug)]
enum Port {
    /// A listening socket and where its clients go.
    Tcp(OwnedFd, SocketAddr),
    /// A socket in the table of UDP flows.
    Udp(Id),
}

/// The published ports.
#[derive(Debug, Default)]
pub struct Forwards {
    ports: HashMap<u32, Port>,
    next: u32,
}

impl Forwards {
    /// Number of ports.
    pub fn len(&self) -> usize {
        self.ports.len()
    }

    /// Publishes a port.
    pub fn add(&mut self, core: &mut Core, udp: &mut udp::Table, forward: Forward) -> Result<ForwardId, Error> {
        let number = self.next;
        let Forward { protocol, listener, target } = forward;
        let port = match protocol {
            Protocol::Tcp => listen(core, number, &listener).map(|()| Port::Tcp(listener, target)),
            Protocol::Udp => udp.publish(core, listener, target).map(Port::Udp),
            Protocol::Icmp => return Err(Error::NotPublishable),
        };
        let port = port.map_err(|errno| Error::Forward { protocol, target, source: errno.into() })?;
        self.ports.insert(number, port);
        self.next = self.next.wrapping_add(1);
        Ok(ForwardId(number))
    }

    /// Withdraws a port; `false` when there is none of that name.
    pub fn remove(&mut self, core: &mut Core, udp: &mut udp::Table, id: ForwardId) -> bool {
        match self.ports.remove(&id.0) {
            Some(Port::Tcp(listener, _)) => {
                // Closing it would do the same, unless the caller kept a duplicate.
                let _ = epoll::delete(core.poll(), &listener);
                true
            }
            Some(Port::Udp(socket)) => udp.withdraw(core, socket),
            None => false,
        }
    }

    /// Clients wait at a TCP port.
    pub fn accept(&self, core: &mut Core, tcp: &mut tcp::Table, number: u32) {
        let Some(Port::Tcp(listener, target)) = self.ports.get(&number) else { return };
        for _ in 0..TURN {
            let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
            let (socket, client) = match rustix::net::acceptfrom_with(listener, flags) {
                Ok(accepted) => accepted,
                Err(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
                    return pause(core, number, listener);
                }
                // A client that gave up: the next event tells of the rest.
                Err(_) => return,
            };
            if let Some(client) = client.and_then(|client| SocketAddr::try_from(client).ok()) {
                tcp.accept(core, socket, client, *target);
            }
        }
    }

    /// Takes clients of a port again.
    pub fn resume(&self, core: &mut Core, number: u32) {
        let Some(Port::Tcp(listener, _)) = self.ports.get(&number) else { return };
        if core.rewatch(listener.as_fd(), Token::Forward(number), EventFlags::IN).is_err() {
            core.timers.arm(core.now + PAUSE, Timer::Accept(number));
        }
    }
}

/// Nothing is left to accept a client with; it waits in the kernel, and asking again at once would only burn time.
fn pause(core: &mut Core, number: u32, listener: &OwnedFd) {
    let _ = core.rewatch(listener.as_fd(), Token::Forward(number), EventFlags::empty()); // then it is asked sooner
    core.timers.arm(core.now + PAUSE, Timer::Accept(number));
}

fn listen(core: &Core, number: u32, listener: &OwnedFd) -> rustix::io::Result<()> {
    rustix::io::ioctl_fionbio(listener, true)?;
    rustix::net::listen(listener, BACKLOG)?;
    core.watch(listener.as_fd(), Token::Forward(number), EventFlags::IN)
}
