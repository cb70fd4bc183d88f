//! `unshare`: a command as root of the user namespace that containers have, to look at and change files that belong to
//! their ids.
//!
//! This process itself enters a new user and mount namespace with all of the user's subordinate ids mapped, and is then
//! replaced by the command; so signals, terminal and exit code need no care. For the real root there is nothing to map:
//! the command gets a mount namespace only.
//!
//! Follows podman-unshare(1), the variables it sets included.

use crate::runtime::id_map::{self, HostIds};
use crate::store::paths::Paths;
use crate::sys::errno::Words;
use crate::sys::user_namespace;
use nix::mount::MsFlags;
use nix::sched::CloneFlags;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Why the command was not run.
#[derive(Debug, thiserror::Error)]
pub enum UnshareError {
    /// The kernel refused the namespaces.
    #[error("cannot create a user namespace: {}", Words(.source))]
    Namespace {
        /// The kernel's reason.
        #[source]
        source: io::Error,
    },
    /// The namespaces were made, but no ids could be mapped.
    #[error("cannot map ids in the user namespace: {reason}")]
    Maps {
        /// What newuidmap, newgidmap or the kernel said.
        reason: String,
    },
    /// There is no such command.
    #[error("executable file {command:?} not found{}: no such file or directory", if .command.contains('/') { "" } else { " in $PATH" })]
    NotFound {
        /// As typed.
        command: String,
    },
    /// The command cannot be executed.
    #[error("cannot execute {command:?}: {}", Words(.source))]
    NotExecutable {
        /// As typed.
        command: String,
        /// The kernel's reason.
        #[source]
        source: io::Error,
    },
}

impl UnshareError {
    /// 127 for a command that is not there, 126 for one that cannot be executed, else 125.
    pub fn exit_code(&self) -> u8 {
        match self {
            UnshareError::NotFound { .. } => 127,
            UnshareError::NotExecutable { .. } => 126,
            UnshareError::Namespace { .. } | UnshareError::Maps { .. } => 125,
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            UnshareError::Namespace { .. } | UnshareError::Maps { .. } => Some("coracle doctor says what is missing"),
            _ => None,
        }
    }
}

/// Replaces this process by `command` (the user's shell when empty) in the namespaces; returns only when that fails.
///
/// Must be called while the process has one thread. Forks a helper for the id maps.
pub fn run(paths: &Paths, command: &[String]) -> UnshareError {
    let ids = HostIds::detect();
    let (uid, gid) = (ids.uid, ids.gid);
    if let Err(error) = enter(&ids) {
        return error;
    }
    let shell = std::env::var("SHELL").ok().filter(|shell| !shell.is_empty()).unwrap_or_else(|| "/bin/sh".into());
    let (program, arguments) = match command.split_first() {
        Some((program, arguments)) => (program.clone(), arguments),
        None => (shell, [].as_slice()),
    };
    let source = Command::new(&program)
        .args(arguments)
        .env("_CONTAINERS_USERNS_CONFIGURED", "done")
        .env("_CONTAINERS_ROOTLESS_UID", uid.to_string())
        .env("_CONTAINERS_ROOTLESS_GID", gid.to_string())
        .env("CONTAINERS_GRAPHROOT", &paths.root)
        .env("CONTAINERS_RUNROOT", &paths.run_root)
        .env("CORACLE_ROOT", &paths.root)
        .exec();
    // execvp(3) says "permission denied" when a directory of $PATH could not be searched, whatever the others had.
    match source.kind() {
        io::ErrorKind::NotFound => UnshareError::NotFound { command: program },
        _ if !is_anywhere(&program) => UnshareError::NotFound { command: program },
        _ => UnshareError::NotExecutable { command: program, source },
    }
}

/// Whether a file of this name is in a directory of `$PATH`; a path counts as it is.
fn is_anywhere(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    program.contains('/') || std::env::split_paths(&path).any(|directory| directory.join(program).exists())
}

fn enter(ids: &HostIds) -> Result<(), UnshareError> {
    if ids.privileged {
        return own_mounts().map_err(|errno| UnshareError::Namespace { source: errno.into() });
    }
    let write_maps = |pid: u32| {
        let tried = id_map::write(pid, &ids.intermediate, ids);
        // The user's own id alone is better than nothing: the store's files belong to it.
        let tried = tried.or_else(|error| {
            let alone = ids.degraded(&error);
            id_map::write(pid, &alone.intermediate, &alone).map_err(|_| error)
        });
        tried.map_err(|error| error.to_string())
    };
    user_namespace::enter(libc::CLONE_NEWNS, write_maps)
        .map_err(|errno| UnshareError::Namespace { source: errno.into() })?
        .map_err(|reason| UnshareError::Maps { reason })
}

/// For the real root: a mount namespace whose mounts do not reach the host's.
fn own_mounts() -> nix::Result<()> {
    nix::sched::unshare(CloneFlags::CLONE_NEWNS)?;
    let nothing = None::<&str>;
    nix::mount::mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_SLAVE, nothing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_those_of_run() {
        let source = || io::Error::from_raw_os_error(libc::EACCES);
        let missing = UnshareError::NotFound { command: "x".into() };
        assert_eq!((missing.exit_code(), missing.hint()), (127, None));
        let directory = UnshareError::NotExecutable { command: "/".into(), source: source() };
        assert_eq!(
            (directory.exit_code(), directory.to_string()),
            (126, "cannot execute \"/\": permission denied".into())
        );
        let refused = UnshareError::Namespace { source: source() };
        assert_eq!(refused.exit_code(), 125);
        assert!(refused.hint().is_some());
    }
}
