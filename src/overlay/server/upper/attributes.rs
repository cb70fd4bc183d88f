//! Changing owner, mode, size and times.

use super::acl::{self, Acl};
use super::copy_up::{Contents, Purpose};
use super::record::{Record, TYPE};
use super::table::{Inode, Known};
use super::{Step, Upper};
use crate::overlay::server::adapter::{Change, NewTime, timespec};
use fuser::FileAttr;
use rustix::fs::{Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};
use rustix::io::Errno;
use std::sync::{Arc, PoisonError};

impl Upper {
    /// setattr: everything in one request.
    pub(super) fn change_attributes(&self, number: u64, change: &Change) -> Step<FileAttr> {
        let inode = self.inode(number)?;
        let adjust = |record: &mut Record| adjusted(record, change);
        let changes_record = is_owner_change(change) || change.mode.is_some();
        let contents = change.size.map_or(Contents::MayStay, Contents::First);
        let is_raised = self.raise(&inode, Purpose { contents, adjust: &adjust })?;
        if changes_record && !is_raised {
            self.update_record(&inode, &adjust)?;
        }
        // A directory keeps a capability set, which means nothing on it (`chown_common` in fs/open.c).
        if is_owner_change(change) && !inode.record().is_some_and(|record| record.is_directory()) {
            self.before_write(&inode, false)?;
        }
        if let Some(mode) = change.mode {
            self.follow_mode(&inode, mode)?;
        }
        if let Some(size) = change.size {
            self.truncate(&inode, size)?;
        }
        if change.accessed.is_some() || change.modified.is_some() {
            let times = Timestamps { last_access: time(change.accessed), last_modification: time(change.modified) };
            let _names = self.names_shared();
            self.target(&inode)?.set_times(&times)?;
        }
        let _names = self.names_shared();
        self.attributes_of(&inode)
    }

    /// Changes what is kept beside a file, and its permissions on the backing file system.
    pub(super) fn update_record(&self, inode: &Arc<Inode>, change: &dyn Fn(&mut Record)) -> Step<()> {
        // A change of attributes and a write that fetches the contents must not undo each other.
        let _copying = inode.copying.lock().unwrap_or_else(PoisonError::into_inner);
        self.update_record_alone(inode, change)
    }

    /// The same for who holds [`Inode::copying`].
    pub(super) fn update_record_alone(&self, inode: &Arc<Inode>, change: &dyn Fn(&mut Record)) -> Step<()> {
        let _names = self.names_shared();
        let target = self.target(inode)?;
        let before = inode.record().ok_or(Errno::STALE)?;
        let mut after = before.clone();
        change(&mut after);
        let is_link = after.mode & TYPE == libc::S_IFLNK;
        let changes_backing = before.backing_permissions() != after.backing_permissions();
        // Also for nothing but the change time.
        if !is_link && (changes_backing || before == after) {
            target.set_permissions(after.backing_permissions())?;
        }
        let backing_mode = match is_link {
            true => libc::S_IFLNK | 0o777,
            false if matches!(after.mode & TYPE, libc::S_IFREG | libc::S_IFDIR) => {
                after.mode & TYPE | after.backing_permissions()
            }
            false => libc::S_IFREG | after.backing_permissions(),
        };
        if after.is_needed(backing_mode) {
            if before != after {
                inode.state().attribute = Known::Perhaps;
                self.store.set_record(&target, &after.text())?;
            }
        } else if inode.state().attribute == Known::Perhaps {
            self.store.remove_record(&target)?;
            inode.state().attribute = Known::Absent;
        }
        inode.state().record = Some(Box::new(after));
        Ok(())
    }

    /// chmod(2) changes the access list, too.
    fn follow_mode(&self, inode: &Arc<Inode>, mode: u32) -> Step<()> {
        let is_link = inode.record().is_some_and(|record| record.mode & TYPE == libc::S_IFLNK);
        if is_link || inode.state().access_acl == Known::Absent {
            return Ok(());
        }
        let _names = self.names_shared();
        let target = self.target(inode)?;
        match self.store.xattr(&target, acl::ACCESS)?.as_deref().and_then(Acl::parse) {
            Some(list) => self.store.set_xattr(&target, acl::ACCESS, list.with_mode(mode).value()),
            None => {
                inode.state().access_acl = Known::Absent;
                Ok(())
            }
        }
    }
}

fn adjusted(record: &mut Record, change: &Change) {
    if let Some(mode) = change.mode {
        record.mode = record.mode & TYPE | mode & 0o7777;
    }
    record.uid = change.uid.unwrap_or(record.uid);
    record.gid = change.gid.unwrap_or(record.gid);
    // A change of owner takes set-id bits from who does not set them in the same breath (chown(2)).
    if is_owner_change(change) && change.mode.is_none() {
        record.drop_set_id();
    }
}

/// Nothing at all is what chown(2) with neither user nor group sends: it takes the set-id bits as well.
fn is_owner_change(change: &Change) -> bool {
    let nothing = change.mode.is_none()
        && change.size.is_none()
        && change.accessed.is_none()
        && change.modified.is_none()
        && change.changed.is_none();
    change.uid.is_some() || change.gid.is_some() || nothing
}

fn time(time: Option<NewTime>) -> Timespec {
    match time {
        None => Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        Some(NewTime::Now) => Timespec { tv_sec: 0, tv_nsec: UTIME_NOW },
        Some(NewTime::At(time)) => timespec(time),
    }
}
