//! The index of one layer: what is in its tar and where the bytes are.
//!
//! A layer stays the uncompressed tar the registry described. [`LayerIndexer`] watches that tar stream past once
//! (in chunks of any size) and gives the index file's bytes; [`LayerIndex`] reads them back without copying. The index keeps
//! the entries in the order of the tar and whiteouts as the names they are: what they mean for lower layers is
//! decided where layers are merged (`overlay::tree`).
//!
//! What must stay true: the tar is hostile input. Memory follows the bytes that really arrived, never a size that is merely
//! claimed; names are normalised here, once, so that nobody later sees `..`, an absolute path or an empty component;
//! a truncated or absurd archive is an error, not a shorter index. Limits are in [`limits`].
//!
//! Follows POSIX.1-2024 `pax` (ustar and pax headers), the GNU tar manual ("Standard", "Extensions", "Sparse Formats") and
//! libarchive's tar(5). Where readers differ, Go's `archive/tar` is followed, because images are made with it.

mod error;
mod format;
mod header;
pub mod limits;
mod path;
mod pax;
mod sparse;
mod stream;
mod tar;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
pub(crate) mod writer;

pub use error::{IndexError, TarError};
pub use format::{EntryView, LayerIndex, XattrView};
pub use sparse::Extent;
pub use stream::{StreamError, TarStream, begins_as_tar};

use serde::{Deserialize, Serialize};

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum EntryKind {
    /// Regular file.
    File = 0,
    /// Directory.
    Directory = 1,
    /// Symbolic link.
    Symlink = 2,
    /// Another name of a file: the link target is a normalised path inside the archive.
    HardLink = 3,
    /// Character device.
    CharacterDevice = 4,
    /// Block device.
    BlockDevice = 5,
    /// Named pipe.
    Fifo = 6,
}

/// Seconds and nanoseconds since the epoch; nanoseconds are always below 1,000,000,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    /// Whole seconds, rounded towards the past.
    pub seconds: i64,
    /// Nanoseconds after `seconds`.
    pub nanoseconds: u32,
}

/// Builds the index of a layer from its tar, one chunk after the other.
#[derive(Debug, Default)]
pub struct LayerIndexer {
    reader: tar::TarReader,
    builder: format::IndexBuilder,
}

impl LayerIndexer {
    /// An indexer that has seen nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of the tar. After an error the indexer is of no further use.
    pub fn push(&mut self, tar: &[u8]) -> Result<(), TarError> {
        let builder = &mut self.builder;
        self.reader.push(tar, &mut |entry| builder.add(&entry))
    }

    /// Ends the tar and returns the bytes of the index file.
    ///
    /// An archive that ends between two entries without the end marks is accepted, one that ends inside an entry is not.
    pub fn finish(self) -> Result<Vec<u8>, TarError> {
        let tar_size = self.reader.finish()?;
        self.builder.finish(tar_size)
    }
}

/// One entry on its way from the tar to the index.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Normalised; empty is the root.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits with set-id and sticky bits.
    pub mode: u16,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Last change of the contents.
    pub modified: Timestamp,
    /// Extended attributes.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// Symbolic link: the text as it is. Hard link: normalised path.
    pub link: Vec<u8>,
    /// Major and minor number of a device.
    pub device: (u32, u32),
    /// Bytes the file has for a reader, holes included.
    pub size: u64,
    /// Where the bytes are; what no extent covers reads as zeros.
    pub extents: Vec<Extent>,
}
