//! Reading the tree file.

use super::ROOT;
use crate::overlay::Error;
use crate::store::layer_index::{Extent, Timestamp};
use crate::store::record::{self, u16_at, u32_at, u64_at};
use crate::sys::mapping::Mapping;
use std::fs::File;
use std::ops::{Deref, Range};

pub(super) const MAGIC: &[u8; 8] = b"coracleT";
/// Raised with every change of the format or of what merging means; another version is merged again.
pub(super) const VERSION: u32 = 1;
pub(super) const HEADER: usize = 128;
pub(super) const LAYER: usize = 8;
pub(super) const NODE: usize = 64;
pub(super) const ENTRY: usize = 12;
pub(super) const EXTENT: usize = 24;
pub(super) const XATTR: usize = 16;
/// How many extents are added up for one file's attributes: a few microseconds' work.
const MANY_EXTENTS: usize = 4096;
/// Node flag: the contents are a run of extents (else one extent from the start).
pub(super) const SPARSE: u16 = 1;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// Regular file.
    File,
    /// Directory.
    Directory,
    /// Symbolic link.
    Symlink,
    /// Character device.
    CharacterDevice,
    /// Block device.
    BlockDevice,
    /// Named pipe.
    Fifo,
}

impl NodeKind {
    /// From the type bits of `st_mode` (inode(7)).
    fn from_mode(mode: u32) -> Option<NodeKind> {
        Some(match mode & 0o170000 {
            0o100000 => NodeKind::File,
            0o040000 => NodeKind::Directory,
            0o120000 => NodeKind::Symlink,
            0o020000 => NodeKind::CharacterDevice,
            0o060000 => NodeKind::BlockDevice,
            0o010000 => NodeKind::Fifo,
            _ => return None,
        })
    }

    /// The type bits of `st_mode` (inode(7)).
    pub(super) fn type_bits(self) -> u32 {
        match self {
            NodeKind::File => 0o100000,
            NodeKind::Directory => 0o040000,
            NodeKind::Symlink => 0o120000,
            NodeKind::CharacterDevice => 0o020000,
            NodeKind::BlockDevice => 0o060000,
            NodeKind::Fifo => 0o010000,
        }
    }
}

/// One inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Permission bits with set-id and sticky bits.
    pub permissions: u16,
    /// Owner, as the image means it.
    pub uid: u32,
    /// Group, as the image means it.
    pub gid: u32,
    /// Number of names (for a directory: two and the number of its subdirectories).
    pub links: u32,
    /// Modification time.
    pub modified: Timestamp,
    /// Device number as the kernel packs it into 32 bits.
    pub device: u32,
    /// Bytes of a file, holes included; length of a link's text.
    pub size: u64,
    /// Which layer has the contents, 0 at the bottom.
    pub layer: u16,
    flags: u16,
    payload: u64,
    payload_count: u32,
    xattrs: u32,
    xattr_count: u16,
}

/// One extended attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Xattr<'a> {
    /// Full name.
    pub name: &'a [u8],
    /// Value.
    pub value: &'a [u8],
}

#[derive(Debug)]
enum Bytes {
    Mapped(Mapping),
    Owned(Vec<u8>),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Mapped(mapping) => mapping,
            Bytes::Owned(bytes) => bytes,
        }
    }
}

/// The merged tree of an image.
#[derive(Debug)]
pub struct Tree {
    bytes: Bytes,
    layers: Range<usize>,
    nodes: Range<usize>,
    entries: Range<usize>,
    extents: Range<usize>,
    xattrs: Range<usize>,
    strings: Range<usize>,
    content_bytes: u64,
}

impl Tree {
    /// Maps a tree file. Reads its header only.
    pub fn open(file: &File) -> Result<Tree, Error> {
        let mapping = Mapping::open(file).map_err(|_| Error::Tree)?;
        Tree::new(Bytes::Mapped(mapping))
    }

    /// Takes a tree that is in memory, as [`super::merge()`] gives it.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Tree, Error> {
        Tree::new(Bytes::Owned(bytes))
    }

    fn new(bytes: Bytes) -> Result<Tree, Error> {
        Self::read(bytes).ok_or(Error::Tree)
    }

    fn read(bytes: Bytes) -> Option<Tree> {
        let header = bytes.get(..HEADER)?;
        let checksum = record::checksum(&header[..HEADER - 8]);
        if header[..8] != *MAGIC || u32_at(header, 8)? != VERSION || u64_at(header, HEADER - 8)? != checksum {
            return None;
        }
        let content_bytes = u64_at(header, 40)?;
        let mut end = HEADER;
        let mut section = |at, size: usize| {
            let start = end;
            end = start.checked_add((u32_at(header, at)? as usize).checked_mul(size)?)?;
            Some(start..end)
        };
        let tree = Tree {
            layers: section(12, LAYER)?,
            nodes: section(16, NODE)?,
            entries: section(20, ENTRY)?,
            extents: section(24, EXTENT)?,
            xattrs: section(28, XATTR)?,
            strings: section(32, 1)?,
            content_bytes,
            bytes,
        };
        let sound = tree.strings.end == tree.bytes.len();
        let root_is_directory = sound && tree.node(ROOT)?.kind == NodeKind::Directory;
        root_is_directory.then_some(tree)
    }

    /// Whether the whole file is undamaged; reads every byte.
    pub fn verify(&self) -> bool {
        let stored = u64_at(&self.bytes, 48);
        self.bytes.get(HEADER..).is_some_and(|body| stored == Some(record::checksum(body)))
    }

    /// Sizes of the layers' tars in bytes, bottom first.
    pub fn layer_sizes(&self) -> impl ExactSizeIterator<Item = u64> + '_ {
        let (sizes, _) = self.section(&self.layers).as_chunks::<LAYER>();
        sizes.iter().map(|size| u64::from_le_bytes(*size))
    }

    /// Number of nodes.
    pub fn node_count(&self) -> u32 {
        (self.nodes.len() / NODE) as u32
    }

    /// Sum of all files' sizes, each hard-linked file once.
    pub fn content_bytes(&self) -> u64 {
        self.content_bytes
    }

    /// Whether any node has an extended attribute.
    pub fn has_xattrs(&self) -> bool {
        !self.xattrs.is_empty()
    }

    /// Whether any file has holes.
    pub fn has_sparse_files(&self) -> bool {
        !self.extents.is_empty()
    }

    /// The node with this number.
    pub fn node(&self, number: u32) -> Option<Node> {
        let start = (number as usize).checked_mul(NODE)?;
        let node: &[u8; NODE] = self.section(&self.nodes).get(start..)?.first_chunk()?;
        let mode = u32_at(node, 0)?;
        Some(Node {
            kind: NodeKind::from_mode(mode)?,
            permissions: (mode & 0o7777) as u16,
            uid: u32_at(node, 4)?,
            gid: u32_at(node, 8)?,
            links: u32_at(node, 12)?,
            modified: Timestamp { seconds: u64_at(node, 16)? as i64, nanoseconds: u32_at(node, 24)?.min(999_999_999) },
            device: u32_at(node, 28)?,
            size: u64_at(node, 32)?,
            payload: u64_at(node, 40)?,
            payload_count: u32_at(node, 48)?,
            layer: u16_at(node, 52)?,
            flags: u16_at(node, 54)?,
            xattrs: u32_at(node, 56)?,
            xattr_count: u16_at(node, 60)?,
        })
    }

    /// Number of the node called `name` in `directory`.
    pub fn lookup(&self, directory: &Node, name: &[u8]) -> Option<u32> {
        let mut low = 0;
        let mut high = self.child_count(directory);
        while low < high {
            let middle = low + (high - low) / 2;
            let (found, node) = self.child(directory, middle)?;
            match found.cmp(name) {
                std::cmp::Ordering::Equal => return Some(node),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// Number of names in `directory`; 0 for anything else.
    pub fn child_count(&self, directory: &Node) -> u32 {
        if directory.kind == NodeKind::Directory { directory.payload_count } else { 0 }
    }

    /// Name and node number of the entry at position `at` of `directory`; names ascend.
    pub fn child(&self, directory: &Node, at: u32) -> Option<(&[u8], u32)> {
        if at >= self.child_count(directory) {
            return None;
        }
        let first = directory.payload as u32;
        let start = (first as usize).checked_add(at as usize)?.checked_mul(ENTRY)?;
        let entry: &[u8; ENTRY] = self.section(&self.entries).get(start..)?.first_chunk()?;
        let name = self.string(u32_at(entry, 0)?, u32::from(u16_at(entry, 8)?))?;
        Some((name, u32_at(entry, 4)?))
    }

    /// Number of the directory that holds `directory`; the root holds itself.
    pub fn parent(&self, directory: &Node) -> u32 {
        (directory.payload >> 32) as u32
    }

    /// The text of a symbolic link.
    pub fn link_target(&self, node: &Node) -> Option<&[u8]> {
        (node.kind == NodeKind::Symlink).then(|| self.string(node.payload as u32, node.payload_count)).flatten()
    }

    /// The part of a file's contents that lies in `range`: ascending runs with offsets in the tar of layer [`Node::layer`],
    /// cut to the range. What no run covers is zeros.
    pub fn extents(&self, node: &Node, range: Range<u64>) -> impl Iterator<Item = Extent> + '_ {
        let end = range.end.min(node.size);
        let (whole, table) = self.extent_sources(node);
        // Extents ascend, so those that end before the range are a prefix.
        let skipped = table.partition_point(|extent| {
            let extent = read_extent(extent);
            extent.file_offset.saturating_add(extent.length) <= range.start
        });
        let listed = table[skipped..].iter().map(read_extent);
        whole.into_iter().chain(listed).map_while(move |extent| cut(extent, range.start, end))
    }

    fn extent_sources(&self, node: &Node) -> (Option<Extent>, &[[u8; EXTENT]]) {
        if node.kind != NodeKind::File || node.size == 0 {
            return (None, &[]);
        }
        if node.flags & SPARSE == 0 {
            return (Some(Extent { file_offset: 0, tar_offset: node.payload, length: node.size }), &[]);
        }
        let start = node.payload.saturating_mul(EXTENT as u64);
        let length = u64::from(node.payload_count) * EXTENT as u64;
        let bytes = record::slice(self.section(&self.extents), start, length).unwrap_or_default();
        (None, bytes.as_chunks::<EXTENT>().0)
    }

    /// Whether the file has holes.
    pub fn is_sparse(&self, node: &Node) -> bool {
        node.flags & SPARSE != 0
    }

    /// Bytes of a file's contents that are not holes, never more than its size. It counts at most `MANY_EXTENTS`: a file in more
    /// pieces is called whole, so that asking for its attributes stays cheap.
    pub fn data_bytes(&self, node: &Node) -> u64 {
        let (_, table) = self.extent_sources(node);
        if !self.is_sparse(node) || table.len() > MANY_EXTENTS {
            return node.size;
        }
        table.iter().map(|extent| read_extent(extent).length).fold(0, u64::saturating_add).min(node.size)
    }

    /// The extended attributes of a node, sorted by name.
    pub fn xattrs(&self, node: &Node) -> impl Iterator<Item = Xattr<'_>> {
        let start = u64::from(node.xattrs) * XATTR as u64;
        let length = u64::from(node.xattr_count) * XATTR as u64;
        let bytes = record::slice(self.section(&self.xattrs), start, length).unwrap_or_default();
        bytes.as_chunks::<XATTR>().0.iter().map_while(|xattr| {
            let name = self.string(u32_at(xattr, 0)?, u32_at(xattr, 4)?)?;
            Some(Xattr { name, value: self.string(u32_at(xattr, 8)?, u32_at(xattr, 12)?)? })
        })
    }

    fn section(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    fn string(&self, start: u32, length: u32) -> Option<&[u8]> {
        record::slice(self.section(&self.strings), u64::from(start), u64::from(length))
    }
}

fn read_extent(extent: &[u8; EXTENT]) -> Extent {
    let number = |at| u64_at(extent, at).unwrap_or_default();
    Extent { file_offset: number(0), tar_offset: number(8), length: number(16) }
}

/// The part of `extent` between `start` and `end`; `None` when it begins after `end`.
fn cut(extent: Extent, start: u64, end: u64) -> Option<Extent> {
    let first = extent.file_offset.max(start);
    let last = extent.file_offset.checked_add(extent.length)?.min(end);
    let tar_offset = extent.tar_offset.checked_add(first - extent.file_offset)?;
    (first < last).then(|| Extent { file_offset: first, tar_offset, length: last - first })
}
