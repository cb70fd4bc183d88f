//! The journal's file: a header, and records of which each says how long it is and carries a checksum.
//!
//! ```text
//! "coracleJ" version(4)  { length(4) checksum(8) operation }*  zeros
//! ```
//!
//! A checksum covers all that came before it, so nothing that lay in the file earlier can follow a record. The first record that
//! is not whole ends the journal: it was being written when the writer was killed. What comes before the end of the snapshot was
//! written, synced and renamed as one, so there it is damage. Room is made in advance, so that files can still be removed
//! when the file system is full.

use super::nodes::Nodes;
use super::operation::{Operation, Time};
use crate::overlay::server::upper::Step;
use crate::overlay::server::upper::store::write_all;
use crate::store::record;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// Its name in the work directory.
pub(in super::super) const NAME: &str = "journal";
/// The name of one that is being written.
pub(super) const NEW_NAME: &str = "journal.new";
/// What a journal begins with: magic and version.
const HEADER: &[u8; 12] = b"coracleJ\x01\0\0\0";
/// In front of each record: length and checksum.
const FRAME: usize = 12;
/// No record is longer: the largest attribute and two long names.
const LARGEST_RECORD: usize = 80 << 10;
/// How much the file grows by.
const GROWTH: usize = 64 << 10;
/// What is left for removals when there is no more.
const RESERVE: u64 = 32 << 10;
/// How much is written at once when the whole is written.
const BATCH: usize = 256 << 10;

/// A journal that can be added to.
#[derive(Debug)]
pub(super) struct Log {
    file: Arc<OwnedFd>,
    /// Where the next record goes.
    end: u64,
    /// Where the file ends.
    room: u64,
    checksum: u64,
}

/// Where a journal ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    at: u64,
    checksum: u64,
}

/// One record with its frame; moves the checksum on.
fn frame(checksum: &mut u64, payload: &[u8], out: &mut Vec<u8>) {
    *checksum = chained(*checksum, payload);
    out.extend((payload.len() as u32).to_le_bytes());
    out.extend(checksum.to_le_bytes());
    out.extend(payload);
}

fn chained(before: u64, payload: &[u8]) -> u64 {
    let mut bytes = Vec::with_capacity(payload.len() + size_of::<u64>());
    bytes.extend(before.to_le_bytes());
    bytes.extend(payload);
    record::checksum(&bytes)
}

/// Reads a journal: the tree, and where it ended. `None` when there is no whole snapshot at its beginning, or an operation that is impossible.
/// An I/O error is one.
pub(super) fn replay(mut from: impl Read) -> io::Result<Option<(Nodes, End)>> {
    let mut header = [0; HEADER.len()];
    if !read_whole(&mut from, &mut header)? || header != *HEADER {
        return Ok(None);
    }
    let (mut nodes, mut end) = (Nodes::new(), End { at: HEADER.len() as u64, checksum: 0 });
    let mut is_complete = false;
    let mut payload = Vec::new();
    while let Some(checksum) = next_record(&mut from, end.checksum, &mut payload)? {
        let Some((operation, now)) = Operation::decode(&payload) else { return Ok(None) };
        is_complete |= matches!(operation, Operation::Last { .. });
        if nodes.check(&operation).is_err() {
            return Ok(None);
        }
        nodes.carry_out(operation, now);
        end = End { at: end.at + (FRAME + payload.len()) as u64, checksum };
    }
    let is_tree = nodes.drop_unreachable();
    Ok((is_complete && is_tree).then_some((nodes, end)))
}

/// The next whole record, and its checksum.
fn next_record(from: &mut impl Read, before: u64, payload: &mut Vec<u8>) -> io::Result<Option<u64>> {
    let mut head = [0; FRAME];
    if !read_whole(from, &mut head)? {
        return Ok(None);
    }
    let length = record::u32_at(&head, 0).and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    if length == 0 || length > LARGEST_RECORD {
        return Ok(None);
    }
    payload.resize(length, 0);
    if !read_whole(from, payload)? {
        return Ok(None);
    }
    let checksum = chained(before, payload);
    Ok(Some(checksum).filter(|checksum| record::u64_at(&head, 4) == Some(*checksum)))
}

/// Fills the buffer; false when the end came first.
fn read_whole(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// The bytes of a journal that says no more than a tree.
fn write_snapshot(nodes: &Nodes, mut put: impl FnMut(&[u8]) -> Step<()>) -> Step<(u64, u64)> {
    let (mut end, mut checksum) = (0, 0);
    let mut bytes = HEADER.to_vec();
    for operation in nodes.snapshot() {
        frame(&mut checksum, &operation.encode(Time::default()), &mut bytes);
        if bytes.len() >= BATCH {
            put(&bytes)?;
            end += bytes.len() as u64;
            bytes.clear();
        }
    }
    put(&bytes)?;
    Ok((end + bytes.len() as u64, checksum))
}

impl Log {
    /// Goes on where a journal ended.
    pub(super) fn resume(file: OwnedFd, end: End) -> Step<Log> {
        let room = u64::try_from(rustix::fs::fstat(&file)?.st_size).unwrap_or(0);
        let file = Arc::new(file);
        Ok(Log { file, end: end.at, room, checksum: end.checksum })
    }

    /// Writes a journal of this tree, and puts it in the place of the one in `work` when it is whole, and on the disk if
    /// `durable`. Without success that one stays.
    pub(super) fn write(work: &OwnedFd, nodes: &Nodes, durable: bool) -> Step<Log> {
        let written = Log::write_new(work, nodes, durable).and_then(|log| {
            rustix::fs::renameat(work, NEW_NAME, work, NAME)?;
            Ok(log)
        });
        if written.is_err() {
            // The next one is written over it.
            let _ = rustix::fs::unlinkat(work, NEW_NAME, rustix::fs::AtFlags::empty());
        }
        let log = written?;
        if durable {
            sync_directory(work)?;
        }
        Ok(log)
    }

    fn write_new(work: &OwnedFd, nodes: &Nodes, durable: bool) -> Step<Log> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC;
        let file = Arc::new(rustix::fs::openat(work, NEW_NAME, flags, Mode::from_raw_mode(0o600))?);
        let mut at = 0;
        let (end, checksum) = write_snapshot(nodes, |bytes| {
            write_all(&file, bytes, at)?;
            at += bytes.len() as u64;
            Ok(())
        })?;
        let mut log = Log { file, end, room: end, checksum };
        log.grow()?;
        if durable {
            rustix::fs::fsync(&log.file)?;
        }
        Ok(log)
    }

    /// How long it is.
    pub(super) fn length_bytes(&self) -> u64 {
        self.end
    }

    /// Adds one operation. After an error the journal is as before.
    pub(super) fn append(&mut self, operation: &Operation, now: Time) -> Step<()> {
        let (mut bytes, mut checksum) = (Vec::new(), self.checksum);
        frame(&mut checksum, &operation.encode(now), &mut bytes);
        let after = self.end + bytes.len() as u64;
        while after + RESERVE > self.room {
            match self.grow() {
                Ok(()) => {}
                Err(Errno::NOSPC | Errno::DQUOT) if operation.frees() && after <= self.room => break,
                Err(error) => return Err(error),
            }
        }
        // What a failure leaves behind is no record, and is written over by the next.
        write_all(&self.file, &bytes, self.end)?;
        (self.end, self.checksum) = (after, checksum);
        Ok(())
    }

    fn grow(&mut self) -> Step<()> {
        let written = write_all(&self.file, &[0; GROWTH], self.room);
        self.room = u64::try_from(rustix::fs::fstat(&self.file)?.st_size).unwrap_or(0).max(self.room);
        written
    }

    /// Its descriptor, to sync it.
    pub(super) fn file(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.file)
    }
}

/// Not every file system can sync a directory.
pub(super) fn sync_directory(directory: &OwnedFd) -> Step<()> {
    match rustix::fs::fsync(directory) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(()),
        result => result,
    }
}

/// Reads a journal made of these operations, whatever bytes they are, with checksums that are right: `None` when it is refused,
/// else whether the tree, written out, is read as the same one. What fuzzing and tests call.
pub fn replay_operations<'a>(untrusted_operations: impl IntoIterator<Item = &'a [u8]>) -> Option<bool> {
    let (mut bytes, mut checksum) = (HEADER.to_vec(), 0);
    for operation in untrusted_operations {
        frame(&mut checksum, operation, &mut bytes);
    }
    let (nodes, _) = replay(&bytes[..]).ok()??;
    let mut snapshot = Vec::new();
    write_snapshot(&nodes, |bytes| {
        snapshot.extend_from_slice(bytes);
        Ok(())
    })
    .ok()?;
    Some(replay(&snapshot[..]).ok()?.is_some_and(|(again, _)| again == nodes))
}
