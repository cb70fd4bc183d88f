//! The tree that the journal describes, in memory: what every operation does to it.
//!
//! [`Nodes::check`] tells whether an operation can be done, with the error of the system call it stands for; [`Nodes::carry_out`]
//! does it. The same two replay a journal, so a journal cannot make a tree that requests could not have made.

use super::operation::{Entry, Operation, Time};
use crate::overlay::server::upper::Step;
use crate::overlay::server::upper::record::TYPE;
use rustix::io::Errno;
use std::collections::{BTreeMap, HashMap};

/// The number of the directory that holds everything.
pub(super) const ROOT: u64 = 1;
/// No number is larger; it would not last for inode numbers of 64 bits with a mark.
const LARGEST_ID: u64 = 1 << 47;
/// Longest name (`NAME_MAX`).
const LONGEST_NAME: usize = 255;
/// Longest text of a symbolic link (`PATH_MAX`).
const LONGEST_TEXT: usize = 4096;
/// Largest value of an attribute (`XATTR_SIZE_MAX`).
const LARGEST_VALUE: usize = 64 << 10;
/// All attributes of a file together.
const LARGEST_XATTRS: usize = 256 << 10;

/// Name and value of an extended attribute.
type Xattr = (Box<[u8]>, Box<[u8]>);

/// Everything about a file but its contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub mode: u32,
    /// Names that lead to it.
    pub links: u32,
    /// Handles that are open.
    pub opens: u32,
    pub accessed: Time,
    pub modified: Time,
    pub changed: Time,
    pub xattrs: Vec<Xattr>,
    pub kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Whether there is a file of contents; without one it is empty.
    File {
        has_contents: bool,
    },
    Directory {
        entries: BTreeMap<Box<[u8]>, u64>,
        parent: u64,
        subdirectories: u32,
    },
    Link(Box<[u8]>),
}

impl Node {
    pub(super) fn new(mode: u32, now: Time, text: Box<[u8]>) -> Option<Node> {
        let kind = match mode & TYPE {
            libc::S_IFREG => Kind::File { has_contents: false },
            libc::S_IFDIR => Kind::Directory { entries: BTreeMap::new(), parent: 0, subdirectories: 0 },
            libc::S_IFLNK if text.len() <= LONGEST_TEXT => Kind::Link(text),
            _ => return None,
        };
        let mode = mode & (TYPE | 0o7777);
        let xattrs = Vec::new();
        Some(Node { mode, links: 0, opens: 0, accessed: now, modified: now, changed: now, xattrs, kind })
    }

    fn is_directory(&self) -> bool {
        matches!(self.kind, Kind::Directory { .. })
    }

    /// `st_nlink`.
    pub(super) fn link_count(&self) -> u32 {
        match self.kind {
            Kind::Directory { .. } if self.links == 0 => 0,
            Kind::Directory { subdirectories, .. } => subdirectories.saturating_add(2),
            _ => self.links,
        }
    }

    pub(super) fn xattr(&self, name: &[u8]) -> Option<&[u8]> {
        self.xattrs.iter().find(|(known, _)| **known == *name).map(|(_, value)| &**value)
    }

    fn set_xattr(&mut self, name: Box<[u8]>, value: Box<[u8]>) {
        match self.xattrs.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.xattrs.push((name, value)),
        }
    }
}

fn check_name(name: &[u8]) -> Step<()> {
    if name.len() > LONGEST_NAME {
        return Err(Errno::NAMETOOLONG);
    }
    if matches!(name, b"" | b"." | b"..") || name.iter().any(|byte| matches!(byte, b'/' | 0)) {
        return Err(Errno::INVAL);
    }
    Ok(())
}

/// All files.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Nodes {
    pub all: HashMap<u64, Node>,
    /// The largest number ever given.
    pub last: u64,
}

impl Nodes {
    /// A tree of one empty directory.
    pub(super) fn new() -> Nodes {
        let mut nodes = Nodes::default();
        nodes.all.extend(
            Node::new(libc::S_IFDIR | 0o700, Time::default(), Box::default())
                .map(|node| (ROOT, Node { links: 1, ..node })),
        );
        nodes.last = ROOT;
        nodes
    }

    pub(super) fn node(&self, id: u64) -> Step<&Node> {
        self.all.get(&id).ok_or(Errno::STALE)
    }

    fn entries(&self, directory: u64) -> Step<&BTreeMap<Box<[u8]>, u64>> {
        match &self.node(directory)?.kind {
            Kind::Directory { entries, .. } => Ok(entries),
            _ => Err(Errno::NOTDIR),
        }
    }

    /// The file of this name.
    pub(super) fn lookup(&self, directory: u64, name: &[u8]) -> Step<u64> {
        self.entries(directory)?.get(name).copied().ok_or(Errno::NOENT)
    }

    /// The entries of a directory.
    pub(super) fn names(&self, directory: u64) -> Step<impl Iterator<Item = (&[u8], &Node)>> {
        let entries = self.entries(directory)?;
        Ok(entries.iter().filter_map(|(name, id)| Some((&**name, self.all.get(id)?))))
    }

    /// Whether a directory can get this name.
    fn check_new(&self, (directory, name): &Entry) -> Step<()> {
        check_name(name)?;
        match self.lookup(*directory, name) {
            Ok(_) => Err(Errno::EXIST),
            Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether a directory is there to get a name.
    fn check_directory(&self, directory: u64) -> Step<()> {
        let directory = self.node(directory)?;
        match directory.kind {
            Kind::Directory { .. } if directory.links == 0 => Err(Errno::NOENT),
            Kind::Directory { .. } => Ok(()),
            _ => Err(Errno::NOTDIR),
        }
    }

    /// Whether the operation can be done, and why not.
    pub(super) fn check(&self, operation: &Operation) -> Step<()> {
        let unless = |is_wrong: bool, error| if is_wrong { Err(error) } else { Ok(()) };
        match operation {
            Operation::Node { id, mode, text, .. } => {
                unless(*id > LARGEST_ID, Errno::NOSPC)?;
                unless(*id <= ROOT || self.all.contains_key(id), Errno::EXIST)?;
                Node::new(*mode, Time::default(), text.clone()).map(drop).ok_or(Errno::INVAL)
            }
            Operation::Entry { at, id } => {
                self.check_new(at)?;
                let node = self.node(*id)?;
                unless(*id == ROOT || node.is_directory() && node.links > 0, Errno::PERM)
            }
            Operation::Last { id } => unless(*id < self.last || *id > LARGEST_ID, Errno::INVAL),
            Operation::Make { at, id, mode, text } => {
                self.check_directory(at.0)?;
                self.check_new(at)?;
                unless(*id <= self.last, Errno::EXIST)?;
                unless(*id > LARGEST_ID, Errno::NOSPC)?;
                Node::new(*mode, Time::default(), text.clone()).map(drop).ok_or(Errno::INVAL)
            }
            Operation::Link { id, at } => {
                self.check_directory(at.0)?;
                self.check_new(at)?;
                let node = self.node(*id)?;
                unless(node.is_directory(), Errno::PERM)?;
                unless(node.links == 0, Errno::NOENT)?;
                unless(node.links == u32::MAX, Errno::MLINK)
            }
            Operation::Remove { at } => {
                let id = self.lookup(at.0, &at.1)?;
                unless(self.entries(id).is_ok_and(|entries| !entries.is_empty()), Errno::NOTEMPTY)
            }
            Operation::Rename { from, to } => self.check_rename(from, to),
            Operation::Exchange { from, to } => {
                let (moved, other) = (self.lookup(from.0, &from.1)?, self.lookup(to.0, &to.1)?);
                unless(self.is_below(to.0, moved)? || self.is_below(from.0, other)?, Errno::INVAL)
            }
            Operation::Mode { id, .. } | Operation::Times { id, .. } => self.node(*id).map(drop),
            Operation::Changed { id } => unless(!matches!(self.node(*id)?.kind, Kind::File { .. }), Errno::INVAL),
            Operation::Xattr { id, name, value } | Operation::SetXattr { id, name, value } => {
                unless(name.is_empty() || name.len() > LONGEST_NAME + "user.coracle.".len(), Errno::RANGE)?;
                unless(value.len() > LARGEST_VALUE, Errno::TOOBIG)?;
                unless(*id == ROOT, Errno::PERM)?;
                let node = self.node(*id)?;
                let others = node.xattrs.iter().filter(|(known, _)| known != name);
                let total: usize = others.map(|(name, value)| name.len() + value.len()).sum();
                unless(total + name.len() + value.len() > LARGEST_XATTRS, Errno::NOSPC)
            }
            Operation::RemoveXattr { id, name } => self.node(*id)?.xattr(name).map(drop).ok_or(Errno::NODATA),
        }
    }

    fn check_rename(&self, from: &Entry, to: &Entry) -> Step<()> {
        let moved = self.lookup(from.0, &from.1)?;
        check_name(&to.1)?;
        self.check_directory(to.0)?;
        let is_directory = self.node(moved)?.is_directory();
        if is_directory && self.is_below(to.0, moved)? {
            return Err(Errno::INVAL);
        }
        let replaced = match self.lookup(to.0, &to.1) {
            Ok(id) => id,
            Err(Errno::NOENT) => return Ok(()),
            Err(error) => return Err(error),
        };
        match (is_directory, &self.node(replaced)?.kind) {
            (true, Kind::Directory { entries, .. }) if entries.is_empty() || moved == replaced => Ok(()),
            (true, Kind::Directory { .. }) => Err(Errno::NOTEMPTY),
            (true, _) => Err(Errno::NOTDIR),
            (false, Kind::Directory { .. }) => Err(Errno::ISDIR),
            (false, _) => Ok(()),
        }
    }

    /// Whether `directory` is `above` or lies below it.
    fn is_below(&self, directory: u64, above: u64) -> Step<bool> {
        let mut at = directory;
        // A damaged snapshot may have a ring, which cannot be longer than this.
        for _ in 0..=self.all.len() {
            match &self.node(at)?.kind {
                _ if at == above => return Ok(true),
                _ if at == ROOT => return Ok(false),
                Kind::Directory { parent, .. } => at = *parent,
                _ => return Err(Errno::NOTDIR),
            }
        }
        Err(Errno::LOOP)
    }

    /// Does an operation that [`Nodes::check`] has nothing against. Gives the file that it took a name from.
    pub(super) fn carry_out(&mut self, operation: Operation, now: Time) -> Option<u64> {
        match operation {
            Operation::Node { id, mode, times: [accessed, modified, changed], text } => {
                let node = Node::new(mode, now, text)?;
                self.all.insert(id, Node { accessed, modified, changed, ..node });
                self.last = self.last.max(id);
            }
            Operation::Entry { at, id } => self.insert(at, id),
            Operation::Last { id } => self.last = id,
            Operation::Make { at, id, mode, text } => {
                self.all.insert(id, Node::new(mode, now, text)?);
                self.last = self.last.max(id);
                self.touch_directory(at.0, now);
                self.insert(at, id);
            }
            Operation::Link { id, at } => {
                self.touch_directory(at.0, now);
                self.insert(at, id);
                self.touch(id, now);
            }
            Operation::Remove { at } => {
                let id = self.remove(&at)?;
                self.touch_directory(at.0, now);
                self.touch(id, now);
                return Some(id);
            }
            Operation::Rename { from, to } => return self.rename(from, to, now),
            Operation::Exchange { from, to } => {
                let (one, other) = (self.remove(&from)?, self.remove(&to)?);
                self.touch_directory(from.0, now);
                self.touch_directory(to.0, now);
                self.insert(from, other);
                self.insert(to, one);
                self.touch(one, now);
                self.touch(other, now);
            }
            Operation::Xattr { id, name, value } => self.all.get_mut(&id)?.set_xattr(name, value),
            Operation::Mode { id, mode } => self.change(id, now, |node| node.mode = node.mode & TYPE | mode & 0o7777),
            Operation::Times { id, accessed, modified } => self.change(id, now, |node| {
                node.accessed = accessed.unwrap_or(node.accessed);
                node.modified = modified.unwrap_or(node.modified);
            }),
            Operation::Changed { id } => self.change(id, now, |node| node.modified = now),
            Operation::SetXattr { id, name, value } => self.change(id, now, |node| node.set_xattr(name, value)),
            Operation::RemoveXattr { id, name } => {
                self.change(id, now, |node| node.xattrs.retain(|(known, _)| *known != name));
            }
        }
        None
    }

    fn rename(&mut self, from: Entry, to: Entry, now: Time) -> Option<u64> {
        let moved = self.lookup(from.0, &from.1).ok()?;
        let replaced = self.lookup(to.0, &to.1).ok();
        // Two names of one file both stay (rename(2)).
        if replaced == Some(moved) {
            return None;
        }
        let replaced = replaced.and_then(|_| self.remove(&to));
        self.remove(&from);
        self.touch_directory(from.0, now);
        self.touch_directory(to.0, now);
        self.insert(to, moved);
        self.touch(moved, now);
        self.touch(replaced?, now);
        replaced
    }

    fn change(&mut self, id: u64, now: Time, change: impl FnOnce(&mut Node)) {
        // Nobody sees the root, and a snapshot says nothing of it.
        if let Some(node) = self.all.get_mut(&id).filter(|_| id != ROOT) {
            change(node);
            node.changed = now;
        }
    }

    fn touch(&mut self, id: u64, now: Time) {
        self.change(id, now, |_| {});
    }

    fn touch_directory(&mut self, id: u64, now: Time) {
        self.change(id, now, |node| node.modified = now);
    }

    fn insert(&mut self, (directory, name): Entry, id: u64) {
        let Some(node) = self.all.get_mut(&id) else { return };
        node.links = node.links.saturating_add(1);
        let adds = u32::from(node.is_directory());
        if let Kind::Directory { parent, .. } = &mut node.kind {
            *parent = directory;
        }
        if let Some(Node { kind: Kind::Directory { entries, subdirectories, .. }, .. }) = self.all.get_mut(&directory) {
            entries.insert(name, id);
            *subdirectories = subdirectories.saturating_add(adds);
        }
    }

    fn remove(&mut self, (directory, name): &Entry) -> Option<u64> {
        let id = self.lookup(*directory, name).ok()?;
        let node = self.all.get_mut(&id)?;
        node.links = node.links.saturating_sub(1);
        let takes = u32::from(node.is_directory());
        if let Some(Node { kind: Kind::Directory { entries, subdirectories, .. }, .. }) = self.all.get_mut(directory) {
            entries.remove(name);
            *subdirectories = subdirectories.saturating_sub(takes);
        }
        Some(id)
    }

    /// The operations that make this tree out of an empty one.
    pub(super) fn snapshot(&self) -> impl Iterator<Item = Operation> {
        let nodes = self.all.iter().filter(|(id, _)| **id != ROOT).flat_map(|(&id, node)| {
            let text = if let Kind::Link(text) = &node.kind { text.clone() } else { Box::default() };
            let times = [node.accessed, node.modified, node.changed];
            let made = std::iter::once(Operation::Node { id, mode: node.mode, times, text });
            let xattr = move |(name, value): &(Box<[u8]>, Box<[u8]>)| Operation::Xattr {
                id,
                name: name.clone(),
                value: value.clone(),
            };
            made.chain(node.xattrs.iter().map(xattr))
        });
        let entries = self.all.iter().flat_map(|(&directory, node)| {
            let entries = if let Kind::Directory { entries, .. } = &node.kind { Some(entries) } else { None };
            let entries = entries.into_iter().flatten();
            entries.map(move |(name, &id)| Operation::Entry { at: (directory, name.clone()), id })
        });
        nodes.chain(entries).chain(std::iter::once(Operation::Last { id: self.last }))
    }

    /// Forgets what no name leads to. False when there are names that cannot be reached, which no request leaves behind: a ring
    /// of directories.
    pub(super) fn drop_unreachable(&mut self) -> bool {
        let mut reached = std::collections::HashSet::from([ROOT]);
        let mut waiting = vec![ROOT];
        while let Some(id) = waiting.pop() {
            for &id in self.entries(id).into_iter().flatten().map(|(_, id)| id) {
                if reached.insert(id) {
                    waiting.push(id);
                }
            }
        }
        let is_tree = self.all.iter().all(|(id, node)| node.links == 0 || reached.contains(id));
        self.all.retain(|id, _| reached.contains(id));
        is_tree
    }
}
