//! From a name to an inode, and an inode's attributes.

use super::handle::Handle;
use super::record::{Origin, Record};
use super::table::{Inode, Known, Name, State};
use super::target::Target;
use super::{ROOT_INODE, Step, Upper, lower_errno, lower_inode, space, whiteout};
use crate::overlay::server::directory::{file_type, system_time};
use crate::sys::memory;
use fuser::{FileAttr, FileType, INodeNo};
use rustix::fs::Stat;
use rustix::io::Errno;
use std::sync::Arc;

/// What a name leads to.
enum Entry {
    Above(Target, Box<Stat>),
    Below(FileAttr),
}

/// NAME_MAX (limits.h); statfs(2) promises it, too.
const NAME_MAX_BYTES: usize = 255;

impl Upper {
    /// The file called `name` in `parent`, which counts as a lookup.
    pub(super) fn find(&self, parent: &Arc<Inode>, name: &[u8]) -> Step<Option<(Arc<Inode>, FileAttr)>> {
        match self.search(parent, name)? {
            None => Ok(None),
            Some(Entry::Above(target, stat)) => self.found_upper(parent, name, target, &stat).map(Some),
            Some(Entry::Below(found)) => self.found_lower(parent, name, found).map(Some),
        }
    }

    /// The same for the kernel, which wants the attributes only.
    pub(super) fn find_attributes(&self, parent: &Arc<Inode>, name: &[u8]) -> Step<Option<FileAttr>> {
        let found = match self.search(parent, name)? {
            None => return Ok(None),
            Some(Entry::Above(target, stat)) => {
                if let Some(attributes) = self.found_made(parent, name, &stat) {
                    return Ok(Some(attributes));
                }
                self.found_upper(parent, name, target, &stat)?
            }
            Some(Entry::Below(found)) => {
                let may_stay = found.kind != FileType::Directory && found.nlink == 1 && self.lower.tells_names();
                if may_stay && self.table().remember_untouched(found.ino.0, parent) {
                    return Ok(Some(found));
                }
                self.found_lower(parent, name, found)?
            }
        };
        Ok(Some(found.1))
    }

    /// Counts a lookup of a file that was made here and that nothing is going on with.
    fn found_made(&self, parent: &Inode, name: &[u8], stat: &Stat) -> Option<FileAttr> {
        let mut table = self.table();
        let number = table.upper_number(stat.st_ino);
        let record = table.remember_made(number, parent, name)?;
        drop(table);
        Some(self.upper_attributes((number, None), stat, &record))
    }

    /// Where `name` of `parent` is; below, that is one lookup of it.
    fn search(&self, parent: &Arc<Inode>, name: &[u8]) -> Step<Option<Entry>> {
        if self.store.is_reserved(name) || matches!(name, b"." | b"..") || name.contains(&b'/') {
            return Ok(None);
        }
        // The kernel asks for longer ones (`FUSE_NAME_MAX`), and "no such file" would be answered for a directory below.
        if name.len() > NAME_MAX_BYTES {
            return Err(Errno::NAMETOOLONG);
        }
        let directory = if parent.is_upper() { Some(self.directory(parent)?) } else { None };
        if let Some(directory) = &directory {
            let target = Target::named(directory, name);
            match target.stat() {
                Ok(stat) => return Ok(Some(Entry::Above(target.with(&stat), Box::new(stat)))),
                Err(Errno::NOENT) => {}
                Err(error) => return Err(error),
            }
        }
        let Some(found) = self.lower_child(parent, name)? else { return Ok(None) };
        if directory.is_some_and(|directory| is_hidden(&directory, name)) {
            self.lower.forget(found.ino.0, 1);
            return Ok(None);
        }
        Ok(Some(Entry::Below(found)))
    }

    /// The same for our own use: not counted.
    pub(super) fn peek(&self, parent: &Arc<Inode>, name: &[u8]) -> Step<Option<Arc<Inode>>> {
        let found = self.find(parent, name)?;
        Ok(found.map(|(inode, _)| {
            self.forget_inode(inode.number, 1);
            inode
        }))
    }

    /// The kernel, or [`Upper::peek`], drops references.
    pub(super) fn forget_inode(&self, number: u64, count: u64) {
        let (gone, were_many) = {
            let mut table = self.table();
            (table.forget(number, count), table.shrink())
        };
        for inode in gone {
            if let Some(lower) = inode.lower {
                self.lower.forget(lower, 1);
            }
            self.directories.remove(inode.number);
            let file = self.files.remove(inode.number);
            let (orphan, charged) = {
                let mut state = inode.state();
                (state.orphan.take(), state.charged)
            };
            drop(file);
            if let Some(orphan) = orphan {
                self.bury(*orphan, charged);
            }
        }
        if were_many {
            memory::release_heap();
        }
    }

    /// Nobody can reach a file without a name any more.
    fn bury(&self, orphan: Target, charged: u64) {
        if self.space.is_limited() || self.store.is_beside(&orphan) {
            // The name it has as long as we can reach it: in the work directory, or an NFS client's.
            let own = u8::from(orphan.descriptor().is_none() || self.store.keeps_open_names);
            let has_other_names = orphan.stat().is_ok_and(|stat| stat.st_nlink > own.into());
            if !has_other_names {
                self.space.charge(charged, 0);
                self.store.forget_attributes(&orphan);
            }
        }
        orphan.unlink_temporary();
    }

    fn lower_child(&self, parent: &Inode, name: &[u8]) -> Step<Option<FileAttr>> {
        let Some(lower) = parent.lower else { return Ok(None) };
        self.lower.lookup(lower, name).map_err(lower_errno)
    }

    /// Whether the lower directory of `parent` has an entry `name`, hidden or not.
    pub(super) fn is_below(&self, parent: &Inode, name: &[u8]) -> Step<bool> {
        let found = self.lower_child(parent, name)?;
        if let Some(found) = &found {
            self.lower.forget(found.ino.0, 1);
        }
        Ok(found.is_some())
    }

    /// Takes in a lower file; `found` is one lookup of it.
    fn found_lower(&self, parent: &Arc<Inode>, name: &[u8], found: FileAttr) -> Step<(Arc<Inode>, FileAttr)> {
        let number = found.ino.0;
        let (inode, is_new) = self.table().remember(number, || lower_inode(number, parent, name));
        if !is_new {
            self.lower.forget(number, 1);
            add_name(&inode, parent, name);
        }
        if inode.is_upper() {
            let attributes = self.attributes_of(&inode)?;
            return Ok((inode, attributes));
        }
        let attributes = lower_attributes(&inode, found);
        Ok((inode, attributes))
    }

    /// Takes in a file of the upper directory.
    fn found_upper(
        &self,
        parent: &Arc<Inode>,
        name: &[u8],
        target: Target,
        stat: &Stat,
    ) -> Step<(Arc<Inode>, FileAttr)> {
        let own_number = self.table().upper_number(stat.st_ino);
        let known = self.table().record(own_number);
        let mut attribute = Known::Perhaps;
        let record = match known {
            Some(record) => record,
            None => match self.store.record(&target)? {
                Some(text) => Record::parse(&text).unwrap_or_else(|| Record::of_backing(stat)),
                None => {
                    attribute = Known::Absent;
                    Record::of_backing(stat)
                }
            },
        };
        let lower = self.origin(parent, name, &record)?;
        let number = lower.unwrap_or(own_number);
        let (inode, is_new) = self.table().remember(number, || {
            // It may have been known a moment ago, changed and settled or forgotten; now nobody can.
            let again = if record.contents_below { self.store.record(&target).ok().flatten() } else { None };
            let record = again.as_deref().and_then(Record::parse).unwrap_or_else(|| record.clone());
            let state = State {
                names: vec![Name { directory: Arc::clone(parent), name: name.into() }],
                record: Some(Box::new(record)),
                backing: stat.st_ino,
                charged: space::allocated(stat),
                attribute,
                ..State::default()
            };
            Inode::new(number, lower, state)
        });
        if !is_new {
            if let Some(lower) = lower {
                self.lower.forget(lower, 1);
            }
            add_name(&inode, parent, name);
            let mut state = inode.state();
            if state.record.is_none() {
                (state.record, state.backing) = (Some(Box::new(record.clone())), stat.st_ino);
                state.charged = space::allocated(stat);
            }
        }
        let record = inode.record().unwrap_or(record);
        let attributes = self.upper_attributes((number, inode.lower), stat, &record);
        Ok((inode, attributes))
    }

    /// The lower inode that an upper file was, as one lookup of it.
    fn origin(&self, parent: &Inode, name: &[u8], record: &Record) -> Step<Option<u64>> {
        let found = match &record.origin {
            None => None,
            Some(Origin::Here) => self.lower_child(parent, name)?,
            Some(Origin::Path(path)) => self.lower_walk(path)?,
        };
        let Some(found) = found else { return Ok(None) };
        // A directory can only continue a directory.
        if (found.kind == FileType::Directory) == record.is_directory() {
            return Ok(Some(found.ino.0));
        }
        self.lower.forget(found.ino.0, 1);
        Ok(None)
    }

    /// One lookup of the file at a path of the lower tree.
    fn lower_walk(&self, path: &[u8]) -> Step<Option<FileAttr>> {
        let mut found: Option<FileAttr> = None;
        for name in path.split(|&byte| byte == b'/').filter(|name| !name.is_empty()) {
            let directory = found.map_or(ROOT_INODE, |found| found.ino.0);
            let next = self.lower.lookup(directory, name).map_err(lower_errno);
            if let Some(found) = found {
                self.lower.forget(found.ino.0, 1);
            }
            match next? {
                Some(next) => found = Some(next),
                None => return Ok(None),
            }
        }
        Ok(found)
    }

    /// Attributes of any inode.
    pub(super) fn attributes_of(&self, inode: &Arc<Inode>) -> Step<FileAttr> {
        match (inode.record(), inode.lower) {
            (Some(record), _) => {
                let kept = if record.is_directory() { &self.directories } else { &self.files };
                let mut stat = match kept.get(inode.number) {
                    Some(file) => file.stat()?,
                    None => self.target(inode)?.stat()?,
                };
                if self.keeps_hidden_name(inode, &record) {
                    stat.st_nlink = stat.st_nlink.saturating_sub(1);
                }
                Ok(self.upper_attributes((inode.number, inode.lower), &stat, &record))
            }
            (None, Some(lower)) => {
                let found = self.lower.attributes(lower).map_err(lower_errno)?;
                Ok(lower_attributes(inode, found))
            }
            (None, None) => Err(Errno::STALE),
        }
    }

    /// Whether a file that has no name for the container has one by which we reach it: in the work directory, or an NFS client's.
    fn keeps_hidden_name(&self, inode: &Inode, record: &Record) -> bool {
        let state = inode.state();
        let Some(orphan) = &state.orphan else { return false };
        self.store.keeps_open_names || (orphan.place().is_some() && !record.is_directory())
    }

    /// Attributes of an inode of this number that is or was this one below.
    pub(super) fn upper_attributes(
        &self,
        (number, lower): (u64, Option<u64>),
        stat: &Stat,
        record: &Record,
    ) -> FileAttr {
        let modified = system_time(stat.st_mtime, stat.st_mtime_nsec as i64);
        let changed = system_time(stat.st_ctime, stat.st_ctime_nsec as i64);
        let kind = file_type(record.kind());
        // As the kernel's overlay: counting the subdirectories of both would cost more than anybody gains.
        let is_merged = kind == FileType::Directory && lower.is_some();
        let below = lower.filter(|_| record.contents_below);
        let (size, blocks) = match below.and_then(|lower| self.lower.attributes(lower).ok()) {
            Some(found) => (found.size, found.blocks),
            None => (u64::try_from(stat.st_size).unwrap_or(0), u64::try_from(stat.st_blocks).unwrap_or(0)),
        };
        FileAttr {
            ino: INodeNo(number),
            size,
            blocks,
            atime: system_time(stat.st_atime, stat.st_atime_nsec as i64),
            mtime: modified,
            ctime: changed,
            crtime: changed,
            kind,
            perm: (record.mode & 0o7777) as u16,
            nlink: if is_merged { 1 } else { stat.st_nlink as u32 },
            uid: self.ids.uid(record.uid),
            gid: self.ids.gid(record.gid),
            rdev: record.device,
            blksize: 4096,
            flags: 0,
        }
    }
}

/// A file of several names is known by all that were used.
fn add_name(inode: &Arc<Inode>, directory: &Arc<Inode>, name: &[u8]) {
    if inode.number == directory.number {
        return;
    }
    let mut state = inode.state();
    if !state.names.iter().any(|known| known.is(directory, name)) {
        state.names.push(Name { directory: Arc::clone(directory), name: name.into() });
        state.orphan = None;
        state.access_acl = Known::Perhaps;
    }
}

/// Whether a whiteout hides `name` in an upper directory.
pub(super) fn is_hidden(directory: &Handle, name: &[u8]) -> bool {
    Target::named(directory, &whiteout::of(name)).stat().is_ok()
}

fn lower_attributes(inode: &Inode, found: FileAttr) -> FileAttr {
    let lost = inode.state().lost_names;
    FileAttr { nlink: found.nlink.saturating_sub(lost), ..found }
}
