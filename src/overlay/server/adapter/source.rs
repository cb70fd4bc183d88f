//! What a file system has to answer, in plain values.
//!
//! One trait for all: a read-only source leaves the second half alone, whose defaults answer EROFS to what changes
//! something and ENOSYS to what the kernel can do without (it then stops asking). Handles are what [`Source::open`] gave
//! out; a source that answers OPEN with ENOSYS is always asked with handle 0 and never told about the last close.

use crate::sys::landlock::Access;
use fuser::{Errno, FileAttr, FopenFlags, InitFlags, Notifier};
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

/// What every source wants of the kernel.
const COMMON_FLAGS: InitFlags = InitFlags::FUSE_DO_READDIRPLUS
    .union(InitFlags::FUSE_READDIRPLUS_AUTO)
    .union(InitFlags::FUSE_PARALLEL_DIROPS)
    .union(InitFlags::FUSE_NO_OPEN_SUPPORT)
    .union(InitFlags::FUSE_NO_OPENDIR_SUPPORT);
/// Nobody but the kernel itself changes anything: it keeps what it knows.
pub(in super::super) const UNCHANGING_FLAGS: InitFlags =
    COMMON_FLAGS.union(InitFlags::FUSE_CACHE_SYMLINKS).union(InitFlags::FUSE_EXPLICIT_INVAL_DATA);
/// Others change files: the kernel compares times and sizes.
pub(in super::super) const CHANGING_FLAGS: InitFlags = COMMON_FLAGS.union(InitFlags::FUSE_AUTO_INVAL_DATA);

/// File system figures for statfs(2).
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Totals {
    pub bytes: u64,
    /// Bytes not used, whoever may use them.
    pub free_bytes: u64,
    /// Bytes this user may still use.
    pub available_bytes: u64,
    pub files: u64,
    pub free_files: u64,
    /// Longest name in bytes.
    pub name_bytes: u32,
}

impl Totals {
    /// A full file system.
    pub(in super::super) fn full(bytes: u64, files: u64) -> Totals {
        Totals { bytes, files, name_bytes: 255, ..Totals::default() }
    }
}

/// One listed name. `attributes` are only asked for when the reply carries them.
pub(in super::super) struct Listed<'a> {
    pub name: &'a [u8],
    /// Where the next call continues.
    pub next: u64,
    pub inode: u64,
    pub kind: fuser::FileType,
}

/// Takes listed names; returns false when the reply is full and the name was not taken.
pub(in super::super) type Add<'a> = dyn FnMut(&Listed<'_>, Option<&FileAttr>) -> bool + 'a;

/// Who asks, in the container's ids.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Caller {
    pub uid: u32,
    pub gid: u32,
}

/// A name in a directory.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Place<'a> {
    pub directory: u64,
    pub name: &'a [u8],
}

/// What is to be made.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct New<'a> {
    pub caller: Caller,
    pub place: Place<'a>,
    /// File type and permissions as in `st_mode`, the umask not yet applied when the source asked for
    /// [`InitFlags::FUSE_DONT_MASK`].
    pub mode: u32,
    pub umask: u32,
    /// Device number as the kernel packs it into 32 bits.
    pub device: u32,
}

/// A time to set.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum NewTime {
    Now,
    At(SystemTime),
}

/// Attributes to change; `None` stays.
#[derive(Clone, Copy, Debug)]
#[allow(dead_code)] // Handles and callers are for sources that others change, too.
pub(in super::super) struct Change {
    pub caller: Caller,
    pub handle: Option<u64>,
    /// Permission bits, with or without the file type.
    pub mode: Option<u32>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub size: Option<u64>,
    pub accessed: Option<NewTime>,
    pub modified: Option<NewTime>,
    pub changed: Option<SystemTime>,
}

/// Bytes to write.
#[derive(Clone, Copy, Debug)]
#[allow(dead_code)] // Handles and callers are for sources that others change, too.
pub(in super::super) struct Write<'a> {
    pub inode: u64,
    pub handle: u64,
    pub offset: u64,
    pub data: &'a [u8],
    /// The set-id bits are to go (`FUSE_WRITE_KILL_SUIDGID`).
    pub drops_set_id: bool,
    /// The file it is written through was opened with O_APPEND.
    pub appends: bool,
    /// From the page cache: by nobody in particular (`FUSE_WRITE_CACHE`).
    pub is_cached: bool,
}

/// From where to where to copy on the server's side.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct CopyRange {
    /// Inode, handle and offset to read from.
    pub from: (u64, u64, u64),
    /// Inode, handle and offset to write to.
    pub to: (u64, u64, u64),
    pub length: u64,
}

/// A range to allocate, punch or zero: fallocate(2).
#[derive(Clone, Copy, Debug)]
#[allow(dead_code)] // Handles and callers are for sources that others change, too.
pub(in super::super) struct Allocation {
    pub inode: u64,
    pub handle: u64,
    pub offset: u64,
    pub length: u64,
    /// `FALLOC_FL_*`.
    pub mode: i32,
}

/// An open file or directory.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Opened {
    pub handle: u64,
    pub flags: FopenFlags,
}

/// A file system.
pub(in super::super) trait Source: Send + Sync + 'static {
    /// How long the kernel may believe what it is told.
    fn lifetime(&self) -> Duration;
    /// How long the kernel may believe that a name it looked up or made leads to this file.
    fn name_lifetime(&self, _attributes: &FileAttr) -> Duration {
        self.lifetime()
    }
    /// What to ask of the kernel; what it does not offer is left out.
    fn flags(&self) -> InitFlags;
    /// Where to put what tells the kernel of changes, for a source that does.
    fn notifier(&self) -> Option<Arc<OnceLock<Notifier>>> {
        None
    }
    /// The places it goes on to open files in; its threads lose all others.
    fn places(&self) -> io::Result<Vec<(OwnedFd, Access)>> {
        Ok(Vec::new())
    }
    /// The child of a directory; `None` when there is none, which the kernel remembers too.
    fn lookup(&self, directory: u64, name: &[u8]) -> Result<Option<FileAttr>, Errno>;
    /// Attributes of an inode.
    fn attributes(&self, inode: u64) -> Result<FileAttr, Errno>;
    /// The kernel has dropped `count` references.
    fn forget(&self, inode: u64, count: u64);
    /// Text of a symbolic link.
    fn link_target(&self, inode: u64) -> Result<Vec<u8>, Errno>;
    /// Fills `buffer` from `offset` on and returns how much there was; less than asked is the end of the file.
    fn read(&self, inode: u64, handle: u64, offset: u64, buffer: &mut [u8]) -> Result<usize, Errno>;
    /// Lists a directory from `offset` on (0 or an earlier [`Listed::next`]).
    fn list(&self, directory: u64, offset: u64, with_attributes: bool, add: &mut Add<'_>) -> Result<(), Errno>;
    /// Names and values of all extended attributes of an inode, or ENOSYS when nothing has any.
    fn xattrs(&self, inode: u64, visit: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), Errno>;
    /// Whether [`Source::seek`] is right only when the kernel has written back its pages of the file: where it may have dirty ones.
    fn seeks_written_pages(&self) -> bool {
        false
    }
    /// SEEK_DATA and SEEK_HOLE, or ENOSYS when nothing has holes.
    fn seek(&self, inode: u64, handle: u64, offset: u64, hole: bool) -> Result<u64, Errno>;
    /// What statfs(2) shows.
    fn totals(&self) -> Totals;

    /// The value of one extended attribute, or ENODATA; EOPNOTSUPP for a name outside all namespaces and EINVAL for a
    /// namespace without a name (xattr(7)), which the kernel leaves to FUSE servers to say.
    fn xattr(&self, inode: u64, name: &[u8]) -> Result<Vec<u8>, Errno> {
        let mut found = None;
        self.xattrs(inode, &mut |known, value| {
            if known == name {
                found = Some(value.to_vec());
            }
        })?;
        found.ok_or_else(|| xattr_name_fault(name).map_or(Errno::ENODATA, Errno::from_i32))
    }
    /// All names of a file that has several, each with its directory; none where they cannot be told.
    fn names(&self, _inode: u64) -> Vec<(u64, Vec<u8>)> {
        Vec::new()
    }
    /// Whether [`Source::name_in`] answers.
    fn tells_names(&self) -> bool {
        false
    }
    /// The name of `inode` in `directory`, where it has one.
    fn name_in(&self, _directory: u64, _inode: u64) -> Option<Vec<u8>> {
        None
    }
    /// The path of a directory from the root, without a slash in front.
    fn directory_path(&self, _inode: u64) -> Option<Vec<u8>> {
        None
    }
    /// Whether files never change, not even between two servers of the same tree.
    fn keeps_contents(&self) -> bool {
        false
    }
    /// Copies the first `length` bytes of a file to the empty file `target`, holes as holes.
    fn copy_out(&self, inode: u64, target: BorrowedFd<'_>, length: u64) -> Result<(), Errno> {
        copy_by_reading(self, inode, target, length)
    }
    /// Opens a file; `flags` as in open(2).
    fn open(&self, _caller: Caller, _inode: u64, _flags: i32) -> Result<Opened, Errno> {
        Err(Errno::ENOSYS)
    }
    /// The last close of what [`Source::open`] or [`Source::create`] gave out.
    fn release(&self, _inode: u64, _handle: u64) {}
    /// A close of one descriptor; ENOSYS when that needs no work.
    fn flush(&self, _inode: u64, _handle: u64) -> Result<(), Errno> {
        Err(Errno::ENOSYS)
    }
    /// Opens a directory.
    fn open_directory(&self, _caller: Caller, _inode: u64) -> Result<Opened, Errno> {
        Err(Errno::ENOSYS)
    }
    /// The last close of what [`Source::open_directory`] gave out.
    fn release_directory(&self, _inode: u64, _handle: u64) {}

    /// Changes attributes and returns them all.
    fn change(&self, _inode: u64, _change: &Change) -> Result<FileAttr, Errno> {
        Err(Errno::EROFS)
    }
    /// Makes a file that is not opened, a FIFO, a socket or a device.
    fn make_node(&self, _new: &New<'_>) -> Result<FileAttr, Errno> {
        Err(Errno::EROFS)
    }
    /// Makes a directory.
    fn make_directory(&self, _new: &New<'_>) -> Result<FileAttr, Errno> {
        Err(Errno::EROFS)
    }
    /// Makes a symbolic link; `new.mode` means nothing.
    fn make_symlink(&self, _new: &New<'_>, _target: &[u8]) -> Result<FileAttr, Errno> {
        Err(Errno::EROFS)
    }
    /// Makes and opens a file; `flags` as in open(2).
    fn create(&self, _new: &New<'_>, _flags: i32) -> Result<(FileAttr, Opened), Errno> {
        Err(Errno::EROFS)
    }
    /// Makes and opens a file without a name, for O_TMPFILE in `new.place.directory`. One that is not opened with O_EXCL may
    /// be given a name by [`Source::link`].
    fn create_unnamed(&self, _new: &New<'_>, _flags: i32) -> Result<(FileAttr, Opened), Errno> {
        Err(Errno::ENOSYS)
    }
    /// Gives a file another name, or its first.
    fn link(&self, _inode: u64, _place: Place<'_>) -> Result<FileAttr, Errno> {
        Err(Errno::EROFS)
    }
    /// Removes a name that is not a directory's.
    fn unlink(&self, _place: Place<'_>) -> Result<(), Errno> {
        Err(Errno::EROFS)
    }
    /// Removes an empty directory.
    fn remove_directory(&self, _place: Place<'_>) -> Result<(), Errno> {
        Err(Errno::EROFS)
    }
    /// Renames; `flags` are `RENAME_*` of renameat2(2).
    fn rename(&self, _from: Place<'_>, _to: Place<'_>, _flags: u32) -> Result<(), Errno> {
        Err(Errno::EROFS)
    }
    /// Writes everything or fails.
    fn write(&self, _write: &Write<'_>) -> Result<(), Errno> {
        Err(Errno::EROFS)
    }
    /// Writes a file to the disk.
    fn sync(&self, _inode: u64, _handle: u64, _only_data: bool) -> Result<(), Errno> {
        Err(Errno::ENOSYS)
    }
    /// Writes a directory to the disk.
    fn sync_directory(&self, _inode: u64, _handle: u64) -> Result<(), Errno> {
        Err(Errno::ENOSYS)
    }
    /// fallocate(2).
    fn allocate(&self, _allocation: &Allocation) -> Result<(), Errno> {
        Err(Errno::EROFS)
    }
    /// copy_file_range(2); returns how much was copied. ENOSYS makes the kernel copy by reading and writing.
    fn copy_range(&self, _copy: &CopyRange) -> Result<u64, Errno> {
        Err(Errno::ENOSYS)
    }
    /// Sets an extended attribute; `flags` as in setxattr(2).
    fn set_xattr(&self, _inode: u64, _name: &[u8], _value: &[u8], _flags: i32) -> Result<(), Errno> {
        Err(Errno::EROFS)
    }
    /// Removes an extended attribute.
    fn remove_xattr(&self, _inode: u64, _name: &[u8]) -> Result<(), Errno> {
        Err(Errno::EROFS)
    }
}

/// Bytes moved at once where the kernel cannot copy by itself.
const COPY_BYTES: usize = 128 << 10;

/// [`Source::copy_out`] for sources of every kind.
fn copy_by_reading<S: Source + ?Sized>(
    source: &S,
    inode: u64,
    target: BorrowedFd<'_>,
    length: u64,
) -> Result<(), Errno> {
    let failed = |error: rustix::io::Errno| Errno::from_i32(error.raw_os_error());
    let mut buffer = vec![0; usize::try_from(length).unwrap_or(COPY_BYTES).clamp(1, COPY_BYTES)];
    let mut offset = 0;
    while offset < length {
        match source.seek(inode, 0, offset, false) {
            Ok(data) => offset = data,
            Err(error) if error.code() == libc::ENXIO => break,
            // No holes anywhere.
            Err(error) if error.code() == libc::ENOSYS => {}
            Err(error) => return Err(error),
        }
        let hole = source.seek(inode, 0, offset, true).unwrap_or(length).min(length);
        while offset < hole {
            let wanted = usize::try_from(hole - offset).unwrap_or(COPY_BYTES).min(COPY_BYTES);
            let filled = source.read(inode, 0, offset, buffer.get_mut(..wanted).unwrap_or_default())?;
            let mut rest = buffer.get(..filled).unwrap_or_default();
            if rest.is_empty() {
                return Err(Errno::EIO);
            }
            while !rest.is_empty() {
                let written = rustix::io::pwrite(target, rest, offset).map_err(failed)?;
                offset += written as u64;
                rest = rest.get(written..).unwrap_or_default();
            }
        }
    }
    rustix::fs::ftruncate(target, length).map_err(failed)
}

/// What is wrong with the name of an extended attribute, as an errno: EOPNOTSUPP outside all namespaces and EINVAL for a
/// namespace without a name (xattr(7)). The kernel leaves that to FUSE servers.
pub(in crate::overlay::server) fn xattr_name_fault(name: &[u8]) -> Option<i32> {
    let namespaces: [&[u8]; 4] = [b"user.", b"security.", b"trusted.", b"system."];
    match namespaces.iter().find(|namespace| name.starts_with(namespace)) {
        None => Some(libc::EOPNOTSUPP),
        Some(namespace) if namespace.len() == name.len() => Some(libc::EINVAL),
        Some(_) => None,
    }
}
