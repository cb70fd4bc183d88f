//! Whether an ordinary user may make the namespaces a container is made of.

use super::{Condition, Surroundings, apparmor};
use crate::engine::host;
use crate::engine::host::nesting::Nesting;
use crate::sys::errno::Words;
use rustix::io::Errno;

/// The kinds of namespaces with a limit, as the sysctls name them.
const LIMITED: [&str; 8] = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];

pub(super) fn conditions(surroundings: &Surroundings<'_>) -> Vec<Condition> {
    let mut conditions = settings();
    conditions.extend(apparmor_restriction(surroundings));
    conditions.push(user_namespace(surroundings));
    conditions.extend(other_namespaces(surroundings));
    conditions
}

/// The sysctls that forbid or limit namespaces.
fn settings() -> Vec<Condition> {
    let mut conditions = Vec::new();
    if host::sysctl("kernel.unprivileged_userns_clone").as_deref() == Some("0") && !rustix::process::geteuid().is_root()
    {
        conditions.push(
            Condition::missing("user-namespace-sysctl", "kernel.unprivileged_userns_clone is 0")
                .effect("no container can run")
                .admin(persistent("kernel.unprivileged_userns_clone", "1"))
                .fatal(),
        );
    }
    for kind in LIMITED {
        let name = format!("user.max_{kind}_namespaces");
        if host::sysctl(&name).as_deref() == Some("0") {
            let optional = kind == "time" || kind == "cgroup";
            let condition = if optional {
                Condition::degraded("namespace-limit", format!("{name} is 0"))
            } else {
                Condition::missing("namespace-limit", format!("{name} is 0")).effect("no container can run").fatal()
            };
            conditions.push(condition.admin(persistent(&name, "15000")));
        }
    }
    if conditions.is_empty() {
        conditions.push(Condition::ok("namespace-limits", "no setting forbids namespaces"));
    }
    conditions
}

/// Sets a sysctl now and for every boot.
pub(super) fn persistent(name: &str, value: &str) -> String {
    format!("echo '{name} = {value}' | sudo tee -a /etc/sysctl.d/99-coracle.conf && sudo sysctl -w '{name}={value}'")
}

/// Ubuntu's restriction; nothing to say where the kernel has no such setting.
fn apparmor_restriction(surroundings: &Surroundings<'_>) -> Option<Condition> {
    const NAME: &str = "apparmor";
    let restricted = host::sysctl("kernel.apparmor_restrict_unprivileged_userns")?;
    if restricted == "0" || surroundings.uid == 0 {
        return Some(Condition::ok(NAME, "does not restrict user namespaces"));
    }
    if works(surroundings) {
        return Some(Condition::ok(NAME, "restricts user namespaces, and permits this program to make them"));
    }
    let condition = Condition::missing(NAME, "restricts user namespaces to programs with a profile")
        .effect("no container can run until this program has one")
        .fatal();
    Some(
        condition
            .admin(apparmor::install_command(&surroundings.executable))
            .admin(persistent("kernel.apparmor_restrict_unprivileged_userns", "0")),
    )
}

/// Whether a user namespace can be made and used.
fn works(surroundings: &Surroundings<'_>) -> bool {
    let trial = &surroundings.trial;
    matches!(trial.user_namespace, Some(Ok(())))
        && matches!(trial.own_map, Some(Ok(())))
        && matches!(trial.mount, Some(Ok(())))
}

fn user_namespace(surroundings: &Surroundings<'_>) -> Condition {
    const NAME: &str = "user-namespace";
    let trial = &surroundings.trial;
    let outer = match surroundings.nesting {
        Some(Nesting::Coracle) => "no container can run; start the outer one with --security-opt seccomp=unconfined",
        Some(Nesting::Docker) => "no container can run; start the outer one with --security-opt seccomp=unconfined",
        Some(Nesting::Podman) => "no container can run; start the outer one with --security-opt unmask=ALL",
        Some(Nesting::Kubernetes) => "no container can run; the pod's seccomp profile must permit unshare and mount",
        _ => "no container can run",
    };
    let refused = |what: String, effect: &str| Condition::missing(NAME, what).effect(effect).fatal();
    match (&trial.user_namespace, &trial.own_map) {
        (None, _) => Condition::ok(NAME, "not tried: this process has several threads"),
        (Some(Err(Errno::NOSPC)), _) => {
            refused("cannot be made: the limit of user namespaces is reached".into(), "no container can run")
                .admin(persistent("user.max_user_namespaces", "15000"))
        }
        (Some(Err(errno)), _) => refused(format!("cannot be made: {}", words(*errno)), outer),
        (_, Some(Err(said))) => refused(format!("can be made, but not given an id: {said}"), outer),
        _ => Condition::ok(NAME, "can be made and given an id (tried)"),
    }
}

fn other_namespaces(surroundings: &Surroundings<'_>) -> Vec<Condition> {
    const NAME: &str = "namespaces";
    let trial = &surroundings.trial;
    if !matches!(trial.user_namespace, Some(Ok(()))) {
        return Vec::new();
    }
    let mut conditions = Vec::new();
    for (kind, result) in &trial.namespaces {
        let Err(errno) = result else { continue };
        let found = format!("no {kind} namespace: {}", words(*errno));
        conditions.push(match *kind {
            "cgroup" => Condition::degraded(NAME, found).effect("containers see the host's control group paths"),
            _ => Condition::missing(NAME, found).effect("no container can run").fatal(),
        });
    }
    if let Some(Err(errno)) = trial.mount {
        let found = format!("no file system can be mounted in a user namespace: {}", words(errno));
        conditions.push(Condition::missing(NAME, found).effect("no container can run").fatal());
    }
    if conditions.is_empty() {
        conditions
            .push(Condition::ok(NAME, "mount, network, ipc, uts, pid, cgroup can be made, and mounts in them (tried)"));
    }
    conditions
}

/// An error number in words.
pub(super) fn words(errno: Errno) -> String {
    Words(&errno.into()).to_string()
}
