//! Writing through mappings of files (mmap(2)).
//!
//! A descriptor that was opened for reading before its file was copied up is read through to the copy by the kernel's overlay, and
//! shows its size, but maps the file from below (`ovl_mmap`): behind the end of that one, a write is SIGBUS. So the
//! pages are asked for first (MADV_POPULATE_WRITE, Linux 5.14), which is an error instead.
#![allow(unsafe_code)]

use nix::libc;
use std::fs::File;
use std::io;

/// Fills `length` bytes from `offset` on through a mapping and reads them back through it; the range must lie in the file.
pub fn fill(file: &File, offset: u64, length: usize, byte: u8, shared: bool) -> io::Result<bool> {
    let mut options = memmap2::MmapOptions::new();
    options.offset(offset).len(length);
    // SAFETY: the caller holds the only process that changes this file, and the range lies inside it, so no access is
    // beyond its end; bytes have no invalid values.
    let mut map = unsafe { if shared { options.map_mut(file) } else { options.map_copy(file) } }?;
    match map.advise(memmap2::Advice::PopulateWrite) {
        // A kernel that does not know the advice.
        Err(error) if error.raw_os_error() != Some(libc::EINVAL) => return Err(error),
        _ => {}
    }
    map.fill(byte);
    if shared && length > 4096 {
        map.flush()?;
    }
    Ok(map.iter().all(|found| *found == byte))
}
