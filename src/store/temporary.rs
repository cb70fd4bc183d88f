//! Files being written: invisible or marked as rubbish until they are whole, then put in place in one step.
//!
//! A new file has no name at all (`O_TMPFILE`, open(2)), so that a process killed at any moment leaves nothing. Where
//! the file system cannot do that (NFS, old overlay mounts) it has a random name in `tmp/` and a lock for as long as
//! its writer lives; [`reclaim`] deletes what nobody has locked.
//!
//! Content is on the disk before its name is (`fdatasync`, then `linkat` or `rename`): a name never shows half a file,
//! not even after a power cut.

use super::error::Error;
use super::locks;
use super::paths::{Paths, create_directory};
use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Without locks, a file in `tmp/` is taken for rubbish at this age: longer than any download.
const RUBBISH_AGE: Duration = Duration::from_secs(3 * 24 * 3600);

/// A file that is not in place yet. Dropping it discards it.
#[derive(Debug)]
pub struct Temporary {
    file: File,
    directory: PathBuf,
    /// Its name in `tmp/`, if it had to have one.
    name: Option<PathBuf>,
}

impl Temporary {
    /// A new, empty file on the store's file system, readable by the user alone until it is in place.
    pub fn create(paths: &Paths) -> Result<Self, Error> {
        let directory = paths.temporary();
        match Self::nameless(&directory).or_else(|error| match error {
            rustix::io::Errno::NOENT => {
                create_directory(&directory).map_err(|_| error)?;
                Self::nameless(&directory)
            }
            error => Err(error),
        }) {
            Ok(file) => Ok(Temporary { file, directory, name: None }),
            Err(
                rustix::io::Errno::OPNOTSUPP
                | rustix::io::Errno::ISDIR
                | rustix::io::Errno::NOENT
                | rustix::io::Errno::INVAL,
            ) => Self::named(directory),
            Err(error) => Err(Error::file("create a file in", &directory)(error.into())),
        }
    }

    fn nameless(directory: &Path) -> rustix::io::Result<File> {
        if !Path::new("/proc/self/fd").exists() {
            // It could never be given a name: linkat(2) needs /proc for that.
            return Err(rustix::io::Errno::OPNOTSUPP);
        }
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        rustix::fs::open(directory, flags, Mode::from_raw_mode(0o644)).map(File::from)
    }

    fn named(directory: PathBuf) -> Result<Self, Error> {
        create_directory(&directory)?;
        loop {
            let path = directory.join(random_name());
            let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::CLOEXEC;
            let file: File = match rustix::fs::open(&path, flags, Mode::from_raw_mode(0o644)) {
                Ok(descriptor) => descriptor.into(),
                Err(rustix::io::Errno::EXIST) => continue,
                Err(error) => return Err(Error::file("create", &path)(error.into())),
            };
            // Between creation and lock somebody may have taken it for rubbish.
            let locked = locks::try_file(&file).map_err(Error::file("lock", &path))?;
            if locked.is_some() && is_at(&file, &path) {
                return Ok(Temporary { file, directory, name: Some(path) });
            }
        }
    }

    /// The file, open for reading and writing.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Waits until the content is on the disk.
    pub fn sync(&self) -> Result<(), Error> {
        self.file.sync_data().map_err(Error::file("write", &self.directory))
    }

    /// Gives the file its place, replacing what is there. The content must have been synced.
    pub fn put(mut self, target: &Path) -> Result<(), Error> {
        if self.name.is_none() {
            match self.link(target) {
                Ok(()) => return Ok(()),
                Err(rustix::io::Errno::EXIST) => {}
                Err(error) => return Err(Error::file("create", target)(error.into())),
            }
            // It must be locked before it has a name in `tmp/`, or another process takes it for rubbish.
            locks::try_file(&self.file).map_err(Error::file("lock", target))?;
            let path = self.directory.join(random_name());
            self.link(&path).map_err(|error| Error::file("create", &path)(error.into()))?;
            self.name = Some(path);
        }
        let Some(name) = self.name.as_deref() else { return Ok(()) };
        let rename = || std::fs::rename(name, target);
        match rename() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create_parent(target)?;
                rename()
            }
            result => result,
        }
        .map_err(Error::file("create", target))?;
        self.name = None;
        Ok(())
    }

    fn link(&self, target: &Path) -> rustix::io::Result<()> {
        let source = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        let link = || rustix::fs::linkat(CWD, source.as_str(), CWD, target, AtFlags::SYMLINK_FOLLOW);
        match link() {
            Err(rustix::io::Errno::NOENT) => {
                create_parent(target).map_err(|_| rustix::io::Errno::NOENT)?;
                link()
            }
            result => result,
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            // Nothing can be done here; what stays is reclaimed by the next pull.
            let _ = std::fs::remove_file(name);
        }
    }
}

fn create_parent(target: &Path) -> Result<(), Error> {
    target.parent().map_or(Ok(()), create_directory)
}

/// Whether `path` still names `file`.
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(ours), Ok(theirs)) => (ours.dev(), ours.ino()) == (theirs.dev(), theirs.ino()),
        _ => false,
    }
}

fn random_name() -> String {
    let mut bytes = [0u8; 12];
    // Without randomness the name is only more likely to be taken, which is noticed.
    let _ = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes `content` to `target` in one step, synced, replacing what is there.
pub fn write_whole(paths: &Paths, target: &Path, content: &[u8]) -> Result<(), Error> {
    let temporary = Temporary::create(paths)?;
    temporary.file().write_all(content).map_err(Error::file("write", target))?;
    temporary.sync()?;
    temporary.put(target)
}

/// Makes the names in a directory last through a power cut.
pub fn sync_directory(directory: &Path) -> Result<(), Error> {
    File::open(directory).and_then(|file| file.sync_all()).map_err(Error::file("write", directory))
}

/// Deletes the files in `tmp/` whose writer is dead; returns their number and size in bytes. Failures are left for the
/// next time.
pub fn reclaim(paths: &Paths) -> (u64, u64) {
    let Ok(entries) = std::fs::read_dir(paths.temporary()) else { return (0, 0) };
    entries.flatten().filter_map(|entry| reclaim_one(&entry.path())).fold((0, 0), |(n, sum), size| (n + 1, sum + size))
}

fn reclaim_one(path: &Path) -> Option<u64> {
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file: File = rustix::fs::open(path, flags, Mode::empty()).ok()?.into();
    let metadata = file.metadata().ok()?;
    let is_rubbish = match locks::try_file(&file).ok()? {
        None => false,
        Some(true) => is_at(&file, path),
        Some(false) => SystemTime::now().duration_since(metadata.modified().ok()?).ok()? > RUBBISH_AGE,
    };
    (is_rubbish && std::fs::remove_file(path).is_ok()).then(|| metadata.blocks() * 512)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(root: &Path) -> Paths {
        Paths { root: root.join("store"), run_root: "/nowhere".into(), additional: Vec::new() }
    }

    fn count(paths: &Paths) -> usize {
        std::fs::read_dir(paths.temporary()).map_or(0, Iterator::count)
    }

    #[test]
    fn files_appear_whole_and_replace_older_ones() {
        let directory = tempfile::tempdir().unwrap();
        let paths = paths(directory.path());
        let target = paths.root.join("some/where");
        write_whole(&paths, &target, b"one").unwrap();
        write_whole(&paths, &target, b"two").unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"two");
        assert_eq!(count(&paths), 0);
    }

    #[test]
    fn named_files_live_as_long_as_their_writer() {
        let directory = tempfile::tempdir().unwrap();
        let paths = paths(directory.path());
        let temporary = Temporary::named(paths.temporary()).unwrap();
        assert_eq!((count(&paths), reclaim(&paths).0), (1, 0));
        temporary.put(&paths.root.join("deep/er/file")).unwrap();
        assert_eq!(count(&paths), 0);

        drop(Temporary::named(paths.temporary()).unwrap());
        assert_eq!(count(&paths), 0);

        std::fs::write(paths.temporary().join("left"), b"rubbish").unwrap();
        assert_eq!(reclaim(&paths).0, 1);
        assert_eq!(count(&paths), 0);
    }
}
