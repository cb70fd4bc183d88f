//! Making and removing names.

use super::acl::{self, Acl};
use super::copy_up::Purpose;
use super::handle::Handle;
use super::record::{Record, TYPE};
use super::table::{Inode, Known, Name, State};
use super::target::Target;
use super::{Step, Upper, lookup, space, store, whiteout};
use crate::overlay::server::adapter::{New, Place};
use fuser::FileAttr;
use rustix::fs::{Mode, OFlags, Stat};
use rustix::io::Errno;
use std::sync::Arc;

impl Upper {
    /// Makes a file, FIFO, socket, device or directory.
    pub(super) fn make(&self, new: &New<'_>) -> Step<FileAttr> {
        let parent = self.parent_to_change(new.place)?;
        self.space.check(space::SMALLEST)?;
        let (record, lists) = self.inherited(&parent, new)?;
        let _names = self.names_shared();
        let directory = self.directory(&parent)?;
        self.refuse_existing(&parent, &directory, new.place.name)?;
        let permissions = Mode::from_raw_mode(record.backing_permissions());
        let target = Target::named(&directory, new.place.name);
        if !record.is_directory() {
            let file = self.with_descriptors(|| directory.create(new.place.name, permissions))?;
            let stat = file.stat()?;
            let made = Target::opened(file.clone()).with(&stat);
            let recorded = self.record_new(&made, &record, &lists, &stat);
            return self.finish_new((&parent, new.place.name), target, recorded, record, Some(file));
        }
        // A directory under its name is complete only with its record.
        let needs_record = record.is_needed(libc::S_IFDIR | record.backing_permissions()) || !lists.is_empty();
        if !needs_record {
            directory.make_directory(new.place.name, permissions)?;
            let recorded = self.record_new(&target, &record, &lists, &target.stat()?);
            return self.finish_new((&parent, new.place.name), target, recorded, record, None);
        }
        let (tmp, name) = self.store.temporary();
        tmp.make_directory(&name, permissions)?;
        let made = Target::named(&tmp, &name);
        let made = made.clone().with(&made.stat()?);
        let recorded = self.record_new(&made, &record, &lists, &made.stat()?).and_then(|stat| {
            store::rename_new((&tmp, &name), (&directory, new.place.name))?;
            Ok(stat)
        });
        if recorded.is_err() {
            let _ = tmp.remove_directory(&name);
        }
        self.finish_new((&parent, new.place.name), target, recorded, record, None)
    }

    /// Makes a regular file without a name. It has one in the work directory until it is given another or the kernel forgets it, so
    /// that it can be named on any file system.
    pub(super) fn make_unnamed(&self, new: &New<'_>) -> Step<FileAttr> {
        let parent = self.inode(new.place.directory)?;
        self.raise(&parent, Purpose::WHOLE)?;
        self.space.check(space::SMALLEST)?;
        let (record, lists) = self.inherited(&parent, new)?;
        let (tmp, name) = self.store.temporary();
        let permissions = Mode::from_raw_mode(record.backing_permissions());
        let file = self.with_descriptors(|| tmp.create(&name, permissions))?;
        let stat = file.stat()?;
        let made = Target::opened(file.clone()).with(&stat);
        let recorded = self.record_new(&made, &record, &lists, &stat);
        let place = (&parent, b"".as_slice());
        self.finish_new(place, Target::named(&tmp, &name).with(&stat), recorded, record, Some(file))
    }

    /// Makes a symbolic link.
    pub(super) fn make_link(&self, new: &New<'_>, text: &[u8]) -> Step<FileAttr> {
        let parent = self.parent_to_change(new.place)?;
        self.space.check(space::SMALLEST)?;
        let (record, _) = self.inherited(&parent, &New { mode: libc::S_IFLNK | 0o777, umask: 0, ..*new })?;
        let _names = self.names_shared();
        let directory = self.directory(&parent)?;
        self.refuse_existing(&parent, &directory, new.place.name)?;
        directory.make_symlink(text, new.place.name)?;
        let target = Target::named(&directory, new.place.name);
        let stat = target.stat()?;
        let target = target.with(&stat);
        self.store.forget_attributes(&target);
        let recorded = if record.is_needed(stat.st_mode) {
            self.store.set_record(&target, &record.text()).map(|()| stat)
        } else {
            Ok(stat)
        };
        self.finish_new((&parent, new.place.name), target, recorded, record, None)
    }

    /// The directory in which a name is about to change.
    fn parent_to_change(&self, place: Place<'_>) -> Step<Arc<Inode>> {
        if self.store.is_reserved(place.name) {
            return Err(Errno::INVAL);
        }
        let parent = self.inode(place.directory)?;
        self.raise(&parent, Purpose::WHOLE)?;
        Ok(parent)
    }

    /// The kernel has looked, and has locked the directory since; this keeps a lost race from hiding a file.
    fn refuse_existing(&self, parent: &Inode, directory: &Handle, name: &[u8]) -> Step<()> {
        if self.is_below(parent, name)? && !lookup::is_hidden(directory, name) {
            return Err(Errno::EXIST);
        }
        Ok(())
    }

    /// Owner, mode and access lists of a new file, given those of its directory.
    fn inherited(&self, parent: &Arc<Inode>, new: &New<'_>) -> Step<(Record, Lists)> {
        let above = parent.record().ok_or(Errno::STALE)?;
        let inherits_group = above.mode & libc::S_ISGID != 0;
        let gid = if inherits_group { above.gid } else { new.caller.gid };
        let is_directory = new.mode & TYPE == libc::S_IFDIR;
        let set_group = if inherits_group && is_directory { libc::S_ISGID } else { 0 };
        let device = if matches!(new.mode & TYPE, libc::S_IFCHR | libc::S_IFBLK) { new.device } else { 0 };
        let mode = new.mode & (TYPE | 0o7777) | set_group;
        let uid = new.caller.uid;
        let mode_kept = mode & !(new.umask & 0o777);
        let mut record = Record { uid, gid, mode: mode_kept, device, contents_below: false, origin: None };
        let mut lists = Lists::default();
        if let Some(list) = self.default_list(parent)? {
            if is_directory {
                lists.default = Some(list.clone());
            }
            if new.mode & TYPE != libc::S_IFLNK {
                let (access, mode) = list.inherit(mode);
                record.mode = mode;
                lists.access = Some(access).filter(|access| !access.is_minimal());
            }
        }
        Ok((record, lists))
    }

    /// The list that new files in `parent` inherit.
    fn default_list(&self, parent: &Arc<Inode>) -> Step<Option<Acl>> {
        if parent.state().default_acl == Known::Absent {
            return Ok(None);
        }
        let found = self.store.xattr(&self.target(parent)?, acl::DEFAULT)?;
        let list = found.as_deref().and_then(Acl::parse).filter(|list| !list.is_empty());
        if list.is_none() {
            parent.state().default_acl = Known::Absent;
        }
        Ok(list)
    }

    /// Puts beside a new file what the backing file system did not take, and gives its status.
    fn record_new(&self, made: &Target, record: &Record, lists: &Lists, stat: &Stat) -> Step<Stat> {
        let target = made.clone().with(stat);
        self.store.forget_attributes(&target);
        let mut stat = *stat;
        // The umask of this process, or the file system.
        if stat.st_mode & 0o777 != record.backing_permissions() {
            target.set_permissions(record.backing_permissions())?;
            stat = target.stat()?;
        }
        if record.is_needed(stat.st_mode) {
            self.store.set_record(&target, &record.text())?;
        }
        for (name, list) in [(acl::ACCESS, &lists.access), (acl::DEFAULT, &lists.default)] {
            if let Some(list) = list {
                self.store.set_xattr(&target, name, list.value())?;
            }
        }
        Ok(stat)
    }

    /// Takes a new file into the table, or takes back one that could not be completed. One without a name stays at `target`.
    fn finish_new(
        &self,
        (parent, name): (&Arc<Inode>, &[u8]),
        target: Target,
        recorded: Step<Stat>,
        record: Record,
        file: Option<Handle>,
    ) -> Step<FileAttr> {
        let stat = match recorded {
            Ok(stat) => stat,
            Err(error) => {
                target.unlink_temporary();
                return Err(error);
            }
        };
        let has_default = record.is_directory() && parent.state().default_acl == Known::Perhaps;
        let charged = space::allocated(&stat);
        self.space.charge(0, charged);
        let mut table = self.table();
        let number = table.upper_number(stat.st_ino);
        let (inode, _) = table.remember(number, || Inode::new(number, None, State::default()));
        drop(table);
        if let Some(file) = file.filter(|_| record.mode & TYPE == libc::S_IFREG) {
            self.files.insert(number, file);
        }
        {
            let mut state = inode.state();
            match name.is_empty() {
                true => state.orphan = Some(Box::new(target)),
                false => state.names = vec![Name { directory: Arc::clone(parent), name: name.into() }],
            }
            state.record = Some(Box::new(record.clone()));
            state.backing = stat.st_ino;
            state.charged = charged;
            state.attribute = if record.is_needed(stat.st_mode) { Known::Perhaps } else { Known::Absent };
            state.capability = Known::Absent;
            state.default_acl = if has_default { Known::Perhaps } else { Known::Absent };
            state.access_acl = parent.state().default_acl;
        }
        let attributes = self.upper_attributes((number, None), &stat, &record);
        Ok(if name.is_empty() { FileAttr { nlink: 0, ..attributes } } else { attributes })
    }

    /// Gives a file another name, or one that was made without a name its first.
    pub(super) fn link_to(&self, number: u64, place: Place<'_>) -> Step<FileAttr> {
        let parent = self.parent_to_change(place)?;
        let inode = self.inode(number)?;
        self.raise(&inode, Purpose::OUTSIDE)?;
        self.space.check(space::SMALLEST)?;
        let names = self.names_exclusive();
        let directory = self.directory(&parent)?;
        self.refuse_existing(&parent, &directory, place.name)?;
        // "Here" means one place only.
        self.fix_origin(&inode)?;
        match inode.name() {
            Some(from) => {
                let from_directory = self.directory(&from.directory)?;
                from_directory.link(&from.name, &directory, place.name)?;
            }
            None => {
                let state = inode.state();
                let temporary = state.orphan.as_ref().and_then(|orphan| orphan.place()).ok_or(Errno::NOENT)?;
                store::rename_new(temporary, (&directory, place.name))?;
            }
        }
        {
            let mut state = inode.state();
            state.orphan = None;
            state.names.push(Name { directory: Arc::clone(&parent), name: place.name.into() });
        }
        drop(names);
        self.table().remember(number, || Inode::new(number, inode.lower, State::default()));
        self.attributes_of(&inode)
    }

    /// Removes a name that is not a directory's.
    pub(super) fn unlink_name(&self, place: Place<'_>) -> Step<()> {
        let parent = self.parent_to_change(place)?;
        let _names = self.names_shared();
        let inode = self.peek(&parent, place.name)?.ok_or(Errno::NOENT)?;
        let directory = self.directory(&parent)?;
        self.hide_below(&parent, &directory, place.name)?;
        if inode.is_upper() {
            self.keep_if_last(&inode, &parent, place.name)?;
            match directory.unlink(place.name) {
                // A name below of a file that was copied up under another one.
                Ok(()) | Err(Errno::NOENT) => {}
                Err(error) => {
                    inode.state().orphan = None;
                    return Err(error);
                }
            }
        }
        self.lost(&inode, &parent, place.name);
        Ok(())
    }

    /// Lays a whiteout if there is something below that would appear.
    pub(super) fn hide_below(&self, parent: &Inode, directory: &Handle, name: &[u8]) -> Step<()> {
        if !self.is_below(parent, name)? {
            return Ok(());
        }
        let mode = Mode::from_raw_mode(0o600);
        match directory.make_file(&whiteout::of(name), mode) {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Before the name goes: holds the file, if it may be the last name by which we can reach it.
    pub(super) fn keep_if_last(&self, inode: &Arc<Inode>, parent: &Inode, name: &[u8]) -> Step<()> {
        let others = inode.state().names.iter().any(|known| !known.is(parent, name));
        if others || inode.state().orphan.is_some() || !inode.is_upper() {
            return Ok(());
        }
        let target = self.target(inode)?;
        let is_file = inode.record().is_some_and(|record| record.mode & TYPE == libc::S_IFREG);
        let kept = match if is_file { self.files.remove(inode.number) } else { self.directories.remove(inode.number) } {
            Some(known) => known,
            None => {
                let flags = if is_file { OFlags::RDWR } else { OFlags::PATH };
                self.with_descriptors(|| target.open(flags | OFlags::NOFOLLOW))?
            }
        };
        let kept = Target::opened(kept).known_as(target.backing, target.is_link);
        inode.state().orphan = Some(Box::new(kept));
        Ok(())
    }

    /// After the name is gone.
    pub(super) fn lost(&self, inode: &Arc<Inode>, parent: &Inode, name: &[u8]) {
        let mut state = inode.state();
        state.names.retain(|known| !known.is(parent, name));
        if !state.is_upper() {
            state.lost_names += 1;
        }
        drop(state);
        self.space.removed();
    }

    /// Removes a directory.
    pub(super) fn remove_empty_directory(&self, place: Place<'_>) -> Step<()> {
        let parent = self.parent_to_change(place)?;
        let _names = self.names_shared();
        let inode = self.peek(&parent, place.name)?.ok_or(Errno::NOENT)?;
        if !self.is_empty(&inode)? {
            return Err(Errno::NOTEMPTY);
        }
        let directory = self.directory(&parent)?;
        self.hide_below(&parent, &directory, place.name)?;
        if Target::named(&directory, place.name).stat().is_ok() {
            self.keep_if_last(&inode, &parent, place.name)?;
            self.remove_backing_directory(&directory, place.name)?;
            let charged = std::mem::take(&mut inode.state().charged);
            self.space.charge(charged, 0);
        }
        self.lost(&inode, &parent, place.name);
        self.listings.removed(inode.number);
        Ok(())
    }

    /// Removes a directory that holds whiteouts at most. These go where nobody sees what they hid.
    pub(super) fn remove_backing_directory(&self, directory: &Handle, name: &[u8]) -> Step<()> {
        match directory.remove_directory(name) {
            Err(Errno::NOTEMPTY | Errno::EXIST) => {
                let (tmp, aside) = self.store.temporary();
                directory.rename(name, &tmp, &aside)?;
                store::remove_emptied(&tmp, &aside)
            }
            result => result,
        }
    }

    /// Whether a directory shows no entries.
    pub(super) fn is_empty(&self, inode: &Arc<Inode>) -> Step<bool> {
        let mut hidden = std::collections::HashSet::new();
        if inode.is_upper() {
            for (name, _) in self.directory(inode)?.names()? {
                if !self.store.is_reserved(&name) {
                    return Ok(false);
                }
                hidden.insert(name);
            }
        }
        let mut is_empty = true;
        self.below(inode, &mut |name, _| {
            is_empty = is_empty && hidden.contains(&whiteout::of(name));
        })?;
        Ok(is_empty)
    }
}

/// Access lists of a new file.
#[derive(Debug, Default)]
struct Lists {
    access: Option<Acl>,
    default: Option<Acl>,
}

impl Lists {
    fn is_empty(&self) -> bool {
        self.access.is_none() && self.default.is_none()
    }
}
