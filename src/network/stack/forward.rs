//! Published ports: the host's listening sockets and what arrives on them.

use super::configuration::{Forward, Protocol};
use super::control::ForwardId;
use super::core::{Core, Token};
use super::error::Error;
use super::tcp;
use rustix::event::epoll::{self, EventFlags};
use rustix::net::SocketFlags;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::os::fd::AsFd;

/// Connections that wait to be accepted (`listen(2)`; the kernel cuts it to `net.core.somaxconn`).
const BACKLOG: i32 = 4096;

/// Most connections taken in one turn.
const TURN: usize = 64;

/// The published ports.
#[derive(Debug, Default)]
pub struct Forwards {
    ports: HashMap<u32, Forward>,
    next: u32,
}

impl Forwards {
    /// Number of ports.
    pub fn len(&self) -> usize {
        self.ports.len()
    }

    /// A port by its number.
    pub fn get(&self, number: u32) -> Option<&Forward> {
        self.ports.get(&number)
    }

    /// Publishes a port.
    pub fn add(&mut self, core: &Core, forward: Forward) -> Result<ForwardId, Error> {
        let number = self.next;
        let failed =
            |source: std::io::Error| Error::Forward { protocol: forward.protocol, target: forward.target, source };
        rustix::io::ioctl_fionbio(&forward.listener, true).map_err(|errno| failed(errno.into()))?;
        if forward.protocol == Protocol::Tcp {
            rustix::net::listen(&forward.listener, BACKLOG).map_err(|errno| failed(errno.into()))?;
        }
        core.watch(forward.listener.as_fd(), Token::Forward(number), EventFlags::IN)
            .map_err(|errno| failed(errno.into()))?;
        self.ports.insert(number, forward);
        self.next = self.next.wrapping_add(1);
        Ok(ForwardId(number))
    }

    /// Withdraws a port.
    pub fn remove(&mut self, core: &Core, id: ForwardId) -> Option<Forward> {
        let forward = self.ports.remove(&id.0)?;
        // Closing it would do the same, unless the caller kept a duplicate.
        let _ = epoll::delete(core.poll(), &forward.listener);
        Some(forward)
    }

    /// Clients wait at a TCP port.
    pub fn accept(&self, core: &mut Core, tcp: &mut tcp::Table, number: u32) {
        let Some(forward) = self.ports.get(&number) else { return };
        for _ in 0..TURN {
            let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
            // A client that gave up, or no descriptor left: the next event tells of the rest.
            let Ok((socket, client)) = rustix::net::acceptfrom_with(&forward.listener, flags) else { return };
            if let Some(client) = client.and_then(|client| SocketAddr::try_from(client).ok()) {
                tcp.accept(core, socket, client, forward.target);
            }
        }
    }
}
