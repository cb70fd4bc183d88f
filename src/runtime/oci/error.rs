//! Why an operation of the runtime interface failed; the texts are those that engines look for.

use crate::runtime::failure::Failure;
use crate::sys::errno::Words;
use std::path::PathBuf;

/// An operation on a container failed.
#[derive(Debug, thiserror::Error)]
pub enum OciError {
    /// There is no container of that ID.
    #[error("container {0:?} does not exist")]
    NoSuchContainer(String),
    /// There is one already.
    #[error("container with given ID already exists: {0:?}")]
    Exists(String),
    /// An ID that cannot be a file name.
    #[error("invalid container ID format: {id:?}: {reason}")]
    InvalidId {
        /// As typed.
        id: String,
        /// Why not.
        reason: String,
    },
    /// The container is in another state than the operation needs.
    #[error("cannot {operation} container {id:?}: {reason}")]
    State {
        /// What was asked for.
        operation: &'static str,
        /// The container.
        id: String,
        /// What it is instead, e.g. `container not running`.
        reason: String,
    },
    /// A bundle or a request that breaks the specification.
    #[error("invalid configuration: {0}")]
    Configuration(String),
    /// The operation does not exist here.
    #[error("{0}")]
    Unsupported(&'static str),
    /// A file of the host.
    #[error("cannot {what} {:?}: {}", .path.display().to_string(), Words(.source))]
    File {
        /// What was tried, e.g. `read`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A file that is not the JSON it should be.
    #[error("cannot decode {:?}: {source}", .path.display().to_string())]
    Json {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// A system call on processes or sockets.
    #[error("cannot {what}: {}", Words(.source))]
    System {
        /// What was tried.
        what: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A step of setting the container up, or of starting its process.
    #[error(transparent)]
    Step(#[from] Failure),
    /// A hook failed.
    #[error("error running hook: error running {point} hook #{number}: {cause}")]
    Hook {
        /// Its place in the life cycle, e.g. `createRuntime`.
        point: &'static str,
        /// Its number there, from 0.
        number: usize,
        /// What it said, and how it ended.
        cause: String,
    },
    /// A control group.
    #[error(transparent)]
    Group(#[from] crate::runtime::cgroup::GroupError),
}

impl OciError {
    /// A failed system call.
    pub(super) fn system(what: impl Into<String>, source: impl Into<std::io::Error>) -> Self {
        OciError::System { what: what.into(), source: source.into() }
    }

    /// A failed operation on a file.
    pub(super) fn file(what: &'static str, path: impl Into<PathBuf>, source: impl Into<std::io::Error>) -> Self {
        OciError::File { what, path: path.into(), source: source.into() }
    }
}
