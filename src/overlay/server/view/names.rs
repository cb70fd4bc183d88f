//! Names: looking up, making, removing, moving; and the attributes of what they name.

use super::table::{Place, Version};
use super::{OpenFile, View, descriptor_path, errno};
use crate::overlay::server::adapter::{NewTime, Place as Named, timespec};
use fuser::{Errno, FileAttr};
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, RenameFlags, Stat, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, XattrFlags,
};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

/// Attributes that pass through a view.
const XATTR_PREFIX: &[u8] = b"user.";

/// What SETATTR asks for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Change {
    pub mode: Option<u32>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub size: Option<u64>,
    pub accessed: Option<NewTime>,
    pub modified: Option<NewTime>,
    /// The open file it is asked on.
    pub handle: Option<u64>,
}

/// A directory as a request names it, opened.
pub(super) struct Directory {
    pub opened: OwnedFd,
    pub place: Arc<Place>,
}

impl View {
    /// Opens the directory `number` as a handle for names in it.
    pub(super) fn directory(&self, number: u64) -> Result<Directory, Errno> {
        let (opened, stat, place) = self.open_place(number, OFlags::PATH)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
            return Err(Errno::ENOTDIR);
        }
        Ok(Directory { opened, place })
    }

    /// Looks at one name of an open directory and counts a lookup.
    pub(super) fn remember(&self, directory: &Directory, name: &[u8]) -> Result<FileAttr, Errno> {
        let stat = status(&directory.opened, name).map_err(errno)?;
        Ok(self.remembered(&directory.place, name, &stat))
    }

    pub(super) fn remembered(&self, directory: &Arc<Place>, name: &[u8], stat: &Stat) -> FileAttr {
        let number = self.table().remember(directory, name, stat);
        self.shown(number, stat)
    }

    pub(super) fn look_up(&self, parent: u64, name: &[u8]) -> Result<FileAttr, Errno> {
        let name = component(name)?;
        self.remember(&self.directory(parent)?, name)
    }

    pub(super) fn examine(&self, number: u64) -> Result<FileAttr, Errno> {
        let (_, stat) = self.open_inode(number, OFlags::PATH)?;
        Ok(self.attributes_of(number, &stat))
    }

    pub(super) fn change_attributes(&self, number: u64, change: &Change) -> Result<FileAttr, Errno> {
        let handle = change.handle.and_then(|handle| self.handles().get(&handle).cloned());
        let (opened, stat) = match &handle {
            Some(OpenFile { file, .. }) => {
                let opened = file.try_clone().map_err(|error| io_errno(&error))?;
                let stat = rustix::fs::fstat(&opened).map_err(errno)?;
                (OwnedFd::from(opened), stat)
            }
            None => self.open_inode(number, OFlags::PATH)?,
        };
        if !self.owners.keeps(&stat, change.uid, change.gid) {
            return Err(Errno::EPERM);
        }
        let path = descriptor_path(&opened);
        if let Some(mode) = change.mode {
            // Through /proc: chmod(2) takes no O_PATH descriptor before Linux 6.6.
            rustix::fs::chmod(&path, Mode::from_raw_mode(mode & 0o7777)).map_err(errno)?;
        }
        if let Some(size) = change.size {
            match &handle {
                Some(OpenFile { file, .. }) => rustix::fs::ftruncate(file, size).map_err(errno)?,
                None => {
                    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
                    let (opened, _) = self.open_inode(number, flags)?;
                    rustix::fs::ftruncate(opened, size).map_err(errno)?;
                }
            }
        }
        if change.accessed.is_some() || change.modified.is_some() {
            let times = Timestamps { last_access: time(change.accessed), last_modification: time(change.modified) };
            rustix::fs::utimensat(rustix::fs::CWD, &path, &times, AtFlags::empty()).map_err(errno)?;
        }
        let stat = rustix::fs::fstat(&opened).map_err(errno)?;
        Ok(self.attributes_of(number, &stat))
    }

    pub(super) fn read_link(&self, number: u64) -> Result<Vec<u8>, Errno> {
        let (opened, _) = self.open_inode(number, OFlags::PATH)?;
        Ok(rustix::fs::readlinkat(&opened, c"", Vec::new()).map_err(errno)?.into_bytes())
    }

    pub(super) fn add_directory(&self, place: Named<'_>, mode: u32) -> Result<FileAttr, Errno> {
        let (directory, name) = (self.directory(place.directory)?, component(place.name)?);
        own_umask();
        rustix::fs::mkdirat(&directory.opened, name, Mode::from_raw_mode(mode & 0o7777)).map_err(errno)?;
        self.remember(&directory, name)
    }

    /// Makes a regular file, a FIFO or a socket. Device nodes would need the host's root.
    pub(super) fn add_node(&self, place: Named<'_>, mode: u32) -> Result<FileAttr, Errno> {
        let (directory, name) = (self.directory(place.directory)?, component(place.name)?);
        let kind = FileType::from_raw_mode(mode);
        if !matches!(kind, FileType::RegularFile | FileType::Fifo | FileType::Socket) {
            return Err(Errno::EPERM);
        }
        own_umask();
        rustix::fs::mknodat(&directory.opened, name, kind, Mode::from_raw_mode(mode & 0o7777), 0).map_err(errno)?;
        self.remember(&directory, name)
    }

    pub(super) fn add_symlink(&self, place: Named<'_>, target: &[u8]) -> Result<FileAttr, Errno> {
        let (directory, name) = (self.directory(place.directory)?, component(place.name)?);
        rustix::fs::symlinkat(target, &directory.opened, name).map_err(errno)?;
        self.remember(&directory, name)
    }

    pub(super) fn add_link(&self, number: u64, place: Named<'_>) -> Result<FileAttr, Errno> {
        let (directory, name) = (self.directory(place.directory)?, component(place.name)?);
        let (opened, _) = self.open_inode(number, OFlags::PATH)?;
        // Through /proc: linkat(2) with AT_EMPTY_PATH is a privilege. The link followed is the one in /proc.
        let path = descriptor_path(&opened);
        rustix::fs::linkat(rustix::fs::CWD, &path, &directory.opened, name, AtFlags::SYMLINK_FOLLOW).map_err(errno)?;
        self.remember(&directory, name)
    }

    pub(super) fn remove(&self, place: Named<'_>, flags: AtFlags) -> Result<(), Errno> {
        let (directory, name) = (self.directory(place.directory)?, component(place.name)?);
        rustix::fs::unlinkat(&directory.opened, name, flags).map_err(errno)
    }

    pub(super) fn move_name(&self, from: Named<'_>, to: Named<'_>, flags: u32) -> Result<(), Errno> {
        let (old, old_name) = (self.directory(from.directory)?, component(from.name)?);
        let (new, new_name) = (self.directory(to.directory)?, component(to.name)?);
        let flags = RenameFlags::from_bits_retain(flags);
        if !(RenameFlags::NOREPLACE | RenameFlags::EXCHANGE).contains(flags) {
            return Err(Errno::EINVAL);
        }
        match flags.is_empty() {
            true => rustix::fs::renameat(&old.opened, old_name, &new.opened, new_name),
            false => rustix::fs::renameat_with(&old.opened, old_name, &new.opened, new_name, flags),
        }
        .map_err(errno)?;
        let mut table = self.table();
        let (old_place, new_place) = ((&old.place, old_name), (&new.place, new_name));
        if let Ok(stat) = status(&new.opened, new_name) {
            table.moved(old_place, new_place, &stat);
        }
        if flags.contains(RenameFlags::EXCHANGE)
            && let Ok(stat) = status(&old.opened, old_name)
        {
            table.moved(new_place, old_place, &stat);
        }
        Ok(())
    }

    pub(super) fn read_xattr(&self, number: u64, name: &[u8]) -> Result<Vec<u8>, Errno> {
        if !name.starts_with(XATTR_PREFIX) {
            return Err(Errno::ENODATA);
        }
        let (opened, _) = self.open_inode(number, OFlags::PATH)?;
        whole(|buffer| rustix::fs::getxattr(descriptor_path(&opened), name, buffer))
    }

    pub(super) fn xattr_names(&self, number: u64) -> Result<Vec<u8>, Errno> {
        let (opened, _) = self.open_inode(number, OFlags::PATH)?;
        let names = whole(|buffer| rustix::fs::listxattr(descriptor_path(&opened), buffer))?;
        let own = names.split_inclusive(|&byte| byte == 0).filter(|name| name.starts_with(XATTR_PREFIX));
        Ok(own.flatten().copied().collect())
    }

    pub(super) fn write_xattr(&self, number: u64, name: &[u8], value: &[u8], flags: i32) -> Result<(), Errno> {
        let path = self.xattr_path(number, name)?;
        let flags = XattrFlags::from_bits_retain(flags as u32);
        rustix::fs::setxattr(descriptor_path(&path), name, value, flags).map_err(errno)?;
        self.note_change(number, &path);
        Ok(())
    }

    pub(super) fn clear_xattr(&self, number: u64, name: &[u8]) -> Result<(), Errno> {
        let path = self.xattr_path(number, name)?;
        rustix::fs::removexattr(descriptor_path(&path), name).map_err(errno)?;
        self.note_change(number, &path);
        Ok(())
    }

    fn xattr_path(&self, number: u64, name: &[u8]) -> Result<OwnedFd, Errno> {
        if !name.starts_with(XATTR_PREFIX) {
            return Err(Errno::EOPNOTSUPP);
        }
        Ok(self.open_inode(number, OFlags::PATH)?.0)
    }

    /// The change time moved by our own doing: the contents the kernel has are still good.
    fn note_change(&self, number: u64, opened: &OwnedFd) {
        let Ok(stat) = rustix::fs::fstat(opened) else { return };
        if let Some(inode) = self.table().get_mut(number) {
            inode.told = Some(Version::of(&stat));
        }
    }
}

/// Looks at a name without following it.
pub(super) fn status(directory: impl AsFd, name: &[u8]) -> rustix::io::Result<Stat> {
    rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT)
}

/// A single name; the kernel sends no other.
pub(super) fn component(name: &[u8]) -> Result<&[u8], Errno> {
    match name.is_empty() || matches!(name, b"." | b"..") || name.contains(&b'/') {
        true => Err(Errno::EINVAL),
        false => Ok(name),
    }
}

/// The kernel has applied the umask of the process that asks; this thread must not apply the server's on top.
pub(super) fn own_umask() {
    thread_local! { static DONE: std::cell::Cell<bool> = const { std::cell::Cell::new(false) }; }
    if !DONE.replace(true) {
        crate::sys::process::clear_umask_of_thread();
    }
}

pub(super) fn io_errno(error: &std::io::Error) -> Errno {
    Errno::from_i32(error.raw_os_error().unwrap_or(libc::EIO))
}

fn time(wanted: Option<NewTime>) -> Timespec {
    let special = |nanoseconds| Timespec { tv_sec: 0, tv_nsec: nanoseconds };
    match wanted {
        None => special(UTIME_OMIT),
        Some(NewTime::Now) => special(UTIME_NOW),
        Some(NewTime::At(time)) => timespec(time),
    }
}

/// Everything that a call with a growing buffer gives; at most the kernel's limit of 64 KiB (XATTR_SIZE_MAX).
fn whole(call: impl Fn(&mut [u8]) -> rustix::io::Result<usize>) -> Result<Vec<u8>, Errno> {
    let mut buffer = vec![0; 256];
    loop {
        match call(&mut buffer) {
            Ok(length) => {
                buffer.truncate(length);
                return Ok(buffer);
            }
            Err(rustix::io::Errno::RANGE) if buffer.len() < 64 << 10 => buffer.resize(64 << 10, 0),
            Err(error) => return Err(errno(error)),
        }
    }
}
