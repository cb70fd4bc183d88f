//! What podman's own test suite asks of commands about containers, where nothing else here asks it yet.

use crate::support::process::eventually;
use crate::support::{Sandbox, has_subordinate_ids, skip};
use crate::{busybox, shell};
use std::path::Path;
use std::time::Duration;

/// For what happens at once on an idle machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until the log of a container has a line.
fn await_line(sandbox: &Sandbox, name: &str, line: &str) {
    let seen = || sandbox.run(["logs", name]).text().lines().any(|known| known == line).then_some(());
    eventually(PATIENCE, seen).unwrap_or_else(|| panic!("{name} says {line}: {:?}", sandbox.run(["logs", name])));
}

#[test]
fn logs_of_several_containers_come_in_the_order_of_their_lines() {
    let sandbox = busybox!();
    let script = "echo a1; while ! test -e /go; do sleep 0.05; done; echo a2";
    sandbox.run(["run", "-d", "--name", "early", "busybox", "sh", "-c", script]).succeeds();
    await_line(&sandbox, "early", "a1");
    sandbox.words("run --name later busybox echo b1").succeeds();
    sandbox.words("exec early touch /go").succeeds();
    let expected = "early a1\nlater b1\nearly a2";
    sandbox.words("logs --follow --names early later").succeeds().prints(expected);
    sandbox.words("logs --names later early").succeeds().prints(expected);
    sandbox.words("logs --names --tail 1 early later").succeeds().prints("later b1\nearly a2");
    sandbox.words("logs early nobody").refuses(125, "no such container");
    sandbox.words("rm early later").succeeds();
}

#[test]
fn following_ends_at_the_time_that_was_given() {
    let sandbox = busybox!();
    sandbox.run(["run", "-d", "--name", "talks", "busybox", "sh", "-c", "echo one; sleep 1000"]).succeeds();
    await_line(&sandbox, "talks", "one");
    sandbox.words("logs --follow --until 1s talks").succeeds().prints("one");
    sandbox.words("logs --follow --until 1000 talks").succeeds().prints("");
    sandbox.words("logs --since -1h talks").succeeds().prints("");
    sandbox.words("rm -f -t 0 talks").succeeds();
}

#[test]
fn start_filters_what_is_named_and_others_take_one_or_the_other() {
    let sandbox = busybox!();
    sandbox.words("create --name plain busybox true").succeeds();
    sandbox.words("create --name stubborn --restart on-failure:1 busybox true").succeeds();
    sandbox.words("start --filter restart-policy=always plain stubborn").succeeds().prints("");
    let id = sandbox.run(["inspect", "--format", "{{.Id}}", "plain"]).text();
    sandbox.words("start --filter restart-policy=none plain stubborn").succeeds().prints(&id);
    sandbox.words("start --filter restart-policy=none nobody").refuses(125, "no such container");
    for verb in ["stop", "rm", "restart", "pause"] {
        let filter = ["--filter", "name=plain", "plain"];
        sandbox.run([&[verb], &filter[..]].concat()).refuses(125, "--filter takes no arguments");
        let missing = sandbox.run([verb, "--cidfile", "/no/such/file"]);
        missing.refuses(125, "reading CIDFile: open /no/such/file: no such file or directory");
        sandbox.run([verb, "--all", "plain"]).refuses(125, "no arguments are needed with --all");
    }
    sandbox.words("rm plain stubborn").succeeds();
}

#[test]
fn a_container_others_depend_on_goes_after_them() {
    let sandbox = busybox!();
    let base = sandbox.words("create --name base busybox true").succeeds().text();
    let user = sandbox.words("create --name user --network container:base busybox true").succeeds().text();
    let complaint = format!("container {base} has dependent containers which must be removed before it: {user}");
    sandbox.words("rm base").refuses(125, &complaint);
    sandbox.words("rm -f base").refuses(125, &complaint);
    sandbox.words("rm base user").succeeds().prints("user\nbase");
    sandbox.words("create --name base busybox true").succeeds();
    sandbox.words("create --name user --network container:base busybox true").succeeds();
    sandbox.words("container prune --force").succeeds();
    sandbox.words("create --name base busybox true").succeeds();
    sandbox.words("create --name user --ipc container:base busybox true").succeeds();
    sandbox.words("rm --all --force").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn names_may_have_the_slash_that_docker_shows() {
    let sandbox = busybox!();
    sandbox.words("create --name /boat busybox true").succeeds();
    sandbox.run(["ps", "-a", "--filter", "name=^/boat$", "--format", "{{.Names}}"]).succeeds().prints("boat");
    let id = sandbox.words("inspect --format {{.Id}} /boat").succeeds().text();
    let filter = |text: String| sandbox.run(["ps", "-aq", "--no-trunc", "--filter", &format!("id={text}")]).text();
    assert_eq!(filter(id[..13].to_ascii_uppercase()), id, "a prefix, whatever its case");
    assert_eq!(filter(format!("^{}", &id[..13])), id, "an expression");
    assert_eq!(filter(format!("^[^{}]", &id[..1])), "");
    sandbox.words("rm /boat").succeeds().prints("/boat");
    sandbox.words("rm /boat").refuses(1, "no container with ID or name \"/boat\" found: no such container");
}

#[test]
fn real_time_signals_arrive_and_stop() {
    let sandbox = busybox!();
    let script = "trap 'echo last' 64; trap 'exit 7' 37; echo up; while :; do sleep 0.05; done";
    sandbox.run(["run", "-d", "--name", "rt", "--stop-signal", "RTMIN+3", "busybox", "sh", "-c", script]).succeeds();
    await_line(&sandbox, "rt", "up");
    sandbox.words("kill -s 64 rt").succeeds();
    await_line(&sandbox, "rt", "last");
    sandbox.words("stop -t 60 rt").succeeds();
    sandbox.words("wait rt").prints("7");
    sandbox.words("kill -s -0 rt").refuses(125, "invalid signal: 0");
    sandbox.words("kill -s 65 rt").refuses(125, "valid signals are 1 through 64");
    sandbox.words("rm -f -t -1 rt").succeeds();
}

#[test]
fn wait_can_return_with_the_first() {
    let sandbox = busybox!();
    sandbox.words("run -d --name stays busybox sleep 1000").succeeds();
    sandbox.run(["run", "-d", "--name", "goes", "busybox", "sh", "-c", "exit 4"]).succeeds();
    sandbox.words("wait --return-first stays goes").succeeds().prints("4");
    sandbox.words("rm -f -t 0 stays goes").succeeds();
}

#[test]
fn archives_stand_where_images_stand() {
    let sandbox = busybox!();
    sandbox.run(["run", "--name", "made", "--entrypoint", r#"["echo","from the archive"]"#, "busybox"]).succeeds();
    sandbox.words("commit -q made speaks").succeeds();
    let archive = format!("docker-archive:{}", sandbox.work().join("a.tar").display());
    let layout = format!("oci:{}:speaks", sandbox.directory("layout"));
    let blobs = format!("dir:{}", sandbox.directory("blobs"));
    for destination in [&archive, &layout, &blobs] {
        sandbox.run(["push", "speaks", destination]).succeeds();
    }
    sandbox.words("rm made").succeeds();
    sandbox.words("rmi speaks").succeeds();
    let outcome = sandbox.run(["run", "--rm", &archive]).succeeds();
    assert_eq!(outcome.text(), "from the archive");
    let lines = outcome.errors();
    assert!(lines.starts_with("Getting image source signatures\nCopying blob "), "{lines}");
    assert!(lines.ends_with("Writing manifest to image destination\n"), "{lines}");
    sandbox.words("rmi speaks").succeeds();
    for source in [&layout, &blobs] {
        let id = sandbox.run(["pull", "-q", source]).succeeds().text();
        sandbox.run(["run", "--rm", &id]).succeeds().prints("from the archive");
        sandbox.run(["rmi", &id]).succeeds();
    }
    sandbox.words("run --rm docker-archive:/no/such/file").refuses(125, "/no/such/file");
    sandbox.words("push busybox docker-daemon:x").refuses(125, "docker-daemon:x");
}

#[test]
fn users_of_the_host_can_be_the_containers() {
    if !has_subordinate_ids() {
        skip!("this user has no subordinate ids, so the container has one user only");
    }
    let sandbox = busybox!();
    let passwd = std::fs::read_to_string("/etc/passwd").expect("the host's users are read");
    // Debian's first accounts are on every host; games is not in the image.
    let Some(line) = passwd.lines().find(|line| line.starts_with("games:")) else {
        skip!("this host has no user games");
    };
    let uid = line.split(':').nth(2).expect("a user has a number");
    shell(&sandbox, &["--hostuser=games", "--user=games"], "id -u; id -un").succeeds().prints(&format!("{uid}\ngames"));
    shell(&sandbox, &["--user=games"], "true")
        .refuses(126, "unable to find user games: no matching entries in passwd file");
    shell(&sandbox, &["--hostuser=games", "--user=games:no-such-group"], "true")
        .refuses(126, "no matching entries in group file");
}

#[test]
fn time_zones_are_a_file() {
    let sandbox = busybox!();
    if !Path::new("/usr/share/zoneinfo/Asia/Tokyo").exists() {
        skip!("needs the zone Asia/Tokyo (Debian package tzdata)");
    }
    shell(&sandbox, &["--tz=Asia/Tokyo"], "date -u -d @0 +%H; date -d @0 +%H; echo ${TZ-unset}")
        .succeeds()
        .prints("00\n09\nunset");
    shell(&sandbox, &["--tz=No/Where"], "true").refuses(125, "unknown time zone No/Where");
}

#[test]
fn a_mount_at_run_gets_no_file_of_ours() {
    let sandbox = busybox!();
    let directory = sandbox.directory("run");
    shell(&sandbox, &["-v", &format!("{directory}:/run")], "ls -A /run").succeeds().prints("");
    let left = std::fs::read_dir(&directory).expect("it is there").count();
    assert_eq!((left, std::fs::metadata(&directory).expect("it is there").is_dir()), (0, true));
    shell(&sandbox, &["--tmpfs", "/run"], "ls -A /run").succeeds().mentions(".containerenv");
}

#[test]
fn refusals_have_podmans_words() {
    let sandbox = busybox!();
    let empty = sandbox.directory("empty");
    let cases: [(&[&str], i32, &str); 9] = [
        (&["run", "--rmi", "--rm=false", "busybox"], 125, "Error: the --rmi option does not work without --rm\n"),
        (
            &["create", "--device-cgroup-rule", "b 7:* rmw", "busybox"],
            125,
            "Error: device cgroup rules are not supported in rootless mode or in a user namespace\n",
        ),
        (
            &["run", "--authfile", "/no/auth", "busybox"],
            125,
            "Error: credential file is not accessible: faccessat /no/auth: no such file or directory\n",
        ),
        (
            &["logout", "--authfile", "/no/auth", "x"],
            125,
            "Error: credential file is not accessible: faccessat /no/auth: no such file or directory\n",
        ),
        (
            &["run", "--ulimit", "core=-1:1000", "busybox"],
            125,
            "Error: ulimit option \"core=-1:1000\" requires name=SOFT:HARD, failed to be parsed: ulimit soft limit must be less \
             than or equal to hard limit: soft: -1 (unlimited), hard: 1000\n",
        ),
        (
            &["--runtime-flag", "bogus", "run", "busybox"],
            126,
            "Error: coracle: unknown option --bogus: OCI runtime error\n",
        ),
        (
            &["run", "--rm", "--rootfs", &empty],
            127,
            "Error: executable file `` not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command \
             that was not found\n",
        ),
        (&["quadlet", "one", "two"], 125, "Error: accepts at most 1 arg(s), received 2\n"),
        (&["stop", "--all", "--cidfile", "x"], 125, "Error: --all, --latest, and --cidfile cannot be used together\n"),
    ];
    for (words, code, line) in cases {
        let outcome = sandbox.run(words);
        assert_eq!((outcome.code(), outcome.errors().as_str()), (code, line), "{words:?}");
    }
    sandbox.words("ps --events-backend file").succeeds();
    sandbox.words("--runtime-flag debug run --rm busybox true").succeeds();
    sandbox.words("history --format {{.CreatedAt}} busybox").succeeds().mentions(" +0000 UTC");
}
