//! A file system kept as a journal and files of contents, for places that cannot hold one themselves.
//!
//! FAT has no links, owners, modes or attributes, makes up a file's number whenever it looks at it, takes `A` for `a` and refuses `:`.
//! Other places have some of these faults. There the changes of a container are not files of the same names but
//!
//! ```text
//! work/journal    every change of the tree, in the order in which they happened (`log`, `operation`)
//! upper/1A3/2F    the contents of file number 0x1a32f (`objects`)
//! ```
//!
//! and the tree (`nodes`) is in memory while somebody works with it. It has two directories, `upper` and `work`, which the rest of
//! the writable layer uses as it does those of the host.
//!
//! **A change** is checked, written to the journal by one pwrite(2), then done to the tree: killed at any moment, it has
//! happened or it has not. A file's contents go after its last name and its last handle; those that no name leads to are removed at the
//! start. Of many writes in a row, the time is written down every tenth of a second, and once more with the next operation.
//!
//! **At the start**, and when it has grown to several times its tree, the journal is written anew with nothing but the tree as it is. One
//! server works with a journal at a time, which a lock on the work directory ensures where the file system knows locks.

mod log;
mod nodes;
mod objects;
mod operation;
mod place;

pub(super) use log::NAME;
pub use log::replay_operations;
pub(super) use place::{Fault, is_journalled, start};

use super::Step;
use log::Log;
use nodes::{Kind, Node, Nodes};
use objects::Objects;
use operation::{Operation, Time};
use rustix::fs::{FileType, RenameFlags, Stat, Timestamps, UTIME_NOW, UTIME_OMIT};
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// How long the time of a write may be known to nobody but us.
const UNTOLD_NANOSECONDS: i128 = 100_000_000;
/// A journal is written anew when it is so many times as long as after the last time,
const GROWN: u64 = 4;
/// and longer than this.
const SMALLEST_TO_REWRITE: u64 = 4 << 20;

/// The file system.
#[derive(Debug)]
pub(super) struct Tree {
    state: Mutex<State>,
    objects: Objects,
    work: OwnedFd,
    durable: bool,
    /// Every status begins as this one.
    pattern: Stat,
}

#[derive(Debug)]
struct State {
    nodes: Nodes,
    log: Log,
    /// A file whose last time of change is not in the journal yet.
    untold: Option<u64>,
    /// The file whose time of change was written down last, and that time.
    told: (u64, Time),
    /// Files of contents that were made since the last sync.
    unsynced: BTreeSet<u64>,
    /// The length at which the journal is written anew.
    rewrite_at: u64,
}

/// An open file or directory. The file lives as long as it is open.
#[derive(Debug)]
pub(super) struct Open {
    tree: Arc<Tree>,
    id: u64,
    contents: OnceLock<OwnedFd>,
}

/// A file of a tree.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    tree: &'a Arc<Tree>,
    id: u64,
}

impl State {
    fn change(&mut self, operation: Operation) -> Step<Option<u64>> {
        let now = now();
        self.nodes.check(&operation)?;
        self.tell(None)?;
        self.log.append(&operation, now)?;
        Ok(self.nodes.carry_out(operation, now))
    }

    /// Writes down when the file changed that was written to last, unless it is `but`.
    fn tell(&mut self, but: Option<u64>) -> Step<()> {
        let Some(id) = self.untold.filter(|id| Some(*id) != but) else { return Ok(()) };
        if let Ok(node) = self.nodes.node(id) {
            self.log.append(&Operation::Changed { id }, node.modified)?;
        }
        self.untold = None;
        Ok(())
    }

    fn contents_changed(&mut self, id: u64) -> Step<()> {
        let now = now();
        let since = |then: Time| {
            let nanoseconds = |time: Time| i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanoseconds);
            nanoseconds(now) - nanoseconds(then)
        };
        self.tell(Some(id))?;
        self.nodes.check(&Operation::Changed { id })?;
        let is_told = self.told.0 == id && (0..UNTOLD_NANOSECONDS).contains(&since(self.told.1));
        if !is_told {
            self.log.append(&Operation::Changed { id }, now)?;
            self.told = (id, now);
        }
        self.nodes.carry_out(Operation::Changed { id }, now);
        self.untold = is_told.then_some(id);
        Ok(())
    }
}

fn now() -> Time {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
    Time { seconds: now.tv_sec, nanoseconds: u32::try_from(now.tv_nsec).unwrap_or(0) }
}

impl Tree {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does an operation; the file that lost a name by it goes if that was the last.
    fn change(&self, operation: Operation) -> Step<()> {
        let mut state = self.state();
        let bereft = state.change(operation)?;
        self.rewrite_if_grown(&mut state);
        if let Some(id) = bereft {
            self.remove_unused(state, id);
        }
        Ok(())
    }

    fn rewrite_if_grown(&self, state: &mut State) {
        if state.log.length_bytes() < state.rewrite_at {
            return;
        }
        // Without success it goes on growing, and is tried again when it is twice as long.
        state.rewrite_at = state.log.length_bytes().saturating_mul(2);
        if let Ok(log) = Log::write(&self.work, &state.nodes, self.durable) {
            state.rewrite_at = rewrite_at(&log);
            state.log = log;
        }
    }

    fn remove_unused(&self, mut state: MutexGuard<'_, State>, id: u64) {
        let Ok(node) = state.nodes.node(id) else { return };
        if node.links > 0 || node.opens > 0 {
            return;
        }
        let has_contents = matches!(node.kind, Kind::File { has_contents: true });
        state.nodes.all.remove(&id);
        state.unsynced.remove(&id);
        drop(state);
        if has_contents {
            self.objects.remove(id);
        }
    }

    /// Makes a file under a name.
    fn make(&self, directory: u64, name: &[u8], mode: u32, text: &[u8]) -> Step<u64> {
        let mut state = self.state();
        let id = state.nodes.last + 1;
        state.change(Operation::Make { at: (directory, name.into()), id, mode, text: text.into() })?;
        self.rewrite_if_grown(&mut state);
        Ok(id)
    }

    fn open(self: &Arc<Tree>, id: u64) -> Step<Arc<Open>> {
        let mut state = self.state();
        let node = state.nodes.all.get_mut(&id).ok_or(Errno::STALE)?;
        node.opens = node.opens.saturating_add(1);
        let has_contents = matches!(node.kind, Kind::File { has_contents: true });
        drop(state);
        let open = Arc::new(Open { tree: Arc::clone(self), id, contents: OnceLock::new() });
        if has_contents {
            open.contents()?;
        }
        Ok(open)
    }

    fn stat(&self, id: u64, contents: Option<&OwnedFd>) -> Step<Stat> {
        let (mut stat, has_contents) = {
            let state = self.state();
            let node = state.nodes.node(id)?;
            (self.status(id, node), matches!(node.kind, Kind::File { has_contents: true }))
        };
        if has_contents {
            let found = match contents {
                Some(contents) => rustix::fs::fstat(contents)?,
                None => self.objects.stat(id)?,
            };
            (stat.st_size, stat.st_blocks) = (found.st_size, found.st_blocks);
        }
        Ok(stat)
    }

    /// What is known of a file without its contents.
    fn status(&self, id: u64, node: &Node) -> Stat {
        let mut stat = self.pattern;
        stat.st_ino = id;
        stat.st_mode = node.mode;
        stat.st_nlink = node.link_count() as _;
        stat.st_size = match &node.kind {
            Kind::Link(text) => text.len() as _,
            Kind::Directory { .. } => 4096,
            Kind::File { .. } => 0,
        };
        stat.st_blocks = 0;
        (stat.st_atime, stat.st_atime_nsec) = (node.accessed.seconds as _, node.accessed.nanoseconds as _);
        (stat.st_mtime, stat.st_mtime_nsec) = (node.modified.seconds as _, node.modified.nanoseconds as _);
        (stat.st_ctime, stat.st_ctime_nsec) = (node.changed.seconds as _, node.changed.nanoseconds as _);
        stat
    }
}

/// The length at which a journal that was just written is to be written anew.
fn rewrite_at(log: &Log) -> u64 {
    log.length_bytes().saturating_mul(GROWN).max(SMALLEST_TO_REWRITE)
}

impl Drop for Tree {
    fn drop(&mut self) {
        // The time of the last write, which a crash may lose as well.
        let _ = self.state().tell(None);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut state = self.tree.state();
        if let Some(node) = state.nodes.all.get_mut(&self.id) {
            node.opens = node.opens.saturating_sub(1);
        }
        self.tree.remove_unused(state, self.id);
    }
}

impl Open {
    pub(super) fn place(&self) -> Place<'_> {
        Place { tree: &self.tree, id: self.id }
    }

    /// A descriptor of the contents, which are made if there are none.
    pub(super) fn contents(&self) -> Step<BorrowedFd<'_>> {
        if let Some(contents) = self.contents.get() {
            return Ok(contents.as_fd());
        }
        let made = self.tree.objects.open(self.id)?;
        let mut state = self.tree.state();
        if let Some(Node { kind: Kind::File { has_contents }, .. }) = state.nodes.all.get_mut(&self.id)
            && !std::mem::replace(has_contents, true)
        {
            state.unsynced.insert(self.id);
        }
        drop(state);
        Ok(self.contents.get_or_init(|| made).as_fd())
    }

    /// A descriptor on the same file system.
    pub(super) fn anchor(&self) -> BorrowedFd<'_> {
        self.tree.objects.0.as_fd()
    }

    /// Handles of all directories that files are opened in.
    pub(super) fn places(&self) -> io::Result<Vec<OwnedFd>> {
        Ok(vec![self.tree.objects.0.try_clone()?, self.tree.work.try_clone()?])
    }

    pub(super) fn stat(&self) -> Step<Stat> {
        self.tree.stat(self.id, self.contents.get())
    }

    /// To be told after each change of the contents.
    pub(super) fn changed(&self) -> Step<()> {
        self.tree.state().contents_changed(self.id)
    }

    /// Bytes that the contents of all files take.
    pub(super) fn used_bytes(&self) -> Step<u64> {
        let ids = self.tree.objects.all()?;
        // One that has gone meanwhile takes nothing.
        let taken = ids.into_iter().filter_map(|id| self.tree.objects.stat(id).ok());
        Ok(taken.map(|stat| super::space::allocated(&stat)).fold(0, u64::saturating_add))
    }

    /// fsync(2) or fdatasync(2): a file's contents, and the journal, without which they are nobody's.
    pub(super) fn sync(&self, only_data: bool) -> Step<()> {
        if let Some(contents) = self.contents.get() {
            if only_data { rustix::fs::fdatasync(contents) } else { rustix::fs::fsync(contents) }?;
        }
        let mut state = self.tree.state();
        state.tell(None)?;
        let unsynced = std::mem::take(&mut state.unsynced);
        let journal = state.log.file();
        drop(state);
        let synced = self.tree.objects.sync(unsynced.iter().copied()).and_then(|()| rustix::fs::fdatasync(&journal));
        if synced.is_err() {
            self.tree.state().unsynced.extend(unsynced);
        }
        synced
    }

    pub(super) fn child(&self, name: &[u8]) -> Step<Place<'_>> {
        let id = self.tree.state().nodes.lookup(self.id, name)?;
        Ok(Place { tree: &self.tree, id })
    }

    pub(super) fn open_directory(&self, name: &[u8]) -> Step<Arc<Open>> {
        let found = self.child(name)?;
        if found.kind()? != FileType::Directory {
            return Err(Errno::NOTDIR);
        }
        found.open()
    }

    pub(super) fn create(&self, name: &[u8], permissions: u32) -> Step<Arc<Open>> {
        let id = self.tree.make(self.id, name, libc::S_IFREG | permissions, b"")?;
        self.tree.open(id)
    }

    /// Makes a regular file or directory.
    pub(super) fn make(&self, name: &[u8], mode: u32) -> Step<()> {
        self.tree.make(self.id, name, mode, b"").map(drop)
    }

    pub(super) fn make_symlink(&self, text: &[u8], name: &[u8]) -> Step<()> {
        self.tree.make(self.id, name, libc::S_IFLNK | 0o777, text).map(drop)
    }

    pub(super) fn link(&self, name: &[u8], to: &Open, new: &[u8]) -> Step<()> {
        let id = self.child(name)?.id;
        self.tree.change(Operation::Link { id, at: (to.id, new.into()) })
    }

    pub(super) fn rename(&self, name: &[u8], to: &Open, new: &[u8], flags: RenameFlags) -> Step<()> {
        if !Arc::ptr_eq(&self.tree, &to.tree) {
            return Err(Errno::XDEV);
        }
        if flags.contains(RenameFlags::NOREPLACE) && to.child(new).is_ok() {
            return Err(Errno::EXIST);
        }
        let (from, to) = ((self.id, name.into()), (to.id, new.into()));
        self.tree.change(match flags.contains(RenameFlags::EXCHANGE) {
            true => Operation::Exchange { from, to },
            false => Operation::Rename { from, to },
        })
    }

    pub(super) fn remove(&self, name: &[u8], is_directory: bool) -> Step<()> {
        match (self.child(name)?.kind()? == FileType::Directory, is_directory) {
            (true, false) => Err(Errno::ISDIR),
            (false, true) => Err(Errno::NOTDIR),
            _ => self.tree.change(Operation::Remove { at: (self.id, name.into()) }),
        }
    }

    pub(super) fn names(&self) -> Step<Vec<(Vec<u8>, FileType)>> {
        let state = self.tree.state();
        let names = state.nodes.names(self.id)?;
        Ok(names.map(|(name, node)| (name.to_vec(), FileType::from_raw_mode(node.mode))).collect())
    }
}

impl Place<'_> {
    fn kind(&self) -> Step<FileType> {
        Ok(FileType::from_raw_mode(self.tree.state().nodes.node(self.id)?.mode))
    }

    pub(super) fn open(&self) -> Step<Arc<Open>> {
        self.tree.open(self.id)
    }

    pub(super) fn stat(&self) -> Step<Stat> {
        self.tree.stat(self.id, None)
    }

    pub(super) fn link_text(&self) -> Step<Vec<u8>> {
        match &self.tree.state().nodes.node(self.id)?.kind {
            Kind::Link(text) => Ok(text.to_vec()),
            _ => Err(Errno::INVAL),
        }
    }

    pub(super) fn set_times(&self, times: &Timestamps) -> Step<()> {
        let now = now();
        let time = |time: &rustix::fs::Timespec| match time.tv_nsec {
            UTIME_OMIT => Ok(None),
            UTIME_NOW => Ok(Some(now)),
            nanoseconds => match u32::try_from(nanoseconds) {
                Ok(nanoseconds) if nanoseconds < 1_000_000_000 => Ok(Some(Time { seconds: time.tv_sec, nanoseconds })),
                _ => Err(Errno::INVAL),
            },
        };
        let (accessed, modified) = (time(&times.last_access)?, time(&times.last_modification)?);
        self.tree.change(Operation::Times { id: self.id, accessed, modified })
    }

    pub(super) fn set_permissions(&self, mode: u32) -> Step<()> {
        self.tree.change(Operation::Mode { id: self.id, mode })
    }

    pub(super) fn xattr(&self, name: &[u8]) -> Step<Option<Vec<u8>>> {
        Ok(self.tree.state().nodes.node(self.id)?.xattr(name).map(<[u8]>::to_vec))
    }

    pub(super) fn set_xattr(&self, name: &[u8], value: &[u8]) -> Step<()> {
        self.tree.change(Operation::SetXattr { id: self.id, name: name.into(), value: value.into() })
    }

    /// True when it was there.
    pub(super) fn remove_xattr(&self, name: &[u8]) -> Step<bool> {
        match self.tree.change(Operation::RemoveXattr { id: self.id, name: name.into() }) {
            Ok(()) => Ok(true),
            Err(Errno::NODATA) => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) fn xattr_names(&self) -> Step<Vec<Vec<u8>>> {
        let state = self.tree.state();
        Ok(state.nodes.node(self.id)?.xattrs.iter().map(|(name, _)| name.to_vec()).collect())
    }
}

#[cfg(test)]
mod tests;
