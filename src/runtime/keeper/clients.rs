//! The clients of a container: the command that started it in the foreground, and those that attach later.
//!
//! Output is shared among them, each with a queue of its own. A full queue ([`QUEUE_LIMIT`]) holds the container's
//! output back, as a full pipe would, until it is half empty. The command in the foreground may hold it back as long as
//! it likes: what is piped through `run` must arrive whole. One that attached later may for [`PATIENCE`]: after that it
//! misses output until it has taken what waits for it, so that a stopped terminal stops neither the container nor
//! anybody else who watches it. Memory is bounded either way.

use crate::sys::message;
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{SendFlags, send};
use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Output that may wait for one client, in bytes.
const QUEUE_LIMIT: usize = 1 << 20;
/// How long an attached client with a full queue may hold the container's output back.
const PATIENCE: Duration = Duration::from_millis(250);
/// Clients at once; further ones are hung up on.
const MOST: usize = 64;

/// One client.
pub(super) struct Client {
    pub(super) socket: OwnedFd,
    /// It started the container and stays in the foreground.
    pub(super) is_starter: bool,
    /// Whether it takes standard output and standard error.
    pub(super) wants: [bool; 2],
    queue: VecDeque<Rc<Vec<u8>>>,
    queued_bytes: usize,
    full_since: Option<Instant>,
    /// It was too slow: output is left out until its queue is empty.
    is_skipping: bool,
    /// It takes nothing any more. What it sent before it went is still to be read.
    is_deaf: bool,
    gone: bool,
}

impl Client {
    fn new(socket: OwnedFd, is_starter: bool, wants: [bool; 2]) -> Self {
        let _ = rustix::io::ioctl_fionbio(&socket, true); // a stuck client would then stall the others
        Client {
            socket,
            is_starter,
            wants,
            queue: VecDeque::new(),
            queued_bytes: 0,
            full_since: None,
            is_skipping: false,
            is_deaf: false,
            gone: false,
        }
    }

    /// Queues a packet, whatever waits already.
    pub(super) fn tell(&mut self, packet: Rc<Vec<u8>>) {
        if self.is_deaf {
            return;
        }
        self.queued_bytes += packet.len();
        self.queue.push_back(packet);
        self.flush();
    }

    /// Queues a packet of output, unless the client is too slow.
    fn show(&mut self, packet: &Rc<Vec<u8>>) {
        if self.is_skipping && !self.queue.is_empty() {
            return;
        }
        self.is_skipping = false;
        self.tell(Rc::clone(packet));
        if self.queued_bytes >= QUEUE_LIMIT {
            self.full_since.get_or_insert_with(Instant::now);
        }
    }

    /// Sends what the socket takes now.
    pub(super) fn flush(&mut self) {
        while let Some(packet) = self.queue.front() {
            match send(&self.socket, packet, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(_) => {
                    self.queued_bytes -= packet.len();
                    self.queue.pop_front();
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Err(_) => {
                    self.fall_deaf();
                    break;
                }
            }
        }
        if self.queued_bytes <= QUEUE_LIMIT / 2 {
            self.full_since = None;
        }
    }

    /// The client is not spoken to any more.
    fn fall_deaf(&mut self) {
        self.is_deaf = true;
        self.queue.clear();
        self.queued_bytes = 0;
        self.full_since = None;
    }

    /// The client is neither spoken to nor listened to any more.
    pub(super) fn leave(&mut self) {
        self.fall_deaf();
        self.gone = true;
    }

    /// Waits until the rest of the queue is taken; false when the client goes first.
    fn flush_blocking(&mut self) {
        let _ = rustix::io::ioctl_fionbio(&self.socket, false); // then the rest is lost with the queue
        while let Some(packet) = self.queue.pop_front() {
            if message::send(&self.socket, &packet, &[]).is_err() {
                return;
            }
        }
    }
}

/// All clients; a place in the list is theirs until [`Clients::forget_gone`].
#[derive(Default)]
pub(super) struct Clients {
    all: Vec<Client>,
}

impl Clients {
    /// The command that started the container; it wants output when it stays in the foreground.
    pub(super) fn add_starter(&mut self, socket: OwnedFd, is_foreground: bool) {
        self.all.push(Client::new(socket, true, [is_foreground; 2]));
    }

    /// One that has connected; what it wants it says next.
    pub(super) fn add(&mut self, socket: OwnedFd) {
        if self.all.len() < MOST {
            self.all.push(Client::new(socket, false, [false; 2]));
        }
    }

    pub(super) fn get(&self, at: usize) -> Option<&Client> {
        self.all.get(at).filter(|client| !client.gone)
    }

    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut Client> {
        self.all.get_mut(at).filter(|client| !client.gone)
    }

    /// What to wait for at each client. One from which nothing can be taken now is left out altogether: its hang-up would
    /// be reported without end.
    pub(super) fn interest(&self, reads_input: bool) -> impl Iterator<Item = (usize, PollFlags)> + '_ {
        self.all
            .iter()
            .enumerate()
            .filter(|(_, client)| !client.gone)
            .map(move |(at, client)| {
                let input = if reads_input { PollFlags::IN } else { PollFlags::empty() };
                let output = if client.queue.is_empty() { PollFlags::empty() } else { PollFlags::OUT };
                (at, input | output)
            })
            .filter(|(_, flags)| !flags.is_empty())
    }

    /// Whether somebody takes a stream.
    pub(super) fn want(&self, is_error: bool) -> bool {
        self.all.iter().any(|client| !client.gone && client.wants[usize::from(is_error)])
    }

    /// Shows output to all who want it.
    pub(super) fn show(&mut self, is_error: bool, packet: Vec<u8>) {
        let packet = Rc::new(packet);
        for client in self.all.iter_mut().filter(|client| !client.gone && client.wants[usize::from(is_error)]) {
            client.show(&packet);
        }
    }

    /// Whether output has to wait for a client.
    pub(super) fn hold_back(&self) -> bool {
        self.all.iter().any(|client| client.full_since.is_some())
    }

    /// When the patience with the first slow client ends.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let attached = self.all.iter().filter(|client| !client.is_starter);
        attached.filter_map(|client| client.full_since).min().map(|since| since + PATIENCE)
    }

    /// Goes on without those that have been too slow for too long.
    pub(super) fn pass_over_the_slow(&mut self) {
        let now = Instant::now();
        for client in self.all.iter_mut().filter(|client| !client.is_starter) {
            if client.full_since.is_some_and(|since| since + PATIENCE <= now) {
                client.full_since = None;
                client.is_skipping = true;
            }
        }
    }

    /// Closes the sockets of those that have gone.
    pub(super) fn forget_gone(&mut self) {
        self.all.retain(|client| !client.gone);
    }

    /// The last words: each gets them as far as it listens, the one in the foreground for certain.
    pub(super) fn dismiss(mut self, packet: Vec<u8>) {
        let packet = Rc::new(packet);
        self.all.iter_mut().filter(|client| !client.gone).for_each(|client| client.tell(Rc::clone(&packet)));
        let deadline = Instant::now() + PATIENCE;
        while self.waits_for_attached() && wait_writable(&self.all, deadline) {
            self.all.iter_mut().filter(|client| !client.gone).for_each(Client::flush);
        }
        if let Some(starter) = self.all.iter_mut().find(|client| client.is_starter && !client.gone) {
            starter.flush_blocking();
        }
    }

    fn waits_for_attached(&self) -> bool {
        self.all.iter().any(|client| !client.is_starter && !client.queue.is_empty())
    }
}

/// Waits until one of the attached clients takes more (true) or the time is up.
fn wait_writable(clients: &[Client], deadline: Instant) -> bool {
    use rustix::event::{PollFd, poll};
    let waiting = clients.iter().filter(|client| !client.is_starter && !client.queue.is_empty());
    let mut watched: Vec<PollFd<'_>> = waiting.map(|client| PollFd::new(&client.socket, PollFlags::OUT)).collect();
    Instant::now() < deadline && !matches!(poll(&mut watched, Some(&super::jobs::until(deadline))), Ok(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::message::pair;

    const PACKET: usize = 64 * 1024;

    fn clients(is_starter: bool) -> (Clients, OwnedFd) {
        let (ours, theirs) = pair().unwrap();
        let mut clients = Clients::default();
        match is_starter {
            true => clients.add_starter(ours, true),
            false => clients.add(ours),
        }
        clients.all[0].wants = [true; 2];
        (clients, theirs)
    }

    fn fill(clients: &mut Clients) {
        for _ in 0..(3 * QUEUE_LIMIT / PACKET) {
            if clients.hold_back() {
                return;
            }
            clients.show(false, vec![0; PACKET]);
        }
        panic!("a queue without a limit");
    }

    #[test]
    fn the_one_in_the_foreground_holds_output_back_until_it_reads() {
        let (mut clients, theirs) = clients(true);
        fill(&mut clients);
        assert_eq!(clients.deadline(), None, "it may take its time");
        while clients.hold_back() {
            assert_eq!(message::receive(&theirs, PACKET).unwrap().unwrap().bytes.len(), PACKET, "nothing is left out");
            clients.all[0].flush();
        }
    }

    #[test]
    fn an_attached_client_that_does_not_read_is_passed_over_and_comes_back() {
        let (mut clients, theirs) = clients(false);
        fill(&mut clients);
        clients.all[0].full_since = Instant::now().checked_sub(PATIENCE);
        assert!(clients.deadline().is_some());
        clients.pass_over_the_slow();
        assert!(!clients.hold_back());
        let before = clients.all[0].queued_bytes;
        clients.show(false, vec![0; PACKET]);
        assert_eq!(clients.all[0].queued_bytes, before, "memory is bounded");
        while !clients.all[0].queue.is_empty() {
            message::receive(&theirs, PACKET).unwrap().unwrap();
            clients.all[0].flush();
        }
        clients.show(false, b"again".to_vec());
        assert!(!clients.all[0].is_skipping);
    }

    #[test]
    fn a_client_that_has_gone_is_forgotten_when_it_has_been_heard() {
        let (mut clients, theirs) = clients(false);
        drop(theirs);
        clients.show(false, vec![0; 1]);
        clients.forget_gone();
        clients.get_mut(0).expect("what it sent before is still to be read").leave();
        clients.forget_gone();
        assert!(clients.all.is_empty());
        clients.dismiss(vec![0; 1]);
    }
}
