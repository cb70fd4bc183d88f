//! Tries, in a child process that ends at once, what this kernel lets an unprivileged user namespace do.
//!
//! Nothing can be learned about user namespaces, FUSE or overlayfs from files alone: security modules, sysctls, seccomp
//! filters of an outer container and the backing file system each refuse in their own way. So a child enters new
//! namespaces and makes the calls; every mount, namespace and device of it is gone when it exits.
//!
//! Between fork and exit the child only makes system calls on memory prepared before: no allocation, no lock.
//!
//! Follows user_namespaces(7), mount(2), fuse(4), tuntap.rst and overlayfs.rst of the kernel's documentation.
#![allow(unsafe_code)]

use rustix::io::{Errno, Result};
use std::ffi::{CStr, CString};
use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// One thing tried inside the new user namespace. All steps run, in order, whatever became of the earlier ones.
#[derive(Clone, Debug)]
pub enum Step {
    /// Enters one more new namespace: a `CLONE_NEW*` flag of `unshare(2)`.
    Namespace(i32),
    /// Mounts a file system over a directory.
    Mount {
        /// `tmpfs`, `overlay`, `proc`, ...
        kind: CString,
        /// An existing directory.
        target: CString,
        /// Options of the file system.
        options: CString,
    },
    /// Mounts a FUSE file system that nobody serves over a directory.
    Fuse {
        /// An existing directory.
        target: CString,
    },
    /// Makes a tap device in the network namespace the process is in by then.
    Tap,
}

/// What became of a trial.
#[derive(Debug)]
pub struct Outcome<T> {
    /// Whether the user namespace was made.
    pub entered: Result<()>,
    /// What the caller's map writer returned, if the namespace was made.
    pub maps: Option<T>,
    /// The result of each step, if the namespace was made.
    pub steps: Vec<Result<()>>,
}

/// The most steps of one trial.
const MAXIMUM_STEPS: usize = 32;

/// Forks a child into a new user namespace, lets `write_maps` (given the child's process id) write its id maps, and runs
/// `steps` in it. Blocks until the child has ended, a few milliseconds.
///
/// # Errors
/// `BUSY` when this process has several threads, `2BIG` for more than 32 steps, and what `pipe(2)` and `fork(2)` give.
pub fn in_user_namespace<T>(steps: &[Step], write_maps: impl FnOnce(u32) -> T) -> Result<Outcome<T>> {
    if std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count) > 1 {
        return Err(Errno::BUSY);
    }
    if steps.len() > MAXIMUM_STEPS {
        return Err(Errno::TOOBIG);
    }
    let (go_read, go_write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    let (answer_read, answer_write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    // SAFETY: the process has one thread, so no lock is held by another; the child only makes system calls and exits.
    let pid = unsafe { libc::fork() };
    if pid < 0 {
        return Err(last_error());
    }
    if pid == 0 {
        let code = child(steps, go_read.as_raw_fd(), go_write.as_raw_fd(), answer_write.as_raw_fd());
        // SAFETY: ends the child without running destructors of what it shares with its parent.
        unsafe { libc::_exit(code) }
    }
    drop((go_read, answer_write));
    let outcome = conduct(steps.len(), go_write, answer_read, || write_maps(pid.unsigned_abs()));
    let mut status = 0;
    // SAFETY: waits for our own child; the status is a live local.
    while unsafe { libc::waitpid(pid, &raw mut status, 0) } < 0 && last_error() == Errno::INTR {}
    Ok(outcome)
}

/// The parent's side: first answer, id maps, then the answers to the steps.
fn conduct<T>(steps: usize, go: OwnedFd, answers: OwnedFd, write_maps: impl FnOnce() -> T) -> Outcome<T> {
    let mut answers = std::fs::File::from(answers);
    let entered = answer(&mut answers);
    if entered.is_err() {
        return Outcome { entered, maps: None, steps: Vec::new() };
    }
    let maps = Some(write_maps());
    // The child goes on when the pipe closes.
    drop(go);
    let steps = (0..steps).map(|_| answer(&mut answers)).collect();
    Outcome { entered, maps, steps }
}

fn answer(answers: &mut std::fs::File) -> Result<()> {
    let mut bytes = [0; 4];
    match answers.read_exact(&mut bytes).map(|()| i32::from_ne_bytes(bytes)) {
        Ok(0) => Ok(()),
        // The child died: by a seccomp filter that kills, or of a signal.
        Err(_) => Err(Errno::IO),
        Ok(code) => Err(Errno::from_raw_os_error(code)),
    }
}

/// The child's whole life; returns its exit code.
fn child(steps: &[Step], go: RawFd, go_parent: RawFd, answers: RawFd) -> i32 {
    // SAFETY: closes the child's own copy of the parent's end, so that the parent's closing is seen.
    unsafe { libc::close(go_parent) };
    // SAFETY: plain number arguments; only this process is affected.
    let entered = code(unsafe { libc::unshare(libc::CLONE_NEWUSER) });
    tell(answers, entered);
    if entered != 0 {
        return 1;
    }
    let mut byte = 0_u8;
    // SAFETY: reads into one live local byte; returns 0 when the parent closes its end or dies.
    while unsafe { libc::read(go, (&raw mut byte).cast(), 1) } < 0 && errno() == libc::EINTR {}
    for step in steps {
        tell(answers, attempt(step));
    }
    0
}

fn tell(answers: RawFd, code: i32) {
    let bytes = code.to_ne_bytes();
    // SAFETY: writes four live bytes; a parent that is gone ends the child by SIGPIPE, which is right.
    unsafe { libc::write(answers, bytes.as_ptr().cast(), bytes.len()) };
}

/// Runs one step; 0 or an error number.
fn attempt(step: &Step) -> i32 {
    match step {
        // SAFETY: plain number arguments; only this process is affected.
        Step::Namespace(flag) => code(unsafe { libc::unshare(*flag) }),
        Step::Mount { kind, target, options } => mount(kind, target, options),
        Step::Fuse { target } => fuse(target),
        Step::Tap => tap(),
    }
}

fn mount(kind: &CStr, target: &CStr, options: &CStr) -> i32 {
    // SAFETY: all four strings are live and terminated; the mount is made in this process's own mount namespace.
    code(unsafe { libc::mount(kind.as_ptr(), target.as_ptr(), kind.as_ptr(), 0, options.as_ptr().cast()) })
}

fn fuse(target: &CStr) -> i32 {
    // SAFETY: a live terminated path and plain flags.
    let device = unsafe { libc::open(c"/dev/fuse".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC) };
    if device < 0 {
        return errno();
    }
    // Built by hand: formatting may allocate.
    let mut options = [0_u8; 64];
    let tail = b",rootmode=40000,user_id=0,group_id=0\0";
    options[..3].copy_from_slice(b"fd=");
    let length = 3 + decimal(device.unsigned_abs(), &mut options[3..]);
    options[length..length + tail.len()].copy_from_slice(tail);
    let Ok(options) = CStr::from_bytes_until_nul(&options) else { return libc::EINVAL };
    let result = mount(c"fuse", target, options);
    // SAFETY: closes the descriptor opened above, which nothing else owns.
    unsafe { libc::close(device) };
    result
}

/// Writes a number in decimal, returns how many bytes it took.
fn decimal(mut number: u32, into: &mut [u8]) -> usize {
    let mut digits = [0_u8; 10];
    let mut count = 0;
    loop {
        digits[count] = b'0' + (number % 10) as u8;
        count += 1;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    for position in 0..count {
        into[position] = digits[count - 1 - position];
    }
    count
}

fn tap() -> i32 {
    // SAFETY: a live terminated path and plain flags.
    let device = unsafe { libc::open(c"/dev/net/tun".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC) };
    if device < 0 {
        return errno();
    }
    // SAFETY: an all-zero ifreq is a valid value: an empty name asks the kernel to choose one.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    request.ifr_ifru.ifru_flags = (libc::IFF_TAP | libc::IFF_NO_PI) as libc::c_short;
    // SAFETY: TUNSETIFF reads and writes one ifreq, which is live.
    let result = code(unsafe { libc::ioctl(device, libc::TUNSETIFF, &raw mut request) });
    // SAFETY: closes the descriptor opened above, which nothing else owns.
    unsafe { libc::close(device) };
    result
}

fn code(result: libc::c_int) -> i32 {
    if result < 0 { errno() } else { 0 }
}

fn errno() -> i32 {
    last_error().raw_os_error()
}

fn last_error() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}

/// The version of Landlock's interface this kernel offers (`landlock_create_ruleset(2)`, `LANDLOCK_CREATE_RULESET_VERSION`).
///
/// # Errors
/// `NOSYS` or `OPNOTSUPP` where there is no Landlock.
pub fn landlock_version() -> Result<u32> {
    // SAFETY: a null attribute of size 0 with the version flag asks for a number and passes no memory.
    let version = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<libc::c_void>(), 0, 1) };
    u32::try_from(version).map_err(|_| last_error())
}

/// Whether the kernel takes seccomp filters with this action, e.g. `SECCOMP_RET_ERRNO` (`seccomp(2)`,
/// `SECCOMP_GET_ACTION_AVAIL`).
///
/// # Errors
/// `NOSYS` without seccomp, `OPNOTSUPP` without the action.
pub fn seccomp_action(action: u32) -> Result<()> {
    // SAFETY: the kernel reads one live u32.
    let result = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_ACTION_AVAIL, 0, &raw const action) };
    if result < 0 { Err(last_error()) } else { Ok(()) }
}

/// What a user may still use of a file system under quota, in bytes and in inodes: `None` where there is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Bytes used.
    pub used_bytes: u64,
    /// The hard limit of bytes, else the soft one.
    pub limit_bytes: Option<u64>,
    /// Inodes used.
    pub used_inodes: u64,
    /// The hard limit of inodes, else the soft one.
    pub limit_inodes: Option<u64>,
}

/// The quota of user `uid` on block device `device` (`quotactl(2)`, `Q_GETQUOTA`).
///
/// # Errors
/// `SRCH` where quotas are off, `NOTBLK` for a file system without a device, `PERM` for another's quota.
pub fn quota(device: &CStr, uid: u32) -> Result<Quota> {
    // SAFETY: an all-zero dqblk is a valid value for the kernel to fill.
    let mut block: libc::dqblk = unsafe { std::mem::zeroed() };
    let command = libc::QCMD(libc::Q_GETQUOTA, libc::USRQUOTA);
    // SAFETY: the path is terminated and the kernel writes one dqblk, which is live.
    let result = unsafe { libc::quotactl(command, device.as_ptr(), uid.cast_signed(), (&raw mut block).cast()) };
    if result < 0 {
        return Err(last_error());
    }
    // QIF_DQBLKSIZE, include/uapi/linux/quota.h: limits are in blocks of 1024 bytes.
    let limit = |hard: u64, soft: u64| [hard, soft].into_iter().find(|limit| *limit > 0);
    Ok(Quota {
        used_bytes: block.dqb_curspace,
        limit_bytes: limit(block.dqb_bhardlimit, block.dqb_bsoftlimit).map(|blocks| blocks.saturating_mul(1024)),
        used_inodes: block.dqb_curinodes,
        limit_inodes: limit(block.dqb_ihardlimit, block.dqb_isoftlimit),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_written_without_allocation() {
        for number in [0, 7, 10, 4_294_967_295_u32] {
            let mut buffer = [0; 10];
            let length = decimal(number, &mut buffer);
            assert_eq!(buffer[..length], *number.to_string().as_bytes());
        }
    }

    #[test]
    fn a_process_with_threads_is_not_forked() {
        let (read, write) = rustix::pipe::pipe().expect("a pipe");
        let waiting = std::thread::spawn(move || std::fs::File::from(read).read(&mut [0; 1]));
        assert_eq!(in_user_namespace(&[], |_| ()).err(), Some(Errno::BUSY));
        drop(write);
        assert_eq!(waiting.join().expect("the thread ends").expect("end of file"), 0);
    }

    #[test]
    fn a_quota_of_no_device_is_an_error() {
        assert!(quota(c"/proc/self/no-such-device", 0).is_err());
    }
}
