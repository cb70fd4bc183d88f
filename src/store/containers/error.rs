//! What can go wrong with containers on disk.

use crate::sys::errno::Words;
use std::path::{Path, PathBuf};

/// An error about a container's files.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No container has this name or ID.
    #[error("no container with name or ID \"{name}\" found: no such container")]
    NoSuchContainer {
        /// As typed.
        name: String,
    },
    /// Several IDs start like this.
    #[error("more than one result for container name or ID \"{name}\"")]
    Ambiguous {
        /// As typed.
        name: String,
    },
    /// The name is taken.
    #[error(
        "creating container storage: the container name \"{name}\" is already in use by {id}. You have to remove that container to be able to reuse that name: that name is already in use, or use --replace to instruct Podman to do so."
    )]
    NameInUse {
        /// The name.
        name: String,
        /// The container that has it.
        id: String,
    },
    /// A file of the store could not be read or written.
    #[error("{operation} \"{}\": {}", path.display(), Words(source))]
    Io {
        /// What was being done.
        operation: &'static str,
        /// To which file.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A file of the store is not what was written.
    #[error("read \"{}\": damaged: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where it is wrong.
        source: serde_json::Error,
    },
}

impl Error {
    pub(crate) fn io(operation: &'static str, path: &Path, source: std::io::Error) -> Self {
        Error::Io { operation, path: path.to_owned(), source }
    }
}
