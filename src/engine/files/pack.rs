//! A file tree as a tar.
//!
//! The tree is hostile and may change meanwhile: names are taken one component at a time relative to open directories,
//! no link is followed below the beginning, and nothing but regular files is opened. The walk keeps its own stack.

use crate::runtime::failure::{Failure, Step};
use crate::runtime::rooted::Rooted;
use crate::store::archive::{ArchiveWriter, Member};
use crate::store::layer_index::{EntryKind, Timestamp};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, openat, readlinkat, statat};
use rustix::io::{Errno, Result};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Whose the members are said to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Owner {
    /// Their own.
    #[default]
    AsIs,
    /// This user's and group's.
    Fixed(u32, u32),
    /// Root's where they are this user's and group's; others' as they are.
    RootInsteadOf(u32, u32),
}

/// How a tree is packed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PackOptions {
    /// Name of the tree in the archive; empty: what is in the directory, without the directory itself.
    pub name: Vec<u8>,
    /// Whose the members are said to be.
    pub owner: Owner,
    /// The root file system alone, without what is mounted in it.
    pub bare: bool,
    /// Names directly below the root that are left out.
    pub excluded: Vec<String>,
    /// Pass over what cannot be read.
    pub skip_unreadable: bool,
}

/// Packs what is at `untrusted_path`, which is resolved beneath `root`, links included. Blocks on file and `out`.
pub fn pack(root: &Rooted, untrusted_path: &Path, options: &PackOptions, out: impl Write) -> Step<()> {
    let shown = untrusted_path.display();
    let failed = |error: Errno| Failure::setup(format_args!("open \"{shown}\""), error);
    let status = root.handle(untrusted_path).and_then(rustix::fs::fstat).map_err(failed)?;
    let mut packer = Packer::new(options, out);
    let packed = match FileType::from_raw_mode(status.st_mode) {
        FileType::Directory => {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK;
            let directory = root.open(untrusted_path, flags, 0).map_err(failed)?;
            packer.tree(directory, untrusted_path == Path::new("/"))
        }
        _ => {
            let parent = untrusted_path.parent().unwrap_or(Path::new("/"));
            let name = untrusted_path.file_name().unwrap_or(OsStr::new(""));
            let directory = root.open(parent, OFlags::PATH | OFlags::DIRECTORY, 0).map_err(failed)?;
            let name = CString::new(name.as_bytes()).map_err(|_| failed(Errno::INVAL))?;
            packer.entry(&directory, &name, options.name.clone()).map(drop)
        }
    };
    packed.map_err(|problem| problem.failure())?;
    packer.finish().map(drop).map_err(|error| Problem::Output(error).failure())
}

/// A file being packed, which tells its own failures from those of the archive.
struct Input {
    file: File,
    failed: Option<Errno>,
}

impl std::io::Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let result = self.file.read(buffer);
        self.failed = result.as_ref().err().and_then(Errno::from_io_error);
        result
    }
}

/// Why packing stopped.
#[derive(Debug)]
pub(super) enum Problem {
    /// A file.
    File { path: Vec<u8>, error: Errno },
    /// The output.
    Output(std::io::Error),
}

impl Problem {
    pub(super) fn failure(self) -> Failure {
        match self {
            Problem::File { path, error } => Failure::setup(
                format_args!("read \"/{}\"", String::from_utf8_lossy(path.strip_prefix(b"/").unwrap_or(&path))),
                error,
            ),
            Problem::Output(error) => Failure::setup("write the archive", error),
        }
    }
}

/// Writes members with the names they are given.
pub(super) struct Packer<'a, W: Write> {
    archive: ArchiveWriter<W>,
    options: &'a PackOptions,
    /// Where files with several names were packed first.
    linked: HashMap<(u64, u64), Vec<u8>>,
}

/// A directory whose names are being packed.
struct Level {
    directory: OwnedFd,
    path: Vec<u8>,
    names: Vec<CString>,
}

impl<'a, W: Write> Packer<'a, W> {
    pub(super) fn new(options: &'a PackOptions, out: W) -> Self {
        Packer { archive: ArchiveWriter::new(out), options, linked: HashMap::new() }
    }

    pub(super) fn finish(self) -> std::io::Result<W> {
        self.archive.finish()
    }

    /// A directory with everything below.
    fn tree(&mut self, directory: OwnedFd, is_root: bool) -> std::result::Result<(), Problem> {
        let path = self.options.name.clone();
        let at = |error| Problem::File { path: path.clone(), error };
        if !path.is_empty() {
            let status = rustix::fs::fstat(&directory).map_err(at)?;
            self.directory(&directory, &path, &status)?;
        }
        let mut names = names(&directory).map_err(at)?;
        if is_root {
            names.retain(|name| !self.options.excluded.iter().any(|excluded| excluded.as_bytes() == name.as_bytes()));
        }
        let mut stack = vec![Level { directory, path, names }];
        while let Some(level) = stack.last_mut() {
            let Some(name) = level.names.pop() else {
                stack.pop();
                continue;
            };
            let path = join(&level.path, name.as_bytes());
            if let Some(below) = self.entry(&level.directory, &name, path.clone())? {
                let names = match self::names(&below) {
                    Err(error) if self.passes_over(error) => continue,
                    other => other.map_err(|error| Problem::File { path: path.clone(), error })?,
                };
                stack.push(Level { directory: below, path, names });
            }
        }
        Ok(())
    }

    fn passes_over(&self, error: Errno) -> bool {
        // What vanishes while a container runs is no error either.
        error == Errno::NOENT || (self.options.skip_unreadable && matches!(error, Errno::ACCESS | Errno::PERM))
    }

    /// One entry under the name `path`; a directory is returned open, for what is below.
    pub(super) fn entry(
        &mut self,
        parent: &OwnedFd,
        name: &CStr,
        path: Vec<u8>,
    ) -> std::result::Result<Option<OwnedFd>, Problem> {
        match self.try_entry(parent, name, &path) {
            Err(Problem::File { error, .. }) if self.passes_over(error) => Ok(None),
            other => other,
        }
    }

    fn try_entry(
        &mut self,
        parent: &OwnedFd,
        name: &CStr,
        path: &[u8],
    ) -> std::result::Result<Option<OwnedFd>, Problem> {
        let at = |error| Problem::File { path: path.to_vec(), error };
        let status = statat(parent, name, AtFlags::SYMLINK_NOFOLLOW).map_err(at)?;
        let kind = FileType::from_raw_mode(status.st_mode);
        if kind == FileType::Directory {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let directory = openat(parent, name, flags, Mode::empty()).map_err(at)?;
            let status = rustix::fs::fstat(&directory).map_err(at)?;
            self.directory(&directory, path, &status)?;
            return Ok(Some(directory));
        }
        if status.st_nlink > 1 && kind != FileType::Socket {
            let identity = (status.st_dev, status.st_ino);
            if let Some(first) = self.linked.get(&identity) {
                let member = Member { link: first, ..self.member(path, EntryKind::HardLink, &status, &[]) };
                return self.archive.add(&member).map(|()| None).map_err(Problem::Output);
            }
            self.linked.insert(identity, path.to_vec());
        }
        match kind {
            FileType::RegularFile => self.file(parent, name, path)?,
            FileType::Symlink => {
                let target = readlinkat(parent, name, Vec::new()).map_err(at)?;
                let member = Member { link: target.as_bytes(), ..self.member(path, EntryKind::Symlink, &status, &[]) };
                self.archive.add(&member).map_err(Problem::Output)?;
            }
            FileType::Fifo => self.plain(path, EntryKind::Fifo, &status)?,
            FileType::CharacterDevice => self.plain(path, EntryKind::CharacterDevice, &status)?,
            FileType::BlockDevice => self.plain(path, EntryKind::BlockDevice, &status)?,
            // A socket means nothing without the process behind it.
            _ => {}
        }
        Ok(None)
    }

    fn plain(&mut self, path: &[u8], kind: EntryKind, status: &Stat) -> std::result::Result<(), Problem> {
        self.archive.add(&self.member(path, kind, status, &[])).map_err(Problem::Output)
    }

    /// A directory's own entry.
    pub(super) fn directory(
        &mut self,
        directory: &OwnedFd,
        path: &[u8],
        status: &Stat,
    ) -> std::result::Result<(), Problem> {
        let xattrs = xattrs(directory);
        self.archive.add(&self.member(path, EntryKind::Directory, status, &xattrs)).map_err(Problem::Output)
    }

    fn file(&mut self, parent: &OwnedFd, name: &CStr, path: &[u8]) -> std::result::Result<(), Problem> {
        let at = |error| Problem::File { path: path.to_vec(), error };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = openat(parent, name, flags, Mode::empty()).map_err(at)?;
        let status = rustix::fs::fstat(&file).map_err(at)?;
        if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
            return Err(at(Errno::AGAIN)); // swapped for something else a moment ago
        }
        if status.st_size > 0 {
            // A file served by FUSE may open and then not be readable: known before its header is written.
            rustix::io::pread(&file, &mut [0; 1], 0).map_err(at)?;
        }
        let xattrs = xattrs(&file);
        let member = self.member(path, EntryKind::File, &status, &xattrs);
        let mut input = Input { file: File::from(file), failed: None };
        self.archive.add_file(&member, &mut input).map_err(|error| match input.failed {
            Some(error) => at(error),
            None => Problem::Output(error),
        })
    }

    /// A name that hides what is below (OCI image layer specification, "Whiteouts").
    pub(super) fn whiteout(&mut self, path: &[u8]) -> std::result::Result<(), Problem> {
        self.archive.add(&Member::plain(path, EntryKind::File, 0, 0)).map_err(Problem::Output)
    }

    fn member<'m>(
        &self,
        path: &'m [u8],
        kind: EntryKind,
        status: &Stat,
        xattrs: &'m [(Vec<u8>, Vec<u8>)],
    ) -> Member<'m> {
        let (uid, gid) = match self.options.owner {
            Owner::AsIs => (status.st_uid, status.st_gid),
            Owner::Fixed(uid, gid) => (uid, gid),
            Owner::RootInsteadOf(uid, gid) => {
                let or_root = |id: u32, own: u32| if id == own { 0 } else { id };
                (or_root(status.st_uid, uid), or_root(status.st_gid, gid))
            }
        };
        let size = if kind == EntryKind::File { u64::try_from(status.st_size).unwrap_or(0) } else { 0 };
        let device = (rustix::fs::major(status.st_rdev), rustix::fs::minor(status.st_rdev));
        let is_device = matches!(kind, EntryKind::CharacterDevice | EntryKind::BlockDevice);
        Member {
            path,
            kind,
            mode: status.st_mode & 0o7777,
            uid,
            gid,
            size,
            modified: modified(status),
            link: b"",
            device: if is_device { device } else { (0, 0) },
            xattrs,
        }
    }
}

/// The time of the last change of a file's contents.
pub(super) fn modified(status: &Stat) -> Timestamp {
    Timestamp { seconds: status.st_mtime, nanoseconds: u32::try_from(status.st_mtime_nsec).unwrap_or(0) }
}

/// `directory/name`, without a slash in front.
pub(super) fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    match directory.is_empty() {
        true => name.to_vec(),
        false => [directory, b"/", name].concat(),
    }
}

/// The names in a directory, in order, the last one first.
pub(super) fn names(directory: &OwnedFd) -> Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            names.push(entry.file_name().to_owned());
        }
    }
    names.sort_unstable_by(|left, right| right.cmp(left));
    Ok(names)
}

/// Attributes that belong to a file wherever it is: the user's, and the file's capabilities. What cannot be read is
/// left out.
pub(super) fn xattrs(file: impl AsFd) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut list = vec![0; 64 << 10];
    let Ok(length) = rustix::fs::flistxattr(&file, &mut list) else { return Vec::new() };
    let mut found = Vec::new();
    let mut value = Vec::new();
    for name in list[..length].split(|byte| *byte == 0).filter(|name| is_portable(name)) {
        value.resize(64 << 10, 0);
        if let Ok(length) = rustix::fs::fgetxattr(&file, name, &mut value) {
            found.push((name.to_vec(), value[..length].to_vec()));
        }
    }
    found.sort_unstable();
    found
}

/// Whether an attribute means the same elsewhere: not an overlay's, not a label of the host.
pub(super) fn is_portable(name: &[u8]) -> bool {
    let is_users =
        name.starts_with(b"user.") && !name.starts_with(b"user.overlay.") && !name.starts_with(b"user.coracle");
    is_users || name == b"security.capability"
}
