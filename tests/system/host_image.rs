//! The two images that need no registry: `hello` and `host`.

use crate::support::{Sandbox, has_subordinate_ids, is_root, part, skip};
use std::fs;

/// A view of the host's own files is served over FUSE; there is no second best for it.
macro_rules! needs_fuse {
    () => {
        if fs::OpenOptions::new().read(true).write(true).open("/dev/fuse").is_err() {
            skip!("the image host needs /dev/fuse");
        }
    };
}

#[test]
fn host_without_fuse_says_what_is_missing() {
    if fs::OpenOptions::new().read(true).write(true).open("/dev/fuse").is_ok() {
        skip!("/dev/fuse is here");
    }
    let sandbox = Sandbox::new();
    let outcome = sandbox.words("run --rm host true").exits(125);
    assert!(outcome.errors().contains("needs FUSE"), "{}", outcome.errors());
    assert!(outcome.errors().contains("Hint: "), "{}", outcome.errors());
    sandbox.assert_nothing_left();
}

#[test]
fn hello_runs_offline_and_tells_what_was_set_up() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.words("run --rm hello").succeeds().quietly();
    let text = outcome.text().to_lowercase();
    for part in ["user", "pid 1", "root", "network", "capabilities", "seccomp"] {
        assert!(text.contains(part), "{part:?} is not in the greeting:\n{text}");
    }
    sandbox.assert_nothing_left();
}

#[test]
fn hello_runs_read_only_and_without_network() {
    let sandbox = Sandbox::new();
    sandbox.words("run --rm --read-only --network none --cap-drop all hello").succeeds();
    sandbox.words("run --rm --userns keep-id hello").succeeds();
}

#[test]
fn host_has_the_machines_programs() {
    needs_fuse!();
    let sandbox = Sandbox::new();
    let version = fs::read_to_string("/etc/os-release").unwrap_or_default();
    sandbox.words("run --rm host cat /etc/os-release").succeeds().prints(version.trim_end_matches('\n'));
    sandbox.words("run --rm host ls -d /usr/bin /etc").succeeds().prints("/etc\n/usr/bin");
    sandbox.run(["run", "--rm", "host", "sh", "-c", "exit 9"]).exits(9);
}

#[test]
fn host_writes_stay_inside() {
    needs_fuse!();
    let sandbox = Sandbox::new();
    let before = fs::read("/etc/passwd").unwrap();
    let script = "echo x >>/etc/passwd && rm -rf /usr/share/doc /etc/os-release && mkdir /new-directory && echo done";
    sandbox.run(["run", "--rm", "host", "sh", "-c", script]).succeeds().prints("done");
    assert!(fs::read("/etc/passwd").unwrap() == before);
    assert!(!fs::metadata("/new-directory").is_ok_and(|_| true));
    sandbox.assert_nothing_left();
}

#[test]
fn host_does_not_show_homes_or_secrets() {
    needs_fuse!();
    let sandbox = Sandbox::new();
    fs::write(sandbox.home().join("private"), "secret").unwrap();
    let home = sandbox.home().display().to_string();
    sandbox.run(["run", "--rm", "host", "cat", &format!("{home}/private")]).exits(1).prints("");
    if !is_root() {
        sandbox.words("run --rm host cat /etc/shadow").exits(1).prints("");
        // What the user itself may read is read-only at most, and only where it was shared.
        let real_home = std::env::var("HOME").unwrap_or_default();
        if real_home.starts_with("/home/") {
            sandbox.run(["run", "--rm", "host", "ls", "-A", &real_home]).omits(".profile");
        }
    }
    sandbox.run(["run", "--rm", "host", "ls", "-A", "/home", "/root", "/tmp"]).omits(".ssh").omits("t-");
    let shared = sandbox.directory("shared");
    fs::write(format!("{shared}/f"), "seen").unwrap();
    sandbox
        .run(["run", "--rm", "-v", &format!("{shared}:/home/shared"), "host", "cat", "/home/shared/f"])
        .succeeds()
        .prints("seen");
}

#[test]
fn host_shows_roots_files_as_roots() {
    needs_fuse!();
    let sandbox = Sandbox::new();
    sandbox.words("run --rm host stat -c %u:%g /etc/passwd /usr/bin").succeeds().prints("0:0\n0:0");
}

#[test]
fn packages_can_be_installed_into_host() {
    needs_fuse!();
    if !fs::metadata("/usr/bin/apt-get").is_ok_and(|_| true) {
        skip!("this machine has no apt-get");
    }
    if !has_subordinate_ids() {
        skip!("apt-get wants several ids, and this user has no subordinate ids");
    }
    if part() == "userns" {
        skip!("one id only");
    }
    let lists = fs::read_dir("/var/lib/apt/lists").map_or(0, |entries| entries.count());
    let sandbox = Sandbox::new();
    // A package that is small and hardly ever installed already.
    if fs::metadata("/usr/games/sl").is_ok() {
        skip!("the package sl is installed already");
    }
    let script = "apt-get update >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends sl >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }; test -x /usr/games/sl && dpkg -s sl | grep ^Status";
    let outcome = sandbox.run(["run", "--rm", "--network", "host", "host", "sh", "-c", script]);
    if outcome.code() != 0 && (outcome.text() + &outcome.errors()).contains("Could not resolve") {
        skip!("no package mirror can be reached");
    }
    outcome.succeeds().mentions("Status: install ok installed");
    assert!(fs::metadata("/usr/games/sl").is_err());
    assert_eq!(fs::read_dir("/var/lib/apt/lists").map_or(0, |entries| entries.count()), lists);
    sandbox.assert_nothing_left();
}

#[test]
fn host_and_hello_are_reserved_names() {
    needs_fuse!();
    let sandbox = Sandbox::new();
    sandbox.words("run --rm --pull never hello").succeeds();
    sandbox.words("images -q").succeeds();
    let text = sandbox.words("run --rm host sh -c true");
    text.succeeds().quietly();
}
