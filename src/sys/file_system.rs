//! What kind of file system something is on (statfs(2)).

use rustix::fs::FsWord;
use rustix::io::Result;
use std::os::fd::AsFd;
use std::path::Path;

/// `NFS_SUPER_MAGIC` (linux/magic.h).
pub const NFS: u64 = 0x6969;

/// The magic number (linux/magic.h) of the file system that `path` is on.
pub fn kind_at(path: &Path) -> Result<u64> {
    rustix::fs::statfs(path).map(|found| kind(found.f_type))
}

/// The same of an open file.
pub fn kind_of(file: impl AsFd) -> Result<u64> {
    rustix::fs::fstatfs(file).map(|found| kind(found.f_type))
}

/// Some architectures sign-extend the 32 bits.
fn kind(word: FsWord) -> u64 {
    word as u64 & 0xffff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_32_bits() {
        assert_eq!(kind(0xff53_4d42_u32 as i32 as FsWord), 0xff53_4d42);
        assert_eq!(kind_at(Path::new("/proc")), Ok(0x9fa0));
    }
}
