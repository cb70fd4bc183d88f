//! A default container compared, item by item, with what others give theirs: nothing may be looser than theirs.
//!
//! What is found is asked of the kernel from inside (`tests/support/probe.c`, `/proc`), never of this program. What is
//! expected stands in tables, each with its source:
//!
//! * podman: containers/common (now podman-container-tools/container-libs) `pkg/config/default.go` (capabilities, masked
//!   and read-only paths) and `pkg/seccomp/seccomp.json` as of 0.62, podman 5.4; mounts from podman's `pkg/specgen`;
//! * Docker: moby/profiles `seccomp/default_linux.go` and moby/moby `daemon/pkg/oci/defaults.go` as of 2026;
//! * the runtime specification 1.2: config-linux.md, "Default Filesystems", "Default Devices".
//!
//! Each test prints the difference (`--nocapture` shows it): where this program gives less. `CORACLE_TEST_LONG=1` as root
//! also runs the probe in a container of the podman that is installed, and compares with what that lets through.

mod calls;

use crate::support::{Outcome, Sandbox, probe, skip};
use crate::{busybox, shell};
use std::collections::BTreeMap;

/// Options of the container that is looked at: the default one, but for a network that every host can give.
const DEFAULT: [&str; 2] = ["--network", "none"];

/// One item: what was found, and what others have.
fn report(item: &str, ours: &str, podman: &str, docker: &str) {
    if ours != podman || ours != docker {
        println!("{item}: {ours} (podman {podman}, Docker {docker})");
    }
}

fn look(sandbox: &Sandbox, script: &str) -> Outcome {
    shell(sandbox, &DEFAULT, script).succeeds()
}

#[test]
fn capabilities_are_no_more_than_podmans() {
    const PODMAN: u64 = 0x8004_05fb;
    // The same and MKNOD, NET_RAW, AUDIT_WRITE.
    const DOCKER: u64 = 0xa804_25fb;
    let sandbox = busybox!();
    let status = look(&sandbox, "grep ^Cap /proc/self/status").text();
    for line in status.lines() {
        let (set, value) = line.split_once(":\t").unwrap();
        let value = u64::from_str_radix(value, 16).unwrap();
        let (podman, docker) = if matches!(set, "CapInh" | "CapAmb") { (0, 0) } else { (PODMAN, DOCKER) };
        report(set, &format!("{value:x}"), &format!("{podman:x}"), &format!("{docker:x}"));
        assert_eq!(value & !(podman & docker), 0, "{set} has more than podman's or Docker's");
    }
    assert_eq!(status.lines().count(), 5);
}

/// podman's list and Docker's; a path that this kernel has not needs no mask.
const MASKED: [(&str, &str); 14] = [
    ("/proc/acpi", "both"),
    ("/proc/asound", "Docker; podman shows it read-only"),
    ("/proc/interrupts", "Docker"),
    ("/proc/kcore", "both"),
    ("/proc/keys", "both"),
    ("/proc/latency_stats", "both"),
    ("/proc/sched_debug", "both"),
    ("/proc/scsi", "both"),
    ("/proc/timer_list", "both"),
    ("/proc/timer_stats", "both"),
    ("/sys/dev/block", "podman"),
    ("/sys/devices/virtual/powercap", "both"),
    ("/sys/firmware", "both"),
    ("/sys/fs/selinux", "podman"),
];

/// The same in both.
const READ_ONLY: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/// Where something is mounted, and with which options, the last one of a place.
fn mounts(sandbox: &Sandbox) -> BTreeMap<String, (String, String)> {
    let listed = look(sandbox, "cat /proc/self/mountinfo").text();
    listed
        .lines()
        .map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            let kind = line.split_once(" - ").unwrap().1.split(' ').next().unwrap();
            (fields[4].to_owned(), (fields[5].to_owned(), kind.to_owned()))
        })
        .collect()
}

#[test]
fn files_about_the_host_are_masked_and_read_only() {
    let sandbox = busybox!();
    let mounts = mounts(&sandbox);
    let names: Vec<&str> = MASKED.iter().map(|(path, _)| *path).chain(READ_ONLY).collect();
    let there = look(&sandbox, &format!("for p in {}; do test -e $p && echo $p; done; true", names.join(" "))).text();
    let throttle = look(&sandbox, "ls -d /sys/devices/system/cpu/cpu*/thermal_throttle 2>/dev/null; true").text();
    let masked = MASKED.iter().map(|(path, by)| (*path, *by)).chain(throttle.lines().map(|path| (path, "Docker")));
    for (path, by) in masked {
        if !there.lines().chain(throttle.lines()).any(|line| line == path) {
            continue;
        }
        let (options, kind) = mounts.get(path).unwrap_or_else(|| panic!("{path} is not masked, but by {by}"));
        assert!(matches!(kind.as_str(), "devtmpfs" | "tmpfs" | "overlay"), "{path}: {kind}");
        assert!(options.split(',').any(|option| option == "ro"), "{path}: {options}");
        if by != "both" {
            println!("{path}: masked (by {by})");
        }
        // Whatever it is now, there is nothing to be read.
        look(&sandbox, &format!("if test -d {path}; then ls -A {path}; else cat {path}; fi")).prints("");
    }
    for path in READ_ONLY.iter().filter(|path| there.lines().any(|line| line == **path)) {
        let (options, _) = mounts.get(*path).unwrap_or_else(|| panic!("{path} is no mount of its own"));
        assert!(options.split(',').any(|option| option == "ro"), "{path}: {options}");
    }
}

/// What both give a mount, where they differ the stricter: podman's `/dev` and devices are `noexec`.
const FLAGS: [(&str, &[&str]); 13] = [
    ("/proc", &["nosuid", "noexec", "nodev"]),
    ("/dev", &["nosuid", "noexec"]),
    ("/dev/pts", &["nosuid", "noexec"]),
    ("/dev/shm", &["nosuid", "noexec", "nodev"]),
    ("/dev/mqueue", &["nosuid", "noexec", "nodev"]),
    ("/sys", &["ro", "nosuid", "noexec", "nodev"]),
    ("/sys/fs/cgroup", &["ro", "nosuid", "noexec", "nodev"]),
    ("/dev/null", &["nosuid", "noexec"]),
    ("/dev/zero", &["nosuid", "noexec"]),
    ("/dev/full", &["nosuid", "noexec"]),
    ("/dev/random", &["nosuid", "noexec"]),
    ("/dev/urandom", &["nosuid", "noexec"]),
    ("/dev/tty", &["nosuid", "noexec"]),
];

#[test]
fn mounts_have_the_flags_of_others() {
    let sandbox = busybox!();
    let mounts = mounts(&sandbox);
    for (place, flags) in FLAGS {
        // A file system that the kernel or the host lacks is no way out.
        let Some((options, _)) = mounts.get(place) else {
            println!("{place}: not there");
            continue;
        };
        for flag in flags {
            assert!(options.split(',').any(|option| option == *flag), "{place} is not {flag}: {options}");
        }
    }
    for (place, (options, kind)) in &mounts {
        let known = FLAGS.iter().any(|(known, _)| known == place)
            || MASKED.iter().any(|(known, _)| known == place)
            || READ_ONLY.contains(&place.as_str())
            || place.ends_with("/thermal_throttle")
            || place == "/";
        // Below the host's /sys or /proc, where a new one cannot be had (inside another container).
        let below = ["/sys/", "/proc/"].iter().any(|top| place.starts_with(top)) && options.contains("nosuid");
        let own = ["/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/run/.containerenv"].contains(&place.as_str());
        if own {
            assert!(options.contains("nosuid") && options.contains("nodev"), "{place}: {options}");
        }
        assert!(known || own || below, "{place} ({kind}, {options}) is mounted in no other container");
    }
}

#[test]
fn device_nodes_are_those_of_the_specification() {
    let sandbox = busybox!();
    // runtime specification, "Default Devices"; ptmx is of the container's own devpts.
    let known = ["/dev/full 1 7", "/dev/null 1 3", "/dev/pts/ptmx 5 2", "/dev/random 1 8", "/dev/tty 5 0"];
    let known: Vec<&str> = known.into_iter().chain(["/dev/urandom 1 9", "/dev/zero 1 5"]).collect();
    let script = "find / -xdev -type c -o -xdev -type b; find /dev -type c -o -type b";
    let found = look(&sandbox, &format!("for f in $({script}); do echo $f 0x$(stat -c '%t 0x%T' $f); done")).text();
    for line in found.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let number = |text: &str| u32::from_str_radix(text.trim_start_matches("0x"), 16).unwrap();
        let shown = format!("{} {} {}", fields[0], number(fields[1]), number(fields[2]));
        assert!(known.contains(&shown.as_str()), "{shown} is in no other container");
    }
    let Ok(probe) = probe::mounted(&sandbox) else { skip!("needs cc (Debian package gcc)") };
    // A disk, memory and the console of the machine.
    for (major, minor) in [("8", "0"), ("1", "1"), ("5", "1"), ("253", "0")] {
        let words = ["run", "--rm", "--network=none", &probe, "busybox", "/probe", "device", major, minor];
        sandbox.run(words).succeeds().mentions("mknod: Operation not permitted").omits("open: done");
    }
}

#[test]
fn limits_and_the_rest_are_no_looser_than_the_callers() {
    let sandbox = busybox!();
    let inside = look(&sandbox, "cat /proc/self/limits").text();
    let outside = std::fs::read_to_string("/proc/self/limits").unwrap();
    let hard = |line: &str| match line.get(47..68).unwrap_or_default().trim() {
        "unlimited" => u64::MAX,
        number => number.parse().unwrap_or(u64::MAX),
    };
    for (inside, outside) in inside.lines().zip(outside.lines()).skip(1) {
        assert_eq!(inside.get(..25), outside.get(..25));
        assert!(hard(inside) <= hard(outside), "{inside} is more than the caller's {outside}");
    }
    // Both leave no_new_privs to the caller, who here sets it where it is set already.
    let status = look(&sandbox, "cat /proc/self/status").mentions("Umask:\t0022").mentions("Seccomp:\t2").text();
    let privileges = |text: &str| text.lines().find(|line| line.starts_with("NoNewPrivs")).map(str::to_owned);
    assert!(privileges(&status) >= privileges(&std::fs::read_to_string("/proc/self/status").unwrap()));
    let score = |text: &str| text.trim().parse::<i32>().unwrap();
    let own = std::fs::read_to_string("/proc/self/oom_score_adj").unwrap();
    assert!(score(&look(&sandbox, "cat /proc/self/oom_score_adj").text()) >= score(&own));
}
