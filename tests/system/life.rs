//! Detached containers and the commands that show and end them.

use crate::support::process::eventually;
use crate::{busybox, shell};
use std::time::Duration;

#[test]
fn a_detached_container_returns_at_once() {
    let sandbox = busybox!();
    let outcome = sandbox.words("run -d --name d busybox sleep 1000").succeeds().quietly();
    assert_eq!(outcome.text().len(), 64);
    assert!(outcome.took < Duration::from_secs(20), "{:?}", outcome.took);
    sandbox.run(["ps", "--format", "{{.Names}} {{.Image}} {{.Status}}"]).succeeds().mentions("d ").mentions("Up");
    sandbox.words("rm -f -t 0 d").succeeds().prints("d");
    sandbox.assert_nothing_left();
}

#[test]
fn logs_are_kept_whole_and_apart() {
    let sandbox = busybox!();
    sandbox.run(["run", "-d", "--name", "l", "busybox", "sh", "-c", "echo one; echo two >&2; printf three"]).succeeds();
    sandbox.words("wait l").succeeds().prints("0");
    let outcome = sandbox.words("logs l").succeeds();
    assert_eq!((outcome.text().as_str(), outcome.errors().as_str()), ("one\nthree", "two\n"));
    sandbox.words("logs --tail 1 l").succeeds().prints("three");
    let stamped = sandbox.words("logs -t l").succeeds().lines();
    assert!(stamped[0].len() > 25 && stamped[0].ends_with(" one") && stamped[0].starts_with("20"), "{stamped:?}");
    sandbox.words("rm l").succeeds();
}

#[test]
fn logs_can_be_followed_to_the_end() {
    let sandbox = busybox!();
    sandbox
        .run(["run", "-d", "--name", "f", "busybox", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.2; done"])
        .succeeds();
    sandbox.words("logs -f f").succeeds().prints("1\n2\n3");
    sandbox.words("rm -f f").succeeds();
}

#[test]
fn stop_sends_the_signal_and_then_kills() {
    let sandbox = busybox!();
    sandbox
        .run([
            "run",
            "-d",
            "--name",
            "polite",
            "--stop-signal",
            "USR1",
            "busybox",
            "sh",
            "-c",
            "trap 'exit 3' USR1; echo up; while :; do sleep 0.1; done",
        ])
        .succeeds();
    eventually(Duration::from_secs(20), || sandbox.words("logs polite").text().contains("up").then_some(()))
        .expect("it starts");
    sandbox.words("stop polite").succeeds().prints("polite");
    sandbox.words("wait polite").prints("3");
    sandbox.words("run -d --name deaf busybox sleep 1000").succeeds();
    let outcome = sandbox.words("stop -t 1 deaf").succeeds();
    assert!(outcome.took < Duration::from_secs(20), "{:?}", outcome.took);
    sandbox.words("wait deaf").prints("137");
    sandbox
        .run(["inspect", "--format", "{{.State.Status}} {{.State.ExitCode}} {{.State.Running}}", "deaf"])
        .prints("exited 137 false");
    // Stopping what is stopped is no error.
    sandbox.words("stop deaf").succeeds();
    sandbox.words("rm deaf polite").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn kill_takes_names_and_numbers() {
    let sandbox = busybox!();
    for signal in ["USR1", "SIGUSR1", "10", "sigusr1"] {
        sandbox
            .run([
                "run",
                "-d",
                "--name",
                "k",
                "busybox",
                "sh",
                "-c",
                "trap 'exit 4' USR1; echo up; while :; do sleep 0.1; done",
            ])
            .succeeds();
        eventually(Duration::from_secs(20), || sandbox.words("logs k").text().contains("up").then_some(()))
            .expect("it starts");
        sandbox.words(&format!("kill -s {signal} k")).succeeds().prints("k");
        sandbox.words("wait k").prints("4");
        sandbox.words("kill k").exits(125);
        sandbox.words("rm k").succeeds();
    }
    sandbox.words("run -d --name k busybox sleep 1000").succeeds();
    sandbox.words("kill -s NONSENSE k").exits(125);
    sandbox.words("kill -s 99 k").exits(125);
    sandbox.words("rm -f -t 0 k").succeeds();
}

#[test]
fn a_running_container_is_removed_only_by_force() {
    let sandbox = busybox!();
    sandbox.words("run -d --name r busybox sleep 1000").succeeds();
    assert_ne!(sandbox.words("rm r").code(), 0);
    sandbox.run(["inspect", "--format", "{{.State.Status}}", "r"]).prints("running");
    sandbox.words("rm --force --time 0 r").succeeds();
    sandbox.words("ps -a -q").succeeds().prints("");
    sandbox.words("rm --all --force --ignore -t 0").succeeds().quietly();
    sandbox.assert_nothing_left();
}

#[test]
fn ps_shows_what_is_asked_for() {
    let sandbox = busybox!();
    sandbox.words("run --name done busybox true").succeeds();
    sandbox.words("run -d --name up --label x=1 busybox sleep 1000").succeeds();
    sandbox.words("create --name made busybox true").succeeds();
    let names = |line: &str| {
        let mut lines = sandbox.run(line.split(' ').chain(["--format", "{{.Names}}"])).succeeds().lines();
        lines.sort();
        lines.join(" ")
    };
    assert_eq!(names("ps"), "up");
    assert_eq!(names("ps -a"), "done made up");
    assert_eq!(names("ps -a --filter status=exited"), "done");
    assert_eq!(names("ps -a --filter name=ma"), "made");
    assert_eq!(names("ps -a --filter label=x"), "up");
    assert_eq!(names("ps -n 1"), "made");
    sandbox
        .words("ps -a")
        .succeeds()
        .mentions("CONTAINER ID")
        .mentions("NAMES")
        .mentions("Exited (0)")
        .mentions("Created");
    let ids = sandbox.words("ps -aq --no-trunc").succeeds().lines();
    assert!(ids.len() == 3 && ids.iter().all(|id| id.len() == 64), "{ids:?}");
    let json: serde_json::Value =
        serde_json::from_str(&sandbox.words("ps -a --format json").succeeds().text()).unwrap();
    assert_eq!(json.as_array().map(Vec::len), Some(3));
    sandbox.words("rm -f -a -t 0").succeeds();
}

#[test]
fn a_container_is_found_by_any_unique_beginning_of_its_id() {
    let sandbox = busybox!();
    let id = sandbox.words("create --name one busybox true").succeeds().text();
    for length in [4, 12, 64] {
        sandbox.run(["inspect", "--format", "{{.Id}}", &id[..length]]).succeeds().prints(&id);
    }
    sandbox.run(["rm", &id[..12]]).succeeds();
}

#[test]
fn a_created_container_can_be_started_and_started_again() {
    let sandbox = busybox!();
    sandbox.run(["create", "--name", "again", "busybox", "sh", "-c", "echo x >>/count; wc -l </count"]).succeeds();
    sandbox.run(["inspect", "--format", "{{.State.Status}}", "again"]).prints("created");
    for turn in 1..=3 {
        sandbox.words("start -a again").succeeds().prints(&turn.to_string());
    }
    sandbox.run(["create", "--name", "code", "busybox", "sh", "-c", "exit 6"]).succeeds();
    sandbox.words("start --attach code").exits(6);
    sandbox.words("start code").succeeds().prints("code");
    sandbox.words("wait code").prints("6");
    sandbox.words("rm again code").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn inspect_has_the_fields_scripts_read() {
    let sandbox = busybox!();
    let id = sandbox
        .words("run -d --name i --hostname h -e A=1 -w /tmp -v vol:/v --network none busybox sleep 1000")
        .succeeds()
        .text();
    let json: serde_json::Value = serde_json::from_str(&sandbox.words("inspect i").succeeds().text()).unwrap();
    let it = &json[0];
    assert_eq!(it["Id"], id.as_str());
    assert_eq!(it["Name"], "i");
    assert_eq!(it["State"]["Status"], "running");
    assert_eq!(it["State"]["Running"], true);
    assert!(it["State"]["Pid"].as_i64().unwrap() > 1 && it["State"]["ConmonPid"].as_i64().unwrap() > 1);
    assert_eq!(it["Config"]["Hostname"], "h");
    assert_eq!(it["Config"]["WorkingDir"], "/tmp");
    assert_eq!(it["Config"]["Cmd"], serde_json::json!(["sleep", "1000"]));
    assert!(it["Config"]["Env"].as_array().unwrap().iter().any(|value| value == "A=1"));
    assert!(
        it["Mounts"]
            .as_array()
            .unwrap()
            .iter()
            .any(|mount| mount["Destination"] == "/v" && mount["Type"] == "volume" && mount["Name"] == "vol")
    );
    assert_eq!(it["HostConfig"]["NetworkMode"], "none");
    sandbox.words("rm -f -t 0 i").succeeds();
    sandbox.words("inspect i").exits(125);
}

#[test]
fn wait_waits() {
    let sandbox = busybox!();
    sandbox.run(["run", "-d", "--name", "w", "busybox", "sh", "-c", "sleep 0.5; exit 8"]).succeeds();
    sandbox.words("wait w").succeeds().prints("8");
    sandbox.words("rm w").succeeds();
    shell(&sandbox, &[], "true").succeeds();
}

#[test]
fn what_depends_on_a_container_goes_before_it() {
    let sandbox = busybox!();
    for (name, network) in [("one", "none"), ("two", "container:one"), ("three", "container:two"), ("other", "none")] {
        sandbox.run(["create", "--name", name, "--network", network, "busybox", "true"]).succeeds();
    }
    let id = |name: &str| sandbox.run(["inspect", "--format", "{{.Id}}", name]).succeeds().text().trim().to_owned();
    let expected = [id("three"), id("two"), id("one")];
    // Named twice, removed once.
    assert_eq!(sandbox.words("rm --depend one two").succeeds().lines(), expected);
    sandbox.words("ps -a --format {{.Names}}").succeeds().prints("other");
    sandbox.words("rm --depend nothing").exits(1).complains("no container with ID or name \"nothing\" found");
    sandbox.words("rm other").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn what_a_container_requires_is_started_first() {
    let sandbox = busybox!();
    sandbox.words("create --name base --network none busybox sleep 1000").succeeds();
    sandbox.words("create --name middle --network none --requires base busybox sleep 1000").succeeds();
    let run = "run -d --name top --network none --requires base,middle --requires middle busybox sleep 1000";
    sandbox.words(run).succeeds();
    sandbox.words("ps --format {{.Names}} --sort names").succeeds().prints("base\nmiddle\ntop");
    let ids = sandbox.words("inspect --format {{.Id}} base middle").succeeds().lines();
    let found = sandbox.words("inspect --format {{.Dependencies}} top").succeeds().text();
    assert!(ids.iter().all(|id| found.contains(id.as_str())), "{found}");
    sandbox.words("stop -t 0 base middle").succeeds();
    sandbox.words("ps --format {{.Names}}").succeeds().prints("top");
    sandbox.words("start middle").succeeds();
    sandbox.words("ps --format {{.Names}} --sort names").succeeds().prints("base\nmiddle\ntop");
    sandbox
        .words("create --requires nothing busybox true")
        .refuses(125, "no container with name or ID \"nothing\" found: no such container");
    assert_eq!(sandbox.words("rm -f -t 0 --depend base").succeeds().lines().len(), 3);
    sandbox.assert_nothing_left();
}

#[test]
fn a_container_is_prepared_for_systemd() {
    let sandbox = busybox!();
    let look = "grep -E ' /(run|run/lock|tmp|var/log/journal) ' /proc/mounts | cut -d' ' -f2,3; echo $container_uuid";
    let output = sandbox
        .run(["run", "--name", "unit", "--network", "none", "--systemd", "Always", "busybox", "sh", "-c", look])
        .succeeds()
        .text();
    let mut lines: Vec<&str> = output.lines().collect();
    let id = sandbox.words("inspect --format {{.Id}} unit").succeeds().text();
    assert_eq!(lines.pop(), id.get(..32));
    lines.sort_unstable();
    assert_eq!(lines, ["/run tmpfs", "/run/lock tmpfs", "/tmp tmpfs", "/var/log/journal tmpfs"]);
    let format = "{{.Config.SystemdMode}} {{.Config.StopSignal}}";
    sandbox.run(["inspect", "--format", format, "unit"]).succeeds().prints("true SIGRTMIN+3");
    // By its command, unless that is not wanted; what the user puts somewhere stays.
    for (options, command, expected) in [
        ("", "/sbin/init", "true SIGRTMIN+3"),
        ("--stop-signal TERM", "/usr/lib/systemd/systemd", "true SIGTERM"),
        ("--systemd=false", "/sbin/init", "false SIGTERM"),
        ("", "init", "false SIGTERM"),
    ] {
        sandbox.words(&format!("create --replace --name unit {options} busybox {command}")).succeeds();
        sandbox.run(["inspect", "--format", format, "unit"]).succeeds().prints(expected);
    }
    let refused = sandbox.words("create --systemd bogus busybox").exits(125);
    refused.complains("systemd option requires 'true, false, always'");
    sandbox
        .words("create --systemd always --init busybox")
        .refuses(125, "cannot use container-init binary with systemd=always");
    sandbox.words("rm unit").succeeds();
    sandbox.assert_nothing_left();
}
