//! What a service manager hands to `run` and `start`, passed on to the container: listening sockets and the manager's own socket.
//!
//! Sockets are descriptors from 3 on, counted by `$LISTEN_FDS` (sd_listen_fds(3)); the container's process gets them under the
//! same numbers and is told that they are its own. The manager's socket is shown to a container with `--sdnotify container`
//! where podman shows it, also when it was created by a command that no manager had started.
//!
//! What must stay true: only the plan in memory changes. The next start is another command's, with other descriptors.

use super::notify;
use super::record::ContainerRecord;
use super::request::{NOTIFY_SOCKET, NotifyMode};
use crate::sys::process::is_inherited;
use oci_spec::runtime::MountBuilder;
use std::path::Path;

/// Most sockets that are passed on; systemd's own limit of descriptors per unit is below it.
const MOST_SOCKETS: i32 = 1024;

/// Adds to the plan of `record` what the manager of this process has handed to it.
pub(super) fn pass_on(record: &mut ContainerRecord) {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let count = variable("LISTEN_FDS").and_then(|count| count.parse::<i32>().ok()).unwrap_or(0);
    let numbers = 3..3_i32.saturating_add(count.min(MOST_SOCKETS));
    // A number that stands for nothing is a leftover of somebody else's environment.
    if count > 0 && numbers.clone().all(is_inherited) {
        let preserved = &mut record.plan.preserved;
        numbers.for_each(|number| {
            if !preserved.contains(&number) {
                preserved.push(number);
            }
        });
        let names = variable("LISTEN_FDNAMES").map(|names| format!("LISTEN_FDNAMES={names}"));
        set(record, [format!("LISTEN_FDS={count}"), "LISTEN_PID=1".to_owned()].into_iter().chain(names));
    }
    if let (NotifyMode::Container, Some(socket)) = (record.request.sdnotify, notify::socket()) {
        show_socket(record, &socket);
    }
}

/// Sets variables of the container's process.
fn set(record: &mut ContainerRecord, variables: impl IntoIterator<Item = String>) {
    let Some(process) = record.plan.spec.process_mut() else { return };
    let mut environment = process.env().clone().unwrap_or_default();
    for variable in variables {
        let name = variable.split_inclusive('=').next().unwrap_or_default();
        environment.retain(|known| !known.starts_with(name));
        environment.push(variable);
    }
    process.set_env(Some(environment));
}

/// Shows the manager's socket, in the place of one that an earlier start was shown.
fn show_socket(record: &mut ContainerRecord, socket: &str) {
    let options = ["rbind", "rprivate", "nodev"].map(str::to_owned).to_vec();
    let mount = MountBuilder::default().typ("bind").source(socket).destination(NOTIFY_SOCKET).options(options).build();
    let Ok(mount) = mount else { return };
    let mut mounts = record.plan.spec.mounts().clone().unwrap_or_default();
    mounts.retain(|known| known.destination() != Path::new(NOTIFY_SOCKET));
    mounts.push(mount);
    record.plan.spec.set_mounts(Some(mounts));
    set(record, [format!("NOTIFY_SOCKET={NOTIFY_SOCKET}")]);
}
