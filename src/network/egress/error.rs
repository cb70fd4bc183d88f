//! What can be wrong with `--egress` and `--egress-log`.

use thiserror::Error;

/// A rule that makes no sense; every message quotes it as typed.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum EgressError {
    /// Neither `deny` nor `allow=`.
    #[error("invalid --egress \"{0}\": must be `deny` or `allow=DESTINATION[,...]`")]
    Word(String),
    /// An empty destination, as in `allow=` or `allow=a,,b`.
    #[error("invalid --egress \"{0}\": a destination is empty")]
    Empty(String),
    /// A port that is none.
    #[error("invalid --egress destination \"{0}\": the port must be a number from 1 to 65535 or a range of them")]
    Port(String),
    /// Something after the last slash that is neither a protocol nor a prefix length.
    #[error("invalid --egress destination \"{0}\": what follows the slash must be tcp, udp or a prefix length")]
    Suffix(String),
    /// Not an address.
    #[error(
        "invalid --egress destination \"{0}\": not an IP address; an IPv6 address with a port is written [ADDRESS]:PORT"
    )]
    Address(String),
    /// Not a name.
    #[error("invalid --egress destination \"{0}\": not a host name; a wildcard is written *.NAME")]
    Name(String),
}
