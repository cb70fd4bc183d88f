//! Creating processes: fork, clone into new namespaces, closing descriptors.

#![allow(unsafe_code)]

use rustix::io::{Errno, Result};
use rustix::process::Pid;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Which side of a fork this is.
#[derive(Debug)]
pub enum Fork {
    /// The new process.
    Child,
    /// The calling process.
    Parent {
        /// Process id of the child, as seen from the caller's pid namespace.
        pid: Pid,
        /// Descriptor of the child, close-on-exec (`pidfd_open(2)`).
        pidfd: OwnedFd,
    },
}

bitflags::bitflags! {
    /// Namespaces a child is created in (`namespaces(7)`).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct NewNamespaces: u64 {
        /// Mounts.
        const MOUNT = libc::CLONE_NEWNS as u64;
        /// Control groups.
        const CGROUP = libc::CLONE_NEWCGROUP as u64;
        /// Host and domain name.
        const UTS = libc::CLONE_NEWUTS as u64;
        /// System V IPC and POSIX message queues.
        const IPC = libc::CLONE_NEWIPC as u64;
        /// User and group ids, capabilities.
        const USER = libc::CLONE_NEWUSER as u64;
        /// Process ids.
        const PID = libc::CLONE_NEWPID as u64;
        /// Network.
        const NETWORK = libc::CLONE_NEWNET as u64;
        /// Clocks that count from boot (`time_namespaces(7)`).
        const TIME = 0x80;
    }
}

/// `struct clone_args` of `clone(2)`, first published size (`CLONE_ARGS_SIZE_VER0`).
#[repr(C)]
#[derive(Default)]
struct CloneArgs {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

/// The child starts in the control group of [`CloneArgs::cgroup`] (Linux 5.7).
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// Forks this process, the child starting in new `namespaces` (`clone3(2)`, fork semantics: memory is copied).
///
/// The caller must have a single thread, since the child has only the calling one and would find other threads' locks
/// held for ever; this is asserted through `/proc` in debug builds. Fails with the kernel's error (`EPERM`, `ENOSPC`
/// for namespace limits, `EINVAL`).
pub fn fork_into(namespaces: NewNamespaces) -> Result<Fork> {
    clone_process(namespaces.bits(), libc::SIGCHLD as u64, None)
}

/// The same, with the child in the control group whose directory `group` is open on from its first moment. Fails with
/// `EACCES`, `EBUSY` or `EOPNOTSUPP` where a process may not be put there, and `ENOSYS` or `E2BIG` before Linux 5.7.
pub fn fork_into_group(namespaces: NewNamespaces, group: BorrowedFd<'_>) -> Result<Fork> {
    clone_process(namespaces.bits(), libc::SIGCHLD as u64, Some(group))
}

/// The same, but the child's parent is this process's own parent, who has to wait for it (`CLONE_PARENT`).
pub fn fork_sibling_into(namespaces: NewNamespaces) -> Result<Fork> {
    // The signal at the child's end is then this process's own.
    clone_process(namespaces.bits() | libc::CLONE_PARENT as u64, 0, None)
}

fn clone_process(flags: u64, exit_signal: u64, group: Option<BorrowedFd<'_>>) -> Result<Fork> {
    debug_assert_eq!(thread_count(), 1, "only a process with one thread may fork");
    let mut pidfd: RawFd = -1;
    let arguments = CloneArgs {
        flags: flags | libc::CLONE_PIDFD as u64 | group.map_or(0, |_| CLONE_INTO_CGROUP),
        cgroup: group.map_or(0, |group| group.as_raw_fd() as u64),
        pidfd: &raw mut pidfd as u64,
        exit_signal,
        ..CloneArgs::default()
    };
    // SAFETY: the arguments are a live, correctly sized clone_args without a new stack, so both sides return here on
    // their own copy of this stack; with one thread no lock of the C library or allocator can be held by another.
    let result = unsafe { libc::syscall(libc::SYS_clone3, &raw const arguments, size_of::<CloneArgs>()) };
    let result = match result {
        // Seccomp filters answer this for clone3, whose arguments they cannot see.
        -1 if last_error() == Errno::NOSYS && group.is_none() => plain_clone(arguments.flags | exit_signal, &mut pidfd),
        other => other,
    };
    match result {
        -1 => Err(last_error()),
        0 => Ok(Fork::Child),
        pid => {
            let pid = Pid::from_raw(pid as i32).ok_or(Errno::INVAL)?;
            // SAFETY: clone3 succeeded with CLONE_PIDFD, so the kernel stored a fresh descriptor that nobody else owns.
            let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
            Ok(Fork::Parent { pid, pidfd })
        }
    }
}

/// Room for the stack of a child that executes a program, in bytes: many times what that takes.
const BRIEF_STACK_BYTES: usize = 256 << 10;

/// Has a child call `execute`, which executes a program, and returns the child's descriptor (`pidfd_open(2)`). When `execute`
/// returns, the child ends with what it gives as exit code.
///
/// This process waits until one of the two has happened, and lends the child its memory meanwhile (`vfork(2)`): copying what is
/// thrown away at once, and finding each page again, takes longer than all the rest. Descriptors, rights and identity are
/// the child's own.
///
/// The caller must have a single thread.
pub fn fork_to_execute(execute: &dyn Fn() -> i32) -> Result<OwnedFd> {
    debug_assert_eq!(thread_count(), 1, "only a process with one thread may fork");
    let mut pidfd: RawFd = -1;
    let mut stack: Vec<MaybeUninit<u8>> = Vec::with_capacity(BRIEF_STACK_BYTES);
    // Stacks grow downwards on all architectures, from an address that is divisible by 16.
    let top = stack.as_mut_ptr().wrapping_add(BRIEF_STACK_BYTES);
    let top = top.wrapping_sub(top.addr() % 16);
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
    let argument = std::ptr::from_ref(&execute).cast_mut().cast();
    // SAFETY: the child runs on a stack of its own that outlives it, as does what `argument` points to, because CLONE_VFORK
    // suspends this process, whose only thread this is, until the child has left this memory. The child never returns from
    // `execute_in_child`, and `pidfd` is written before this call returns.
    let result = unsafe { libc::clone(execute_in_child, top.cast(), flags, argument, &raw mut pidfd) };
    match result {
        -1 => Err(last_error()),
        // SAFETY: clone succeeded with CLONE_PIDFD, so the kernel stored a fresh descriptor that nobody else owns.
        _ => Ok(unsafe { OwnedFd::from_raw_fd(pidfd) }),
    }
}

extern "C" fn execute_in_child(argument: *mut libc::c_void) -> libc::c_int {
    // SAFETY: `fork_to_execute` hands a pointer to a reference of this type, which lives until this process has ended or
    // executed a program.
    let execute = unsafe { *argument.cast::<&dyn Fn() -> i32>() };
    exit_now(execute())
}

/// The same by `clone(2)`, which stores the pidfd where it would store the parent's thread id.
fn plain_clone(flags: u64, pidfd: &mut RawFd) -> libc::c_long {
    let none = std::ptr::null_mut::<libc::c_void>();
    // SAFETY: a null stack keeps this one, copied, so both sides return here; `pidfd` outlives the call; the last two
    // arguments, whose order differs between architectures, are unused with these flags.
    unsafe { libc::syscall(libc::SYS_clone, flags, none, std::ptr::from_mut(pidfd), none, none) }
}

/// Moves this process into new `namespaces` (`unshare(2)`).
pub fn unshare(namespaces: NewNamespaces) -> Result<()> {
    // SAFETY: unshare takes plain numbers; namespaces do not touch memory or descriptors of this process.
    check(unsafe { libc::unshare(namespaces.bits() as libc::c_int) })
}

/// Makes this process the one that inherits orphans among its descendants (`prctl(2)`, `PR_SET_CHILD_SUBREAPER`).
pub fn become_subreaper() -> Result<()> {
    // SAFETY: plain numbers.
    check(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) })
}

/// Number of threads of this process; 1 where `/proc` cannot tell.
pub fn thread_count() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(1, |tasks| tasks.count().max(1))
}

/// Waits until threads that were joined are gone for the kernel, too, which wakes who joins a moment earlier; gives up on threads
/// that stay.
pub fn wait_for_joined_threads() {
    for _ in 0..10_000 {
        if thread_count() == 1 {
            return;
        }
        std::thread::yield_now();
    }
}

/// Marks every descriptor from `first` on close-on-exec (`close_range(2)`; without it, one by one through `/proc`).
pub fn close_on_exec_from(first: RawFd) {
    // SAFETY: close_range takes plain numbers and with CLOEXEC only sets a flag; no descriptor changes owner.
    let result = unsafe {
        libc::syscall(libc::SYS_close_range, first as libc::c_uint, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC)
    };
    if result == 0 {
        return;
    }
    for descriptor in open_descriptors().into_iter().filter(|descriptor| *descriptor >= first) {
        // SAFETY: F_SETFD takes plain numbers; a descriptor closed in between gives EBADF, which is harmless.
        unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}

/// Closes every descriptor from `first` on except those in `keep`.
///
/// For a freshly forked process that owns none of its parent's descriptors any more: the caller must not use, or drop,
/// an owner of a descriptor closed here.
pub fn close_all_except(first: RawFd, keep: &[RawFd]) {
    let mut keep: Vec<RawFd> = keep.iter().copied().filter(|descriptor| *descriptor >= first).collect();
    keep.sort_unstable();
    let mut start = first;
    for kept in keep {
        close_between(start, kept - 1);
        start = kept + 1;
    }
    close_between(start, RawFd::MAX);
}

fn close_between(first: RawFd, last: RawFd) {
    if first > last {
        return;
    }
    // SAFETY: the caller of `close_all_except` vouches that no owner of these descriptors is used again.
    let result =
        unsafe { libc::syscall(libc::SYS_close_range, first as libc::c_uint, last as libc::c_uint, 0 as libc::c_uint) };
    if result == 0 {
        return;
    }
    for descriptor in open_descriptors().into_iter().filter(|descriptor| (first..=last).contains(descriptor)) {
        // SAFETY: as above.
        unsafe { libc::close(descriptor) };
    }
}

/// The descriptors this process has open now, in no order.
pub fn open_descriptors() -> Vec<RawFd> {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// Makes descriptor `to` a copy of `from` that survives exec (`dup2(2)`).
///
/// Whatever was open as `to` is closed; the caller must not hold an owner of it.
pub fn duplicate_to(from: RawFd, to: RawFd) -> Result<()> {
    if from == to {
        // SAFETY: F_SETFD takes plain numbers.
        return check(unsafe { libc::fcntl(from, libc::F_SETFD, 0) });
    }
    // SAFETY: dup2 takes plain numbers; the caller vouches that nobody owns `to`.
    check(unsafe { libc::dup2(from, to) })
}

/// Takes ownership of a descriptor inherited from the process that executed this one.
///
/// Returns `None` when it is not open. Must be called once per number.
pub fn inherited(descriptor: RawFd) -> Option<OwnedFd> {
    // SAFETY: F_SETFD takes plain numbers; it also shows whether the descriptor is open.
    let open = unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) } == 0;
    // SAFETY: it is open, and by the function's contract nobody else in this process owns it.
    open.then(|| unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// Whether `descriptor` is open and was inherited from the program that executed this one: descriptors opened here
/// are all close-on-exec.
pub fn is_inherited(descriptor: RawFd) -> bool {
    // SAFETY: F_GETFD takes plain numbers.
    let flags = unsafe { libc::fcntl(descriptor, libc::F_GETFD) };
    flags >= 0 && flags & libc::FD_CLOEXEC == 0
}

/// Joins a new anonymous session keyring, so that the caller's keys cannot be reached (`keyctl(2)`).
pub fn join_new_session_keyring() -> Result<()> {
    /// `KEYCTL_JOIN_SESSION_KEYRING`, include/uapi/linux/keyctl.h.
    const JOIN_SESSION_KEYRING: libc::c_long = 1;
    // SAFETY: a null name asks for an anonymous keyring; no memory is passed.
    let result =
        unsafe { libc::syscall(libc::SYS_keyctl, JOIN_SESSION_KEYRING, std::ptr::null::<libc::c_char>(), 0, 0, 0) };
    if result < 0 { Err(last_error()) } else { Ok(()) }
}

/// Sets the execution domain of this process (`personality(2)`).
pub fn set_personality(persona: u64) -> Result<()> {
    // SAFETY: personality takes a plain number.
    check(unsafe { libc::personality(persona as libc::c_ulong) })
}

/// Gives the calling thread a umask of its own, which is empty (`unshare(2)` with `CLONE_FS`, `umask(2)`).
pub fn clear_umask_of_thread() {
    // SAFETY: unshare takes plain numbers; with CLONE_FS it only parts this thread's umask, root and working directory
    // from the other threads', without privilege.
    if unsafe { libc::unshare(libc::CLONE_FS) } == 0 {
        // SAFETY: umask takes a plain number and always succeeds.
        unsafe { libc::umask(0) };
    }
}

/// Closes a descriptor and returns what that reports: errors of writes that were delayed (`close(2)`).
pub fn close_and_report(descriptor: OwnedFd) -> Result<()> {
    let number = std::os::fd::IntoRawFd::into_raw_fd(descriptor);
    // SAFETY: the number was owned until now and is closed here, once; nobody uses it after.
    check(unsafe { libc::close(number) })
}

/// Ends this process at once (`_exit(2)`), running no destructor or exit handler.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: _exit takes a plain number and does not return.
    unsafe { libc::_exit(code) }
}

fn check(result: libc::c_int) -> Result<()> {
    if result < 0 { Err(last_error()) } else { Ok(()) }
}

pub(super) fn last_error() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inherited_descriptor_that_is_not_open_is_none() {
        assert!(inherited(1_000_000).is_none());
    }
}
