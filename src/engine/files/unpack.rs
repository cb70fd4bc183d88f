//! A tar as a file tree, beneath a root it cannot leave.
//!
//! Every name is resolved beneath the root by the kernel, links followed as they would be inside (`RESOLVE_IN_ROOT`); the last
//! component is never followed. What is there is removed and not written through, so no entry can change a file
//! elsewhere by a link it made before. Hard links lead to files beneath the same root only. Devices are left out.
//! Modes and times of directories come last, since they may forbid writing into them.

use super::pack::is_portable;
use crate::engine::removal;
use crate::runtime::failure::{Failure, Step, in_words};
use crate::runtime::rooted::{Rooted, descriptor_path};
use crate::store::layer_index::{Entry, EntryKind, StreamError, TarStream};
use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, Timespec, Timestamps, Uid, XattrFlags, mkdirat, mknodat, openat, statat,
    symlinkat, unlinkat,
};
use rustix::io::{Errno, Result};
use serde::{Deserialize, Serialize};
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// How a tree is unpacked.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct UnpackOptions {
    /// Whose everything becomes.
    pub owner: Option<(u32, u32)>,
    /// Owners stay as this process makes files.
    pub keep_own: bool,
    /// A directory may be replaced by something else, and something else by a directory.
    pub overwrite: bool,
    /// Set-user-ID and set-group-ID bits are left out: a file that crosses to the host must not run as its new owner.
    pub strip_set_id: bool,
}

/// Unpacks the archive `input` in the directory `untrusted_base` beneath `root`, to the archive's end.
pub fn unpack(root: &Rooted, untrusted_base: &Path, options: &UnpackOptions, input: impl Read) -> Step<()> {
    let mut stream = TarStream::new(input);
    let mut unpacker = Unpacker { root, base: untrusted_base, options, parent: None, directories: Vec::new() };
    while let Some(entry) = stream.next_entry().map_err(|error| stream_failure(&error))? {
        unpacker.entry(&entry, &mut stream)?;
    }
    unpacker.finish_directories();
    Ok(())
}

fn stream_failure(error: &StreamError) -> Failure {
    match error {
        StreamError::Io(error) => Failure::message(in_words(error)),
        StreamError::Tar(error) => Failure::message(error.to_string()),
    }
}

struct Unpacker<'a> {
    root: &'a Rooted,
    base: &'a Path,
    options: &'a UnpackOptions,
    /// The directory of the last entry, most likely that of the next.
    parent: Option<(PathBuf, OwnedFd)>,
    directories: Vec<(PathBuf, Entry)>,
}

impl Unpacker<'_> {
    fn entry(&mut self, entry: &Entry, stream: &mut TarStream<impl Read>) -> Step<()> {
        if entry.path.is_empty() {
            return Ok(()); // the directory itself is the user's and stays as it is
        }
        let path = self.base.join(OsStr::from_bytes(&entry.path));
        let name = path.file_name().unwrap_or_default().to_owned();
        let failed = |operation: &str, error: Errno| {
            Failure::setup(format_args!("error creating \"{0}\": {operation} {0}", path.display()), error)
        };
        let parent = self.parent_of(&path).map_err(|error| failed("open", error))?;
        match entry.kind {
            EntryKind::CharacterDevice | EntryKind::BlockDevice => return Ok(()),
            EntryKind::Directory => {
                self.make_directory(&parent, &name).map_err(|error| failed("mkdir", error))?;
                self.directories.push((path.clone(), entry.clone()));
            }
            EntryKind::File => return self.file(&parent, &name, &path, entry, stream),
            EntryKind::Symlink => {
                self.clear(&parent, &name)
                    .and_then(|()| symlinkat(OsStr::from_bytes(&entry.link), &parent, &name))
                    .map_err(|error| failed("symlink", error))?;
                self.describe_name(&parent, &name, entry, false);
            }
            EntryKind::Fifo => {
                self.clear(&parent, &name)
                    .and_then(|()| mknodat(&parent, &name, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0))
                    .map_err(|error| failed("mkfifo", error))?;
                self.describe_name(&parent, &name, entry, true);
            }
            EntryKind::HardLink => {
                self.hard_link(&parent, &name, entry).map_err(|error| failed("link", error))?;
            }
        }
        Ok(())
    }

    /// The directory an entry goes into, made when the archive did not say it.
    fn parent_of(&mut self, path: &Path) -> Result<OwnedFd> {
        let directory = path.parent().unwrap_or(Path::new("/"));
        if let Some((last, opened)) = &self.parent
            && last == directory
        {
            return rustix::io::fcntl_dupfd_cloexec(opened, 0);
        }
        let opened = self.root.make_directories(directory)?;
        let copy = rustix::io::fcntl_dupfd_cloexec(&opened, 0)?;
        self.parent = Some((directory.to_owned(), opened));
        Ok(copy)
    }

    fn make_directory(&mut self, parent: &OwnedFd, name: &OsStr) -> Result<()> {
        match mkdirat(parent, name, Mode::RWXU) {
            Err(Errno::EXIST) => {}
            other => return other,
        }
        if is_directory(parent, name)? {
            return Ok(());
        }
        if !self.options.overwrite {
            return Err(Errno::EXIST);
        }
        unlinkat(parent, name, AtFlags::empty())?;
        mkdirat(parent, name, Mode::RWXU)
    }

    /// Makes room for something that is no directory.
    fn clear(&mut self, parent: &OwnedFd, name: &OsStr) -> Result<()> {
        match unlinkat(parent, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(Errno::ISDIR | Errno::PERM) if is_directory(parent, name).unwrap_or(false) => {
                if !self.options.overwrite {
                    return Err(Errno::EXIST);
                }
                self.parent = None; // it may have been below
                removal::remove_tree_at(parent, name)
            }
            Err(error) => Err(error),
        }
    }

    fn file(
        &mut self,
        parent: &OwnedFd,
        name: &OsStr,
        path: &Path,
        entry: &Entry,
        stream: &mut TarStream<impl Read>,
    ) -> Step<()> {
        let failed =
            |error: Errno| Failure::setup(format_args!("error creating \"{0}\": open {0}", path.display()), error);
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let opened = match self.clear(parent, name) {
            // A file that is mounted there can be written but not replaced.
            Err(Errno::BUSY) => openat(parent, name, flags | OFlags::TRUNC, Mode::empty()),
            Err(error) => Err(error),
            Ok(()) => openat(parent, name, flags | OFlags::CREATE | OFlags::EXCL, Mode::RUSR | Mode::WUSR),
        };
        let file = File::from(opened.map_err(failed)?);
        stream
            .contents(entry, |at, bytes| file.write_all_at(bytes, at))
            .map_err(|error| Failure::message(format!("write \"{}\": {}", path.display(), stream_failure(&error))))?;
        file.set_len(entry.size)
            .map_err(|error| Failure::setup(format_args!("write \"{}\"", path.display()), error))?;
        self.describe(&file, entry);
        Ok(())
    }

    fn hard_link(&mut self, parent: &OwnedFd, name: &OsStr, entry: &Entry) -> Result<()> {
        let target = self.base.join(OsStr::from_bytes(&entry.link));
        let directory =
            self.root.open(target.parent().unwrap_or(Path::new("/")), OFlags::PATH | OFlags::DIRECTORY, 0)?;
        let target_name = target.file_name().ok_or(Errno::ISDIR)?;
        if statat(&directory, target_name, AtFlags::SYMLINK_NOFOLLOW)
            .and_then(|from| Ok((from, statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?)))
            .is_ok_and(|(from, to)| (from.st_dev, from.st_ino) == (to.st_dev, to.st_ino))
        {
            return Ok(()); // unpacked over itself
        }
        self.clear(parent, name)?;
        rustix::fs::linkat(&directory, target_name, parent, name, AtFlags::empty())
    }

    /// Owner, attributes, mode and times, in this order: chown(2) clears set-id bits and capabilities.
    fn describe(&self, file: &File, entry: &Entry) {
        if let Some((uid, gid)) = self.owner(entry) {
            let _ = rustix::fs::fchown(file, Some(uid), Some(gid)); // an id that does not exist here
        }
        for (name, value) in entry.xattrs.iter().filter(|(name, _)| is_portable(name)) {
            if !(self.options.strip_set_id && name == b"security.capability") {
                // Not every file system has them.
                let _ = rustix::fs::fsetxattr(file, name.as_slice(), value, XattrFlags::empty());
            }
        }
        // Its owner may be somebody this process may not act for.
        let _ = rustix::fs::fchmod(file, self.mode(entry));
        let _ = rustix::fs::futimens(file, &times(entry));
    }

    /// The same for what must not be opened.
    fn describe_name(&self, parent: &OwnedFd, name: &OsStr, entry: &Entry, has_mode: bool) {
        if let Some((uid, gid)) = self.owner(entry) {
            let _ = rustix::fs::chownat(parent, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW);
        }
        if has_mode
            && let Ok(handle) = openat(parent, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
        {
            // In a container there may be no /proc to go through; the mode is then that of a new file.
            let _ = rustix::fs::chmod(descriptor_path(&handle), self.mode(entry));
        }
        let _ = rustix::fs::utimensat(parent, name, &times(entry), AtFlags::SYMLINK_NOFOLLOW);
    }

    fn finish_directories(&mut self) {
        // The deepest first: a time must not change again by what is done below.
        while let Some((path, entry)) = self.directories.pop() {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::NONBLOCK;
            // What is not a directory any more was replaced by a later entry, or by somebody else.
            if let Ok(directory) = self.root.open(&path, flags, 0) {
                self.describe(&File::from(directory), &entry);
            }
        }
    }

    fn owner(&self, entry: &Entry) -> Option<(Uid, Gid)> {
        if self.options.keep_own {
            return None;
        }
        let (uid, gid) = self.options.owner.unwrap_or((entry.uid, entry.gid));
        Some((Uid::from_raw(uid), Gid::from_raw(gid)))
    }

    fn mode(&self, entry: &Entry) -> Mode {
        let kept = if self.options.strip_set_id { 0o1777 } else { 0o7777 };
        Mode::from_raw_mode(u32::from(entry.mode) & kept)
    }
}

fn is_directory(parent: &OwnedFd, name: &OsStr) -> Result<bool> {
    let status = statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(FileType::from_raw_mode(status.st_mode) == FileType::Directory)
}

fn times(entry: &Entry) -> Timestamps {
    let time = Timespec { tv_sec: entry.modified.seconds, tv_nsec: i64::from(entry.modified.nanoseconds) as _ };
    Timestamps { last_access: time, last_modification: time }
}
