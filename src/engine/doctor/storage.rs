//! Where images and containers are kept: file system, flags, space.

use super::{Condition, Surroundings, size_text};
use crate::engine::host;
use crate::engine::host::mounts::{self, Mount};
use crate::sys;
use rustix::fs::Access;
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Below this much free space a pull of an ordinary image may fail.
const LITTLE_SPACE_BYTES: u64 = 1 << 30;

/// A store of many layers needs few inodes; a container's own writes may need many.
const FEW_INODES: u64 = 10_000;

pub(super) fn conditions(surroundings: &Surroundings<'_>) -> Vec<Condition> {
    let root = surroundings.paths.root.as_path();
    let mount = mounts::holding(&surroundings.mounts, root);
    let mut conditions = vec![store(root), file_system(root, mount)];
    conditions.extend(mount.and_then(flags));
    conditions.extend(home(surroundings, mount));
    conditions.push(space(root));
    conditions.extend(mount.and_then(|mount| quota(surroundings, mount)));
    conditions.push(runtime_directory(surroundings));
    conditions
}

fn elsewhere() -> &'static str {
    "export CORACLE_ROOT=/var/tmp/$USER/coracle"
}

fn store(root: &Path) -> Condition {
    const NAME: &str = "store";
    let existing = host::nearest_existing(root);
    let shown = root.display();
    match rustix::fs::access(existing, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) if existing == root => Condition::ok(NAME, format!("{shown}")),
        Ok(()) => Condition::ok(NAME, format!("{shown} (made at the first use)")),
        Err(errno) => {
            let found = format!("{shown} cannot be written: {}", super::namespaces::words(errno));
            Condition::missing(NAME, found).effect("no image can be kept").user(elsewhere()).fatal()
        }
    }
}

fn file_system(root: &Path, mount: Option<&Mount>) -> Condition {
    const NAME: &str = "store-file-system";
    let Some(mount) = mount else { return Condition::degraded(NAME, "unknown") };
    let found = format!("{} at {}", mount.kind, mount.point.display());
    if mount.is_remote() {
        return Condition::degraded(NAME, format!("{found}, on the network"))
            .effect("layers are single files there, which is fine; overlayfs cannot keep the containers' changes there")
            .user(elsewhere());
    }
    if matches!(mount.kind.as_str(), "ecryptfs" | "encfs" | "fuse.encfs" | "fuse.gocryptfs") {
        return Condition::degraded(NAME, format!("{found}, encrypted by a stacked file system"))
            .effect("containers cannot share an image's files: each gets a copy")
            .user(elsewhere());
    }
    if matches!(mount.kind.as_str(), "tmpfs" | "ramfs") && !root.starts_with("/tmp") {
        return Condition::degraded(NAME, found).effect("images are kept in memory and are gone at the next boot");
    }
    Condition::ok(NAME, found)
}

/// Mount flags that matter for the store: its directories become the writable part of containers.
fn flags(mount: &Mount) -> Option<Condition> {
    const NAME: &str = "store-mount-flags";
    let set: Vec<&str> = ["ro", "noexec", "nosuid", "nodev"].into_iter().filter(|flag| mount.has(flag)).collect();
    let found = format!("{} is mounted {}", mount.point.display(), set.join(", "));
    let remount = |option: &str| format!("sudo mount -o remount,{option} {}", mount.point.display());
    if mount.has("noexec") {
        let condition = Condition::degraded(NAME, found)
            .effect("programs that containers write cannot be executed where the kernel's overlayfs takes the writes");
        return Some(condition.user(elsewhere()).admin(remount("exec")));
    }
    if mount.has("nosuid") {
        // Layers are served by FUSE inside the container's user namespace: only what containers write is affected.
        return Some(
            Condition::ok(NAME, found)
                .effect("set-user-ID programs installed inside a running container have no effect"),
        );
    }
    (!set.is_empty()).then(|| Condition::ok(NAME, found))
}

/// The home directory, where the store is not in it.
fn home(surroundings: &Surroundings<'_>, store: Option<&Mount>) -> Option<Condition> {
    const NAME: &str = "home";
    let Some(home) = host::home() else {
        return Some(Condition::degraded(NAME, "$HOME is not set").user("export HOME=/path/to/home"));
    };
    let mount = mounts::holding(&surroundings.mounts, &home)?;
    if !home.is_dir() {
        let found = format!("{} does not exist", home.display());
        return Some(Condition::degraded(NAME, found).effect("the store is made elsewhere").user(elsewhere()));
    }
    let same = store.is_some_and(|store| store.point == mount.point);
    (!same).then(|| Condition::ok(NAME, format!("{} on {}", home.display(), mount.kind)))
}

fn space(root: &Path) -> Condition {
    const NAME: &str = "space";
    let Some(space) = mounts::space(root) else { return Condition::degraded(NAME, "unknown") };
    let free = size_text(space.available_bytes);
    let found = match space.total_inodes {
        0 => format!("{free} free of {}", size_text(space.total_bytes)),
        _ => format!("{free} free of {}, {} inodes free", size_text(space.total_bytes), space.available_inodes),
    };
    if space.available_bytes < LITTLE_SPACE_BYTES {
        return Condition::degraded(NAME, found)
            .effect("pulls may fail")
            .user("coracle system prune")
            .user(elsewhere());
    }
    if space.total_inodes > 0 && space.available_inodes < FEW_INODES {
        return Condition::degraded(NAME, found)
            .effect("images fit, as a layer is two files; containers may be unable to make files")
            .user("coracle system prune");
    }
    Condition::ok(NAME, found)
}

/// The user's quota on the store's device; nothing to say where there is none.
fn quota(surroundings: &Surroundings<'_>, mount: &Mount) -> Option<Condition> {
    const NAME: &str = "quota";
    if !mount.source.starts_with('/') {
        return None;
    }
    let device = CString::new(Path::new(&mount.source).as_os_str().as_bytes()).ok()?;
    let quota = sys::trial::quota(&device, surroundings.uid).ok()?;
    let limit = quota.limit_bytes;
    if limit.is_none() && quota.limit_inodes.is_none() {
        return None;
    }
    let bytes = limit.map(|limit| format!("{} of {} used", size_text(quota.used_bytes), size_text(limit)));
    let inodes = quota.limit_inodes.map(|limit| format!("{} of {limit} inodes used", quota.used_inodes));
    let found = [bytes, inodes].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let left = limit.map_or(u64::MAX, |limit| limit.saturating_sub(quota.used_bytes));
    if left < LITTLE_SPACE_BYTES {
        return Some(Condition::degraded(NAME, found).effect("pulls may fail").user("coracle system prune"));
    }
    Some(Condition::ok(NAME, found))
}

fn runtime_directory(surroundings: &Surroundings<'_>) -> Condition {
    const NAME: &str = "runtime-directory";
    let used = surroundings.paths.run_root.display().to_string();
    let Some(directory) = std::env::var_os("XDG_RUNTIME_DIR").filter(|value| !value.is_empty()) else {
        let condition = Condition::degraded(NAME, "$XDG_RUNTIME_DIR is not set").effect(format!("{used} is used"));
        return own_runtime_directory(surroundings, condition);
    };
    let shown = directory.to_string_lossy().into_owned();
    match rustix::fs::stat(&directory) {
        Err(errno) => {
            let found = format!("$XDG_RUNTIME_DIR {shown}: {}", super::namespaces::words(errno));
            own_runtime_directory(surroundings, Condition::degraded(NAME, found).effect(format!("{used} is used")))
        }
        Ok(stat) if stat.st_uid != surroundings.uid => {
            let found = format!("$XDG_RUNTIME_DIR {shown} belongs to uid {}", stat.st_uid);
            own_runtime_directory(surroundings, Condition::degraded(NAME, found).effect(format!("{used} is used")))
        }
        Ok(_) => Condition::ok(NAME, used),
    }
}

/// How this user gets the directory systemd-logind makes.
fn own_runtime_directory(surroundings: &Surroundings<'_>, condition: Condition) -> Condition {
    let usual = format!("/run/user/{}", surroundings.uid);
    if Path::new(&usual).is_dir() {
        condition.user(format!("export XDG_RUNTIME_DIR={usual}"))
    } else if Path::new("/run/systemd/system").is_dir() {
        condition.admin(format!("sudo loginctl enable-linger {}", surroundings.user))
    } else {
        condition
    }
}
