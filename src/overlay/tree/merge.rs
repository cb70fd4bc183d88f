//! Applying layers on top of each other.
//!
//! Each layer is applied in two passes, because its whiteouts concern lower layers only, wherever in the tar they stand (OCI
//! image specification, "Layer Filesystem Changeset", Whiteouts): first the whiteouts against what is below, then the entries
//! in order. An entry replaces what has its name; only a directory on a directory keeps the children. A parent that the
//! tar does not mention is made (root's, 0755). The result is what unpacking each layer into a directory of its own and
//! overlaying those would show; therefore a symbolic link of the *same* layer is followed where a parent directory is
//! needed, and one of a *lower* layer is replaced by a directory.

use super::{ROOT, write};
use crate::overlay::Error;
use crate::store::layer_index::{EntryKind, EntryView, LayerIndex};
use std::collections::BTreeMap;

/// Nodes of one image: three times the largest layer we accept would not be an image any more.
const NODES: usize = 1 << 23;
/// Directory steps of one merge. Real images need a few per entry; long paths through links of links are an attack.
const STEPS: u64 = 1 << 31;
/// Links followed in one path, as the kernel allows (path_resolution(7)).
const LINKS: u32 = 40;

/// A file, directory or link while merging. What it looks like stays in its layer's index.
pub(super) struct Draft<'a> {
    pub kind: EntryKind,
    pub layer: u16,
    /// Position in the layer's index; `None` for a directory that no layer mentions.
    pub entry: Option<u32>,
    /// Text of a symbolic link.
    pub link: &'a [u8],
    /// Names in a directory.
    pub children: BTreeMap<&'a [u8], u32>,
}

/// Merges `layers`, bottom first, into the bytes of a tree file.
pub fn merge(layers: &[LayerIndex<'_>]) -> Result<Vec<u8>, Error> {
    if layers.len() > usize::from(u16::MAX) {
        return Err(Error::Limit { limit: u64::from(u16::MAX), what: "layers in one image" });
    }
    let mut merger = Merger { nodes: Vec::new(), layer: 0, links: Vec::new(), steps: 0, parent: None };
    merger.nodes.push(merger.draft(EntryKind::Directory, None));
    for (number, layer) in layers.iter().enumerate() {
        merger.layer = number as u16;
        merger.parent = None;
        merger.whiteouts(layer)?;
        merger.entries(layer)?;
        merger.late_links()?;
    }
    write::write(layers, &merger.nodes)
}

struct Merger<'a> {
    nodes: Vec<Draft<'a>>,
    /// The layer being applied.
    layer: u16,
    /// Hard links whose target had not appeared yet.
    links: Vec<(&'a [u8], &'a [u8])>,
    steps: u64,
    /// The parent of the last entry: neighbours in a tar mostly share it.
    parent: Option<(&'a [u8], u32)>,
}

impl<'a> Merger<'a> {
    fn draft(&self, kind: EntryKind, entry: Option<u32>) -> Draft<'a> {
        Draft { kind, layer: self.layer, entry, link: b"", children: BTreeMap::new() }
    }

    /// First pass: what this layer takes away from those below.
    fn whiteouts(&mut self, layer: &LayerIndex<'a>) -> Result<(), Error> {
        for entry in layer.entries() {
            let entry = entry.map_err(|source| Error::Index { layer: usize::from(self.layer), source })?;
            let (parent, name) = split(entry.path);
            let hidden = if is_whiteout_device(&entry) { Some(name) } else { name.strip_prefix(b".wh.") };
            let Some(hidden) = hidden else { continue };
            let Some(directory) = self.find_directory(parent) else { continue };
            let Some(directory) = self.nodes.get_mut(directory as usize) else { continue };
            match hidden {
                b".wh..opq" => directory.children.clear(),
                // `.wh.` of nothing, of `.` and `..`, and the bookkeeping of AUFS hide nothing, for no such name can exist.
                name => drop(directory.children.remove(name)),
            }
        }
        Ok(())
    }

    /// Second pass: what this layer brings.
    fn entries(&mut self, layer: &LayerIndex<'a>) -> Result<(), Error> {
        for (position, entry) in layer.entries().enumerate() {
            let entry = entry.map_err(|source| Error::Index { layer: usize::from(self.layer), source })?;
            let is_whiteout = entry.path.split(|&byte| byte == b'/').any(|name| name.starts_with(b".wh."));
            if is_whiteout || is_whiteout_device(&entry) {
                continue;
            }
            self.entry(&entry, position as u32)?;
        }
        Ok(())
    }

    fn entry(&mut self, entry: &EntryView<'a>, position: u32) -> Result<(), Error> {
        if entry.path.is_empty() {
            // Only a directory can be called that; the tar reader sees to it.
            if entry.kind == EntryKind::Directory {
                self.describe(ROOT, position);
            }
            return Ok(());
        }
        if entry.kind == EntryKind::HardLink {
            match self.find_file(entry.link)? {
                Some(target) => self.name(entry.path, target)?,
                None => self.links.push((entry.path, entry.link)),
            }
            return Ok(());
        }
        let (parent, name) = split(entry.path);
        let parent = self.make_parent(parent)?;
        if entry.kind == EntryKind::Directory
            && let Some(existing) = self.child(parent, name)
            && self.kind(existing) == EntryKind::Directory
        {
            self.describe(existing, position);
            return Ok(());
        }
        let draft = Draft { link: entry.link, ..self.draft(entry.kind, Some(position)) };
        let node = self.add(draft)?;
        self.put(parent, name, node);
        Ok(())
    }

    /// Hard links that came before their target.
    fn late_links(&mut self) -> Result<(), Error> {
        for (path, link) in std::mem::take(&mut self.links) {
            match self.find_file(link)? {
                Some(target) => self.name(path, target)?,
                None => {
                    let (path, target) = (path.to_vec(), link.to_vec());
                    return Err(Error::HardLink { layer: usize::from(self.layer), path, target });
                }
            }
        }
        Ok(())
    }

    /// Gives `node` another name.
    fn name(&mut self, path: &'a [u8], node: u32) -> Result<(), Error> {
        let (parent, name) = split(path);
        let parent = self.make_parent(parent)?;
        self.put(parent, name, node);
        Ok(())
    }

    fn put(&mut self, directory: u32, name: &'a [u8], node: u32) {
        if let Some(directory) = self.nodes.get_mut(directory as usize) {
            let replaced = directory.children.insert(name, node);
            if replaced.is_some_and(|replaced| replaced != node) {
                // The parent remembered may have been what was just replaced.
                self.parent = None;
            }
        }
    }

    /// Takes owner, mode and the like of a directory from this layer.
    fn describe(&mut self, directory: u32, position: u32) {
        let layer = self.layer;
        if let Some(directory) = self.nodes.get_mut(directory as usize) {
            directory.layer = layer;
            directory.entry = Some(position);
        }
    }

    fn add(&mut self, draft: Draft<'a>) -> Result<u32, Error> {
        if self.nodes.len() >= NODES {
            return Err(Error::Limit { limit: NODES as u64, what: "files in one image" });
        }
        self.nodes.push(draft);
        Ok((self.nodes.len() - 1) as u32)
    }

    fn kind(&self, node: u32) -> EntryKind {
        self.nodes.get(node as usize).map_or(EntryKind::File, |node| node.kind)
    }

    fn child(&self, directory: u32, name: &[u8]) -> Option<u32> {
        self.nodes.get(directory as usize)?.children.get(name).copied()
    }

    /// The directory at `path`, no link followed.
    fn find_directory(&self, path: &[u8]) -> Option<u32> {
        let names = path.split(|&byte| byte == b'/').filter(|name| !name.is_empty());
        let mut directory = ROOT;
        for name in names {
            directory = self.child(directory, name).filter(|&child| self.kind(child) == EntryKind::Directory)?;
        }
        Some(directory)
    }

    /// What a hard link to `path` means: anything but a directory.
    fn find_file(&mut self, path: &'a [u8]) -> Result<Option<u32>, Error> {
        let (parent, name) = split(path);
        let Some(parent) = self.walk(parent, false)? else { return Ok(None) };
        Ok(self.child(parent, name).filter(|&node| self.kind(node) != EntryKind::Directory))
    }

    /// The directory at `path`, made where it is missing.
    fn make_parent(&mut self, path: &'a [u8]) -> Result<u32, Error> {
        if let Some((known, directory)) = self.parent
            && known == path
        {
            return Ok(directory);
        }
        // Making never finds nothing.
        let directory = self.walk(path, true)?.unwrap_or(ROOT);
        self.parent = Some((path, directory));
        Ok(directory)
    }

    fn walk(&mut self, path: &'a [u8], make: bool) -> Result<Option<u32>, Error> {
        let mut pending = vec![path.split(is_slash as fn(&u8) -> bool)];
        let mut chain = vec![ROOT];
        let mut links = 0;
        while let Some(names) = pending.last_mut() {
            let Some(name) = names.next() else {
                pending.pop();
                continue;
            };
            self.steps += 1;
            if self.steps > STEPS {
                return Err(Error::Limit { limit: STEPS, what: "directory steps" });
            }
            let directory = chain.last().copied().unwrap_or(ROOT);
            match name {
                b"" | b"." => {}
                b".." => {
                    if chain.len() > 1 {
                        chain.pop();
                    }
                }
                name => {
                    let child = self.child(directory, name);
                    if let Some(target) = child.and_then(|child| self.own_link(child))
                        && links < LINKS
                    {
                        links += 1;
                        if target.starts_with(b"/") {
                            chain.truncate(1);
                        }
                        pending.push(target.split(is_slash as fn(&u8) -> bool));
                        continue;
                    }
                    match child.filter(|&child| self.kind(child) == EntryKind::Directory) {
                        Some(child) => chain.push(child),
                        None if !make => return Ok(None),
                        None => {
                            let made = self.add(self.draft(EntryKind::Directory, None))?;
                            self.put(directory, name, made);
                            chain.push(made);
                        }
                    }
                }
            }
        }
        Ok(chain.last().copied())
    }

    /// The text of `node` if it is a symbolic link of the layer being applied.
    fn own_link(&self, node: u32) -> Option<&'a [u8]> {
        let node = self.nodes.get(node as usize)?;
        (node.kind == EntryKind::Symlink && node.layer == self.layer).then_some(node.link)
    }
}

fn is_slash(byte: &u8) -> bool {
    *byte == b'/'
}

/// Parent and last component of a normalised path.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(is_slash) {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (b"", path),
    }
}

/// The kernel's overlay file system takes a character device 0:0 for a whiteout, so that is what it is.
fn is_whiteout_device(entry: &EntryView<'_>) -> bool {
    entry.kind == EntryKind::CharacterDevice && entry.device == (0, 0)
}
