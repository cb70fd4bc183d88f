//! Names for containers: a forwarder on the gateway's address, UDP and TCP (RFC 1035, RFC 7766).
//!
//! ```text
//! container ── flow ── stack ── socket pair ── [`Forwarder`] ── one fresh socket per query ── the host's name servers
//! ```
//!
//! The forwarder is a state machine without threads: its sockets are in one epoll descriptor of its own, which the event
//! loop of the net process watches, and it says when it next wants to be woken. Nothing in it waits: a name server that
//! hangs costs its own queries a timeout and nobody else anything.
//!
//! Names of containers and of the host are answered from a table. Everything else goes to the name servers of the
//! host's resolv.conf, which is looked at again when it has changed, or to those that were asked for, as it is: flags,
//! EDNS and question are not touched, only the id. An answer that is too long for UDP comes back truncated, and the
//! client asks again over TCP, which is forwarded as TCP.
//!
//! What must stay true: every byte from the container and from a name server is hostile; ids and source ports are random
//! and an answer counts only when address, port, id and question match; the tables are bounded.

mod forwarder;
mod message;
mod names;
mod query;
mod resolv_conf;
mod stream;
#[cfg(test)]
mod tests;

pub use forwarder::Forwarder;
pub use message::{Malformed, Question, parse_query};
pub use resolv_conf::name_servers;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// The port of DNS.
pub const PORT: u16 = 53;

/// What a forwarder is told before it starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Name servers to ask; empty for those of `resolv_conf`.
    pub servers: Vec<SocketAddr>,
    /// The host's resolver configuration; empty for `/etc/resolv.conf`.
    pub resolv_conf: PathBuf,
    /// Names known from the start.
    pub names: Vec<(String, Vec<IpAddr>)>,
    /// Answer from the table only: the network has no way out.
    pub internal: bool,
    /// A directory that [`Elsewhere`] reads.
    pub elsewhere: Option<PathBuf>,
}

/// Knows names that only some clients may use. Must not block.
pub trait Elsewhere {
    /// Names and addresses for this client.
    fn names(&mut self, client: IpAddr) -> Vec<(String, IpAddr)>;
}

/// Sees what is asked and answered, and can refuse a name. Clients are told apart where their addresses are known
/// ([`Forwarder::datagrams_of`]). Must not block.
pub trait Screen {
    /// A query is about to be forwarded: `Some` is the reply to give instead.
    fn question(&mut self, client: Option<IpAddr>, query: &[u8]) -> Option<Vec<u8>>;
    /// A name server has answered; called before the client gets the answer.
    fn answer(&mut self, client: Option<IpAddr>, query: &[u8], response: &[u8]);
}

/// Refuses nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Open;

impl Screen for Open {
    fn question(&mut self, _client: Option<IpAddr>, _query: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn answer(&mut self, _client: Option<IpAddr>, _query: &[u8], _response: &[u8]) {}
}
