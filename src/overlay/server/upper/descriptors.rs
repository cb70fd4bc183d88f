//! Descriptors kept open between requests, the least recently used closed first.

use super::handle::Handle;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Open files or directories by inode number.
#[derive(Debug)]
pub(super) struct Descriptors {
    open: Mutex<Open>,
    limit: usize,
}

#[derive(Debug, Default)]
struct Open {
    known: HashMap<u64, (Handle, u64)>,
    clock: u64,
}

impl Descriptors {
    /// Keeps at most `limit` (which is at least 2).
    pub(super) fn new(limit: usize) -> Descriptors {
        Descriptors { open: Mutex::default(), limit: limit.max(2) }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, inode: u64) -> Option<Handle> {
        let mut open = self.open();
        open.clock += 1;
        let now = open.clock;
        let (descriptor, used) = open.known.get_mut(&inode)?;
        *used = now;
        Some(descriptor.clone())
    }

    pub(super) fn insert(&self, inode: u64, descriptor: Handle) {
        let mut open = self.open();
        open.clock += 1;
        let now = open.clock;
        let full = open.known.len() >= self.limit;
        let closed = if full { open.close_older_half() } else { Vec::new() };
        open.known.insert(inode, (descriptor, now));
        drop(open);
        // close(2) may wait for the disk: not while the lock is held.
        drop(closed);
    }

    pub(super) fn remove(&self, inode: u64) -> Option<Handle> {
        self.open().known.remove(&inode).map(|(descriptor, _)| descriptor)
    }

    /// Closes everything, for when descriptors have run out.
    pub(super) fn clear(&self) {
        let closed = std::mem::take(&mut self.open().known);
        drop(closed);
    }
}

impl Open {
    fn close_older_half(&mut self) -> Vec<(Handle, u64)> {
        let mut times: Vec<u64> = self.known.values().map(|(_, used)| *used).collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        self.known.extract_if(|_, (_, used)| *used <= median).map(|(_, closed)| closed).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_open() {
        let descriptors = Descriptors::new(8);
        let null = Handle::from(std::os::fd::OwnedFd::from(std::fs::File::open("/dev/null").unwrap()));
        for inode in 0..100 {
            descriptors.insert(inode, null.clone());
            assert!(descriptors.get(0).is_some());
        }
        assert!(descriptors.open().known.len() <= 8);
        assert!(descriptors.get(99).is_some());
        assert!(descriptors.get(1).is_none());
        descriptors.clear();
        assert!(descriptors.get(99).is_none());
    }
}
