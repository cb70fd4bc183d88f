//! Writing through mappings of files (mmap(2)).
#![allow(unsafe_code)]

use std::fs::File;
use std::io;

/// Fills `length` bytes from `offset` on through a mapping and reads them back through it; the range must lie in the file.
pub fn fill(file: &File, offset: u64, length: usize, byte: u8, shared: bool) -> io::Result<bool> {
    let mut options = memmap2::MmapOptions::new();
    options.offset(offset).len(length);
    // SAFETY: the caller holds the only process that changes this file, and the range lies inside it, so no access is
    // beyond its end; bytes have no invalid values.
    let mut map = unsafe { if shared { options.map_mut(file) } else { options.map_copy(file) } }?;
    map.fill(byte);
    if shared && length > 4096 {
        map.flush()?;
    }
    Ok(map.iter().all(|found| *found == byte))
}
