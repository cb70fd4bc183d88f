//! What is done with each call.

use super::address::{Inside, Passed, parse, port_of};
use super::caller::Caller;
use super::options::{copy, network_of, tcp_family};
use super::pending::{Pending, Waiting, hand_over};
use crate::network::egress::log::{Line, Outcome};
use crate::network::egress::{Egress, Target, Transport};
use crate::sys::notify::{self, Answer, Notification};
use crate::sys::socket_option;
use jiff::Timestamp;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, socket_with};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// Up to this many, all descriptors of a process are asked; of more, only its epoll sets, whose list is kept for a while.
const FEW_DESCRIPTORS: usize = 128;
/// How long the list of a process's epoll sets is believed.
const EPOLLS_HOLD: Duration = Duration::from_secs(1);
/// Most processes whose epoll sets are remembered, and most descriptors of one that are looked through.
const MOST_PROCESSES: usize = 256;
const MOST_DESCRIPTORS: usize = 4096;

/// Answers calls, by these rules.
#[derive(Debug)]
pub(super) struct Handler {
    pub listener: OwnedFd,
    /// Network namespace of this process, and so of sockets that were handed in.
    pub host_network: u64,
    pub inside: Inside,
    pub egress: Option<Egress>,
    pub waiting: Waiting,
    pub epolls: HashMap<i32, (Instant, Vec<i32>)>,
}

/// A call's end, or nothing while its caller waits.
type Outcomes = Result<Option<Answer>, Errno>;

impl Handler {
    /// Takes one call and answers it, unless it has to wait.
    pub fn handle(&mut self) {
        let Ok(call) = notify::receive(&self.listener) else { return };
        let answer = match self.decide(call) {
            Ok(None) => return,
            Ok(Some(answer)) => answer,
            Err(error) => Answer::Failure(error),
        };
        let _ = notify::answer(&self.listener, call.id, answer); // the caller was killed or interrupted
    }

    fn decide(&mut self, call: Notification) -> Outcomes {
        match libc::c_long::from(call.number) {
            libc::SYS_connect => self.connect(call),
            libc::SYS_bind => self.bind(call),
            libc::SYS_listen => self.listen(call),
            _ => Ok(Some(Answer::Failure(Errno::NOSYS))),
        }
    }

    /// TCP sockets are connected here; what is let through cannot connect one (see the folder's documentation).
    fn connect(&mut self, call: Notification) -> Outcomes {
        let caller = Caller { listener: &self.listener, call };
        let Passed::Internet(address) = parse(&caller.address()?) else { return Ok(Some(Answer::Continue)) };
        let own = caller.file()?;
        let Some(family) = tcp_family(own.as_fd()) else { return Ok(Some(Answer::Continue)) };
        if self.waiting.resume(&self.listener, call.id, (call.thread, caller.number()), address) {
            return Ok(None);
        }
        if network_of(own.as_fd()) == Some(self.host_network) {
            // Handed in before: only to where it could go again.
            if !self.may_leave(address) {
                return Err(Errno::ADDRNOTAVAIL);
            }
            return self.connect_own(call, own, address);
        }
        if self.may_leave(address) && is_unbound(&own) && !self.is_watched(call) {
            return self.connect_outside(call, own, family, address);
        }
        self.connect_own(call, own, address)
    }

    fn may_leave(&self, address: SocketAddr) -> bool {
        let target = target(address);
        !self.inside.contains(target.address)
            && self.egress.as_ref().is_none_or(|egress| egress.rules().allow_address(&target))
    }

    /// Connects the caller's own socket, in its own network.
    fn connect_own(&mut self, call: Notification, own: OwnedFd, address: SocketAddr) -> Outcomes {
        let flags = fcntl_getfl(&own)?;
        let blocks = !flags.contains(OFlags::NONBLOCK);
        if blocks {
            // The flag belongs to the socket, not to this descriptor; it is set for this one call.
            fcntl_setfl(&own, flags | OFlags::NONBLOCK)?;
        }
        let result = rustix::net::connect(&own, &address);
        if blocks {
            fcntl_setfl(&own, flags)?;
        }
        match result {
            Ok(()) => Ok(Some(Answer::Success)),
            Err(Errno::INPROGRESS | Errno::ALREADY) if blocks => {
                let deadline = deadline(&own);
                self.wait(Pending { takes_place: None, deadline, ..pending(call, own, address) })
            }
            Err(error) => Err(error),
        }
    }

    /// Connects a socket of the host, which takes the place of the caller's own.
    fn connect_outside(&mut self, call: Notification, own: OwnedFd, family: i32, address: SocketAddr) -> Outcomes {
        let family = if family == libc::AF_INET { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))?;
        copy(own.as_fd(), socket.as_fd());
        let caller = Caller { listener: &self.listener, call };
        let (number, closes_on_exec) = (caller.number(), caller.closes_on_exec());
        let flags = fcntl_getfl(&own)?;
        let result = rustix::net::connect(&socket, &address);
        match result {
            Ok(()) | Err(Errno::INPROGRESS) => self.note(address),
            Err(error) => return Err(error),
        }
        if result.is_err() && !flags.contains(OFlags::NONBLOCK) {
            let deadline = deadline(&own);
            let waiting = Pending { takes_place: Some(closes_on_exec), deadline, ..pending(call, socket, address) };
            return self.wait(waiting);
        }
        hand_over(&self.listener, call.id, (number, closes_on_exec), &socket, flags)?;
        result.map(|()| Some(Answer::Success))
    }

    fn wait(&mut self, pending: Pending) -> Outcomes {
        if self.waiting.add(&self.listener, pending) { Ok(None) } else { Err(Errno::NOBUFS) }
    }

    /// TCP sockets are bound here; what is let through cannot bind one.
    fn bind(&mut self, call: Notification) -> Outcomes {
        let caller = Caller { listener: &self.listener, call };
        let Passed::Internet(address) = parse(&caller.address()?) else { return Ok(Some(Answer::Continue)) };
        let own = caller.file()?;
        if tcp_family(own.as_fd()).is_none() {
            return Ok(Some(Answer::Continue));
        }
        if network_of(own.as_fd()) == Some(self.host_network) {
            return Err(Errno::INVAL);
        }
        rustix::net::bind(&own, &address)?;
        Ok(Some(Answer::Success))
    }

    /// Never let through: a host socket that is not connected any more would listen on a port of the host.
    fn listen(&mut self, call: Notification) -> Outcomes {
        let own = Caller { listener: &self.listener, call }.file()?;
        if tcp_family(own.as_fd()).is_some() && network_of(own.as_fd()) == Some(self.host_network) {
            return Err(Errno::OPNOTSUPP);
        }
        rustix::net::listen(&own, call.arguments[1] as i32)?;
        Ok(Some(Answer::Success))
    }

    /// Whether the caller has its socket in an epoll set already, where another could not take its place.
    fn is_watched(&mut self, call: Notification) -> bool {
        let Ok(process) = (Caller { listener: &self.listener, call }).leader() else { return true };
        let process = process.as_raw_nonzero().get();
        let number = call.arguments[0] as i32;
        let open = descriptors_of(process);
        if open.len() <= FEW_DESCRIPTORS {
            // Asking whether a file that is no epoll set watches the socket costs less than finding out what it is.
            return open.iter().any(|epoll| notify::is_registered(process, number, *epoll));
        }
        let now = Instant::now();
        if self.epolls.get(&process).is_none_or(|(since, _)| now.duration_since(*since) > EPOLLS_HOLD) {
            if self.epolls.len() >= MOST_PROCESSES {
                self.epolls.clear();
            }
            self.epolls.insert(process, (now, open.into_iter().filter(|number| is_epoll(process, *number)).collect()));
        }
        let epolls = self.epolls.get(&process).map(|(_, epolls)| epolls.as_slice()).unwrap_or_default();
        epolls.iter().any(|epoll| notify::is_registered(process, number, *epoll))
    }

    fn note(&mut self, address: SocketAddr) {
        let Some(egress) = &mut self.egress else { return };
        let target = target(address);
        egress.write(&Line {
            time: Timestamp::now(),
            protocol: target.transport.into(),
            name: None,
            address: Some(target.address),
            port: Some(target.port),
            verdict: Outcome::Allowed,
            bytes_sent: None,
            bytes_received: None,
        });
    }
}

fn target(address: SocketAddr) -> Target {
    Target { transport: Transport::Tcp, address: address.ip().to_canonical(), port: address.port() }
}

fn pending(call: Notification, socket: OwnedFd, address: SocketAddr) -> Pending {
    let caller = (call.thread, call.arguments[0] as i32);
    Pending { id: call.id, caller, address, socket, takes_place: None, deadline: None }
}

/// When the caller no longer wants to wait (`SO_SNDTIMEO`, socket(7)).
fn deadline(socket: &OwnedFd) -> Option<Instant> {
    let limit = socket_option::get(socket, libc::SOL_SOCKET, libc::SO_SNDTIMEO).ok()?;
    Instant::now().checked_add(limit.duration()?)
}

/// Whether a socket has no port yet: neither bound nor connecting.
fn is_unbound(socket: &OwnedFd) -> bool {
    rustix::net::getsockname(socket).is_ok_and(|name| port_of(&name) == 0)
}

/// The descriptors of a process.
fn descriptors_of(process: i32) -> Vec<i32> {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{process}/fd")) else { return Vec::new() };
    let numbers = entries.flatten().take(MOST_DESCRIPTORS);
    numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn is_epoll(process: i32, number: i32) -> bool {
    let link = std::fs::read_link(format!("/proc/{process}/fd/{number}"));
    link.is_ok_and(|link| link.as_os_str() == "anon_inode:[eventpoll]")
}
