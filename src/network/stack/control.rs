//! How the rest of the net process takes part in the stack's event loop.
//!
//! The stack is one thread and one epoll. Whoever runs it gives a [`Control`]: descriptors it registers are watched in
//! the same loop, its deadline wakes the same loop, and from its callbacks it can publish and withdraw ports.

use super::configuration::Forward;
use super::error::Error;
use std::ops::ControlFlow;
use std::os::fd::BorrowedFd;
use std::time::Instant;

/// A published port's name while the stack runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ForwardId(pub(super) u32);

/// What a watched descriptor is ready for (`epoll(7)`, level-triggered).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// Reading will not block (also at end of file, hang-up and error).
    pub readable: bool,
    /// Writing will not block.
    pub writable: bool,
}

/// What a descriptor is watched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Both.
    Both,
}

/// How much a stack holds and has carried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// TCP flows open now.
    pub tcp_flows: usize,
    /// UDP flows open now.
    pub udp_flows: usize,
    /// Ping flows open now.
    pub echo_flows: usize,
    /// Ports published now.
    pub forwards: usize,
    /// Frames that came from the network.
    pub frames_in: u64,
    /// Frames sent into the network.
    pub frames_out: u64,
    /// Frames that were not understood, or for which there was no room.
    pub frames_dropped: u64,
    /// Bytes held for retransmission or until a socket takes them.
    pub buffered_bytes: usize,
}

/// What a [`Control`] can ask of the running stack.
pub trait Handle {
    /// Watches a descriptor; events come to [`Control::ready`] with `token`. The caller keeps it open until
    /// [`Handle::unwatch`], which must come before it is closed.
    fn watch(&mut self, descriptor: BorrowedFd<'_>, token: u32, interest: Interest) -> Result<(), Error>;

    /// Changes what a watched descriptor is watched for.
    fn rewatch(&mut self, descriptor: BorrowedFd<'_>, token: u32, interest: Interest) -> Result<(), Error>;

    /// Stops watching a descriptor.
    fn unwatch(&mut self, descriptor: BorrowedFd<'_>) -> Result<(), Error>;

    /// Publishes a port at once.
    fn add_forward(&mut self, forward: Forward) -> Result<ForwardId, Error>;

    /// Withdraws a published port and closes its socket; connections made through it live on. `false` when there is
    /// no such port.
    fn remove_forward(&mut self, forward: ForwardId) -> bool;

    /// What the stack holds and has carried.
    fn statistics(&self) -> Statistics;
}

/// The rest of the net process, inside the stack's event loop. Must not block.
pub trait Control {
    /// Called once, before the loop: the place to register descriptors and ports.
    fn begin(&mut self, stack: &mut dyn Handle) -> Result<(), Error>;

    /// A watched descriptor is ready. `Break` ends [`super::Stack::run`].
    fn ready(&mut self, token: u32, readiness: Readiness, stack: &mut dyn Handle) -> ControlFlow<()>;

    /// When [`Control::expired`] is wanted at the latest; asked before every wait.
    fn deadline(&self) -> Option<Instant>;

    /// The deadline has passed. `Break` ends [`super::Stack::run`].
    fn expired(&mut self, stack: &mut dyn Handle) -> ControlFlow<()>;
}
