//! Filling a new volume from the image.
//!
//! A volume that is empty when it is first mounted gets what the image has at that place, owners, modes, times and
//! extended attributes included. Both trees are hostile: names are handled one component at a time relative to open
//! directories, nothing is followed, and the walk keeps its own stack.

use rustix::fs::{
    AtFlags, Dir, FileType, Gid, Mode, OFlags, Timespec, Timestamps, Uid, XattrFlags, fchmod, fchown, fstat, mkdirat,
    mknodat, openat, readlinkat, statat, symlinkat,
};
use rustix::io::{Errno, Result};
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, OwnedFd};

/// Copies the tree below directory `image` into directory `volume` when that is empty. Whether it did.
///
/// An empty `volume` over an empty directory of the image gets that one's owner and mode if `is_fresh`: one that was used before
/// keeps what it was given then, and a memory file system has those it was asked to have.
///
/// `volume` and `image` may be `O_PATH` handles. Blocks for as long as the copy takes.
pub fn fill(volume: &OwnedFd, image: &OwnedFd, is_fresh: bool) -> Result<bool> {
    let (Ok(volume), Ok(image)) = (reopen_directory(volume), reopen_directory(image)) else { return Ok(false) };
    if !is_empty(&volume)? {
        return Ok(false);
    }
    if is_empty(&image)? {
        if is_fresh {
            copy_attributes(&image, &volume)?;
        }
        return Ok(false);
    }
    let mut pending = vec![(image, volume)];
    while let Some((from, to)) = pending.pop() {
        for name in names(&from)? {
            copy_entry(&from, &to, &name, &mut pending)?;
        }
        copy_attributes(&from, &to)?;
    }
    Ok(true)
}

/// Gives `tree` alone to a user; under a map without that user, or without its owner, it stays as it is.
pub fn give_top_to(tree: &OwnedFd, uid: u32, gid: u32) -> Result<()> {
    let (user, group) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
    ignore_unmapped(rustix::fs::chownat(tree, c"", user, group, AtFlags::EMPTY_PATH))
}

/// Gives directory `upper` the owner and the mode of directory `lower`: an overlay's root shows those of its top layer.
pub fn match_top(lower: &OwnedFd, upper: &OwnedFd) -> Result<()> {
    let status = fstat(lower)?;
    let (user, group) = (Some(Uid::from_raw(status.st_uid)), Some(Gid::from_raw(status.st_gid)));
    ignore_unmapped(rustix::fs::chownat(upper, c"", user, group, AtFlags::EMPTY_PATH))?;
    // Somebody else's: a layer the user has named.
    ignore_unmapped(fchmod(reopen_directory(upper)?, Mode::from_raw_mode(status.st_mode & 0o7777)))
}

/// Gives everything below `tree`, itself included, to a user (`U`). Links are changed themselves, not followed. A tree that is the
/// user's already is left as it is, since a large one would take long at every start; so does podman.
pub fn give_to(tree: &OwnedFd, uid: u32, gid: u32) -> Result<()> {
    let status = rustix::fs::statat(tree, c"", AtFlags::EMPTY_PATH)?;
    if (status.st_uid, status.st_gid) == (uid, gid) {
        return Ok(());
    }
    let (user, group) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
    rustix::fs::chownat(tree, c"", user, group, AtFlags::EMPTY_PATH)?;
    let Ok(root) = reopen_directory(tree) else { return Ok(()) };
    let mut pending = vec![root];
    while let Some(directory) = pending.pop() {
        for name in names(&directory)? {
            rustix::fs::chownat(&directory, &name, user, group, AtFlags::SYMLINK_NOFOLLOW)?;
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            match openat(&directory, &name, flags, Mode::empty()) {
                Ok(below) => pending.push(below),
                Err(Errno::NOTDIR | Errno::LOOP) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

fn reopen_directory(handle: &OwnedFd) -> Result<OwnedFd> {
    openat(handle, ".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

fn names(directory: &OwnedFd) -> Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            names.push(entry.file_name().to_owned());
        }
    }
    Ok(names)
}

fn is_empty(directory: &OwnedFd) -> Result<bool> {
    Ok(names(directory)?.iter().all(|name| name.as_bytes() == b"lost+found"))
}

fn copy_entry(from: &OwnedFd, to: &OwnedFd, name: &CStr, pending: &mut Vec<(OwnedFd, OwnedFd)>) -> Result<()> {
    let status = statat(from, name, AtFlags::SYMLINK_NOFOLLOW)?;
    match FileType::from_raw_mode(status.st_mode) {
        FileType::Directory => {
            mkdirat(to, name, Mode::from_raw_mode(0o700))?;
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            pending.push((openat(from, name, flags, Mode::empty())?, openat(to, name, flags, Mode::empty())?));
            Ok(())
        }
        FileType::RegularFile => copy_file(from, to, name),
        FileType::Symlink => {
            symlinkat(readlinkat(from, name, Vec::new())?, to, name)?;
            let (uid, gid) = (Uid::from_raw(status.st_uid), Gid::from_raw(status.st_gid));
            ignore_unmapped(rustix::fs::chownat(to, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW))
        }
        FileType::Fifo => mknodat(to, name, FileType::Fifo, Mode::from_raw_mode(status.st_mode & 0o7777), 0),
        _ => Ok(()), // devices cannot be made in a user namespace; sockets mean nothing without their owner
    }
}

fn copy_file(from: &OwnedFd, to: &OwnedFd, name: &CStr) -> Result<()> {
    let source = openat(from, name, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let target = openat(to, name, flags, Mode::from_raw_mode(0o600))?;
    let (mut reader, mut writer) = (std::fs::File::from(source), std::fs::File::from(target));
    std::io::copy(&mut reader, &mut writer).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
    copy_attributes(&reader, &writer)
}

fn copy_attributes(from: impl AsFd, to: impl AsFd) -> Result<()> {
    let status = fstat(&from)?;
    ignore_unmapped(fchown(&to, Some(Uid::from_raw(status.st_uid)), Some(Gid::from_raw(status.st_gid))))?;
    copy_xattrs(&from, &to);
    fchmod(&to, Mode::from_raw_mode(status.st_mode & 0o7777))?;
    let time = |seconds, nanoseconds| Timespec { tv_sec: seconds, tv_nsec: nanoseconds };
    let times = Timestamps {
        last_access: time(status.st_atime as _, status.st_atime_nsec as _),
        last_modification: time(status.st_mtime as _, status.st_mtime_nsec as _),
    };
    rustix::fs::futimens(&to, &times)
}

/// Under a one-id map most owners do not exist; the file then stays with the container's root.
fn ignore_unmapped(result: Result<()>) -> Result<()> {
    match result {
        Err(Errno::INVAL | Errno::PERM) => Ok(()),
        other => other,
    }
}

/// Attributes the volume's file system does not take are left out, as `cp -a` does.
fn copy_xattrs(from: impl AsFd, to: impl AsFd) {
    let mut list = vec![0u8; 64 * 1024];
    let Ok(length) = rustix::fs::flistxattr(&from, &mut list) else { return };
    let mut value = vec![0u8; 64 * 1024];
    for name in
        list[..length].split_inclusive(|byte| *byte == 0).filter_map(|name| CStr::from_bytes_with_nul(name).ok())
    {
        if name.to_bytes().starts_with(b"user.overlay.") {
            continue;
        }
        if let Ok(length) = rustix::fs::fgetxattr(&from, name, &mut value) {
            let _ = rustix::fs::fsetxattr(&to, name, &value[..length], XattrFlags::empty()); // see above
        }
    }
}
