//! Restart policies, `restart`, `pause` and `unpause`: what a keeper does when its container ends or must not run.

use crate::busybox;
use crate::support::Sandbox;
use crate::support::process::{Process, eventually};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

fn field(sandbox: &Sandbox, name: &str, field: &str) -> String {
    sandbox.run(["inspect", "--format", &format!("{{{{.{field}}}}}"), name]).succeeds().text()
}

/// Waits until a field of `inspect` has a value.
fn becomes(sandbox: &Sandbox, name: &str, path: &str, value: &str) {
    let reached = eventually(LIMIT, || (field(sandbox, name, path) == value).then_some(()));
    assert!(reached.is_some(), "{name}: {path} is {:?} and never {value:?}", field(sandbox, name, path));
}

#[test]
fn failures_are_retried_as_often_as_asked() {
    let sandbox = busybox!();
    sandbox
        .run(["run", "-d", "--name", "f", "--restart", "on-failure:2", "busybox", "sh", "-c", "echo run; exit 3"])
        .succeeds();
    becomes(&sandbox, "f", "RestartCount", "2");
    becomes(&sandbox, "f", "State.Status", "exited");
    sandbox.words("logs f").prints("run\nrun\nrun");
    assert_eq!(field(&sandbox, "f", "State.ExitCode"), "3");
    assert_eq!(field(&sandbox, "f", "HostConfig.RestartPolicy.Name"), "on-failure");
    assert_eq!(field(&sandbox, "f", "HostConfig.RestartPolicy.MaximumRetryCount"), "2");
    // One that succeeds is not started again, and a user's start counts anew.
    sandbox.run(["run", "-d", "--name", "s", "--restart", "on-failure", "busybox", "true"]).succeeds();
    sandbox.words("wait s").prints("0");
    becomes(&sandbox, "s", "State.Status", "exited");
    assert_eq!(field(&sandbox, "s", "RestartCount"), "0");
    sandbox.words("rm f s").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn a_container_that_is_always_restarted_ends_when_it_is_stopped() {
    let sandbox = busybox!();
    for policy in ["always", "unless-stopped"] {
        sandbox
            .run([
                "run",
                "-d",
                "--name",
                "a",
                "--restart",
                policy,
                "busybox",
                "sh",
                "-c",
                "echo run; sleep 0.05; exit 1",
            ])
            .succeeds();
        let again =
            eventually(LIMIT, || (field(&sandbox, "a", "RestartCount").parse::<u32>().unwrap() >= 2).then_some(()));
        assert!(again.is_some(), "{policy}: it is not started again");
        sandbox.words("stop -t 5 a").succeeds().prints("a");
        assert_eq!(field(&sandbox, "a", "State.Status"), "exited");
        let count = field(&sandbox, "a", "RestartCount");
        sandbox
            .run(["ps", "-a", "--filter", &format!("restart-policy={policy}"), "--format", "{{.Names}}"])
            .prints("a");
        assert_eq!(field(&sandbox, "a", "RestartCount"), count, "it goes on after stop");
        sandbox.words("rm a").succeeds();
    }
    sandbox.assert_nothing_left();
}

#[test]
fn kill_ends_it_for_good_and_a_killed_keeper_does_not_come_back() {
    let sandbox = busybox!();
    sandbox.words("run -d --name k --restart always busybox sleep 1000").succeeds();
    sandbox.words("kill k").succeeds();
    becomes(&sandbox, "k", "State.Status", "exited");
    assert_eq!(field(&sandbox, "k", "RestartCount"), "0");
    sandbox.words("start k").succeeds();
    let keeper: u32 = field(&sandbox, "k", "State.ConmonPid").parse().unwrap();
    Process::read(keeper).expect("the keeper runs").signal(9);
    becomes(&sandbox, "k", "State.Running", "false");
    sandbox.words("restart k").succeeds().prints("k");
    assert_eq!(field(&sandbox, "k", "State.Running"), "true");
    sandbox.words("rm -f -t 0 k").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn a_policy_and_rm_go_together_as_far_as_in_podman() {
    let sandbox = busybox!();
    for policy in ["always", "unless-stopped"] {
        let line = format!("run --rm --restart {policy} busybox true");
        sandbox
            .words(&line)
            .refuses(125, "the --rm option conflicts with --restart, when the restartPolicy is not \"\" and \"no\"");
    }
    sandbox.words("run --rm --restart no busybox true").succeeds();
    sandbox.words("create --restart on-failure:x busybox true").refuses(125, "parsing restart policy retry count");
    sandbox.words("ps --filter restart-policy=bogus").refuses(125, "bogus invalid restart policy");
    sandbox.assert_nothing_left();
}

#[test]
fn restart_starts_what_runs_and_what_does_not() {
    let sandbox = busybox!();
    let script = "echo run; trap 'exit 0' TERM; while :; do sleep 0.05; done";
    sandbox.run(["run", "-d", "--name", "r", "busybox", "sh", "-c", script]).succeeds();
    sandbox.run(["run", "-d", "--rm", "--name", "other", "busybox", "sh", "-c", script]).succeeds();
    let before = field(&sandbox, "r", "State.Pid");
    eventually(LIMIT, || sandbox.words("logs r").text().contains("run").then_some(())).expect("it runs");
    sandbox.words("restart r other").succeeds().prints("r\nother");
    assert_ne!(field(&sandbox, "r", "State.Pid"), before);
    assert_eq!(field(&sandbox, "other", "State.Status"), "running");
    assert_eq!(field(&sandbox, "r", "RestartCount"), "0");
    eventually(LIMIT, || (sandbox.words("logs r").text() == "run\nrun").then_some(())).expect("it runs again");
    sandbox.words("stop -t 5 r other").succeeds();
    sandbox.words("restart other").refuses(125, "no container with name or ID \"other\" found: no such container");
    sandbox.words("restart --running").succeeds().prints("");
    sandbox.words("restart --time 5 r").succeeds().prints("r");
    assert_eq!(field(&sandbox, "r", "State.Status"), "running");
    sandbox.words("restart").refuses(125, "you must provide at least one name or id");
    sandbox.words("rm -f -t 0 r").succeeds();
    sandbox.assert_nothing_left();
}

/// Time that a process has had, of its own and of the kernel's (proc_pid_stat(5), utime and stime), in clock ticks.
fn processor_ticks(pid: u32) -> [u64; 2] {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    [fields[11].parse().unwrap(), fields[12].parse().unwrap()]
}

#[test]
fn a_paused_container_stands_still() {
    let sandbox = busybox!();
    let script = "sleep 1000 & trap 'echo end; exit 4' USR1; echo up; while :; do echo x >>/n; done";
    let id = sandbox.run(["run", "-d", "--name", "p", "busybox", "sh", "-c", script]).succeeds().text();
    eventually(LIMIT, || sandbox.words("logs p").text().contains("up").then_some(())).expect("it runs");
    sandbox.words("pause p").succeeds().prints("p");
    assert_eq!(field(&sandbox, "p", "State.Status"), "paused");
    assert_eq!(field(&sandbox, "p", "State.Paused"), "true");
    sandbox.words("ps --format {{.Names}}:{{.Status}}").prints("p:Paused");
    let init: u32 = field(&sandbox, "p", "State.Pid").parse().unwrap();
    let before = processor_ticks(init);
    sandbox.words("pause p").refuses(125, &format!("\"{id}\" is already paused: container state improper"));
    sandbox.words("stop p").refuses(125, "is in state paused: container state improper");
    sandbox.words("exec p true").exits(255);
    sandbox.words("restart p").refuses(125, "unable to restart a container in a paused or unknown state");
    assert_ne!(sandbox.words("rm p").code(), 0);
    // A loop that never waits would have run meanwhile; stopped or frozen, it has not.
    assert_eq!(processor_ticks(init), before);
    sandbox.words("kill -s USR1 p").succeeds();
    sandbox.words("unpause --all").succeeds().prints(&id);
    sandbox.words("wait p").prints("4");
    sandbox.words("pause p").refuses(125, "\"exited\" is not running, can't pause: container state improper");
    sandbox.words("unpause p").refuses(125, "is not paused, can't unpause: container state improper");
    sandbox.words("start p").succeeds();
    assert_eq!(field(&sandbox, "p", "State.Status"), "running");
    sandbox.words("pause --latest").succeeds();
    sandbox.words("rm -f p").succeeds();
    sandbox.assert_nothing_left();
}
