//! Values of command line options that cannot be used, in podman's words.

use crate::sys::errno::Words;
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
    #[error("cannot set the {set} capabilities: {}", Words(.source))]
    ApplyCapabilities {
        /// `bounding`, `ambient` or `process`.
        set: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// `--security-opt` without a value.
    #[error("invalid --security-opt 1: {0:?}")]
    SecurityWithoutValue(String),
    /// `--security-opt` with an unknown name or a value that does not fit.
    #[error("invalid --security-opt 2: {0:?}")]
    UnknownSecurity(String),
    /// `--security-opt systempaths=` with anything but `unconfined`.
    #[error("invalid systempaths option {0:?}, only `unconfined` is supported")]
    SystemPaths(String),
    /// A path of `mask=` that is not absolute.
    #[error("path {0:?} is not an absolute path")]
    RelativeMask(String),
    /// `--ulimit` that is not `name=SOFT[:HARD]`.
    #[error("ulimit option {text:?} requires name=SOFT:HARD, failed to be parsed: {cause}")]
    Ulimit {
        /// As typed.
        text: String,
        /// What is wrong, in podman's words.
        cause: String,
    },
    /// `--ulimit host` beside others.
    #[error("ulimit can use host only once")]
    UlimitHost,
    /// The kernel refused a limit.
    #[error("cannot set ulimit {name:?}: {}", Words(.source))]
    ApplyUlimit {
        /// E.g. `nofile`.
        name: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A part of `--device` that is neither a path in the container nor a mode.
    #[error("invalid device mode: {}", .0.escape_debug())]
    DeviceMode(String),
    /// `--device` with too many parts.
    #[error("invalid device specification: {}", .0.escape_debug())]
    DeviceSpecification(String),
    /// The host path of `--device`.
    #[error("stat {}: {}", .path.escape_debug(), Words(.source))]
    DeviceStat {
        /// As typed.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The host path of `--device` is no device.
    #[error("{} is not a valid device: not a device node", .0.escape_debug())]
    NotADevice(String),
    /// The host directory of `--device` has none.
    #[error("no devices found in {}", .0.escape_debug())]
    NoDevices(String),
    /// `--sysctl` without `=`.
    #[error("{} is invalid, sysctl values must be in the form of KEY=VALUE", .0.escape_debug())]
    SysctlForm(String),
    /// `--sysctl` with blanks.
    #[error("'{}' is invalid, extra spaces found", .0.escape_debug())]
    SysctlSpaces(String),
    /// A name that belongs to no namespace of the container.
    #[error("sysctl '{}' is not allowed", .0.escape_debug())]
    SysctlNotAllowed(String),
    /// A name of a namespace that the container shares with the host.
    #[error("sysctl {}={} can't be set since {namespace} Namespace set to host", .name.escape_debug(), .value.escape_debug())]
    SysctlHostNamespace {
        /// As typed.
        name: String,
        /// As typed.
        value: String,
        /// `Network`, `IPC` or `UTS`.
        namespace: &'static str,
    },
    /// The kernel refused a value.
    #[error("cannot set sysctl {name:?}: {}", Words(.source))]
    SysctlWrite {
        /// As typed.
        name: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// `--security-opt landlock=` with something that is no place.
    #[error("invalid landlock rule {0:?}: it is an absolute path, with :ro or :rw")]
    Landlock(String),
    /// `--security-opt apparmor=` on a host without.
    #[error("apparmor profile {0:?} specified, but Apparmor is not enabled on this system")]
    NoApparmor(String),
    /// `--security-opt label=` with something that is no label.
    #[error(
        "bad label option {0:?}, valid options 'disable, nested' or 'user, role, type, level, filetype' followed by ':' and a value"
    )]
    Label(String),
    /// A word that names no signal.
    #[error("invalid signal: {}", .0.escape_debug())]
    Signal(String),
    /// A number that is no signal.
    #[error("valid signals are 1 through 64")]
    SignalNumber,
}
