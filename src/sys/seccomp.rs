//! Installing a seccomp filter (seccomp(2)).
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// One instruction of the classic BPF machine.
pub type Instruction = libc::sock_filter;

/// Log all actions but allow (`SECCOMP_FILTER_FLAG_LOG`).
pub const FLAG_LOG: u32 = 1 << 1;
/// Do not switch speculation off (`SECCOMP_FILTER_FLAG_SPEC_ALLOW`).
pub const FLAG_SPEC_ALLOW: u32 = 1 << 2;
/// Return a descriptor for notifications (`SECCOMP_FILTER_FLAG_NEW_LISTENER`).
pub const FLAG_NEW_LISTENER: u32 = 1 << 3;
/// Wait for an answer only killably (`SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV`).
pub const FLAG_WAIT_KILLABLE_RECV: u32 = 1 << 5;

/// seccomp(2), `SECCOMP_SET_MODE_FILTER`, for the calling thread. Returns the notify descriptor (close-on-exec) if
/// [`FLAG_NEW_LISTENER`] is set.
///
/// # Errors
/// EACCES without `no_new_privs` and CAP_SYS_ADMIN, EINVAL for a program or flags the kernel does not take.
pub fn set_filter(program: &[Instruction], flags: u32) -> io::Result<Option<OwnedFd>> {
    let length = u16::try_from(program.len()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    let filter = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut() };
    // SAFETY: `filter` and the `length` instructions it points to live until the call returns; the kernel only reads
    // them. The other arguments are numbers.
    let result = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const filter) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    let descriptor = RawFd::try_from(result).ok().filter(|_| flags & FLAG_NEW_LISTENER != 0);
    // SAFETY: with this flag the result is a descriptor that was just opened for us and that nobody else knows.
    Ok(descriptor.map(|raw| unsafe { OwnedFd::from_raw_fd(raw) }))
}
