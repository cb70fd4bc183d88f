//! Answers from a host directory, read-only, as the caller's own rights show it.
//!
//! For `run host` and `--rootfs DIR:O`. An inode is remembered as the path that led to it; every request resolves that path
//! again from the root's descriptor, in the kernel, with no symbolic link followed and nothing above the root reachable
//! (`openat2`), and checks that the file found is still the one meant. So no descriptors are held per inode, a
//! directory moved by the host gives ESTALE (the kernel then looks up again), and FORGET bounds the memory. Below the kernel's
//! overlay, which does not look again, a file that the host has replaced is followed (`inodes`).
//!
//! What must stay true: nothing outside the root, nothing masked and no pseudo file system is ever read; opening never blocks on
//! a FIFO or a device; what the caller may not search is absent, what it may not list is empty, and what it may not read
//! fails when it is read, not when it is opened (an empty lock file of root can be copied up).

mod inodes;
mod resolve;

use super::adapter::{Add, CHANGING_FLAGS, Caller, Listed, Opened, ROOT_INODE, Source, Totals};
use super::{Error, Ids};
use crate::sys::landlock::Access;
use fuser::{Errno, FileAttr, FileType, FopenFlags, INodeNo, InitFlags};
pub(super) use inodes::{Identity, identity};
use inodes::{Inode, Inodes};
pub(super) use resolve::Root;
use rustix::fs::{AtFlags, FileType as HostType, Mode, OFlags, RawDir, SeekFrom, Stat};
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long the kernel may believe what it was told about files that others can change. Long enough to spare nearly all
/// repeated questions, short enough that an upgrade on the host is noticed.
const LIFETIME: Duration = Duration::from_secs(10);
/// Files kept open between reads of neighbouring parts.
const OPEN_FILES: usize = 16;
/// Buffer for one getdents64(2), on the stack.
const LISTING_BYTES: usize = 16 << 10;

/// A host directory to be served.
#[derive(Debug)]
pub struct DirectoryLower {
    /// The directory.
    pub root: OwnedFd,
    /// Directories below it that appear empty, as absolute paths with `root` as `/`. A last component `*` stands for
    /// every name in its directory.
    pub masked: Vec<PathBuf>,
}

impl DirectoryLower {
    /// Opens the directory `path`.
    pub fn open(path: &Path, masked: Vec<PathBuf>) -> Result<DirectoryLower, Error> {
        let failed =
            |error: rustix::io::Errno| Error::File { operation: "open", path: path.into(), source: error.into() };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(path, flags, Mode::empty()).map_err(failed)?;
        Ok(DirectoryLower { root, masked })
    }
}

/// Answers from a directory.
pub(super) struct Directory {
    root: Root,
    ids: Ids,
    inodes: Mutex<Inodes>,
    /// Most recently used last.
    files: Mutex<Vec<(Identity, Arc<File>)>>,
    /// Whether the kernel tells of opens and closes.
    is_asked_directly: bool,
}

impl Directory {
    pub(super) fn new(lower: DirectoryLower, ids: Ids) -> Result<Directory, Error> {
        let failed = |source: rustix::io::Errno| Error::Serve { source: source.into() };
        let root = Root::new(lower.root, &lower.masked);
        let stat = rustix::fs::fstat(root.descriptor()).map_err(failed)?;
        let (inodes, files) = (Mutex::new(Inodes::new(&stat)), Mutex::default());
        Ok(Directory { root, ids, inodes, files, is_asked_directly: false })
    }

    /// To be asked by the kernel itself, for its overlay.
    pub(super) fn asked_directly(self) -> Directory {
        self.inodes().follow_replaced();
        Directory { is_asked_directly: true, ..self }
    }

    /// Nothing that holds the lock can panic half-way, so a poisoned table is a whole one.
    fn inodes(&self) -> MutexGuard<'_, Inodes> {
        self.inodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn inode(&self, number: u64) -> Result<Inode, Errno> {
        self.inodes().get(number).ok_or(Errno::ESTALE)
    }

    /// Opens an inode and makes sure it is still the file it was.
    fn open_inode(&self, inode: &Inode, flags: OFlags) -> Result<(OwnedFd, Stat), Errno> {
        let opened = self.root.open(&inode.place.path(), flags).map_err(|error| match error {
            rustix::io::Errno::NOENT | rustix::io::Errno::LOOP | rustix::io::Errno::NOTDIR => Errno::ESTALE,
            error => errno(error),
        })?;
        let stat = rustix::fs::fstat(&opened).map_err(errno)?;
        if inodes::identity(&stat) != inode.identity {
            return Err(Errno::ESTALE);
        }
        Ok((opened, stat))
    }

    /// Looks at one name of an open directory; `None` for what the caller cannot see.
    fn child(&self, parent: &Inode, directory: BorrowedFd<'_>, name: &[u8]) -> Result<Option<(Stat, bool)>, Errno> {
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        let stat = match rustix::fs::statat(directory, name, flags) {
            Ok(stat) => stat,
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::ACCESS) => return Ok(None),
            Err(error) => return Err(errno(error)),
        };
        let is_directory = HostType::from_raw_mode(stat.st_mode) == HostType::Directory;
        let masked = self.root.is_masked(&parent.place.join(name), &stat)
            || (is_directory && inodes::identity(&stat).0 != parent.identity.0 && resolve::is_pseudo(directory, name));
        // A mask means an empty directory; anything else of that name is not there.
        Ok((is_directory || !masked).then_some((stat, masked)))
    }

    fn file_attributes(&self, number: u64, stat: &Stat, masked: bool) -> FileAttr {
        let shown = host_attributes(INodeNo(number), stat);
        FileAttr {
            size: if masked { 0 } else { shown.size },
            blocks: if masked { 0 } else { shown.blocks },
            // The kernel never asks again for the access time of what it only reads.
            atime: shown.mtime,
            nlink: if masked { 2 } else { shown.nlink },
            uid: self.ids.uid(stat.st_uid),
            gid: self.ids.gid(stat.st_gid),
            ..shown
        }
    }

    /// A file for reading, from the few that are kept open or newly opened.
    fn file(&self, number: u64) -> Result<Arc<File>, Errno> {
        let inode = self.inode(number)?;
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = files.iter().position(|(known, _)| *known == inode.identity) {
            let found = files.remove(at);
            let file = Arc::clone(&found.1);
            files.push(found);
            return Ok(file);
        }
        drop(files);
        let (opened, stat) = self.open_inode(&inode, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
        if HostType::from_raw_mode(stat.st_mode) != HostType::RegularFile {
            return Err(Errno::EINVAL);
        }
        let file = Arc::new(File::from(opened));
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if files.len() >= OPEN_FILES {
            files.remove(0);
        }
        files.push((inode.identity, Arc::clone(&file)));
        Ok(file)
    }

    /// The names every directory has.
    fn list_dots(&self, number: u64, offset: u64, stat: &Stat, masked: bool, add: &mut Add<'_>) {
        let attributes = self.file_attributes(number, stat, masked);
        let names: [&[u8]; 2] = [b".", b".."];
        for (at, name) in names.into_iter().enumerate().skip(usize::try_from(offset).unwrap_or(2)) {
            let listed = Listed { name, next: at as u64 + 1, inode: number, kind: FileType::Directory };
            if !add(&listed, Some(&attributes)) {
                return;
            }
        }
    }

    /// Lists one name with its attributes, which counts as a lookup when the reply takes it.
    fn list_with_attributes(
        &self,
        parent: &Inode,
        directory: BorrowedFd<'_>,
        (name, next): (&[u8], u64),
        add: &mut Add<'_>,
    ) -> bool {
        // A name that vanished meanwhile, or that cannot be seen, is left out.
        let Ok(Some((stat, masked))) = self.child(parent, directory, name) else { return true };
        let number = self.inodes().remember(parent, name, &stat, masked);
        let attributes = self.file_attributes(number, &stat, masked);
        let listed = Listed { name, next, inode: number, kind: attributes.kind };
        let taken = add(&listed, Some(&attributes));
        if !taken {
            self.inodes().forget(number, 1);
        }
        taken
    }
}

impl Source for Directory {
    fn places(&self) -> io::Result<Vec<(OwnedFd, Access)>> {
        Ok(vec![(self.root.descriptor().try_clone_to_owned()?, Access::Look)])
    }

    fn lifetime(&self) -> Duration {
        LIFETIME
    }

    fn flags(&self) -> InitFlags {
        CHANGING_FLAGS
    }

    fn lookup(&self, directory: u64, name: &[u8]) -> Result<Option<FileAttr>, Errno> {
        let parent = self.inode(directory)?;
        if parent.masked || matches!(name, b"." | b"..") || name.contains(&b'/') {
            return Ok(None);
        }
        let (opened, _) = self.open_inode(&parent, OFlags::PATH)?;
        let Some((stat, masked)) = self.child(&parent, opened.as_fd(), name)? else { return Ok(None) };
        let number = self.inodes().remember(&parent, name, &stat, masked);
        Ok(Some(self.file_attributes(number, &stat, masked)))
    }

    fn attributes(&self, inode: u64) -> Result<FileAttr, Errno> {
        let found = self.inode(inode)?;
        let (_, stat) = self.open_inode(&found, OFlags::PATH)?;
        Ok(self.file_attributes(inode, &stat, found.masked))
    }

    fn forget(&self, inode: u64, count: u64) {
        let gone = self.inodes().forget(inode, count);
        if let Some(identity) = gone {
            let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            files.retain(|(known, _)| *known != identity);
        }
    }

    fn open(&self, _caller: Caller, inode: u64, _flags: i32) -> Result<Opened, Errno> {
        if !self.is_asked_directly {
            return Err(Errno::ENOSYS);
        }
        let keeps_pages = self.inodes().opened(inode).ok_or(Errno::ESTALE)?;
        let flags = if keeps_pages { FopenFlags::FOPEN_KEEP_CACHE } else { FopenFlags::empty() };
        // A close needs no request of its own.
        Ok(Opened { handle: 0, flags: flags | FopenFlags::FOPEN_NOFLUSH })
    }

    fn release(&self, inode: u64, _handle: u64) {
        self.inodes().closed(inode);
    }

    fn link_target(&self, inode: u64) -> Result<Vec<u8>, Errno> {
        let found = self.inode(inode)?;
        let (opened, _) = self.open_inode(&found, OFlags::PATH)?;
        Ok(rustix::fs::readlinkat(&opened, c"", Vec::new()).map_err(errno)?.into_bytes())
    }

    fn read(&self, inode: u64, _handle: u64, offset: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
        let file = self.file(inode)?;
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, offset + filled as u64) {
                Ok(0) => break,
                Ok(length) => filled += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Errno::from_i32(error.raw_os_error().unwrap_or(libc::EIO))),
            }
        }
        Ok(filled)
    }

    fn list(&self, directory: u64, offset: u64, with_attributes: bool, add: &mut Add<'_>) -> Result<(), Errno> {
        let parent = self.inode(directory)?;
        let opened = if parent.masked {
            Err(Errno::EACCES)
        } else {
            self.open_inode(&parent, OFlags::RDONLY | OFlags::DIRECTORY)
        };
        let (opened, _) = match opened {
            Ok(opened) => opened,
            Err(error) if error.code() == libc::EACCES => {
                let (_, stat) = self.open_inode(&parent, OFlags::PATH)?;
                self.list_dots(directory, offset, &stat, parent.masked, add);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if offset > 0 {
            rustix::fs::seek(&opened, SeekFrom::Start(offset)).map_err(errno)?;
        }
        let stat = rustix::fs::fstat(&opened).map_err(errno)?;
        let own = self.file_attributes(directory, &stat, false);
        let mut buffer = [MaybeUninit::uninit(); LISTING_BYTES];
        let mut entries = RawDir::new(&opened, &mut buffer);
        while let Some(entry) = entries.next() {
            let entry = entry.map_err(errno)?;
            let name = entry.file_name().to_bytes();
            let next = entry.next_entry_cookie();
            let more = if matches!(name, b"." | b"..") {
                add(&Listed { name, next, inode: directory, kind: FileType::Directory }, Some(&own))
            } else if with_attributes {
                self.list_with_attributes(&parent, opened.as_fd(), (name, next), add)
            } else {
                add(&Listed { name, next, inode: entry.ino().max(2), kind: file_type(entry.file_type()) }, None)
            };
            if !more {
                break;
            }
        }
        Ok(())
    }

    fn xattrs(&self, _inode: u64, _visit: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), Errno> {
        Err(Errno::ENOSYS)
    }

    fn seek(&self, _inode: u64, _handle: u64, _offset: u64, _hole: bool) -> Result<u64, Errno> {
        Err(Errno::ENOSYS)
    }

    fn totals(&self) -> Totals {
        let Ok(found) = rustix::fs::fstatfs(self.root.descriptor()) else { return Totals::default() };
        let block = u64::try_from(found.f_bsize).unwrap_or(4096);
        Totals::full(found.f_blocks.saturating_mul(block), found.f_files)
    }
}

/// Attributes as the host has them, owners included.
pub(super) fn host_attributes(number: INodeNo, stat: &Stat) -> FileAttr {
    let changed = system_time(stat.st_ctime, stat.st_ctime_nsec as i64);
    FileAttr {
        ino: number,
        size: stat.st_size as u64,
        blocks: stat.st_blocks as u64,
        atime: system_time(stat.st_atime, stat.st_atime_nsec as i64),
        mtime: system_time(stat.st_mtime, stat.st_mtime_nsec as i64),
        ctime: changed,
        crtime: changed,
        kind: file_type(HostType::from_raw_mode(stat.st_mode)),
        perm: (stat.st_mode & 0o7777) as u16,
        nlink: stat.st_nlink as u32,
        uid: stat.st_uid,
        gid: stat.st_gid,
        rdev: pack_device(stat.st_rdev),
        blksize: 4096,
        flags: 0,
    }
}

fn errno(error: rustix::io::Errno) -> Errno {
    Errno::from_i32(error.raw_os_error())
}

pub(super) fn file_type(kind: HostType) -> FileType {
    match kind {
        HostType::Directory => FileType::Directory,
        HostType::Symlink => FileType::Symlink,
        HostType::CharacterDevice => FileType::CharDevice,
        HostType::BlockDevice => FileType::BlockDevice,
        HostType::Fifo => FileType::NamedPipe,
        HostType::Socket => FileType::Socket,
        // Also the answer for a file system that does not tell while listing; the lookup does.
        HostType::RegularFile | HostType::Unknown => FileType::RegularFile,
    }
}

/// The epoch for times that cannot be expressed.
pub(super) fn system_time(seconds: i64, nanoseconds: i64) -> SystemTime {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 { UNIX_EPOCH.checked_sub(whole) } else { UNIX_EPOCH.checked_add(whole) };
    let part = Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0));
    time.and_then(|time| time.checked_add(part)).unwrap_or(UNIX_EPOCH)
}

/// As `new_encode_dev` of linux/kdev_t.h, which is what FUSE carries.
fn pack_device(device: u64) -> u32 {
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    (minor & 0xff) | ((major & 0xfff) << 8) | ((minor & !0xff) << 12)
}
