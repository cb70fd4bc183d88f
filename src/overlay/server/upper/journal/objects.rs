//! Where the contents of regular files are: files named by numbers, at most 256 in a directory, because file systems like FAT
//! search a directory from its beginning and end it at 65,536 entries.
//!
//! `1A3/2F` holds the contents of file 0x1a32f. Capital letters and digits, which every file system keeps in its shortest form.

use super::log::sync_directory;
use crate::overlay::server::upper::Step;
use crate::overlay::server::upper::handle::{DIRECTORY, host_names};
use rustix::fs::{AtFlags, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::os::fd::OwnedFd;

/// Bits of a number that are a name in a directory.
const DIRECTORY_BITS: u32 = 8;

/// The directory of all contents.
#[derive(Debug)]
pub(super) struct Objects(pub OwnedFd);

impl Objects {
    /// Opens the contents of `id`, which are made empty if they are not there.
    pub(super) fn open(&self, id: u64) -> Step<OwnedFd> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let open = || rustix::fs::openat(&self.0, path(id), flags, Mode::from_raw_mode(0o600));
        match open() {
            Err(Errno::NOENT) => match rustix::fs::mkdirat(&self.0, directory(id), Mode::from_raw_mode(0o700)) {
                Ok(()) | Err(Errno::EXIST) => open(),
                Err(error) => Err(error),
            },
            result => result,
        }
    }

    pub(super) fn stat(&self, id: u64) -> Step<Stat> {
        rustix::fs::statat(&self.0, path(id), AtFlags::SYMLINK_NOFOLLOW)
    }

    /// What cannot be removed now is by the next start.
    pub(super) fn remove(&self, id: u64) {
        let _ = rustix::fs::unlinkat(&self.0, path(id), AtFlags::empty());
    }

    /// Makes the names of these files outlive a crash of the machine.
    pub(super) fn sync(&self, ids: impl IntoIterator<Item = u64>) -> Step<()> {
        let directories: std::collections::BTreeSet<u64> = ids.into_iter().map(|id| id >> DIRECTORY_BITS).collect();
        for number in &directories {
            match rustix::fs::openat(&self.0, directory(number << DIRECTORY_BITS), DIRECTORY, Mode::empty()) {
                Ok(opened) => sync_directory(&opened)?,
                Err(Errno::NOENT) => {}
                Err(error) => return Err(error),
            }
        }
        if directories.is_empty() { Ok(()) } else { sync_directory(&self.0) }
    }

    /// All that are there; directories that hold none are removed.
    pub(super) fn all(&self) -> Step<Vec<u64>> {
        let mut all = Vec::new();
        for (name, _) in host_names(&self.0)? {
            let Some(high) = number(&name).filter(|high| *high <= u64::MAX >> DIRECTORY_BITS) else { continue };
            let Ok(opened) = rustix::fs::openat(&self.0, &*name, DIRECTORY, Mode::empty()) else { continue };
            let low = host_names(&opened)?.into_iter().filter_map(|(name, _)| number(&name));
            let before = all.len();
            all.extend(low.filter(|low| low >> DIRECTORY_BITS == 0).map(|low| high << DIRECTORY_BITS | low));
            if all.len() == before {
                // One that holds something else stays.
                let _ = rustix::fs::unlinkat(&self.0, &*name, AtFlags::REMOVEDIR);
            }
        }
        Ok(all)
    }
}

fn directory(id: u64) -> String {
    format!("{:X}", id >> DIRECTORY_BITS)
}

fn path(id: u64) -> String {
    format!("{}/{:02X}", directory(id), id & ((1 << DIRECTORY_BITS) - 1))
}

fn number(name: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(name).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_short_and_found_again() {
        assert_eq!(path(0x1a32f), "1A3/2F");
        assert_eq!(path(5), "0/05");
        let place = tempfile::tempdir().unwrap();
        let objects = Objects(std::fs::File::open(place.path()).unwrap().into());
        let ids = [5, 0x1a32f, 0x1a330, u64::MAX >> 16];
        for id in ids {
            objects.open(id).unwrap();
        }
        std::fs::write(place.path().join("0/README.TXT"), "").unwrap();
        std::fs::write(place.path().join("other"), "").unwrap();
        let mut all = objects.all().unwrap();
        all.sort_unstable();
        assert_eq!(all, ids);
        ids.iter().for_each(|id| objects.remove(*id));
        assert_eq!(objects.all(), Ok(vec![]));
        assert_eq!(objects.all(), Ok(vec![]));
        assert!(place.path().join("0").is_dir() && !place.path().join("1A3").exists());
    }
}
