//! Mounting, inside the container's namespaces.
//!
//! Called by init, with one thread, full capabilities in the container's user namespace and a mount namespace of its own.
//! Order: [`open_fuse_device`] (the kernel wants the opener's user namespace to be the superblock's), [`mount_fuse`], then send
//! the device to the keeper, which calls [`super::server::serve`], **close init's own descriptor**, then [`mount_overlay`]. The
//! last one reads the lower directory and so waits for the keeper. When the keeper dies the last descriptor of the device
//! closes with it, the kernel aborts the connection, and everything that waits fails with ENOTCONN; a descriptor left open
//! in init would make it wait for ever.
//!
//! fuse(4), Documentation/filesystems/fuse.rst ("Mount options"), Documentation/filesystems/overlayfs.rst.

use super::Error;
use nix::mount::MsFlags;
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen,
};
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

/// Where the FUSE device is.
pub const FUSE_DEVICE: &str = "/dev/fuse";

/// Opens `/dev/fuse` for a mount in the caller's user namespace.
pub fn open_fuse_device() -> Result<OwnedFd, Error> {
    let opened = rustix::fs::open(FUSE_DEVICE, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty());
    opened.map_err(|error| Error::File { operation: "open", path: FUSE_DEVICE.into(), source: error.into() })
}

/// Mounts the FUSE file system of `device` read-only on the directory `target`. Does not wait for the server.
pub fn mount_fuse(device: impl AsFd, target: &Path) -> Result<(), Error> {
    // Read-only also means that reading does not make the kernel ask for the access time again.
    mount_fuse_with(device, target, MsFlags::MS_RDONLY)
}

/// The same for a file system that takes writes.
pub fn mount_writable_fuse(device: impl AsFd, target: &Path) -> Result<(), Error> {
    mount_fuse_with(device, target, MsFlags::empty())
}

fn mount_fuse_with(device: impl AsFd, target: &Path, flags: MsFlags) -> Result<(), Error> {
    let flags = flags | MsFlags::MS_NODEV | MsFlags::MS_NOATIME;
    let options = format!(
        "fd={},rootmode=40755,user_id={},group_id={},allow_other,default_permissions",
        device.as_fd().as_raw_fd(),
        rustix::process::getuid().as_raw(),
        rustix::process::getgid().as_raw(),
    );
    mount("fuse.coracle", "coracle", target, flags, options.as_ref()).map_err(|source| Error::Mount {
        kind: "fuse",
        target: target.to_owned(),
        source,
    })
}

/// Makes a FUSE file system of `device` that is attached nowhere, writable, whose root is of the type in `root_mode` (as
/// `st_mode`). Does not wait for the server. Needs Linux 5.2.
pub fn make_fuse(device: impl AsFd, root_mode: u32) -> Result<OwnedFd, Error> {
    let failed = |error: rustix::io::Errno| Error::Mount { kind: "fuse", target: "(new)".into(), source: error.into() };
    let context = fsopen("fuse", FsOpenFlags::FSOPEN_CLOEXEC).map_err(failed)?;
    let options = [
        ("source", "coracle".to_owned()),
        ("fd", device.as_fd().as_raw_fd().to_string()),
        ("rootmode", format!("{root_mode:o}")),
        ("user_id", rustix::process::getuid().as_raw().to_string()),
        ("group_id", rustix::process::getgid().as_raw().to_string()),
    ];
    for (key, value) in options {
        fsconfig_set_string(context.as_fd(), key, value).map_err(failed)?;
    }
    for flag in ["allow_other", "default_permissions"] {
        fsconfig_set_flag(context.as_fd(), flag).map_err(failed)?;
    }
    fsconfig_create(context.as_fd()).map_err(failed)?;
    let attributes = MountAttrFlags::MOUNT_ATTR_NODEV;
    fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes).map_err(failed)
}

/// The kernel's overlay: writes go to `upper`, everything else is seen through from `lower`.
#[derive(Clone, Copy, Debug)]
pub struct OverlayMount<'a> {
    /// The read-only directory below.
    pub lower: &'a Path,
    /// Directory of the container's changes. Its file system must offer `user.*` extended attributes.
    pub upper: &'a Path,
    /// Empty directory on the file system of `upper`, for the kernel's use.
    pub work: &'a Path,
    /// Where to mount.
    pub target: &'a Path,
    /// Skip all syncing: right for a container whose changes are thrown away, since after a power failure the
    /// changes may be half there.
    pub volatile: bool,
    /// Mount read-only (the changes made so far are seen).
    pub read_only: bool,
}

/// Mounts the overlay; older kernels get fewer options.
pub fn mount_overlay(overlay: &OverlayMount<'_>) -> Result<(), Error> {
    forget_volatile(overlay.work);
    let paths = Paths::new(overlay)?;
    let flags = if overlay.read_only { MsFlags::MS_RDONLY } else { MsFlags::empty() };
    // `xino=on`: one device number and stable inode numbers for the whole tree, or else `find -xdev`, `tar
    // --one-file-system` and hard-link detection go wrong between lower and upper. `volatile` exists since Linux 5.10,
    // unprivileged overlays since 5.11.
    let attempts: &[&str] = match overlay.volatile {
        true => &["userxattr,xino=on,volatile", "userxattr,volatile", "userxattr,xino=on", "userxattr"],
        false => &["userxattr,xino=on", "userxattr"],
    };
    let mut result = Ok(());
    for options in attempts {
        result = mount("overlay", "overlay", overlay.target, flags, &paths.options(options));
        match &result {
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {}
            _ => break,
        }
    }
    result.map_err(|source| Error::Mount { kind: "overlay", target: overlay.target.to_owned(), source })
}

/// A volatile overlay leaves a mark that forbids the next mount, so that nobody trusts changes that may be half
/// written. Whoever mounts again has decided to.
fn forget_volatile(work: &Path) {
    // `ovl_create_volatile_dirty` in fs/overlayfs/super.c. Absent in the usual case; a mark that stays makes the mount
    // fail with its own error.
    let mark = work.join("work/incompat/volatile");
    let _ = rustix::fs::unlinkat(rustix::fs::CWD, mark.join("dirty"), AtFlags::empty());
    let _ = rustix::fs::unlinkat(rustix::fs::CWD, mark, AtFlags::REMOVEDIR);
}

/// Names for the option string, which gives meaning to commas, colons and backslashes.
struct Paths {
    names: [OsString; 3],
    /// Keeps the descriptors that names refer to open.
    _open: Vec<OwnedFd>,
}

impl Paths {
    fn new(overlay: &OverlayMount<'_>) -> Result<Paths, Error> {
        let mut open = Vec::new();
        let mut name = |path: &Path| -> Result<OsString, Error> {
            if !path.as_os_str().as_bytes().iter().any(|byte| matches!(byte, b',' | b':' | b'\\' | b'"')) {
                return Ok(path.as_os_str().to_owned());
            }
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let opened = rustix::fs::open(path, flags, Mode::empty());
            let opened =
                opened.map_err(|error| Error::File { operation: "open", path: path.into(), source: error.into() })?;
            let name = format!("/proc/self/fd/{}", opened.as_raw_fd());
            open.push(opened);
            Ok(name.into())
        };
        let names = [name(overlay.lower)?, name(overlay.upper)?, name(overlay.work)?];
        Ok(Paths { names, _open: open })
    }

    fn options(&self, rest: &str) -> OsString {
        let mut options = Vec::new();
        for (key, name) in [&b"lowerdir="[..], b",upperdir=", b",workdir="].into_iter().zip(&self.names) {
            options.extend_from_slice(key);
            options.extend_from_slice(name.as_bytes());
        }
        options.push(b',');
        options.extend_from_slice(rest.as_bytes());
        OsString::from_vec(options)
    }
}

fn mount(kind: &str, source: &str, target: &Path, flags: MsFlags, options: &std::ffi::OsStr) -> io::Result<()> {
    nix::mount::mount(Some(source), target, Some(kind), flags, Some(options)).map_err(io::Error::from)
}
