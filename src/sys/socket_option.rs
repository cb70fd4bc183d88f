//! Options of sockets as plain bytes, for copying them from one socket to another (socket(7), tcp(7), ip(7), ipv6(7)).
#![allow(unsafe_code)]

use super::process::last_error;
use rustix::io::Result;
use std::os::fd::{AsFd, AsRawFd};

/// Longest option that is read, in bytes; the longest copied is the name of a congestion control, 16.
pub const LONGEST: usize = 16;

/// An option's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value {
    bytes: [u8; LONGEST],
    length: u8,
}

impl Value {
    /// The value of a flag or number.
    pub fn of(number: i32) -> Value {
        let mut bytes = [0; LONGEST];
        bytes[..4].copy_from_slice(&number.to_ne_bytes());
        Value { bytes, length: 4 }
    }

    /// As a number; 0 when it is none.
    pub fn number(&self) -> i32 {
        if self.length == 4 {
            i32::from_ne_bytes([self.bytes[0], self.bytes[1], self.bytes[2], self.bytes[3]])
        } else {
            0
        }
    }
}

impl Value {
    /// As a `struct timeval` of a 64-bit system; `None` for none or zero, which is "for ever".
    pub fn duration(&self) -> Option<std::time::Duration> {
        let part = |at: usize| self.bytes.get(at..at + 8)?.try_into().ok().map(u64::from_ne_bytes);
        let (seconds, microseconds) = (part(0)?, u32::try_from(part(8)?).ok()?);
        let duration = std::time::Duration::new(seconds, microseconds.checked_mul(1000)?);
        (usize::from(self.length) == LONGEST && !duration.is_zero()).then_some(duration)
    }
}

/// Reads an option.
///
/// # Errors
/// `NOPROTOOPT` for one that this kernel or kind of socket does not have.
pub fn get(socket: impl AsFd, level: i32, name: i32) -> Result<Value> {
    read(socket, level, name, LONGEST)
}

/// Reads an option that is a number of 64 bits, for which the kernel wants that very length.
///
/// # Errors
/// As [`get`].
pub fn get_u64(socket: impl AsFd, level: i32, name: i32) -> Result<u64> {
    let value = read(socket, level, name, 8)?;
    Ok(u64::from_ne_bytes(value.bytes[..8].try_into().unwrap_or_default()))
}

/// Reads at most `room` bytes of an option, at most [`LONGEST`].
fn read(socket: impl AsFd, level: i32, name: i32, room: usize) -> Result<Value> {
    let mut value = Value { bytes: [0; LONGEST], length: 0 };
    let mut length = room.min(LONGEST) as libc::socklen_t;
    let descriptor = socket.as_fd().as_raw_fd();
    // SAFETY: the descriptor is open while borrowed; the kernel writes at most `length` bytes, the array's size.
    let result = unsafe { libc::getsockopt(descriptor, level, name, value.bytes.as_mut_ptr().cast(), &raw mut length) };
    if result < 0 {
        return Err(last_error());
    }
    value.length = length.min(LONGEST as libc::socklen_t) as u8;
    Ok(value)
}

/// Sets an option.
///
/// # Errors
/// What setsockopt(2) gives.
pub fn set(socket: impl AsFd, level: i32, name: i32, value: &Value) -> Result<()> {
    let descriptor = socket.as_fd().as_raw_fd();
    // SAFETY: the descriptor is open while borrowed; the kernel reads `length` bytes of the array, which has as many.
    let result = unsafe {
        libc::setsockopt(descriptor, level, name, value.bytes.as_ptr().cast(), libc::socklen_t::from(value.length))
    };
    if result < 0 { Err(last_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
        set(&socket, libc::SOL_SOCKET, libc::SO_KEEPALIVE, &Value::of(1)).expect("set");
        assert_eq!(get(&socket, libc::SOL_SOCKET, libc::SO_KEEPALIVE).expect("got").number(), 1);
        assert!(get(&socket, libc::IPPROTO_TCP, libc::TCP_NODELAY).is_err());
    }
}
