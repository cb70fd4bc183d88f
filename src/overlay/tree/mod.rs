//! The merged view of an image's layers: one file, mapped read-only, from which the file system is served.
//!
//! [`merge()`] applies the layers' indexes in order, whiteouts included, and gives the bytes of `images/<id>/tree`;
//! [`Tree`] reads them where they lie. Opening costs the same for ten files as for a million: header and section bounds
//! are checked at once, everything else when it is touched.
//!
//! ```text
//! header    128 bytes: magic, version, counts, checksums
//! layers      8 bytes each: size of the layer's tar, bottom first
//! nodes      64 bytes each: one inode; the root is node 0; a directory's children follow each other where possible
//! entries    12 bytes each: name and node; one directory's entries are consecutive and sorted by name
//! extents    24 bytes each: sparse files only
//! xattrs     16 bytes each
//! strings    names, link targets, attributes
//! ```
//!
//! What must stay true: no bytes whatsoever make a reader panic, loop for ever or read outside the file; a damaged node
//! is missing (`None`), never wrong memory. Node numbers depend on the layers alone, so inode numbers are the same
//! in every container of an image.

mod format;
mod merge;
#[cfg(test)]
mod tests;
mod write;

pub use format::{Node, NodeKind, Tree, Xattr};
pub use merge::merge;

/// Number of the root directory.
pub const ROOT: u32 = 0;
