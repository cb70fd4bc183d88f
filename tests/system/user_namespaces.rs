//! `--userns`, `--uidmap`, `--gidmap`.

use crate::support::{has_subordinate_ids, is_root, part, skip};
use crate::{busybox, shell};
use std::os::unix::fs::MetadataExt;

fn map(sandbox: &crate::support::Sandbox, options: &[&str]) -> Vec<[u64; 3]> {
    let text = shell(sandbox, options, "cat /proc/self/uid_map").succeeds().text();
    let number = |word: &str| word.parse().unwrap();
    let line = |line: &str| {
        let words: Vec<u64> = line.split_ascii_whitespace().map(number).collect();
        [words[0], words[1], words[2]]
    };
    text.lines().map(line).collect()
}

#[test]
fn the_caller_is_root_inside_and_subordinate_ids_follow() {
    let sandbox = busybox!();
    let lines = map(&sandbox, &[]);
    assert_eq!((lines[0][0], lines[0][1]), (0, u64::from(rustix::process::geteuid().as_raw())), "{lines:?}");
    let total: u64 = lines.iter().map(|line| line[2]).sum();
    if has_subordinate_ids() {
        assert!(total >= 65_536, "{lines:?}");
    } else {
        assert_eq!(total, 1, "{lines:?}");
    }
}

#[test]
fn keep_id_keeps_the_callers_id() {
    let sandbox = busybox!();
    let own = rustix::process::geteuid().as_raw();
    let directory = sandbox.directory("d");
    let volume = format!("{directory}:/d");
    shell(&sandbox, &["--userns", "keep-id", "-v", &volume], "id -u; touch /d/file; stat -c %u /d")
        .prints(&format!("{own}\n{own}"));
    assert_eq!(std::fs::metadata(format!("{directory}/file")).unwrap().uid(), own);
    // As root on the host keep-id is what no option is.
    if has_subordinate_ids() && !is_root() {
        shell(
            &sandbox,
            &["--userns", "keep-id:uid=2000,gid=3000", "-v", &volume],
            "id -u; id -g; stat -c %u:%g /d /etc/passwd",
        )
        .prints("2000\n3000\n2000:3000\n0:0");
        shell(&sandbox, &["--userns", "keep-id", "--user", "root"], "id -u; touch /etc/x").prints("0");
    }
}

#[test]
fn nomap_does_not_map_the_caller() {
    if !has_subordinate_ids() || is_root() {
        skip!("needs subordinate ids and an ordinary user");
    }
    let sandbox = busybox!();
    let own = u64::from(rustix::process::geteuid().as_raw());
    let lines = map(&sandbox, &["--userns", "nomap"]);
    assert!(lines.iter().all(|[_, outside, count]| !(*outside..outside + count).contains(&own)), "{lines:?}");
}

#[test]
fn auto_gives_a_range_of_the_asked_size() {
    if !has_subordinate_ids() || part() == "nested" {
        skip!("needs subordinate ids");
    }
    let sandbox = busybox!();
    let lines = map(&sandbox, &["--userns", "auto:size=2000"]);
    assert_eq!(lines.iter().map(|line| line[2]).sum::<u64>(), 2000, "{lines:?}");
    assert_eq!(
        shell(&sandbox, &["--userns", "auto"], "id -u; touch /etc/x; stat -c %u /etc/passwd").succeeds().text(),
        "0\n0"
    );
    // Two at once get ranges of their own.
    sandbox.words("run -d --name first --userns auto:size=2000 busybox sleep 1000").succeeds();
    let pid = sandbox.run(["inspect", "--format", "{{.State.Pid}}", "first"]).text();
    let first = std::fs::read_to_string(format!("/proc/{pid}/uid_map")).unwrap();
    let second = shell(&sandbox, &["--userns", "auto:size=2000"], "cat /proc/self/uid_map").succeeds().text();
    let start = |text: &str| text.split_ascii_whitespace().nth(1).unwrap().to_owned();
    assert_ne!(start(&first), start(&second));
    sandbox.words("rm -f -t 0 first").succeeds();
}

#[test]
fn maps_can_be_given_by_hand() {
    if !has_subordinate_ids() {
        skip!("this user has no subordinate ids");
    }
    if is_root() {
        skip!("as root the numbers are the host's, not the intermediate namespace's");
    }
    let sandbox = busybox!();
    // Rootless numbers on the host side are those of the default namespace: 0 is the caller, 1 the first subordinate id.
    let lines = map(&sandbox, &["--uidmap", "0:1:1000", "--uidmap", "1000:0:1"]);
    assert_eq!(lines.iter().map(|line| line[2]).sum::<u64>(), 1001, "{lines:?}");
    let own = u64::from(rustix::process::geteuid().as_raw());
    assert!(lines.contains(&[1000, own, 1]), "{lines:?}");
    // `+` changes the default map instead of replacing it; `@` names an id of the host.
    let lines = map(&sandbox, &["--uidmap", &format!("+500:@{own}:1")]);
    assert!(lines.contains(&[500, own, 1]) && lines.len() >= 2, "{lines:?}");
    for bad in ["0", "a:b:c", "0:0:99999999999", "-1:0:1"] {
        let outcome = shell(&sandbox, &["--uidmap", bad], "true");
        assert_eq!(outcome.code(), 125, "--uidmap {bad}: {outcome:?}");
    }
    shell(&sandbox, &["--uidmap", "0:0:1", "--userns", "keep-id"], "true").exits(125);
}

#[test]
fn any_mapping_sees_the_images_owners() {
    let sandbox = busybox!();
    let mut options: Vec<Vec<&str>> = vec![vec![], vec!["--userns", "keep-id", "--user", "0"]];
    if !has_subordinate_ids() {
        options.pop();
    } else if part() != "nested" {
        // Root of a container has no ids to spare for a range of its own.
        options.push(vec!["--userns", "auto:size=5000"]);
    }
    for options in options {
        shell(
            &sandbox,
            &options,
            "stat -c %u:%g /bin/busybox /etc/passwd; echo x >>/etc/passwd; stat -c %u /etc/passwd",
        )
        .succeeds()
        .prints("0:0\n0:0\n0");
    }
}

#[test]
fn a_container_that_is_privileged_can_make_namespaces_and_mounts() {
    let sandbox = busybox!();
    shell(&sandbox, &["--privileged"], "mkdir -p /m && mount -t tmpfs x /m && touch /m/f && umount /m && echo fine")
        .prints("fine");
    shell(
        &sandbox,
        &["--security-opt", "seccomp=unconfined", "--cap-add", "SYS_ADMIN"],
        "unshare -m true && echo fine",
    )
    .prints("fine");
}
