//! Unpacking an image, for hosts without FUSE.
//!
//! [`extract`] writes the merged tree into an empty directory: for the driver `overlay` once per image and id mapping, for
//! `copy` once per container. It runs inside the container's user namespace as its root, so that owners come out right. Because the
//! tree is merged already there are no whiteouts to convert, no limit on the number of layers, and nothing that depends on
//! making device nodes, which no user namespace may.
//!
//! The walk goes down and up one directory at a time and names single components relative to the directory it is in, so no
//! link that it has just made can lead it anywhere, and no depth exhausts descriptors or stack. Owner, attributes, mode and
//! times are set through descriptors in that order (chown(2) clears set-id bits and capabilities), a directory's after its
//! contents. Devices are left out. Contents are copied by the kernel, which shares blocks where the file system can.
//!
//! The target must be reachable by nobody else while this runs. Nothing is synced: who keeps the result calls syncfs(2) and
//! then renames it into place.

mod copy;

pub(in crate::overlay) use copy::copy;

use super::server::Ids;
use super::tree::{Node, NodeKind, ROOT, Tree};
use super::{Error, server::ServerOptions};
use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Timespec, Timestamps, Uid, XattrFlags};
use rustix::io::Errno;
use std::collections::HashMap;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// What [`extract`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extracted {
    /// Names made, directories included.
    pub names: u64,
    /// Devices left out.
    pub devices_skipped: u64,
}

/// Writes `tree` into the empty directory `target`. Ids that `options` does not list become 0. Blocks on the disk.
pub fn extract(tree: &Tree, layers: &[File], target: impl AsFd, options: &ServerOptions) -> Result<Extracted, Error> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let open = || rustix::fs::openat(&target, c".", flags, Mode::empty());
    let (root, directory) = match (open(), open()) {
        (Ok(root), Ok(directory)) => (root, directory),
        (Err(error), _) | (_, Err(error)) => return Err(Error::Extract { path: Vec::new(), source: error.into() }),
    };
    let mut writer = Writer {
        tree,
        layers,
        ids: Ids::new(options),
        root,
        directory,
        stack: Vec::new(),
        linked: HashMap::new(),
        done: Extracted::default(),
    };
    match writer.run() {
        Ok(()) => Ok(writer.done),
        Err(error) => Err(Error::Extract { path: writer.path(), source: error.into() }),
    }
}

/// A directory being filled.
struct Level {
    number: u32,
    node: Node,
    /// Position of the next child.
    next: u32,
    name: Vec<u8>,
}

struct Writer<'a> {
    tree: &'a Tree,
    layers: &'a [File],
    ids: Ids,
    root: OwnedFd,
    /// The directory of the last level.
    directory: OwnedFd,
    stack: Vec<Level>,
    /// Where files with several names are.
    linked: HashMap<u32, Vec<u8>>,
    done: Extracted,
}

impl Writer<'_> {
    fn run(&mut self) -> Result<(), Errno> {
        let root = self.tree.node(ROOT).ok_or(Errno::IO)?;
        self.stack.push(Level { number: ROOT, node: root, next: 0, name: Vec::new() });
        while let Some(level) = self.stack.last_mut() {
            let at = level.next;
            level.next += 1;
            if at >= self.tree.child_count(&level.node) {
                self.leave()?;
                continue;
            }
            let parent = level.number;
            let node = level.node;
            let (name, number) = self.tree.child(&node, at).ok_or(Errno::IO)?;
            let child = self.tree.node(number).ok_or(Errno::IO)?;
            if name.is_empty() || matches!(name, b"." | b"..") || name.contains(&b'/') {
                return Err(Errno::IO);
            }
            if child.kind == NodeKind::Directory {
                // Each directory has one parent, so a damaged tree cannot lead in circles.
                if self.tree.parent(&child) != parent || number == ROOT {
                    return Err(Errno::IO);
                }
                self.enter(name, number, child)?;
            } else {
                self.write(name, number, &child)?;
            }
        }
        Ok(())
    }

    /// Path of what is being written.
    fn path(&self) -> Vec<u8> {
        let names: Vec<&[u8]> = self.stack.iter().skip(1).map(|level| &level.name[..]).collect();
        let mut path = names.join(&b'/');
        // The child that failed has no level of its own.
        if let Some(level) = self.stack.last()
            && let Some((name, _)) = level.next.checked_sub(1).and_then(|at| self.tree.child(&level.node, at))
        {
            // Never a leading slash: the path is resolved from the root's descriptor.
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(name);
        }
        path
    }

    fn enter(&mut self, name: &[u8], number: u32, node: Node) -> Result<(), Errno> {
        rustix::fs::mkdirat(&self.directory, name, Mode::RWXU)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        self.directory = rustix::fs::openat(&self.directory, name, flags, Mode::empty())?;
        self.stack.push(Level { number, node, next: 0, name: name.to_vec() });
        self.done.names += 1;
        Ok(())
    }

    /// Finishes a directory and goes back up.
    fn leave(&mut self) -> Result<(), Errno> {
        let Some(level) = self.stack.pop() else { return Ok(()) };
        if self.stack.is_empty() {
            return self.describe(self.directory.as_fd(), &level.node);
        }
        // Up first: the mode may be about to forbid it.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let parent = rustix::fs::openat(&self.directory, c"..", flags, Mode::empty())?;
        self.describe(self.directory.as_fd(), &level.node)?;
        self.directory = parent;
        Ok(())
    }

    fn write(&mut self, name: &[u8], number: u32, node: &Node) -> Result<(), Errno> {
        if node.links > 1 {
            if let Some(first) = self.linked.get(&number) {
                match rustix::fs::linkat(&self.root, first, &self.directory, name, AtFlags::empty()) {
                    // Too many names or too long a path for this file system: a copy is as good to read.
                    Err(Errno::MLINK | Errno::NAMETOOLONG) => {}
                    result => {
                        self.done.names += 1;
                        return result;
                    }
                }
            }
            self.linked.insert(number, self.path());
        }
        match node.kind {
            NodeKind::File => self.file(name, node)?,
            NodeKind::Symlink => {
                let target = self.tree.link_target(node).ok_or(Errno::IO)?;
                rustix::fs::symlinkat(target, &self.directory, name)?;
                self.describe_name(name, node)?;
            }
            NodeKind::Fifo => {
                rustix::fs::mknodat(&self.directory, name, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
                self.describe_name(name, node)?;
                let mode = Mode::from_raw_mode(node.permissions.into());
                rustix::fs::chmodat(&self.directory, name, mode, AtFlags::empty())?;
            }
            NodeKind::CharacterDevice | NodeKind::BlockDevice | NodeKind::Directory => {
                self.linked.remove(&number);
                self.done.devices_skipped += 1;
                return Ok(());
            }
        }
        self.done.names += 1;
        Ok(())
    }

    fn file(&self, name: &[u8], node: &Node) -> Result<(), Errno> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.directory, name, flags, Mode::RUSR | Mode::WUSR)?;
        let mut end = 0;
        for extent in self.tree.extents(node, 0..node.size) {
            let layer = self.layers.get(usize::from(node.layer)).ok_or(Errno::IO)?;
            copy::copy(layer, extent.tar_offset, file.as_fd(), extent.file_offset, extent.length)?;
            end = extent.file_offset + extent.length;
        }
        if end < node.size {
            rustix::fs::ftruncate(&file, node.size)?;
        }
        self.describe(file.as_fd(), node)
    }

    /// Owner, attributes, mode and times of an open file or directory.
    fn describe(&self, file: BorrowedFd<'_>, node: &Node) -> Result<(), Errno> {
        rustix::fs::fchown(file, Some(self.uid(node)), Some(self.gid(node)))?;
        for xattr in self.tree.xattrs(node) {
            match rustix::fs::fsetxattr(file, xattr.name, xattr.value, XattrFlags::empty()) {
                // A file system without attributes, or a namespace that may not set this one, is no reason to fail.
                Ok(()) | Err(Errno::OPNOTSUPP | Errno::PERM | Errno::NOSPC) => {}
                Err(error) => return Err(error),
            }
        }
        rustix::fs::fchmod(file, Mode::from_raw_mode(node.permissions.into()))?;
        rustix::fs::futimens(file, &timestamps(node))
    }

    /// Owner and times of something that must not be opened.
    fn describe_name(&self, name: &[u8], node: &Node) -> Result<(), Errno> {
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        rustix::fs::chownat(&self.directory, name, Some(self.uid(node)), Some(self.gid(node)), flags)?;
        rustix::fs::utimensat(&self.directory, name, &timestamps(node), flags)
    }

    fn uid(&self, node: &Node) -> Uid {
        Uid::from_raw(self.ids.uid(node.uid))
    }

    fn gid(&self, node: &Node) -> Gid {
        Gid::from_raw(self.ids.gid(node.gid))
    }
}

fn timestamps(node: &Node) -> Timestamps {
    let time = Timespec { tv_sec: node.modified.seconds, tv_nsec: i64::from(node.modified.nanoseconds) as _ };
    Timestamps { last_access: time, last_modification: time }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overlay::tree::merge;
    use crate::store::layer_index::LayerIndex;
    use crate::store::layer_index::tests::{damage, random};
    use crate::store::layer_index::writer::{TarWriter, index};
    use crate::store::record;
    use std::io::Write as _;

    /// Ids that this test may give to files, whoever runs it.
    fn own_ids() -> ServerOptions {
        let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
        let only = |id: u32| std::iter::once(id..id + 1).collect();
        ServerOptions { uids: only(uid), gids: only(gid), threads: 1 }
    }

    #[test]
    fn damaged_trees_end_with_an_error_and_write_nothing_outside() {
        let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
        let own = |header: &mut [u8; 512]| {
            header[100..108].copy_from_slice(b"0000755\0");
            header[108..116].copy_from_slice(format!("{uid:07o}\0").as_bytes());
            header[116..124].copy_from_slice(format!("{gid:07o}\0").as_bytes());
        };
        let to = |target: &'static [u8]| {
            move |header: &mut [u8; 512]| {
                own(header);
                header[157..157 + target.len()].copy_from_slice(target);
            }
        };
        let tar = TarWriter::new()
            .raw(b'5', b"./", b"", own)
            .raw(b'5', b"a", b"", own)
            .raw(b'2', b"a/out", b"", to(b"../../.."))
            .raw(b'0', b"a/file", b"contents", own)
            .raw(b'1', b"b", b"", to(b"a/file"))
            .end();
        let index = index(&tar).unwrap();
        let good = merge(&[LayerIndex::parse(&index).unwrap()]).unwrap();
        let mut layer = tempfile::tempfile().unwrap();
        layer.write_all(&tar).unwrap();
        let layers = [layer];
        let mut state = 0x0123_4567_89ab_cdef;
        let mut whole = 0;
        for round in 0..400 {
            let outer = tempfile::tempdir().unwrap();
            let target = outer.path().join("target");
            std::fs::create_dir(&target).unwrap();
            let mut bytes = good.clone();
            if round > 0 {
                let mut body = bytes.split_off(128);
                let length = body.len();
                damage(&mut body, &mut state);
                body.resize(length, random(&mut state) as u8);
                bytes.extend_from_slice(&body);
            }
            let checksum = record::checksum(&bytes[..120]);
            bytes[120..128].copy_from_slice(&checksum.to_le_bytes());
            let Ok(tree) = Tree::from_bytes(bytes) else { continue };
            let result = extract(&tree, &layers, File::open(&target).unwrap(), &own_ids());
            match (round, &result) {
                (0, Ok(done)) => assert_eq!(*done, Extracted { names: 4, devices_skipped: 0 }),
                (0, Err(error)) => panic!("{error}"),
                _ => {}
            }
            whole += u32::from(result.is_ok());
            assert_eq!(std::fs::read_dir(outer.path()).unwrap().count(), 1);
            // A directory without permissions would survive the test otherwise.
            let _ = std::process::Command::new("chmod").args(["-R", "u+rwX"]).arg(outer.path()).status();
        }
        assert!((10..390).contains(&whole), "damage that never or always matters: {whole}");
    }
}
