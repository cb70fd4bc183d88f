//! Which inode numbers the kernel knows, and where they are.
//!
//! A number is made from device and inode so that hard links share it and it is the same every time it is asked for. One
//! entry lives from the first lookup to the last FORGET.

use super::ROOT_INODE;
use rustix::fs::Stat;
use std::collections::HashMap;
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
    lookups: u64,
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
}

impl Inodes {
    pub(super) fn new(root: &Stat) -> Inodes {
        let root = identity(root);
        let place = Arc::new(Place { parent: None, name: Box::default() });
        // The kernel never forgets the root.
        let inode = Inode { place, identity: root, masked: false, lookups: u64::MAX };
        let known = HashMap::from([(ROOT_INODE, inode)]);
        Inodes { known, root, devices: vec![root.0], handed_out: HashMap::new(), next: 0 }
    }

    pub(super) fn get(&self, number: u64) -> Option<Inode> {
        self.known.get(&number).cloned()
    }

    /// Counts one lookup of a child and gives its number.
    pub(super) fn remember(&mut self, parent: &Inode, name: &[u8], stat: &Stat, masked: bool) -> u64 {
        let identity = identity(stat);
        let number = self.number(identity);
        let known = self.known.entry(number).or_insert_with(|| {
            let place = Arc::new(Place { parent: Some(Arc::clone(&parent.place)), name: name.into() });
            Inode { place, identity, masked, lookups: 0 }
        });
        known.lookups = known.lookups.saturating_add(1);
        // A host that moved the file is followed; a file under several names is one that keeps the latest.
        if let Some(parent_known) = &known.place.parent
            && (!Arc::ptr_eq(parent_known, &parent.place) || *known.place.name != *name)
        {
            known.place = Arc::new(Place { parent: Some(Arc::clone(&parent.place)), name: name.into() });
        }
        // Once masked by one name, masked by all: a bind mount must not show what its other name hides.
        known.masked |= masked;
        number
    }

    /// Takes lookups back; true when the inode is gone.
    pub(super) fn forget(&mut self, number: u64, count: u64) -> bool {
        let Some(inode) = self.known.get_mut(&number).filter(|_| number != ROOT_INODE) else { return false };
        inode.lookups = inode.lookups.saturating_sub(count);
        if inode.lookups > 0 {
            return false;
        }
        let identity = inode.identity;
        self.known.remove(&number);
        self.handed_out.remove(&identity);
        true
    }

    fn number(&mut self, identity: Identity) -> u64 {
        if identity == self.root {
            return ROOT_INODE;
        }
        let (device, inode) = identity;
        let position = self.devices.iter().position(|known| *known == device).unwrap_or_else(|| {
            self.devices.push(device);
            self.devices.len() - 1
        }) as u64;
        if position < HANDED_OUT && inode > ROOT_INODE && inode < 1 << DEVICE_SHIFT {
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
        assert!(inodes.forget(parent, 1));
        assert_eq!(inodes.get(child).unwrap().place.path(), b"a/b");
        assert!(!inodes.forget(child, 1));
        assert!(inodes.forget(child, 1));
        assert!(!inodes.forget(ROOT_INODE, 5));
        assert!(!inodes.forget(999, 1));
        assert_eq!(inodes.known.len(), 1);
    }
}
