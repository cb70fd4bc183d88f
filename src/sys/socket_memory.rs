//! How full a socket is (`socket(7)`, `SO_MEMINFO`; `linux/sock_diag.h`).

#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// Places in the array of `SO_MEMINFO`: limit of the send buffer, bytes.
const SNDBUF: usize = 3;
/// Bytes queued for sending, with the kernel's own overhead.
const WMEM_QUEUED: usize = 5;
/// Places known to every kernel that has the option (Linux 4.12).
const PLACES: usize = 9;

/// Bytes that can be sent before the send buffer is full, the kernel's overhead not counted.
pub fn send_room(socket: impl AsFd) -> io::Result<u32> {
    let mut places = [0_u32; PLACES];
    let mut length = size_of_val(&places) as libc::socklen_t;
    let descriptor = socket.as_fd().as_raw_fd();
    // SAFETY: the kernel writes at most `length` bytes to the array and the length to an integer; both are live.
    let result = unsafe {
        libc::getsockopt(descriptor, libc::SOL_SOCKET, libc::SO_MEMINFO, places.as_mut_ptr().cast(), &raw mut length)
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(places[SNDBUF].saturating_sub(places[WMEM_QUEUED]))
}
