//! Which inode numbers the kernel knows, and where they are.
//!
//! A number is made from device and inode so that hard links share it and it is the same every time it is asked for. One
//! entry lives from the first lookup to the last FORGET.
//!
//! **Replaced files.** The kernel's overlay never lets go of a file it has found below, and answers ESTALE for ever when its
//! number is another one (`ovl_revalidate_real` in fs/overlayfs/super.c). So a new file at the path of an old one gets the
//! old one's number, as long as nobody has that open (its pages would become a mixture of both) and neither has other names.

use super::ROOT_INODE;
use rustix::fs::{FileType, Stat};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

/// Numbers up to here are the host's own; above are 16 bits for which device.
const DEVICE_SHIFT: u32 = 48;
/// Device part of numbers handed out one by one, for hosts whose own numbers do not fit.
const HANDED_OUT: u64 = 0xffff;

/// Device and inode number.
pub(in super::super) type Identity = (u64, u64);

/// What a `stat` is about.
pub(in super::super) fn identity(stat: &Stat) -> Identity {
    (stat.st_dev, stat.st_ino)
}

/// A path, shared by everything below it.
#[derive(Debug)]
pub(super) struct Place {
    /// `None` for the root.
    parent: Option<Arc<Place>>,
    name: Box<[u8]>,
}

impl Place {
    /// The path relative to the root; empty for the root.
    pub(super) fn path(&self) -> Vec<u8> {
        let mut names = Vec::new();
        let mut place = self;
        while let Some(parent) = &place.parent {
            names.push(&*place.name);
            place = parent;
        }
        names.reverse();
        names.join(&b'/')
    }

    /// The path of a name in this directory.
    pub(super) fn join(&self, name: &[u8]) -> Vec<u8> {
        let mut path = self.path();
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name);
        path
    }
}

/// One inode.
#[derive(Clone, Debug)]
pub(super) struct Inode {
    pub place: Arc<Place>,
    pub identity: Identity,
    /// Shown as an empty directory.
    pub masked: bool,
    kind: FileType,
    /// It had several names when it was looked at last.
    is_shared: bool,
    lookups: u64,
    /// How many times the kernel has it open.
    opens: u32,
    /// The kernel may have pages of the file that had the number before.
    has_old_pages: bool,
}

impl Inode {
    fn new(place: Arc<Place>, stat: &Stat, masked: bool) -> Inode {
        let (kind, is_shared) = kind(stat);
        let identity = identity(stat);
        Inode { place, identity, masked, kind, is_shared, lookups: 0, opens: 0, has_old_pages: false }
    }

    fn is_at(&self, parent: &Inode, name: &[u8]) -> bool {
        let place = self.place.parent.as_ref();
        *self.place.name == *name
            && place.is_some_and(|known| Arc::ptr_eq(known, &parent.place) || known.path() == parent.place.path())
    }
}

/// The type of a file, and whether it has several names.
fn kind(stat: &Stat) -> (FileType, bool) {
    let kind = FileType::from_raw_mode(stat.st_mode);
    (kind, kind != FileType::Directory && stat.st_nlink > 1)
}

/// The table.
#[derive(Debug)]
pub(super) struct Inodes {
    known: HashMap<u64, Inode>,
    root: Identity,
    /// Devices seen, the root's first.
    devices: Vec<u64>,
    handed_out: HashMap<Identity, u64>,
    next: u64,
    /// Numbers by the hash of the path they were found at last; nothing where replaced files are not followed.
    by_path: Option<HashMap<u64, u64>>,
}

impl Inodes {
    pub(super) fn new(root: &Stat) -> Inodes {
        let place = Arc::new(Place { parent: None, name: Box::default() });
        // The kernel never forgets the root.
        let inode = Inode { lookups: u64::MAX, ..Inode::new(place, root, false) };
        let root = identity(root);
        let known = HashMap::from([(ROOT_INODE, inode)]);
        Inodes { known, root, devices: vec![root.0], handed_out: HashMap::new(), next: 0, by_path: None }
    }

    /// From now on a file keeps its number when another takes its place. Only for who tells of opens and closes.
    pub(super) fn follow_replaced(&mut self) {
        self.by_path = Some(HashMap::new());
    }

    /// The kernel opens a file; true when all its pages are that file's.
    pub(super) fn opened(&mut self, number: u64) -> Option<bool> {
        let inode = self.known.get_mut(&number)?;
        inode.opens = inode.opens.saturating_add(1);
        Some(!std::mem::take(&mut inode.has_old_pages))
    }

    /// The last close of what was opened once.
    pub(super) fn closed(&mut self, number: u64) {
        if let Some(inode) = self.known.get_mut(&number) {
            inode.opens = inode.opens.saturating_sub(1);
        }
    }

    /// Gives the number of the file that was at a path before to the one that is there now, where that is harmless.
    fn follow(&mut self, path: u64, parent: &Inode, name: &[u8], stat: &Stat) {
        let Some(number) = self.by_path.as_ref().and_then(|numbers| numbers.get(&path).copied()) else { return };
        let Some(inode) = self.known.get_mut(&number).filter(|_| number != ROOT_INODE) else { return };
        let now = identity(stat);
        let is_same_kind = (inode.kind, false) == kind(stat) && !inode.is_shared;
        if inode.identity == now || inode.opens > 0 || !is_same_kind || !inode.is_at(parent, name) {
            return;
        }
        let before = std::mem::replace(&mut inode.identity, now);
        inode.has_old_pages = true;
        self.handed_out.remove(&before);
        self.handed_out.insert(now, number);
    }

    pub(super) fn get(&self, number: u64) -> Option<Inode> {
        self.known.get(&number).cloned()
    }

    /// Counts one lookup of a child and gives its number.
    pub(super) fn remember(&mut self, parent: &Inode, name: &[u8], stat: &Stat, masked: bool) -> u64 {
        let path = self.by_path.as_ref().map(|_| hash(&parent.place.join(name)));
        if let Some(path) = path {
            self.follow(path, parent, name, stat);
        }
        let number = self.number(identity(stat));
        if let (Some(numbers), Some(path)) = (&mut self.by_path, path) {
            numbers.insert(path, number);
        }
        let known = self.known.entry(number).or_insert_with(|| {
            let place = Arc::new(Place { parent: Some(Arc::clone(&parent.place)), name: name.into() });
            Inode::new(place, stat, masked)
        });
        known.lookups = known.lookups.saturating_add(1);
        known.is_shared = kind(stat).1;
        // A host that moved the file is followed; a file under several names is one that keeps the latest.
        if let Some(parent_known) = &known.place.parent
            && (!Arc::ptr_eq(parent_known, &parent.place) || *known.place.name != *name)
        {
            let place = Arc::new(Place { parent: Some(Arc::clone(&parent.place)), name: name.into() });
            let before = hash(&std::mem::replace(&mut known.place, place).path());
            // Otherwise names that come and go would be remembered as long as the file.
            if let Some(numbers) = self.by_path.as_mut().filter(|numbers| numbers.get(&before) == Some(&number))
                && path != Some(before)
            {
                numbers.remove(&before);
            }
        }
        // Once masked by one name, masked by all: a bind mount must not show what its other name hides.
        known.masked |= masked;
        number
    }

    /// Takes lookups back; gives the file of an inode that is gone.
    pub(super) fn forget(&mut self, number: u64, count: u64) -> Option<Identity> {
        let inode = self.known.get_mut(&number).filter(|_| number != ROOT_INODE)?;
        inode.lookups = inode.lookups.saturating_sub(count);
        if inode.lookups > 0 {
            return None;
        }
        let inode = self.known.remove(&number)?;
        if self.handed_out.get(&inode.identity) == Some(&number) {
            self.handed_out.remove(&inode.identity);
        }
        if let Some(numbers) = &mut self.by_path {
            let path = hash(&inode.place.path());
            if numbers.get(&path) == Some(&number) {
                numbers.remove(&path);
            }
        }
        Some(inode.identity)
    }

    fn number(&mut self, identity: Identity) -> u64 {
        if identity == self.root {
            return ROOT_INODE;
        }
        let (device, inode) = identity;
        if let Some(number) = self.handed_out.get(&identity) {
            return *number;
        }
        let position = self.devices.iter().position(|known| *known == device).unwrap_or_else(|| {
            self.devices.push(device);
            self.devices.len() - 1
        }) as u64;
        if position < HANDED_OUT && inode > ROOT_INODE && inode < 1 << DEVICE_SHIFT {
            let number = position << DEVICE_SHIFT | inode;
            // Unless it went to the file that took this one's place.
            if self.known.get(&number).is_none_or(|known| known.identity == identity) {
                return number;
            }
        }
        let next = &mut self.next;
        *self.handed_out.entry(identity).or_insert_with(|| {
            *next += 1;
            HANDED_OUT << DEVICE_SHIFT | *next
        })
    }
}

fn hash(path: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of one name.
    fn file(device: u64, inode: u64) -> Stat {
        let mut stat = stat(device, inode);
        (stat.st_mode, stat.st_nlink) = (libc::S_IFREG | 0o644, 1);
        stat
    }

    #[test]
    fn a_file_that_takes_the_place_of_another_takes_its_number() {
        let mut inodes = Inodes::new(&stat(7, 2));
        inodes.follow_replaced();
        let root = inodes.get(ROOT_INODE).unwrap();
        let number = inodes.remember(&root, b"f", &file(7, 3), false);
        assert_eq!((number, inodes.opened(number)), (3, Some(true)));
        assert_eq!(inodes.remember(&root, b"f", &file(7, 4), false), 4, "it is open: the pages would be of both");
        assert!(inodes.forget(4, 1).is_some());
        inodes.closed(number);
        assert_eq!(inodes.remember(&root, b"f", &file(7, 3), false), 3);
        assert_eq!(inodes.remember(&root, b"f", &file(7, 4), false), 3);
        assert_eq!(inodes.get(3).unwrap().identity, (7, 4));
        assert_eq!((inodes.opened(3), inodes.opened(3)), (Some(false), Some(true)), "old pages go once");
        // The old file under another name is another file.
        let old = inodes.remember(&root, b"f.old", &file(7, 3), false);
        assert!(old > 3);
        assert_eq!(inodes.remember(&root, b"f.old", &file(7, 3), false), old);
        assert_eq!(inodes.remember(&root, b"f", &stat(7, 9), false), 9, "a directory is no file");
        assert!(inodes.forget(9, 1).is_some());
        assert_eq!(inodes.forget(3, 3), Some((7, 4)));
        assert_eq!(inodes.remember(&root, b"f", &file(7, 4), false), 4);
        assert!(inodes.forget(old, 2).is_some() && inodes.forget(4, 1).is_some());
        let moved = inodes.remember(&root, b"a", &file(7, 20), false);
        assert_eq!(inodes.remember(&root, b"b", &file(7, 20), false), moved);
        assert_eq!(inodes.by_path.as_ref().unwrap().len(), 1, "a name it had before is forgotten");
        assert!(inodes.forget(moved, 2).is_some());
        assert_eq!((inodes.known.len(), inodes.handed_out.len()), (1, 0));
        assert!(inodes.by_path.unwrap().is_empty());
    }

    fn stat(device: u64, inode: u64) -> Stat {
        let mut stat = rustix::fs::stat("/").unwrap();
        stat.st_dev = device;
        stat.st_ino = inode;
        stat
    }

    #[test]
    fn numbers_are_stable_and_distinct() {
        let mut inodes = Inodes::new(&stat(7, 2));
        let root = inodes.get(ROOT_INODE).unwrap();
        let mut number = |device, inode| inodes.remember(&root, b"n", &stat(device, inode), false);
        assert_eq!(number(7, 2), ROOT_INODE);
        let all = [number(7, 3), number(8, 3), number(7, 1), number(8, 1), number(7, 1 << 60), number(8, 2)];
        assert_eq!(all[0], 3);
        let distinct: std::collections::HashSet<_> = all.iter().chain([&ROOT_INODE]).collect();
        assert_eq!(distinct.len(), 7);
        assert_eq!(number(7, 1 << 60), all[4]);
    }

    #[test]
    fn memory_is_bounded_by_forget_and_paths_outlive_their_parents() {
        let mut inodes = Inodes::new(&stat(7, 2));
        let root = inodes.get(ROOT_INODE).unwrap();
        let parent = inodes.remember(&root, b"a", &stat(7, 10), false);
        let child = inodes.remember(&inodes.get(parent).unwrap(), b"b", &stat(7, 11), false);
        inodes.remember(&inodes.get(parent).unwrap(), b"b", &stat(7, 11), false);
        assert!(inodes.forget(parent, 1).is_some());
        assert_eq!(inodes.get(child).unwrap().place.path(), b"a/b");
        assert!(inodes.forget(child, 1).is_none());
        assert!(inodes.forget(child, 1).is_some());
        assert!(inodes.forget(ROOT_INODE, 5).is_none());
        assert!(inodes.forget(999, 1).is_none());
        assert_eq!(inodes.known.len(), 1);
    }
}
