//! A container's files for a process of ours: `cp`, `diff`, `commit`, `export`.
//!
//! Of a container that runs, by joining its namespaces. Of one that does not, by mounting its root for this process
//! alone: the same steps as init's up to the mounted root, in namespaces of the same kind, and nothing after them: no mount of
//! the plan is made, since making their places would change the container and its volumes.

use super::mounts::PreparedMount;
use super::{RootFileSystem, become_root, leave_the_caller};
use crate::runtime::failure::{Failure, Step};
use crate::runtime::handshake::{Order, expect_order};
use crate::runtime::plan::{JoinPlan, RuntimePlan};
use crate::runtime::rooted::Rooted;
use crate::store::containers::ProcessId;
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{OpenTreeFlags, open_tree};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::thread::{LinkNameSpaceType, ThreadNameSpaceType, move_into_link_name_space, move_into_thread_name_spaces};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// Mounts the root of the container of `plan`. The process must have been cloned into new user and mount namespaces,
/// with one thread; `server` writes the id maps, gives the order, and serves a FUSE device it is handed.
pub fn mount_still(plan: &RuntimePlan, server: &OwnedFd, root_file_system: &mut dyn RootFileSystem) -> Step<Rooted> {
    leave_the_caller()?;
    root_file_system.open()?;
    expect_order(server, Order::Mapped)?;
    become_root(plan)?;
    let root = Rooted::new(root_file_system.mount(server)?);
    rustix::process::umask(Mode::empty());
    Ok(root)
}

/// Enters the user and mount namespace of the process `target` of a running container, and returns its root.
///
/// The process must have one thread. It stays outside the container's pid namespace and may not be traced, so nothing
/// inside can look at it.
pub fn join_files(plan: &RuntimePlan, target: ProcessId) -> Step<Rooted> {
    let failed = |error| Failure::setup("join the container's namespaces", error);
    let pid = Pid::from_raw(target.pid).ok_or_else(|| failed(Errno::SRCH))?;
    let process = pidfd_open(pid, PidfdFlags::empty()).map_err(failed)?;
    if !target.is_alive() {
        return Err(failed(Errno::SRCH));
    }
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable).map_err(failed)?;
    if !crate::runtime::exec::is_own_namespace(target.pid, "user") {
        move_into_thread_name_spaces(process.as_fd(), ThreadNameSpaceType::USER).map_err(failed)?;
    }
    move_into_thread_name_spaces(process.as_fd(), ThreadNameSpaceType::MOUNT).map_err(failed)?;
    become_root(plan)?;
    rustix::process::umask(Mode::empty());
    rustix::fs::open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .map(Rooted::new)
        .map_err(failed)
}

/// Copies the mounts among `mounts` that belong to the container whose namespaces are joined: the same file systems, attached
/// nowhere yet.
///
/// Called with all capabilities over the user namespace that both mount namespaces belong to, and while `/proc` is still the host's.
pub(super) fn borrow(join: &JoinPlan, mounts: &mut [PreparedMount]) -> Step<()> {
    for mount in mounts {
        let Some(path) = mount.borrowed() else { continue };
        let tree = copy_tree_of(join, path).map_err(|error| {
            let shown = path.display();
            Failure::setup(format_args!("share \"{shown}\" of the container whose namespaces are joined"), error)
        })?;
        mount.use_tree(tree);
    }
    Ok(())
}

/// A detached copy of what is mounted at `path` for the process that is joined. This process is back in its own mount namespace
/// afterwards.
fn copy_tree_of(join: &JoinPlan, path: &Path) -> rustix::io::Result<OwnedFd> {
    let open = |path: &str| rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
    // A descriptor of the process cannot be had by its number, which is one of an outer pid namespace.
    let theirs = open(&format!("/proc/{}/ns/mnt", join.pid))?;
    if !(ProcessId { pid: join.pid, start_time: join.start_time }).is_alive() {
        return Err(Errno::SRCH);
    }
    let own = open("/proc/self/ns/mnt")?;
    move_into_link_name_space(theirs.as_fd(), Some(LinkNameSpaceType::Mount))?;
    let tree = open_tree(CWD, path, OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC);
    move_into_link_name_space(own.as_fd(), Some(LinkNameSpaceType::Mount))?;
    tree
}

/// The file system at the root of `rooted` alone, without what is mounted in it: a mount that is attached nowhere.
pub fn bare(rooted: &Rooted) -> rustix::io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    open_tree(rooted.as_root(), "", flags)
}
