//! A writable tree: the container's changes in a directory of the user's, above a lower tree that never changes.
//!
//! The driver `fuse`. It runs in the keeper with the user's own rights and nothing more, so whatever the user's file system cannot
//! express is kept beside the files (`record`): the upper directory belongs to the user alone and `rm -rf` removes it.
//!
//! **Names.** The upper directory mirrors the paths that changed; `.wh.<name>` hides an entry from below (`whiteout`). A
//! directory that came from below says so in its record and shows the entries of *that* lower directory beneath its own,
//! wherever it has been moved to: renaming a directory is one rename, however much lies in it. A directory without an
//! origin hides everything.
//!
//! **Files.** Read from below until the first change, then copied (`copy_up`): made in the work directory, complete
//! with contents, record, attributes and times, and renamed into place. All names of a file with several names are copied together, so
//! it stays one file. A change that is not one of the contents leaves these below, if they are an image's and so never
//! change: the record says so until the first write fetches them. The kernel opens nothing (OPEN and OPENDIR are answered with ENOSYS): every request names an
//! inode, and a few descriptors are kept between requests (`descriptors`). A file that loses its last name is kept open until
//! the kernel forgets it.
//!
//! **Caching.** Nobody else writes here, so the kernel may keep entries, attributes, negative entries and pages for ever and
//! write back when it likes. With a size limit it writes through, so that ENOSPC comes from write(2) itself.
//!
//! **After a crash.** Every change is one rename, link or unlink of a complete object, preceded by what must be there
//! before it (a whiteout under an entry is invisible until the entry goes). Killed at any moment, the next start finds the
//! state before or after each request, throws away the work directory's copies and finishes links that were begun.
//!
//! Locks, in this order: [`Inode::copying`] (one file's copy-up), `names` (shared by what looks up or makes
//! and removes single names, whose directory the kernel has locked; exclusive for renames and for publishing copies), the
//! table, one inode's state.

mod acl;
mod attributes;
mod compact;
mod contents;
mod copy_up;
mod descriptors;
mod handle;
mod journal;
mod links;
mod listing;
mod lookup;
mod names;
mod record;
mod rename;
mod settled;
mod source;
mod space;
mod store;
mod table;
mod target;
mod whiteout;
mod xattrs;

use super::adapter::{ROOT_INODE, Source};
use super::{Error, Ids};
use descriptors::Descriptors;
use handle::Handle;
use journal::Fault;
pub use journal::replay_operations;
use listing::Listings;
use record::{Origin, Record, TYPE};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use space::Space;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use store::Store;
use table::{Found, Inode, Name, State, Table};
use target::Target;

/// Result of a step on the host's side.
type Step<T> = Result<T, Errno>;

/// Where a container's changes are kept.
#[derive(Debug)]
pub struct Changes {
    upper: OwnedFd,
    work: OwnedFd,
    /// For messages.
    place: PathBuf,
    size_bytes: Option<u64>,
    volatile: bool,
}

impl Changes {
    /// Opens the directories `upper` and `work`, which are on one file system and belong to this user. All of `upper` may take
    /// at most `size_bytes`.
    pub fn open(upper: &Path, work: &Path, size_bytes: Option<u64>) -> Result<Changes, Error> {
        let open = |path: &Path| {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            rustix::fs::open(path, flags, Mode::empty()).map_err(|error| Error::File {
                operation: "open",
                path: path.into(),
                source: error.into(),
            })
        };
        Ok(Changes { upper: open(upper)?, work: open(work)?, place: work.into(), size_bytes, volatile: false })
    }

    /// Skips all syncing: right for changes that are thrown away.
    pub fn volatile(self, volatile: bool) -> Changes {
        Changes { volatile, ..self }
    }

    /// The two directories, or those of a journal where their file system cannot hold what a container makes.
    fn directories(self) -> Result<[Handle; 2], Error> {
        let failed = |source: Errno| Error::Serve { source: source.into() };
        if !journal::is_journalled(&self.upper, &self.work).map_err(failed)? {
            return Ok([self.upper.into(), self.work.into()]);
        }
        let opened = journal::start(self.upper, self.work, !self.volatile);
        opened.map(|parts| parts.map(Handle::from)).map_err(|fault| {
            let (path, operation) = (self.place.join(journal::NAME), "read");
            match fault {
                Fault::Damaged => Error::Journal { path, reason: "it is damaged" },
                Fault::InUse => Error::Journal { path, reason: "another server is using it" },
                Fault::System(source) => Error::File { operation, path, source: source.into() },
            }
        })
    }
}

/// A lower tree with changes.
pub(super) struct Upper {
    lower: Box<dyn Source>,
    store: Store,
    ids: Ids,
    names: RwLock<()>,
    table: Mutex<Table>,
    directories: Descriptors,
    files: Descriptors,
    listings: Listings,
    space: Space,
    volatile: bool,
}

impl Upper {
    /// Opens the changes, as an earlier server left them, above `lower`.
    pub(super) fn new(lower: Box<dyn Source>, changes: Changes, ids: Ids) -> Result<Upper, Error> {
        let failed = |source: Errno| Error::Serve { source: source.into() };
        let (volatile, size_bytes) = (changes.volatile, changes.size_bytes);
        let [upper, work] = changes.directories()?;
        let store = Store::open(upper, &work).map_err(failed)?;
        let space = Space::new(size_bytes, &store.upper).map_err(failed)?;
        let root = Arc::new(root(&*lower, &store).map_err(failed)?);
        let limit = descriptor_limit();
        Ok(Upper {
            lower,
            store,
            ids,
            names: RwLock::default(),
            table: Mutex::new(Table::new(&root, space.is_limited())),
            directories: Descriptors::new(limit),
            files: Descriptors::new(limit),
            listings: Listings::default(),
            space,
            volatile,
        })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn names_shared(&self) -> RwLockReadGuard<'_, ()> {
        self.names.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn names_exclusive(&self) -> RwLockWriteGuard<'_, ()> {
        self.names.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The inode of this number, to do something to it.
    fn inode(&self, number: u64) -> Step<Arc<Inode>> {
        let mut table = self.table();
        let directory = match table.find(number).ok_or(Errno::STALE)? {
            Found::Whole(inode) => return Ok(inode),
            Found::Untouched(directory) => {
                let name = self.name_below(&directory, number)?;
                return Ok(table.touch(number, || lower_inode(number, &directory, &name)));
            }
            Found::Raised(directory) => directory,
        };
        drop(table);
        let _names = self.names_shared();
        let backing = self.directory(&directory)?;
        let name = self.name_below(&directory, number)?;
        // Read while nobody can make it whole, change it, and settle it again.
        let mut table = self.table();
        match table.find(number).ok_or(Errno::STALE)? {
            Found::Whole(inode) => Ok(inode),
            _ => {
                let state = self.raised_state(&directory, (&backing, &name))?;
                Ok(table.touch(number, || Inode::new(number, Some(number), state)))
            }
        }
    }

    fn name_below(&self, directory: &Inode, number: u64) -> Step<Vec<u8>> {
        let below = directory.lower.ok_or(Errno::STALE)?;
        self.lower.name_in(below, number).ok_or(Errno::STALE)
    }

    /// What a settled file was.
    fn raised_state(&self, directory: &Arc<Inode>, (backing, name): (&Handle, &[u8])) -> Step<State> {
        let target = Target::named(backing, name);
        let stat = target.stat()?;
        let record = self.store.record(&target.with(&stat))?.as_deref().and_then(Record::parse).map(Box::new);
        let names = vec![Name { directory: Arc::clone(directory), name: name.into() }];
        Ok(State { names, record, backing: stat.st_ino, ..State::default() })
    }

    /// The file of this number, to ask something about it.
    fn held(&self, number: u64) -> Step<Held> {
        if self.table().is_untouched(number) {
            return Ok(Held::Below(number));
        }
        let inode = self.inode(number)?;
        match inode.is_upper() {
            true => Ok(Held::Above(inode)),
            false => inode.lower.map(Held::Below).ok_or(Errno::STALE),
        }
    }

    /// The file of this number, to ask something about its contents.
    fn contents(&self, number: u64) -> Step<Held> {
        if self.table().has_untouched_contents(number) {
            return Ok(Held::Below(number));
        }
        match self.held(number)? {
            Held::Above(inode) if inode.has_contents_below() => inode.lower.map(Held::Below).ok_or(Errno::IO),
            held => Ok(held),
        }
    }

    /// Runs `work` again with all kept descriptors closed, if it ran out of them.
    fn with_descriptors<T>(&self, work: impl Fn() -> Step<T>) -> Step<T> {
        match work() {
            Err(Errno::MFILE | Errno::NFILE) => {
                self.directories.clear();
                self.files.clear();
                work()
            }
            result => result,
        }
    }

    /// The backing directory of a directory that has one.
    fn directory(&self, inode: &Arc<Inode>) -> Step<Handle> {
        let mut missing: Vec<Arc<Inode>> = Vec::new();
        let mut inode = Arc::clone(inode);
        let mut opened = loop {
            if inode.number == ROOT_INODE {
                break self.store.upper.clone();
            }
            if let Some(known) = self.directories.get(inode.number) {
                break known;
            }
            let (orphan, name) = {
                let state = inode.state();
                (state.orphan.clone(), state.names.first().cloned())
            };
            if let Some(orphan) = orphan.as_deref().and_then(Target::descriptor) {
                break orphan.clone();
            }
            missing.push(inode);
            inode = name.ok_or(Errno::STALE)?.directory;
        };
        while let Some(inode) = missing.pop() {
            let name = inode.name().ok_or(Errno::STALE)?;
            let next = self.with_descriptors(|| opened.open_directory(&name.name))?;
            self.directories.insert(inode.number, next.clone());
            opened = next;
        }
        Ok(opened)
    }

    /// The backing file of an inode that has one.
    fn target(&self, inode: &Arc<Inode>) -> Step<Target> {
        if inode.number == ROOT_INODE {
            return Ok(Target::opened(self.store.upper.clone()));
        }
        let (orphan, name, backing, is_link) = {
            let state = inode.state();
            let is_link = state.record.as_ref().is_some_and(|record| record.mode & TYPE == libc::S_IFLNK);
            (state.orphan.clone(), state.names.first().cloned(), state.backing, is_link)
        };
        if let Some(orphan) = orphan {
            return Ok(*orphan);
        }
        let name = name.ok_or(Errno::STALE)?;
        Ok(Target::named(&self.directory(&name.directory)?, &name.name).known_as(backing, is_link))
    }
}

/// Where the contents and attributes of a file are.
enum Held {
    /// In this inode of the lower tree.
    Below(u64),
    /// In the backing file.
    Above(Arc<Inode>),
}

/// A file from below under its first known name.
fn lower_inode(number: u64, directory: &Arc<Inode>, name: &[u8]) -> Inode {
    let names = vec![Name { directory: Arc::clone(directory), name: name.into() }];
    Inode::new(number, Some(number), State { names, ..State::default() })
}

/// The root directory; its record is made at the first start.
fn root(lower: &dyn Source, store: &Store) -> Step<Inode> {
    let target = Target::opened(store.upper.clone());
    let stat = target.stat()?;
    let target = target.with(&stat);
    let record = match store.record(&target)?.as_deref().and_then(Record::parse) {
        Some(record) => Record { origin: Some(Origin::Path(Box::default())), ..record },
        None => {
            let found = lower.attributes(ROOT_INODE).map_err(lower_errno)?;
            let mode = libc::S_IFDIR | u32::from(found.perm);
            let origin = Some(Origin::Path(Box::default()));
            let (uid, gid) = (found.uid, found.gid);
            let record = Record { uid, gid, mode, device: 0, contents_below: false, origin };
            target.set_permissions(record.backing_permissions())?;
            target.set_times(&copy_up::times(&found))?;
            store.set_record(&target, &record.text())?;
            record
        }
    };
    let state = State { record: Some(Box::new(record)), backing: stat.st_ino, ..State::default() };
    Ok(Inode::new(ROOT_INODE, Some(ROOT_INODE), state))
}

/// How many descriptors each cache may keep: together a third of what the process may have open.
fn descriptor_limit() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(1 << 20);
    usize::try_from(limit / 6).unwrap_or(MOST_DESCRIPTORS).min(MOST_DESCRIPTORS)
}

/// Enough for what is in use at one moment; more would be kernel memory for nothing.
const MOST_DESCRIPTORS: usize = 512;

/// An error of the lower tree.
fn lower_errno(error: fuser::Errno) -> Errno {
    Errno::from_raw_os_error(error.code())
}
