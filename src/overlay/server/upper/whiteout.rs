//! Names that hide what lies below, as in the layers of an image.
//!
//! OCI image specification, layer.md, "Whiteouts": a file `.wh.<name>` hides `<name>` of the lower tree. A whiteout says
//! nothing about an entry of that name beside it: that one is new and is shown. So whiteouts can be laid before the entry above
//! is taken away and can stay when a new one is made, and no moment shows the file from below.

/// In front of the hidden name.
const PREFIX: &[u8] = b".wh.";
/// In front of the digest of a hidden name that is too long for [`PREFIX`]; names with two prefixes are nobody's.
const LONG_PREFIX: &[u8] = b".wh..wh.long.";
/// Longest name of a file (`NAME_MAX`).
const LONGEST: usize = 255;
/// Digits of an NFS client's own names: a file number of 64 bits and a counter of 32.
const SILLY_DIGITS: usize = 24;

/// Whether a name cannot be a container's.
pub(super) fn is_reserved(name: &[u8]) -> bool {
    name.starts_with(PREFIX)
}

/// Whether it is the name under which an NFS client keeps a file that was removed while it was open: `.nfs` and 24 hexadecimal
/// digits (`nfs_sillyrename` of fs/nfs/dir.c). It goes when the file is closed.
pub(super) fn is_silly(name: &[u8]) -> bool {
    name.strip_prefix(b".nfs").is_some_and(|rest| rest.len() == SILLY_DIGITS && rest.iter().all(u8::is_ascii_hexdigit))
}

/// The name of the whiteout that hides `name`.
pub(super) fn of(name: &[u8]) -> Vec<u8> {
    if name.len() + PREFIX.len() <= LONGEST {
        return [PREFIX, name].concat();
    }
    let digest = ring::digest::digest(&ring::digest::SHA256, name);
    let mut whiteout = LONG_PREFIX.to_vec();
    for byte in digest.as_ref() {
        whiteout.extend_from_slice(format!("{byte:02x}").as_bytes());
    }
    whiteout
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_can_be_hidden() {
        for length in [1, 250, 251, 252, 255] {
            let name = vec![b'n'; length];
            let whiteout = of(&name);
            assert!(whiteout.len() <= LONGEST && is_reserved(&whiteout));
        }
        assert_eq!(of(b"a"), b".wh.a");
        assert_ne!(of(&[b'n'; 255]), of(&[b'm'; 255]));
        assert!(!is_reserved(b".whisper"));
    }

    #[test]
    fn names_of_nfs_clients_are_known() {
        assert!(is_silly(b".nfs000000000000012a00000001"));
        assert!(!is_silly(b".nfs") && !is_silly(b".nfs000000000000012a0000000g"));
    }
}
