//! Mounts that show mapped ids (specification, config.md "Mounts": `idmap`, `uidMappings`).
//!
//! Only who has rights over the file system's own user namespace, which is real root, may make them; so they are made by
//! the command, detached, and handed to init.

use super::error::OciError;
use crate::runtime::id_map::{HostIds, IdMapping, IdMaps, write};
use crate::runtime::init::{IdMap, open_source, parse_mount_options};
use crate::sys::mount::set_id_map;
use crate::sys::process::{Fork, NewNamespaces, exit_now, fork_into};
use oci_spec::runtime::{LinuxIdMapping, Mount, Spec};
use rustix::fs::{Mode, OFlags};
use rustix::mount::{OpenTreeFlags, open_tree};
use rustix::process::{Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};
use std::os::fd::{AsFd, OwnedFd};

/// Maps of the specification in our terms.
pub(super) fn maps(uid: Option<&Vec<LinuxIdMapping>>, gid: Option<&Vec<LinuxIdMapping>>) -> IdMaps {
    let lines = |list: Option<&Vec<LinuxIdMapping>>| {
        let line = |line: &LinuxIdMapping| IdMapping {
            container_id: line.container_id(),
            host_id: line.host_id(),
            size: line.size(),
        };
        list.into_iter().flatten().map(line).collect()
    };
    IdMaps { uid: lines(uid), gid: lines(gid) }
}

/// The mounts of `spec` that show mapped ids: position in the list, and the detached tree.
pub(super) fn mounts(spec: &Spec) -> Result<Vec<(usize, OwnedFd)>, OciError> {
    let linux = spec.linux().as_ref();
    let own = maps(
        linux.and_then(|linux| linux.uid_mappings().as_ref()),
        linux.and_then(|linux| linux.gid_mappings().as_ref()),
    );
    let mut made = Vec::new();
    for (at, mount) in spec.mounts().iter().flatten().enumerate() {
        let options = parse_mount_options(mount.options().as_deref().unwrap_or_default());
        let recursive = match (options.id_map, mount.uid_mappings()) {
            (None, None) => continue,
            (wish, _) => wish == Some(IdMap::All),
        };
        let maps = match mount.uid_mappings() {
            Some(_) => maps(mount.uid_mappings().as_ref(), mount.gid_mappings().as_ref()),
            None => own.clone(),
        };
        let shown = mount.destination().display();
        if maps.uid.is_empty() {
            return Err(OciError::Configuration(format!("mount {shown:?} is to show mapped ids, but there is no map")));
        }
        let takes_below = options.bind == Some(true);
        let tree = mapped_tree(mount, takes_below, recursive && takes_below, &maps)
            .map_err(|error| OciError::system(format!("make an id-mapped mount for {shown:?}"), error))?;
        made.push((at, tree));
    }
    Ok(made)
}

fn mapped_tree(mount: &Mount, takes_below: bool, recursive: bool, maps: &IdMaps) -> Result<OwnedFd, std::io::Error> {
    let source = open_source(mount).map_err(|failure| std::io::Error::other(failure.message))?;
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    if takes_below {
        flags |= OpenTreeFlags::AT_RECURSIVE;
    }
    let tree = open_tree(&source, "", flags)?;
    set_id_map(&tree, user_namespace(maps)?, recursive)?;
    Ok(tree)
}

/// A user namespace with these maps that holds no process.
fn user_namespace(maps: &IdMaps) -> Result<OwnedFd, std::io::Error> {
    match fork_into(NewNamespaces::USER)? {
        Fork::Child => {
            // Until its parent kills it; a caught signal ends the sleep, and then it ends by itself.
            let _ = rustix::thread::nanosleep(&rustix::thread::Timespec { tv_sec: 60, tv_nsec: 0 });
            exit_now(0)
        }
        Fork::Parent { pid, pidfd } => {
            let number = pid.as_raw_nonzero().get();
            let opened = write(number.unsigned_abs(), maps, &HostIds::detect())
                .map_err(|error| std::io::Error::other(error.to_string()))
                .and_then(|()| {
                    let path = format!("/proc/{number}/ns/user");
                    Ok(rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?)
                });
            let _ = pidfd_send_signal(&pidfd, Signal::KILL); // it may just have ended
            let _ = waitid(WaitId::PidFd(pidfd.as_fd()), WaitIdOptions::EXITED);
            opened
        }
    }
}
