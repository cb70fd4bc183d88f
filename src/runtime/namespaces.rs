//! Which namespaces a container gets.

use crate::sys::process::NewNamespaces;
use oci_spec::runtime::{LinuxNamespaceType, Spec};

/// The namespaces of `spec` that are to be made new when init is cloned (those with a path are joined instead).
///
/// The user namespace is not among them: it is made with the guard.
pub fn of_init(spec: &Spec) -> NewNamespaces {
    let listed = spec.linux().as_ref().and_then(|linux| linux.namespaces().as_ref());
    let mut new = NewNamespaces::MOUNT;
    for namespace in listed.into_iter().flatten().filter(|namespace| namespace.path().is_none()) {
        new |= match namespace.typ() {
            LinuxNamespaceType::Mount => NewNamespaces::MOUNT,
            LinuxNamespaceType::Cgroup => NewNamespaces::CGROUP,
            LinuxNamespaceType::Uts => NewNamespaces::UTS,
            LinuxNamespaceType::Ipc => NewNamespaces::IPC,
            LinuxNamespaceType::Pid => NewNamespaces::PID,
            LinuxNamespaceType::Network => NewNamespaces::NETWORK,
            LinuxNamespaceType::User | LinuxNamespaceType::Time => NewNamespaces::empty(),
        };
    }
    new
}

/// Whether `spec` makes a namespace of this kind, or joins one by path.
pub fn has(spec: &Spec, kind: LinuxNamespaceType) -> bool {
    let listed = spec.linux().as_ref().and_then(|linux| linux.namespaces().as_ref());
    listed.into_iter().flatten().any(|namespace| namespace.typ() == kind)
}
