//! The runtime interface of the OCI: `create`, `start`, `state`, `kill`, `delete` and what engines use beside them.
//!
//! Follows the runtime specification 1.2 (<https://github.com/opencontainers/runtime-spec>) and the command lines of runc and
//! crun. Here, unlike everywhere else in this program, a container has no keeper: the engine that calls (conmon, a
//! containerd shim, slurmstepd) reaps its process and owns its streams.
//!
//! ```text
//! create   takes the ID (container), makes the control group, forks init into its namespaces (spawn, stage), writes the
//!          id maps, runs the hooks of the runtime's namespaces; ends when init says that it is ready
//!  └ init  executed afresh; mounts, devices, root, hooks of the container's namespaces; listens on ROOT/ID/start
//! start    connects there; init gives up its rights and executes the process: the connection's end tells
//! exec     forks a helper that joins the namespaces, and from it the process
//! ```
//!
//! What must stay true: until `start`, no code of the container has run; hooks run with the caller's rights, as the
//! specification wants it, so a configuration is trusted as its author is; whatever fails is undone, so that the ID is
//! free again.

mod attributes;
mod bundle;
mod confine;
mod container;
mod conversation;
mod create;
mod device_nodes;
mod devices;
mod error;
mod exec;
mod features;
mod foreground;
mod groups;
mod hooks;
mod host_mounts;
mod idmap;
pub mod init;
mod operate;
mod program;
mod spawn;
mod spec;

pub use bundle::Bundle;
pub use container::{Container, Record, SPECIFICATION, StateDocument, Status, default_root};
pub use create::{CreateOptions, Created, Terminal};
pub use error::OciError;
pub use exec::{ExecOptions, ExecProcess};
pub use features::features;
pub use foreground::wait_for;
pub use groups::Manager;
pub use operate::NextEvent;
pub use spec::default_spec;

use std::path::PathBuf;

/// The runtime, as one command line sets it up.
pub struct Runtime<'a> {
    /// Where containers are kept (`--root`).
    pub root: PathBuf,
    /// Who makes control groups.
    pub manager: Manager,
    /// Told of what is not as asked although the operation goes on.
    pub warn: &'a dyn Fn(&str),
    /// Told of steps that were taken; some are in runc's words, which scripts look for.
    pub debug: &'a dyn Fn(&str),
}
