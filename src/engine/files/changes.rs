//! What a container has changed: its root file system compared with its image's tree.
//!
//! The comparison reads what is served and not the writable layer, so it is the same for every storage driver. Two
//! entries are the same when type, mode, owner, size, time and link target are; a file whose inode was touched since the
//! container was made is read as well, so that a change which puts size and time back is seen.
//!
//! Not told: the places of mounts and what coracle itself puts into a container, as podman leaves them out
//! (`libpod/diff.go` lists them).

use super::pack::{PackOptions, Packer, Problem, is_portable, join, modified, names, xattrs};
use crate::engine::record::ContainerRecord;
use crate::overlay::tree::{Node, NodeKind, ROOT, Tree};
use crate::runtime::failure::{Failure, Step};
use crate::runtime::rooted::Rooted;
use crate::runtime::subordinate::IdKind;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, openat, readlinkat, statat};
use rustix::io::Errno;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes of a file compared at once.
const PIECE_BYTES: usize = 64 << 10;

/// What podman leaves out (`initInodes` of `libpod/diff.go`).
const OWN_PATHS: [&str; 11] = [
    "/dev",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/mtab",
    "/etc/resolv.conf",
    "/proc",
    "/run",
    "/run/.containerenv",
    "/run/notify",
    "/run/secrets",
    "/sys",
];

/// How an entry differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is not in the image.
    Added,
    /// It is in both.
    Changed,
    /// It is in the image only.
    Deleted,
}

impl ChangeKind {
    /// `A`, `C` or `D`.
    pub fn letter(self) -> char {
        match self {
            ChangeKind::Added => 'A',
            ChangeKind::Changed => 'C',
            ChangeKind::Deleted => 'D',
        }
    }
}

/// One entry that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// How.
    pub kind: ChangeKind,
    /// Absolute.
    pub path: Vec<u8>,
}

/// Reads what [`Comparison::list`] writes; by path.
pub(super) fn read(mut input: File) -> Step<Vec<Change>> {
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes).map_err(|error| Failure::setup("hear from the process in the container", error))?;
    let mut changes: Vec<Change> = bytes
        .split(|byte| *byte == 0)
        .filter_map(|line| {
            let (letter, path) = line.split_first()?;
            let kinds = [ChangeKind::Added, ChangeKind::Changed, ChangeKind::Deleted];
            let kind = kinds.into_iter().find(|kind| kind.letter() as u8 == *letter)?;
            Some(Change { kind, path: path.to_vec() })
        })
        .collect();
    changes.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(changes)
}

/// A container's root file system beside its image's tree.
pub(super) struct Comparison<'a> {
    /// The root file system without mounts.
    pub root: &'a Rooted,
    /// The image.
    pub tree: &'a Tree,
    /// Its layers' tars.
    pub layers: &'a [File],
    /// The container.
    pub record: &'a ContainerRecord,
}

/// An entry that differs, and where it is: the directory it is in and its name, when it is there.
struct Found<'f> {
    kind: ChangeKind,
    /// Without a slash in front.
    path: &'f [u8],
    place: Option<(&'f OwnedFd, &'f CStr)>,
}

/// A directory being compared.
struct Level {
    directory: OwnedFd,
    path: Vec<u8>,
    /// In the image, where it is a directory there.
    node: Option<Node>,
    /// Names not looked at yet, the next one last.
    names: Vec<CString>,
}

impl Comparison<'_> {
    /// Writes every change as its letter, its path and a zero byte.
    pub(super) fn list(&self, mut out: impl Write) -> Step<()> {
        self.walk(&mut |found| {
            let line = [&[found.kind.letter() as u8, b'/'], found.path, b"\0"].concat();
            out.write_all(&line).map_err(Problem::Output)
        })
        .map_err(Problem::failure)?;
        out.flush().map_err(|error| Problem::Output(error).failure())
    }

    /// Writes a layer that makes the image's tree the container's.
    pub(super) fn layer(&self, out: impl Write) -> Step<()> {
        let options = PackOptions::default();
        let mut packer = Packer::new(&options, out);
        self.walk(&mut |found| match found.place {
            Some((parent, name)) => packer.entry(parent, name, found.path.to_vec()).map(drop),
            None => {
                let cut = found.path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
                let (directory, name) = found.path.split_at(cut);
                packer.whiteout(&[directory, b".wh.", name].concat())
            }
        })
        .and_then(|()| packer.finish().map(drop).map_err(Problem::Output))
        .map_err(Problem::failure)
    }

    fn is_own(&self, path: &[u8]) -> bool {
        let is_path = |text: &str| text.as_bytes().strip_prefix(b"/") == Some(path);
        OWN_PATHS.into_iter().any(is_path) || self.record.mounts.iter().any(|mount| is_path(&mount.destination))
    }

    fn walk(&self, sink: &mut dyn FnMut(Found<'_>) -> Result<(), Problem>) -> Result<(), Problem> {
        let at_root = |error| Problem::File { path: b"/".to_vec(), error };
        let directory = self.root.open("/", OFlags::RDONLY | OFlags::DIRECTORY, 0).map_err(at_root)?;
        let mut stack = vec![self.level(directory, Vec::new(), self.tree.node(ROOT), sink)?];
        while let Some(level) = stack.last_mut() {
            let Some(name) = level.names.pop() else {
                stack.pop();
                continue;
            };
            let path = join(&level.path, name.to_bytes());
            let at = |error| Problem::File { path: path.clone(), error };
            let status = match statat(&level.directory, &name, AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => continue, // it vanished a moment ago
                other => other.map_err(at)?,
            };
            let node = level.node.as_ref().and_then(|directory| {
                self.tree.lookup(directory, name.to_bytes()).and_then(|number| self.tree.node(number))
            });
            let kind = match &node {
                None => Some(ChangeKind::Added),
                Some(node) if self.differs(node, &status, &level.directory, &name).map_err(at)? => {
                    Some(ChangeKind::Changed)
                }
                Some(_) => None,
            };
            if let Some(kind) = kind.filter(|_| !self.is_own(&path)) {
                sink(Found { kind, path: &path, place: Some((&level.directory, &name)) })?;
            }
            if FileType::from_raw_mode(status.st_mode) == FileType::Directory {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
                match openat(&level.directory, &name, flags, Mode::empty()) {
                    Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {}
                    opened => {
                        let below = opened.map_err(at)?;
                        let node = node.filter(|node| node.kind == NodeKind::Directory);
                        let level = self.level(below, path, node, sink)?;
                        stack.push(level);
                    }
                }
            }
        }
        Ok(())
    }

    /// Begins with a directory: what of the image is missing in it is told at once.
    fn level(
        &self,
        directory: OwnedFd,
        path: Vec<u8>,
        node: Option<Node>,
        sink: &mut dyn FnMut(Found<'_>) -> Result<(), Problem>,
    ) -> Result<Level, Problem> {
        let names = names(&directory).map_err(|error| Problem::File { path: path.clone(), error })?;
        let children = node.as_ref().map_or(0, |node| self.tree.child_count(node));
        for position in 0..children {
            let Some((name, number)) = node.as_ref().and_then(|node| self.tree.child(node, position)) else { break };
            // `names` descends.
            if names.binary_search_by(|present| name.cmp(present.to_bytes())).is_ok() {
                continue;
            }
            let kind = self.tree.node(number).map(|node| node.kind);
            let path = join(&path, name);
            // Devices are not there where a user extracted the image.
            let is_device = matches!(kind, Some(NodeKind::CharacterDevice | NodeKind::BlockDevice));
            if !is_device && !self.is_own(&path) {
                sink(Found { kind: ChangeKind::Deleted, path: &path, place: None })?;
            }
        }
        Ok(Level { directory, path, node, names })
    }

    fn differs(&self, node: &Node, status: &Stat, parent: &OwnedFd, name: &CStr) -> rustix::io::Result<bool> {
        if !is_kind(node.kind, status) || !self.is_owner(node, status) {
            return Ok(true);
        }
        if node.kind == NodeKind::Symlink {
            let target = readlinkat(parent, name, Vec::new())?;
            return Ok(self.tree.link_target(node) != Some(target.as_bytes()));
        }
        if status.st_mode & 0o7777 != u32::from(node.permissions) || !is_time(node, status) {
            return Ok(true);
        }
        match node.kind {
            NodeKind::File if status.st_size as u64 != node.size => Ok(true),
            NodeKind::File | NodeKind::Directory if status.st_ctime >= self.record.created.as_second() => {
                self.touched_differs(node, parent, name)
            }
            _ => Ok(false),
        }
    }

    /// Whether a file or directory that looks the same has other contents or attributes.
    fn touched_differs(&self, node: &Node, parent: &OwnedFd, name: &CStr) -> rustix::io::Result<bool> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = openat(parent, name, flags, Mode::empty())?;
        let attributes = xattrs(&file);
        let known: Vec<_> = self.tree.xattrs(node).filter(|known| is_portable(known.name)).collect();
        let is_known = |(name, value): &(Vec<u8>, Vec<u8>)| {
            known.iter().any(|known| known.name == name.as_slice() && known.value == value.as_slice())
        };
        // One that is missing may be one that the file system could not take.
        if !attributes.iter().all(is_known) {
            return Ok(true);
        }
        match node.kind {
            NodeKind::File => self.contents_differ(node, &File::from(file)),
            _ => Ok(false),
        }
    }

    fn contents_differ(&self, node: &Node, file: &File) -> rustix::io::Result<bool> {
        let (mut here, mut there) = (vec![0; PIECE_BYTES], vec![0; PIECE_BYTES]);
        let layer = self.layers.get(usize::from(node.layer)).ok_or(Errno::IO)?;
        let mut at = 0;
        while at < node.size {
            let count = PIECE_BYTES.min(usize::try_from(node.size - at).unwrap_or(PIECE_BYTES));
            let failed = |error: std::io::Error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
            match file.read_exact_at(&mut here[..count], at) {
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(true),
                other => other.map_err(failed)?,
            }
            there[..count].fill(0);
            for extent in self.tree.extents(node, at..at + count as u64) {
                let begin = (extent.file_offset - at) as usize;
                let end = begin + extent.length as usize;
                let piece = there.get_mut(begin..end).ok_or(Errno::IO)?;
                layer.read_exact_at(piece, extent.tar_offset).map_err(failed)?;
            }
            if here[..count] != there[..count] {
                return Ok(true);
            }
            at += count as u64;
        }
        Ok(false)
    }

    /// Owners that do not exist in the container show as others do.
    fn is_owner(&self, node: &Node, status: &Stat) -> bool {
        let maps = &self.record.plan.id_maps;
        let shown = |kind, id| match maps.to_host(kind, id) {
            Some(_) => id,
            None if maps.to_host(kind, 0).is_some() => 0,
            None => maps.of(kind).first().map_or(0, |line| line.container_id),
        };
        shown(IdKind::Uid, node.uid) == status.st_uid && shown(IdKind::Gid, node.gid) == status.st_gid
    }
}

fn is_kind(kind: NodeKind, status: &Stat) -> bool {
    let kind = match kind {
        NodeKind::File => FileType::RegularFile,
        NodeKind::Directory => FileType::Directory,
        NodeKind::Symlink => FileType::Symlink,
        NodeKind::CharacterDevice => FileType::CharacterDevice,
        NodeKind::BlockDevice => FileType::BlockDevice,
        NodeKind::Fifo => FileType::Fifo,
    };
    FileType::from_raw_mode(status.st_mode) == kind
}

/// Not every file system keeps nanoseconds.
fn is_time(node: &Node, status: &Stat) -> bool {
    let here = modified(status);
    here.seconds == node.modified.seconds && (here.nanoseconds == node.modified.nanoseconds || here.nanoseconds == 0)
}

/// What differs between two images, for `diff` of an image against its parent or another.
pub fn between(older: Option<&Tree>, newer: &Tree) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut stack = vec![(Vec::new(), older.and_then(|tree| tree.node(ROOT)), newer.node(ROOT))];
    while let Some((path, before, after)) = stack.pop() {
        let before = before.zip(older);
        let mut tell = |kind, name: &[u8]| {
            changes.push(Change { kind, path: [b"/", join(&path, name).as_slice()].concat() });
        };
        if let Some((node, tree)) = &before {
            for (name, _) in (0..tree.child_count(node)).filter_map(|at| tree.child(node, at)) {
                if after.as_ref().is_none_or(|after| newer.lookup(after, name).is_none()) {
                    tell(ChangeKind::Deleted, name);
                }
            }
        }
        let Some(after) = after else { continue };
        for (name, number) in (0..newer.child_count(&after)).filter_map(|at| newer.child(&after, at)) {
            let Some(node) = newer.node(number) else { continue };
            let known = before.as_ref().and_then(|(directory, tree)| tree.node(tree.lookup(directory, name)?));
            match &known {
                None => tell(ChangeKind::Added, name),
                Some(known) if nodes_differ((known, older), (&node, newer)) => tell(ChangeKind::Changed, name),
                Some(_) => {}
            }
            if node.kind == NodeKind::Directory {
                let known = known.filter(|known| known.kind == NodeKind::Directory);
                stack.push((join(&path, name), known, Some(node)));
            }
        }
    }
    changes.retain(|change| !OWN_PATHS.iter().any(|own| own.as_bytes() == change.path));
    changes.sort_by(|left, right| left.path.cmp(&right.path));
    changes
}

fn nodes_differ(before: (&Node, Option<&Tree>), after: (&Node, &Tree)) -> bool {
    let known = |node: &Node| {
        (
            node.kind,
            node.permissions,
            node.uid,
            node.gid,
            node.modified,
            node.device,
            node.size * u64::from(node.kind == NodeKind::File),
        )
    };
    known(before.0) != known(after.0)
        || before.1.is_some_and(|tree| tree.link_target(before.0) != after.1.link_target(after.0))
        || (after.0.kind == NodeKind::File && before.0.layer != after.0.layer)
}

/// A path as text, for messages and lists.
pub fn shown(path: &[u8]) -> String {
    Path::new(std::ffi::OsStr::new(&*String::from_utf8_lossy(path))).display().to_string()
}
