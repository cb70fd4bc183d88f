//! What can go wrong between layers and a mounted root.

use crate::store::layer_index::IndexError;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Everything the overlay can fail with.
#[derive(Debug, Error)]
pub enum Error {
    /// A layer's index cannot be used. Layers count from 0 at the bottom.
    #[error("cannot merge layer {layer}: {source}")]
    Index {
        /// Position of the layer.
        layer: usize,
        /// What is wrong with the index.
        source: IndexError,
    },
    /// A hard link to something that is not there or is a directory.
    #[error("cannot merge layer {layer}: hard link \"{}\" names no file \"{}\"", .path.escape_ascii(), .target.escape_ascii())]
    HardLink {
        /// Position of the layer.
        layer: usize,
        /// The link.
        path: Vec<u8>,
        /// What it should be another name of.
        target: Vec<u8>,
    },
    /// More than an image may have.
    #[error("cannot merge layers: more than {limit} {what}")]
    Limit {
        /// The limit.
        limit: u64,
        /// What it counts.
        what: &'static str,
    },
    /// The file is no tree of this version, or damaged.
    #[error("merged index of the image is damaged or of another version")]
    Tree,
    /// The number or size of the layer files is not what the tree was made from.
    #[error("layer {layer} of the image is missing or has the wrong size")]
    Layer {
        /// Position of the layer.
        layer: usize,
    },
    /// A system call on a host object failed.
    #[error("cannot {operation} \"{}\": {}", .path.display(), crate::sys::errno::Words(.source))]
    File {
        /// What was tried, e.g. `open`.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The journal of a container's changes cannot be used.
    #[error("cannot use the journal \"{}\": {reason}", .path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// Why not.
        reason: &'static str,
    },
    /// The kernel would not mount.
    #[error("cannot mount {kind} on \"{}\": {}", .target.display(), crate::sys::errno::Words(.source))]
    Mount {
        /// File system type.
        kind: &'static str,
        /// Where.
        target: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The FUSE connection could not be started.
    #[error("cannot serve the image's files: {}", crate::sys::errno::Words(.source))]
    Serve {
        /// Why not.
        source: io::Error,
    },
    /// A path of the image could not be written out.
    #[error("cannot extract \"{}\": {}", .path.escape_ascii(), crate::sys::errno::Words(.source))]
    Extract {
        /// Path inside the image.
        path: Vec<u8>,
        /// Why not.
        source: io::Error,
    },
    /// A driver was asked for that does not work here.
    #[error("storage driver \"{driver}\" does not work here: {reason}")]
    Driver {
        /// The driver's name.
        driver: &'static str,
        /// Why not.
        reason: String,
    },
}
