//! A backing file, and what can be done to it without opening it.

use super::handle::Handle;
use super::journal::Place;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, Timestamps};
use rustix::io::Errno;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::sync::Arc;

/// A file of the upper directory.
#[derive(Clone, Debug)]
pub(super) struct Target {
    at: At,
    /// Its inode number, where attributes are kept beside the file.
    pub backing: u64,
    /// Symbolic links have no user attributes of their own (xattr(7)).
    pub is_link: bool,
}

/// A name in an open directory, or the file itself where it has no name.
#[derive(Clone, Debug)]
enum At {
    /// One component, never followed if it is a symbolic link.
    Named(Handle, Box<[u8]>),
    /// An open file or directory.
    Open(Handle),
}

/// The same, for the store it is in.
enum Found<'a> {
    Named(&'a Arc<OwnedFd>, &'a [u8]),
    Open(&'a Arc<OwnedFd>),
    Journalled(Place<'a>),
}

impl Target {
    pub(super) fn named(directory: &Handle, name: &[u8]) -> Target {
        Target { at: At::Named(directory.clone(), name.into()), backing: 0, is_link: false }
    }

    pub(super) fn opened(file: Handle) -> Target {
        Target { at: At::Open(file), backing: 0, is_link: false }
    }

    /// The same file, of which `stat` is known.
    pub(super) fn with(self, stat: &Stat) -> Target {
        let is_link = FileType::from_raw_mode(stat.st_mode) == FileType::Symlink;
        Target { backing: stat.st_ino, is_link, ..self }
    }

    /// The same file, of which that much is known.
    pub(super) fn known_as(self, backing: u64, is_link: bool) -> Target {
        Target { backing, is_link, ..self }
    }

    /// Directory and name, for a file that has one.
    pub(super) fn place(&self) -> Option<(&Handle, &[u8])> {
        match &self.at {
            At::Named(directory, name) => Some((directory, name)),
            At::Open(_) => None,
        }
    }

    /// The descriptor, for a file that has no name.
    pub(super) fn descriptor(&self) -> Option<&Handle> {
        match &self.at {
            At::Open(file) => Some(file),
            At::Named(..) => None,
        }
    }

    /// Where the file is.
    fn found(&self) -> Result<Found<'_>, Errno> {
        match &self.at {
            At::Named(Handle::Host(directory), name) => Ok(Found::Named(directory, name)),
            At::Open(Handle::Host(file)) => Ok(Found::Open(file)),
            At::Named(Handle::Journalled(directory), name) => directory.child(name).map(Found::Journalled),
            At::Open(Handle::Journalled(open)) => Ok(Found::Journalled(open.place())),
        }
    }

    pub(super) fn link_text(&self) -> Result<Vec<u8>, Errno> {
        let text = match self.found()? {
            Found::Named(directory, name) => rustix::fs::readlinkat(directory, name, Vec::new()),
            Found::Open(file) => rustix::fs::readlinkat(file, c"", Vec::new()),
            Found::Journalled(place) => return place.link_text(),
        };
        Ok(text?.into_bytes())
    }

    pub(super) fn stat(&self) -> Result<Stat, Errno> {
        match self.found()? {
            Found::Named(directory, name) => rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW),
            Found::Open(file) => rustix::fs::fstat(file),
            Found::Journalled(place) => place.stat(),
        }
    }

    pub(super) fn open(&self, flags: OFlags) -> Result<Handle, Errno> {
        let flags = flags | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
        match self.found()? {
            Found::Named(directory, name) => {
                rustix::fs::openat(directory, name, flags | OFlags::NOFOLLOW, Mode::empty()).map(Handle::from)
            }
            Found::Open(file) => rustix::fs::open(path(file, None), flags, Mode::empty()).map(Handle::from),
            Found::Journalled(place) => place.open().map(Handle::from),
        }
    }

    /// Removes the name of a file in the work directory.
    pub(super) fn unlink_temporary(&self) {
        if let At::Named(directory, name) = &self.at {
            // The next start removes what remains.
            let _ = directory.unlink(name);
        }
    }

    pub(super) fn set_times(&self, times: &Timestamps) -> Result<(), Errno> {
        match self.found()? {
            Found::Named(directory, name) => rustix::fs::utimensat(directory, name, times, AtFlags::SYMLINK_NOFOLLOW),
            Found::Open(file) => rustix::fs::futimens(file, times),
            Found::Journalled(place) => place.set_times(times),
        }
    }

    /// Not for symbolic links.
    pub(super) fn set_permissions(&self, permissions: u32) -> Result<(), Errno> {
        let mode = Mode::from_raw_mode(permissions);
        match self.found()? {
            Found::Named(directory, name) => rustix::fs::chmodat(directory, name, mode, AtFlags::empty()),
            Found::Open(file) => rustix::fs::fchmod(file, mode),
            Found::Journalled(place) => place.set_permissions(permissions),
        }
    }

    /// The value of an extended attribute of the backing file.
    pub(super) fn xattr(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Errno> {
        match self.found()? {
            Found::Named(directory, at) => {
                let path = path(directory, Some(at));
                xattr_by(|buffer| rustix::fs::lgetxattr(&path, name, buffer))
            }
            Found::Open(file) => xattr_by(|buffer| rustix::fs::fgetxattr(file, name, buffer)),
            Found::Journalled(place) => place.xattr(name),
        }
    }

    pub(super) fn set_xattr(&self, name: &[u8], value: &[u8]) -> Result<(), Errno> {
        let flags = rustix::fs::XattrFlags::empty();
        match self.found()? {
            Found::Named(directory, at) => rustix::fs::lsetxattr(path(directory, Some(at)), name, value, flags),
            Found::Open(file) => rustix::fs::fsetxattr(file, name, value, flags),
            Found::Journalled(place) => place.set_xattr(name, value),
        }
    }

    /// Removes an attribute; true when it was there.
    pub(super) fn remove_xattr(&self, name: &[u8]) -> Result<bool, Errno> {
        let removed = match self.found()? {
            Found::Named(directory, at) => rustix::fs::lremovexattr(path(directory, Some(at)), name),
            Found::Open(file) => rustix::fs::fremovexattr(file, name),
            Found::Journalled(place) => return place.remove_xattr(name),
        };
        match removed {
            Ok(()) => Ok(true),
            Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Names of all extended attributes.
    pub(super) fn xattr_names(&self) -> Result<Vec<Vec<u8>>, Errno> {
        let mut buffer = vec![0; LARGEST_XATTR];
        let length = match self.found()? {
            Found::Named(directory, at) => rustix::fs::llistxattr(path(directory, Some(at)), &mut buffer[..]),
            Found::Open(file) => rustix::fs::flistxattr(file, &mut buffer[..]),
            Found::Journalled(place) => return place.xattr_names(),
        };
        let length = match length {
            Err(Errno::OPNOTSUPP) => 0,
            length => length?,
        };
        let names = buffer.get(..length).unwrap_or_default().split(|&byte| byte == 0);
        Ok(names.filter(|name| !name.is_empty()).map(<[u8]>::to_vec).collect())
    }
}

/// Reads an attribute, whatever its size.
fn xattr_by(get: impl Fn(&mut [u8]) -> Result<usize, Errno>) -> Result<Option<Vec<u8>>, Errno> {
    let mut small = [0; SMALL];
    match get(&mut small) {
        Ok(length) => Ok(Some(small.get(..length).unwrap_or_default().to_vec())),
        Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(None),
        Err(Errno::RANGE) => {
            let mut large = vec![0; LARGEST_XATTR];
            let length = get(&mut large)?;
            large.truncate(length);
            Ok(Some(large))
        }
        Err(error) => Err(error),
    }
}

/// A path that leads to an open file, or to a name in an open directory, from anywhere in this process, for the calls that take
/// nothing else. Its last component must not be followed for a name.
fn path(file: &Arc<OwnedFd>, name: Option<&[u8]>) -> Vec<u8> {
    let mut path = format!("/proc/self/fd/{}", file.as_raw_fd()).into_bytes();
    if let Some(name) = name {
        path.push(b'/');
        path.extend_from_slice(name);
    }
    path
}

/// Enough for the usual attribute.
const SMALL: usize = 256;
/// `XATTR_SIZE_MAX` and `XATTR_LIST_MAX` (xattr(7)).
const LARGEST_XATTR: usize = 64 << 10;
