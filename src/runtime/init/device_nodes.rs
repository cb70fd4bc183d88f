//! What every container has in `/dev` (runtime specification, "Default Devices" and "Dev symbolic links").
//!
//! Device nodes cannot be made in a user namespace, so the host's own are bind-mounted; they are opened before the ids
//! change. Nothing is done where the plan mounts the host's whole `/dev`.

use super::mounts::bind_device_at;
use crate::runtime::failure::{Failure, Step};
use crate::runtime::rooted::Rooted;
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::os::fd::OwnedFd;

/// Devices that programs rely on.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// Links, and what they lead to.
const LINKS: [(&str, &str); 6] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("core", "/proc/kcore"),
    ("ptmx", "pts/ptmx"),
];

/// The host's device nodes, opened.
#[derive(Debug, Default)]
pub struct DeviceNodes {
    nodes: Vec<(&'static str, OwnedFd)>,
}

impl DeviceNodes {
    /// Opens the host's nodes as handles; those that the host lacks are left out.
    pub fn open() -> Self {
        let open = |name: &'static str| {
            let handle = openat(CWD, format!("/dev/{name}"), OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()?;
            Some((name, handle))
        };
        DeviceNodes { nodes: DEVICES.into_iter().filter_map(open).collect() }
    }

    /// The handle of `/dev/null`.
    pub fn null(&self) -> Option<&OwnedFd> {
        self.nodes.iter().find(|(name, _)| *name == "null").map(|(_, handle)| handle)
    }

    /// Fills the container's `/dev`.
    pub fn place(&self, root: &Rooted) -> Step<()> {
        for (name, node) in &self.nodes {
            bind_device_at(root, node, format!("/dev/{name}"))
                .map_err(|error| Failure::setup(format_args!("create device \"/dev/{name}\""), error))?;
        }
        for (name, target) in LINKS {
            match root.place_link(OsStr::new(target), format!("/dev/{name}")) {
                Ok(()) | Err(Errno::ISDIR) => {}
                Err(error) => return Err(Failure::setup(format_args!("create link \"/dev/{name}\""), error)),
            }
        }
        Ok(())
    }
}
