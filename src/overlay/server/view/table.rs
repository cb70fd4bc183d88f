//! The inodes the kernel knows, and the names that lead to them.
//!
//! An inode is a device and inode number of the host with the names it was last seen under. A name is one component and
//! its directory's name, shared by everything below, so that renaming a directory moves all that is in it. A file may
//! have several names (hard links); a few are kept, since the newest may be the one that is removed.

use crate::overlay::server::directory::{Identity, identity};
use rustix::fs::{FileType, Stat};
use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};

/// Number of the root inode (linux/fuse.h, `FUSE_ROOT_ID`).
pub(super) const ROOT: u64 = 1;
/// Names kept for one file.
const KEPT_NAMES: usize = 8;
/// Numbers up to here are the host's own; above are 16 bits for which device.
const DEVICE_SHIFT: u32 = 48;
/// Device part of numbers handed out one by one, for hosts whose own numbers do not fit.
const HANDED_OUT: u64 = 0xffff;

/// A directory's name, and a name in it.
type At = (Arc<Place>, Box<[u8]>);

/// One name of one inode.
#[derive(Debug)]
pub(super) struct Place {
    /// Directory and name; `None` for the root.
    at: Mutex<Option<At>>,
}

impl Place {
    fn root() -> Arc<Place> {
        Arc::new(Place { at: Mutex::new(None) })
    }

    fn new(directory: &Arc<Place>, name: &[u8]) -> Arc<Place> {
        Arc::new(Place { at: Mutex::new(Some((Arc::clone(directory), name.into()))) })
    }

    fn get(&self) -> Option<At> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is(&self, directory: &Arc<Place>, name: &[u8]) -> bool {
        let at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        at.as_ref().is_some_and(|(known, own)| Arc::ptr_eq(known, directory) && **own == *name)
    }

    /// Gives the place another directory and name; says whether it did. A place never comes below itself, whatever
    /// the host moves between two looks: a path would have no end. Called with the table locked, so that nothing
    /// moves meanwhile.
    fn move_to(&self, directory: &Arc<Place>, name: &[u8]) -> bool {
        let mut above = Some(Arc::clone(directory));
        while let Some(place) = above {
            if std::ptr::eq(&raw const *place, self) {
                return false;
            }
            above = place.get().map(|(next, _)| next);
        }
        *self.at.lock().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(directory), name.into()));
        true
    }

    /// The path relative to the root; empty for the root.
    pub(super) fn path(&self) -> Vec<u8> {
        let mut names = Vec::new();
        let mut next = self.get();
        while let Some((directory, name)) = next {
            names.push(name);
            next = directory.get();
        }
        names.reverse();
        names.join(&b'/')
    }
}

/// What was last told about a file's contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    size: i64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Version {
    pub(super) fn of(stat: &Stat) -> Version {
        Version {
            size: stat.st_size,
            modified: (stat.st_mtime, stat.st_mtime_nsec as i64),
            changed: (stat.st_ctime, stat.st_ctime_nsec as i64),
        }
    }
}

/// One inode.
#[derive(Clone, Debug)]
pub(super) struct Inode {
    /// Its names, the newest last; never empty.
    pub places: Vec<Arc<Place>>,
    /// Device and number on the host.
    pub identity: Identity,
    /// What the kernel was last told of its contents.
    pub told: Option<Version>,
    /// A file opened through the view, which is a way to it when no name is left.
    pub open: Vec<(u64, Arc<File>)>,
    lookups: u64,
}

impl Inode {
    /// The name it was last seen under.
    pub(super) fn place(&self) -> Option<&Arc<Place>> {
        self.places.last()
    }
}

/// The table.
#[derive(Debug)]
pub(super) struct Table {
    known: HashMap<u64, Inode>,
    root: Identity,
    /// Devices seen, the root's first.
    devices: Vec<u64>,
    handed_out: HashMap<Identity, u64>,
    next: u64,
}

impl Table {
    pub(super) fn new(root: &Stat) -> Table {
        let root = identity(root);
        let inode =
            Inode { places: vec![Place::root()], identity: root, told: None, open: Vec::new(), lookups: u64::MAX };
        let known = HashMap::from([(ROOT, inode)]);
        Table { known, root, devices: vec![root.0], handed_out: HashMap::new(), next: 0 }
    }

    pub(super) fn get(&self, number: u64) -> Option<Inode> {
        self.known.get(&number).cloned()
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Inode> {
        self.known.get_mut(&number)
    }

    /// Counts one lookup of a name in `directory` and gives the number of what it names.
    pub(super) fn remember(&mut self, directory: &Arc<Place>, name: &[u8], stat: &Stat) -> u64 {
        let identity = identity(stat);
        let number = self.number(identity);
        let known = self.known.entry(number).or_insert_with(|| Inode {
            places: Vec::with_capacity(1),
            identity,
            told: None,
            open: Vec::new(),
            lookups: 0,
        });
        known.lookups = known.lookups.saturating_add(1);
        known.told = Some(Version::of(stat));
        let is_directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
        match known.places.iter().position(|place| place.is(directory, name)) {
            Some(at) => known.places[at..].rotate_left(1),
            // A directory has one name. The place it had is kept, since what is below refers to it.
            None if is_directory && known.places.last().is_some_and(|place| place.move_to(directory, name)) => {}
            None => {
                if known.places.len() >= KEPT_NAMES {
                    known.places.remove(0);
                }
                known.places.push(Place::new(directory, name));
            }
        }
        number
    }

    /// A name was moved: what is now at `to` was at `from`.
    pub(super) fn moved(&mut self, from: (&Arc<Place>, &[u8]), to: (&Arc<Place>, &[u8]), stat: &Stat) {
        let number = self.number(identity(stat));
        let Some(inode) = self.known.get_mut(&number) else { return };
        // What had the name before may have had this number as well: numbers of files that are gone are used again.
        if inode.places.len() > 1 {
            inode.places.retain(|place| !place.is(to.0, to.1));
        }
        if let Some(place) = inode.places.iter().rev().find(|place| place.is(from.0, from.1)) {
            place.move_to(to.0, to.1);
        }
    }

    /// Takes lookups back.
    pub(super) fn forget(&mut self, number: u64, count: u64) {
        let Some(inode) = self.known.get_mut(&number).filter(|_| number != ROOT) else { return };
        inode.lookups = inode.lookups.saturating_sub(count);
        if inode.lookups == 0 {
            let identity = inode.identity;
            self.known.remove(&number);
            self.handed_out.remove(&identity);
        }
    }

    fn number(&mut self, identity: Identity) -> u64 {
        if identity == self.root {
            return ROOT;
        }
        let (device, inode) = identity;
        let position = self.devices.iter().position(|known| *known == device).unwrap_or_else(|| {
            self.devices.push(device);
            self.devices.len() - 1
        }) as u64;
        if position < HANDED_OUT && inode > ROOT && inode < 1 << DEVICE_SHIFT {
            return position << DEVICE_SHIFT | inode;
        }
        let next = &mut self.next;
        *self.handed_out.entry(identity).or_insert_with(|| {
            *next += 1;
            HANDED_OUT << DEVICE_SHIFT | *next
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(inode: u64) -> Stat {
        let mut stat = rustix::fs::stat("/").unwrap();
        (stat.st_dev, stat.st_ino) = (7, inode);
        stat.st_mode = libc::S_IFREG | 0o644;
        stat
    }

    fn directory(inode: u64) -> Stat {
        let mut stat = stat(inode);
        stat.st_mode = libc::S_IFDIR | 0o755;
        stat
    }

    fn path(table: &Table, number: u64) -> Vec<u8> {
        table.get(number).unwrap().place().unwrap().path()
    }

    #[test]
    fn renaming_a_directory_moves_what_is_in_it() {
        let mut table = Table::new(&stat(2));
        let root = Arc::clone(table.get(ROOT).unwrap().place().unwrap());
        let directory = table.remember(&root, b"a", &stat(10));
        let place = Arc::clone(table.get(directory).unwrap().place().unwrap());
        let file = table.remember(&place, b"f", &stat(11));
        assert_eq!(path(&table, file), b"a/f");
        table.moved((&root, b"a"), (&root, b"b"), &stat(10));
        assert_eq!(path(&table, file), b"b/f");
        // Another file that takes the old name is another file.
        let other = table.remember(&root, b"a", &stat(12));
        assert_eq!((path(&table, other), path(&table, directory)), (b"a".to_vec(), b"b".to_vec()));
    }

    #[test]
    fn a_directory_with_the_number_of_a_file_that_is_gone_moves_with_what_is_in_it() {
        let mut table = Table::new(&directory(2));
        let root = Arc::clone(table.get(ROOT).unwrap().place().unwrap());
        // A file is replaced by another, and a new directory gets its number before the kernel has forgotten it.
        let number = table.remember(&root, b"two", &stat(10));
        table.remember(&root, b"one", &stat(11));
        table.moved((&root, b"one"), (&root, b"two"), &stat(11));
        assert_eq!(table.remember(&root, b"directory", &directory(10)), number);
        let place = Arc::clone(table.get(number).unwrap().place().unwrap());
        let file = table.remember(&place, b"in", &stat(12));
        // It changes places with the file, and moves on.
        table.moved((&root, b"directory"), (&root, b"two"), &directory(10));
        table.moved((&root, b"two"), (&root, b"directory"), &stat(11));
        assert_eq!(path(&table, file), b"two/in");
        table.moved((&root, b"two"), (&root, b"moved"), &directory(10));
        assert_eq!((path(&table, number), path(&table, file)), (b"moved".to_vec(), b"moved/in".to_vec()));
    }

    #[test]
    fn a_directory_is_where_it_was_seen_last_and_never_below_itself() {
        let mut table = Table::new(&directory(2));
        let root = Arc::clone(table.get(ROOT).unwrap().place().unwrap());
        let outer = table.remember(&root, b"a", &directory(10));
        let outer_place = Arc::clone(table.get(outer).unwrap().place().unwrap());
        let inner = table.remember(&outer_place, b"e", &directory(11));
        let inner_place = Arc::clone(table.get(inner).unwrap().place().unwrap());
        // The host moved the outer into the inner, and the inner out, between two looks.
        table.remember(&inner_place, b"a", &directory(10));
        assert_eq!(path(&table, inner), b"a/e");
        table.remember(&root, b"e", &directory(11));
        table.remember(&inner_place, b"a", &directory(10));
        assert_eq!((path(&table, inner), path(&table, outer)), (b"e".to_vec(), b"e/a".to_vec()));
    }

    #[test]
    fn memory_is_bounded_by_forget_and_by_the_names_kept() {
        let mut table = Table::new(&stat(2));
        let root = Arc::clone(table.get(ROOT).unwrap().place().unwrap());
        let mut number = 0;
        for name in 0..100_u8 {
            number = table.remember(&root, &[name + 1], &stat(10));
        }
        table.remember(&root, &[100], &stat(10));
        assert_eq!(table.get(number).unwrap().places.len(), KEPT_NAMES);
        assert_eq!(path(&table, number), [100]);
        table.forget(number, 100);
        assert!(table.get(number).is_some());
        table.forget(number, 1);
        table.forget(ROOT, 5);
        assert_eq!(table.known.len(), 1);
    }
}
