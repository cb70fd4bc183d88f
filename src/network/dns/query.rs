//! One query on its way to a name server and, if that says nothing, to the next.

use super::message::{self, NAME_ERROR, NO_ERROR, id, is_answer, set_id};
use super::stream::Stream;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, connect, recv, send, socket_with, sockopt,
};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// How long one server is waited for over UDP. Three of them end before the C library's own five seconds.
const UDP_TIMEOUT: Duration = Duration::from_millis(1500);
/// Likewise over TCP, which has a connection to make.
const TCP_TIMEOUT: Duration = Duration::from_millis(2250);
/// Attempts in all: the first servers in turn, as in the C library, again from the first when there are fewer.
const ATTEMPTS: usize = 3;
/// Longest message there is, in bytes.
const LONGEST: usize = 65_535;

/// How a query travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Udp,
    Tcp,
}

/// The socket of the current attempt.
#[derive(Debug)]
enum Socket {
    Datagram(OwnedFd),
    Stream(Stream),
}

/// A query that waits for an answer.
#[derive(Debug)]
pub(super) struct Query {
    /// Whom the answer is for.
    pub(super) client: u64,
    /// As the client sent it.
    pub(super) original: Vec<u8>,
    /// Asked now.
    pub(super) server: SocketAddr,
    /// When the current attempt has taken too long.
    pub(super) deadline: Instant,
    /// With an id of our own.
    sent: Vec<u8>,
    transport: Transport,
    socket: Socket,
    left: VecDeque<SocketAddr>,
    /// A failure that some server reported: passed on when no other knows better.
    poor_answer: Option<Vec<u8>>,
}

/// What an event has led to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Go on waiting.
    Waiting,
    /// The answer, with the client's id.
    Answered(Vec<u8>),
    /// This attempt has failed.
    Failed,
}

impl Query {
    /// Asks the first of `servers` that can be asked; `None` when none can.
    pub(super) fn start(
        client: u64,
        original: Vec<u8>,
        servers: &[SocketAddr],
        transport: Transport,
        now: Instant,
    ) -> Option<Self> {
        let mut left: VecDeque<SocketAddr> = servers.iter().copied().cycle().take(ATTEMPTS).collect();
        let (server, sent, socket) = next_attempt(&mut left, &original, transport)?;
        let deadline = now + timeout(transport);
        Some(Query { client, original, server, deadline, sent, transport, socket, left, poor_answer: None })
    }

    /// Asks the next server; false when there is none left.
    pub(super) fn retry(&mut self, now: Instant) -> bool {
        let Some((server, sent, socket)) = next_attempt(&mut self.left, &self.original, self.transport) else {
            return false;
        };
        (self.server, self.sent, self.socket) = (server, sent, socket);
        self.deadline = now + timeout(self.transport);
        true
    }

    /// The best there is when no server is left.
    pub(super) fn give_up(&mut self) -> Option<Vec<u8>> {
        self.poor_answer.take()
    }

    /// The socket to watch.
    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Socket::Datagram(socket) => socket.as_fd(),
            Socket::Stream(stream) => stream.socket.as_fd(),
        }
    }

    /// Whether writing is waited for: a connection, or room for the query.
    pub(super) fn is_writing(&self) -> bool {
        matches!(&self.socket, Socket::Stream(stream) if stream.is_writing())
    }

    /// The socket is ready.
    pub(super) fn ready(&mut self, buffer: &mut [u8]) -> Progress {
        let received = match &mut self.socket {
            Socket::Datagram(socket) => match recv(&*socket, &mut *buffer, RecvFlags::DONTWAIT) {
                Ok((_, length)) => buffer[..length].to_vec(),
                Err(Errno::AGAIN | Errno::INTR) => return Progress::Waiting,
                // Nothing listens there, or no way leads there.
                Err(_) => return Progress::Failed,
            },
            Socket::Stream(stream) => match stream.flush().and_then(|()| stream.next(LONGEST)) {
                Ok(Some(message)) => message,
                Ok(None) => return Progress::Waiting,
                Err(_) => return Progress::Failed,
            },
        };
        self.judge(received)
    }

    fn judge(&mut self, mut response: Vec<u8>) -> Progress {
        if !is_answer(&self.sent, &response) {
            // Over UDP anybody may have sent it; over TCP the server itself talks nonsense.
            return if self.transport == Transport::Udp { Progress::Waiting } else { Progress::Failed };
        }
        set_id(&mut response, id(&self.original));
        let is_final = matches!(message::code(&response), NO_ERROR | NAME_ERROR);
        // "Refused" or "server failure" of one server says nothing about the next.
        if is_final || !self.left.iter().any(|server| *server != self.server) {
            return Progress::Answered(response);
        }
        let asked = self.server;
        self.left.retain(|server| *server != asked);
        self.poor_answer = Some(response);
        Progress::Failed
    }
}

fn timeout(transport: Transport) -> Duration {
    match transport {
        Transport::Udp => UDP_TIMEOUT,
        Transport::Tcp => TCP_TIMEOUT,
    }
}

/// A fresh socket, and so a fresh source port, and a fresh id for every attempt.
fn next_attempt(
    left: &mut VecDeque<SocketAddr>,
    original: &[u8],
    transport: Transport,
) -> Option<(SocketAddr, Vec<u8>, Socket)> {
    while let Some(server) = left.pop_front() {
        let mut sent = original.to_vec();
        set_id(&mut sent, random_id());
        match open(server, &sent, transport) {
            Ok(socket) => return Some((server, sent, socket)),
            // Not even sent: trying this server again at once would be no better.
            Err(_) => left.retain(|other| *other != server),
        }
    }
    None
}

fn open(server: SocketAddr, query: &[u8], transport: Transport) -> Result<Socket, Errno> {
    let family = if server.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    match transport {
        Transport::Udp => {
            let socket = socket_with(family, SocketType::DGRAM, flags, None)?;
            connect(&socket, &server)?;
            send(&socket, query, SendFlags::NOSIGNAL)?;
            Ok(Socket::Datagram(socket))
        }
        Transport::Tcp => {
            let socket = socket_with(family, SocketType::STREAM, flags, None)?;
            // One short question: it should not wait for more.
            let _ = sockopt::set_tcp_nodelay(&socket, true);
            match connect(&socket, &server) {
                Ok(()) | Err(Errno::INPROGRESS) => {}
                Err(error) => return Err(error),
            }
            let mut stream = Stream::new(socket);
            stream.queue(query);
            Ok(Socket::Stream(stream))
        }
    }
}

fn random_id() -> [u8; 2] {
    let mut id = [0; 2];
    // It never fails once the system has booted; a fixed id would still leave the random port.
    let _ = rustix::rand::getrandom(&mut id, rustix::rand::GetRandomFlags::empty());
    id
}
