//! What is read and taken of a process that waits for its call to be answered.

use crate::sys::notify::{Notification, is_valid};
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
use std::io::IoSliceMut;
use std::os::fd::{AsFd, OwnedFd};

/// Longest address that is read: `struct sockaddr_storage`. The kernel refuses longer ones.
pub(super) const LONGEST_ADDRESS: usize = 128;
/// `PIDFD_THREAD`, include/uapi/linux/pidfd.h (Linux 6.9).
const OF_THREAD: PidfdFlags = PidfdFlags::from_bits_retain(libc::O_EXCL as u32);

/// A waiting caller and its call.
#[derive(Debug)]
pub(super) struct Caller<'a> {
    pub listener: &'a OwnedFd,
    pub call: Notification,
}

impl Caller<'_> {
    /// The descriptor the call is about: its first argument.
    pub fn number(&self) -> i32 {
        self.call.arguments[0] as i32
    }

    /// A copy of the address in the second and third argument. Not more than once per call: the caller's other threads
    /// can change it at any time.
    pub fn address(&self) -> Result<Vec<u8>, Errno> {
        let length = self.call.arguments[2] as u32 as usize;
        if length > LONGEST_ADDRESS {
            return Err(Errno::INVAL);
        }
        let mut bytes = vec![0; length];
        let remote = RemoteIoVec { base: self.call.arguments[1] as usize, len: length };
        let pid = nix::unistd::Pid::from_raw(self.call.thread);
        let read = process_vm_readv(pid, &mut [IoSliceMut::new(&mut bytes)], &[remote]);
        match read {
            Ok(count) if count == length => self.still_waits().map(|()| bytes),
            Ok(_) | Err(nix::Error::EFAULT) => Err(Errno::FAULT),
            Err(error) => Err(Errno::from_raw_os_error(error as i32)),
        }
    }

    /// The file behind the descriptor, shared with the caller.
    pub fn file(&self) -> Result<OwnedFd, Errno> {
        let pid = Pid::from_raw(self.call.thread).ok_or(Errno::SRCH)?;
        // Before Linux 6.9 only a process's first thread; others share its descriptors all but always.
        let process = pidfd_open(pid, OF_THREAD).or_else(|_| pidfd_open(self.leader()?, PidfdFlags::empty()))?;
        let file = pidfd_getfd(process.as_fd(), self.number(), PidfdGetfdFlags::empty())?;
        self.still_waits().map(|()| file)
    }

    /// Whether the descriptor closes when the caller executes a program.
    pub fn closes_on_exec(&self) -> bool {
        let path = format!("/proc/{}/fdinfo/{}", self.call.thread, self.number());
        let flags = read(&path).and_then(|text| {
            let flags = text.lines().find_map(|line| line.strip_prefix("flags:"))?.trim();
            u32::from_str_radix(flags, 8).ok()
        });
        flags.is_some_and(|flags| flags & libc::O_CLOEXEC.cast_unsigned() != 0)
    }

    /// The process the calling thread belongs to.
    pub fn leader(&self) -> Result<Pid, Errno> {
        let status = read(&format!("/proc/{}/status", self.call.thread)).ok_or(Errno::SRCH)?;
        let id = status.lines().find_map(|line| line.strip_prefix("Tgid:")).and_then(|id| id.trim().parse().ok());
        id.and_then(Pid::from_raw).ok_or(Errno::SRCH)
    }

    /// What was read by pid was the caller's as long as it waits: its pid cannot have been given to another process.
    fn still_waits(&self) -> Result<(), Errno> {
        if is_valid(self.listener, self.call.id) { Ok(()) } else { Err(Errno::SRCH) }
    }
}

/// A small file of `/proc`.
fn read(path: &str) -> Option<String> {
    let file = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let mut bytes = [0; 4096];
    let count = rustix::io::read(&file, &mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes[..count]).into_owned())
}
