//! Who a container's process is and what it has from the caller: groups, capabilities, keys, terminal, environment.

use super::{evil, or_skip};
use crate::support::{Image, Layer, Sandbox, has_subordinate_ids, needs, probe, process, skip};
use crate::terminal::in_terminal;
use crate::{busybox, shell};
use serde_json::json;
use std::time::Duration;

#[test]
fn a_numeric_name_is_no_other_user() {
    let passwd = "root:x:0:0:root:/root:/bin/sh\n1234:x:0:0:evil:/root:/bin/sh\nservice:x:1234:1234::/:/bin/sh\n";
    let sandbox = or_skip!(evil(Layer::new().file("etc/passwd", 0o644, passwd).file(
        "etc/group",
        0o644,
        "1234:x:0:\nroot:x:0:\n"
    )));
    if !has_subordinate_ids() {
        skip!("this user has no subordinate ids, so there is one id only");
    }
    for user in ["1234", "1234:1234", "service"] {
        sandbox
            .run(["run", "--rm", "--network=none", "-u", user, "evil", "sh", "-c", "id -u; id -g"])
            .prints("1234\n1234");
    }
    sandbox.words("run -d --name one --network=none evil sleep 1000").succeeds();
    sandbox.words("exec -u 1234 one id -u").prints("1234");
    sandbox.words("run --rm --network=none --group-add 1234 evil id -G").prints("0 1234");
    sandbox.words("rm -f -t 0 one").succeeds();
}

#[test]
fn groups_are_the_users_own() {
    let sandbox = busybox!();
    let probe = or_skip!(probe::mounted(&sandbox));
    if !has_subordinate_ids() {
        skip!("this user has no subordinate ids, and the kernel lets it give up no group");
    }
    let groups = |options: &[&str]| {
        let words = [&["run", "--rm", "--network=none", &probe], options, &["busybox", "/probe", "groups"]].concat();
        sandbox.run(words).succeeds().text()
    };
    assert_eq!(groups(&[]), "uid 0 gid 0 groups");
    assert_eq!(groups(&["-u", "tester"]), "uid 1234 gid 1234 groups 4321");
    assert_eq!(groups(&["-u", "tester:tester"]), "uid 1234 gid 1234 groups");
    assert_eq!(groups(&["-u", "77"]), "uid 77 gid 0 groups");
    sandbox
        .run(["run", "-d", "--name", "one", "--network=none", "-u", "tester", &probe, "busybox", "sleep", "1000"])
        .succeeds();
    sandbox.words("exec one /probe groups").prints("uid 1234 gid 1234 groups 4321");
    sandbox.words("exec -u root one /probe groups").prints("uid 0 gid 0 groups");
    sandbox.words("exec -u 77:77 one /probe groups").prints("uid 77 gid 77 groups");
    sandbox.words("rm -f -t 0 one").succeeds();
}

#[test]
fn capabilities_are_never_inheritable() {
    let sandbox = busybox!();
    let none = "CapInh:\t0000000000000000";
    let look = ["grep", "CapInh", "/proc/self/status"];
    for options in [&["--cap-add=NET_ADMIN"][..], &["--privileged"], &["--init"], &["--cap-drop=ALL"]] {
        let words = [&["run", "--rm", "--network=none"], options, &["busybox"], &look].concat();
        sandbox.run(words).prints(none);
    }
    sandbox.words("run -d --name one --network=none busybox sleep 1000").succeeds();
    sandbox.run([&["exec", "one"], &look[..]].concat()).prints(none);
    sandbox.run([&["exec", "--privileged", "one"], &look[..]].concat()).prints(none);
    // A program whose file has inheritable capabilities gains nothing.
    sandbox.words("exec one grep CapAmb /proc/1/status").prints("CapAmb:\t0000000000000000");
    sandbox.words("rm -f -t 0 one").succeeds();
}

#[test]
fn the_callers_keys_are_out_of_reach() {
    let sandbox = busybox!();
    let mounted = or_skip!(probe::mounted(&sandbox));
    let program = or_skip!(probe::compiled(&sandbox));
    let name = format!("coracle-test-{}", std::process::id());
    let coracle = crate::support::binary().display().to_string();
    // Without a filter, which refuses all calls about keys anyway.
    let open = ["--security-opt", "seccomp=unconfined", "--network=none", &mounted, "busybox", "/probe", "key", &name];
    for before in [&["run", "--rm"][..], &["run", "--rm", "--privileged"], &["run", "--rm", "--pid=host"]] {
        let mut invocation = sandbox.command([""; 0]);
        let environment: Vec<_> =
            invocation.inner().get_envs().map(|(name, value)| (name.to_owned(), value.unwrap().to_owned())).collect();
        let output = std::process::Command::new(&program)
            .args(["keys", &name, &coracle])
            .args(before)
            .args(open)
            .env_clear()
            .envs(environment)
            .current_dir(sandbox.work())
            .output()
            .unwrap();
        if output.status.code() == Some(77) {
            skip!("keys cannot be made here: {}", String::from_utf8_lossy(&output.stderr));
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && text.lines().count() == 3, "{output:?}");
        assert!(!text.contains("done"), "{before:?}: {text}");
    }
    // By default not even the question is possible.
    sandbox.run(["run", "--rm", "--network=none", &mounted, "busybox", "/probe", "key", &name]).omits("done");
}

#[test]
fn the_callers_terminal_takes_no_input_from_inside() {
    needs!("script" from "bsdutils");
    let sandbox = busybox!();
    let probe = or_skip!(probe::mounted(&sandbox));
    sandbox.run(["run", "-d", "--name", "one", "--network=none", &probe, "busybox", "sleep", "1000"]).succeeds();
    for words in [
        format!("run --rm -i --network=none {probe} busybox"),
        format!("run --rm --network=none --log-driver=passthrough {probe} busybox"),
        format!("run --rm --network=none --log-driver=passthrough -i {probe} busybox"),
        "exec one".to_owned(),
        "exec -i one".to_owned(),
    ] {
        let (text, code) = in_terminal(&sandbox, &format!("CORACLE {words} /probe steal /proc/self/fd/0"), "");
        assert_eq!(code, 0, "{words}: {text}");
        assert!(text.contains("push: ") && text.contains("take: ") && !text.contains("done"), "{words}: {text}");
    }
    // Its own it may have, and what it pushes there stays there.
    let line = format!("CORACLE run --rm -it --network=none {probe} busybox /probe steal /dev/tty");
    let (text, _) = in_terminal(&sandbox, &line, "");
    assert!(text.contains("push: "), "{text}");
    sandbox.words("rm -f -t 0 one").succeeds();
}

#[test]
fn abstract_sockets_of_the_host_answer_nobody() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixListener};
    let sandbox = busybox!();
    let probe = or_skip!(probe::mounted(&sandbox));
    let name = format!("coracle-shim-{}", std::process::id());
    let _listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    let words = ["run", "--rm", "--network=none", &probe, "busybox", "/probe", "abstract", &name];
    sandbox.run(words).prints("connect: Connection refused");
    // And the keeper has none: CVE-2020-15257 was a shim's.
    sandbox.words("run -d --name one --network=none busybox sleep 1000").succeeds();
    let own = std::fs::read_to_string("/proc/net/unix").unwrap();
    let id = sandbox.words("inspect --format {{.Id}} one").text();
    assert!(!own.lines().any(|line| line.contains('@') && line.contains(&id)), "{own}");
    sandbox.words("rm -f -t 0 one").succeeds();
}

#[test]
fn the_callers_environment_stays_outside() {
    let sandbox = busybox!();
    let look = "env; cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'";
    for words in [
        ["run", "--rm", "--network=none", "busybox", "sh", "-c", look],
        ["run", "--rm", "--init", "busybox", "sh", "-c", look],
    ] {
        let outcome = sandbox.command(words).env("TOKEN_OF_CALLER", "hidden").env("LD_PRELOAD_X", "hidden").run();
        outcome.succeeds().omits("hidden");
    }
    // CVE-2020-14370: what one container was given is not the next one's.
    shell(&sandbox, &["-e", "GIVEN=first", "--network=none"], "env").mentions("GIVEN=first");
    shell(&sandbox, &["--network=none"], "env").omits("GIVEN");
}

#[test]
fn the_images_environment_steers_nothing_on_the_host() {
    let marker_dir = Sandbox::new();
    let marker = marker_dir.work().join("ran").display().to_string();
    let image = or_skip!(Image::busybox());
    let image = image.with(
        "Env",
        json!([
            "LD_PRELOAD=/evil.so",
            "PATH=/evil:/bin",
            "HOME=/evil",
            "TMPDIR=/evil",
            "XDG_RUNTIME_DIR=/evil",
            "CORACLE_ROOT=/evil",
            "BASH_ENV=/evil",
            "LISTEN_FDS=3",
            "NOTIFY_SOCKET=/evil",
            format!("GCONV_PATH={marker}")
        ]),
    );
    let sandbox = Sandbox::new();
    sandbox.add("evil", &image);
    sandbox.words("run --rm --network=none evil true").succeeds();
    sandbox.words("run -d --name one --network=none evil sleep 1000").succeeds();
    sandbox.words("exec one true").succeeds();
    sandbox.words("top one").succeeds();
    sandbox.words("rm -f -t 0 one").succeeds();
    assert!(!std::path::Path::new(&marker).exists());
    sandbox.assert_nothing_left();
}

#[test]
fn top_runs_nothing_of_the_container() {
    let ps = "#!/bin/sh\ntouch /tmp/ran\n";
    let layer =
        Layer::new().file("bin/top", 0o755, ps).file("usr/bin/ps", 0o755, ps).file("usr/bin/nsenter", 0o755, ps);
    let sandbox = or_skip!(evil(layer));
    sandbox.words("run -d --name one --network=none evil sleep 1000").succeeds();
    for words in ["top one", "top one pid huser args", "stats --no-stream one", "inspect one", "logs one", "port one"] {
        sandbox.words(words).succeeds();
    }
    sandbox.words("exec one ls /tmp").prints("");
    sandbox.words("rm -f -t 0 one").succeeds();
}

#[test]
fn an_immense_configuration_ends_in_an_error() {
    let image = or_skip!(Image::busybox());
    let many: Vec<String> = (0..120_000).map(|number| format!("VARIABLE_{number}=x")).collect();
    let sandbox = Sandbox::new();
    sandbox.add("many", &image.clone().with("Env", json!(many)));
    let outcome = sandbox.words("run --rm --network=none many true");
    assert!(matches!(outcome.code(), 0 | 125 | 126), "{outcome:?}");
    assert!(!outcome.errors().contains("panicked"), "{outcome:?}");
    for (name, value) in [
        ("Env", json!([format!("A={}", "x".repeat(3 << 20))])),
        ("WorkingDir", json!("/x".repeat(3000))),
        ("WorkingDir", json!(format!("/{}", "../".repeat(3000)))),
        ("User", json!("root\nroot:x:0:0::/:/bin/sh")),
        ("User", json!(":".repeat(100_000))),
        ("Entrypoint", json!(["/bin/true", "x".repeat(3 << 20)])),
        ("Labels", json!({"a": "x".repeat(1 << 20)})),
    ] {
        let sandbox = Sandbox::new();
        sandbox.add("huge", &image.clone().with(name, value));
        let outcome = sandbox.words("run --rm --network=none huge true");
        assert!(matches!(outcome.code(), 0 | 125 | 126 | 127), "{name}: {outcome:?}");
        assert!(
            outcome.errors().lines().filter(|line| line.starts_with("Error: ")).count() <= 1,
            "{name}: {outcome:?}"
        );
        sandbox.assert_nothing_left();
    }
}

#[test]
fn a_process_started_later_cannot_be_looked_into() {
    // CVE-2016-9962: the process that exec starts was dumpable before it had given up what it came with.
    let sandbox = busybox!();
    let look = "while [ ! -e /stop ]; do for p in /proc/[0-9]*; do n=${p#/proc/}; [ $n -le 2 ] && continue; \
        for f in $p/fd/*; do t=$(readlink $f 2>/dev/null) || continue; \
        case $t in /dev/null|pipe:*) ;; *) echo \"leak $f $t\";; esac; done; done; done; echo end";
    sandbox.run(["run", "-d", "--name", "one", "--network=none", "busybox", "sh", "-c", look]).succeeds();
    for _ in 0..5 {
        sandbox.words("exec one true").succeeds();
    }
    sandbox.words("exec one touch /stop").succeeds();
    let said = || sandbox.words("logs one").text();
    assert!(process::eventually(Duration::from_secs(60), || said().contains("end").then_some(())).is_some());
    assert_eq!(said(), "end");
    sandbox.words("rm -f -t 0 one").succeeds();
}
