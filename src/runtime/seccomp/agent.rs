//! Who answers the system calls that a profile has notified (`SCMP_ACT_NOTIFY`).
//!
//! The kernel gives the installer of such a filter a descriptor on which the calls arrive (seccomp_unotify(2)). It goes to the socket
//! that the profile names, with the container process state of the runtime specification (config-linux.md, "Seccomp"); from then
//! on the container's calls wait for the agent, and fail with `ENOSYS` when it has gone.

use super::{Profile, SeccompError};
use crate::runtime::failure::{Failure, Step};
use crate::runtime::plan::{RuntimePlan, SeccompPlan};
use crate::sys::message;
use rustix::io::Errno;
use rustix::net::SocketType;
use serde::Serialize;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// What the agent is told beside the descriptor.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a, State> {
    /// Version of the specification.
    pub version: &'a str,
    /// The process whose calls these are, as seen from the host.
    pub pid: i32,
    /// The profile's own words to the agent.
    pub metadata: &'a str,
    /// The container's state.
    pub state: &'a State,
}

/// Why the agent did not get the descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unpassed {
    /// Nobody listens at the path.
    Connect(Errno),
    /// It was gone again.
    Send(Errno),
}

/// Passes `listener` to the agent at `path`. Blocks while that does not accept.
///
/// # Errors
/// [`Unpassed`].
pub fn pass(path: &Path, told: &Told<'_, impl Serialize>, listener: &OwnedFd) -> Result<(), Unpassed> {
    let told = serde_json::json!({
        "ociVersion": told.version,
        "fds": ["seccompFd"],
        "pid": told.pid,
        "metadata": told.metadata,
        "state": told.state,
    });
    let socket = message::connect_to(path, SocketType::STREAM).map_err(Unpassed::Connect)?;
    message::send(&socket, told.to_string().as_bytes(), &[listener.as_fd()]).map_err(Unpassed::Send)
}

/// Passes the listener of a process of coracle's own container `id` to the agent that the container's profile names.
///
/// # Errors
/// An agent that cannot be reached.
pub fn ask(plan: &RuntimePlan, id: &str, pid: i32, status: &str, listener: &OwnedFd) -> Step<()> {
    let failed = |error: SeccompError| Failure::message(error.to_string());
    let SeccompPlan::Profile(text) = &plan.seccomp else { return Ok(()) };
    let profile = Profile::parse(text.as_bytes()).map_err(failed)?;
    let Some(path) = profile.agent().map_err(failed)? else { return Ok(()) };
    let version = plan.spec.version();
    let state = serde_json::json!({
        "ociVersion": version, "id": id, "status": status, "pid": pid, "bundle": plan.directory,
    });
    let metadata = profile.options().map_err(failed)?.listener_metadata.unwrap_or_default();
    pass(path, &Told { version, pid, metadata: &metadata, state: &state }, listener).map_err(|unpassed| {
        let (Unpassed::Connect(error) | Unpassed::Send(error)) = unpassed;
        Failure::setup(format_args!("ask the seccomp agent at \"{}\"", path.display()), error)
    })
}
