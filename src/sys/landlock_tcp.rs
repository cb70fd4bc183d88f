//! Rights given up for good, for this thread and all it creates (landlock(7)).
#![allow(unsafe_code)]

use super::process::last_error;
use rustix::io::{Errno, Result};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// `struct landlock_ruleset_attr` as of Landlock 4 (include/uapi/linux/landlock.h).
#[repr(C)]
struct RulesetAttributes {
    handled_access_fs: u64,
    handled_access_net: u64,
}

/// `LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP`.
const TCP: u64 = 1 | 2;

/// A ruleset that forbids binding and connecting TCP sockets (Landlock 4, Linux 6.7).
///
/// # Errors
/// `NOSYS` or `OPNOTSUPP` without Landlock, `INVAL` before version 4.
pub fn without_tcp() -> Result<OwnedFd> {
    let attributes = RulesetAttributes { handled_access_fs: 0, handled_access_net: TCP };
    let size = size_of::<RulesetAttributes>();
    // SAFETY: the kernel reads `size` bytes of a live structure of that size.
    let result =
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, &raw const attributes, size, 0 as libc::c_uint) };
    let raw = RawFd::try_from(result).map_err(|_| Errno::INVAL)?;
    if raw < 0 {
        return Err(last_error());
    }
    // SAFETY: the result is a descriptor (close-on-exec) that was just opened for us and that nobody else knows.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}

/// Puts a ruleset on this thread (`landlock_restrict_self(2)`).
///
/// # Errors
/// `PERM` without `no_new_privs` and `CAP_SYS_ADMIN`, `TOOBIG` for more than 16 of them.
pub fn restrict_self(ruleset: &OwnedFd) -> Result<()> {
    // SAFETY: plain numbers; the descriptor is open while borrowed.
    let result = unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), 0 as libc::c_uint) };
    if result < 0 { Err(last_error()) } else { Ok(()) }
}
