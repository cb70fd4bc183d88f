//! Giving memory back that a long wait does not need.

#![allow(unsafe_code)]

use rustix::mm::{Advice, madvise};
use std::ffi::c_void;

/// All threads of this process allocate from one heap from now on, and large pieces go back to the kernel when they are freed.
///
/// The C library would give each thread a heap of its own (malloc(3)), none of which can use what another has freed, and would
/// keep what was once large for the next time (`M_MMAP_THRESHOLD` of mallopt(3), 128 KiB, grows by itself unless it is set).
/// For a process that waits most of the time that is memory for nothing. Failing changes nothing.
pub fn use_one_heap() {
    const LARGE_BYTES: libc::c_int = 128 << 10;
    // SAFETY: plain numbers.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
    // SAFETY: plain numbers.
    unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE_BYTES) };
}

/// Gives the pages of the heap that nothing is in back to the kernel (`malloc_trim(3)`).
pub fn release_heap() {
    // SAFETY: a plain number; what is allocated is not touched.
    unsafe { libc::malloc_trim(0) };
}

/// Unmaps the pages of this program's code; those that are needed come back from the page cache one fault at a time.
///
/// A process that has done its setup and now waits for hours would otherwise be charged for every page of code it ever
/// touched, and for the fifteen around each (`fault_around_bytes`, mm/memory.c). Measured on a keeper: 4.8 MB of 6.3.
/// Failing changes nothing.
pub fn release_program_code() {
    ProgramCode::find().release();
}

/// Where this program's code is mapped, for a process that will not be able to read `/proc` when it settles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgramCode(Vec<(usize, usize)>);

impl ProgramCode {
    /// Reads `/proc/self/maps`.
    pub fn find() -> Self {
        ProgramCode(code_mappings(&std::fs::read_to_string("/proc/self/maps").unwrap_or_default()))
    }

    /// See [`release_program_code`].
    pub fn release(&self) {
        for (start, length) in &self.0 {
            // SAFETY: the range is a mapping of this process that is file-backed, executable and not writable, so its
            // pages are never modified and a later access reads the same bytes from the file again (madvise(2)). Code
            // is never unmapped: this program loads no libraries.
            let _ = unsafe { madvise(*start as *mut c_void, *length, Advice::LinuxDontNeed) }; // only an optimisation
        }
    }
}

/// Start and length of the executable, unwritable mappings of files in the text of `/proc/PID/maps` (`proc(5)`).
fn code_mappings(maps: &str) -> Vec<(usize, usize)> {
    let mapping = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let (start, end) = fields.next()?.split_once('-')?;
        let is_code = fields.next()? == "r-xp";
        let has_file = fields.nth(2)? != "0";
        let (start, end) = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
        (is_code && has_file).then_some((start, end.checked_sub(start)?))
    };
    maps.lines().filter_map(mapping).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_of_files_is_released() {
        let maps = "00400000-00401000 r--p 00000000 fe:00 123 /x\n00401000-00411000 r-xp 00001000 fe:00 123 /x\n\
                    7ffd0000-7ffd1000 r-xp 00000000 00:00 0 [vdso]\n00500000-00501000 rw-p 00000000 fe:00 123 /x\n";
        assert_eq!(code_mappings(maps), [(0x401000, 0x10000)]);
        release_program_code();
        assert_eq!(code_mappings("nonsense"), []);
    }

    #[test]
    fn what_is_allocated_stays_whatever_is_released() {
        use_one_heap();
        let kept: Vec<Vec<usize>> = (0..1000).map(|number| vec![number; 100]).collect();
        drop(vec![1_u8; 1 << 20]);
        release_heap();
        assert!(kept.iter().enumerate().all(|(number, value)| value.len() == 100 && value[99] == number));
    }
}
