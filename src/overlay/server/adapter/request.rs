//! What the kernel sends: a header, then the fields of one `struct fuse_*_in` of linux/fuse.h, read one after the other.
//!
//! Nothing is believed: a request that is shorter than its fields is EINVAL, and a name is one name.

use super::{Caller, Place};
use fuser::Errno;

/// `enum fuse_opcode`.
pub(super) mod opcode {
    pub(in super::super) const LOOKUP: u32 = 1;
    pub(in super::super) const FORGET: u32 = 2;
    pub(in super::super) const GETATTR: u32 = 3;
    pub(in super::super) const SETATTR: u32 = 4;
    pub(in super::super) const READLINK: u32 = 5;
    pub(in super::super) const SYMLINK: u32 = 6;
    pub(in super::super) const MKNOD: u32 = 8;
    pub(in super::super) const MKDIR: u32 = 9;
    pub(in super::super) const UNLINK: u32 = 10;
    pub(in super::super) const RMDIR: u32 = 11;
    pub(in super::super) const RENAME: u32 = 12;
    pub(in super::super) const LINK: u32 = 13;
    pub(in super::super) const OPEN: u32 = 14;
    pub(in super::super) const READ: u32 = 15;
    pub(in super::super) const WRITE: u32 = 16;
    pub(in super::super) const STATFS: u32 = 17;
    pub(in super::super) const RELEASE: u32 = 18;
    pub(in super::super) const FSYNC: u32 = 20;
    pub(in super::super) const SETXATTR: u32 = 21;
    pub(in super::super) const GETXATTR: u32 = 22;
    pub(in super::super) const LISTXATTR: u32 = 23;
    pub(in super::super) const REMOVEXATTR: u32 = 24;
    pub(in super::super) const FLUSH: u32 = 25;
    pub(in super::super) const OPENDIR: u32 = 27;
    pub(in super::super) const READDIR: u32 = 28;
    pub(in super::super) const RELEASEDIR: u32 = 29;
    pub(in super::super) const FSYNCDIR: u32 = 30;
    pub(in super::super) const CREATE: u32 = 35;
    pub(in super::super) const DESTROY: u32 = 38;
    pub(in super::super) const NOTIFY_REPLY: u32 = 41;
    pub(in super::super) const BATCH_FORGET: u32 = 42;
    pub(in super::super) const FALLOCATE: u32 = 43;
    pub(in super::super) const READDIRPLUS: u32 = 44;
    pub(in super::super) const RENAME2: u32 = 45;
    pub(in super::super) const LSEEK: u32 = 46;
    pub(in super::super) const COPY_FILE_RANGE: u32 = 47;
    pub(in super::super) const TMPFILE: u32 = 51;
}

/// One request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    /// One of [`opcode`], or unknown to us.
    pub opcode: u32,
    /// What the answer is to carry.
    pub unique: u64,
    pub inode: u64,
    pub caller: Caller,
    pub fields: Fields<'a>,
}

impl<'a> Request<'a> {
    /// Reads `struct fuse_in_header`; `None` when it is not whole.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Request<'a>> {
        let mut fields = Fields(bytes);
        let mut header = || {
            let [_length, opcode] = fields.words().ok()?;
            let [unique, inode] = fields.longs().ok()?;
            let [uid, gid, _process, _extensions] = fields.words().ok()?;
            Some((opcode, unique, inode, Caller { uid, gid }))
        };
        let (opcode, unique, inode, caller) = header()?;
        Some(Request { opcode, unique, inode, caller, fields })
    }
}

impl Request<'_> {
    /// Whether the kernel waits for no answer, not even for an error.
    pub(super) fn wants_no_answer(&self) -> bool {
        matches!(self.opcode, opcode::FORGET | opcode::BATCH_FORGET | opcode::NOTIFY_REPLY)
    }
}

/// What has not been read yet of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn next<const N: usize>(&mut self) -> Result<[u8; N], Errno> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(Errno::EINVAL)?;
        self.0 = rest;
        Ok(*bytes)
    }

    /// The next fields of 32 bits.
    pub(super) fn words<const N: usize>(&mut self) -> Result<[u32; N], Errno> {
        let mut words = [0; N];
        for word in &mut words {
            *word = u32::from_ne_bytes(self.next()?);
        }
        Ok(words)
    }

    /// The next fields of 64 bits.
    pub(super) fn longs<const N: usize>(&mut self) -> Result<[u64; N], Errno> {
        let mut longs = [0; N];
        for long in &mut longs {
            *long = u64::from_ne_bytes(self.next()?);
        }
        Ok(longs)
    }

    /// The next text, without the zero byte that ends it.
    pub(super) fn text(&mut self) -> Result<&'a [u8], Errno> {
        let end = self.0.iter().position(|&byte| byte == 0).ok_or(Errno::EINVAL)?;
        let (text, rest) = self.0.split_at(end);
        self.0 = rest.get(1..).unwrap_or_default();
        Ok(text)
    }

    /// The next name, as one in `directory`.
    pub(super) fn place(&mut self, directory: u64) -> Result<Place<'a>, Errno> {
        let name = self.text()?;
        // The kernel sends single names. Should it ever not, an empty one leads nowhere (ENOENT) instead of out of the directory.
        let is_single = !matches!(name, b"." | b"..") && !name.contains(&b'/');
        Ok(Place { directory, name: if is_single { name } else { b"" } })
    }

    /// So many bytes of what is left.
    pub(super) fn bytes(&self, count: u32) -> Result<&'a [u8], Errno> {
        self.0.get(..count as usize).ok_or(Errno::EINVAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(opcode: u32, inode: u64) -> Vec<u8> {
        let mut bytes = [100, opcode].map(u32::to_ne_bytes).concat();
        bytes.extend([7, inode].map(u64::to_ne_bytes).concat());
        bytes.extend([1000, 100, 4711, 0].map(u32::to_ne_bytes).concat());
        bytes
    }

    #[test]
    fn a_header_and_its_fields() {
        let mut bytes = header(opcode::RENAME2, 5);
        assert!(Request::parse(&bytes[..39]).is_none());
        bytes.extend(9_u64.to_ne_bytes());
        bytes.extend([2, 0].map(u32::to_ne_bytes).concat());
        bytes.extend(b"old\0../new\0");
        let request = Request::parse(&bytes).unwrap();
        assert_eq!((request.opcode, request.unique, request.inode), (opcode::RENAME2, 7, 5));
        assert_eq!((request.caller.uid, request.caller.gid), (1000, 100));
        let mut fields = request.fields;
        assert_eq!((fields.longs().unwrap(), fields.words().unwrap()), ([9], [2, 0]));
        assert_eq!(fields.place(5).unwrap().name, b"old");
        assert_eq!(fields.place(9).unwrap().name, b"", "no way out of a directory");
        assert!(fields.text().is_err() && fields.words::<1>().is_err() && fields.longs::<1>().is_err());
        assert!(fields.bytes(0).is_ok() && fields.bytes(1).is_err());
    }
}
