//! What can go wrong with local images, in podman's words.

use crate::image::reference::InvalidReference;
use crate::store::digest::Digest;
use crate::store::error::Printable;
use crate::{image, overlay, store};
use std::path::PathBuf;

/// A failure with an image of the store. `Display` is one line, ready to follow `Error: `.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such image.
    #[error("{}: image not known", Printable(.0))]
    NotKnown(String),
    /// A name that is none.
    #[error(transparent)]
    Reference(#[from] InvalidReference),
    /// A platform that is none.
    #[error(transparent)]
    Platform(#[from] image::platform::InvalidPlatform),
    /// Tagging with a digest.
    #[error("cannot tag by digest: \"{}\"", Printable(.0))]
    TagByDigest(String),
    /// The image does not have this name.
    #[error("{}: tag not known", Printable(.0))]
    TagNotKnown(String),
    /// Containers need the image.
    #[error("image used by {}: image is in use by a container: consider listing external containers and force-removing image", containers.join(", "))]
    InUse {
        /// The image.
        image: Digest,
        /// IDs of the containers.
        containers: Vec<String>,
    },
    /// Removing by ID what has several names.
    #[error(
        "unable to delete image \"{}\" by ID with more than one tag ([{}]): please force removal",
        image.hex(), names.join(" ")
    )]
    SeveralNames {
        /// The image.
        image: Digest,
        /// Its names.
        names: Vec<String>,
    },
    /// The image is in a store that is only read.
    #[error("cannot remove read-only image \"{}\"", .0.hex())]
    ReadOnly(Digest),
    /// A filter that is none.
    #[error("invalid image filter \"{}\": must be in the format \"filter=value or filter!=value\"", Printable(.0))]
    Filter(String),
    /// A filter with an unusable value.
    #[error("invalid value \"{}\" for image filter \"{}\"", Printable(value), Printable(name))]
    FilterValue {
        /// The filter.
        name: String,
        /// As typed.
        value: String,
    },
    /// A layer of the image is missing from every store.
    #[error("layer \"{0}\" of the image is missing from the store")]
    MissingLayer(Digest),
    /// A damaged image without a name cannot be fetched again.
    #[error("image {} has no name, so it is not known where to fetch it from", .0.hex())]
    NoSource(Digest),
    /// A layer's files cannot be opened.
    #[error("cannot open \"{}\": {}", Printable(&path.to_string_lossy()), crate::sys::errno::Words(source))]
    Open {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write \"{}\": {}", Printable(&path.to_string_lossy()), crate::sys::errno::Words(source))]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// An archive cannot be read or written.
    #[error("cannot {operation} archive: {}", crate::sys::errno::Words(source))]
    Archive {
        /// `read` or `write`.
        operation: &'static str,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// An archive cannot be loaded.
    #[error("{0}")]
    Load(LoadProblem),
    /// The config of the image is missing from every store.
    #[error("config of image {} is missing from the store", .0.hex())]
    MissingConfig(Digest),
    /// The layers cannot be merged.
    #[error(transparent)]
    Merge(#[from] overlay::Error),
    /// `login`.
    #[error("logging into \"{}\": {reason}", Printable(registry))]
    Login {
        /// The registry.
        registry: String,
        /// In podman's words.
        reason: String,
    },
    /// `logout`, `login --get-login`.
    #[error("not logged into {}", Printable(.0))]
    NotLoggedIn(String),
    /// `--compression-format`.
    #[error("unknown compression format \"{}\": choose gzip or zstd", Printable(.0))]
    Compression(String),
    /// `--format` of `push`.
    #[error("unknown format \"{}\". Choose one of the supported formats: 'oci', 'v2s1', or 'v2s2'", Printable(.0))]
    ManifestFormat(String),
    /// The registry or what it sent.
    #[error(transparent)]
    Pull(#[from] image::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] store::error::Error),
}

/// What is wrong with an archive of images.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadProblem {
    /// It is none of the known layouts.
    #[error(
        "payload does not match any of the supported image formats: docker-archive, oci-archive, oci-dir, docker-dir"
    )]
    Format,
    /// A file it refers to is not in it.
    #[error("file \"{}\" not found in archive", Printable(.0))]
    Missing(String),
    /// A description is larger than any is.
    #[error("file \"{}\" in archive is too large", Printable(.0))]
    TooLarge(String),
    /// A layer is another than the config says.
    #[error("layer diff ID mismatch: expected {expected}, got {actual}")]
    DiffId {
        /// By the config.
        expected: Digest,
        /// In the archive.
        actual: Digest,
    },
    /// None of its images is for this machine.
    #[error("no image in archive for this platform")]
    Platform,
}

impl Error {
    /// Whether what was named does not exist (HTTP 404, `rmi` exit code 1).
    pub fn is_not_found(&self) -> bool {
        match self {
            Error::NotKnown(_) | Error::TagNotKnown(_) => true,
            Error::Pull(error) => error.is_not_found(),
            _ => false,
        }
    }

    /// Whether the state of something forbids it (HTTP 409, `rmi` exit code 2).
    pub fn is_conflict(&self) -> bool {
        matches!(self, Error::InUse { .. } | Error::SeveralNames { .. } | Error::ReadOnly(_))
    }

    /// Whether the request itself makes no sense (HTTP 400).
    pub fn is_bad_input(&self) -> bool {
        matches!(
            self,
            Error::Reference(_)
                | Error::Platform(_)
                | Error::TagByDigest(_)
                | Error::Filter(_)
                | Error::FilterValue { .. }
                | Error::Pull(image::Error::Reference(_) | image::Error::TagWithAllTags)
                | Error::Store(store::error::Error::AmbiguousImage { .. })
        )
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::Pull(error) => error.hint(),
            Error::Store(error) => error.hint(),
            Error::NoSource(id) => Some(format!("remove it with: coracle rmi {}", &id.hex()[..12])),
            Error::MissingLayer(_) | Error::Open { .. } => {
                Some("fetch what is missing with: coracle system check --repair".into())
            }
            Error::Reference(InvalidReference::UpperCase(name)) => {
                Some(format!("did you mean \"{}\"?", Printable(&name.to_lowercase())))
            }
            _ => None,
        }
    }
}
