//! Locks between processes that change the store at the same time.
//!
//! One empty file, `ROOT/lock`, carries them all as byte-range locks of its open file descriptions (fcntl(2),
//! `F_OFD_SETLK`): nothing has to be created or deleted per lock, and a process that dies leaves none behind.
//!
//! - Byte 0 keeps unreferenced objects alive: whoever adds objects holds it shared until a record refers to them, and
//!   [`super::sweep`] deletes only while holding it exclusively.
//! - The byte numbered by the first 62 bits of a diff ID belongs to the one process that is writing that layer.
//!
//! Readers need no lock. Where the file system knows no locks (some network mounts) every lock is granted as
//! [`Held::Unsupported`]: adding stays correct, since files are renamed into place whole, and deletion then keeps to
//! objects that are old.

use super::digest::Digest;
use super::error::Error;
use super::paths::Paths;
use nix::fcntl::{FcntlArg, fcntl};
use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// A lock, released when dropped.
#[derive(Debug)]
pub enum Held {
    /// Held through this descriptor.
    Locked(#[allow(dead_code, reason = "closing it releases the lock")] File),
    /// The file system has no locks.
    Unsupported,
}

/// Shared or exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// With others.
    Shared,
    /// Alone.
    Exclusive,
}

/// Keeps every object of the store from deletion until dropped. Blocks while a sweep runs.
pub fn keep_objects(paths: &Paths) -> Result<Held, Error> {
    acquire(paths, 0, Mode::Shared, true).map(|held| held.unwrap_or(Held::Unsupported))
}

/// The right to delete objects; `None` while anybody is adding some. Never blocks.
pub fn delete_objects(paths: &Paths) -> Result<Option<Held>, Error> {
    acquire(paths, 0, Mode::Exclusive, false)
}

/// The right to write the layer `diff_id`; `None` when another process has it. Never blocks.
pub fn try_layer(paths: &Paths, diff_id: &Digest) -> Result<Option<Held>, Error> {
    acquire(paths, layer_offset(diff_id), Mode::Exclusive, false)
}

/// The right to write the layer `diff_id`. Blocks while another process has it.
pub fn layer(paths: &Paths, diff_id: &Digest) -> Result<Held, Error> {
    acquire(paths, layer_offset(diff_id), Mode::Exclusive, true).map(|held| held.unwrap_or(Held::Unsupported))
}

/// Waits for the lock of a file that is there for nothing else (flock(2)), made when it is missing; released when the
/// descriptor is closed. Where the file system knows no locks nobody waits for anybody.
///
/// # Errors
/// The file cannot be opened, made or locked.
pub fn wait_for(path: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlags::CREATE | OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let file = rustix::fs::open(path, flags, rustix::fs::Mode::from_raw_mode(0o600))?;
    loop {
        match flock(&file, FlockOperation::LockExclusive) {
            Err(Errno::INTR) => {}
            Err(Errno::NOLCK | Errno::NOTSUP) | Ok(()) => return Ok(file),
            Err(error) => return Err(error),
        }
    }
}

/// Locks the whole of an open file, without blocking; `None` when somebody else has it locked.
pub(super) fn try_file(file: &File) -> std::io::Result<Option<bool>> {
    match set(file, 0, 0, Mode::Exclusive, false) {
        Ok(()) => Ok(Some(true)),
        Err(errno) if is_contended(errno) => Ok(None),
        Err(errno) if is_unsupported(errno) => Ok(Some(false)),
        Err(errno) => Err(errno.into()),
    }
}

fn layer_offset(diff_id: &Digest) -> i64 {
    let mut head = [0; 8];
    head.copy_from_slice(&diff_id.bytes()[..8]);
    // Offsets are signed and 0 is taken.
    1 + (i64::from_be_bytes(head) & (i64::MAX >> 1))
}

fn acquire(paths: &Paths, offset: i64, mode: Mode, wait: bool) -> Result<Option<Held>, Error> {
    let path = paths.lock();
    let open = || OpenOptions::new().read(true).write(true).create(true).mode(0o600).truncate(false).open(&path);
    let file = match open() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            super::paths::create_directory(&paths.root)?;
            open()
        }
        result => result,
    }
    .map_err(Error::file("open", &path))?;
    match set(&file, offset, 1, mode, wait) {
        Ok(()) => Ok(Some(Held::Locked(file))),
        Err(errno) if is_contended(errno) => Ok(None),
        Err(errno) if is_unsupported(errno) => Ok(Some(Held::Unsupported)),
        Err(errno) => Err(Error::file("lock", &path)(errno.into())),
    }
}

fn is_contended(errno: nix::Error) -> bool {
    matches!(errno, nix::Error::EAGAIN | nix::Error::EACCES)
}

fn is_unsupported(errno: nix::Error) -> bool {
    matches!(errno, nix::Error::ENOLCK | nix::Error::EOPNOTSUPP | nix::Error::ENOSYS | nix::Error::EINVAL)
}

fn set(file: &File, start: i64, length: i64, mode: Mode, wait: bool) -> nix::Result<()> {
    let kind = if mode == Mode::Shared { libc::F_RDLCK } else { libc::F_WRLCK };
    let range = libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: start,
        l_len: length,
        l_pid: 0,
    };
    loop {
        let argument = if wait { FcntlArg::F_OFD_SETLKW(&range) } else { FcntlArg::F_OFD_SETLK(&range) };
        match fcntl(file, argument) {
            Err(nix::Error::EINTR) => continue,
            result => return result.map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sweeping_excludes_adding_and_layers_exclude_each_other() {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths { root: directory.path().join("new"), run_root: "/nowhere".into(), additional: Vec::new() };
        let first = keep_objects(&paths).unwrap();
        let second = keep_objects(&paths).unwrap();
        assert!(delete_objects(&paths).unwrap().is_none());
        drop(first);
        assert!(delete_objects(&paths).unwrap().is_none());
        drop(second);
        assert!(delete_objects(&paths).unwrap().is_some());

        let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
        let held = layer(&paths, &one).unwrap();
        assert!(try_layer(&paths, &one).unwrap().is_none());
        assert!(try_layer(&paths, &two).unwrap().is_some());
        drop(held);
        assert!(try_layer(&paths, &one).unwrap().is_some());
    }
}
