//! The log driver `journald`: each line of output is an entry of systemd's journal.
//!
//! Spoken is the journal's own protocol (systemd's `docs/JOURNAL_NATIVE_PROTOCOL.md`): one datagram an entry, a field a line as
//! `NAME=value`; a value that is not one line of text has its length (64 bits, little endian) before it. The fields are those
//! that podman's conmon writes. A journal that does not take entries holds the container up for a quarter of a second,
//! then its lines are lost: output must never depend on who reads it.

use super::log::Stream;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, send, socket_with};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// How long an entry may wait for the journal.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };

/// A connection to the journal.
#[derive(Debug)]
pub(super) struct Journal {
    socket: OwnedFd,
    /// The fields of every entry.
    fields: Vec<u8>,
}

impl Journal {
    /// Connects to the journal's socket; `fields` are in every entry.
    pub(super) fn open(path: &Path, fields: &[(String, String)]) -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::UNIX, SocketType::DGRAM, flags, None)?;
        connect(&socket, &SocketAddrUnix::new(path)?)?;
        let mut bytes = Vec::new();
        fields.iter().for_each(|(name, value)| field(&mut bytes, name, value.as_bytes()));
        Ok(Journal { socket, fields: bytes })
    }

    /// Writes an entry; `goes_on` says that the line has no end yet.
    pub(super) fn write(&self, stream: Stream, line: &[u8], goes_on: bool) -> io::Result<()> {
        let entry = self.entry(stream, line, goes_on);
        loop {
            match send(&self.socket, &entry, SendFlags::NOSIGNAL) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    let mut watched = [PollFd::new(&self.socket, PollFlags::OUT)];
                    if poll(&mut watched, Some(&PATIENCE)) == Ok(0) {
                        return Err(Errno::AGAIN.into());
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn entry(&self, stream: Stream, line: &[u8], goes_on: bool) -> Vec<u8> {
        let mut entry = self.fields.clone();
        // syslog(3): errors, and what is informational.
        let priority = if stream == Stream::Error { "3" } else { "6" };
        field(&mut entry, "PRIORITY", priority.as_bytes());
        if goes_on {
            field(&mut entry, "CONTAINER_PARTIAL_MESSAGE", b"true");
        }
        field(&mut entry, "MESSAGE", line);
        entry
    }
}

fn field(entry: &mut Vec<u8>, name: &str, value: &[u8]) {
    entry.extend_from_slice(name.as_bytes());
    let is_text = value.iter().all(|byte| *byte >= b' ' || *byte == b'\t');
    if is_text {
        entry.push(b'=');
    } else {
        entry.push(b'\n');
        entry.extend_from_slice(&(value.len() as u64).to_le_bytes());
    }
    entry.extend_from_slice(value);
    entry.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixDatagram;

    #[test]
    fn entries_have_the_fields_of_conmon() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("socket");
        let server = UnixDatagram::bind(&path).unwrap();
        let fields = [("CONTAINER_NAME".to_owned(), "web".to_owned())];
        let journal = Journal::open(&path, &fields).unwrap();
        let mut buffer = [0; 300];
        let mut told = |stream, line: &[u8], goes_on| {
            journal.write(stream, line, goes_on).unwrap();
            let count = server.recv(&mut buffer).unwrap();
            buffer[..count].to_vec()
        };
        assert_eq!(told(Stream::Output, b"a line", false), b"CONTAINER_NAME=web\nPRIORITY=6\nMESSAGE=a line\n");
        assert_eq!(
            told(Stream::Error, b"\x1b[0m", true),
            b"CONTAINER_NAME=web\nPRIORITY=3\nCONTAINER_PARTIAL_MESSAGE=true\nMESSAGE\n\x04\0\0\0\0\0\0\0\x1b[0m\n"
        );
    }

    #[test]
    fn a_journal_that_takes_nothing_is_given_up_on() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("socket");
        let _server = UnixDatagram::bind(&path).unwrap();
        let journal = Journal::open(&path, &[]).unwrap();
        let line = vec![b'x'; 60_000];
        let refused = (0..10_000).any(|_| journal.write(Stream::Output, &line, false).is_err());
        assert!(refused);
    }
}
