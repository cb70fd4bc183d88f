//! What can be wrong with an option's value; the words are podman's where it has them.

use std::path::PathBuf;

/// An option's value that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OptionError {
    /// Something about a health check.
    #[error("{0}")]
    Health(String),
    #[error("the --rm option conflicts with --restart, when the restartPolicy is not \"\" and \"no\"")]
    RestartAndRemove,
    #[error("{0}")]
    RestartPolicy(String),
    #[error("cannot replace container without --name being set")]
    ReplaceWithoutName,
    /// See [`crate::cli::compatibility`].
    #[error("cannot use --{option}: {reason}")]
    Refused { option: &'static str, reason: &'static str },
    /// A value coracle knows about but does not support.
    #[error("cannot use --{option} {value:?}: {reason}")]
    RefusedValue { option: &'static str, value: String, reason: &'static str },
    #[error("device cgroup rules are not supported in rootless mode or in a user namespace")]
    DeviceRule,
    #[error("credential file is not accessible: faccessat {}: {}", .path.display(), crate::cli::failure::describe(.source))]
    AuthFile { path: PathBuf, source: std::io::Error },
    #[error("the --rmi option does not work without --rm")]
    RemoveImageAlone,
    #[error("{0} cannot be set together")]
    Together(&'static str),
    #[error("--{0} option can not be specified with --arch or --os")]
    PlatformTwice(&'static str),
    #[error("--userns and --uidmap/--gidmap/--subuidname/--subgidname are mutually exclusive")]
    UserNamespaceTwice,
    #[error("unsupported pull policy {0:?}")]
    PullPolicy(String),
    #[error("running container create option: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument")]
    ContainerName,
    #[error("running volume create option: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument")]
    VolumeName,
    #[error("invalid environment variable: {0:?}")]
    Environment(String),
    #[error("parsing file {:?}: open {}: {}", .path, .path.display(), crate::cli::failure::describe(.source))]
    EnvironmentFile { path: PathBuf, source: std::io::Error },
    #[error("unable to process labels: open {}: {}", .path.display(), crate::cli::failure::describe(.source))]
    LabelFile { path: PathBuf, source: std::io::Error },
    #[error("unable to process labels: invalid label format: {0:?}")]
    Label(String),
    #[error("annotations must be formatted KEY=VALUE")]
    Annotation,
    #[error(
        "running container create option: invalid sdnotify value {0:?}: must be container, conmon, healthy or ignore"
    )]
    Notify(String),
    #[error("invalid log option {0:?}")]
    LogOption(String),
    #[error("running container create option: invalid log driver: invalid argument")]
    LogDriver,
    #[error("unknown storage option {0:?}: must be size=SIZE")]
    StorageOption(String),
    #[error("unable to translate --storage-opt size: {0}")]
    StorageSize(String),
    #[error("{0} is invalid, sysctl values must be in the form of KEY=VALUE")]
    Sysctl(String),
    #[error("ulimit option {option:?} requires name=SOFT:HARD, failed to be parsed: {reason}")]
    Ulimit { option: String, reason: String },
    #[error("{0}")]
    Limit(String),
    #[error("unable to translate --shm-size: {0}")]
    ShmSize(String),
    #[error("running container create option: invalid umask string {0}: invalid argument")]
    Umask(String),
    #[error("invalid image volume mode {0:?} required value: bind, tmpfs, ignore")]
    ImageVolume(String),
    #[error("invalid stream {0:?} for --attach - must be one of stdin, stdout, or stderr: invalid argument")]
    AttachStream(String),
    #[error("conflicting options: cannot specify both --attach and --detach")]
    AttachAndDetach,
    #[error("unrecognized namespace mode {0} passed")]
    NamespaceMode(String),
    #[error("unknown option specified: {0:?}")]
    UserNamespaceOption(String),
    #[error("bad format for add-host: {0:?}")]
    AddHost(String),
    #[error("invalid IP address in add-host: {0:?}")]
    AddHostAddress(String),
    #[error("{0} is not an ip address")]
    Dns(String),
    #[error("{0:?} is not an ip address")]
    StaticAddress(String),
    #[error("address {0}: invalid MAC address")]
    HardwareAddress(String),
    #[error("{0} is an invalid OOM score: it must be between -1000 and 1000")]
    OomScore(i64),
    #[error("invalid range format for --expose: {0}")]
    Expose(String),
    #[error("invalid port format - format is [[hostIP:]hostPort:]containerPort")]
    PortFormat,
    #[error("parsing {side} port: invalid port number: {reason}")]
    PortNumber { side: &'static str, reason: String },
    #[error("{side} ports {text:?} must be a range of rising ports from 1 to 65535")]
    PortRange { side: &'static str, text: String },
    #[error("container and host port ranges have different lengths: {host} vs {container}")]
    PortRangeLength { host: u32, container: u32 },
    #[error("cannot parse {0:?} as an IP address")]
    PortAddress(String),
    #[error("unrecognized protocol {0:?} in port mapping")]
    PortProtocol(String),
    #[error(transparent)]
    Mount(#[from] super::mounts::MountError),
    #[error("reading pod ID file: open {}: {}", .path.display(), crate::cli::failure::describe(.source))]
    PodIdFile { path: PathBuf, source: std::io::Error },
    /// The line as podman has it.
    #[error("{0}")]
    Pod(String),
    #[error("{0}: parsing secret")]
    Secret(String),
    #[error("invalid signal: {0}")]
    Signal(String),
    #[error("valid signals are 1 through 64")]
    SignalNumber,
}
