//! Writing tar archives: layers of commits, exports, what `cp` streams.
//!
//! Headers are POSIX ustar, with a pax extended header only where a field does not fit (POSIX.1-2024 `pax`): the same
//! choice Go's `archive/tar` makes, so that readers made for it find what they expect. Extended attributes are pax
//! records `SCHILY.xattr.NAME`, as in image layers.
//!
//! What must stay true: exactly the announced number of bytes follows each header, whatever happens to the file that
//! is being read, or everything after it would be misread.

use super::layer_index::{EntryKind, Timestamp};
use std::io::{self, Read, Write};

/// Size of a tar block in bytes (POSIX `pax`, "ustar Interchange Format").
const BLOCK: usize = 512;
/// Longest name and link target in a plain header.
const NAME_BYTES: usize = 100;
/// Greatest number of seven octal digits: modes and ids.
const SMALL_NUMBER: u64 = 0o7777777;
/// Greatest number of eleven octal digits: sizes and times.
const LARGE_NUMBER: u64 = 0o77777777777;
/// Bytes copied at once.
const PIECE_BYTES: usize = 128 << 10;

/// What is said about one member.
#[derive(Clone, Debug)]
pub struct Member<'a> {
    /// Relative path without a slash at the end.
    pub path: &'a [u8],
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits with set-id and sticky bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Bytes that follow; only for files.
    pub size: u64,
    /// Last change of the contents.
    pub modified: Timestamp,
    /// Target of a link.
    pub link: &'a [u8],
    /// Major and minor number of a device.
    pub device: (u32, u32),
    /// Extended attributes.
    pub xattrs: &'a [(Vec<u8>, Vec<u8>)],
}

impl<'a> Member<'a> {
    /// A file or directory of root's without anything special.
    pub fn plain(path: &'a [u8], kind: EntryKind, mode: u32, size: u64) -> Self {
        let modified = Timestamp::default();
        Member { path, kind, mode, uid: 0, gid: 0, size, modified, link: b"", device: (0, 0), xattrs: &[] }
    }
}

/// An archive being written.
#[derive(Debug)]
pub struct ArchiveWriter<W: Write> {
    out: W,
}

impl<W: Write> ArchiveWriter<W> {
    /// An archive that goes to `out`.
    pub fn new(out: W) -> Self {
        ArchiveWriter { out }
    }

    /// Adds a member without contents.
    pub fn add(&mut self, member: &Member<'_>) -> io::Result<()> {
        self.header(&Member { size: 0, ..member.clone() })
    }

    /// Adds a file with the contents of `input`: cut at the announced size, filled up with zeros when shorter.
    pub fn add_file(&mut self, member: &Member<'_>, input: &mut impl Read) -> io::Result<()> {
        self.header(member)?;
        let mut left = member.size;
        let mut buffer = vec![0; PIECE_BYTES.min(usize::try_from(left).unwrap_or(PIECE_BYTES)).max(1)];
        let mut has_ended = false;
        while left > 0 {
            let want = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let count = match has_ended {
                true => {
                    buffer[..want].fill(0);
                    want
                }
                false => match input.read(&mut buffer[..want]) {
                    Ok(count) => count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(error),
                },
            };
            has_ended = has_ended || count == 0;
            self.out.write_all(&buffer[..count])?;
            left -= count as u64;
        }
        self.pad(member.size)
    }

    /// Adds a file with these contents.
    pub fn add_bytes(&mut self, path: &[u8], contents: &[u8]) -> io::Result<()> {
        let member = Member::plain(path, EntryKind::File, 0o644, contents.len() as u64);
        self.add_file(&member, &mut &*contents)
    }

    /// Writes the end marks and returns the output, flushed.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&[0; 2 * BLOCK])?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn pad(&mut self, size: u64) -> io::Result<()> {
        let padding = (size.wrapping_neg() % BLOCK as u64) as usize;
        self.out.write_all(&[0; BLOCK][..padding])
    }

    fn header(&mut self, member: &Member<'_>) -> io::Result<()> {
        let mut path = member.path.to_vec();
        if member.kind == EntryKind::Directory && !path.ends_with(b"/") {
            path.push(b'/');
        }
        let records = extended_records(member, &path);
        if !records.is_empty() {
            let name = [b"PaxHeaders.0/".as_slice(), last_name(&path)].concat();
            let header = Member::plain(&name, EntryKind::File, 0o644, records.len() as u64);
            self.out.write_all(&block(&header, &name, b'x'))?;
            self.out.write_all(&records)?;
            self.pad(records.len() as u64)?;
        }
        self.out.write_all(&block(member, &path, type_flag(member.kind)))
    }
}

fn last_name(path: &[u8]) -> &[u8] {
    let path = path.strip_suffix(b"/").unwrap_or(path);
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    &name[..name.len().min(80)]
}

fn type_flag(kind: EntryKind) -> u8 {
    match kind {
        EntryKind::File => b'0',
        EntryKind::HardLink => b'1',
        EntryKind::Symlink => b'2',
        EntryKind::CharacterDevice => b'3',
        EntryKind::BlockDevice => b'4',
        EntryKind::Directory => b'5',
        EntryKind::Fifo => b'6',
    }
}

/// One header block; what does not fit is cut, since the extended header has it.
fn block(member: &Member<'_>, path: &[u8], kind: u8) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut text = |at: usize, longest: usize, bytes: &[u8]| {
        let bytes = &bytes[..bytes.len().min(longest)];
        block[at..at + bytes.len()].copy_from_slice(bytes);
    };
    let small = |number: u64| format!("{:07o}\0", number.min(SMALL_NUMBER));
    let large = |number: u64| format!("{:011o}\0", number.min(LARGE_NUMBER));
    text(0, NAME_BYTES, path);
    text(100, 8, small(u64::from(member.mode & 0o7777)).as_bytes());
    text(108, 8, small(u64::from(member.uid)).as_bytes());
    text(116, 8, small(u64::from(member.gid)).as_bytes());
    text(124, 12, large(member.size).as_bytes());
    text(136, 12, large(u64::try_from(member.modified.seconds).unwrap_or(0)).as_bytes());
    // The checksum counts its own field as blanks.
    text(148, 8, b"        ");
    text(156, 1, &[kind]);
    text(157, NAME_BYTES, member.link);
    text(257, 8, b"ustar\x0000");
    text(329, 8, small(u64::from(member.device.0)).as_bytes());
    text(337, 8, small(u64::from(member.device.1)).as_bytes());
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// The records of an extended header for what a plain one cannot say.
fn extended_records(member: &Member<'_>, path: &[u8]) -> Vec<u8> {
    let mut records = Vec::new();
    // Old readers take bytes beyond ASCII in a plain header for some other character set.
    if path.len() > NAME_BYTES || !path.is_ascii() {
        record(&mut records, b"path", path);
    }
    if member.link.len() > NAME_BYTES || !member.link.is_ascii() {
        record(&mut records, b"linkpath", member.link);
    }
    for (key, number) in [(b"uid", member.uid), (b"gid", member.gid)] {
        if u64::from(number) > SMALL_NUMBER {
            record(&mut records, key, number.to_string().as_bytes());
        }
    }
    if member.size > LARGE_NUMBER {
        record(&mut records, b"size", member.size.to_string().as_bytes());
    }
    let Timestamp { seconds, nanoseconds } = member.modified;
    if nanoseconds != 0 || seconds < 0 || seconds as u64 > LARGE_NUMBER {
        record(&mut records, b"mtime", time(seconds, nanoseconds).as_bytes());
    }
    for (name, value) in member.xattrs {
        record(&mut records, &[b"SCHILY.xattr.", name.as_slice()].concat(), value);
    }
    records
}

/// Seconds with a fraction; before the epoch the sign belongs to the whole number.
fn time(seconds: i64, nanoseconds: u32) -> String {
    let (sign, seconds, nanoseconds) = match (seconds < 0, nanoseconds) {
        (false, _) => ("", seconds.unsigned_abs(), nanoseconds),
        (true, 0) => ("-", seconds.unsigned_abs(), 0),
        (true, _) => ("-", (seconds + 1).unsigned_abs(), 1_000_000_000 - nanoseconds),
    };
    let text = format!("{sign}{seconds}.{nanoseconds:09}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `LENGTH KEY=VALUE\n`, where the length counts itself.
fn record(records: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length.to_string().len() + rest != length {
        length += 1;
    }
    records.extend_from_slice(length.to_string().as_bytes());
    records.push(b' ');
    records.extend_from_slice(key);
    records.push(b'=');
    records.extend_from_slice(value);
    records.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::layer_index::TarStream;

    #[test]
    fn what_is_written_is_read_again() {
        let long = "d/".repeat(80) + "name";
        let xattrs = vec![(b"user.x".to_vec(), b"a\0b\n".to_vec())];
        let members = [
            Member::plain(b"directory", EntryKind::Directory, 0o1777, 0),
            Member { uid: 3_000_000_000, gid: 7, ..Member::plain(long.as_bytes(), EntryKind::File, 0o4755, 3) },
            Member {
                modified: Timestamp { seconds: -2, nanoseconds: 500_000_000 },
                xattrs: &xattrs,
                ..Member::plain("ü".as_bytes(), EntryKind::File, 0o600, 700)
            },
            Member { link: long.as_bytes(), ..Member::plain(b"link", EntryKind::Symlink, 0o777, 0) },
            Member { link: b"directory/x", ..Member::plain(b"hard", EntryKind::HardLink, 0o644, 0) },
            Member {
                modified: Timestamp { seconds: 1_700_000_000, nanoseconds: 1 },
                device: (1, 3),
                ..Member::plain(b"null", EntryKind::CharacterDevice, 0o666, 0)
            },
        ];
        let mut archive = ArchiveWriter::new(Vec::new());
        for member in &members {
            // Shorter and longer than announced.
            archive.add_file(member, &mut &b"12345"[..]).unwrap();
        }
        let bytes = archive.finish().unwrap();
        let mut stream = TarStream::new(&bytes[..]);
        for member in &members {
            let entry = stream.next_entry().unwrap().unwrap();
            assert_eq!((&entry.path[..], entry.kind, u32::from(entry.mode)), (member.path, member.kind, member.mode));
            assert_eq!((entry.uid, entry.gid, entry.size), (member.uid, member.gid, member.size));
            assert_eq!((entry.modified, &entry.link[..]), (member.modified, member.link));
            assert_eq!((entry.device, &entry.xattrs[..]), (member.device, member.xattrs));
            let mut contents = vec![0; entry.size as usize];
            stream
                .contents(&entry, |at, piece| {
                    contents[at as usize..at as usize + piece.len()].copy_from_slice(piece);
                    Ok(())
                })
                .unwrap();
            let expected: Vec<u8> = (0..entry.size as usize).map(|at| *b"12345".get(at).unwrap_or(&0)).collect();
            assert_eq!(contents, expected);
        }
        assert!(stream.next_entry().unwrap().is_none());
    }
}
