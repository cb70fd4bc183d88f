//! Namespaces by descriptor (`namespaces(7)`, `ioctl_nsfs(2)`).

#![allow(unsafe_code)]

use super::process::last_error;
use rustix::io::Result;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

/// `SIOCGSKNS` (include/uapi/linux/sockios.h).
const SOCKET_NAMESPACE: libc::Ioctl = 0x894c;

/// The network namespace a socket was opened in. Needs `CAP_NET_ADMIN` over it; `PERM` otherwise.
pub fn of_socket(socket: impl AsFd) -> Result<OwnedFd> {
    // SAFETY: SIOCGSKNS takes no argument and returns a new descriptor.
    let descriptor = unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), SOCKET_NAMESPACE) };
    if descriptor < 0 {
        return Err(last_error());
    }
    // SAFETY: the kernel has just made this descriptor for the caller, and nobody else owns it.
    let namespace = unsafe { OwnedFd::from_raw_fd(descriptor) };
    // It is made without close-on-exec before some kernels; setting it again is harmless.
    rustix::io::fcntl_setfd(&namespace, rustix::io::FdFlags::CLOEXEC)?;
    Ok(namespace)
}
