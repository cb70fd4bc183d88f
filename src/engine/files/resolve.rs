//! What a path in a container leads to, links followed inside the container's root.
//!
//! The answer is a name for the next step and not a right: every use resolves it again, beneath the root.

use crate::runtime::rooted::Rooted;
use rustix::fs::{AtFlags, FileType, OFlags, readlinkat, statat};
use rustix::io::{Errno, Result};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

/// Most links on one way: `MAXSYMLINKS` of Linux (path_resolution(7)).
const LINKS: usize = 40;

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// Absolute, without links, `.` and `..`.
    pub path: Vec<u8>,
    /// What is there; `None` when only the last component is missing.
    pub status: Option<Status>,
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// A directory.
    pub is_directory: bool,
    /// A regular file.
    pub is_file: bool,
}

impl Resolved {
    /// The path.
    pub fn as_path(&self) -> &Path {
        Path::new(std::ffi::OsStr::from_bytes(&self.path))
    }

    /// Whether a directory is there.
    pub fn is_directory(&self) -> bool {
        self.status.is_some_and(|status| status.is_directory)
    }
}

/// Resolves `untrusted_path` as the container's processes would.
///
/// # Errors
/// `NOENT` and `NOTDIR` for a missing directory on the way, `LOOP` for links in circles.
pub fn resolve(root: &Rooted, untrusted_path: &Path) -> Result<Resolved> {
    let mut reached = PathBuf::from("/");
    let mut pending = components(untrusted_path);
    let mut links = 0;
    while let Some(name) = pending.pop() {
        if name == ".." {
            reached.pop();
            continue;
        }
        let parent = root.open(&reached, OFlags::PATH | OFlags::DIRECTORY, 0)?;
        let status = match statat(&parent, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) if pending.is_empty() => {
                return Ok(Resolved { path: reached.join(name).into_os_string().into_vec(), status: None });
            }
            other => other?,
        };
        if FileType::from_raw_mode(status.st_mode) != FileType::Symlink {
            reached.push(name);
            continue;
        }
        links += 1;
        if links > LINKS {
            return Err(Errno::LOOP);
        }
        let target = PathBuf::from(OsString::from_vec(readlinkat(&parent, &name, Vec::new())?.into_bytes()));
        if target.is_absolute() {
            reached = PathBuf::from("/");
        }
        pending.extend(components(&target));
    }
    let status = rustix::fs::fstat(root.handle(&reached)?)?;
    let kind = FileType::from_raw_mode(status.st_mode);
    let status = Status { is_directory: kind == FileType::Directory, is_file: kind == FileType::RegularFile };
    Ok(Resolved { path: reached.into_os_string().into_vec(), status: Some(status) })
}

/// The names of a path, the last one first.
fn components(path: &Path) -> Vec<OsString> {
    let names = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        _ => None,
    });
    let mut names: Vec<OsString> = names.collect();
    names.reverse();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::Mode;

    #[test]
    fn links_are_followed_inside_the_root_and_a_missing_end_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let inside = directory.path();
        std::fs::create_dir_all(inside.join("a/b")).unwrap();
        std::fs::write(inside.join("a/file"), "x").unwrap();
        for (target, link) in [("/a", "absolute"), ("..", "a/b/up"), ("/nowhere", "dangling"), ("loop", "loop")] {
            std::os::unix::fs::symlink(target, inside.join(link)).unwrap();
        }
        std::os::unix::fs::symlink("../../../../a/file", inside.join("a/b/far")).unwrap();
        let root = Rooted::new(rustix::fs::open(inside, OFlags::PATH, Mode::empty()).unwrap());
        let found = |path: &str| resolve(&root, Path::new(path)).map(|found| (found.path, found.status.is_some()));
        for (path, expected, exists) in [
            ("/", "/", true),
            ("/absolute/b/up", "/a", true),
            ("/a/b/far", "/a/file", true),
            ("/../../a/./b/..", "/a", true),
            ("/dangling", "/nowhere", false),
            ("/a/new", "/a/new", false),
        ] {
            assert_eq!(found(path).unwrap(), (expected.as_bytes().to_vec(), exists), "{path}");
        }
        assert_eq!(found("/no/such"), Err(Errno::NOENT));
        assert_eq!(found("/a/file/x"), Err(Errno::NOTDIR));
        assert_eq!(found("/loop"), Err(Errno::LOOP));
    }
}
