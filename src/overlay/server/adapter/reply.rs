//! What the kernel is told: a header, then the fields of one `struct fuse_*_out` of linux/fuse.h.
//!
//! A thread builds all its answers in one buffer, contents of files included, and sends each with one write(2).

use super::{KEPT_BUFFER_BYTES, Listed, Opened, Totals};
use fuser::{Errno, FileAttr, FileType};
use rustix::fs::Timespec;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Size of `struct fuse_out_header`.
const HEADER_BYTES: usize = 16;
/// Size of `struct fuse_entry_out`.
const ENTRY_BYTES: usize = 128;
/// Size of `struct fuse_dirent` without the name.
const DIRENT_BYTES: usize = 24;
/// Block size that statfs(2) shows.
const BLOCK_BYTES: u32 = 4096;

/// One answer, being built.
#[derive(Debug)]
pub(super) struct Reply {
    /// Room, of which the first `end` bytes are the answer.
    bytes: Vec<u8>,
    end: usize,
}

impl Reply {
    pub(super) fn new() -> Reply {
        Reply { bytes: vec![0; 4096], end: HEADER_BYTES }
    }

    /// Begins another answer. What a large one took is given back.
    pub(super) fn clear(&mut self) {
        self.end = HEADER_BYTES;
        if self.bytes.len() > KEPT_BUFFER_BYTES {
            self.bytes.truncate(KEPT_BUFFER_BYTES);
            self.bytes.shrink_to_fit();
        }
    }

    /// The whole answer to the request `unique`: what was put in, or the error alone.
    pub(super) fn finish(&mut self, unique: u64, result: Result<(), Errno>) -> &[u8] {
        let mut number = 0;
        if let Err(error) = result {
            (number, self.end) = (-error.code(), HEADER_BYTES);
        }
        let length = self.end;
        self.end = 0;
        self.words([length as u32, number as u32]);
        self.longs([unique]);
        self.end = length;
        self.bytes.get(..length).unwrap_or_default()
    }

    /// Makes room for `size` more bytes and lends it to `work`, which says how many of them it has filled.
    pub(super) fn fill(
        &mut self,
        size: usize,
        work: impl FnOnce(&mut [u8]) -> Result<usize, Errno>,
    ) -> Result<(), Errno> {
        let filled = work(self.room(size))?;
        self.end += filled.min(size);
        Ok(())
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.room(bytes.len()).copy_from_slice(bytes);
        self.end += bytes.len();
    }

    pub(super) fn words<const N: usize>(&mut self, words: [u32; N]) {
        for word in words {
            self.put(&word.to_ne_bytes());
        }
    }

    pub(super) fn longs<const N: usize>(&mut self, longs: [u64; N]) {
        for long in longs {
            self.put(&long.to_ne_bytes());
        }
    }

    /// `struct fuse_attr_out`.
    pub(super) fn attributes(&mut self, lifetime: Duration, attributes: &FileAttr) {
        self.longs([lifetime.as_secs()]);
        self.words([lifetime.subsec_nanos(), 0]);
        self.attr(attributes);
    }

    /// `struct fuse_entry_out`. The lifetimes are the attributes' and the name's.
    pub(super) fn entry(&mut self, (known, named): (Duration, Duration), attributes: &FileAttr) {
        self.longs([attributes.ino.0, 0, named.as_secs(), known.as_secs()]);
        self.words([named.subsec_nanos(), known.subsec_nanos()]);
        self.attr(attributes);
    }

    /// "No such file, and you may remember it for so long": an entry with the inode 0.
    pub(super) fn no_entry(&mut self, lifetime: Duration) {
        self.longs([0, 0, lifetime.as_secs(), 0]);
        self.words([lifetime.subsec_nanos(), 0]);
        self.put(&[0; ENTRY_BYTES - 40]);
    }

    /// `struct fuse_attr`.
    fn attr(&mut self, attributes: &FileAttr) {
        let times = [attributes.atime, attributes.mtime, attributes.ctime].map(timespec);
        self.longs([attributes.ino.0, attributes.size, attributes.blocks]);
        self.longs(times.map(|time| time.tv_sec as u64));
        self.words(times.map(|time| time.tv_nsec as u32));
        let mode = type_bits(attributes.kind) | u32::from(attributes.perm);
        let (uid, gid) = (attributes.uid, attributes.gid);
        self.words([mode, attributes.nlink, uid, gid, attributes.rdev, attributes.blksize, 0]);
    }

    /// `struct fuse_open_out`.
    pub(super) fn opened(&mut self, opened: Opened) {
        self.longs([opened.handle]);
        self.words([opened.flags.bits(), 0]);
    }

    /// `struct fuse_statfs_out`.
    pub(super) fn totals(&mut self, totals: &Totals) {
        let block = u64::from(BLOCK_BYTES);
        let (free, available) = (totals.free_bytes / block, totals.available_bytes / block);
        self.longs([totals.bytes.div_ceil(block), free, available, totals.files, totals.free_files]);
        self.words([BLOCK_BYTES, totals.name_bytes, BLOCK_BYTES, 0]);
        self.words([0; 6]);
    }

    /// An extended attribute's value or the list of names, in the way of getxattr(2): size 0 asks how much there is.
    pub(super) fn xattr(&mut self, size: u32, value: &[u8]) -> Result<(), Errno> {
        match u32::try_from(value.len()) {
            Ok(length) if size == 0 => self.words([length, 0]),
            Ok(length) if length <= size => self.put(value),
            _ => return Err(Errno::ERANGE),
        }
        Ok(())
    }

    /// `struct fuse_dirent`, after a `struct fuse_entry_out` if there is one, if both fit into `size` bytes of listing; else
    /// false.
    pub(super) fn listed(
        &mut self,
        listed: &Listed<'_>,
        entry: Option<(Duration, Duration, &FileAttr)>,
        size: usize,
    ) -> bool {
        let length = (DIRENT_BYTES + listed.name.len()).next_multiple_of(8);
        let needed = length + entry.map_or(0, |_| ENTRY_BYTES);
        if self.end - HEADER_BYTES + needed > size {
            return false;
        }
        let (mut inode, mut kind) = (listed.inode, listed.kind);
        if let Some((known, named, attributes)) = entry {
            (inode, kind) = (attributes.ino.0, attributes.kind);
            self.entry((known, named), attributes);
        }
        self.longs([inode, listed.next]);
        self.words([listed.name.len() as u32, type_bits(kind) >> 12]);
        self.put(listed.name);
        let padding = length - DIRENT_BYTES - listed.name.len();
        self.put([0; 8].get(..padding).unwrap_or_default());
        true
    }

    fn room(&mut self, size: usize) -> &mut [u8] {
        let end = self.end + size;
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes.get_mut(self.end..end).unwrap_or_default()
    }
}

fn type_bits(kind: FileType) -> u32 {
    match kind {
        FileType::NamedPipe => libc::S_IFIFO,
        FileType::CharDevice => libc::S_IFCHR,
        FileType::BlockDevice => libc::S_IFBLK,
        FileType::Directory => libc::S_IFDIR,
        FileType::RegularFile => libc::S_IFREG,
        FileType::Symlink => libc::S_IFLNK,
        FileType::Socket => libc::S_IFSOCK,
    }
}

/// Seconds and nanoseconds, the latter never negative.
pub(in crate::overlay::server) fn timespec(time: SystemTime) -> Timespec {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => Timespec { tv_sec: after.as_secs() as i64, tv_nsec: after.subsec_nanos().into() },
        Err(before) => {
            let before = before.duration();
            let (seconds, nanoseconds) = (-(before.as_secs() as i64), i64::from(before.subsec_nanos()));
            match nanoseconds {
                0 => Timespec { tv_sec: seconds, tv_nsec: 0 },
                _ => Timespec { tv_sec: seconds - 1, tv_nsec: 1_000_000_000 - nanoseconds },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fuser::{FopenFlags, INodeNo};

    fn attributes() -> FileAttr {
        let time = UNIX_EPOCH - Duration::from_millis(1500);
        FileAttr {
            ino: INodeNo(9),
            size: 10,
            blocks: 8,
            atime: UNIX_EPOCH,
            mtime: time,
            ctime: UNIX_EPOCH + Duration::from_nanos(7),
            crtime: UNIX_EPOCH,
            kind: FileType::RegularFile,
            perm: 0o640,
            nlink: 2,
            uid: 3,
            gid: 4,
            rdev: 5,
            blksize: 4096,
            flags: 0,
        }
    }

    /// The offsets of linux/fuse.h.
    #[test]
    fn structures_are_as_the_kernel_reads_them() {
        let mut reply = Reply::new();
        reply.entry((Duration::from_secs(1), Duration::from_nanos(2)), &attributes());
        reply.opened(Opened { handle: 11, flags: FopenFlags::FOPEN_KEEP_CACHE });
        let bytes = reply.finish(77, Ok(())).to_vec();
        let long = |at: usize| u64::from_ne_bytes(bytes[at..at + 8].try_into().unwrap());
        let word = |at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap());
        assert_eq!(bytes.len(), 16 + 128 + 16);
        assert_eq!((word(0), word(4), long(8)), (160, 0, 77));
        assert_eq!((long(16), long(32), long(40), word(48), word(52)), (9, 0, 1, 2, 0));
        assert_eq!((long(56), long(64), long(72)), (9, 10, 8));
        assert_eq!((long(88) as i64, word(108), word(112)), (-2, 500_000_000, 7));
        assert_eq!((word(116), word(120), word(124), word(128), word(132)), (0o100640, 2, 3, 4, 5));
        assert_eq!((long(144), word(152)), (11, FopenFlags::FOPEN_KEEP_CACHE.bits()));
        reply.clear();
        reply.attributes(Duration::ZERO, &attributes());
        assert_eq!(reply.finish(1, Ok(())).len(), 16 + 104);
        reply.clear();
        reply.totals(&Totals::full(1 << 20, 3));
        assert_eq!(reply.finish(1, Ok(())).len(), 16 + 80);
        reply.clear();
        reply.no_entry(Duration::from_secs(5));
        assert_eq!(reply.finish(1, Ok(())).len(), 16 + 128);
    }

    #[test]
    fn an_error_carries_nothing_else() {
        let mut reply = Reply::new();
        reply.put(b"half an answer");
        let bytes = reply.finish(3, Err(Errno::ENOENT));
        assert_eq!(bytes.len(), 16);
        assert_eq!(bytes[4..8], (-libc::ENOENT).to_ne_bytes());
    }

    #[test]
    fn a_listing_ends_where_the_kernel_has_no_more_room() {
        let mut reply = Reply::new();
        let listed = Listed { name: b"abcde", next: 4, inode: 6, kind: FileType::Directory };
        assert!(reply.listed(&listed, None, 64) && reply.listed(&listed, None, 64));
        assert!(!reply.listed(&listed, None, 64));
        assert!(!reply.listed(&listed, Some((Duration::ZERO, Duration::ZERO, &attributes())), 64 + 159));
        assert!(reply.listed(&listed, Some((Duration::ZERO, Duration::ZERO, &attributes())), 64 + 160));
        assert_eq!(reply.finish(1, Ok(())).len(), 16 + 64 + 160);
    }

    #[test]
    fn a_large_answer_leaves_a_small_buffer() {
        let mut reply = Reply::new();
        assert!(reply.fill(1 << 20, |room| Ok(room.len() - 1)).is_ok());
        assert_eq!(reply.finish(1, Ok(())).len(), 16 + (1 << 20) - 1);
        reply.clear();
        assert_eq!(reply.bytes.capacity(), KEPT_BUFFER_BYTES);
    }
}
