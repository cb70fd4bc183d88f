//! The keeper's half of a mount with a view of ownership: serving it.

use super::serve::message;
use crate::overlay::server::{IdRun, Owners, Server, serve_view};
use crate::runtime::failure::{Failure, Step};
use crate::runtime::id_map::IdMapping;
use crate::runtime::init::open_source;
use crate::runtime::plan::RuntimePlan;
use rustix::io::Errno;
use std::os::fd::OwnedFd;

/// Serves the FUSE device of mount number `mount` of `plan`, whose files are shown as `owner`'s in the container.
///
/// The source is opened here, in the user's own namespaces, and not taken from init: the mounts below it are the host's.
pub fn serve_mount(plan: &RuntimePlan, mount: usize, owner: (u32, u32), device: OwnedFd) -> Step<Server> {
    let mount = plan.spec.mounts().as_ref().and_then(|mounts| mounts.get(mount));
    let mount = mount.ok_or_else(|| Failure::setup("serve a view", Errno::INVAL))?;
    let groups = rustix::process::getgroups().unwrap_or_default();
    let owners = Owners {
        shown: owner,
        host: plan.host_user,
        host_groups: groups.into_iter().map(|group| group.as_raw()).collect(),
        uids: plan.id_maps.uid.iter().map(run).collect(),
        gids: plan.id_maps.gid.iter().map(run).collect(),
    };
    serve_view(open_source(mount)?, owners, device).map_err(message)
}

fn run(mapping: &IdMapping) -> IdRun {
    IdRun { host: mapping.host_id, container: mapping.container_id, size: mapping.size }
}
