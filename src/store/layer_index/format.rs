//! The index file.
//!
//! ```text
//! header    64 bytes: magic, version, counts, size of the tar, checksum of all that follows
//! entries   72 bytes each, in the order of the tar
//! extents   24 bytes each: offset in the file, offset in the tar, length
//! xattrs    16 bytes each: name (offset, length), value (offset, length), in the strings
//! strings   names, link targets, attributes
//! ```
//! All numbers are little-endian. A plain file has one extent; entries refer to a run of extents and a run of xattrs.

use super::error::{IndexError, TarError};
use super::{Entry, EntryKind, Extent, Timestamp, limits};
use crate::store::record::{self, u16_at, u32_at, u64_at};

const MAGIC: &[u8; 8] = b"coracleL";
/// Raised with every change of the format; an index of another version is made again from its tar.
const VERSION: u32 = 1;
const HEADER: usize = 64;
const ENTRY: usize = 72;
const EXTENT: usize = 24;
const XATTR: usize = 16;

/// Collects entries.
#[derive(Debug, Default)]
pub(super) struct IndexBuilder {
    count: u32,
    entries: Vec<u8>,
    extents: Vec<u8>,
    xattrs: Vec<u8>,
    strings: Vec<u8>,
}

impl IndexBuilder {
    /// Adds one entry.
    pub(super) fn add(&mut self, entry: &Entry) -> Result<(), TarError> {
        if self.count >= limits::ENTRIES {
            return Err(limit(u64::from(limits::ENTRIES), "entries in one layer"));
        }
        let extents = (self.extents.len() / EXTENT) as u32;
        for extent in &entry.extents {
            for number in [extent.file_offset, extent.tar_offset, extent.length] {
                self.extents.extend_from_slice(&number.to_le_bytes());
            }
        }
        let xattrs = (self.xattrs.len() / XATTR) as u32;
        for (name, value) in &entry.xattrs {
            let fields = [self.string(name), self.string(value)].concat();
            self.xattrs.extend_from_slice(&fields);
        }
        let path = self.string(&entry.path);
        let link = self.string(&entry.link);
        let out = &mut self.entries;
        out.extend_from_slice(&path);
        out.extend_from_slice(&link);
        out.extend_from_slice(&(entry.kind as u16).to_le_bytes());
        out.extend_from_slice(&entry.mode.to_le_bytes());
        for number in [entry.uid, entry.gid, entry.modified.nanoseconds, entry.device.0, entry.device.1] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&entry.modified.seconds.to_le_bytes());
        out.extend_from_slice(&entry.size.to_le_bytes());
        for number in [extents, entry.extents.len() as u32, xattrs, entry.xattrs.len() as u32] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        self.count += 1;
        if self.bytes() > limits::INDEX_BYTES {
            return Err(limit(limits::INDEX_BYTES as u64, "bytes of names and attributes in one layer"));
        }
        Ok(())
    }

    /// Offset and length; both fit because of [`limits::INDEX_BYTES`] and the limits of a single string.
    fn string(&mut self, text: &[u8]) -> [u8; 8] {
        let mut reference = [0; 8];
        reference[..4].copy_from_slice(&(self.strings.len() as u32).to_le_bytes());
        reference[4..].copy_from_slice(&(text.len() as u32).to_le_bytes());
        self.strings.extend_from_slice(text);
        reference
    }

    fn bytes(&self) -> usize {
        self.entries.len() + self.extents.len() + self.xattrs.len() + self.strings.len()
    }

    /// The whole file.
    pub(super) fn finish(self, tar_size: u64) -> Result<Vec<u8>, TarError> {
        let mut file = Vec::with_capacity(HEADER + self.bytes());
        file.resize(HEADER, 0);
        for section in [&self.entries, &self.extents, &self.xattrs, &self.strings] {
            file.extend_from_slice(section);
        }
        let checksum = record::checksum(&file[HEADER..]);
        let (header, _) = file.split_at_mut(HEADER);
        header[..8].copy_from_slice(MAGIC);
        header[8..12].copy_from_slice(&VERSION.to_le_bytes());
        header[12..16].copy_from_slice(&self.count.to_le_bytes());
        header[16..24].copy_from_slice(&tar_size.to_le_bytes());
        header[24..28].copy_from_slice(&((self.extents.len() / EXTENT) as u32).to_le_bytes());
        header[28..32].copy_from_slice(&((self.xattrs.len() / XATTR) as u32).to_le_bytes());
        header[32..40].copy_from_slice(&(self.strings.len() as u64).to_le_bytes());
        header[40..48].copy_from_slice(&checksum.to_le_bytes());
        Ok(file)
    }
}

fn limit(limit: u64, what: &'static str) -> TarError {
    TarError::Limit { offset: 0, limit, what }
}

/// An index file, checked as a whole when opened.
#[derive(Clone, Copy, Debug)]
pub struct LayerIndex<'a> {
    count: usize,
    tar_size: u64,
    entries: &'a [u8],
    extents: &'a [u8],
    xattrs: &'a [u8],
    strings: &'a [u8],
}

/// One entry of an index.
#[derive(Clone, Copy, Debug)]
pub struct EntryView<'a> {
    /// Normalised path; empty is the root.
    pub path: &'a [u8],
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits with set-id and sticky bits.
    pub mode: u16,
    /// Owner, as the image means it.
    pub uid: u32,
    /// Group, as the image means it.
    pub gid: u32,
    /// Modification time.
    pub modified: Timestamp,
    /// Symbolic link: its text. Hard link: normalised path of the file.
    pub link: &'a [u8],
    /// Major and minor number of a device.
    pub device: (u32, u32),
    /// Bytes of a file, holes included.
    pub size: u64,
    extents: &'a [u8],
    xattrs: &'a [u8],
    strings: &'a [u8],
}

/// One extended attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XattrView<'a> {
    /// Full name, e.g. `security.capability`.
    pub name: &'a [u8],
    /// Value.
    pub value: &'a [u8],
}

impl<'a> LayerIndex<'a> {
    /// Opens an index: checks version, checksum and section sizes. Reads every byte once.
    pub fn parse(file: &'a [u8]) -> Result<Self, IndexError> {
        Self::read(file).unwrap_or(Err(IndexError::Damaged))
    }

    fn read(file: &'a [u8]) -> Option<Result<Self, IndexError>> {
        if file.get(..8)? != MAGIC || u32_at(file, 8)? != VERSION {
            return Some(Err(IndexError::Version));
        }
        let body = file.get(HEADER..)?;
        let count = u32_at(file, 12)? as usize;
        let tar_size = u64_at(file, 16)?;
        let extents = u32_at(file, 24)? as usize * EXTENT;
        let xattrs = u32_at(file, 28)? as usize * XATTR;
        let strings = usize::try_from(u64_at(file, 32)?).ok()?;
        if u64_at(file, 40)? != record::checksum(body) {
            return None;
        }
        let (entries, body) = body.split_at_checked(count * ENTRY)?;
        let (extents, body) = body.split_at_checked(extents)?;
        let (xattrs, body) = body.split_at_checked(xattrs)?;
        (body.len() == strings).then_some(Ok(LayerIndex { count, tar_size, entries, extents, xattrs, strings: body }))
    }

    /// Length of the tar in bytes.
    pub fn tar_size(&self) -> u64 {
        self.tar_size
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether the layer has no entries.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The entries in the order of the tar.
    pub fn entries(&self) -> impl Iterator<Item = Result<EntryView<'a>, IndexError>> + use<'a> {
        let index = *self;
        (0..self.count).map(move |at| index.entry(at).ok_or(IndexError::Damaged))
    }

    /// The entry at position `at`, if there is one and it is sound.
    pub fn entry(&self, at: usize) -> Option<EntryView<'a>> {
        let entry = self.entries.get(at.checked_mul(ENTRY)?..)?.get(..ENTRY)?;
        let kind = match u16_at(entry, 16)? {
            0 => EntryKind::File,
            1 => EntryKind::Directory,
            2 => EntryKind::Symlink,
            3 => EntryKind::HardLink,
            4 => EntryKind::CharacterDevice,
            5 => EntryKind::BlockDevice,
            6 => EntryKind::Fifo,
            _ => return None,
        };
        let run = |table, at, size| {
            let start = u64::from(u32_at(entry, at)?) * size;
            record::slice(table, start, u64::from(u32_at(entry, at + 4)?) * size)
        };
        let view = EntryView {
            path: run(self.strings, 0, 1)?,
            link: run(self.strings, 8, 1)?,
            kind,
            mode: u16_at(entry, 18)? & 0o7777,
            uid: u32_at(entry, 20)?,
            gid: u32_at(entry, 24)?,
            modified: Timestamp {
                seconds: u64_at(entry, 40)? as i64,
                nanoseconds: u32_at(entry, 28)?.min(999_999_999),
            },
            device: (u32_at(entry, 32)?, u32_at(entry, 36)?),
            size: u64_at(entry, 48)?,
            extents: run(self.extents, 56, EXTENT as u64)?,
            xattrs: run(self.xattrs, 64, XATTR as u64)?,
            strings: self.strings,
        };
        self.is_sound(&view).then_some(view)
    }

    /// Whether an entry keeps what the tar reader promises, whoever wrote the index.
    fn is_sound(&self, entry: &EntryView<'_>) -> bool {
        let path_is_sound = |path: &[u8]| super::path::normalise(path).is_ok_and(|normal| normal == path);
        let mut end = 0;
        entry.size <= limits::FILE_BYTES
            && path_is_sound(entry.path)
            && (entry.kind != EntryKind::HardLink || path_is_sound(entry.link))
            && entry.extents().all(|extent| {
                let ascends = extent.file_offset >= end;
                end = extent.file_offset.saturating_add(extent.length);
                let in_tar = extent.tar_offset.checked_add(extent.length).is_some_and(|end| end <= self.tar_size);
                ascends && end <= entry.size && in_tar
            })
            && entry.xattrs().count() * XATTR == entry.xattrs.len()
    }
}

impl<'a> EntryView<'a> {
    /// Where the file's bytes are in the tar, ascending; what no extent covers is a hole.
    pub fn extents(&self) -> impl ExactSizeIterator<Item = Extent> + use<'a> {
        let (extents, _) = self.extents.as_chunks::<EXTENT>();
        extents.iter().map(|extent| {
            let number = |at| u64_at(extent, at).unwrap_or_default();
            Extent { file_offset: number(0), tar_offset: number(8), length: number(16) }
        })
    }

    /// Extended attributes, sorted by name.
    pub fn xattrs(&self) -> impl Iterator<Item = XattrView<'a>> + use<'a> {
        let (xattrs, _) = self.xattrs.as_chunks::<XATTR>();
        let strings = self.strings;
        xattrs.iter().map_while(move |xattr| {
            let string = |at| record::slice(strings, u64::from(u32_at(xattr, at)?), u64::from(u32_at(xattr, at + 4)?));
            Some(XattrView { name: string(0)?, value: string(8)? })
        })
    }
}
