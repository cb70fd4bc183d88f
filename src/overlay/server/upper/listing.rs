//! Listing a directory: its own entries and those from below that nothing hides.
//!
//! There is no open directory to remember a position in, so a position is the hash of a name: it means the same whatever is
//! made, removed or copied up between two requests. A listing is put together when its first part is asked for, kept
//! until its end was asked for, which the kernel always does, and put together again if it was thrown away meanwhile.

use super::record::Record;
use super::table::Inode;
use super::target::Target;
use super::{Step, Upper, lower_errno, whiteout};
use crate::overlay::server::adapter::{Add, Listed};
use fuser::FileType;
use rustix::fs::FileType as HostType;
use std::collections::HashSet;
use std::hash::Hasher as _;
use std::sync::{Arc, Mutex, PoisonError};

/// Positions of the two names every directory has; others come after.
const DOTS: [(&[u8], u64); 2] = [(b".", 1), (b"..", 2)];
/// Listings kept at once: as many as threads of `find` or `rm` are likely to be in the middle of one.
const KEPT: usize = 8;

/// The entries of one directory in the order of their positions.
#[derive(Debug, Default)]
struct Listing {
    names: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    position: u64,
    start: u32,
    length: u8,
    kind: FileType,
    /// A regular file of the upper directory: FIFOs, sockets and devices are kept as such, too.
    may_be_special: bool,
}

impl Listing {
    fn push(&mut self, name: &[u8], kind: FileType, is_own: bool) {
        let (Ok(start), Ok(length)) = (u32::try_from(self.names.len()), u8::try_from(name.len())) else { return };
        self.names.extend_from_slice(name);
        let may_be_special = is_own && kind == FileType::RegularFile;
        self.entries.push(Entry { position: position(name), start, length, kind, may_be_special });
    }

    fn name(&self, entry: &Entry) -> &[u8] {
        let start = entry.start as usize;
        self.names.get(start..start + usize::from(entry.length)).unwrap_or_default()
    }
}

/// The listings that somebody is in the middle of, the latest last.
#[derive(Debug, Default)]
pub(super) struct Listings(Mutex<Vec<(u64, Arc<Listing>)>>);

impl Listings {
    fn with<T>(&self, work: impl FnOnce(&mut Vec<(u64, Arc<Listing>)>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn get(&self, directory: u64) -> Option<Arc<Listing>> {
        self.with(|kept| kept.iter().find(|(known, _)| *known == directory).map(|(_, listing)| Arc::clone(listing)))
    }

    fn keep(&self, directory: u64, listing: &Arc<Listing>) {
        self.with(|kept| {
            kept.retain(|(known, _)| *known != directory);
            if kept.len() >= KEPT {
                kept.remove(0);
            }
            kept.push((directory, Arc::clone(listing)));
        });
    }

    /// The directory is gone, or the end of its listing was asked for.
    pub(super) fn removed(&self, directory: u64) {
        self.with(|kept| kept.retain(|(known, _)| *known != directory));
    }
}

impl Upper {
    /// Visits the names of the lower directory that `inode` continues, hidden or not.
    pub(super) fn below(&self, inode: &Inode, visit: &mut dyn FnMut(&[u8], FileType)) -> Step<()> {
        let Some(lower) = inode.lower else { return Ok(()) };
        let mut offset = 0;
        loop {
            let before = offset;
            let mut add = |listed: &Listed<'_>, _: Option<&fuser::FileAttr>| {
                offset = listed.next;
                if !matches!(listed.name, b"." | b"..") {
                    visit(listed.name, listed.kind);
                }
                true
            };
            self.lower.list(lower, before, false, &mut add).map_err(lower_errno)?;
            if offset == before {
                return Ok(());
            }
        }
    }

    fn listing(&self, inode: &Arc<Inode>) -> Step<Listing> {
        let mut listing = Listing::default();
        let mut own = HashSet::new();
        if inode.is_upper() {
            let directory = self.directory(inode)?;
            for (name, kind) in directory.names()? {
                if !self.store.is_reserved(&name) {
                    listing.push(&name, file_type(kind), true);
                }
                if inode.lower.is_some() {
                    own.insert(name);
                }
            }
        }
        self.below(inode, &mut |name, kind| {
            let is_hidden = !own.is_empty() && (own.contains(name) || own.contains(&whiteout::of(name)));
            if !is_hidden && !self.store.is_reserved(name) {
                listing.push(name, kind, false);
            }
        })?;
        listing.entries.sort_unstable_by_key(|entry| entry.position);
        Ok(listing)
    }

    pub(super) fn list_directory(
        &self,
        number: u64,
        offset: u64,
        with_attributes: bool,
        add: &mut Add<'_>,
    ) -> Step<()> {
        let inode = self.inode(number)?;
        let _names = self.names_shared();
        let asks_dots = with_attributes && offset < DOTS.len() as u64;
        let attributes = if asks_dots { Some(self.attributes_of(&inode)?) } else { None };
        for (name, next) in DOTS.into_iter().filter(|(_, next)| *next > offset) {
            let listed = Listed { name, next, inode: number, kind: FileType::Directory };
            if !add(&listed, attributes.as_ref()) {
                return Ok(());
            }
        }
        let kept = if offset > DOTS.len() as u64 { self.listings.get(number) } else { None };
        let listing = match kept {
            Some(kept) => kept,
            None => Arc::new(self.listing(&inode)?),
        };
        let first = listing.entries.partition_point(|entry| entry.position <= offset);
        let entries = listing.entries.get(first..).unwrap_or_default();
        for entry in entries {
            if !self.list_entry(&inode, &listing, entry, with_attributes, add) {
                break;
            }
        }
        match entries {
            [] => self.listings.removed(number),
            _ => self.listings.keep(number, &listing),
        }
        Ok(())
    }

    fn list_entry(
        &self,
        inode: &Arc<Inode>,
        listing: &Listing,
        entry: &Entry,
        with_attributes: bool,
        add: &mut Add<'_>,
    ) -> bool {
        let name = listing.name(entry);
        let next = entry.position;
        if !with_attributes {
            // The number is for show; nobody can use it without a lookup.
            let kind = if entry.may_be_special { self.kind_beside(inode, name) } else { entry.kind };
            return add(&Listed { name, next, inode: next, kind }, None);
        }
        // A name that has gone meanwhile, or that cannot be examined, is left out.
        let Ok(Some(attributes)) = self.find_attributes(inode, name) else { return true };
        let number = attributes.ino.0;
        let taken = add(&Listed { name, next, inode: number, kind: attributes.kind }, Some(&attributes));
        if !taken {
            self.forget_inode(number, 1);
        }
        taken
    }
}

impl Upper {
    /// What the record beside a file says it is.
    fn kind_beside(&self, directory: &Arc<Inode>, name: &[u8]) -> FileType {
        let record =
            self.directory(directory).and_then(|directory| self.store.record(&Target::named(&directory, name)));
        let record = record.ok().flatten().and_then(|text| Record::parse(&text));
        record.map_or(FileType::RegularFile, |record| file_type(record.kind()))
    }
}

/// Where a name comes in its directory: positive as a signed number, and after the dots.
fn position(name: &[u8]) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write(name);
    (hasher.finish() >> 1).max(DOTS.len() as u64 + 1)
}

fn file_type(kind: HostType) -> FileType {
    match kind {
        HostType::Directory => FileType::Directory,
        HostType::Symlink => FileType::Symlink,
        HostType::Fifo => FileType::NamedPipe,
        HostType::Socket => FileType::Socket,
        HostType::CharacterDevice => FileType::CharDevice,
        HostType::BlockDevice => FileType::BlockDevice,
        _ => FileType::RegularFile,
    }
}
