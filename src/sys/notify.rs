//! Answering system calls on behalf of other processes (seccomp_unotify(2)).
#![allow(unsafe_code)]

use super::process::last_error;
use rustix::io::{Errno, Result};
use rustix::ioctl::opcode;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

/// `SECCOMP_IOC_MAGIC`, include/uapi/linux/seccomp.h.
const MAGIC: u8 = b'!';
const RECEIVE: u64 = opcode::read_write::<libc::seccomp_notif>(MAGIC, 0) as u64;
const SEND: u64 = opcode::read_write::<libc::seccomp_notif_resp>(MAGIC, 1) as u64;
const IS_VALID: u64 = opcode::write::<u64>(MAGIC, 2) as u64;
const ADD_DESCRIPTOR: u64 = opcode::write::<libc::seccomp_notif_addfd>(MAGIC, 3) as u64;
/// The `ioctl(2)` requests made here; a request has 32 bits.
pub const REQUESTS: &[u32] = &[RECEIVE as u32, SEND as u32, IS_VALID as u32, ADD_DESCRIPTOR as u32];

/// A system call that waits for an answer.
#[derive(Clone, Copy, Debug)]
pub struct Notification {
    /// What the answer refers to.
    pub id: u64,
    /// The thread that called, in this process's pid namespace.
    pub thread: i32,
    /// The number of the call.
    pub number: i32,
    /// The architecture the number belongs to (`AUDIT_ARCH_*`).
    pub architecture: u32,
    /// Its arguments.
    pub arguments: [u64; 6],
}

/// How a system call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The kernel carries it out after all, reading its arguments again.
    Continue,
    /// It returns zero.
    Success,
    /// It fails.
    Failure(Errno),
}

/// Takes the next notification; blocks while there is none.
///
/// # Errors
/// `NOENT` when the caller was killed or interrupted meanwhile.
pub fn receive(listener: impl AsFd) -> Result<Notification> {
    // SAFETY: an all-zero structure is valid, and what the kernel asks for.
    let mut raw: libc::seccomp_notif = unsafe { std::mem::zeroed() };
    // SAFETY: the descriptor is open while borrowed; the kernel fills one seccomp_notif, which is live.
    check(unsafe { libc::ioctl(listener.as_fd().as_raw_fd(), RECEIVE as _, &raw mut raw) })?;
    Ok(Notification {
        id: raw.id,
        thread: raw.pid.cast_signed(),
        number: raw.data.nr,
        architecture: raw.data.arch,
        arguments: raw.data.args,
    })
}

/// Ends a system call.
///
/// # Errors
/// `NOENT` when the caller was killed or interrupted meanwhile.
pub fn answer(listener: impl AsFd, id: u64, answer: Answer) -> Result<()> {
    let (error, flags) = match answer {
        Answer::Continue => (0, libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32),
        Answer::Success => (0, 0),
        Answer::Failure(error) => (-error.raw_os_error(), 0),
    };
    let mut raw = libc::seccomp_notif_resp { id, val: 0, error, flags };
    // SAFETY: the descriptor is open while borrowed; the kernel reads one seccomp_notif_resp, which is live.
    check(unsafe { libc::ioctl(listener.as_fd().as_raw_fd(), SEND as _, &raw mut raw) })
}

/// Whether the caller still waits, so that what was read of it by its pid was its own.
pub fn is_valid(listener: impl AsFd, id: u64) -> bool {
    // SAFETY: the descriptor is open while borrowed; the kernel reads one u64, which is live.
    check(unsafe { libc::ioctl(listener.as_fd().as_raw_fd(), IS_VALID as _, &raw const id) }).is_ok()
}

/// Puts a copy of `descriptor` in the place of the caller's descriptor `number` (`SECCOMP_IOCTL_NOTIF_ADDFD`).
///
/// # Errors
/// `NOENT` when the caller was killed or interrupted meanwhile; what dup2(2) gives.
pub fn replace(
    listener: impl AsFd,
    id: u64,
    descriptor: BorrowedFd<'_>,
    number: u32,
    close_on_exec: bool,
) -> Result<()> {
    let raw = libc::seccomp_notif_addfd {
        id,
        flags: libc::SECCOMP_ADDFD_FLAG_SETFD as u32,
        srcfd: descriptor.as_raw_fd().cast_unsigned(),
        newfd: number,
        newfd_flags: if close_on_exec { libc::O_CLOEXEC.cast_unsigned() } else { 0 },
    };
    // SAFETY: both descriptors are open while borrowed; the kernel reads one seccomp_notif_addfd, which is live, and
    // changes the caller's table of descriptors, not this process's.
    check(unsafe { libc::ioctl(listener.as_fd().as_raw_fd(), ADD_DESCRIPTOR as _, &raw const raw) })
}

/// Whether descriptor `target` of a process is registered in its epoll set `epoll` (kcmp(2), `KCMP_EPOLL_TFD`). False where the
/// kernel cannot tell.
pub fn is_registered(process: i32, target: i32, epoll: i32) -> bool {
    /// `enum kcmp_type` and `struct kcmp_epoll_slot`, include/uapi/linux/kcmp.h.
    const KCMP_EPOLL_TFD: libc::c_int = 7;
    let slot = [epoll.cast_unsigned(), target.cast_unsigned(), 0_u32];
    let slot = slot.as_ptr();
    // SAFETY: the kernel reads three u32, which are live; the other arguments are numbers.
    unsafe { libc::syscall(libc::SYS_kcmp, process, process, KCMP_EPOLL_TFD, libc::c_long::from(target), slot) == 0 }
}

fn check(result: libc::c_int) -> Result<()> {
    if result < 0 { Err(last_error()) } else { Ok(()) }
}
