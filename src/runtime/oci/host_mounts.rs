//! The root of a container that has no mount namespace of its own.
//!
//! "If a namespace type is not specified in the namespaces array, the container MUST inherit the runtime namespace of that
//! type" (specification, config-linux.md "Namespaces"). Its mounts are then the runtime's own, for everybody there to
//! see. So they all lie below one: the root file system mounted onto itself, private, so that nothing of it shows anywhere
//! else, and known by its number, so that taking that one away at the end takes all away and never another's. The
//! process enters it by chroot(2), which is no wall for who has `CAP_SYS_CHROOT`.
//!
//! Only who may mount in the runtime's namespace can do this: not an ordinary user, and not a container with a user
//! namespace. Those get a mount namespace, and are told.

use super::error::OciError;
use crate::runtime::failure::{Failure, Step};
use crate::runtime::init::{attach, open_handle};
use crate::sys::mount::set_propagation;
use rustix::fs::CWD;
use rustix::mount::{MountPropagationFlags, OpenTreeFlags, UnmountFlags, open_tree, unmount};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

/// Whether this process may mount where it is.
pub(super) fn are_ours() -> bool {
    open_tree(CWD, "/", OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC).is_ok()
}

/// Mounts the root file system onto itself; returns the mount's number.
pub(super) fn bind(root: &Path) -> Result<u64, OciError> {
    let failed = |error: rustix::io::Errno| OciError::file("mount root file system", root, error);
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    let tree = open_tree(CWD, root, flags).map_err(failed)?;
    set_propagation(&tree, MountPropagationFlags::PRIVATE, true).map_err(failed)?;
    let number = number(&tree).ok_or_else(|| failed(rustix::io::Errno::NOENT))?;
    attach(&tree, open_handle(root)?).map_err(failed)?;
    Ok(number)
}

/// The mount's root, if it is still there.
pub(super) fn open(root: &Path, mount: u64) -> Step<OwnedFd> {
    let handle = open_handle(root)?;
    match number(&handle) == Some(mount) {
        true => Ok(handle),
        false => Err(Failure::message(format!("the container's root file system {:?} is not mounted", root.display()))),
    }
}

/// Takes the mount away with all below it. What is not ours stays.
pub(super) fn unbind(root: &Path, mount: u64) {
    if let Ok(handle) = open(root, mount) {
        // Who still works in there keeps what is open, and nobody else finds it.
        let _ = unmount(format!("/proc/self/fd/{}", handle.as_raw_fd()), UnmountFlags::DETACH);
    }
}

/// The number of the mount that a handle is in (proc(5), "fdinfo").
fn number(handle: &OwnedFd) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", handle.as_raw_fd())).ok()?;
    text.lines().find_map(|line| line.strip_prefix("mnt_id:")?.trim().parse().ok())
}
