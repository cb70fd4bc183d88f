//! Processes that start in a control group.

use super::Group;
use crate::sys::process::{Fork, NewNamespaces, fork_into, fork_into_group};
use rustix::io::Errno;
use std::os::fd::AsFd as _;

/// Forks with the child in `group` from its first moment (`clone3(2)`, `CLONE_INTO_CGROUP`), which costs nothing, while moving it
/// there afterwards makes the kernel wait for all processors. `None` where that cannot be: nothing was forked.
///
/// The caller must have one thread.
pub fn fork_at_home(group: &Group, namespaces: NewNamespaces) -> Result<Option<Fork>, Errno> {
    let Ok(directory) = group.open() else { return Ok(None) };
    match fork_into_group(namespaces, directory.as_fd()) {
        Ok(fork) => Ok(Some(fork)),
        // Before Linux 5.7; below a filter of system calls; from a part of the tree that may not be left.
        Err(
            Errno::NOSYS
            | Errno::TOOBIG
            | Errno::INVAL
            | Errno::ACCESS
            | Errno::PERM
            | Errno::BUSY
            | Errno::OPNOTSUPP
            | Errno::NOENT
            | Errno::NODEV,
        ) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The same, else moves the child there. Also says whether it is in the group: one that comes from another part of the tree may not
/// get there.
///
/// The caller must have one thread.
pub fn fork_into_own(group: &Group, namespaces: NewNamespaces) -> Result<(Fork, bool), Errno> {
    if let Some(fork) = fork_at_home(group, namespaces)? {
        return Ok((fork, true));
    }
    let fork = fork_into(namespaces)?;
    let is_inside = match &fork {
        Fork::Parent { pid, .. } => group.enter(pid.as_raw_nonzero().get()).is_ok(),
        Fork::Child => false,
    };
    Ok((fork, is_inside))
}
