//! Mount attributes (`mount_setattr(2)`), which `rustix` does not wrap.

#![allow(unsafe_code)]

use super::process::last_error;
use rustix::io::Result;
use std::os::fd::{AsFd, AsRawFd};

bitflags::bitflags! {
    /// `MOUNT_ATTR_*` of include/uapi/linux/mount.h.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct MountAttributes: u64 {
        /// Read-only.
        const READ_ONLY = 0x1;
        /// Set-user-ID and file capabilities do not work.
        const NO_SUID = 0x2;
        /// Device nodes do not work.
        const NO_DEV = 0x4;
        /// Nothing can be executed.
        const NO_EXEC = 0x8;
        /// Access times stay.
        const NO_ATIME = 0x10;
        /// Access times are always updated.
        const STRICT_ATIME = 0x20;
        /// Access times of directories stay.
        const NO_DIR_ATIME = 0x80;
        /// Symbolic links are not followed.
        const NO_SYMFOLLOW = 0x20_0000;
    }
}

/// The bits of the access-time field, which is set as a whole (`MOUNT_ATTR__ATIME`).
const ACCESS_TIME_FIELD: u64 = 0x70;

#[repr(C)]
struct MountAttr {
    attr_set: u64,
    attr_clr: u64,
    propagation: u64,
    userns_fd: u64,
}

/// Sets and clears attributes of the mount that `mount` is the root of; with `recursive` of all below it too.
///
/// Fails with `ENOSYS` before Linux 5.12, and with `EPERM` for clearing what the parent user namespace locked.
pub fn set_attributes(mount: impl AsFd, set: MountAttributes, clear: MountAttributes, recursive: bool) -> Result<()> {
    // The kernel takes changes of the access-time field only as a whole.
    let access_time = if (set | clear).bits() & ACCESS_TIME_FIELD != 0 { ACCESS_TIME_FIELD } else { 0 };
    let attributes =
        MountAttr { attr_set: set.bits(), attr_clr: clear.bits() | access_time, propagation: 0, userns_fd: 0 };
    apply(mount, &attributes, recursive)
}

fn apply(mount: impl AsFd, attributes: &MountAttr, recursive: bool) -> Result<()> {
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the path is an empty C string and the structure is live, of the size given.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_fd().as_raw_fd(),
            c"".as_ptr(),
            flags,
            std::ptr::from_ref(attributes),
            size_of::<MountAttr>(),
        )
    };
    if result < 0 { Err(last_error()) } else { Ok(()) }
}

/// Sets the propagation (`mount_namespaces(7)`) of the mount that `mount` is the root of, and with `recursive` of all
/// below it.
pub fn set_propagation(
    mount: impl AsFd,
    propagation: rustix::mount::MountPropagationFlags,
    recursive: bool,
) -> Result<()> {
    let propagation = u64::from(propagation.bits());
    apply(mount, &MountAttr { attr_set: 0, attr_clr: 0, propagation, userns_fd: 0 }, recursive)
}

/// Turns a detached mount into an idmapped one that shows ids through the user namespace `user_namespace`.
///
/// Needs `CAP_SYS_ADMIN` in the user namespace that mounted the file system: only real root has that for the host's.
pub fn set_id_map(mount: impl AsFd, user_namespace: impl AsFd, recursive: bool) -> Result<()> {
    /// `MOUNT_ATTR_IDMAP`.
    const ID_MAP: u64 = 0x10_0000;
    let userns_fd = user_namespace.as_fd().as_raw_fd() as u64;
    apply(mount, &MountAttr { attr_set: ID_MAP, attr_clr: 0, propagation: 0, userns_fd }, recursive)
}
