//! Device nodes for a container of real root's with a user namespace (specification, config-linux.md "Devices").
//!
//! In a user namespace the kernel refuses to make nodes. So the command makes them, in a memory file system of the
//! initial namespace that is mounted nowhere, with the mode and owner that the configuration wants, and hands it to
//! init, which binds each to its place. Where that cannot be, init binds the host's node of the same path.

use super::container::in_user_namespace;
use super::devices::{Node, node};
use super::error::OciError;
use crate::runtime::id_map::{IdMapping, IdMaps};
use crate::runtime::init::{MountOptions, new_file_system};
use crate::sys::mount::MountAttributes;
use oci_spec::runtime::Linux;
use rustix::fs::{AtFlags, FileType, Gid, Mode, Uid, chmodat, chownat, mknodat};
use std::os::fd::OwnedFd;

/// The nodes of `linux`, each named by its position in the list; `None` where there are none or the kernel refuses.
///
/// # Errors
/// A device that is none.
pub(super) fn make(linux: &Linux, maps: Option<&IdMaps>) -> Result<Option<OwnedFd>, OciError> {
    let (Some(devices), Some(maps)) = (linux.devices(), maps) else { return Ok(None) };
    if devices.is_empty() || !rustix::process::geteuid().is_root() || in_user_namespace() {
        return Ok(None);
    }
    let options = MountOptions {
        set: MountAttributes::NO_SUID | MountAttributes::NO_EXEC,
        data: vec!["mode=0755".to_owned(), "size=64k".to_owned()],
        ..MountOptions::default()
    };
    let Ok(directory) = new_file_system("tmpfs", "devices", &options) else { return Ok(None) };
    for (at, device) in devices.iter().enumerate() {
        let node = node(device)?;
        if node.kind != FileType::Fifo && place(&directory, at, &node, maps).is_err() {
            return Ok(None);
        }
    }
    Ok(Some(directory))
}

fn place(directory: &OwnedFd, at: usize, node: &Node, maps: &IdMaps) -> rustix::io::Result<()> {
    let name = at.to_string();
    let mode = Mode::from_raw_mode(node.mode);
    mknodat(directory, &name, node.kind, mode, node.number)?;
    chmodat(directory, &name, mode, AtFlags::empty())?;
    let (uid, gid) = node.owner;
    let (uid, gid) = (on_host(&maps.uid, uid).map(Uid::from_raw), on_host(&maps.gid, gid).map(Gid::from_raw));
    chownat(directory, &name, uid, gid, AtFlags::SYMLINK_NOFOLLOW)
}

/// What an id of the container is on the host, if it is mapped.
fn on_host(map: &[IdMapping], id: u32) -> Option<u32> {
    map.iter().find_map(|line| {
        let below = id.checked_sub(line.container_id).filter(|below| *below < line.size)?;
        line.host_id.checked_add(below)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_on_the_host() {
        let map = [
            IdMapping { container_id: 0, host_id: 1000, size: 1 },
            IdMapping { container_id: 1, host_id: 100_000, size: 10 },
        ];
        let found: Vec<_> = [0, 1, 10, 11].iter().map(|id| on_host(&map, *id)).collect();
        assert_eq!(found, [Some(1000), Some(100_000), Some(100_009), None]);
    }
}
