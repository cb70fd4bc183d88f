//! Writing the tree file.
//!
//! Nodes are numbered breadth first, so a directory's children and their names lie together: reading a directory with
//! attributes touches two or three pages.

use super::ROOT;
use super::format::{ENTRY, EXTENT, HEADER, LAYER, MAGIC, NODE, NodeKind, SPARSE, VERSION, XATTR};
use super::merge::Draft;
use crate::overlay::Error;
use crate::store::layer_index::{EntryKind, EntryView, IndexError, LayerIndex};
use crate::store::record;
use std::collections::HashMap;

/// The nodes in their final order.
struct Order {
    /// Draft of each node.
    drafts: Vec<u32>,
    links: Vec<u32>,
    /// First entry, number of entries and parent of each directory; zeros for the rest.
    directories: Vec<(u32, u32, u32)>,
}

#[derive(Default)]
struct Sections {
    nodes: Vec<u8>,
    entries: Vec<u8>,
    extents: Vec<u8>,
    xattrs: Vec<u8>,
    strings: Vec<u8>,
    /// Attribute names and values repeat a lot.
    known: HashMap<Vec<u8>, (u32, u32)>,
    content_bytes: u64,
}

/// Writes what is reachable from the root.
pub(super) fn write(layers: &[LayerIndex<'_>], drafts: &[Draft<'_>]) -> Result<Vec<u8>, Error> {
    let mut sections = Sections::default();
    let order = number(drafts, &mut sections)?;
    for (node, &draft) in order.drafts.iter().enumerate() {
        sections.node(layers, &drafts[draft as usize], order.links[node], order.directories[node])?;
    }
    Ok(sections.finish(layers))
}

/// Numbers the nodes and writes the directories' entries.
fn number(drafts: &[Draft<'_>], sections: &mut Sections) -> Result<Order, Error> {
    const UNSEEN: u32 = u32::MAX;
    let mut numbers = vec![UNSEEN; drafts.len()];
    let mut order = Order { drafts: vec![ROOT], links: vec![2], directories: vec![(0, 0, ROOT)] };
    numbers[ROOT as usize] = ROOT;
    let mut entries = 0u32;
    let mut next = 0;
    while let Some(&draft) = order.drafts.get(next) {
        let children = &drafts[draft as usize].children;
        order.directories[next].0 = entries;
        order.directories[next].1 = children.len() as u32;
        for (name, &child) in children {
            let is_directory = drafts[child as usize].kind == EntryKind::Directory;
            if numbers[child as usize] == UNSEEN {
                numbers[child as usize] = order.drafts.len() as u32;
                order.drafts.push(child);
                order.links.push(if is_directory { 2 } else { 0 });
                order.directories.push((0, 0, next as u32));
            }
            let node = numbers[child as usize];
            if is_directory {
                order.links[next] += 1;
            } else {
                order.links[node as usize] += 1;
            }
            sections.entry(name, node)?;
            entries += 1;
        }
        next += 1;
    }
    Ok(order)
}

impl Sections {
    fn entry(&mut self, name: &[u8], node: u32) -> Result<(), Error> {
        let (start, length) = self.string(name)?;
        self.entries.extend_from_slice(&start.to_le_bytes());
        self.entries.extend_from_slice(&node.to_le_bytes());
        // Names have at most 255 bytes.
        self.entries.extend_from_slice(&(length as u16).to_le_bytes());
        self.entries.extend_from_slice(&[0; 2]);
        Ok(())
    }

    fn node(
        &mut self,
        layers: &[LayerIndex<'_>],
        draft: &Draft<'_>,
        links: u32,
        (first, count, parent): (u32, u32, u32),
    ) -> Result<(), Error> {
        let layer = usize::from(draft.layer);
        let entry = match draft.entry {
            None => None,
            Some(at) => {
                let entry = layers.get(layer).and_then(|index| index.entry(at as usize));
                Some(entry.ok_or(Error::Index { layer, source: IndexError::Damaged })?)
            }
        };
        let kind = node_kind(draft.kind);
        let permissions = entry.map_or(0o755, |entry| u32::from(entry.mode));
        let modified = entry.map(|entry| entry.modified).unwrap_or_default();
        let (payload, payload_count, flags) = match kind {
            NodeKind::Directory => (u64::from(parent) << 32 | u64::from(first), count, 0),
            _ => self.payload(kind, entry.as_ref())?,
        };
        let size = match kind {
            NodeKind::File => entry.map_or(0, |entry| entry.size),
            NodeKind::Symlink => u64::from(payload_count),
            _ => 0,
        };
        if kind == NodeKind::File {
            self.content_bytes = self.content_bytes.saturating_add(size);
        }
        let (xattrs, xattr_count) = self.attributes(entry.as_ref())?;
        let device = entry.map_or(0, |entry| pack_device(entry.device));
        let out = &mut self.nodes;
        for number in [
            kind.type_bits() | permissions,
            entry.map_or(0, |entry| entry.uid),
            entry.map_or(0, |entry| entry.gid),
            links,
        ] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&modified.seconds.to_le_bytes());
        out.extend_from_slice(&modified.nanoseconds.to_le_bytes());
        out.extend_from_slice(&device.to_le_bytes());
        out.extend_from_slice(&size.to_le_bytes());
        out.extend_from_slice(&payload.to_le_bytes());
        out.extend_from_slice(&payload_count.to_le_bytes());
        out.extend_from_slice(&draft.layer.to_le_bytes());
        out.extend_from_slice(&flags.to_le_bytes());
        out.extend_from_slice(&xattrs.to_le_bytes());
        out.extend_from_slice(&xattr_count.to_le_bytes());
        out.extend_from_slice(&[0; 2]);
        Ok(())
    }

    /// Payload, its count, and the flags of a node that is no directory.
    fn payload(&mut self, kind: NodeKind, entry: Option<&EntryView<'_>>) -> Result<(u64, u32, u16), Error> {
        let Some(entry) = entry else { return Ok((0, 0, 0)) };
        if kind == NodeKind::Symlink {
            let (start, length) = self.string(entry.link)?;
            return Ok((u64::from(start), length, 0));
        }
        if kind != NodeKind::File {
            return Ok((0, 0, 0));
        }
        let mut extents = entry.extents();
        let first = extents.next();
        if let Some(only) = first
            && extents.len() == 0
            && only.file_offset == 0
            && only.length == entry.size
        {
            return Ok((only.tar_offset, 0, 0));
        }
        if entry.size == 0 {
            return Ok((0, 0, 0));
        }
        let start = self.extents.len() / EXTENT;
        for extent in entry.extents() {
            for number in [extent.file_offset, extent.tar_offset, extent.length] {
                self.extents.extend_from_slice(&number.to_le_bytes());
            }
        }
        Ok((start as u64, entry.extents().len() as u32, SPARSE))
    }

    /// First and number of a node's attributes.
    fn attributes(&mut self, entry: Option<&EntryView<'_>>) -> Result<(u32, u16), Error> {
        let start = (self.xattrs.len() / XATTR) as u32;
        let mut count = 0u16;
        for xattr in entry.into_iter().flat_map(EntryView::xattrs).filter(|xattr| is_served(xattr.name)) {
            let Some(more) = count.checked_add(1) else { break };
            count = more;
            for text in [xattr.name, xattr.value] {
                let (start, length) = self.known_string(text)?;
                self.xattrs.extend_from_slice(&start.to_le_bytes());
                self.xattrs.extend_from_slice(&length.to_le_bytes());
            }
        }
        Ok((start, count))
    }

    fn known_string(&mut self, text: &[u8]) -> Result<(u32, u32), Error> {
        if let Some(&known) = self.known.get(text) {
            return Ok(known);
        }
        let reference = self.string(text)?;
        self.known.insert(text.to_vec(), reference);
        Ok(reference)
    }

    fn string(&mut self, text: &[u8]) -> Result<(u32, u32), Error> {
        let start = self.strings.len();
        if start + text.len() > u32::MAX as usize {
            return Err(Error::Limit { limit: u64::from(u32::MAX), what: "bytes of names and attributes" });
        }
        self.strings.extend_from_slice(text);
        Ok((start as u32, text.len() as u32))
    }

    fn finish(self, layers: &[LayerIndex<'_>]) -> Vec<u8> {
        let parts = [&self.nodes, &self.entries, &self.extents, &self.xattrs, &self.strings];
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mut file = Vec::with_capacity(HEADER + layers.len() * LAYER + length);
        file.resize(HEADER, 0);
        for layer in layers {
            file.extend_from_slice(&layer.tar_size().to_le_bytes());
        }
        for part in parts {
            file.extend_from_slice(part);
        }
        let body = record::checksum(&file[HEADER..]);
        let header = &mut file[..HEADER];
        header[..8].copy_from_slice(MAGIC);
        let counts = [
            VERSION as usize,
            layers.len(),
            self.nodes.len() / NODE,
            self.entries.len() / ENTRY,
            self.extents.len() / EXTENT,
            self.xattrs.len() / XATTR,
            self.strings.len(),
        ];
        for (at, count) in counts.into_iter().enumerate() {
            header[8 + 4 * at..12 + 4 * at].copy_from_slice(&(count as u32).to_le_bytes());
        }
        header[40..48].copy_from_slice(&self.content_bytes.to_le_bytes());
        header[48..56].copy_from_slice(&body.to_le_bytes());
        let own = record::checksum(&header[..HEADER - 8]);
        header[HEADER - 8..].copy_from_slice(&own.to_le_bytes());
        file
    }
}

/// Attributes that mean the same inside a user namespace and that an unprivileged overlay can copy up. Access control lists,
/// labels and `trusted.*` cannot be set there, and a copy-up that fails on one would make the file unwritable.
fn is_served(name: &[u8]) -> bool {
    name == b"security.capability" || (name.starts_with(b"user.") && !name.starts_with(b"user.overlay."))
}

fn node_kind(kind: EntryKind) -> NodeKind {
    match kind {
        // Hard links have been resolved to what they name.
        EntryKind::File | EntryKind::HardLink => NodeKind::File,
        EntryKind::Directory => NodeKind::Directory,
        EntryKind::Symlink => NodeKind::Symlink,
        EntryKind::CharacterDevice => NodeKind::CharacterDevice,
        EntryKind::BlockDevice => NodeKind::BlockDevice,
        EntryKind::Fifo => NodeKind::Fifo,
    }
}

/// As `new_encode_dev` of linux/kdev_t.h, which is what FUSE carries.
fn pack_device((major, minor): (u32, u32)) -> u32 {
    (minor & 0xff) | ((major & 0xfff) << 8) | ((minor & !0xff) << 12)
}
