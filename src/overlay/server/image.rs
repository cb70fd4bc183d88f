//! Answers from an image's merged tree and its layers' tars.
//!
//! An inode number is the node's number plus one, so nothing is remembered between requests and FORGET costs nothing.

use super::adapter::{Add, Listed, ROOT_INODE, Source, Totals, UNCHANGING_FLAGS};
use super::{Error, Ids};
use crate::overlay::extract::copy;
use crate::overlay::tree::{Node, NodeKind, ROOT, Tree};
use crate::store::layer_index::Timestamp;
use fuser::{Errno, FileAttr, FileType, INodeNo, InitFlags};
use std::collections::HashMap;
use std::fs::File;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::FileExt as _;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Layers never change, so what the kernel was told holds for as long as it likes. (68 years; the kernel's clock arithmetic
/// is signed.)
pub(super) const FOREVER: Duration = Duration::from_secs(1 << 31);

/// An image being served.
pub(super) struct Image {
    tree: Tree,
    layers: Vec<File>,
    ids: Ids,
    /// Directory and position of every name of the files that have several, found out when first needed.
    several: OnceLock<HashMap<u32, Vec<(u32, u32)>>>,
}

impl Image {
    /// Checks that the layer files are those the tree was made from, by number and size.
    pub(super) fn new(tree: Tree, layers: Vec<File>, ids: Ids) -> Result<Image, Error> {
        let sizes = tree.layer_sizes();
        if sizes.len() != layers.len() {
            return Err(Error::Layer { layer: sizes.len().min(layers.len()) });
        }
        for (number, (size, layer)) in sizes.zip(&layers).enumerate() {
            if !layer.metadata().is_ok_and(|found| found.len() == size) {
                return Err(Error::Layer { layer: number });
            }
        }
        Ok(Image { tree, layers, ids, several: OnceLock::new() })
    }

    fn node(&self, inode: u64) -> Result<(u32, Node), Errno> {
        let number =
            inode.checked_sub(ROOT_INODE).and_then(|number| u32::try_from(number).ok()).ok_or(Errno::ESTALE)?;
        Ok((number, self.tree.node(number).ok_or(Errno::EIO)?))
    }

    fn file_attributes(&self, number: u32, node: &Node) -> FileAttr {
        let time = system_time(node.modified);
        FileAttr {
            ino: INodeNo(u64::from(number) + ROOT_INODE),
            size: node.size,
            // Archivers and cp(1) look here to learn that a file has holes.
            blocks: self.tree.data_bytes(node).div_ceil(512),
            atime: time,
            mtime: time,
            ctime: time,
            crtime: time,
            kind: file_type(node.kind),
            perm: node.permissions,
            nlink: node.links,
            uid: self.ids.uid(node.uid),
            gid: self.ids.gid(node.gid),
            rdev: node.device,
            blksize: 4096,
            flags: 0,
        }
    }

    /// Goes through all directories once.
    fn find_several(&self) -> HashMap<u32, Vec<(u32, u32)>> {
        let mut several: HashMap<u32, Vec<(u32, u32)>> = HashMap::new();
        for number in 0..self.tree.node_count() {
            let Some(directory) = self.tree.node(number).filter(|node| node.kind == NodeKind::Directory) else {
                continue;
            };
            for at in 0..self.tree.child_count(&directory) {
                let Some((_, child)) = self.tree.child(&directory, at) else { break };
                let node = self.tree.node(child);
                if node.is_some_and(|node| node.kind == NodeKind::File && node.links > 1) {
                    several.entry(child).or_default().push((number, at));
                }
            }
        }
        several
    }

    fn read_exact(&self, layer: u16, offset: u64, buffer: &mut [u8]) -> Result<(), Errno> {
        let layer = self.layers.get(usize::from(layer)).ok_or(Errno::EIO)?;
        layer.read_exact_at(buffer, offset).map_err(|_| Errno::EIO)
    }
}

impl Source for Image {
    fn lifetime(&self) -> Duration {
        FOREVER
    }

    fn flags(&self) -> InitFlags {
        UNCHANGING_FLAGS
    }

    fn lookup(&self, directory: u64, name: &[u8]) -> Result<Option<FileAttr>, Errno> {
        let (_, directory) = self.node(directory)?;
        let Some(number) = self.tree.lookup(&directory, name) else { return Ok(None) };
        let node = self.tree.node(number).ok_or(Errno::EIO)?;
        Ok(Some(self.file_attributes(number, &node)))
    }

    fn attributes(&self, inode: u64) -> Result<FileAttr, Errno> {
        let (number, node) = self.node(inode)?;
        Ok(self.file_attributes(number, &node))
    }

    fn forget(&self, _inode: u64, _count: u64) {}

    fn link_target(&self, inode: u64) -> Result<Vec<u8>, Errno> {
        let (_, node) = self.node(inode)?;
        Ok(self.tree.link_target(&node).ok_or(Errno::EINVAL)?.to_vec())
    }

    fn read(&self, inode: u64, _handle: u64, offset: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
        let (_, node) = self.node(inode)?;
        if node.kind != NodeKind::File {
            return Err(Errno::EINVAL);
        }
        let end = offset.saturating_add(buffer.len() as u64).min(node.size);
        let length = usize::try_from(end.saturating_sub(offset)).map_err(|_| Errno::EINVAL)?;
        let buffer = buffer.get_mut(..length).ok_or(Errno::EINVAL)?;
        if self.tree.is_sparse(&node) {
            buffer.fill(0);
        }
        for extent in self.tree.extents(&node, offset..end) {
            let start = (extent.file_offset - offset) as usize;
            let part = buffer.get_mut(start..start + extent.length as usize).ok_or(Errno::EIO)?;
            self.read_exact(node.layer, extent.tar_offset, part)?;
        }
        Ok(length)
    }

    fn list(&self, directory: u64, offset: u64, with_attributes: bool, add: &mut Add<'_>) -> Result<(), Errno> {
        let (number, node) = self.node(directory)?;
        if node.kind != NodeKind::Directory {
            return Err(Errno::ENOTDIR);
        }
        // Offsets: 0 is before `.`, 1 before `..`, and 2 and up the position of a child.
        let mut at = offset;
        loop {
            let (name, number): (&[u8], u32) = match at {
                0 => (b".", number),
                1 => (b"..", self.tree.parent(&node)),
                _ => match u32::try_from(at - 2).ok().and_then(|at| self.tree.child(&node, at)) {
                    Some(child) => child,
                    None => return Ok(()),
                },
            };
            let child = self.tree.node(number).ok_or(Errno::EIO)?;
            at += 1;
            let inode = u64::from(number) + ROOT_INODE;
            let listed = Listed { name, next: at, inode, kind: file_type(child.kind) };
            let attributes = with_attributes.then(|| self.file_attributes(number, &child));
            if !add(&listed, attributes.as_ref()) {
                return Ok(());
            }
        }
    }

    fn xattrs(&self, inode: u64, visit: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), Errno> {
        if !self.tree.has_xattrs() {
            return Err(Errno::ENOSYS);
        }
        let (_, node) = self.node(inode)?;
        for xattr in self.tree.xattrs(&node) {
            visit(xattr.name, xattr.value);
        }
        Ok(())
    }

    fn seek(&self, inode: u64, _handle: u64, offset: u64, hole: bool) -> Result<u64, Errno> {
        if !self.tree.has_sparse_files() {
            return Err(Errno::ENOSYS);
        }
        let (_, node) = self.node(inode)?;
        if offset >= node.size {
            return Err(Errno::ENXIO);
        }
        let mut position = offset;
        for extent in self.tree.extents(&node, offset..node.size) {
            if !hole {
                return Ok(extent.file_offset);
            }
            if extent.file_offset > position {
                return Ok(position);
            }
            position = extent.file_offset + extent.length;
        }
        if hole { Ok(position) } else { Err(Errno::ENXIO) }
    }

    fn names(&self, inode: u64) -> Vec<(u64, Vec<u8>)> {
        let Ok((number, _)) = self.node(inode) else { return Vec::new() };
        let found = self.several.get_or_init(|| self.find_several()).get(&number);
        let name = |&(directory, at): &(u32, u32)| {
            let (name, _) = self.tree.child(&self.tree.node(directory)?, at)?;
            Some((u64::from(directory) + ROOT_INODE, name.to_vec()))
        };
        found.into_iter().flatten().filter_map(name).collect()
    }

    fn tells_names(&self) -> bool {
        true
    }

    fn keeps_contents(&self) -> bool {
        true
    }

    fn name_in(&self, directory: u64, inode: u64) -> Option<Vec<u8>> {
        let (_, directory) = self.node(directory).ok()?;
        let (number, _) = self.node(inode).ok()?;
        let is_it = |&(_, child): &(&[u8], u32)| child == number;
        let mut children = (0..self.tree.child_count(&directory)).map_while(|at| self.tree.child(&directory, at));
        // A directory's nodes are numbered in the order of their names, but for files that were met before.
        let (_, first) = self.tree.child(&directory, 0)?;
        let guess = number.checked_sub(first).and_then(|at| self.tree.child(&directory, at)).filter(is_it);
        let (name, _) = guess.or_else(|| children.find(is_it))?;
        Some(name.to_vec())
    }

    fn directory_path(&self, inode: u64) -> Option<Vec<u8>> {
        let (mut number, mut node) = self.node(inode).ok()?;
        let mut names = Vec::new();
        while number != ROOT {
            let parent = self.tree.parent(&node);
            let directory = self.tree.node(parent)?;
            let mut children = (0..self.tree.child_count(&directory)).map_while(|at| self.tree.child(&directory, at));
            let (name, _) = children.find(|(_, child)| *child == number)?;
            names.push(name);
            // A damaged tree may go in circles.
            if names.len() > self.tree.node_count() as usize {
                return None;
            }
            (number, node) = (parent, directory);
        }
        names.reverse();
        Some(names.join(&b'/'))
    }

    fn copy_out(&self, inode: u64, target: BorrowedFd<'_>, length: u64) -> Result<(), Errno> {
        let (_, node) = self.node(inode)?;
        let layer = self.layers.get(usize::from(node.layer)).ok_or(Errno::EIO)?;
        let end = length.min(node.size);
        let mut reached = 0;
        for extent in self.tree.extents(&node, 0..end) {
            copy(layer, extent.tar_offset, target, extent.file_offset, extent.length).map_err(errno)?;
            reached = extent.file_offset + extent.length;
        }
        // A hole at the end.
        if reached != end { rustix::fs::ftruncate(target, end).map_err(errno) } else { Ok(()) }
    }

    fn totals(&self) -> Totals {
        Totals::full(self.tree.content_bytes(), u64::from(self.tree.node_count()))
    }
}

fn errno(error: rustix::io::Errno) -> Errno {
    Errno::from_i32(error.raw_os_error())
}

fn file_type(kind: NodeKind) -> FileType {
    match kind {
        NodeKind::File => FileType::RegularFile,
        NodeKind::Directory => FileType::Directory,
        NodeKind::Symlink => FileType::Symlink,
        NodeKind::CharacterDevice => FileType::CharDevice,
        NodeKind::BlockDevice => FileType::BlockDevice,
        NodeKind::Fifo => FileType::NamedPipe,
    }
}

/// The epoch for times that do not exist on this system.
fn system_time(time: Timestamp) -> SystemTime {
    let seconds = Duration::from_secs(time.seconds.unsigned_abs());
    let whole = if time.seconds < 0 { UNIX_EPOCH.checked_sub(seconds) } else { UNIX_EPOCH.checked_add(seconds) };
    whole.and_then(|whole| whole.checked_add(Duration::from_nanos(u64::from(time.nanoseconds)))).unwrap_or(UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overlay::tree::merge;
    use crate::store::layer_index::LayerIndex;
    use crate::store::layer_index::tests::{damage, random};
    use crate::store::layer_index::writer::TarWriter;
    use crate::store::record;
    use std::io::Write as _;

    fn ids() -> Ids {
        Ids { uids: std::iter::once(0..10).collect(), gids: std::iter::once(0..1).collect() }
    }

    fn layer() -> (Vec<u8>, File) {
        let tar = TarWriter::new()
            .raw(b'0', b"dir/owned", b"contents", |header| header[108..124].copy_from_slice(b"0000007\x000000007\0"))
            .raw(b'0', b"dir/foreign", b"", |header| header[108..124].copy_from_slice(b"0000013\x000000000\0"))
            .pax(b'x', &[("GNU.sparse.size", b"900"), ("GNU.sparse.map", b"0,2,800,2"), ("SCHILY.xattr.user.a", b"v")])
            .file("sparse", "1234")
            .link(b'2', "soft", "dir")
            .end();
        let index = crate::store::layer_index::writer::index(&tar).unwrap();
        let tree = merge(&[LayerIndex::parse(&index).unwrap()]).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&tar).unwrap();
        (tree, file)
    }

    /// Asks everything about everything.
    fn ask(image: &Image) {
        let mut buffer = [0; 2000];
        for inode in 0..u64::from(image.tree.node_count().min(50)) + 3 {
            let _ = image.attributes(inode);
            let _ = image.lookup(inode, b"dir");
            let _ = image.link_target(inode);
            for (offset, length) in [(0, 2000), (5, 3), (799, 2), (u64::MAX, 9), (1 << 62, 2000)] {
                let _ = image.read(inode, 0, offset, &mut buffer[..length]);
                let _ = image.seek(inode, 0, offset, true);
                let _ = image.seek(inode, 0, offset, false);
            }
            for offset in [0, 1, 2, 3, u64::MAX] {
                let mut left = 100;
                let mut add = |_: &Listed<'_>, _: Option<&FileAttr>| {
                    left -= 1;
                    left > 0
                };
                let _ = image.list(inode, offset, true, &mut add);
            }
            let _ = image.xattrs(inode, &mut |_, _| {});
        }
        let _ = image.totals();
    }

    #[test]
    fn ids_the_container_lacks_are_shown_as_root() {
        let (tree, file) = layer();
        let image = Image::new(Tree::from_bytes(tree).unwrap(), vec![file], ids()).unwrap();
        let directory = image.lookup(ROOT_INODE, b"dir").unwrap().unwrap().ino.0;
        let owners = |name: &[u8]| {
            let found = image.lookup(directory, name).unwrap().unwrap();
            (found.uid, found.gid)
        };
        assert_eq!(owners(b"owned"), (7, 0));
        assert_eq!(owners(b"foreign"), (0, 0));
        assert!(image.lookup(directory, b"absent").unwrap().is_none());
        ask(&image);
    }

    #[test]
    fn layers_that_are_not_the_trees_are_refused() {
        let (tree, file) = layer();
        let tree = || Tree::from_bytes(tree.clone()).unwrap();
        assert!(matches!(Image::new(tree(), vec![], ids()), Err(Error::Layer { layer: 0 })));
        file.set_len(10).unwrap();
        assert!(matches!(Image::new(tree(), vec![file], ids()), Err(Error::Layer { layer: 0 })));
    }

    #[test]
    fn damaged_trees_are_served_without_panic() {
        let (good, file) = layer();
        let mut state = 0x1234_5678_9abc_def1;
        let mut served = 0;
        for _ in 0..3000 {
            let mut bad = good.clone();
            // Damage behind the header, so that the tree opens.
            let mut body = bad.split_off(128);
            let length = body.len();
            damage(&mut body, &mut state);
            body.resize(length, random(&mut state) as u8);
            bad.extend_from_slice(&body);
            let checksum = record::checksum(&bad[..120]);
            bad[120..128].copy_from_slice(&checksum.to_le_bytes());
            let Ok(tree) = Tree::from_bytes(bad) else { continue };
            let Ok(image) = Image::new(tree, vec![file.try_clone().unwrap()], ids()) else { continue };
            ask(&image);
            served += 1;
        }
        assert!(served > 1000, "hardly any damage is tested: {served}");
    }
}
