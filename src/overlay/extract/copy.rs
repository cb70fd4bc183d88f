//! Copying a run of bytes between files, in the kernel where it can.

use rustix::io::Errno;
use std::fs::File;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::FileExt as _;

/// Piece copied at a time where the kernel does not copy itself.
const PIECE_BYTES: usize = 128 << 10;

/// Copies `length` bytes; shares blocks where file system and alignment allow (copy_file_range(2)).
pub(in crate::overlay) fn copy(
    from: &File,
    mut read_at: u64,
    to: BorrowedFd<'_>,
    mut write_at: u64,
    length: u64,
) -> Result<(), Errno> {
    let mut left = length;
    while left > 0 {
        let piece = usize::try_from(left).unwrap_or(usize::MAX);
        match rustix::fs::copy_file_range(from, Some(&mut read_at), to, Some(&mut write_at), piece) {
            // The layer is shorter than its index says.
            Ok(0) => return Err(Errno::IO),
            Ok(copied) => left = left.saturating_sub(copied as u64),
            Err(Errno::INTR) => {}
            // Not between these file systems, or not on this kernel.
            Err(Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::PERM) => {
                return copy_through_memory(from, read_at, to, write_at, left);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn copy_through_memory(from: &File, read_at: u64, to: BorrowedFd<'_>, write_at: u64, length: u64) -> Result<(), Errno> {
    let mut buffer = vec![0; PIECE_BYTES];
    let mut done = 0;
    while done < length {
        let piece = usize::try_from(length - done).unwrap_or(PIECE_BYTES).min(PIECE_BYTES);
        let piece = buffer.get_mut(..piece).ok_or(Errno::IO)?;
        from.read_exact_at(piece, read_at + done).map_err(|_| Errno::IO)?;
        let mut rest: &[u8] = piece;
        while !rest.is_empty() {
            let written = rustix::io::retry_on_intr(|| rustix::io::pwrite(to, rest, write_at + done))?;
            rest = rest.get(written..).unwrap_or_default();
            done += written as u64;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::os::fd::{AsFd as _, OwnedFd};

    #[test]
    fn both_ways_copy_the_same_and_notice_a_short_source() {
        let mut source = tempfile::tempfile().unwrap();
        let bytes: Vec<u8> = (0..1_000_000u32).map(|at| (at % 251) as u8).collect();
        source.write_all(&bytes).unwrap();
        for copy in [copy, copy_through_memory] {
            let target = tempfile::tempfile().unwrap();
            let to = OwnedFd::from(target.try_clone().unwrap());
            copy(&source, 1000, to.as_fd(), 500, 400_000).unwrap();
            let mut read = vec![0; 400_000];
            target.read_exact_at(&mut read, 500).unwrap();
            assert!(read == bytes[1000..401_000]);
            assert_eq!(target.metadata().unwrap().len(), 400_500);
            assert_eq!(copy(&source, 999_999, to.as_fd(), 0, 2), Err(Errno::IO));
        }
    }
}
