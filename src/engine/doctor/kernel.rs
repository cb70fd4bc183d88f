//! The kernel, its filters, and what this process already runs in.

use super::namespaces::{persistent, words};
use super::{Condition, Surroundings};
use crate::engine::host;
use crate::engine::host::distribution::Package;
use crate::engine::host::nesting::Nesting;
use crate::sys;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// 1 January 2025 in seconds: any certificate of a registry is younger.
const PLAUSIBLE_TIME_SECONDS: u64 = 1_735_689_600;

pub(super) fn conditions(surroundings: &Surroundings<'_>) -> Vec<Condition> {
    let mut conditions = vec![version(), architecture(surroundings)];
    conditions.extend(nesting(surroundings));
    conditions.extend(seccomp(surroundings));
    conditions.push(landlock());
    conditions.push(ports(surroundings));
    conditions.extend(ping(surroundings));
    conditions.extend(time());
    conditions
}

fn version() -> Condition {
    const NAME: &str = "kernel";
    let release = host::kernel_release();
    let version = host::kernel_version(&release);
    if version < (4, 18) {
        return Condition::missing(NAME, format!("{release}, older than 4.18"))
            .effect("FUSE cannot be mounted in user namespaces; much of coracle is untested here");
    }
    if version < (5, 11) {
        return Condition::degraded(NAME, format!("{release}, older than 5.11"))
            .effect("no overlayfs in user namespaces: an image is unpacked for every container");
    }
    Condition::ok(NAME, release)
}

fn architecture(surroundings: &Surroundings<'_>) -> Condition {
    const NAME: &str = "architecture";
    let own = host::architecture();
    let mut others: Vec<String> = std::fs::read_dir("/proc/sys/fs/binfmt_misc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok()?.strip_prefix("qemu-").map(str::to_owned))
        .collect();
    others.sort();
    if !others.is_empty() {
        return Condition::ok(NAME, format!("{own}; emulated: {}", others.join(", ")));
    }
    let condition = Condition::ok(NAME, own).effect("images of other architectures can be pulled, not run");
    match surroundings.distribution.install(Package::Emulators) {
        Some(command) => condition.admin(command),
        None => condition,
    }
}

fn nesting(surroundings: &Surroundings<'_>) -> Option<Condition> {
    let nesting = surroundings.nesting?;
    let found = format!("this process already runs in {}", nesting.name());
    let effect = match nesting {
        Nesting::Coracle => "containers run inside containers",
        Nesting::Wsl => "",
        _ => "what the outer container forbids stays forbidden",
    };
    Some(Condition::ok("nesting", found).effect(effect))
}

fn seccomp(surroundings: &Surroundings<'_>) -> Vec<Condition> {
    let mut conditions = Vec::new();
    conditions.push(match sys::trial::seccomp_action(libc::SECCOMP_RET_ERRNO) {
        Ok(()) => Condition::ok("seccomp", "system call filters are available"),
        Err(errno) => Condition::degraded("seccomp", format!("no system call filters: {}", words(errno)))
            .effect("containers may make every system call the kernel permits"),
    });
    if host::status_field(&surroundings.status, "Seccomp").as_deref() == Some("2") {
        conditions.push(Condition::ok("seccomp-outer", "a filter is already on this process"));
    }
    if host::status_field(&surroundings.status, "NoNewPrivs").as_deref() == Some("1") && !surroundings.ids.privileged {
        conditions.push(
            Condition::degraded("no-new-privileges", "set on this process: newuidmap cannot gain its privilege")
                .effect("containers get one user id"),
        );
    }
    conditions
}

fn landlock() -> Condition {
    match sys::trial::landlock_version() {
        Ok(version) => Condition::ok("landlock", format!("interface version {version}")),
        Err(errno) => Condition::ok("landlock", format!("not available: {}", words(errno)))
            .effect("the keeper of a container is confined by namespaces and seccomp alone"),
    }
}

fn ports(surroundings: &Surroundings<'_>) -> Condition {
    const NAME: &str = "low-ports";
    let first: u32 =
        host::sysctl("net.ipv4.ip_unprivileged_port_start").and_then(|value| value.parse().ok()).unwrap_or(1024);
    if first <= 80 || surroundings.uid == 0 {
        return Condition::ok(NAME, "ports such as 80 and 443 can be published");
    }
    Condition::ok(NAME, format!("ports from {first} on can be published"))
        .effect(format!("publish ports below {first} under a higher one"))
        .admin(persistent("net.ipv4.ip_unprivileged_port_start", "80"))
}

/// Whether unprivileged ICMP echo works, which the user-mode network uses to let containers ping.
fn ping(surroundings: &Surroundings<'_>) -> Option<Condition> {
    const NAME: &str = "ping";
    let range = host::sysctl("net.ipv4.ping_group_range")?;
    let mut bounds = range.split_whitespace().filter_map(|bound| bound.parse::<u64>().ok());
    let (first, last) = (bounds.next()?, bounds.next()?);
    let groups = rustix::process::getgroups().unwrap_or_default();
    let own = groups.iter().map(|group| group.as_raw()).chain([surroundings.ids.gid]);
    if own.map(u64::from).any(|gid| (first..=last).contains(&gid)) {
        return Some(Condition::ok(NAME, "containers can ping"));
    }
    Some(
        Condition::degraded(NAME, format!("net.ipv4.ping_group_range is {first} {last}"))
            .effect("ping from containers gets no answer")
            .admin(persistent("net.ipv4.ping_group_range", "0 2147483647")),
    )
}

/// A clock that is far off makes every registry's certificate invalid.
fn time() -> Option<Condition> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let systemd = Path::new("/run/systemd/system").is_dir();
    (now < PLAUSIBLE_TIME_SECONDS).then(|| {
        Condition::missing("clock", "set to a time before 2025")
            .effect("certificates of registries are refused")
            .admin(if systemd { "sudo timedatectl set-ntp true" } else { "sudo ntpd -n -q -p pool.ntp.org" })
    })
}
