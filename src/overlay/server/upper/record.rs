//! What the backing file system cannot hold: owner, set-id bits, device numbers, and where a copied-up file came from.
//!
//! One extended attribute, `user.coracle`, of text that fits into an ext4 inode: `uid:gid:mode[:d<device>][:b][:o<origin>]`, ids
//! decimal, the mode octal with the file type, the device hexadecimal, `b` when the contents are still below. It is there only where something differs from
//! what a file of the container's root would be, so ordinary files cost no attribute at all.
//!
//! The origin is the path in the lower tree that a copied-up file or directory was: `.` for the path where it still
//! is (its directory's origin and its own name). A directory with an origin shows the lower directory's entries beneath
//! its own; one without hides them. Files need it to keep their inode number. Paths and not numbers, because a later version may
//! number an image's files differently.

use rustix::fs::{FileType, Stat};

/// Type bits of `st_mode` (inode(7)).
pub(super) const TYPE: u32 = libc::S_IFMT;

/// Where a copied-up file was in the lower tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Where it is now.
    Here,
    /// A path relative to the lower root.
    Path(Box<[u8]>),
}

/// What is kept beside a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub uid: u32,
    pub gid: u32,
    /// Type and all permission bits.
    pub mode: u32,
    /// Device number as the kernel packs it into 32 bits.
    pub device: u32,
    /// Whether the contents, and with them the size, are those of the lower file; the backing file is empty then.
    pub contents_below: bool,
    pub origin: Option<Origin>,
}

impl Record {
    /// A file that the backing file system shows as `stat` and of which nothing is recorded.
    pub(super) fn of_backing(stat: &Stat) -> Record {
        Record::plain(stat.st_mode)
    }

    /// What is recorded of nothing: a file of the container's root.
    fn plain(backing_mode: u32) -> Record {
        let mode = backing_mode & (TYPE | 0o777);
        Record { uid: 0, gid: 0, mode, device: 0, contents_below: false, origin: None }
    }

    /// Reads the attribute; `None` when it is damaged.
    pub(super) fn parse(text: &[u8]) -> Option<Record> {
        let mut fields = text.splitn(4, |&byte| byte == b':');
        let uid = number(fields.next()?, 10)?;
        let gid = number(fields.next()?, 10)?;
        let mode = number(fields.next()?, 8)?;
        let mut rest = fields.next().unwrap_or_default();
        let mut record = Record { uid, gid, mode, ..Record::plain(0) };
        if let Some(device) = rest.strip_prefix(b"d") {
            let end = device.iter().position(|&byte| byte == b':').unwrap_or(device.len());
            record.device = number(&device[..end], 16)?;
            rest = device.get(end + 1..).unwrap_or_default();
        }
        if let Some(after) = rest.strip_prefix(b"b") {
            record.contents_below = true;
            rest = after.strip_prefix(b":").unwrap_or(after);
        }
        if let Some(origin) = rest.strip_prefix(b"o") {
            record.origin = Some(if origin == b"." { Origin::Here } else { Origin::Path(origin.into()) });
        }
        Some(record)
    }

    /// The attribute's text.
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = format!("{}:{}:{:o}", self.uid, self.gid, self.mode).into_bytes();
        if self.device != 0 {
            text.extend_from_slice(format!(":d{:x}", self.device).as_bytes());
        }
        if self.contents_below {
            text.extend_from_slice(b":b");
        }
        match &self.origin {
            None => {}
            Some(Origin::Here) => text.extend_from_slice(b":o."),
            Some(Origin::Path(path)) => {
                text.extend_from_slice(b":o");
                text.extend_from_slice(path);
            }
        }
        text
    }

    /// Whether a file whose backing shows `backing_mode` needs the attribute.
    pub(super) fn is_needed(&self, backing_mode: u32) -> bool {
        *self != Record::plain(backing_mode)
    }

    pub(super) fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.mode)
    }

    pub(super) fn is_directory(&self) -> bool {
        self.mode & TYPE == libc::S_IFDIR
    }

    /// Permissions of the backing file: as wanted, except that we can always read and write what is ours, and that
    /// nothing on the host becomes set-id.
    pub(super) fn backing_permissions(&self) -> u32 {
        match self.mode & TYPE {
            libc::S_IFDIR => self.mode & 0o777 | 0o700,
            libc::S_IFREG => self.mode & 0o777 | 0o600,
            _ => 0o600,
        }
    }

    /// Takes away what a write or a change of owner takes away from a file; true when something was there.
    pub(super) fn drop_set_id(&mut self) -> bool {
        if self.is_directory() {
            return false;
        }
        let before = self.mode;
        self.mode &= !libc::S_ISUID;
        if self.mode & libc::S_IXGRP != 0 {
            self.mode &= !libc::S_ISGID;
        }
        before != self.mode
    }
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        let origins = [None, Some(Origin::Here), Some(Origin::Path((*b"a/b:c").into())), Some(Origin::Path([].into()))];
        for origin in origins {
            for (device, mode) in [(0, 0o100644), (0x0103, 0o020666), (0, 0o041777)] {
                for contents_below in [false, true] {
                    let record = Record { uid: 1000, gid: 7, mode, device, contents_below, origin: origin.clone() };
                    assert_eq!(Record::parse(&record.text()), Some(record));
                }
            }
        }
    }

    #[test]
    fn damage_is_no_record() {
        for text in [&b""[..], b"1", b"1:2", b"a:b:c", b"1:2:9", b"99999999999:0:644", b"0:0:644:dxyz", b"\xff:0:1"] {
            assert_eq!(Record::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_write_takes_set_id_bits() {
        for (before, after) in [(0o104755, 0o100755), (0o102755, 0o100755), (0o102644, 0o102644), (0o42755, 0o42755)] {
            let mut record = Record { mode: before, ..Record::plain(0) };
            assert_eq!(record.drop_set_id(), before != after);
            assert_eq!(record.mode, after);
        }
    }
}
