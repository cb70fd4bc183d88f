//! Starting writes to the disk early (`sync_file_range(2)`).
#![allow(unsafe_code)]

use std::os::fd::{AsFd, AsRawFd};

/// Starts writing a range of a file to the disk without waiting. Only a hint: a file system that cannot do it, does
/// not, and the later sync does all the work.
pub fn start(file: impl AsFd, offset_bytes: u64, length_bytes: u64) {
    let (Ok(offset), Ok(length)) = (offset_bytes.try_into(), length_bytes.try_into()) else { return };
    let descriptor = file.as_fd().as_raw_fd();
    // SAFETY: the descriptor is open for the whole call, since `file` is borrowed; no memory is passed.
    unsafe { libc::sync_file_range(descriptor, offset, length, libc::SYNC_FILE_RANGE_WRITE) };
}
