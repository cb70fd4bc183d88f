//! The seccomp filter: every number of every ABI of this architecture, and the arguments that decide.

use super::DEFAULT;
use crate::busybox;
use crate::support::{Sandbox, is_root, probe, skip};
use std::collections::BTreeSet;

/// Whose default profile refuses a call to a container with podman's default capabilities.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    Podman,
    Docker,
    Both,
}
use By::{Both, Docker, Podman};

/// The ABI has no such call.
const NONE: u32 = u32::MAX;

/// Refused calls: name, number on x86_64 (and x32), number on i386. Not among them are `uprobe` and `uretprobe`, which new
/// kernels ask no filter about.
#[rustfmt::skip]
const REFUSED: [(&str, u32, u32, By); 93] = [
    ("syslog", 103, 103, Docker),
    ("uselib", 134, 86, Both),
    ("ustat", 136, 62, Both),
    ("sysfs", 139, 135, Both),
    ("vhangup", 153, 111, Both),
    ("pivot_root", 155, 217, Docker),
    ("_sysctl", 156, 149, Both),
    ("acct", 163, 51, Both),
    ("settimeofday", 164, 79, Both),
    ("mount", 165, 21, Docker),
    ("umount2", 166, 52, Docker),
    ("swapon", 167, 87, Both),
    ("swapoff", 168, 115, Both),
    ("reboot", 169, 88, Docker),
    ("sethostname", 170, 74, Both),
    ("setdomainname", 171, 121, Both),
    ("iopl", 172, 110, Both),
    ("ioperm", 173, 101, Both),
    ("create_module", 174, 127, Both),
    ("init_module", 175, 128, Both),
    ("delete_module", 176, 129, Both),
    ("get_kernel_syms", 177, 130, Both),
    ("query_module", 178, 167, Both),
    ("quotactl", 179, 131, Both),
    ("nfsservctl", 180, 169, Both),
    ("getpmsg", 181, 188, Both),
    ("putpmsg", 182, 189, Both),
    ("afs_syscall", 183, 137, Both),
    ("tuxcall", 184, NONE, Both),
    ("security", 185, NONE, Both),
    ("lookup_dcookie", 212, 253, Both),
    ("clock_settime", 227, 264, Both),
    ("vserver", 236, 273, Both),
    ("mbind", 237, 274, Docker),
    ("set_mempolicy", 238, 276, Docker),
    ("get_mempolicy", 239, 275, Docker),
    ("kexec_load", 246, 283, Both),
    ("add_key", 248, 286, Both),
    ("request_key", 249, 287, Both),
    ("keyctl", 250, 288, Docker),
    ("migrate_pages", 256, 294, Both),
    ("unshare", 272, 310, Docker),
    ("vmsplice", 278, 316, Podman),
    ("move_pages", 279, 317, Both),
    ("perf_event_open", 298, 336, Both),
    ("fanotify_init", 300, 338, Both),
    ("open_by_handle_at", 304, 342, Both),
    ("setns", 308, 346, Docker),
    ("kcmp", 312, 349, Both),
    ("finit_module", 313, 350, Both),
    ("kexec_file_load", 320, NONE, Both),
    ("bpf", 321, 357, Both),
    ("userfaultfd", 323, 374, Both),
    ("io_pgetevents", 333, 385, Podman),
    ("io_uring_setup", 425, 425, Both),
    ("io_uring_enter", 426, 426, Both),
    ("io_uring_register", 427, 427, Both),
    ("open_tree", 428, 428, Docker),
    ("move_mount", 429, 429, Docker),
    ("fsopen", 430, 430, Docker),
    ("fsconfig", 431, 431, Docker),
    ("fsmount", 432, 432, Docker),
    ("fspick", 433, 433, Docker),
    ("clone3", 435, 435, Docker),
    ("pidfd_getfd", 438, 438, Docker),
    ("process_madvise", 440, 440, Both),
    ("mount_setattr", 442, 442, Docker),
    ("quotactl_fd", 443, 443, Both),
    ("futex_waitv", 449, 449, Podman),
    ("set_mempolicy_home_node", 450, 450, Both),
    ("cachestat", 451, 451, Podman),
    ("map_shadow_stack", 453, 453, Podman),
    ("futex_wake", 454, 454, Podman),
    ("futex_wait", 455, 455, Podman),
    ("futex_requeue", 456, 456, Podman),
    ("statmount", 457, 457, Podman),
    ("listmount", 458, 458, Podman),
    ("lsm_get_self_attr", 459, 459, Both),
    ("lsm_set_self_attr", 460, 460, Both),
    ("lsm_list_modules", 461, 461, Both),
    ("mseal", 462, 462, Podman),
    ("setxattrat", 463, 463, Podman),
    ("getxattrat", 464, 464, Podman),
    ("listxattrat", 465, 465, Podman),
    ("removexattrat", 466, 466, Podman),
    ("open_tree_attr", 467, 467, Both),
    ("file_getattr", 468, 468, Both),
    ("file_setattr", 469, 469, Both),
    // Numbers of i386 alone.
    ("umount", NONE, 22, Docker),
    ("stime", NONE, 25, Both),
    ("vm86old", NONE, 113, Both),
    ("vm86", NONE, 166, Both),
    ("clock_settime64", NONE, 404, Both),
];
/// The first number after those that both profiles can know.
const FIRST_UNKNOWN: u32 = 470;

/// Socket families that Docker refuses, each for a reason given there; podman allows all.
const FAMILIES: [u32; 9] = [12, 19, 20, 23, 25, 34, 37, 38, 40];
/// The first family after Docker's last (`AF_MCTP`).
const FIRST_UNKNOWN_FAMILY: u32 = 46;
/// Bits of `clone` that make namespaces: refused by Docker, by podman through capabilities alone.
const NAMESPACE_BITS: [u32; 7] = [17, 25, 26, 27, 28, 29, 30];
/// Bits of `personality` that alone are a value both allow: `PER_LINUX32` and `UNAME26`.
const PERSONALITY_BITS: [u32; 2] = [3, 17];

/// Answers of a filter: what it lets through, by kind and number.
type Allowed = BTreeSet<(String, u32)>;

fn read(text: &str) -> Allowed {
    let rows = text.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let allowed = rows.filter(|row| row.get(2) == Some(&"allowed"));
    allowed.map(|row| (row[0].to_owned(), row[1].parse().unwrap())).collect()
}

fn ask(sandbox: &Sandbox, options: &[&str]) -> Result<Allowed, String> {
    let probe = probe::mounted(sandbox)?;
    let words = [&["run", "--rm", &probe], &DEFAULT[..], options, &["busybox", "/probe", "calls"]].concat();
    let text = sandbox.run(words).succeeds().text();
    match text.strip_prefix("unavailable ") {
        Some(reason) => Err(format!("nobody can be asked about filtered calls here: {reason}")),
        None => Ok(read(&text)),
    }
}

#[test]
fn system_calls_that_others_refuse_are_refused() {
    let sandbox = busybox!();
    if !cfg!(target_arch = "x86_64") {
        skip!("the tables are of x86_64");
    }
    let allowed = match ask(&sandbox, &[]) {
        Ok(allowed) => allowed,
        Err(reason) => skip!("{reason}"),
    };
    let passes = |kind: &str, number: u32| allowed.contains(&(kind.to_owned(), number));
    // The probe finds what is allowed, or the rest would mean nothing.
    for (kind, number) in [("call", libc::SYS_read as u32), ("call", 56), ("i386", 3), ("socket", 2), ("clone", 8)] {
        assert!(passes(kind, number), "{kind} {number} is refused, or the probe does not work");
    }
    let mut loose = Vec::new();
    for (name, native, i386, by) in REFUSED {
        for (kind, number) in [("call", native), ("x32", native), ("i386", i386)] {
            // Beyond 512 x32 has numbers of its own, and some below mean nothing there.
            if number != NONE && passes(kind, number) {
                loose.push(format!("{kind} {name}, which {by:?} refuses"));
            }
        }
    }
    let unknown = allowed.iter().filter(|(kind, number)| match kind.as_str() {
        "call" | "i386" => *number >= FIRST_UNKNOWN,
        // 512 to 547 are x32's forms of older calls.
        "x32" => (FIRST_UNKNOWN..512).contains(number) || *number > 547,
        "socket" => *number >= FIRST_UNKNOWN_FAMILY || FAMILIES.contains(number),
        "clone" => NAMESPACE_BITS.contains(number),
        "personality" => !PERSONALITY_BITS.contains(number),
        "socket-audit" => true,
        _ => false,
    });
    loose.extend(unknown.map(|(kind, number)| format!("{kind} {number}, which nobody allows")));
    assert!(loose.is_empty(), "allowed here alone: {loose:#?}");
    for (name, number, _, by) in REFUSED.iter().filter(|(_, number, _, by)| *by != Both && *number != NONE) {
        println!("{name} ({number}): refused, as by {by:?} alone");
    }
}

#[test]
fn a_filter_grows_with_the_capability_alone() {
    let sandbox = busybox!();
    let (usual, more) = match (ask(&sandbox, &[]), ask(&sandbox, &["--cap-add", "SYS_ADMIN"])) {
        (Ok(usual), Ok(more)) => (usual, more),
        (Err(reason), _) | (_, Err(reason)) => skip!("{reason}"),
    };
    assert!(usual.is_subset(&more));
    let mount = ("call".to_owned(), libc::SYS_mount as u32);
    assert!(!usual.contains(&mount));
    // Where the caller's own bounding set lacks it nothing is gained.
    let fewer = ask(&sandbox, &["--cap-drop", "ALL"]).expect("asked before");
    assert!(fewer.is_subset(&usual));
    assert!(!fewer.contains(&("call".to_owned(), libc::SYS_chroot as u32)) || !cfg!(target_arch = "x86_64"));
}

/// Calls that are newer than the profile of the podman that may be installed, and allowed by podman's current one.
const NEWER_THAN_INSTALLED: [u32; 1] = [452];

#[test]
fn installed_podman_lets_no_less_through() {
    if std::env::var_os("CORACLE_TEST_LONG").is_none() || !is_root() {
        skip!("takes CORACLE_TEST_LONG=1 and root: podman of another user leaves a process behind");
    }
    let sandbox = busybox!();
    let (Ok(ours), Ok(program)) = (ask(&sandbox, &[]), probe::compiled(&sandbox)) else { skip!("needs cc") };
    let root = sandbox.work().join("root");
    for name in ["bin", "dev", "etc", "proc", "run", "sys", "tmp"] {
        std::fs::create_dir_all(root.join(name)).unwrap();
    }
    std::fs::copy(program, root.join("bin/probe")).unwrap();
    let place = |name: &str| sandbox.work().join(name).display().to_string();
    let output = std::process::Command::new("podman")
        .args(["--root", &place("p"), "--runroot", &place("pr"), "--cgroup-manager=cgroupfs", "run", "--rm"])
        .args([
            "--network=none",
            "--cgroups=disabled",
            "--ulimit=host",
            "--rootfs",
            &place("root"),
            "/bin/probe",
            "calls",
        ])
        .output();
    let Ok(output) = output else { skip!("needs podman (Debian package podman)") };
    if !output.status.success() {
        skip!("podman runs nothing here: {}", String::from_utf8_lossy(&output.stderr));
    }
    let theirs = read(&String::from_utf8_lossy(&output.stdout));
    let loose: Vec<_> = ours.difference(&theirs).filter(|(_, number)| !NEWER_THAN_INSTALLED.contains(number)).collect();
    assert!(loose.is_empty(), "podman refuses {loose:?}");
    theirs.difference(&ours).for_each(|(kind, number)| println!("{kind} {number}: refused here alone"));
}
