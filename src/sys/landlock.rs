//! Giving up file access (landlock(7), the kernel's Documentation/userspace-api/landlock.rst).

#![allow(unsafe_code)]

use super::process::last_error;
use rustix::fs::FileType;
use rustix::io::{Errno, Result};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

/// `LANDLOCK_CREATE_RULESET_VERSION`.
const VERSION: u32 = 1;
/// `LANDLOCK_RULE_PATH_BENEATH`.
const PATH_BENEATH: u32 = 1;
/// `LANDLOCK_ACCESS_FS_EXECUTE`.
const EXECUTE: u64 = 1 << 0;
/// `LANDLOCK_ACCESS_FS_READ_FILE`.
const READ_FILE: u64 = 1 << 2;
/// `LANDLOCK_ACCESS_FS_READ_DIR`.
const READ_DIR: u64 = 1 << 3;
/// The rights that mean something for what is no directory: execute, write, read, truncate, ioctl.
const OF_FILES: u64 = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15;
/// All accesses to files that an ABI version knows, by version (include/uapi/linux/landlock.h): 13 from the start, then
/// REFER, TRUNCATE and, from version 5, IOCTL_DEV.
const ACCESS_BITS: [u32; 6] = [0, 13, 14, 15, 15, 16];
/// `LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET` and `LANDLOCK_SCOPE_SIGNAL`, from ABI version 6.
const SCOPES: u64 = 0b11;

/// `struct landlock_ruleset_attr`.
#[repr(C)]
struct RulesetAttributes {
    handled_access_fs: u64,
    handled_access_net: u64,
    scoped: u64,
}

/// `struct landlock_path_beneath_attr`, which is packed.
#[repr(C, packed)]
struct PathBeneath {
    allowed_access: u64,
    parent_fd: i32,
}

/// What stays possible with a place and all below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading files; directories cannot be listed.
    ReadFiles,
    /// Reading files, listing directories, executing.
    Look,
    /// Everything.
    Change,
}

impl Access {
    /// The rights of a kernel whose rights are `all`.
    fn bits(self, all: u64) -> u64 {
        match self {
            Access::ReadFiles => READ_FILE,
            Access::Look => EXECUTE | READ_FILE | READ_DIR,
            Access::Change => all,
        }
    }
}

/// The oldest version that lets files be renamed and linked from one directory to another.
const REFER_VERSION: libc::c_long = 2;

/// Leaves this process, which must have `no_new_privs` set, nothing of the file system but reading files below
/// `readable`, for good; nor signals to others and abstract sockets where the kernel can take them away.
///
/// `NOSYS` and `OPNOTSUPP` where the kernel has no Landlock (before 5.13) or it is switched off.
pub fn restrict(readable: &[OwnedFd]) -> Result<()> {
    let version = version()?;
    let ruleset = ruleset(version, if version >= 6 { SCOPES } else { 0 })?;
    readable.iter().try_for_each(|place| allow(&ruleset, version, place, Access::ReadFiles))?;
    enter(&ruleset)
}

/// Leaves this thread, which must have `no_new_privs` set or `CAP_SYS_ADMIN` in its user namespace, nothing of the file
/// system but the places of `rules`, for good; what is open stays open.
///
/// # Errors
/// `NOSYS` and `OPNOTSUPP` where the kernel has no Landlock, or one before 5.19, under which nothing can be renamed from
/// one directory to another.
pub fn confine(rules: &[(OwnedFd, Access)]) -> Result<()> {
    let version = version()?;
    if version < REFER_VERSION {
        return Err(Errno::OPNOTSUPP);
    }
    let ruleset = ruleset(version, 0)?;
    rules.iter().try_for_each(|(place, access)| allow(&ruleset, version, place, *access))?;
    enter(&ruleset)
}

fn version() -> Result<libc::c_long> {
    syscall_number(
        // SAFETY: with this flag the kernel takes a null pointer and size 0 and returns the version.
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<u8>(), 0usize, VERSION) },
    )
}

/// All rights that a version knows.
fn all_rights(version: libc::c_long) -> u64 {
    let newest = ACCESS_BITS.len() - 1;
    (1 << ACCESS_BITS[usize::try_from(version).unwrap_or_default().min(newest)]) - 1
}

fn ruleset(version: libc::c_long, scoped: u64) -> Result<OwnedFd> {
    let attributes = RulesetAttributes { handled_access_fs: all_rights(version), handled_access_net: 0, scoped };
    // Each version knows a longer structure; a field of zeroes beyond what it knows is refused before version 4.
    let size = match version {
        ..4 => 8usize,
        4..6 => 16,
        _ => size_of::<RulesetAttributes>(),
    };
    let ruleset = syscall_number(
        // SAFETY: `attributes` lives across the call and is at least `size` long.
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, &raw const attributes, size, 0u32) },
    )?;
    // SAFETY: the call succeeded, so this is a fresh descriptor that nobody else owns; it is close-on-exec.
    Ok(unsafe { OwnedFd::from_raw_fd(ruleset as i32) })
}

fn allow(ruleset: &OwnedFd, version: libc::c_long, place: &OwnedFd, access: Access) -> Result<()> {
    let kind = FileType::from_raw_mode(rustix::fs::fstat(place)?.st_mode);
    let mask = if kind == FileType::Directory { u64::MAX } else { OF_FILES };
    let rights = access.bits(all_rights(version)) & all_rights(version) & mask;
    let rule = PathBeneath { allowed_access: rights, parent_fd: place.as_raw_fd() };
    syscall_number(
        // SAFETY: `rule` lives across the call and has the layout of this rule type.
        unsafe {
            libc::syscall(libc::SYS_landlock_add_rule, ruleset.as_fd().as_raw_fd(), PATH_BENEATH, &raw const rule, 0u32)
        },
    )
    .map(drop)
}

fn enter(ruleset: &OwnedFd) -> Result<()> {
    // SAFETY: plain numbers.
    syscall_number(unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), 0u32) }).map(drop)
}

fn syscall_number(result: libc::c_long) -> Result<libc::c_long> {
    if result < 0 { Err(last_error()) } else { Ok(result) }
}

/// Whether a failure of [`restrict`] means that this kernel has no Landlock.
pub fn is_missing(error: Errno) -> bool {
    matches!(error, Errno::NOSYS | Errno::OPNOTSUPP)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{Mode, OFlags, open};

    #[test]
    fn a_thread_loses_what_others_keep() {
        let directory = tempfile::tempdir().unwrap();
        let (inside, outside) = (directory.path().join("inside"), directory.path().join("outside"));
        std::fs::create_dir(&inside).unwrap();
        std::fs::write(&outside, "x").unwrap();
        let place = open(&inside, OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).unwrap();
        let (file, other) = (inside.join("f"), outside.clone());
        let thread = std::thread::spawn(move || {
            rustix::thread::set_no_new_privs(true).unwrap();
            match confine(&[(place, Access::Change)]) {
                Err(error) if is_missing(error) => return None,
                result => result.unwrap(),
            }
            Some((std::fs::write(file, "y").is_ok(), std::fs::read(other).map_err(|error| error.kind())))
        });
        if let Some((written, read)) = thread.join().unwrap() {
            assert!(written);
            assert_eq!(read, Err(std::io::ErrorKind::PermissionDenied));
        }
        assert_eq!(std::fs::read(&outside).unwrap(), b"x");
    }
}
