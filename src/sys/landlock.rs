//! Giving up file access (landlock(7), the kernel's Documentation/userspace-api/landlock.rst).

#![allow(unsafe_code)]

use super::process::last_error;
use rustix::io::{Errno, Result};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

/// `LANDLOCK_CREATE_RULESET_VERSION`.
const VERSION: u32 = 1;
/// `LANDLOCK_RULE_PATH_BENEATH`.
const PATH_BENEATH: u32 = 1;
/// `LANDLOCK_ACCESS_FS_READ_FILE`.
const READ_FILE: u64 = 1 << 2;
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

/// Leaves this process, which must have `no_new_privs` set, nothing of the file system but reading files below
/// `readable`, for good; nor signals to others and abstract sockets where the kernel can take them away.
///
/// `NOSYS` and `OPNOTSUPP` where the kernel has no Landlock (before 5.13) or it is switched off.
pub fn restrict(readable: &[OwnedFd]) -> Result<()> {
    let version = syscall_number(
        // SAFETY: with this flag the kernel takes a null pointer and size 0 and returns the version.
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<u8>(), 0usize, VERSION) },
    )?;
    let bits = ACCESS_BITS[(version as usize).min(ACCESS_BITS.len() - 1)];
    let attributes = RulesetAttributes {
        handled_access_fs: (1 << bits) - 1,
        handled_access_net: 0,
        scoped: if version >= 6 { SCOPES } else { 0 },
    };
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
    let ruleset = unsafe { OwnedFd::from_raw_fd(ruleset as i32) };
    for directory in readable {
        let rule = PathBeneath { allowed_access: READ_FILE, parent_fd: directory.as_raw_fd() };
        syscall_number(
            // SAFETY: `rule` lives across the call and has the layout of this rule type.
            unsafe {
                libc::syscall(
                    libc::SYS_landlock_add_rule,
                    ruleset.as_fd().as_raw_fd(),
                    PATH_BENEATH,
                    &raw const rule,
                    0u32,
                )
            },
        )?;
    }
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
