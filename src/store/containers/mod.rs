//! Containers on disk: one directory each, one small file per name.
//!
//! A container is there when `containers/<id>/config.json` is. What it is doing is in `state.json`, written by whoever
//! changes it (the command that creates it, then its keeper) by temporary file and rename; [`State::settle`] compares
//! what the file claims with what lives, so a keeper that was killed or a machine that was switched off never shows as
//! running. A name is a file in `container-names/` that holds the ID; it is made by `link(2)`, which fails when the
//! name is taken, so two commands can never both have it. A name whose container is gone is free.
//!
//! There is no lock that two containers share. One container's own transitions (start, remove) are serialised by
//! `flock(2)` on its directory's `lock` file.

mod error;
mod marks;
mod state;

pub use error::Error;
pub use marks::{Paused, is_stopped_by_user};
pub use state::{Attachment, ProcessId, State, Status, boot_id};

use super::locks;
use super::paths::Paths;
use rustix::fs::{FlockOperation, Mode, OFlags};
use serde::{Serialize, de::DeserializeOwned};
use std::fs;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Number of hexadecimal digits of a container's ID.
const ID_LENGTH: usize = 64;

/// The containers of one store.
#[derive(Clone, Debug)]
pub struct Containers {
    paths: Paths,
}

/// Whether a file must be on disk before the call returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Survives a power cut: `fsync(2)` before the rename.
    Durable,
    /// May be lost with the machine (containers that are removed at exit anyway).
    Volatile,
}

/// How often a new container's directory is made again when it was swept away before it was locked.
const ALLOCATION_ATTEMPTS: usize = 16;

impl Containers {
    /// The containers of the store at `paths`; touches nothing.
    pub fn new(paths: &Paths) -> Self {
        Containers { paths: paths.clone() }
    }

    /// The directory of container `id`.
    pub fn directory(&self, id: &str) -> PathBuf {
        self.paths.container(id)
    }

    /// Makes a new container's directory with a fresh random ID and returns the ID.
    pub fn allocate(&self) -> Result<String, Error> {
        let id = random_id();
        let directory = self.directory(&id);
        match make_container_directory(&directory) {
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                make_directories(&self.paths.containers())?;
                make_container_directory(&directory)?;
            }
            other => other?,
        }
        Ok(id)
    }

    /// The same, locked. Between making and locking it, another command's sweep may take the directory for a left-over
    /// and remove it, lock file included; then another one is made.
    pub fn allocate_locked(&self) -> Result<(String, OwnedFd), Error> {
        for _ in 0..ALLOCATION_ATTEMPTS {
            let id = self.allocate()?;
            match self.lock(&id) {
                Ok(lock) if rustix::fs::fstat(&lock).is_ok_and(|status| status.st_nlink > 0) => return Ok((id, lock)),
                Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
                Ok(_) => {}
            }
        }
        self.allocate().and_then(|id| self.lock(&id).map(|lock| (id, lock)))
    }

    /// Gives `name` to container `id`; [`Error::NameInUse`] when a container that exists has it.
    pub fn register_name(&self, name: &str, id: &str) -> Result<(), Error> {
        let directory = self.paths.container_names();
        let path = directory.join(name);
        for _ in 0..16 {
            let temporary = directory.join(format!(".{id}"));
            if let Err(error) = write_new(&temporary, id.as_bytes(), Durability::Volatile) {
                match error {
                    Error::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                        make_directories(&directory)?;
                        continue;
                    }
                    error => return Err(error),
                }
            }
            let linked = link_new(&temporary, &path);
            let _ = fs::remove_file(&temporary); // a left-over is overwritten by its only possible user
            match linked {
                Ok(()) => return Ok(()),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => self.clear_stale_name(name, id)?,
                Err(error) => return Err(Error::io("name container", &path, error)),
            }
        }
        Err(Error::NameInUse { name: name.to_owned(), id: self.id_of_name(name).unwrap_or_default() })
    }

    /// Removes the name file when its container is gone; [`Error::NameInUse`] when it is not.
    fn clear_stale_name(&self, name: &str, new_id: &str) -> Result<(), Error> {
        let path = self.paths.container_names().join(name);
        match self.id_of_name(name) {
            Some(id) if id != new_id && self.directory(&id).exists() && !self.is_abandoned(&id) => {
                Err(Error::NameInUse { name: name.to_owned(), id })
            }
            _ => match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(Error::io("remove stale name", &path, error))
                }
                _ => Ok(()),
            },
        }
    }

    /// Whether a container was begun by a command that was killed: its maker holds the lock until it exists.
    fn is_abandoned(&self, id: &str) -> bool {
        !self.exists(id) && self.try_lock(id).is_some_and(|_lock| !self.exists(id))
    }

    fn id_of_name(&self, name: &str) -> Option<String> {
        if name.is_empty() || name.starts_with('.') || name.contains('/') {
            return None;
        }
        let id = fs::read_to_string(self.paths.container_names().join(name)).ok()?;
        is_id(&id).then_some(id)
    }

    /// Whether container `id` is the one called `name`.
    pub fn has_name(&self, name: &str, id: &str) -> bool {
        self.id_of_name(name).is_some_and(|owner| owner == id)
    }

    /// Gives up `name` if container `id` has it.
    pub fn release_name(&self, name: &str, id: &str) {
        if self.has_name(name, id) {
            let _ = fs::remove_file(self.paths.container_names().join(name)); // a stale name is free anyway
        }
    }

    /// The ID of the container that `name_or_id` names: a name, an ID or the unambiguous start of one.
    pub fn find(&self, name_or_id: &str) -> Result<String, Error> {
        // docker shows names with a slash in front.
        let (typed, name_or_id) = (name_or_id, name_or_id.strip_prefix('/').unwrap_or(name_or_id));
        if let Some(id) = self.id_of_name(name_or_id).filter(|id| self.exists(id)) {
            return Ok(id);
        }
        if is_id(name_or_id) && self.exists(name_or_id) {
            return Ok(name_or_id.to_owned());
        }
        let not_found = || Error::NoSuchContainer { name: typed.to_owned() };
        if name_or_id.is_empty() || !name_or_id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(not_found());
        }
        let mut matches = self.list().into_iter().filter(|id| id.starts_with(name_or_id));
        let first = matches.next().ok_or_else(not_found)?;
        match matches.next() {
            None => Ok(first),
            Some(_) => Err(Error::Ambiguous { name: name_or_id.to_owned() }),
        }
    }

    /// Whether container `id` is there.
    pub fn exists(&self, id: &str) -> bool {
        self.directory(id).join("config.json").exists()
    }

    /// The IDs of all containers, in no order.
    pub fn list(&self) -> Vec<String> {
        self.directories().into_iter().filter(|id| self.exists(id)).collect()
    }

    /// The IDs of all directories, those of half-made and half-removed containers included.
    pub fn directories(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.paths.containers()) else { return Vec::new() };
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).filter(|name| is_id(name)).collect()
    }

    /// Reads `config.json` of container `id`.
    pub fn read_config<T: DeserializeOwned>(&self, id: &str) -> Result<T, Error> {
        read_json(&self.directory(id).join("config.json"))
    }

    /// Writes `config.json` of container `id`; with this the container exists.
    pub fn write_config<T: Serialize>(&self, id: &str, config: &T, durability: Durability) -> Result<(), Error> {
        write_json(&self.directory(id).join("config.json"), config, durability)
    }

    /// Reads what container `id` is doing, corrected by what really lives.
    pub fn read_state(&self, id: &str) -> Result<State, Error> {
        let mut state: State = read_json(&self.directory(id).join("state.json"))?;
        state.settle();
        self.look_at_marks(id, &mut state);
        Ok(state)
    }

    /// Writes what container `id` is doing.
    pub fn write_state(&self, id: &str, state: &State, durability: Durability) -> Result<(), Error> {
        write_json(&self.directory(id).join("state.json"), state, durability)
    }

    /// Takes the lock of container `id` if nobody has it.
    pub fn try_lock(&self, id: &str) -> Option<OwnedFd> {
        let path = self.directory(id).join("lock");
        let flags = OFlags::CREATE | OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file = rustix::fs::open(path, flags, Mode::from_raw_mode(0o600)).ok()?;
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
        Some(file)
    }

    /// Waits for and takes the lock of container `id`; released when the descriptor is closed.
    pub fn lock(&self, id: &str) -> Result<OwnedFd, Error> {
        let path = self.directory(id).join("lock");
        locks::wait_for(&path).map_err(|error| Error::io("lock container", &path, error.into()))
    }
}

/// Whether `text` has the form of a container's ID.
pub fn is_id(text: &str) -> bool {
    text.len() == ID_LENGTH && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// 64 random hexadecimal digits: the ID of a container, or of a process in one.
pub fn random_id() -> String {
    let mut bytes = [0u8; ID_LENGTH / 2];
    fill_random(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn fill_random(bytes: &mut [u8]) {
    let mut filled = 0;
    while filled < bytes.len() {
        // Before the kernel's generator is ready this blocks, which is the right thing for an identifier.
        if let Ok(count) = rustix::rand::getrandom(&mut bytes[filled..], rustix::rand::GetRandomFlags::empty()) {
            filled += count;
        }
    }
}

/// Gives a file a name that must be free; the old one may stay. A name shows the whole content from the first moment.
fn link_new(from: &Path, to: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match fs::hard_link(from, to) {
        Err(error)
            if matches!(error.kind(), std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::Unsupported) => {}
        result => return result,
    }
    // FAT and the like have no links.
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Nor does every one of them know the flag.
        Err(rustix::io::Errno::INVAL) if !to.exists() => fs::rename(from, to),
        Err(rustix::io::Errno::INVAL) => Err(std::io::ErrorKind::AlreadyExists.into()),
        result => Ok(result?),
    }
}

/// Mode 0711, below a directory that only the user can enter: under an id map without the user, init must pass through.
pub fn make_container_directory(path: &Path) -> Result<(), Error> {
    fs::DirBuilder::new().mode(0o711).create(path).map_err(|error| Error::io("create directory", path, error))
}

/// Makes one directory that only the user can enter.
pub fn make_directory(path: &Path) -> Result<(), Error> {
    fs::DirBuilder::new().mode(0o700).create(path).map_err(|error| Error::io("create directory", path, error))
}

/// Makes a directory and those above it that are missing, for the user alone.
pub fn make_directories(path: &Path) -> Result<(), Error> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| Error::io("create directory", path, error))
}

fn write_new(path: &Path, bytes: &[u8], durability: Durability) -> Result<(), Error> {
    let failed = |error| Error::io("write", path, error);
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    if durability == Durability::Durable {
        file.sync_all().map_err(failed)?;
    }
    Ok(())
}

/// Replaces the JSON file `path` as a whole: temporary file, sync when durable, rename.
pub fn write_json<T: Serialize>(path: &Path, value: &T, durability: Durability) -> Result<(), Error> {
    let bytes = serde_json::to_vec(value).map_err(|source| Error::Json { path: path.to_owned(), source })?;
    let temporary = path.with_extension(format!("tmp{}", rustix::process::getpid().as_raw_nonzero()));
    let written = write_new(&temporary, &bytes, durability).and_then(|()| {
        put_in_place(&temporary, path, durability).map_err(|error| Error::io("write", path, error.into()))
    });
    if written.is_err() {
        let _ = fs::remove_file(&temporary); // the first error is the one worth telling
    }
    written
}

/// Gives `temporary` the name `path` in one step.
///
/// ext4 writes a file to the disk at once when it is renamed over another (`auto_da_alloc`, ext4(5)), which a file that
/// need not survive a crash can do without: exchanging the two names and removing the old file costs a fraction of it.
fn put_in_place(temporary: &Path, path: &Path, durability: Durability) -> rustix::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, rename, renameat_with, unlink};
    if durability == Durability::Volatile && renameat_with(CWD, temporary, CWD, path, RenameFlags::EXCHANGE).is_ok() {
        return unlink(temporary);
    }
    rename(temporary, path)
}

/// Reads a JSON file written by [`write_json`].
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let bytes = fs::read(path).map_err(|error| Error::io("read", path, error))?;
    serde_json::from_slice(&bytes).map_err(|source| Error::Json { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn containers() -> (tempfile::TempDir, Containers) {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths { root: home.path().join("store"), run_root: home.path().join("run"), additional: vec![] };
        let containers = Containers::new(&paths);
        (home, containers)
    }

    fn existing(containers: &Containers) -> String {
        let id = containers.allocate().unwrap();
        containers.write_config(&id, &"config", Durability::Volatile).unwrap();
        id
    }

    #[test]
    fn a_name_belongs_to_one_container_until_that_is_gone() {
        let (_home, containers) = containers();
        let first = existing(&containers);
        let second = existing(&containers);
        containers.register_name("web", &first).unwrap();
        let error = containers.register_name("web", &second).unwrap_err();
        assert!(matches!(error, Error::NameInUse { ref id, .. } if *id == first), "{error}");
        assert_eq!(containers.find("web").unwrap(), first);
        fs::remove_dir_all(containers.directory(&first)).unwrap();
        containers.register_name("web", &second).unwrap();
        assert_eq!(containers.find("web").unwrap(), second);
    }

    #[test]
    fn the_name_of_a_container_whose_maker_was_killed_is_free() {
        let (_home, containers) = containers();
        let (begun, lock) = containers.allocate_locked().unwrap();
        containers.register_name("web", &begun).unwrap();
        let other = existing(&containers);
        assert!(containers.register_name("web", &other).is_err(), "its maker lives");
        drop(lock);
        containers.register_name("web", &other).unwrap();
        assert_eq!(containers.find("web").unwrap(), other);
    }

    #[test]
    fn a_container_is_found_by_the_start_of_its_id() {
        let (_home, containers) = containers();
        let id = existing(&containers);
        assert_eq!(containers.find(&id[..6]).unwrap(), id);
        assert_eq!(containers.find(&id).unwrap(), id);
        for missing in ["", "..", "../x", "zz", "0000000000000000000000"] {
            assert!(matches!(containers.find(missing), Err(Error::NoSuchContainer { .. })), "{missing}");
        }
    }
}
