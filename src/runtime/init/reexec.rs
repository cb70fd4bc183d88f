//! From the forked copy of the keeper to a fresh program that the container cannot overwrite.
//!
//! A process inside a container reaches the executable that its pid 1 came from as `/proc/1/exe`, and an image whose
//! entrypoint (or whose script's interpreter) is `/proc/self/exe` makes the runtime execute itself. If that file
//! belongs to the user, a container could rewrite it and be run by the next command (CVE-2019-5736). So init first
//! executes coracle again from a private, detached, read-only mount of its file: every way back to the file through
//! `/proc` then ends at a read-only mount. Where the kernel cannot do that (before Linux 5.12), from a sealed copy in
//! memory.
//!
//! Starting afresh also means that nothing of the keeper's memory, registry passwords included, is in the container.

use crate::runtime::failure::{Failure, Step};
use crate::sys::mount::{MountAttributes, set_attributes};
use crate::sys::process::duplicate_to;
use rustix::fs::{MemfdFlags, SealFlags};
use rustix::mount::{OpenTreeFlags, open_tree};
use rustix::thread::{CapabilitySet, CapabilitySets};
use std::ffi::CString;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// What coracle, executed again inside a container's namespaces, is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The container's first process.
    Init,
    /// A further process of a running container.
    Exec,
    /// The first process of a container of the runtime interface.
    OciInit,
    /// A further process of such a container.
    OciExec,
}

impl Role {
    /// The name under which coracle, when executed, goes straight to its role.
    fn program_name(self) -> &'static str {
        match self {
            Role::Init => "coracle-init",
            Role::Exec => "coracle-exec",
            Role::OciInit => "coracle-oci-init",
            Role::OciExec => "coracle-oci-exec",
        }
    }
}

/// Executes this program again as init.
///
/// `standard` becomes descriptors 0 to 2; `socket` (to the keeper) and `plan` keep their numbers, which are given as
/// arguments. Returns only on failure.
pub fn execute_init(standard: [OwnedFd; 3], socket: &OwnedFd, plan: &OwnedFd) -> Failure {
    match protected_program() {
        Ok(program) => execute_as(Role::Init, &program, &standard, socket, plan),
        Err(failure) => failure,
    }
}

/// This program in a form that cannot be written from inside a container. Needs a mount namespace of the caller's own,
/// in which the program's path still leads to it.
pub fn protected_program() -> Step<OwnedFd> {
    read_only_program().or_else(|_| sealed_program())
}

/// Executes `program`, which is this one, in a role; the rest as for [`execute_init`].
pub fn execute_as(role: Role, program: &OwnedFd, standard: &[OwnedFd; 3], socket: &OwnedFd, plan: &OwnedFd) -> Failure {
    if let Err(error) = standard
        .iter()
        .enumerate()
        .try_for_each(|(number, descriptor)| duplicate_to(descriptor.as_raw_fd(), number as i32))
        .and_then(|()| keep_across_exec(socket))
        .and_then(|()| keep_across_exec(plan))
    {
        return Failure::setup("pass descriptors to init", error);
    }
    keep_capabilities_across_exec();
    let arguments = [role.program_name().to_owned(), socket.as_raw_fd().to_string(), plan.as_raw_fd().to_string()];
    let arguments: Vec<CString> = arguments.into_iter().filter_map(|text| CString::new(text).ok()).collect();
    let environment: [CString; 0] = [];
    let error = match nix::unistd::execveat(program, c"", &arguments, &environment, nix::fcntl::AtFlags::AT_EMPTY_PATH)
    {
        Ok(never) => match never {},
        Err(error) => error,
    };
    Failure::setup("execute init", std::io::Error::from(error))
}

fn keep_across_exec(descriptor: &OwnedFd) -> rustix::io::Result<()> {
    rustix::io::fcntl_setfd(descriptor, rustix::io::FdFlags::empty())
}

/// This program on a detached read-only mount. Needs `CAP_SYS_ADMIN` over the mount namespace.
///
/// `/proc/self/exe` itself leads to a mount of the caller's namespace, which cannot be cloned here; the same path in
/// this namespace can, when it still is the same file.
fn read_only_program() -> Step<OwnedFd> {
    let failed = |error| Failure::setup("protect the executable by a read-only mount", error);
    let path = rustix::fs::readlink("/proc/self/exe", Vec::new()).map_err(failed)?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let tree = open_tree(rustix::fs::CWD, path.as_c_str(), flags).map_err(failed)?;
    let (running, found) = (rustix::fs::stat("/proc/self/exe"), rustix::fs::fstat(&tree));
    let (running, found) = (running.map_err(failed)?, found.map_err(failed)?);
    if (running.st_dev, running.st_ino) != (found.st_dev, found.st_ino) {
        return Err(failed(rustix::io::Errno::STALE));
    }
    let attributes = MountAttributes::READ_ONLY | MountAttributes::NO_SUID | MountAttributes::NO_DEV;
    set_attributes(&tree, attributes, MountAttributes::empty(), false).map_err(failed)?;
    Ok(tree)
}

/// A sealed copy of this program in memory.
fn sealed_program() -> Step<OwnedFd> {
    let failed = |error: std::io::Error| Failure::setup("protect the executable by a copy", error);
    // Read and written by hand: pages that were spliced stay pinned for a while, and then cannot be sealed (EBUSY).
    let program = std::fs::read("/proc/self/exe").map_err(failed)?;
    let copy = rustix::fs::memfd_create(Role::Init.program_name(), MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)
        .map_err(|error| failed(error.into()))?;
    let mut copy = std::fs::File::from(copy);
    copy.write_all(&program).map_err(failed)?;
    let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
    rustix::fs::fcntl_add_seals(copy.as_fd(), seals).map_err(|error| failed(error.into()))?;
    Ok(copy.into())
}

/// Puts all capabilities into the ambient set: the id maps may not be written yet, so this process is not root in its
/// user namespace and would lose them at exec. Failing leaves the loss to show at the first privileged step.
fn keep_capabilities_across_exec() {
    let Ok(sets) = rustix::thread::capabilities(None) else { return };
    let all = sets.permitted;
    let _ = rustix::thread::set_capabilities(None, CapabilitySets { effective: all, permitted: all, inheritable: all });
    for number in 0..64 {
        let capability = CapabilitySet::from_bits_retain(1 << number);
        if all.contains(capability) {
            let _ = rustix::thread::configure_capability_in_ambient_set(capability, true);
        }
    }
}

/// Takes up what [`execute_as`] passed: the role, the socket and the plan; `None` when this is an ordinary start.
pub fn passed_descriptors() -> Option<(Role, OwnedFd, OwnedFd)> {
    let mut arguments = std::env::args();
    let name = arguments.next()?;
    let roles = [Role::Init, Role::Exec, Role::OciInit, Role::OciExec];
    let role = roles.into_iter().find(|role| role.program_name() == name)?;
    let mut descriptor =
        || crate::sys::process::inherited(arguments.next()?.parse().ok().filter(|number| *number > 2)?);
    Some((role, descriptor()?, descriptor()?))
}
