//! Read-only mappings of files (mmap(2)).
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Deref;

/// A whole file, mapped read-only and shared.
///
/// For files that are never changed in place: ours are written under another name and renamed. Reading beyond the end of a file
/// that somebody truncated meanwhile would end the process with SIGBUS, as a failing disk would.
#[derive(Debug)]
pub struct Mapping(memmap2::Mmap);

impl Mapping {
    /// Maps `file`. An empty file gives an empty slice.
    pub fn open(file: &File) -> io::Result<Mapping> {
        // SAFETY: the memory is only ever read as bytes, for which every value is valid; the project's rule that index
        // files are replaced by rename and never written in place keeps them from changing under the slice.
        let map = unsafe { memmap2::MmapOptions::new().map(file) }?;
        Ok(Mapping(map))
    }
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
