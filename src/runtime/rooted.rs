//! Paths inside a container's root: always resolved beneath it, by the kernel.
//!
//! Images choose what their paths lead to: `/etc` may be a link to `/`, or to `../../../home`. Every path below goes
//! through `openat2(2)` with `RESOLVE_IN_ROOT` (links are followed as they will be inside the container, and cannot
//! leave it) and `RESOLVE_NO_MAGICLINKS`.

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use rustix::io::{Errno, Result};
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

/// How often `openat2` is asked again when a rename elsewhere disturbed it (it answers `EAGAIN`).
const RESOLVE_ATTEMPTS: usize = 64;

/// A root directory that paths cannot leave.
#[derive(Debug)]
pub struct Rooted {
    root: OwnedFd,
}

impl Rooted {
    /// Paths beneath the directory `root` is open on (`O_PATH` suffices).
    pub fn new(root: OwnedFd) -> Self {
        Rooted { root }
    }

    /// The root itself.
    pub fn as_root(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }

    /// Opens `untrusted_path` as seen from inside. Close-on-exec is added.
    pub fn open(&self, untrusted_path: impl AsRef<Path>, flags: OFlags, mode: u32) -> Result<OwnedFd> {
        let path = untrusted_path.as_ref();
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let mode = if flags.intersects(OFlags::CREATE) { Mode::from_raw_mode(mode) } else { Mode::empty() };
        for _ in 0..RESOLVE_ATTEMPTS {
            let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
            match openat2(&self.root, path, flags | OFlags::CLOEXEC, mode, resolve) {
                Err(Errno::AGAIN | Errno::INTR) => {}
                other => return other,
            }
        }
        Err(Errno::AGAIN)
    }

    /// A handle of what `untrusted_path` leads to, for mounting on or under it.
    pub fn handle(&self, untrusted_path: impl AsRef<Path>) -> Result<OwnedFd> {
        self.open(untrusted_path, OFlags::PATH, 0)
    }

    /// Makes the directory `untrusted_path` and those above it that are missing (mode 0755), and returns its handle.
    ///
    /// A dangling link on the way is an error: making its target would be a guess.
    pub fn make_directories(&self, untrusted_path: impl AsRef<Path>) -> Result<OwnedFd> {
        let path = untrusted_path.as_ref();
        match self.open(path, OFlags::PATH | OFlags::DIRECTORY, 0) {
            Err(Errno::NOENT) => {}
            other => return other,
        }
        let mut reached = std::path::PathBuf::from("/");
        let mut parent = self.handle("/")?;
        for component in path.components() {
            let Component::Normal(name) = component else {
                if component == Component::ParentDir {
                    reached.push("..");
                    parent = self.open(&reached, OFlags::PATH | OFlags::DIRECTORY, 0)?;
                }
                continue;
            };
            reached.push(name);
            parent = match self.open(&reached, OFlags::PATH | OFlags::DIRECTORY, 0) {
                Err(Errno::NOENT) => {
                    match rustix::fs::mkdirat(&parent, name, Mode::from_raw_mode(0o755)) {
                        Ok(()) | Err(Errno::EXIST) => {}
                        Err(error) => return Err(error),
                    }
                    self.open(&reached, OFlags::PATH | OFlags::DIRECTORY, 0)?
                }
                other => other?,
            };
        }
        Ok(parent)
    }

    /// The same where no link may lead there: what is judged by its path later (masked files of `/proc`) must stay where
    /// it was mounted, whatever a process that shares a directory with the image does meanwhile (CVE-2019-19921).
    ///
    /// # Errors
    /// `LOOP` for a link.
    pub fn make_plain_directory(&self, untrusted_path: impl AsRef<Path>) -> Result<OwnedFd> {
        let path = untrusted_path.as_ref();
        self.make_directories(path)?;
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS;
        openat2(&self.root, path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty(), resolve)
    }

    /// A handle of the file `untrusted_path`, made empty (mode 0644) when missing, with the directories above it.
    pub fn make_file(&self, untrusted_path: impl AsRef<Path>) -> Result<OwnedFd> {
        let path = untrusted_path.as_ref();
        match self.handle(path) {
            Err(Errno::NOENT) => {}
            other => return other,
        }
        let (parent, name) = self.make_parent(path)?;
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(&parent, &name, flags, Mode::from_raw_mode(0o644)) {
            Ok(_) | Err(Errno::EXIST) => self.handle(path),
            Err(error) => Err(error),
        }
    }

    /// The directory that holds `untrusted_path`, made when missing, and its last name.
    pub fn make_parent(&self, untrusted_path: impl AsRef<Path>) -> Result<(OwnedFd, OsString)> {
        let path = untrusted_path.as_ref();
        let name = path.file_name().ok_or(Errno::ISDIR)?.to_owned();
        let parent = self.make_directories(path.parent().unwrap_or(Path::new("/")))?;
        Ok((parent, name))
    }

    /// Puts a symbolic link at `untrusted_path`, in place of whatever is there unless that is a directory.
    pub fn place_link(&self, target: &OsStr, untrusted_path: impl AsRef<Path>) -> Result<()> {
        let (parent, name) = self.make_parent(untrusted_path)?;
        match rustix::fs::symlinkat(target, &parent, &name) {
            Err(Errno::EXIST) => {
                rustix::fs::unlinkat(&parent, &name, rustix::fs::AtFlags::empty())?;
                rustix::fs::symlinkat(target, &parent, &name)
            }
            other => other,
        }
    }

    /// Reads the regular file `untrusted_path`, of at most `limit` bytes.
    ///
    /// Never blocks: a FIFO or device there is `EINVAL`, a longer file `EFBIG`.
    pub fn read(&self, untrusted_path: impl AsRef<Path>, limit: u64) -> Result<Vec<u8>> {
        let file = self.open(untrusted_path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY, 0)?;
        let status = rustix::fs::fstat(&file)?;
        if rustix::fs::FileType::from_raw_mode(status.st_mode) != rustix::fs::FileType::RegularFile {
            return Err(Errno::INVAL);
        }
        let mut bytes = Vec::new();
        std::fs::File::from(file)
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
        if bytes.len() as u64 > limit { Err(Errno::FBIG) } else { Ok(bytes) }
    }
}

/// The path that names an open descriptor, for system calls that take only paths.
pub fn descriptor_path(descriptor: impl AsFd) -> String {
    use std::os::fd::AsRawFd;
    format!("/proc/self/fd/{}", descriptor.as_fd().as_raw_fd())
}

/// Whether a path has a component that steps up.
pub fn steps_up(path: &Path) -> bool {
    path.as_os_str().as_bytes().split(|byte| *byte == b'/').any(|name| name == b"..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rooted() -> (tempfile::TempDir, Rooted) {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("root")).unwrap();
        std::fs::write(directory.path().join("secret"), "outside").unwrap();
        let root = rustix::fs::open(directory.path().join("root"), OFlags::PATH, Mode::empty()).unwrap();
        (directory, Rooted::new(root))
    }

    #[test]
    fn links_cannot_leave_the_root() {
        let (directory, rooted) = rooted();
        let outside = directory.path().join("secret");
        std::os::unix::fs::symlink(&outside, directory.path().join("root/absolute")).unwrap();
        std::os::unix::fs::symlink("../secret", directory.path().join("root/relative")).unwrap();
        std::os::unix::fs::symlink("/proc/self/root", directory.path().join("root/magic")).unwrap();
        for path in ["absolute", "/relative", "../secret", "magic/etc/passwd"] {
            assert_eq!(rooted.read(path, 100).unwrap_err(), Errno::NOENT, "{path}");
        }
    }

    #[test]
    fn directories_are_made_where_links_lead_inside() {
        let (directory, rooted) = rooted();
        std::fs::create_dir(directory.path().join("root/real")).unwrap();
        std::os::unix::fs::symlink("/real", directory.path().join("root/etc")).unwrap();
        rooted.make_file("/etc/a/b/hosts").unwrap();
        assert!(directory.path().join("root/real/a/b/hosts").is_file());
        std::os::unix::fs::symlink("/nowhere", directory.path().join("root/dangling")).unwrap();
        assert!(rooted.make_directories("/dangling/x").is_err());
    }

    #[test]
    fn special_files_do_not_block_and_large_ones_are_refused() {
        let (directory, rooted) = rooted();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            directory.path().join("root/fifo"),
            rustix::fs::FileType::Fifo,
            Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        assert_eq!(rooted.read("fifo", 10).unwrap_err(), Errno::INVAL);
        std::fs::write(directory.path().join("root/large"), [b'x'; 11]).unwrap();
        assert_eq!(rooted.read("large", 10).unwrap_err(), Errno::FBIG);
    }
}
