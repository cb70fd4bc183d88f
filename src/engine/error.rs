//! What can go wrong, as far as a caller acts differently: exit code, HTTP status, advice.

use crate::runtime::failure::{Failure, FailureKind};
use crate::store::containers;
use std::path::PathBuf;

/// The kind of an error: what front ends decide on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What was named does not exist.
    NotFound,
    /// It exists already, or is in use, or in the wrong state.
    Conflict,
    /// The request itself makes no sense.
    BadInput,
    /// The command exists but cannot be invoked (exit code 126).
    CannotInvoke,
    /// The command does not exist (exit code 127).
    CommandNotFound,
    /// Everything else.
    Failed,
}

/// An error of the engine. `Display` is the line after `Error: `.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request cannot be carried out as it is.
    #[error("{0}")]
    BadRequest(String),
    /// A thing of this kind and name does not exist.
    #[error("no such {kind} \"{name}\"")]
    NotFound {
        /// `container`, `volume`, ...
        kind: &'static str,
        /// As typed.
        name: String,
    },
    /// The state of something forbids it.
    #[error("{0}")]
    Conflict(String),
    /// About a container's files.
    #[error(transparent)]
    Containers(#[from] containers::Error),
    /// About an image.
    #[error(transparent)]
    Images(#[from] super::images::Error),
    /// A pull in a child process failed.
    #[error("{message}")]
    Pull {
        /// The line.
        message: String,
        /// Advice.
        hint: Option<String>,
    },
    /// About a volume's files.
    #[error(transparent)]
    Volumes(#[from] crate::store::volumes::Error),
    /// About a pod's files.
    #[error(transparent)]
    Pods(#[from] crate::store::pods::Error),
    /// About a secret's files.
    #[error(transparent)]
    Secrets(#[from] crate::store::secrets::Error),
    /// About a network's files or addresses.
    #[error(transparent)]
    Networks(#[from] crate::store::networks::Error),
    /// The container could not be set up or its command not be started.
    #[error(transparent)]
    Start(#[from] Failure),
    /// A host file named in the request.
    #[error("{operation} \"{}\": {}", path.display(), crate::runtime::failure::in_words(source))]
    File {
        /// What was being done.
        operation: &'static str,
        /// To which file.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl Error {
    /// What kind of error this is.
    pub fn kind(&self) -> Kind {
        match self {
            Error::BadRequest(_) => Kind::BadInput,
            Error::NotFound { .. } | Error::Containers(containers::Error::NoSuchContainer { .. }) => Kind::NotFound,
            Error::Conflict(_) | Error::Containers(containers::Error::NameInUse { .. }) => Kind::Conflict,
            Error::Containers(containers::Error::Ambiguous { .. }) => Kind::BadInput,
            Error::Volumes(error) if error.is_not_found() => Kind::NotFound,
            Error::Pods(error) if error.is_not_found() => Kind::NotFound,
            Error::Pods(crate::store::pods::Error::File(_)) => Kind::Failed,
            Error::Pods(_) => Kind::Conflict,
            Error::Secrets(error) if error.is_not_found() => Kind::NotFound,
            Error::Secrets(crate::store::secrets::Error::File(_)) => Kind::Failed,
            Error::Secrets(crate::store::secrets::Error::Exists { .. }) => Kind::Conflict,
            Error::Secrets(_) => Kind::BadInput,
            Error::Networks(error) if error.is_not_found() => Kind::NotFound,
            Error::Networks(error) if error.is_conflict() => Kind::Conflict,
            Error::Networks(crate::store::networks::Error::File(_)) => Kind::Failed,
            Error::Networks(_) => Kind::BadInput,
            Error::Start(failure) => match failure.kind {
                FailureKind::Setup | FailureKind::RootFileSystem | FailureKind::Network => Kind::Failed,
                FailureKind::CannotInvoke => Kind::CannotInvoke,
                FailureKind::CommandNotFound => Kind::CommandNotFound,
            },
            Error::Images(error) if error.is_not_found() => Kind::NotFound,
            Error::Images(error) if error.is_bad_input() => Kind::BadInput,
            Error::Images(_) | Error::Pull { .. } => Kind::Failed,
            Error::Containers(_) | Error::Volumes(_) | Error::File { .. } => Kind::Failed,
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::Start(failure) => failure.hint.clone(),
            Error::Images(error) => error.hint(),
            Error::Pull { hint, .. } => hint.clone(),
            _ => None,
        }
    }
}
