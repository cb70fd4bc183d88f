//! From fuser's callbacks to a [`Source`], and everything the sources have in common.

use super::{Error, Server};
use fuser::{
    Errno, FileAttr, FileHandle, Filesystem, Generation, INodeNo, InitFlags, KernelConfig, LockOwner, OpenFlags,
    ReplyAttr, ReplyData, ReplyDirectory, ReplyDirectoryPlus, ReplyEmpty, ReplyEntry, ReplyLseek, ReplyOpen,
    ReplyStatfs, ReplyXattr, Request, Session, SessionACL,
};
use std::cell::RefCell;
use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::time::{Duration, UNIX_EPOCH};

/// Number of the root inode (linux/fuse.h, `FUSE_ROOT_ID`).
pub(super) const ROOT_INODE: u64 = 1;
/// Largest request agreed with the kernel: its own limit is 256 pages unless the administrator raises it
/// (`FUSE_MAX_MAX_PAGES`, fs/fuse/fuse_i.h). A thread's buffer never grows beyond it.
const LARGEST_READ_BYTES: usize = 1 << 20;
/// Buffers above this are given back after use, so that one large read does not stay resident. The kernel's
/// read-ahead asks for at most this much (`VM_READAHEAD_PAGES`).
const KEPT_BUFFER_BYTES: usize = 128 << 10;
/// Stack of the thread that only waits for the others.
const WAITING_STACK_BYTES: usize = 64 << 10;
/// Requests the kernel may have in flight for read-ahead. Twice fuser's default is where our measurements level off.
const BACKGROUND_REQUESTS: u16 = 32;

/// File system figures for statfs(2).
#[derive(Clone, Copy, Debug)]
pub(super) struct Totals {
    pub bytes: u64,
    pub files: u64,
}

/// One listed name. `attributes` are only asked for when the reply carries them.
pub(super) struct Listed<'a> {
    pub name: &'a [u8],
    /// Where the next call continues.
    pub next: u64,
    pub inode: u64,
    pub kind: fuser::FileType,
}

/// Takes listed names; returns false when the reply is full and the name was not taken.
pub(super) type Add<'a> = dyn FnMut(&Listed<'_>, Option<&FileAttr>) -> bool + 'a;

/// A read-only file system.
pub(super) trait Source: Send + Sync + 'static {
    /// How long the kernel may believe what it is told.
    fn lifetime(&self) -> Duration;
    /// Whether contents can change, so that the kernel must compare times and sizes.
    fn is_changing(&self) -> bool;
    /// The child of a directory; `None` when there is none, which the kernel remembers too.
    fn lookup(&self, directory: u64, name: &[u8]) -> Result<Option<FileAttr>, Errno>;
    /// Attributes of an inode.
    fn attributes(&self, inode: u64) -> Result<FileAttr, Errno>;
    /// The kernel has dropped `count` references.
    fn forget(&self, inode: u64, count: u64);
    /// Text of a symbolic link.
    fn link_target(&self, inode: u64) -> Result<Vec<u8>, Errno>;
    /// Fills `buffer` from `offset` on and returns how much there was; less than asked is the end of the file.
    fn read(&self, inode: u64, offset: u64, buffer: &mut [u8]) -> Result<usize, Errno>;
    /// Lists a directory from `offset` on (0 or an earlier [`Listed::next`]).
    fn list(&self, directory: u64, offset: u64, with_attributes: bool, add: &mut Add<'_>) -> Result<(), Errno>;
    /// Names and values of all extended attributes of an inode, or ENOSYS when nothing has any.
    fn xattrs(&self, inode: u64, visit: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), Errno>;
    /// SEEK_DATA and SEEK_HOLE, or ENOSYS when nothing has holes.
    fn seek(&self, inode: u64, offset: u64, hole: bool) -> Result<u64, Errno>;
    /// What statfs(2) shows.
    fn totals(&self) -> Totals;
}

/// Greets the kernel and starts the threads.
pub(super) fn start(source: impl Source, device: OwnedFd, threads: usize) -> Result<Server, Error> {
    let failed = |source| Error::Serve { source };
    // Each thread has a request buffer of 16 MiB of which it touches a few pages; a huge page would make that 2 MiB. What the
    // process starts from now on inherits this; a kernel that refuses costs memory only (PR_SET_THP_DISABLE, prctl(2)).
    let _ = nix::sys::prctl::set_thp_disable(true);
    let mut config = fuser::Config::default();
    config.n_threads = Some(threads);
    let session = Session::from_fd(Adapter { source }, device, SessionACL::All, config).map_err(failed)?;
    let builder = std::thread::Builder::new().name("overlay".to_owned()).stack_size(WAITING_STACK_BYTES);
    let thread = builder.spawn(move || session.run()).map_err(failed)?;
    Ok(Server { thread })
}

struct Adapter<S> {
    source: S,
}

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The file system is mounted read-only; the kernel should never ask.
const NOT_KNOWN: Errno = Errno::ENOSYS;

impl<S: Source> Filesystem for Adapter<S> {
    fn init(&mut self, _request: &Request, config: &mut KernelConfig) -> io::Result<()> {
        let mut wanted = InitFlags::FUSE_DO_READDIRPLUS
            | InitFlags::FUSE_READDIRPLUS_AUTO
            | InitFlags::FUSE_PARALLEL_DIROPS
            | InitFlags::FUSE_NO_OPEN_SUPPORT
            | InitFlags::FUSE_NO_OPENDIR_SUPPORT;
        wanted |= if self.source.is_changing() {
            InitFlags::FUSE_AUTO_INVAL_DATA
        } else {
            InitFlags::FUSE_CACHE_SYMLINKS | InitFlags::FUSE_EXPLICIT_INVAL_DATA
        };
        let offered = wanted & config.capabilities();
        // What is offered cannot be refused, and an older kernel does without the rest.
        let _ = config.add_capabilities(offered);
        let _ = config.set_max_write(LARGEST_READ_BYTES as u32);
        if let Err(largest) = config.set_max_readahead(LARGEST_READ_BYTES as u32) {
            let _ = config.set_max_readahead(largest);
        }
        let _ = config.set_max_background(BACKGROUND_REQUESTS);
        Ok(())
    }

    fn lookup(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let lifetime = self.source.lifetime();
        match self.source.lookup(parent.0, name.as_bytes()) {
            Ok(Some(attributes)) => reply.entry(&lifetime, &attributes, Generation(0)),
            // Inode 0 is how FUSE says "no such file, and you may remember it".
            Ok(None) => reply.entry(&lifetime, &absent(), Generation(0)),
            Err(error) => reply.error(error),
        }
    }

    fn forget(&self, _request: &Request, inode: INodeNo, count: u64) {
        self.source.forget(inode.0, count);
    }

    fn getattr(&self, _request: &Request, inode: INodeNo, _handle: Option<FileHandle>, reply: ReplyAttr) {
        match self.source.attributes(inode.0) {
            Ok(attributes) => reply.attr(&self.source.lifetime(), &attributes),
            Err(error) => reply.error(error),
        }
    }

    fn readlink(&self, _request: &Request, inode: INodeNo, reply: ReplyData) {
        match self.source.link_target(inode.0) {
            Ok(target) => reply.data(&target),
            Err(error) => reply.error(error),
        }
    }

    fn open(&self, _request: &Request, _inode: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        reply.error(NOT_KNOWN);
    }

    fn opendir(&self, _request: &Request, _inode: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        reply.error(NOT_KNOWN);
    }

    fn flush(&self, _request: &Request, _inode: INodeNo, _handle: FileHandle, _owner: LockOwner, reply: ReplyEmpty) {
        reply.error(NOT_KNOWN);
    }

    fn read(
        &self,
        _request: &Request,
        inode: INodeNo,
        _handle: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        if size as usize > LARGEST_READ_BYTES {
            // A shorter answer would mean the end of the file.
            return reply.error(Errno::EINVAL);
        }
        with_buffer(size as usize, |buffer| match self.source.read(inode.0, offset, buffer) {
            Ok(filled) => reply.data(buffer.get(..filled).unwrap_or_default()),
            Err(error) => reply.error(error),
        });
    }

    fn readdir(&self, _request: &Request, inode: INodeNo, _handle: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let mut add = |listed: &Listed<'_>, _: Option<&FileAttr>| {
            !reply.add(INodeNo(listed.inode), listed.next, listed.kind, OsStr::from_bytes(listed.name))
        };
        match self.source.list(inode.0, offset, false, &mut add) {
            Ok(()) => reply.ok(),
            Err(error) => reply.error(error),
        }
    }

    fn readdirplus(
        &self,
        _request: &Request,
        inode: INodeNo,
        _handle: FileHandle,
        offset: u64,
        mut reply: ReplyDirectoryPlus,
    ) {
        let lifetime = self.source.lifetime();
        let mut add = |listed: &Listed<'_>, attributes: Option<&FileAttr>| {
            let Some(attributes) = attributes else { return true };
            let name = OsStr::from_bytes(listed.name);
            !reply.add(attributes.ino, listed.next, name, &lifetime, attributes, Generation(0))
        };
        match self.source.list(inode.0, offset, true, &mut add) {
            Ok(()) => reply.ok(),
            Err(error) => reply.error(error),
        }
    }

    fn getxattr(&self, _request: &Request, inode: INodeNo, name: &OsStr, size: u32, reply: ReplyXattr) {
        let mut found = None;
        let visited = self.source.xattrs(inode.0, &mut |known, value| {
            if known == name.as_bytes() {
                found = Some(value.to_vec());
            }
        });
        match visited.and(found.ok_or(Errno::ENODATA)) {
            Ok(value) => reply_xattr(reply, size, &value),
            Err(error) => reply.error(visited.err().unwrap_or(error)),
        }
    }

    fn listxattr(&self, _request: &Request, inode: INodeNo, size: u32, reply: ReplyXattr) {
        let mut names = Vec::new();
        let visited = self.source.xattrs(inode.0, &mut |name, _| {
            names.extend_from_slice(name);
            names.push(0);
        });
        match visited {
            Ok(()) => reply_xattr(reply, size, &names),
            Err(error) => reply.error(error),
        }
    }

    fn statfs(&self, _request: &Request, _inode: INodeNo, reply: ReplyStatfs) {
        const BLOCK: u32 = 4096;
        let totals = self.source.totals();
        let blocks = totals.bytes.div_ceil(u64::from(BLOCK));
        reply.statfs(blocks, 0, 0, totals.files, 0, BLOCK, 255, BLOCK);
    }

    fn lseek(
        &self,
        _request: &Request,
        inode: INodeNo,
        _handle: FileHandle,
        offset: i64,
        whence: i32,
        reply: ReplyLseek,
    ) {
        let result = match (whence, u64::try_from(offset)) {
            (_, Err(_)) => Err(Errno::ENXIO),
            (libc::SEEK_DATA, Ok(offset)) => self.source.seek(inode.0, offset, false),
            (libc::SEEK_HOLE, Ok(offset)) => self.source.seek(inode.0, offset, true),
            _ => Err(Errno::EINVAL),
        };
        match result {
            Ok(offset) => reply.offset(i64::try_from(offset).unwrap_or(i64::MAX)),
            Err(error) => reply.error(error),
        }
    }
}

/// Answers in the way of getxattr(2): size 0 asks how much there is.
fn reply_xattr(reply: ReplyXattr, size: u32, value: &[u8]) {
    match u32::try_from(value.len()) {
        Ok(length) if size == 0 => reply.size(length),
        Ok(length) if length <= size => reply.data(value),
        _ => reply.error(Errno::ERANGE),
    }
}

/// Lends this thread's buffer.
fn with_buffer(size: usize, work: impl FnOnce(&mut [u8])) {
    BUFFER.with_borrow_mut(|buffer| {
        if buffer.len() < size {
            buffer.resize(size, 0);
        }
        if let Some(buffer) = buffer.get_mut(..size) {
            work(buffer);
        }
        if buffer.len() > KEPT_BUFFER_BYTES {
            buffer.truncate(KEPT_BUFFER_BYTES);
            buffer.shrink_to(KEPT_BUFFER_BYTES);
        }
    });
}

/// Attributes of nothing.
fn absent() -> FileAttr {
    FileAttr {
        ino: INodeNo(0),
        size: 0,
        blocks: 0,
        atime: UNIX_EPOCH,
        mtime: UNIX_EPOCH,
        ctime: UNIX_EPOCH,
        crtime: UNIX_EPOCH,
        kind: fuser::FileType::RegularFile,
        perm: 0,
        nlink: 0,
        uid: 0,
        gid: 0,
        rdev: 0,
        blksize: 0,
        flags: 0,
    }
}
