//! Device nodes of a container (specification, config-linux.md "Devices" and "Default Devices").
//!
//! Real root makes nodes of the container's own, so that nothing inside can change the mode of the host's. In a user
//! namespace the kernel refuses that: what the command has made ([`super::device_nodes`]) is bound, else the host's node of the
//! same path.

use crate::runtime::devices::LINKS;
use crate::runtime::failure::{Failure, Step};
use crate::runtime::init::bind_at;
use crate::runtime::rooted::Rooted;
use oci_spec::runtime::{Linux, LinuxDevice, LinuxDeviceType};
use rustix::fs::{CWD, FileType, Gid, Mode, OFlags, Uid, makedev, mknodat, openat};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Character devices every container has.
const DEFAULT: [(&str, u32, u32); 6] =
    [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];

/// A node to make.
pub(super) struct Node {
    pub(super) path: PathBuf,
    pub(super) kind: FileType,
    pub(super) number: u64,
    pub(super) mode: u32,
    pub(super) owner: (u32, u32),
}

/// Nodes that the command has made, named by their position in the list of the configuration.
pub(super) struct Made<'a> {
    /// The file system they are in, attached in this namespace.
    pub(super) directory: &'a OwnedFd,
}

/// Makes the default devices and links, and those of the configuration.
pub(super) fn place(root: &Rooted, linux: &Linux, made: Option<&Made<'_>>) -> Step<()> {
    // The terminal multiplexer is the container's own instance's: a link, which is made below.
    let listed = linux.devices().iter().flatten().enumerate();
    let listed = listed.filter(|(_, device)| device.path() != Path::new("/dev/ptmx"));
    let nodes: Vec<(usize, Node)> = listed.map(|(at, device)| Ok((at, node(device)?))).collect::<Step<_>>()?;
    for (name, major, minor) in DEFAULT {
        let path = Path::new("/dev").join(name);
        if nodes.iter().any(|(_, node)| node.path == path) {
            continue;
        }
        let number = makedev(major, minor);
        make(root, &Node { path, kind: FileType::CharacterDevice, number, mode: 0o666, owner: (0, 0) }, None)?;
    }
    for (at, node) in &nodes {
        let made = made.and_then(|made| openat(made.directory, at.to_string(), HANDLE, Mode::empty()).ok());
        make(root, node, made.as_ref())?;
    }
    for (name, target) in LINKS {
        match root.place_link(OsStr::new(target), format!("/dev/{name}")) {
            Ok(()) | Err(Errno::ISDIR | Errno::PERM | Errno::BUSY) => {}
            Err(error) => return Err(Failure::setup(format_args!("create link \"/dev/{name}\""), error)),
        }
    }
    Ok(())
}

/// Opens a node without opening the device.
const HANDLE: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Judges a device of the configuration.
pub(super) fn node(device: &LinuxDevice) -> Step<Node> {
    let kind = match device.typ() {
        LinuxDeviceType::C | LinuxDeviceType::U => FileType::CharacterDevice,
        LinuxDeviceType::B => FileType::BlockDevice,
        LinuxDeviceType::P => FileType::Fifo,
        LinuxDeviceType::A => {
            let shown = device.path().display();
            return Err(Failure::message(format!("device {shown:?} has type \"a\", which is for rules only")));
        }
    };
    if [device.uid(), device.gid()].contains(&Some(u32::MAX)) {
        let shown = device.path().display();
        return Err(Failure::message(format!("device {shown:?} has owner {}, which is no id", u32::MAX)));
    }
    let number = |number: i64| u32::try_from(number).unwrap_or(0);
    Ok(Node {
        path: device.path().clone(),
        kind,
        number: makedev(number(device.major()), number(device.minor())),
        mode: device.file_mode().unwrap_or(0o666) & 0o7777,
        owner: (device.uid().unwrap_or(0), device.gid().unwrap_or(0)),
    })
}

fn make(root: &Rooted, node: &Node, made: Option<&OwnedFd>) -> Step<()> {
    let shown = node.path.display().to_string();
    let failed = |error: Errno| Failure::setup(format_args!("create device {shown:?}"), error);
    let (parent, name) = root.make_parent(&node.path).map_err(failed)?;
    match mknodat(&parent, &name, node.kind, Mode::from_raw_mode(node.mode), node.number) {
        // Not subject to the umask, which is empty here by no means.
        Ok(()) => {
            rustix::fs::chmodat(&parent, &name, Mode::from_raw_mode(node.mode), rustix::fs::AtFlags::empty())
                .map_err(failed)?;
            let (uid, gid) = node.owner;
            rustix::fs::chownat(
                &parent,
                &name,
                Some(Uid::from_raw(uid)),
                Some(Gid::from_raw(gid)),
                rustix::fs::AtFlags::SYMLINK_NOFOLLOW,
            )
            .map_err(failed)
        }
        Err(Errno::EXIST) => Ok(()),
        Err(Errno::PERM | Errno::ACCESS | Errno::ROFS) if node.kind != FileType::Fifo => {
            if let Some(made) = made {
                return bind_at(root, made, &node.path).map_err(failed);
            }
            let host = openat(CWD, &node.path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).map_err(failed)?;
            bind_at(root, &host, &node.path).map_err(failed)
        }
        Err(error) => Err(failed(error)),
    }
}
