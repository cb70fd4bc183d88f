//! An open file or directory of the backing store, and the operations on names in it.
//!
//! Where the host's file system can hold everything, these are its own files; else those of a `journal`. The rest of the writable
//! layer speaks to its store through this and [`super::target`] alone, in the words of the *at calls.

use super::journal::Open;
use super::{Step, space};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, RenameFlags, Stat, Timestamps};
use rustix::io::Errno;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

/// The flags every directory is opened with.
pub(super) const DIRECTORY: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// Buffer for one getdents64(2), on the stack.
const LISTING_BYTES: usize = 16 << 10;

/// An open file or directory.
#[derive(Clone, Debug)]
pub(super) enum Handle {
    /// Of the host's file system.
    Host(Arc<OwnedFd>),
    /// Of a tree that is kept in a journal.
    Journalled(Arc<Open>),
}

impl From<OwnedFd> for Handle {
    fn from(file: OwnedFd) -> Handle {
        Handle::Host(Arc::new(file))
    }
}

impl From<Arc<Open>> for Handle {
    fn from(open: Arc<Open>) -> Handle {
        Handle::Journalled(open)
    }
}

impl Handle {
    /// A descriptor of the contents.
    pub(super) fn contents(&self) -> Step<BorrowedFd<'_>> {
        match self {
            Handle::Host(file) => Ok(file.as_fd()),
            Handle::Journalled(open) => open.contents(),
        }
    }

    /// A descriptor on the same file system.
    pub(super) fn anchor(&self) -> BorrowedFd<'_> {
        match self {
            Handle::Host(file) => file.as_fd(),
            Handle::Journalled(open) => open.anchor(),
        }
    }

    /// Handles of the directories that files are opened in when this one is worked in.
    pub(super) fn places(&self) -> io::Result<Vec<OwnedFd>> {
        match self {
            Handle::Host(directory) => Ok(vec![directory.try_clone()?]),
            Handle::Journalled(open) => open.places(),
        }
    }

    pub(super) fn is_journalled(&self) -> bool {
        matches!(self, Handle::Journalled(_))
    }

    pub(super) fn stat(&self) -> Step<Stat> {
        match self {
            Handle::Host(file) => rustix::fs::fstat(file),
            Handle::Journalled(open) => open.stat(),
        }
    }

    pub(super) fn set_times(&self, times: &Timestamps) -> Step<()> {
        match self {
            Handle::Host(file) => rustix::fs::futimens(file, times),
            Handle::Journalled(open) => open.place().set_times(times),
        }
    }

    /// To be told after each change of the contents.
    pub(super) fn changed(&self) -> Step<()> {
        match self {
            Handle::Host(_) => Ok(()),
            Handle::Journalled(open) => open.changed(),
        }
    }

    /// Bytes that all files below a directory take.
    pub(super) fn used_bytes(&self) -> Step<u64> {
        match self {
            Handle::Host(directory) => space::count(directory),
            Handle::Journalled(open) => open.used_bytes(),
        }
    }

    /// fsync(2) or fdatasync(2).
    pub(super) fn sync(&self, only_data: bool) -> Step<()> {
        match self {
            Handle::Host(file) if only_data => rustix::fs::fdatasync(file),
            Handle::Host(file) => rustix::fs::fsync(file),
            Handle::Journalled(open) => open.sync(only_data),
        }
    }
}

/// Names in a directory; none is ever followed if it is a symbolic link.
impl Handle {
    pub(super) fn open_directory(&self, name: &[u8]) -> Step<Handle> {
        match self {
            Handle::Host(directory) => rustix::fs::openat(directory, name, DIRECTORY, Mode::empty()).map(Handle::from),
            Handle::Journalled(open) => open.open_directory(name).map(Handle::from),
        }
    }

    /// Makes a regular file, which must not be there, and opens it to read and write.
    pub(super) fn create(&self, name: &[u8], mode: Mode) -> Step<Handle> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match self {
            Handle::Host(directory) => rustix::fs::openat(directory, name, flags, mode).map(Handle::from),
            Handle::Journalled(open) => open.create(name, mode.as_raw_mode()).map(Handle::from),
        }
    }

    /// Makes an empty regular file and opens nothing.
    pub(super) fn make_file(&self, name: &[u8], mode: Mode) -> Step<()> {
        match self {
            Handle::Host(directory) => rustix::fs::mknodat(directory, name, FileType::RegularFile, mode, 0),
            Handle::Journalled(open) => open.make(name, libc::S_IFREG | mode.as_raw_mode()),
        }
    }

    pub(super) fn make_directory(&self, name: &[u8], mode: Mode) -> Step<()> {
        match self {
            Handle::Host(directory) => rustix::fs::mkdirat(directory, name, mode),
            Handle::Journalled(open) => open.make(name, libc::S_IFDIR | mode.as_raw_mode()),
        }
    }

    pub(super) fn make_symlink(&self, text: &[u8], name: &[u8]) -> Step<()> {
        match self {
            Handle::Host(directory) => rustix::fs::symlinkat(text, directory, name),
            Handle::Journalled(open) => open.make_symlink(text, name),
        }
    }

    /// Gives the file `name` the name `new` in `to` as well.
    pub(super) fn link(&self, name: &[u8], to: &Handle, new: &[u8]) -> Step<()> {
        match (self, to) {
            (Handle::Host(from), Handle::Host(to)) => rustix::fs::linkat(from, name, to, new, AtFlags::empty()),
            (Handle::Journalled(from), Handle::Journalled(to)) => from.link(name, to, new),
            _ => Err(Errno::XDEV),
        }
    }

    pub(super) fn rename(&self, name: &[u8], to: &Handle, new: &[u8]) -> Step<()> {
        match (self, to) {
            (Handle::Host(from), Handle::Host(to)) => rustix::fs::renameat(from, name, to, new),
            (Handle::Journalled(from), Handle::Journalled(to)) => from.rename(name, to, new, RenameFlags::empty()),
            _ => Err(Errno::XDEV),
        }
    }

    pub(super) fn rename_with(&self, name: &[u8], to: &Handle, new: &[u8], flags: RenameFlags) -> Step<()> {
        match (self, to) {
            (Handle::Host(from), Handle::Host(to)) => rustix::fs::renameat_with(from, name, to, new, flags),
            (Handle::Journalled(from), Handle::Journalled(to)) => from.rename(name, to, new, flags),
            _ => Err(Errno::XDEV),
        }
    }

    pub(super) fn unlink(&self, name: &[u8]) -> Step<()> {
        match self {
            Handle::Host(directory) => rustix::fs::unlinkat(directory, name, AtFlags::empty()),
            Handle::Journalled(open) => open.remove(name, false),
        }
    }

    pub(super) fn remove_directory(&self, name: &[u8]) -> Step<()> {
        match self {
            Handle::Host(directory) => rustix::fs::unlinkat(directory, name, AtFlags::REMOVEDIR),
            Handle::Journalled(open) => open.remove(name, true),
        }
    }

    /// Names and types in a directory, without the dots.
    pub(super) fn names(&self) -> Step<Vec<(Vec<u8>, FileType)>> {
        match self {
            Handle::Host(directory) => host_names(directory),
            Handle::Journalled(open) => open.names(),
        }
    }
}

pub(super) fn host_names(directory: impl AsFd) -> Step<Vec<(Vec<u8>, FileType)>> {
    // A descriptor of its own, because the position belongs to the descriptor.
    let listing = rustix::fs::openat(directory, c".", DIRECTORY, Mode::empty())?;
    let mut buffer = [MaybeUninit::uninit(); LISTING_BYTES];
    let mut entries = RawDir::new(&listing, &mut buffer);
    let mut found = Vec::new();
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if !matches!(name, b"." | b"..") {
            found.push((name.to_vec(), entry.file_type()));
        }
    }
    Ok(found)
}
