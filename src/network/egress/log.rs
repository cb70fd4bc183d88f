//! `--egress-log`: one JSON object a line.
//!
//! ```text
//! {"time":"2026-01-02T03:04:05.678Z","protocol":"tcp","name":"example.org","address":"192.0.2.1","port":443,
//!  "verdict":"allowed","bytes_sent":517,"bytes_received":4096}
//! ```
//!
//! `verdict` is `allowed` or `refused`; `name` is what was looked up or asked for by TLS, when that is known; a refused lookup has the
//! protocol `dns` and no address. Allowed flows are written when they end, refused ones at once. Bytes are those of the
//! container's view; a flow that does not pass through the stack (`--network=fast`) or is open when the container ends
//! has none.

use super::Transport;
use jiff::Timestamp;
use serde::Serialize;
use std::fs::File;
use std::io::Write;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// Most lines a second: a container that floods must not fill the disk of its user. What is left out is counted.
const LINES_PER_SECOND: u32 = 500;

/// The file.
#[derive(Debug)]
pub struct Log {
    file: File,
    second: Instant,
    lines: u32,
    left_out: u64,
}

/// One line.
#[derive(Debug, Serialize)]
pub struct Line<'a> {
    /// When the flow began.
    pub time: Timestamp,
    /// The protocol.
    pub protocol: Kind,
    /// The name that led to it.
    pub name: Option<&'a str>,
    /// Where to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// The port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// What became of it.
    pub verdict: Outcome,
    /// Payload from the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_sent: Option<u64>,
    /// Payload to the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_received: Option<u64>,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP echo.
    Icmp,
    /// A lookup.
    Dns,
}

impl From<Transport> for Kind {
    fn from(transport: Transport) -> Kind {
        match transport {
            Transport::Tcp => Kind::Tcp,
            Transport::Udp => Kind::Udp,
            Transport::Icmp => Kind::Icmp,
        }
    }
}

/// What became of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was let out.
    Allowed,
    /// It was refused.
    Refused,
}

/// Lines that were left out.
#[derive(Debug, Serialize)]
struct LeftOut {
    time: Timestamp,
    left_out: u64,
}

impl Log {
    /// Writes to a descriptor, which should be open for appending.
    pub fn new(file: OwnedFd) -> Log {
        Log { file: File::from(file), second: Instant::now(), lines: 0, left_out: 0 }
    }

    /// Writes a line, at the cost of later ones when there are too many. A full disk loses lines, not connections.
    pub fn write(&mut self, line: &Line<'_>) {
        if self.second.elapsed() >= Duration::from_secs(1) {
            self.second = Instant::now();
            self.lines = 0;
            if self.left_out > 0 {
                let left_out = LeftOut { time: Timestamp::now(), left_out: std::mem::take(&mut self.left_out) };
                self.put(&left_out);
            }
        }
        if self.lines >= LINES_PER_SECOND {
            self.left_out += 1;
            return;
        }
        self.lines += 1;
        self.put(line);
    }

    fn put(&mut self, line: &impl Serialize) {
        let Ok(mut text) = serde_json::to_vec(line) else { return };
        text.push(b'\n');
        // One write, so that lines of several containers in one file stay whole.
        let _ = self.file.write(&text);
    }
}
