//! What a keeper and an attached client say to each other: one `SOCK_SEQPACKET` packet each, a letter and its data.

use super::failure::Failure;
use crate::sys::message;
use rustix::io::Errno;
use std::os::fd::AsFd;

/// Largest data of one frame, in bytes: one read of a pipe or terminal.
pub const LARGEST_DATA: usize = 64 * 1024;

/// From a client to the keeper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientFrame {
    /// The first words of a client that has connected: whether it wants standard output and standard error.
    Attach([bool; 2]),
    /// The first words of a client that wants a prepared container's process to run; whether it stays and shows its output.
    Start(bool),
    /// Bytes for standard input.
    Input(Vec<u8>),
    /// Standard input has ended.
    InputEnd,
    /// The client's terminal has this many rows and columns.
    Resize(u16, u16),
    /// Send this signal to the container's process.
    Signal(i32),
    /// The client leaves, the container goes on.
    Detach,
    /// Nobody reads the client's standard output (false) or standard error (true) any more.
    OutputLost(bool),
}

/// From the keeper to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeeperFrame {
    /// Bytes of standard output (or of the terminal).
    Output(Vec<u8>),
    /// Bytes of standard error.
    Error(Vec<u8>),
    /// The process runs; its pid on the host.
    Started(i32),
    /// The process has ended with this exit code.
    Exited(i32),
    /// The container could not be started.
    Failed(Failure),
    /// One line for the user.
    Warning(String),
}

impl ClientFrame {
    /// Sends the frame; blocks while the keeper is behind.
    pub fn send(&self, socket: impl AsFd) -> Result<(), Errno> {
        message::send(socket, &self.encode(), &[])
    }

    /// The packet of the frame.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            ClientFrame::Attach([output, error]) => vec![b'A', u8::from(*output), u8::from(*error)],
            ClientFrame::Start(is_foreground) => vec![b'B', u8::from(*is_foreground)],
            ClientFrame::Input(data) => tagged(b'I', data),
            ClientFrame::InputEnd => vec![b'C'],
            ClientFrame::Resize(rows, columns) => tagged(b'R', &[rows.to_le_bytes(), columns.to_le_bytes()].concat()),
            ClientFrame::Signal(number) => tagged(b'K', &number.to_le_bytes()),
            ClientFrame::Detach => vec![b'D'],
            ClientFrame::OutputLost(is_error) => vec![b'P', u8::from(*is_error)],
        }
    }

    /// The frame in `packet`; `None` for anything else.
    pub fn decode(packet: &[u8]) -> Option<Self> {
        let (tag, data) = packet.split_first()?;
        Some(match (tag, data) {
            (b'A', &[output @ (0 | 1), error @ (0 | 1)]) => ClientFrame::Attach([output == 1, error == 1]),
            (b'B', &[is_foreground @ (0 | 1)]) => ClientFrame::Start(is_foreground == 1),
            (b'I', data) => ClientFrame::Input(data.to_vec()),
            (b'C', []) => ClientFrame::InputEnd,
            (b'R', &[a, b, c, d]) => ClientFrame::Resize(u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])),
            (b'K', data) => ClientFrame::Signal(i32::from_le_bytes(data.try_into().ok()?)),
            (b'D', []) => ClientFrame::Detach,
            (b'P', [is_error @ (0 | 1)]) => ClientFrame::OutputLost(*is_error == 1),
            _ => return None,
        })
    }
}

impl KeeperFrame {
    /// The packet of this frame.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            KeeperFrame::Output(data) => tagged(b'O', data),
            KeeperFrame::Error(data) => tagged(b'E', data),
            KeeperFrame::Started(pid) => tagged(b'S', &pid.to_le_bytes()),
            KeeperFrame::Exited(code) => tagged(b'X', &code.to_le_bytes()),
            KeeperFrame::Failed(failure) => tagged(b'F', &serde_json::to_vec(failure).unwrap_or_default()),
            KeeperFrame::Warning(line) => tagged(b'W', line.as_bytes()),
        }
    }

    /// Receives the next frame; `None` when the keeper has gone. Blocks.
    pub fn receive(socket: impl AsFd) -> Result<Option<Self>, Errno> {
        let Some(received) = message::receive(socket, LARGEST_DATA + 1)? else { return Ok(None) };
        KeeperFrame::decode(&received.bytes).map(Some).ok_or(Errno::BADMSG)
    }

    fn decode(packet: &[u8]) -> Option<Self> {
        let (tag, data) = packet.split_first()?;
        let number = || Some(i32::from_le_bytes(data.try_into().ok()?));
        Some(match tag {
            b'O' => KeeperFrame::Output(data.to_vec()),
            b'E' => KeeperFrame::Error(data.to_vec()),
            b'S' => KeeperFrame::Started(number()?),
            b'X' => KeeperFrame::Exited(number()?),
            b'F' => KeeperFrame::Failed(serde_json::from_slice(data).ok()?),
            b'W' => KeeperFrame::Warning(String::from_utf8_lossy(data).into_owned()),
            _ => return None,
        })
    }
}

fn tagged(tag: u8, data: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(data.len() + 1);
    packet.push(tag);
    packet.extend_from_slice(data);
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_the_way() {
        for frame in [
            ClientFrame::Attach([true, false]),
            ClientFrame::Start(true),
            ClientFrame::Input(b"x\0y".to_vec()),
            ClientFrame::InputEnd,
            ClientFrame::Resize(25, 300),
            ClientFrame::Signal(-1),
            ClientFrame::Detach,
            ClientFrame::OutputLost(true),
        ] {
            assert_eq!(ClientFrame::decode(&frame.encode()), Some(frame));
        }
        for frame in [KeeperFrame::Started(7), KeeperFrame::Failed(Failure::message("no")), KeeperFrame::Exited(137)] {
            assert_eq!(KeeperFrame::decode(&frame.encode()), Some(frame));
        }
        assert_eq!(ClientFrame::decode(b"R12"), None);
        assert_eq!(ClientFrame::decode(b""), None);
    }
}
