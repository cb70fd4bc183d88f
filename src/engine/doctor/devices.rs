//! The devices and file systems a container's root and network are made with.

use super::namespaces::words;
use super::{Condition, Surroundings};
use crate::engine::host::nearest_existing;
use crate::engine::host::nesting::Nesting;
use crate::overlay::probe::{Driver, probe};
use rustix::fs::Access;
use rustix::io::Errno;
use std::path::Path;

pub(super) fn conditions(surroundings: &Surroundings<'_>) -> Vec<Condition> {
    vec![fuse(surroundings), overlay(surroundings), driver(surroundings), tap(surroundings)]
}

/// The storage driver that follows from all this, and why not a better one.
fn driver(surroundings: &Surroundings<'_>) -> Condition {
    const NAME: &str = "storage-driver";
    let root = surroundings.paths.root.as_path();
    let choice = probe(nearest_existing(root));
    // The probe looks, the trials try: what was refused in earnest is out.
    let trial = &surroundings.trial;
    let refused = |driver: &Driver| {
        matches!(trial.overlay, Some(Err(_))) && matches!(driver, Driver::FuseOverlay | Driver::Overlay)
            || matches!(trial.fuse, Some(Err(_))) && matches!(driver, Driver::FuseOverlay | Driver::Fuse)
    };
    let driver = choice.candidates.iter().find(|driver| !refused(driver)).copied().unwrap_or(Driver::Copy);
    let found = match choice.refused.first() {
        Some((_, reason)) => format!("{} ({reason})", driver.name()),
        None => driver.name().to_owned(),
    };
    match driver {
        Driver::FuseOverlay | Driver::Fuse => Condition::ok(NAME, found),
        Driver::Overlay => Condition::degraded(NAME, found).effect("an image is unpacked once, at its first run"),
        Driver::Copy => Condition::degraded(NAME, found).effect("an image is unpacked for every container"),
    }
}

/// Whether devices are given by an outer container, not by this host's administrator.
fn is_inside(surroundings: &Surroundings<'_>) -> bool {
    !matches!(surroundings.nesting, None | Some(Nesting::Wsl))
}

/// How a device is out of reach, and what the administrator does about it.
fn out_of_reach(path: &str, module: &str, rule: &str, is_inside: bool) -> Option<(String, String)> {
    if !Path::new(path).exists() {
        if is_inside {
            let found = format!("{path} does not exist in the container this runs in");
            return Some((found, format!("start the outer container with --device {path}")));
        }
        return Some((format!("{path} does not exist"), format!("sudo modprobe {module}")));
    }
    let errno = rustix::fs::access(path, Access::READ_OK | Access::WRITE_OK).err()?;
    let command = format!(
        "echo 'KERNEL==\"{module}\", MODE=\"0666\"{rule}' | sudo tee /etc/udev/rules.d/99-coracle-{module}.rules && \
         sudo chmod 666 {path}"
    );
    Some((format!("{path} cannot be opened: {}", words(errno)), command))
}

fn fuse(surroundings: &Surroundings<'_>) -> Condition {
    const NAME: &str = "fuse";
    const EFFECT: &str = "layers are unpacked instead of being served as they are";
    if let Some((found, command)) =
        out_of_reach("/dev/fuse", "fuse", ", OPTIONS+=\"static_node=fuse\"", is_inside(surroundings))
    {
        return Condition::degraded(NAME, found).effect(EFFECT).by(is_inside(surroundings), command);
    }
    match surroundings.trial.fuse {
        Some(Err(errno)) => {
            Condition::degraded(NAME, format!("cannot be mounted in a user namespace: {}", words(errno))).effect(EFFECT)
        }
        Some(Ok(())) => Condition::ok(NAME, "/dev/fuse can be opened, and mounted in a user namespace (tried)"),
        None => Condition::ok(NAME, "/dev/fuse can be opened"),
    }
}

fn overlay(surroundings: &Surroundings<'_>) -> Condition {
    const NAME: &str = "overlayfs";
    let store = super::mounts::holding(&surroundings.mounts, &surroundings.paths.root);
    let place = store.map_or_else(String::new, |mount| format!(" on {}", mount.kind));
    match surroundings.trial.overlay {
        Some(Ok(())) => {
            Condition::ok(NAME, format!("can be mounted in a user namespace with the store{place} (tried)"))
        }
        None if surroundings.trial.has_scratch => {
            Condition::degraded(NAME, "not tried: no user namespace to try it in")
        }
        None => Condition::degraded(NAME, "not tried: the store's directory cannot be written"),
        Some(Err(errno)) => {
            let condition = Condition::degraded(NAME, format!("refused with the store{place}: {}", words(errno)))
                .effect("containers cannot share an image's files: each gets a copy");
            match errno {
                Errno::NODEV => condition.admin("sudo modprobe overlay"),
                Errno::INVAL if store.is_some_and(|mount| mount.is_remote() || mount.kind == "ecryptfs") => {
                    condition.user("export CORACLE_ROOT=/var/tmp/$USER/coracle")
                }
                _ => condition,
            }
        }
    }
}

fn tap(surroundings: &Surroundings<'_>) -> Condition {
    const NAME: &str = "tun";
    const EFFECT: &str = "containers can use the host's network or none";
    if let Some((found, command)) =
        out_of_reach("/dev/net/tun", "tun", ", OPTIONS+=\"static_node=net/tun\"", is_inside(surroundings))
    {
        return Condition::degraded(NAME, found).effect(EFFECT).by(is_inside(surroundings), command);
    }
    match surroundings.trial.tap {
        Some(Err(errno)) => {
            Condition::degraded(NAME, format!("no tap device in a user namespace: {}", words(errno))).effect(EFFECT)
        }
        Some(Ok(())) => Condition::ok(NAME, "/dev/net/tun makes tap devices in a user namespace (tried)"),
        None => Condition::ok(NAME, "/dev/net/tun can be opened"),
    }
}
