//! Limits of what containers write, kept by the host's file system as project quotas (`--storage-opt size=`).
//!
//! Each such container has a project number of its own, by which the file system counts what is in its `upper/` and
//! `work/`. A note `projects/<number>` with the container's ID is made before the number is used and goes after its limit, so
//! a number belongs to one container of this store; numbers that others use are known by what the file system has counted
//! or limited already. Numbers come from the ID, which is random, so two stores hardly ever meet.
//!
//! Only the administrator may set limits. What a killed command leaves is a note without a container, and
//! [`sweep`] gives its number back.

use super::containers::Error;
use super::paths::Paths;
use crate::sys::quota;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::fs;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::path::Path;

/// Digits of an ID that make one number.
const DIGITS: usize = 8;
/// Numbers are in this half: those that administrators give in `/etc/projid` are small, and tools print them signed.
const LARGE: u32 = 1 << 30;

/// Why a directory's files cannot be limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The file system has no project quotas, or does not enforce them.
    NotEnforced,
    /// This process may not set them.
    NotPermitted,
}

/// Looks whether limits can be set for what is below `directory`: two system calls.
pub fn obstacle(directory: &Path) -> Option<Obstacle> {
    let Ok(opened) = open(directory) else { return Some(Obstacle::NotEnforced) };
    match quota::is_enforced(&opened) {
        Ok(true) => quota::account(&opened, LARGE).err().map(|_| Obstacle::NotPermitted),
        _ => Some(Obstacle::NotEnforced),
    }
}

/// Limits what the empty `directories` of container `id` may hold together to `bytes`.
pub fn limit(paths: &Paths, id: &str, directories: &[&Path], bytes: u64) -> Result<(), Error> {
    sweep(paths);
    let notes = paths.projects();
    fs::create_dir_all(&notes).map_err(|source| Error::io("create", &notes, source))?;
    let place = paths.containers();
    let failed = |source: Errno| Error::io("limit the size of", &place, source.into());
    let opened = open(&place).map_err(failed)?;
    let number = numbers(id)
        .find(|number| {
            quota::account(&opened, *number).is_ok_and(|account| account.is_free()) && note(&notes, *number, id)
        })
        .ok_or_else(|| failed(Errno::USERS))?;
    quota::limit(&opened, number, bytes).map_err(failed)?;
    for directory in directories {
        let assign = || quota::assign(open(directory)?, number);
        assign().map_err(|source| Error::io("limit the size of", directory, source.into()))?;
    }
    Ok(())
}

/// Gives back the numbers whose containers are gone.
pub fn sweep(paths: &Paths) {
    let Ok(notes) = fs::read_dir(paths.projects()) else { return };
    let Ok(place) = open(&paths.containers()) else { return };
    for entry in notes.flatten() {
        let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let Ok(id) = fs::read_to_string(entry.path()) else { continue };
        // An unfinished note is about to be complete, or for the next container with that ID, which there never is.
        if id.is_empty() || paths.container(&id).exists() {
            continue;
        }
        // A file system that has no quotas any more has forgotten the limit as well.
        if !matches!(quota::limit(&place, number, 0), Err(Errno::PERM | Errno::ACCESS)) {
            let _ = fs::remove_file(entry.path()); // the next sweep finds it again
        }
    }
}

/// Numbers for the container `id`, one after the other.
fn numbers(id: &str) -> impl Iterator<Item = u32> + '_ {
    let parts = id.as_bytes().chunks_exact(DIGITS).filter_map(|part| std::str::from_utf8(part).ok());
    parts.filter_map(|part| u32::from_str_radix(part, 16).ok()).map(|number| number & (LARGE - 1) | LARGE)
}

/// Takes `number` for container `id`; false when another container of this store has it.
fn note(notes: &Path, number: u32, id: &str) -> bool {
    let made = fs::OpenOptions::new().write(true).create_new(true).open(notes.join(number.to_string()));
    made.is_ok_and(|mut file| file.write_all(id.as_bytes()).is_ok())
}

fn open(directory: &Path) -> Result<OwnedFd, Errno> {
    rustix::fs::open(directory, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_large_and_positive() {
        let id = "ffffffff0000000012345678".to_owned() + &"ab".repeat(20);
        let found: Vec<u32> = numbers(&id).collect();
        assert_eq!(found.len(), 8);
        assert!(found.iter().all(|number| (LARGE..=i32::MAX as u32).contains(number)));
        assert_eq!(found[2], 0x1234_5678 | LARGE);
    }

    #[test]
    fn a_number_has_one_owner() {
        let home = tempfile::tempdir().unwrap();
        assert!(note(home.path(), 7, "a"));
        assert!(!note(home.path(), 7, "b"));
        assert_eq!(fs::read_to_string(home.path().join("7")).unwrap(), "a");
    }

    #[test]
    fn a_file_system_without_quotas_is_an_obstacle() {
        assert_eq!(obstacle(Path::new("/proc")), Some(Obstacle::NotEnforced));
        assert_eq!(obstacle(Path::new("/nonexistent")), Some(Obstacle::NotEnforced));
    }
}
