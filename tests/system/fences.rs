//! Fences besides namespaces: Landlock around a container and around what answers its file requests, AppArmor, SELinux.

use crate::support::{Sandbox, has_subordinate_ids, process, skip};
use crate::{busybox, shell};
use std::path::Path;
use std::time::Duration;

/// Whether this kernel has a Landlock that can be used; the program says so if it has not.
fn has_landlock(sandbox: &Sandbox) -> bool {
    let outcome = shell(sandbox, &["--network=none", "--security-opt", "landlock=/"], "true");
    outcome.code() == 0 || !outcome.errors().contains("this kernel has none")
}

#[test]
fn places_that_are_not_named_cannot_be_used() {
    let sandbox = busybox!();
    if !has_landlock(&sandbox) {
        skip!("this kernel has no Landlock, or one before 5.19");
    }
    let option = ["--network=none", "--security-opt", "landlock=/:ro,/tmp:rw,/dev:rw"];
    let script = "echo x >/tmp/x && mv /tmp/x /tmp/y && cat /tmp/y /etc/hostname >/dev/null && echo reads; \
        echo x >/root/x; mkdir /made; rm /etc/passwd; echo x >/etc/passwd";
    let outcome = shell(&sandbox, &option, script);
    assert_eq!((outcome.text().as_str(), outcome.code()), ("reads", 1), "{outcome:?}");
    assert_eq!(outcome.errors().matches("Permission denied").count(), 4, "{outcome:?}");
    // Only what is named: not even what the image has elsewhere can be read.
    let outcome =
        shell(&sandbox, &["--network=none", "--security-opt=landlock=/bin", "--init"], "cat /etc/passwd || ls /");
    assert_eq!(outcome.errors().matches("Permission denied").count(), 2, "{outcome:?}");
    // What exec starts has the same fence, and so has another user.
    let named =
        ["run", "-d", "--name", "one", "--network=none", "--security-opt=landlock=/", "busybox", "sleep", "1000"];
    sandbox.run(named).succeeds();
    for user in if has_subordinate_ids() { &["0", "1234"][..] } else { &["0"] } {
        sandbox.run(["exec", "-u", user, "one", "touch", "/tmp/x"]).exits(1).complains("Permission denied");
    }
    sandbox.words("exec one cat /etc/hostname").succeeds();
    sandbox.words("stop -t 0 one").succeeds();
    sandbox.words("start one").succeeds();
    sandbox.words("exec one touch /tmp/x").exits(1).complains("Permission denied");
    sandbox.words("inspect --format {{.HostConfig.SecurityOpt}} one").mentions("landlock=/");
    sandbox.words("rm -f -t 0 one").succeeds();
}

#[test]
fn places_must_be_there_and_make_sense() {
    let sandbox = busybox!();
    for (option, complaint) in [
        ("landlock=relative", "invalid landlock rule \"relative\": it is an absolute path, with :ro or :rw"),
        ("landlock=/tmp:x", "invalid landlock rule \"/tmp:x\""),
    ] {
        shell(&sandbox, &["--network=none", "--security-opt", option], "true").refuses(125, complaint);
    }
    if !has_landlock(&sandbox) {
        skip!("this kernel has no Landlock, or one before 5.19");
    }
    shell(&sandbox, &["--network=none", "--security-opt=landlock=/bin,/no/such"], "true")
        .refuses(125, "open \"/no/such\" for landlock: no such file or directory");
    sandbox.assert_nothing_left();
}

#[test]
fn labels_apply_where_the_host_has_them() {
    let sandbox = busybox!();
    for option in ["apparmor=unconfined", "label=disable", "label=nested"] {
        shell(&sandbox, &["--network=none", "--security-opt", option], "true").succeeds().quietly();
    }
    let enabled = std::fs::read_to_string("/sys/module/apparmor/parameters/enabled").unwrap_or_default();
    let options = ["--network=none", "--security-opt", "apparmor=no-such-profile"];
    match enabled.starts_with('Y') {
        // Nobody has loaded it.
        true => shell(&sandbox, &options, "true").refuses(125, "apply apparmor profile \"no-such-profile\""),
        false => shell(&sandbox, &options, "true")
            .refuses(125, "apparmor profile \"no-such-profile\" specified, but Apparmor is not enabled on this system"),
    };
    if Path::new("/sys/fs/selinux/enforce").exists() {
        shell(&sandbox, &["--network=none", "--security-opt", "label=nonsense"], "true")
            .refuses(125, "bad label option");
    } else {
        // As in podman, nothing is said.
        for option in ["label=type:spc_t", "label=level:s0:c1,c2", "label=nonsense"] {
            shell(&sandbox, &["--network=none", "--security-opt", option], "true").succeeds().quietly();
        }
    }
    sandbox.assert_nothing_left();
}

#[test]
fn what_answers_file_requests_has_given_up_the_rest() {
    let sandbox = busybox!();
    for driver in ["fuse+overlay", "fuse"] {
        let name = driver.replace('+', "-");
        let words = ["run", "-d", "--name", &name, "--network=none", "--storage-driver", driver, "busybox"];
        let outcome =
            sandbox.run([&words[..], &["sh", "-c", "echo x >/etc/new; cat /etc/new /etc/passwd; sleep 1000"]].concat());
        if crate::support::is_refused_driver(&outcome, driver) {
            continue;
        }
        outcome.succeeds();
        let keeper = sandbox.run(["inspect", "--format", "{{.State.ConmonPid}}", &name]).succeeds().text();
        let tasks = || {
            let entries = std::fs::read_dir(format!("/proc/{keeper}/task")).unwrap().flatten();
            let others = entries.filter(|entry| *entry.file_name() != *keeper);
            others
                .map(|entry| std::fs::read_to_string(entry.path().join("status")).unwrap_or_default())
                .collect::<Vec<_>>()
        };
        // A thread begins before it is fenced, but serves nothing until then: it is only waited for here.
        let fenced = process::eventually(Duration::from_secs(60), || {
            let tasks = tasks();
            (!tasks.is_empty() && tasks.iter().all(|task| task.contains("NoNewPrivs:\t1"))).then_some(())
        });
        assert!(fenced.is_some(), "{driver}: {:#?}", tasks());
        let wrote = || sandbox.run(["logs", &name]).text().contains("nobody").then_some(());
        assert!(process::eventually(Duration::from_secs(60), wrote).is_some(), "{driver}");
        sandbox.run(["exec", &name, "sh", "-c", "rm /etc/group && mv /etc/new /tmp && cat /tmp/new"]).prints("x");
        sandbox.run(["rm", "-f", "-t", "0", &name]).succeeds();
    }
}
