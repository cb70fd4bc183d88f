//! The forwarder: clients on one side, name servers on the other, one epoll descriptor between.

use super::message::{self, Malformed, NAME_ERROR, Question, SERVER_FAILURE, parse_query};
use super::names::Names;
use super::query::{Progress, Query, Transport};
use super::resolv_conf::Upstreams;
use super::stream::Stream;
use super::{Elsewhere, Screen, Settings};
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::{Errno, Result};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair};
use std::collections::HashMap;
use std::mem::MaybeUninit;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Flows over UDP at most; the stack ends idle ones.
const MOST_DATAGRAM_CLIENTS: usize = 256;
/// Connections over TCP at most.
const MOST_STREAM_CLIENTS: usize = 32;
/// Queries under way at most, each with a socket.
const MOST_QUERIES: usize = 256;
/// Longest query taken, in bytes: none in use comes near.
const LONGEST_QUERY: usize = 4096;
/// Datagrams taken from one client before the others have their turn.
const TURN: usize = 16;
/// How long a connection may be idle (RFC 7766 section 6.2.3 asks for a few seconds).
const IDLE: Duration = Duration::from_secs(10);
/// Room for one answer, in bytes.
const BUFFER: usize = 65_535;

/// A client or a query.
#[derive(Debug)]
enum Slot {
    Datagrams(OwnedFd),
    Stream(Client),
    Query(Box<Query>),
}

/// A client over TCP: one query at a time.
#[derive(Debug)]
struct Client {
    stream: Stream,
    is_waiting: bool,
    idle_since: Instant,
}

/// Counts by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    datagrams: usize,
    streams: usize,
    queries: usize,
}

/// Answers and forwards the questions of containers; see the module's documentation.
pub struct Forwarder {
    poll: OwnedFd,
    slots: HashMap<u64, Slot>,
    counts: Counts,
    next: u64,
    names: Names,
    elsewhere: Option<Box<dyn Elsewhere>>,
    /// Addresses of clients that were told.
    addresses: HashMap<u64, IpAddr>,
    upstreams: Upstreams,
    /// Name servers that some clients want asked instead.
    own_servers: HashMap<IpAddr, Vec<SocketAddr>>,
    screen: Box<dyn Screen>,
    is_internal: bool,
    buffer: Vec<u8>,
}

impl Forwarder {
    /// A forwarder without clients.
    pub fn new(settings: &Settings, screen: Box<dyn Screen>) -> Result<Self> {
        let path = match settings.resolv_conf.as_os_str().is_empty() {
            true => PathBuf::from("/etc/resolv.conf"),
            false => settings.resolv_conf.clone(),
        };
        let mut forwarder = Forwarder {
            poll: epoll::create(CreateFlags::CLOEXEC)?,
            slots: HashMap::new(),
            counts: Counts::default(),
            next: 0,
            names: Names::default(),
            elsewhere: None,
            addresses: HashMap::new(),
            upstreams: Upstreams::new(&settings.servers, path),
            own_servers: HashMap::new(),
            screen,
            is_internal: settings.internal,
            buffer: Vec::new(),
        };
        for (name, addresses) in &settings.names {
            addresses.iter().for_each(|address| forwarder.add_name(name, *address));
        }
        Ok(forwarder)
    }

    /// Ready for reading when [`Forwarder::ready`] is to be called.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.poll.as_fd()
    }

    /// Adds an address to a name.
    pub fn add_name(&mut self, name: &str, address: IpAddr) {
        self.names.add(name, address);
    }

    /// Takes an address from a name.
    pub fn remove_name(&mut self, name: &str, address: IpAddr) {
        self.names.remove(name, address);
    }

    /// Asks `elsewhere` for what the table does not know.
    pub fn look_elsewhere(&mut self, elsewhere: Box<dyn Elsewhere>) {
        self.elsewhere = Some(elsewhere);
    }

    /// Has questions of the client with this address put to other servers; to the usual ones when there are none.
    pub fn set_servers(&mut self, client: IpAddr, servers: &[SocketAddr]) {
        match servers.is_empty() {
            true => drop(self.own_servers.remove(&client)),
            false => drop(self.own_servers.insert(client, servers.to_vec())),
        }
    }

    /// The same as [`Forwarder::datagrams`] for a client whose address is known.
    pub fn datagrams_of(&mut self, client: IpAddr) -> Option<OwnedFd> {
        let token = self.next;
        let socket = self.datagrams()?;
        self.addresses.insert(token, client);
        Some(socket)
    }

    /// The same as [`Forwarder::stream`] for a client whose address is known.
    pub fn stream_of(&mut self, client: IpAddr, now: Instant) -> Option<OwnedFd> {
        let token = self.next;
        let socket = self.stream(now)?;
        self.addresses.insert(token, client);
        Some(socket)
    }

    /// An answer from names that only this client may use.
    fn elsewhere(&mut self, client: u64, query: &[u8], question: &Question) -> Option<Vec<u8>> {
        let address = *self.addresses.get(&client)?;
        let mut names = Names::default();
        for (name, address) in self.elsewhere.as_mut()?.names(address) {
            names.add(&name, address);
        }
        names.answer(query, question)
    }

    /// A new client over UDP: the socket on which its datagrams come and go. `None` when there are too many.
    pub fn datagrams(&mut self) -> Option<OwnedFd> {
        if self.counts.datagrams >= MOST_DATAGRAM_CLIENTS {
            return None;
        }
        let (own, other) = pair(SocketType::SEQPACKET)?;
        self.insert(Slot::Datagrams(own)).then_some(other)
    }

    /// A new client over TCP. `None` when there are too many.
    pub fn stream(&mut self, now: Instant) -> Option<OwnedFd> {
        if self.counts.streams >= MOST_STREAM_CLIENTS {
            return None;
        }
        let (own, other) = pair(SocketType::STREAM)?;
        let client = Client { stream: Stream::new(own), is_waiting: false, idle_since: now };
        self.insert(Slot::Stream(client)).then_some(other)
    }

    /// When [`Forwarder::expired`] is wanted at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        self.slots.values().filter_map(deadline_of).min()
    }

    /// Handles what has happened on sockets; does not block.
    pub fn ready(&mut self, now: Instant) {
        let mut events = [MaybeUninit::uninit(); 32];
        let no_wait = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        let tokens: Vec<u64> = match epoll::wait(&self.poll, &mut events, Some(&no_wait)) {
            Ok((events, _)) => events.iter().map(|event| event.data.u64()).collect(),
            Err(_) => return,
        };
        for token in tokens {
            match self.slots.get(&token) {
                Some(Slot::Datagrams(_)) => self.hear_datagrams(token, now),
                // Only its end is reported of a client that is not read.
                Some(Slot::Stream(client)) if client.is_waiting && !client.stream.is_writing() => self.remove(token),
                Some(Slot::Stream(_)) => self.hear_stream(token, now),
                Some(Slot::Query(_)) => self.hear_server(token, now),
                None => {}
            }
        }
    }

    /// Gives up what has waited too long.
    pub fn expired(&mut self, now: Instant) {
        let is_late = |slot: &Slot| deadline_of(slot).is_some_and(|deadline| deadline <= now);
        let late: Vec<u64> = self.slots.iter().filter(|(_, slot)| is_late(slot)).map(|(token, _)| *token).collect();
        for token in late {
            match self.slots.get(&token) {
                Some(Slot::Query(_)) => self.try_next(token, now),
                _ => self.remove(token),
            }
        }
    }

    fn hear_datagrams(&mut self, token: u64, now: Instant) {
        for _ in 0..TURN {
            self.buffer.resize(BUFFER, 0);
            let Some(Slot::Datagrams(socket)) = self.slots.get(&token) else { return };
            match recv(socket, &mut self.buffer[..LONGEST_QUERY], RecvFlags::DONTWAIT) {
                Ok((_, 0)) => return self.remove(token),
                Ok((_, length)) => {
                    let query = self.buffer[..length].to_vec();
                    self.ask(token, query, Transport::Udp, now);
                }
                Err(Errno::AGAIN | Errno::INTR) => return,
                Err(_) => return self.remove(token),
            }
        }
    }

    /// Takes the next query of a client over TCP, unless it waits for an answer or has one to read.
    fn hear_stream(&mut self, token: u64, now: Instant) {
        loop {
            let Some(Slot::Stream(client)) = self.slots.get_mut(&token) else { return };
            client.idle_since = now;
            if client.stream.flush().is_err() {
                return self.remove(token);
            }
            if client.is_waiting || client.stream.is_writing() {
                break;
            }
            match client.stream.next(LONGEST_QUERY) {
                Ok(Some(query)) => {
                    client.is_waiting = true;
                    self.ask(token, query, Transport::Tcp, now);
                }
                Ok(None) => break,
                Err(_) => return self.remove(token),
            }
        }
        self.watch_again(token);
    }

    fn hear_server(&mut self, token: u64, now: Instant) {
        self.buffer.resize(BUFFER, 0);
        let Some(Slot::Query(query)) = self.slots.get_mut(&token) else { return };
        match query.ready(&mut self.buffer) {
            Progress::Waiting => self.watch_again(token),
            Progress::Failed => self.try_next(token, now),
            Progress::Answered(response) => {
                let (client, server) = (query.client, query.server);
                self.upstreams.prefer(server);
                self.screen.answer(self.addresses.get(&client).copied(), &query.original, &response);
                self.remove(token);
                self.deliver(client, &response, now);
                self.hear_stream(client, now);
            }
        }
    }

    /// The next server for a query, or its end.
    fn try_next(&mut self, token: u64, now: Instant) {
        let Some(Slot::Query(query)) = self.slots.get_mut(&token) else { return };
        // The old socket leaves the poll set by being closed.
        if query.retry(now) && self.watch(token) {
            return;
        }
        let Some(Slot::Query(mut query)) = self.take(token) else { return };
        let end = parse_query(&query.original).ok().map(|question| question.end);
        let reply = query.give_up().unwrap_or_else(|| message::reply(&query.original, end, SERVER_FAILURE));
        self.deliver(query.client, &reply, now);
        self.hear_stream(query.client, now);
    }

    /// Answers a client's query here, or sends it on.
    fn ask(&mut self, client: u64, query: Vec<u8>, transport: Transport, now: Instant) {
        let question = match parse_query(&query) {
            Ok(question) => question,
            Err(Malformed::Answer(code)) => return self.deliver(client, &message::reply(&query, None, code), now),
            // Nobody waits for an answer to noise; on a stream it ends the conversation.
            Err(Malformed::Ignore) if transport == Transport::Tcp => return self.remove(client),
            Err(Malformed::Ignore) => return,
        };
        if let Some(reply) = self.names.answer(&query, &question) {
            return self.deliver(client, &reply, now);
        }
        if let Some(reply) = self.elsewhere(client, &query, &question) {
            return self.deliver(client, &reply, now);
        }
        if self.is_internal {
            return self.deliver(client, &message::reply(&query, Some(question.end), NAME_ERROR), now);
        }
        let address = self.addresses.get(&client).copied();
        if let Some(reply) = self.screen.question(address, &query) {
            return self.deliver(client, &reply, now);
        }
        let failure = message::reply(&query, Some(question.end), SERVER_FAILURE);
        let own = address.and_then(|address| self.own_servers.get(&address));
        let servers = own.cloned().unwrap_or_else(|| self.upstreams.list(now));
        let started = match self.counts.queries < MOST_QUERIES {
            true => Query::start(client, query, &servers, transport, now),
            false => None,
        };
        if !started.is_some_and(|query| self.insert(Slot::Query(Box::new(query)))) {
            self.deliver(client, &failure, now);
        }
    }

    /// Gives a reply to a client, if it is still there.
    fn deliver(&mut self, client: u64, reply: &[u8], now: Instant) {
        match self.slots.get_mut(&client) {
            Some(Slot::Datagrams(socket)) => {
                // A client that does not read loses answers, as it would on any network.
                let _ = send(socket, reply, SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
            }
            Some(Slot::Stream(client_slot)) => {
                client_slot.is_waiting = false;
                client_slot.idle_since = now;
                client_slot.stream.queue(reply);
                if client_slot.stream.flush().is_err() {
                    return self.remove(client);
                }
                self.watch_again(client);
            }
            Some(Slot::Query(_)) | None => {}
        }
    }

    fn insert(&mut self, slot: Slot) -> bool {
        let token = self.next;
        self.next += 1;
        *self.counts.of(&slot) += 1;
        self.slots.insert(token, slot);
        self.watch(token) || {
            self.remove(token);
            false
        }
    }

    fn take(&mut self, token: u64) -> Option<Slot> {
        let slot = self.slots.remove(&token)?;
        self.addresses.remove(&token);
        *self.counts.of(&slot) -= 1;
        Some(slot)
    }

    /// Closing a socket takes it out of the poll set.
    fn remove(&mut self, token: u64) {
        drop(self.take(token));
    }

    fn watch(&self, token: u64) -> bool {
        let Some((descriptor, flags)) = self.slots.get(&token).map(interest) else { return false };
        epoll::add(&self.poll, descriptor, EventData::new_u64(token), flags).is_ok()
    }

    fn watch_again(&self, token: u64) {
        if let Some((descriptor, flags)) = self.slots.get(&token).map(interest) {
            // It was added when it came to be.
            let _ = epoll::modify(&self.poll, descriptor, EventData::new_u64(token), flags);
        }
    }
}

impl Counts {
    fn of(&mut self, slot: &Slot) -> &mut usize {
        match slot {
            Slot::Datagrams(_) => &mut self.datagrams,
            Slot::Stream(_) => &mut self.streams,
            Slot::Query(_) => &mut self.queries,
        }
    }
}

/// What is watched of a slot. A client over TCP is not read while its query is under way.
fn interest(slot: &Slot) -> (BorrowedFd<'_>, EventFlags) {
    match slot {
        Slot::Datagrams(socket) => (socket.as_fd(), EventFlags::IN),
        Slot::Stream(client) if client.stream.is_writing() => (client.stream.socket.as_fd(), EventFlags::OUT),
        Slot::Stream(client) if client.is_waiting => (client.stream.socket.as_fd(), EventFlags::empty()),
        Slot::Stream(client) => (client.stream.socket.as_fd(), EventFlags::IN),
        Slot::Query(query) if query.is_writing() => (query.descriptor(), EventFlags::OUT),
        Slot::Query(query) => (query.descriptor(), EventFlags::IN),
    }
}

fn deadline_of(slot: &Slot) -> Option<Instant> {
    match slot {
        Slot::Datagrams(_) => None,
        Slot::Stream(client) if client.is_waiting => None,
        Slot::Stream(client) => Some(client.idle_since + IDLE),
        Slot::Query(query) => Some(query.deadline),
    }
}

fn pair(kind: SocketType) -> Option<(OwnedFd, OwnedFd)> {
    socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None).ok()
}
