//! Copying a file from below before its first change.
//!
//! The copy is made in the work directory and appears in its place by a rename, complete. Directories above it are made
//! the same way first, and the times of the directory that gets the new entry are put back: to the container nothing
//! happened. The contents are read without any lock that other files need. They stay below when the change is none of
//! them (chmod, chown, rename, link) and the lower tree is one that never changes; the first write fetches them.

use super::handle::Handle;
use super::record::{Origin, Record, TYPE};
use super::table::{Inode, Known, Name};
use super::target::Target;
use super::{ROOT_INODE, Step, Upper, lower_errno, space};
use crate::overlay::server::adapter::timespec;
use fuser::{FileAttr, FileType};
use rustix::fs::{Mode, Timespec, Timestamps};
use rustix::io::Errno;
use std::sync::{Arc, PoisonError};

/// What a copy is made for.
#[derive(Clone, Copy)]
pub(super) struct Purpose<'a> {
    /// What the copy needs of the contents.
    pub contents: Contents,
    /// What is to be different about the copy's record.
    pub adjust: &'a dyn Fn(&mut Record),
}

impl Purpose<'_> {
    /// The file as it is.
    pub(super) const WHOLE: Purpose<'static> = Purpose { contents: Contents::First(u64::MAX), adjust: &|_| {} };
    /// The file as it is, whose contents are not about to change.
    pub(super) const OUTSIDE: Purpose<'static> = Purpose { contents: Contents::MayStay, adjust: &|_| {} };
}

/// What a copy needs of a file's contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contents {
    /// They may stay below.
    MayStay,
    /// So many bytes: none for a file that is about to be truncated.
    First(u64),
}

/// A copy that has no place yet.
struct Copy {
    directory: Handle,
    name: Box<[u8]>,
    target: Target,
    file: Option<Handle>,
    record: Record,
    /// What it inherits from below.
    attributes: Known,
}

impl Copy {
    /// Takes it back; the next start removes what remains.
    fn remove(&self) {
        let _ = match self.record.is_directory() {
            true => self.directory.remove_directory(&self.name),
            false => self.directory.unlink(&self.name),
        };
    }
}

impl Upper {
    /// Makes sure that `inode` has a backing file; true when this call has made it. The names lock must not be held.
    pub(super) fn raise(&self, inode: &Arc<Inode>, purpose: Purpose<'_>) -> Step<bool> {
        if inode.is_upper() {
            return Ok(false);
        }
        let mut above = Vec::new();
        let mut name = inode.name();
        while let Some(place) = name.filter(|place| !place.directory.is_upper()) {
            name = place.directory.name();
            above.push(place.directory);
        }
        while let Some(directory) = above.pop() {
            self.raise_one(&directory, Purpose::WHOLE)?;
        }
        self.raise_one(inode, purpose)
    }

    fn raise_one(&self, inode: &Arc<Inode>, purpose: Purpose<'_>) -> Step<bool> {
        let _copying = inode.copying.lock().unwrap_or_else(PoisonError::into_inner);
        if inode.is_upper() {
            return Ok(false);
        }
        let lower = inode.lower.ok_or(Errno::STALE)?;
        let attributes = self.lower.attributes(lower).map_err(lower_errno)?;
        let mut others = Vec::new();
        if attributes.nlink > 1 && attributes.kind == FileType::RegularFile {
            others = self.lower.names(lower);
        }
        let origin = match others.is_empty() {
            true => inode.state().origin(),
            // With several names, "here" would be ambiguous. Of those it had below, one that is removed will do.
            false => {
                inode.lower_path().or_else(|| self.path_below(others.first()?)).map(|path| Origin::Path(path.into()))
            }
        };
        let mode = mode_of(attributes.kind) | u32::from(attributes.perm);
        let (uid, gid) = (attributes.uid, attributes.gid);
        let (keep, contents_below) = match purpose.contents {
            Contents::First(keep) => (keep, false),
            // What cannot be found again has to come along.
            Contents::MayStay => (u64::MAX, origin.is_some() && self.may_stay_below(&attributes)),
        };
        let mut record = Record { uid, gid, mode, device: attributes.rdev, contents_below, origin };
        (purpose.adjust)(&mut record);
        let copy = self.with_descriptors(|| self.copy(lower, &attributes, record.clone(), keep))?;
        let published = self.publish(inode, &copy, &others);
        if published.is_err() {
            copy.remove();
        }
        published.map(|()| true)
    }

    /// Path in the lower tree of a name there.
    fn path_below(&self, (directory, name): &(u64, Vec<u8>)) -> Option<Vec<u8>> {
        let mut path = self.lower.directory_path(*directory)?;
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name);
        Some(path)
    }

    /// Whether a copy need not have the file's contents.
    fn may_stay_below(&self, attributes: &FileAttr) -> bool {
        attributes.kind == FileType::RegularFile && attributes.size > 0 && self.lower.keeps_contents()
    }

    /// Gives a backing file that was made without contents the first `keep` bytes of them, before they change. A crash before the
    /// record says so leaves the file as it was. The names lock must not be held.
    pub(super) fn fetch_contents(&self, inode: &Arc<Inode>, keep: u64) -> Step<()> {
        if !inode.has_contents_below() {
            return Ok(());
        }
        let _copying = inode.copying.lock().unwrap_or_else(PoisonError::into_inner);
        if !inode.has_contents_below() {
            return Ok(());
        }
        let lower = inode.lower.ok_or(Errno::IO)?;
        let attributes = self.lower.attributes(lower).map_err(lower_errno)?;
        let length = attributes.size.min(keep);
        self.space.check(length.min(attributes.blocks.saturating_mul(512)))?;
        let file = self.file(inode)?;
        let before = file.stat()?;
        let copied = self.lower.copy_out(lower, file.contents()?, length).map_err(lower_errno);
        put_times_back(&file, &before)?;
        let finished = copied.and_then(|()| self.update_record_alone(inode, &|record| record.contents_below = false));
        self.count(inode, &file)?;
        finished
    }

    /// Makes the copy.
    fn copy(&self, lower: u64, attributes: &FileAttr, record: Record, keep: u64) -> Step<Copy> {
        self.space.check(space::SMALLEST)?;
        let (directory, name) = self.store.temporary();
        let mode = Mode::from_raw_mode(record.backing_permissions());
        let mut file = None;
        match record.mode & TYPE {
            libc::S_IFDIR => directory.make_directory(&name, mode)?,
            libc::S_IFLNK => {
                let text = self.lower.link_target(lower).map_err(lower_errno)?;
                directory.make_symlink(&text, &name)?;
            }
            _ => file = Some(directory.create(&name, mode)?),
        }
        let target = match &file {
            Some(file) => Target::opened(file.clone()),
            None => Target::named(&directory, &name),
        };
        let stat = target.stat()?;
        let target = target.with(&stat);
        let mut copy = Copy { directory, name, target, file, record, attributes: Known::Perhaps };
        match self.fill(&copy, lower, (attributes, stat.st_mode), keep) {
            Ok(found) => {
                copy.attributes = found;
                Ok(copy)
            }
            Err(error) => {
                copy.remove();
                Err(error)
            }
        }
    }

    /// Gives the copy, made with `mode`, all that the lower file has. Tells whether that has attributes.
    fn fill(&self, copy: &Copy, lower: u64, (attributes, mode): (&FileAttr, u32), keep: u64) -> Step<Known> {
        let wants_contents = attributes.kind == FileType::RegularFile && !copy.record.contents_below;
        if let (Some(file), true) = (&copy.file, wants_contents) {
            let length = attributes.size.min(keep);
            self.space.check(length.min(attributes.blocks.saturating_mul(512)))?;
            self.lower.copy_out(lower, file.contents()?, length).map_err(lower_errno)?;
        }
        self.store.forget_attributes(&copy.target);
        if copy.record.mode & TYPE != libc::S_IFLNK && mode & 0o777 != copy.record.backing_permissions() {
            copy.target.set_permissions(copy.record.backing_permissions())?;
        }
        self.store.set_record(&copy.target, &copy.record.text())?;
        let mut failed = None;
        let mut found = Known::Absent;
        let visited = self.lower.xattrs(lower, &mut |name, value| {
            found = Known::Perhaps;
            failed = failed.or(self.store.set_xattr(&copy.target, name, value).err());
        });
        match (visited, failed) {
            (_, Some(error)) => return Err(error),
            (Err(error), _) if error.code() != libc::ENOSYS => return Err(lower_errno(error)),
            _ => {}
        }
        copy.target.set_times(&times(attributes))?;
        Ok(found)
    }

    /// Gives the copy its place, or its places.
    fn publish(&self, inode: &Arc<Inode>, copy: &Copy, others: &[(u64, Vec<u8>)]) -> Step<()> {
        let mut links = Vec::new();
        for (directory, name) in others {
            links.extend(self.visible(*directory, name, inode.number)?);
        }
        for link in &links {
            self.raise(&link.directory, Purpose::WHOLE)?;
        }
        let size = if self.space.is_limited() { copy.target.stat().ok() } else { None };
        let _names = self.names_exclusive();
        let place = inode.name();
        if links.len() > 1 {
            self.publish_links(copy, &links)?;
        } else if let Some(place) = &place {
            let parent = self.directory(&place.directory)?;
            let before = parent.stat()?;
            copy.directory.rename(&copy.name, &parent, &place.name)?;
            put_times_back(&parent, &before)?;
        }
        let mut state = inode.state();
        if place.is_none() {
            let target = Target::named(&copy.directory, &copy.name).with(&copy.target.stat()?);
            state.orphan = Some(Box::new(target));
            if let Some(file) = &copy.file {
                copy.directory.unlink(&copy.name)?;
                state.orphan = Some(Box::new(copy.target.clone()));
                self.files.insert(inode.number, file.clone());
            }
        }
        for link in links {
            if !state.names.iter().any(|known| known.is(&link.directory, &link.name)) {
                state.names.push(link);
            }
        }
        if let Some(stat) = size {
            state.charged = space::allocated(&stat);
            self.space.charge(0, state.charged);
        }
        (state.capability, state.access_acl, state.default_acl) = (copy.attributes, copy.attributes, copy.attributes);
        state.backing = copy.target.backing;
        state.record = Some(Box::new(copy.record.clone()));
        Ok(())
    }

    /// All names of one file at once. A note of them lets the next start finish what a crash interrupts.
    fn publish_links(&self, copy: &Copy, links: &[Name]) -> Step<()> {
        let paths: Vec<Vec<u8>> = links.iter().filter_map(upper_path).collect();
        let note = self.store.begin_links((&copy.directory, &copy.name), &paths)?;
        for link in links {
            let parent = self.directory(&link.directory)?;
            let before = parent.stat()?;
            match note.directory.link(&note.name, &parent, &link.name) {
                Ok(()) | Err(Errno::EXIST) => put_times_back(&parent, &before)?,
                Err(error) => return Err(error),
            }
        }
        note.end()
    }

    /// The place where the lower name `name` of lower directory `directory` is seen, if the file there is `expected`.
    fn visible(&self, directory: u64, name: &[u8], expected: u64) -> Step<Option<Name>> {
        let known = self.table().get(directory);
        let directory = match known {
            Some(known) => Some(known),
            None => self.walk_lower_directory(directory)?,
        };
        let Some(directory) = directory else { return Ok(None) };
        if directory.number != ROOT_INODE && directory.name().is_none() {
            return Ok(None);
        }
        let _names = self.names_shared();
        let found = self.peek(&directory, name)?;
        Ok(found.filter(|found| found.number == expected).map(|_| Name { directory, name: name.into() }))
    }

    /// Finds a lower directory that the kernel does not know at the path where it is below.
    fn walk_lower_directory(&self, number: u64) -> Step<Option<Arc<Inode>>> {
        let Some(path) = self.lower.directory_path(number) else { return Ok(None) };
        let mut inode = self.inode(ROOT_INODE)?;
        let _names = self.names_shared();
        for name in path.split(|&byte| byte == b'/').filter(|name| !name.is_empty()) {
            match self.peek(&inode, name)? {
                Some(next) => inode = next,
                None => return Ok(None),
            }
        }
        Ok((inode.number == number).then_some(inode))
    }
}

/// Path of a name in the upper directory.
fn upper_path(name: &Name) -> Option<Vec<u8>> {
    let mut names = vec![name.name.clone()];
    let mut directory = Arc::clone(&name.directory);
    while directory.number != ROOT_INODE {
        let place = directory.name()?;
        names.push(place.name);
        directory = place.directory;
    }
    names.reverse();
    Some(names.join(&b'/'))
}

/// A copied-up entry is no change of its directory, and contents that were fetched none of their file.
pub(super) fn put_times_back(file: &Handle, before: &rustix::fs::Stat) -> Step<()> {
    let time = |seconds, nanoseconds| Timespec { tv_sec: seconds, tv_nsec: nanoseconds as _ };
    let times = Timestamps {
        last_access: time(before.st_atime, before.st_atime_nsec),
        last_modification: time(before.st_mtime, before.st_mtime_nsec),
    };
    file.set_times(&times)
}

/// The times of a lower file.
pub(super) fn times(attributes: &FileAttr) -> Timestamps {
    Timestamps { last_access: timespec(attributes.atime), last_modification: timespec(attributes.mtime) }
}

fn mode_of(kind: FileType) -> u32 {
    match kind {
        FileType::Directory => libc::S_IFDIR,
        FileType::Symlink => libc::S_IFLNK,
        FileType::CharDevice => libc::S_IFCHR,
        FileType::BlockDevice => libc::S_IFBLK,
        FileType::NamedPipe => libc::S_IFIFO,
        FileType::Socket => libc::S_IFSOCK,
        FileType::RegularFile => libc::S_IFREG,
    }
}
