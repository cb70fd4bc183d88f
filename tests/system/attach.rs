//! `attach`, and what all attached commands share: several at once, slow ones, the terminal, the exit code.

use crate::busybox;
use crate::support::process::{Process, eventually};
use crate::support::{Sandbox, needs};
use std::time::Duration;

/// Reads lines and answers each on both streams, until `end`.
const ECHO: &str = "echo up; while read x; do [ $x = end ] && exit 5; echo out $x; echo err $x >&2; done";

/// Waits until the log of `name` holds `text`.
fn logged(sandbox: &Sandbox, name: &str, text: &str) {
    let seen = || sandbox.run(["logs", name]).text().contains(text).then_some(());
    eventually(Duration::from_secs(60), seen).unwrap_or_else(|| panic!("{name} never says {text}"));
}

#[test]
fn several_clients_share_a_container() {
    let sandbox = busybox!();
    sandbox.run(["run", "-d", "-i", "--name", "a", "busybox", "sh", "-c", ECHO]).succeeds();
    let mut watcher = sandbox.start(["attach", "--no-stdin", "a"]);
    // Attached for certain: only then may something be written that it must see.
    eventually(Duration::from_secs(60), || connected(&watcher.process()).then_some(())).expect("it attaches");
    let typist = sandbox.command(["attach", "a"]).input("one\ntwo\nend\n").run();
    typist.exits(5).mentions("out one").mentions("out two").complains("err two");
    watcher.wait_for_output("out two");
    watcher.wait().exits(5).complains("err two");
    sandbox.words("attach a").refuses(125, "you can only attach to running containers");
    sandbox.words("rm a").succeeds();
    sandbox.assert_nothing_left();
}

/// Whether a process has a connected Unix socket: `/proc/PID/fd` shows sockets, and a command has no other.
fn connected(process: &Process) -> bool {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{}/fd", process.pid)) else { return false };
    let is_socket = |entry: std::fs::DirEntry| {
        std::fs::read_link(entry.path()).is_ok_and(|link| link.to_string_lossy().starts_with("socket:"))
    };
    entries.flatten().any(is_socket)
}

#[test]
fn a_stopped_client_holds_up_nobody() {
    let sandbox = busybox!();
    // Far more than all queues together, after a word from the test.
    let script = "read x; head -c 20000000 /dev/zero; echo; echo all; read x; exit 3";
    sandbox.run(["run", "-d", "-i", "--name", "flood", "busybox", "sh", "-c", script]).succeeds();
    let stopped = sandbox.start(["attach", "--no-stdin", "flood"]);
    eventually(Duration::from_secs(60), || connected(&stopped.process()).then_some(())).expect("it attaches");
    stopped.signal(19);
    let other = sandbox.command(["attach", "flood"]).input("go\nend\n").run();
    assert!(other.exits(3).stdout.len() > 1000, "the other client sees output");
    sandbox.run(["inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", "flood"]).prints("exited 3");
    stopped.signal(18);
    stopped.wait().exits(3);
    sandbox.words("rm flood").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn start_attaches_to_what_runs_already() {
    let sandbox = busybox!();
    sandbox.run(["create", "-i", "--name", "s", "busybox", "sh", "-c", ECHO]).succeeds();
    sandbox.command(["start", "-ai", "s"]).input("end\n").run().exits(5).mentions("up");
    sandbox.words("start s").succeeds();
    logged(&sandbox, "s", "up\nup");
    sandbox.command(["start", "-ai", "s"]).input("x\nend\n").run().exits(5).mentions("out x");
    sandbox.words("rm s").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn signals_reach_the_container_unless_told_otherwise() {
    let sandbox = busybox!();
    let script = "trap 'exit 7' USR1; echo up; while :; do sleep 0.1; done";
    sandbox.run(["run", "-d", "--name", "g", "busybox", "sh", "-c", script]).succeeds();
    logged(&sandbox, "g", "up");
    let deaf = sandbox.start(["attach", "--sig-proxy=false", "g"]);
    eventually(Duration::from_secs(60), || connected(&deaf.process()).then_some(())).expect("it attaches");
    deaf.signal(15);
    deaf.wait().exits(143);
    sandbox.run(["inspect", "--format", "{{.State.Running}}", "g"]).prints("true");
    let attached = sandbox.start(["attach", "--latest"]);
    eventually(Duration::from_secs(60), || connected(&attached.process()).then_some(())).expect("it attaches");
    // Taken from the moment of its connection on, or a moment later: signals are blocked by then.
    let ended = eventually(Duration::from_secs(60), || {
        let blocked = std::fs::read_to_string(format!("/proc/{}/status", attached.pid())).ok()?;
        let mask = blocked.lines().find_map(|line| line.strip_prefix("SigBlk:"))?.trim().to_owned();
        (u64::from_str_radix(&mask, 16).ok()? & (1 << 9) != 0).then_some(())
    });
    assert!(ended.is_some(), "signals are never held");
    attached.signal(10);
    attached.wait().exits(7);
    sandbox.words("rm g").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn the_terminal_of_an_attached_client_is_left_as_it_was() {
    needs!("script" from "bsdutils");
    let sandbox = busybox!();
    sandbox.run(["run", "-dit", "--name", "t", "busybox", "sh", "-c", "read x; stty size; sleep 1000"]).succeeds();
    let (text, _) = crate::terminal::in_terminal(
        &sandbox,
        "stty rows 31 cols 71; stty -g; CORACLE attach --detach-keys a,b t; echo code $?; stty -g",
        "go\nab",
    );
    assert!(text.contains("code 0"), "{text:?}");
    logged(&sandbox, "t", "31 71");
    let settings: Vec<&str> = text.lines().filter(|line| line.matches(':').count() > 10).collect();
    assert!(settings.len() == 2 && settings[0].ends_with(settings[1]), "{text}");
    sandbox.run(["inspect", "--format", "{{.State.Running}}", "t"]).prints("true");
    sandbox.words("rm -f -t 0 t").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn what_cannot_be_attached_to_is_refused() {
    let sandbox = busybox!();
    sandbox.words("attach").refuses(125, "\"coracle attach\" requires a name, id, or the \"--latest\" flag");
    sandbox.words("attach a b").refuses(125, "`coracle attach` accepts at most one argument");
    sandbox.words("attach none").refuses(125, "no container with name or ID \"none\" found: no such container");
    sandbox.words("create --name c busybox true").succeeds();
    sandbox.words("attach c").refuses(125, "you can only attach to running containers");
    sandbox.words("rm c").succeeds();
}
