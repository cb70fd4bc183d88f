//! Removing a container's files, and what killed processes left behind.

use super::error::Error;
use super::record::ContainerRecord;
use crate::store::containers::Containers;
use crate::store::paths::Paths;
use crate::sys::file_system;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, unlinkat};
use rustix::io::Errno;
use std::fs;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// A directory that is no container yet is left alone for this long: its maker may be about to lock it.
const GRACE: Duration = Duration::from_secs(10);

/// How often a directory is emptied again when a file was made in it meanwhile.
const WRITERS: usize = 16;

/// So much of an ID file is read.
const ID_FILE_BYTES: u64 = 80;

/// Marks a container that must not outlive its process, so that whoever finds it dead may delete it.
const DISPOSABLE_MARK: &str = "remove-at-exit";

/// Marks the container in `directory` as one that goes with its process. From then on it is rubbish whenever nobody
/// holds its lock and no keeper of its lives.
pub fn mark_disposable(directory: &Path) -> Result<(), Error> {
    let path = directory.join(DISPOSABLE_MARK);
    fs::write(&path, "").map_err(|source| Error::File { operation: "write", path, source })
}

/// Removes the files of a container: name first, then what makes it exist, then the rest. What belongs to subordinate
/// ids is an error of kind [`Errno::ACCESS`] or [`Errno::PERM`]; the rest is removed nevertheless.
pub fn remove_files(paths: &Paths, id: &str, name: &str, anonymous_volumes: &[String]) -> Result<(), Errno> {
    let containers = Containers::new(paths);
    containers.release_name(name, id);
    let directory = containers.directory(id);
    let _ = fs::remove_file(directory.join("config.json")); // reported below when the directory cannot go
    let _ = fs::remove_dir_all(paths.container_run(id)); // usually there is none
    let is_nfs = file_system::kind_at(&directory) == Ok(file_system::NFS);
    if is_nfs {
        set_lock_aside(paths, &directory, id);
    }
    let mut result = remove_tree(&directory);
    // A health check that ends with its container may be about to write its result.
    for _ in 0..WRITERS {
        if result != Err(Errno::NOTEMPTY) {
            break;
        }
        result = remove_tree(&directory);
    }
    // An NFS client keeps what is open until it is closed. Without its configuration the rest is no container any more.
    if is_nfs && result == Err(Errno::BUSY) {
        result = Ok(());
    }
    for volume in anonymous_volumes {
        result = result.and(remove_tree(&paths.volumes().join(volume)));
    }
    result
}

/// On NFS a file that is removed while it is open keeps a name in its directory, which cannot go then. Its lock is open
/// whenever a container is removed: it keeps that name elsewhere.
fn set_lock_aside(paths: &Paths, directory: &Path, id: &str) {
    let aside = paths.temporary().join(format!("lock-{id}"));
    // Where that cannot be done, the directory stays for the next command that looks.
    let _ = fs::create_dir_all(paths.temporary());
    let _ = fs::rename(directory.join("lock"), &aside).and_then(|()| fs::remove_file(&aside));
}

/// Removes the files of the container of `record`; its name may have changed since the record was read.
pub fn remove_record(paths: &Paths, record: &ContainerRecord) -> Result<(), Errno> {
    let now = Containers::new(paths).read_config::<ContainerRecord>(&record.id);
    let name = now.as_ref().map_or(record.name.as_str(), |now| now.name.as_str());
    remove_id_file(record);
    remove_files(paths, &record.id, name, &record.anonymous_volumes)
}

/// Removes the container's ID file, as long as it holds that ID.
pub(super) fn remove_id_file(record: &ContainerRecord) {
    if let Some(path) = record.request.cidfile.as_deref().filter(|path| id_in(path).as_ref() == Some(&record.id)) {
        let _ = fs::remove_file(path); // in a directory of somebody else's by now: it harms nobody
    }
}

/// The ID in an ID file; `None` when it is something else.
pub(super) fn id_in(path: &Path) -> Option<String> {
    let mut text = String::new();
    let file = fs::OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(path).ok()?;
    file.take(ID_FILE_BYTES).read_to_string(&mut text).ok()?;
    let id = text.trim();
    let is_id = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| id.to_owned())
}

/// Removes a directory tree without following links; nothing when it is not there. Goes on after errors and returns
/// the first.
pub fn remove_tree(path: &Path) -> Result<(), Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(directory) => directory,
        Err(Errno::NOENT) => return Ok(()),
        Err(error) => {
            let _ = rustix::fs::chmod(path, Mode::RWXU); // a directory of mode 0 (overlayfs makes one) of our own
            rustix::fs::open(path, flags, Mode::empty()).map_err(|_| error)?
        }
    };
    let emptied = empty_directory(directory);
    match fs::remove_dir(path) {
        Ok(()) => emptied,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => emptied,
        Err(error) => emptied.and(Err(Errno::from_io_error(&error).unwrap_or(Errno::IO))),
    }
}

/// Removes the directory `name` of `parent` with everything in it, without following links.
pub fn remove_tree_at(parent: &OwnedFd, name: impl rustix::path::Arg) -> Result<(), Errno> {
    name.into_with_c_str(|name| {
        empty_directory(open_below(parent, name)?)?;
        unlinkat(parent, name, AtFlags::REMOVEDIR)
    })
}

/// Removes everything below `directory`; depth costs no stack, since trees are hostile.
fn empty_directory(directory: OwnedFd) -> Result<(), Errno> {
    let mut result = Ok(());
    let mut stack: Vec<(OwnedFd, Option<std::ffi::CString>)> = vec![(directory, None)];
    while let Some((current, name)) = stack.pop() {
        let mut below = None;
        match entries(&current) {
            Err(error) => result = result.and(unless_gone(Err(error))),
            Ok(names) => {
                for (entry, is_directory) in names {
                    let removed = match is_directory {
                        false => unlinkat(&current, &entry, AtFlags::empty()),
                        true => match unlinkat(&current, &entry, AtFlags::REMOVEDIR) {
                            Err(Errno::NOTEMPTY | Errno::EXIST) => match open_below(&current, &entry) {
                                Ok(opened) => {
                                    below = Some((opened, entry));
                                    break;
                                }
                                Err(error) => Err(error),
                            },
                            other => other,
                        },
                    };
                    result = result.and(unless_gone(removed));
                }
            }
        }
        match below {
            // Back to this directory when the one below is empty.
            Some((opened, entry)) => {
                stack.push((current, name));
                stack.push((opened, Some(entry)));
            }
            None => {
                if let (Some(name), Some((parent, _))) = (&name, stack.last())
                    && let Err(error) = unless_gone(unlinkat(parent, name, AtFlags::REMOVEDIR))
                {
                    // It would be found again for ever: give up on this branch.
                    return result.and(Err(error));
                }
            }
        }
    }
    result
}

/// Several may remove the same tree, such as a container's guard and the sweep of another's keeper, which lacks the ids
/// for some of it: what the other has removed is no reason to stop.
fn unless_gone(removed: Result<(), Errno>) -> Result<(), Errno> {
    match removed {
        Err(Errno::NOENT) => Ok(()),
        other => other,
    }
}

fn open_below(parent: &OwnedFd, name: &std::ffi::CStr) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(parent, name, flags, Mode::empty()).or_else(|error| {
        let _ = rustix::fs::chmodat(parent, name, Mode::RWXU, AtFlags::empty()); // ours, but without the bits
        openat(parent, name, flags, Mode::empty()).map_err(|_| error)
    })
}

fn entries(directory: &OwnedFd) -> Result<Vec<(std::ffi::CString, bool)>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            names.push((entry.file_name().to_owned(), entry.file_type() == FileType::Directory));
        }
    }
    Ok(names)
}

/// Removes what killed commands left: directories that never became containers, and disposable containers whose
/// keeper is gone. Returns the IDs that need the container's own ids to be removed.
pub fn sweep(paths: &Paths) -> Vec<String> {
    let containers = Containers::new(paths);
    let mut left = Vec::new();
    for id in containers.directories() {
        let directory = containers.directory(&id);
        let is_container = containers.exists(&id);
        if is_container && !directory.join(DISPOSABLE_MARK).exists() {
            continue;
        }
        // Its maker may be about to take the lock, whose file is made by that; from then on it has it.
        if !is_container && !directory.join("lock").exists() && is_recent(&directory) {
            continue;
        }
        let Some(_lock) = containers.try_lock(&id) else { continue };
        if containers.read_state(&id).is_ok_and(|state| state.status.is_alive()) {
            continue;
        }
        let removed = match containers.read_config::<ContainerRecord>(&id) {
            Ok(record) => remove_record(paths, &record),
            Err(_) => remove_tree(&directory),
        };
        if removed.is_err() {
            left.push(id);
        }
    }
    left
}

/// Removes names whose containers are gone, and names that were being given by a command that was killed.
pub fn sweep_names(paths: &Paths) {
    let containers = Containers::new(paths);
    for entry in fs::read_dir(paths.container_names()).into_iter().flatten().flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let id = match name.strip_prefix('.') {
            Some(id) => id.to_owned(),
            None => fs::read_to_string(entry.path()).unwrap_or_default(),
        };
        if crate::store::containers::is_id(&id) && !containers.directory(&id).exists() {
            let _ = fs::remove_file(entry.path()); // a stale name is free anyway
        }
    }
}

fn is_recent(directory: &Path) -> bool {
    let modified = fs::metadata(directory).and_then(|metadata| metadata.modified());
    modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age < GRACE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_tree_with_links_is_removed_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let outside = home.path().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("kept"), "x").unwrap();
        let tree = home.path().join("tree");
        let mut deep = tree.clone();
        for _ in 0..300 {
            deep.push("d");
        }
        fs::create_dir_all(&deep).unwrap();
        std::os::unix::fs::symlink(&outside, deep.join("link")).unwrap();
        fs::write(tree.join("file"), "x").unwrap();
        remove_tree(&tree).unwrap();
        assert!(!tree.exists() && outside.join("kept").exists());
        remove_tree(&tree).unwrap();
    }

    #[test]
    fn two_may_remove_the_same_tree() {
        let home = tempfile::tempdir().unwrap();
        let tree = home.path().join("tree");
        for _ in 0..25 {
            for directory in 0..8 {
                let below = tree.join(format!("{directory}/a/b/c"));
                fs::create_dir_all(&below).unwrap();
                fs::write(below.join("file"), "x").unwrap();
            }
            let together = std::sync::Barrier::new(2);
            let remove = || {
                together.wait();
                remove_tree(&tree)
            };
            std::thread::scope(|scope| {
                let other = scope.spawn(remove);
                assert_eq!((remove(), other.join().unwrap()), (Ok(()), Ok(())));
            });
            assert!(!tree.exists());
        }
    }
}
