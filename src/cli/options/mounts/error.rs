//! What can be wrong with a mount; the words are podman's.

/// A mount that cannot be understood.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MountError {
    #[error("{0}: incorrect volume format, should be [host-dir:]ctr-dir[:option]")]
    VolumeFormat(String),
    #[error(
        "incorrect mount format: should be --mount type=<bind|tmpfs|volume>,[src=<host-dir|volume-name>,]target=<ctr-dir>\
         [,options]"
    )]
    MountFormat,
    #[error("host directory cannot be empty")]
    EmptySource,
    #[error("container directory cannot be empty")]
    EmptyDestination,
    #[error("must set volume destination")]
    MissingDestination,
    #[error("must set source volume")]
    MissingSource,
    #[error("no file paths matching glob {0:?}")]
    NoPath(String),
    #[error("too many file paths matching glob {0:?}")]
    TooManyPaths(String),
    #[error("invalid container path {0:?}, must be an absolute path")]
    RelativeDestination(String),
    #[error("{0}: duplicate mount destination")]
    DuplicateDestination(String),
    #[error("invalid option type {0:?}")]
    UnknownVolumeOption(String),
    #[error("unknown mount option {0:?}: invalid mount option")]
    UnknownTmpfsOption(String),
    #[error("{0}: invalid mount option")]
    UnknownMountOption(String),
    #[error("invalid options {options:?}, can only specify 1 {choice} option")]
    Contradiction { options: String, choice: &'static str },
    #[error("invalid filesystem type {0:?}")]
    Kind(String),
    #[error("{0} is not available in this release")]
    KindNotAvailable(String),
    #[error("source is not supported with {0} mounts")]
    SourceNotSupported(&'static str),
    #[error("{0}: must provide an argument for option")]
    MissingArgument(String),
    #[error(
        "'readonly', 'ro', or 'rw' must be set to true or false, instead received {0:?}: must provide an argument for option"
    )]
    ReadOnlyArgument(String),
    #[error("'U' or 'chown' must be set to true or false, instead received {0:?}: must provide an argument for option")]
    ChownArgument(String),
    #[error("relabel mount option must be 'private' or 'shared': invalid mount option")]
    Relabel,
    #[error("{0:?} option must be a size in bytes: invalid mount option")]
    Size(String),
    #[error("{0:?} is not a valid mode: invalid mount option")]
    Mode(String),
    #[error(
        "creating named volume {0:?}: running volume create option: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: \
         invalid argument"
    )]
    VolumeName(String),
}
