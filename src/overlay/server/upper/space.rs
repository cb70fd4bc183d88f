//! How much the container may still write.
//!
//! Counted in allocated blocks, as the backing file system reports them after each change, so holes are free and every file
//! system's own rounding is included. Counted anew at every start: a count that was written down would be wrong after a crash.

use super::handle::{DIRECTORY, Handle, host_names};
use crate::overlay::server::adapter::Totals;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Unit of `st_blocks` (inode(7)).
const BLOCK: u64 = 512;
/// What a new directory or file is taken to need before it is made.
pub(super) const SMALLEST: u64 = 4096;

/// How long the space of a removed file may be under way: the kernel awaits no answer to FORGET and RELEASE, so that a request
/// it sent later can overtake them here.
const UNDER_WAY: Duration = Duration::from_millis(250);
/// How often it is looked for meanwhile.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// The container's share.
#[derive(Debug)]
pub(super) struct Space {
    limit: Option<u64>,
    used: AtomicU64,
    began: Instant,
    /// Milliseconds from `began` to the last time a file lost a name.
    last_removal: AtomicU64,
}

/// Bytes a file takes.
pub(super) fn allocated(stat: &Stat) -> u64 {
    u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(BLOCK)
}

impl Space {
    /// Counts what is in `upper` if there is a limit.
    pub(super) fn new(limit: Option<u64>, upper: &Handle) -> Result<Space, Errno> {
        let used = if limit.is_some() { upper.used_bytes()? } else { 0 };
        Ok(Space { limit, used: AtomicU64::new(used), began: Instant::now(), last_removal: AtomicU64::new(u64::MAX) })
    }

    /// A file lost a name: its space may come back at any moment.
    pub(super) fn removed(&self) {
        if self.is_limited() {
            let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.last_removal.store(now, Ordering::Relaxed);
        }
    }

    /// Whether what was removed may still be on its way back.
    fn awaits_some(&self) -> bool {
        let last = Duration::from_millis(self.last_removal.load(Ordering::Relaxed));
        self.began.elapsed().checked_sub(last).is_some_and(|since| since < UNDER_WAY)
    }

    pub(super) fn is_limited(&self) -> bool {
        self.limit.is_some()
    }

    /// Fails with ENOSPC when `bytes` more are too many. Blocks for up to a quarter of a second while space may be coming back.
    pub(super) fn check(&self, bytes: u64) -> Result<(), Errno> {
        while !self.fits(bytes) {
            if !self.awaits_some() {
                return Err(Errno::NOSPC);
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    }

    /// Whether `bytes` more are within the limit at this moment.
    pub(super) fn fits(&self, bytes: u64) -> bool {
        self.limit.is_none_or(|limit| self.used.load(Ordering::Relaxed).saturating_add(bytes) <= limit)
    }

    /// A file that took `before` bytes takes `after` now.
    pub(super) fn charge(&self, before: u64, after: u64) {
        if self.is_limited() {
            let update = |used: u64| Some(used.saturating_add(after).saturating_sub(before));
            let _ = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, update);
        }
    }

    /// What statfs(2) shows: the real file system's figures within the limit.
    pub(super) fn totals(&self, upper: &Handle) -> Totals {
        let Ok(found) = rustix::fs::fstatvfs(upper.anchor()) else { return Totals::default() };
        let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
        let mut totals = Totals {
            bytes: bytes(found.f_blocks),
            free_bytes: bytes(found.f_bfree),
            available_bytes: bytes(found.f_bavail),
            files: found.f_files,
            free_files: found.f_ffree,
            name_bytes: 255,
        };
        if let Some(limit) = self.limit {
            let left = limit.saturating_sub(self.used.load(Ordering::Relaxed));
            totals.bytes = limit;
            totals.free_bytes = left.min(totals.free_bytes);
            totals.available_bytes = left.min(totals.available_bytes);
        }
        totals
    }
}

/// Bytes that everything below `upper` takes; a file with several names once. Holds one descriptor however deep it goes,
/// and returns upwards by `..`: nobody else moves anything here.
pub(super) fn count(upper: &OwnedFd) -> Result<u64, Errno> {
    let mut total = 0_u64;
    let mut several = HashSet::new();
    let mut directory = rustix::fs::openat(upper, c".", DIRECTORY, Mode::empty())?;
    let mut left = vec![count_names(&directory, &mut several, &mut total)?];
    while let Some(names) = left.last_mut() {
        if let Some(name) = names.pop() {
            directory = rustix::fs::openat(&directory, &*name, DIRECTORY, Mode::empty())?;
            left.push(count_names(&directory, &mut several, &mut total)?);
            continue;
        }
        left.pop();
        if !left.is_empty() {
            let parent = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            directory = rustix::fs::openat(&directory, c"..", parent, Mode::empty())?;
        }
    }
    Ok(total)
}

/// Counts what is in `directory` and gives the directories there.
fn count_names(directory: &OwnedFd, several: &mut HashSet<u64>, total: &mut u64) -> Result<Vec<Vec<u8>>, Errno> {
    let mut inner = Vec::new();
    for (name, _) in host_names(directory)? {
        let stat = rustix::fs::statat(directory, &*name, AtFlags::SYMLINK_NOFOLLOW)?;
        let is_directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
        if is_directory || stat.st_nlink == 1 || several.insert(stat.st_ino) {
            *total = total.saturating_add(allocated(&stat));
        }
        if is_directory {
            inner.push(name);
        }
    }
    Ok(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_holds_over_restarts() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("d")).unwrap();
        std::fs::write(directory.path().join("d/f"), vec![1; 100_000]).unwrap();
        std::fs::hard_link(directory.path().join("d/f"), directory.path().join("g")).unwrap();
        let upper = Handle::from(rustix::fs::open(directory.path(), DIRECTORY, Mode::empty()).unwrap());
        let space = Space::new(Some(200_000), &upper).unwrap();
        let used = space.used.load(Ordering::Relaxed);
        assert!((100_000..160_000).contains(&used), "{used}");
        assert_eq!(space.check(100_000), Err(Errno::NOSPC));
        space.removed();
        std::thread::scope(|scope| {
            let check = scope.spawn(|| space.check(100_000));
            space.charge(used, 0);
            assert_eq!(check.join().unwrap(), Ok(()));
        });
        assert_eq!(space.check(300_000), Err(Errno::NOSPC));
        let totals = space.totals(&upper);
        assert_eq!(totals.bytes, 200_000);
        assert!(totals.free_bytes <= 200_000);
    }
}
