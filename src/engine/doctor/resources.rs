//! Control groups and the login session.

use super::{Condition, Surroundings};
use crate::engine::host::cgroups::Version;
use std::path::Path;

/// Controllers that options of `run` need: `--cpus`, `--memory`, `--pids-limit`.
const WANTED: [&str; 3] = ["cpu", "memory", "pids"];

/// The drop-in that makes systemd hand the controllers to every user's session.
const DELEGATE: &str = "sudo mkdir -p /etc/systemd/system/user@.service.d && \
    printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' | \
    sudo tee /etc/systemd/system/user@.service.d/delegate.conf && sudo systemctl daemon-reload";

pub(super) fn conditions(surroundings: &Surroundings<'_>) -> Vec<Condition> {
    let mut conditions = vec![cgroups(surroundings)];
    conditions.extend(session(surroundings));
    conditions
}

fn cgroups(surroundings: &Surroundings<'_>) -> Condition {
    const NAME: &str = "cgroups";
    const EFFECT: &str = "limits such as --memory and --cpus have no effect";
    let cgroups = &surroundings.cgroups;
    let layout = match cgroups.version {
        Version::None => {
            return Condition::degraded(NAME, "not mounted").effect(EFFECT);
        }
        Version::V1 => "version 1",
        Version::Hybrid => "version 1, with an empty version 2 tree",
        Version::V2 => "version 2",
    };
    if cgroups.version != Version::V2 {
        let condition = Condition::degraded(NAME, layout).effect(EFFECT);
        if !has_systemd() {
            return condition;
        }
        return condition.admin(
            "sudo sed -i 's/^GRUB_CMDLINE_LINUX=\"/&systemd.unified_cgroup_hierarchy=1 /' /etc/default/grub && \
             sudo update-grub   # then reboot",
        );
    }
    let missing: Vec<&str> =
        WANTED.into_iter().filter(|wanted| !cgroups.controllers.iter().any(|have| have == wanted)).collect();
    if !cgroups.delegated {
        let condition = Condition::degraded(NAME, format!("{layout}, own group cannot be written")).effect(EFFECT);
        return if has_systemd() {
            condition.user("systemd-run --user --scope -p Delegate=yes $SHELL")
        } else {
            condition
        };
    }
    let found = format!("{layout}, delegated: {}", cgroups.controllers.join(" "));
    if missing.is_empty() {
        return Condition::ok(NAME, found);
    }
    let condition = Condition::degraded(NAME, format!("{found} (without {})", missing.join(", ")))
        .effect("limits by the controllers that are not there have no effect");
    if has_systemd() { condition.admin(DELEGATE) } else { condition }
}

fn has_systemd() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

/// Whether what a user starts outlives the login; nothing to say without systemd.
fn session(surroundings: &Surroundings<'_>) -> Option<Condition> {
    const NAME: &str = "session";
    if !has_systemd() || surroundings.uid == 0 {
        return None;
    }
    let (user, uid) = (&surroundings.user, surroundings.uid);
    let lingers = Path::new("/var/lib/systemd/linger").join(user).exists();
    let manager = Path::new("/run/user").join(uid.to_string()).join("systemd/private").exists();
    Some(match (manager, lingers) {
        (true, true) => Condition::ok(NAME, "systemd user session, kept after logout"),
        (_, false) => {
            Condition::degraded(NAME, if manager { "systemd user session" } else { "no systemd user session" })
                .effect("detached containers may be ended when you log out, and do not start at boot")
                .user(format!("loginctl enable-linger {user}"))
        }
        (false, true) => Condition::degraded(NAME, "lingering is on, but the systemd user session does not run")
            .admin(format!("sudo systemctl start user@{uid}")),
    })
}
