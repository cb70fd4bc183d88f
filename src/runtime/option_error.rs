//! Values of command line options that cannot be used, in podman's words.

use std::io;

/// A value that a module of [`crate::runtime`] refuses.
#[derive(Debug, thiserror::Error)]
pub enum OptionError {
    /// `--cap-add` or `--cap-drop` with a name that is no capability.
    #[error("{0:?}: unknown capability")]
    UnknownCapability(String),
    /// The same capability in `--cap-add` and `--cap-drop`.
    #[error("capability {0:?} cannot be dropped and added")]
    AddedAndDropped(String),
    /// `--cap-add ALL --cap-drop ALL`.
    #[error("adding all caps and removing all caps not allowed")]
    AllAddedAndDropped,
    /// The kernel refused a change of capabilities.
    #[error("cannot set the {0} capabilities")]
    ApplyCapabilities(
        /// Which set.
        &'static str,
        /// Why.
        #[source]
        io::Error,
    ),
}
