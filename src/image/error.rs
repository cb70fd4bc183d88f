//! What can go wrong with an image, in podman's words where it has some.

use super::layer::LayerProblem;
use super::manifest::ManifestError;
use super::platform::Platform;
use super::reference::InvalidReference;
use super::registry;
use crate::store;
use crate::store::digest::Digest;
use crate::store::error::Printable;

/// A failure with an image. `Display` is one line, ready to follow `Error: `.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name is none.
    #[error(transparent)]
    Reference(#[from] InvalidReference),
    /// `--all-tags` with a tag or digest.
    #[error("tag can't be used with --all-tags/-a")]
    TagWithAllTags,
    /// Before the first request: configuration, credentials, certificates.
    #[error("{0}")]
    Setup(Box<registry::error::Error>),
    /// A file that is no registry's cannot be fetched.
    #[error("{0}")]
    Download(Box<registry::error::Error>),
    /// The registry cannot be talked to.
    #[error("initializing source docker://{reference}: pinging container registry {host}: {source}")]
    Ping {
        /// In full.
        reference: String,
        /// With its port.
        host: String,
        /// Why.
        #[source]
        source: Box<registry::error::Error>,
    },
    /// The registry does not give out the manifest.
    #[error("initializing source docker://{reference}: reading manifest {wanted} in {name}: {source}")]
    ReadManifest {
        /// In full.
        reference: String,
        /// Tag or digest asked for.
        wanted: String,
        /// Host and repository.
        name: String,
        /// Why.
        #[source]
        source: Box<registry::error::Error>,
    },
    /// The manifest, index or config is unusable.
    #[error("parsing manifest of docker://{reference}: {source}")]
    Manifest {
        /// In full.
        reference: String,
        /// Why.
        #[source]
        source: ManifestError,
    },
    /// No image for the platform.
    #[error(
        "choosing an image from manifest list docker://{reference}: no image found in image index for architecture \"{}\", \
         variant \"{}\", OS \"{}\"",
        platform.architecture, platform.variant, platform.os
    )]
    NoPlatform {
        /// In full.
        reference: String,
        /// Asked for.
        platform: Platform,
    },
    /// The config cannot be fetched.
    #[error("reading config of docker://{reference}: reading blob {digest}: {source}")]
    ReadConfig {
        /// In full.
        reference: String,
        /// Of the config.
        digest: Digest,
        /// Why.
        #[source]
        source: Box<registry::error::Error>,
    },
    /// A layer cannot be fetched, or is not what it should be.
    #[error("reading blob {digest}: {source}")]
    Layer {
        /// Of the blob at the registry.
        digest: Digest,
        /// Why.
        #[source]
        source: Box<LayerProblem>,
    },
    /// The tags of a repository cannot be listed.
    #[error("listing tags of docker://{name}: {source}")]
    ListTags {
        /// Host and repository.
        name: String,
        /// Why.
        #[source]
        source: Box<registry::error::Error>,
    },
    /// The registry to push to cannot be talked to.
    #[error("trying to reuse blob at destination docker://{reference}: pinging container registry {host}: {source}")]
    PingDestination {
        /// In full.
        reference: String,
        /// With its port.
        host: String,
        /// Why.
        #[source]
        source: Box<registry::error::Error>,
    },
    /// The registry does not say whether it has a blob.
    #[error(
        "trying to reuse blob {digest} at destination: checking whether a blob {digest} exists in {name}: {source}"
    )]
    ReuseBlob {
        /// Of the blob.
        digest: Digest,
        /// Host and repository.
        name: String,
        /// Why.
        #[source]
        source: Box<registry::error::Error>,
    },
    /// The registry does not take a blob.
    #[error("writing blob: uploading blob {digest} to {name}: {source}")]
    WriteBlob {
        /// Of the blob.
        digest: Digest,
        /// Host and repository.
        name: String,
        /// Why.
        #[source]
        source: Box<registry::error::Error>,
    },
    /// The registry does not take the manifest.
    #[error("writing manifest: uploading manifest {wanted} to {name}: {source}")]
    WriteManifest {
        /// Tag or digest.
        wanted: String,
        /// Host and repository.
        name: String,
        /// Why.
        #[source]
        source: Box<registry::error::Error>,
    },
    /// A part of the image is missing from the store.
    #[error("blob {0} of the image is missing from the store")]
    MissingBlob(Digest),
    /// A layer in the store is not what it should be.
    #[error("layer in the store is damaged: digest mismatch: expected {expected}, got {actual}")]
    DamagedLayer {
        /// Its diff ID.
        expected: Digest,
        /// Of its bytes.
        actual: Digest,
    },
    /// Every registry of the search list failed.
    #[error("{} errors occurred while pulling: {}", .0.len(), joined(.0))]
    Several(Vec<Error>),
    /// The store.
    #[error(transparent)]
    Store(#[from] store::error::Error),
}

fn joined(errors: &[Error]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl Error {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::Setup(source)
            | Error::Ping { source, .. }
            | Error::ReadManifest { source, .. }
            | Error::ReadConfig { source, .. }
            | Error::PingDestination { source, .. }
            | Error::ReuseBlob { source, .. }
            | Error::WriteBlob { source, .. }
            | Error::WriteManifest { source, .. }
            | Error::ListTags { source, .. } => source.hint(),
            Error::Layer { source, .. } => source.hint(),
            Error::NoPlatform { .. } => Some("choose another platform with --platform".into()),
            Error::Several(errors) => errors.iter().find_map(Error::hint),
            Error::Store(source) => source.hint(),
            Error::Reference(InvalidReference::UpperCase(name)) => {
                Some(format!("did you mean \"{}\"?", Printable(&name.to_lowercase())))
            }
            Error::Manifest { source: ManifestError::SchemaOne, .. } => {
                Some("the image has to be pushed again with a current tool".into())
            }
            _ => None,
        }
    }

    /// Whether the image or its repository does not exist, as opposed to being out of reach.
    pub fn is_not_found(&self) -> bool {
        match self {
            Error::ReadManifest { source, .. } => source.is_not_found(),
            Error::Several(errors) => errors.iter().all(Error::is_not_found),
            _ => false,
        }
    }
}
