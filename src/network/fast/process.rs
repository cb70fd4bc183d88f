//! The process that answers the container's calls: a child of the keeper, in the host's network namespace.
//!
//! It waits for the listener's descriptor on its control socket, and lives until that socket closes or nobody is left
//! under the filter. It has no capability of its own; that it may look into the container's processes comes from being
//! the same user in the namespace above theirs (ptrace(2), "Ptrace access mode checking"). It may make few system calls
//! ([`MAY`]), and ends at once where that cannot be had.

use super::address::Inside;
use super::call::Handler;
use super::options::network_of;
use super::pending::Waiting;
use crate::network::egress;
use crate::network::process::sandbox::{self, Further};
use crate::sys::process::{Fork, NewNamespaces, close_all_except, exit_now, fork_into};
use crate::sys::{message, notify};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use std::collections::HashMap;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// What comes with the listener: whether the process ends with its parent.
const WITH_PARENT: &[u8] = b"parent";
const ON_ITS_OWN: &[u8] = b"alone";

/// What it needs beyond sockets: to look into callers, to answer them, to compare their epoll sets.
const MAY: Further = Further {
    calls: &[
        libc::SYS_process_vm_readv,
        libc::SYS_pidfd_open,
        libc::SYS_pidfd_getfd,
        libc::SYS_kcmp,
        libc::SYS_getdents64,
        libc::SYS_readlinkat,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_readlink,
    ],
    requests: notify::REQUESTS,
};

/// What the process is told.
#[derive(Debug, Default)]
pub struct Settings {
    /// Networks the container reaches itself.
    pub inside: Inside,
    /// Egress rules, if any.
    pub egress: Option<egress::Settings>,
}

/// The process, seen from its parent.
#[derive(Debug)]
pub struct Calls {
    /// Its control socket; it ends when this is closed.
    pub control: OwnedFd,
}

impl Calls {
    /// Gives it the listener.
    ///
    /// # Errors
    /// `PIPE` when it has died.
    pub fn serve(&self, listener: &OwnedFd) -> rustix::io::Result<()> {
        message::send(&self.control, WITH_PARENT, &[listener.as_fd()])
    }

    /// The same, but it lives for as long as anybody is under the listener's filter, whatever becomes of its parent.
    ///
    /// # Errors
    /// As [`Calls::serve`].
    pub fn serve_on(&self, listener: &OwnedFd) -> rustix::io::Result<()> {
        message::send(&self.control, ON_ITS_OWN, &[listener.as_fd()])
    }
}

/// Forks the process. The caller must have one thread.
///
/// # Errors
/// What `socketpair(2)` and `fork(2)` give.
pub fn start(settings: Settings) -> rustix::io::Result<Calls> {
    let (control, inside) = message::pair()?;
    match fork_into(NewNamespaces::empty())? {
        Fork::Parent { .. } => Ok(Calls { control }),
        Fork::Child => {
            drop(control);
            let log = settings.egress.iter().filter_map(|egress| egress.log.as_ref()).map(AsRawFd::as_raw_fd);
            let kept: Vec<i32> = log.chain([inside.as_raw_fd()]).collect();
            if sandbox::silence().is_err() {
                exit_now(1);
            }
            close_all_except(3, &kept);
            let _ = rustix::thread::set_name(c"coracle-fast"); // only cosmetic
            let _ = rustix::process::setsid(); // signals of a terminal are for the container
            run(&inside, settings);
            exit_now(0)
        }
    }
}

fn run(control: &OwnedFd, settings: Settings) {
    if sandbox::enter_beside_others(MAY).is_err() {
        return; // whoever hands a listener over learns that nobody is here
    }
    let Some(host_network) = host_network() else { return };
    let Ok(Some(message)) = message::receive(control, 64) else { return };
    let Some(listener) = message.descriptors.into_iter().next() else { return };
    let parent = (message.bytes == WITH_PARENT).then_some(control);
    let mut handler = Handler {
        listener,
        host_network,
        inside: settings.inside,
        egress: settings.egress.map(egress::Settings::begin),
        waiting: Waiting::default(),
        epolls: HashMap::new(),
    };
    while turn(parent, &mut handler) {}
}

/// Waits for one event and handles it; `false` at the end.
fn turn(parent: Option<&OwnedFd>, handler: &mut Handler) -> bool {
    let timeout = handler.waiting.deadline().map(until);
    let mut watched = vec![PollFd::new(&handler.listener, PollFlags::IN)];
    watched.extend(parent.map(|parent| PollFd::new(parent, PollFlags::IN)));
    let own = watched.len();
    handler.waiting.watch(&mut watched);
    let polled = poll(&mut watched, timeout.as_ref());
    let events: Vec<PollFlags> = watched.iter().map(PollFd::revents).collect();
    drop(watched);
    if polled.is_err() {
        return true;
    }
    let is_orphaned = events[1..own].iter().any(|events| !events.is_empty());
    let is_over = is_orphaned || events[0].intersects(PollFlags::HUP | PollFlags::ERR);
    let ready: Vec<bool> = events[own..].iter().map(|events| !events.is_empty()).collect();
    handler.waiting.finish(&handler.listener, &ready);
    if events[0].contains(PollFlags::IN) {
        handler.handle();
    }
    !is_over
}

fn until(deadline: Instant) -> Timespec {
    let left = deadline.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
    Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) }
}

/// Which network namespace sockets of this process belong to.
fn host_network() -> Option<u64> {
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None);
    let socket = socket.or_else(|_| socket_with(AddressFamily::INET6, SocketType::DGRAM, SocketFlags::CLOEXEC, None));
    network_of(socket.ok()?.as_fd())
}
