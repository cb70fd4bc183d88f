//! What can be wrong with a layer's tar or with an index file.

use thiserror::Error;

/// Why a tar was refused. `offset` is the byte in the uncompressed archive where the header starts.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TarError {
    /// The archive ends inside something.
    #[error("archive ends at byte {offset}, inside {within}")]
    Truncated {
        /// Length of the archive.
        offset: u64,
        /// What was being read.
        within: &'static str,
    },
    /// The header's checksum is wrong: not a tar, or damaged.
    #[error("no valid tar header at byte {offset}")]
    Checksum {
        /// Where the header is.
        offset: u64,
    },
    /// A header field does not hold what it must.
    #[error("tar header at byte {offset} has an invalid {field}")]
    Field {
        /// Where the header is.
        offset: u64,
        /// Name of the field.
        field: &'static str,
    },
    /// An entry type that has no place in a layer.
    #[error("tar header at byte {offset} has the unsupported type '{}'", char::from(*.kind).escape_default())]
    Type {
        /// Where the header is.
        offset: u64,
        /// The type flag.
        kind: u8,
    },
    /// A name that leads outside or cannot exist.
    #[error("invalid name \"{}\" in tar header at byte {offset}: {reason}", .name.escape_ascii())]
    Name {
        /// Where the header is.
        offset: u64,
        /// The name as found, shortened.
        name: Vec<u8>,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// More than [`super::limits`] allows.
    #[error("tar header at byte {offset} exceeds the limit of {limit} {what}")]
    Limit {
        /// Where the header is.
        offset: u64,
        /// The limit.
        limit: u64,
        /// What it counts.
        what: &'static str,
    },
}

/// Why an index file was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum IndexError {
    /// Not written by us, or by another version.
    #[error("not a layer index of this version")]
    Version,
    /// The checksum or a reference inside is wrong.
    #[error("layer index is damaged")]
    Damaged,
}
