//! Health checks: run by hand and by the clock, shown, waited for, and acted upon.

use crate::busybox;
use crate::support::Sandbox;
use crate::support::process::eventually;
use std::time::Duration;

/// Generous: a loaded machine may take its time between two checks.
const LIMIT: Duration = Duration::from_secs(60);

/// What `inspect` shows of a container by a template.
fn shown(sandbox: &Sandbox, name: &str, template: &str) -> String {
    sandbox.run(["inspect", "--format", template, name]).succeeds().text()
}

/// Statuses that `events` tells of, oldest first.
fn told(sandbox: &Sandbox, name: &str) -> Vec<String> {
    let container = format!("container={name}");
    let filters = ["-f", &container, "-f", "event=health_status", "--format", "{{.HealthStatus}}"];
    sandbox.run([&["events", "--stream=false"], &filters[..]].concat()).succeeds().lines()
}

#[test]
fn a_check_run_by_hand_counts() {
    let sandbox = busybox!();
    let check = "echo on stdout; echo on stderr >&2; test ! -e /broken";
    let options = ["--health-cmd", check, "--health-interval", "disable", "--health-retries", "2"];
    sandbox.run([&["create", "--name", "h"], &options[..], &["busybox", "sleep", "1000"]].concat()).succeeds();
    assert_eq!(shown(&sandbox, "h", "{{json .State.Health}}"), r#"{"FailingStreak":0,"Log":null,"Status":""}"#);
    sandbox.words("healthcheck run h").exits(125);
    sandbox.words("start h").succeeds();
    sandbox.words("ps --format {{.Status}}").succeeds().mentions("(starting)");
    sandbox.words("healthcheck run h").succeeds().prints("").quietly();
    let state = "{{.State.Healthcheck.Status}} {{.State.Health.FailingStreak}}";
    assert_eq!(shown(&sandbox, "h", state), "healthy 0");
    let log = "{{range .State.Health.Log}}{{.ExitCode}} {{json .Output}}{{end}}";
    assert_eq!(shown(&sandbox, "h", log), r#"0 "on stdout\non stderr\n""#);
    sandbox.words("ps --filter health=healthy --format {{.Names}}:{{.Status}}").mentions("h:Up").mentions("(healthy)");
    sandbox.words("exec h touch /broken").succeeds();
    for (status, streak) in [("healthy", 1), ("unhealthy", 2)] {
        sandbox.words("healthcheck run h").exits(1).prints("unhealthy").quietly();
        assert_eq!(shown(&sandbox, "h", state), format!("{status} {streak}"));
    }
    assert_eq!(told(&sandbox, "h"), ["healthy", "healthy", "unhealthy"]);
    // Checks are not told of as other processes are.
    sandbox.words("events --stream=false -f event=exec --format {{.Name}}").prints("h");
    sandbox.words("wait --condition unhealthy h").succeeds().prints("-1");
    sandbox.words("stop -t 0 h").succeeds();
    sandbox.words("start h").succeeds();
    assert_eq!(shown(&sandbox, "h", state), "starting 0");
    sandbox.words("rm -f -t 0 h").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn checks_are_run_by_the_clock() {
    let sandbox = busybox!();
    let check = ["--health-cmd", "test -e /ready", "--health-interval", "100ms", "--health-retries", "1000"];
    sandbox.run([&["run", "-d", "--name", "c"], &check[..], &["busybox", "sleep", "1000"]].concat()).succeeds();
    let waiting = sandbox.start(["wait", "--condition=healthy", "c"]);
    eventually(LIMIT, || (told(&sandbox, "c").len() > 1).then_some(())).expect("checks are run again and again");
    sandbox.words("exec c touch /ready").succeeds();
    waiting.wait().succeeds().prints("-1");
    sandbox.words("ps --format {{.Status}}").succeeds().mentions("(healthy)");
    sandbox.words("rm -f -t 0 c").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn an_unhealthy_container_is_dealt_with() {
    let sandbox = busybox!();
    for (action, expected) in [("none", "running"), ("kill", "exited"), ("stop", "exited"), ("restart", "running")] {
        let check = ["--health-cmd", "test ! -e /broken", "--health-interval=disable", "--health-retries=1"];
        let action_option = format!("--health-on-failure={action}");
        let options = [&["run", "-d", "--name", "a", "--stop-timeout", "0", &action_option], &check[..]].concat();
        sandbox.run([&options[..], &["busybox", "sleep", "1000"]].concat()).succeeds();
        sandbox.words("healthcheck run a").succeeds();
        sandbox.words("exec a touch /broken").succeeds();
        sandbox.words("healthcheck run a").exits(1).prints("unhealthy");
        let state = shown(&sandbox, "a", "{{.State.Status}} {{.Config.HealthcheckOnFailureAction}}");
        assert_eq!(state, format!("{expected} {action}"));
        if action == "restart" {
            assert_eq!(shown(&sandbox, "a", "{{.State.Health.FailingStreak}}"), "0");
        }
        sandbox.words("rm -f -t 0 a").succeeds();
    }
    // By the clock as well.
    let check = ["--health-cmd", "false", "--health-interval=100ms", "--health-retries=2", "--health-on-failure=kill"];
    sandbox.run([&["run", "-d", "--name", "a"], &check[..], &["busybox", "sleep", "1000"]].concat()).succeeds();
    sandbox.words("wait a").succeeds().prints("137");
    sandbox.words("rm a").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn startup_checks_time_limits_and_missing_commands() {
    let sandbox = busybox!();
    let run = |name: &str, options: &[&str]| {
        sandbox.run([&["run", "-d", "--name", name], options, &["busybox", "sleep", "1000"]].concat()).succeeds();
    };
    let startup = ["--health-startup-cmd", "test -e /up", "--health-startup-interval=100ms"];
    run("s", &[&startup[..], &["--health-cmd", "test -e /well", "--health-interval=disable"]].concat());
    sandbox.words("healthcheck run s").exits(1).prints("starting");
    sandbox.words("exec s touch /up").succeeds();
    sandbox.words("wait --condition healthy s").succeeds();
    sandbox.words("healthcheck run s").exits(1).prints("unhealthy");
    run("t", &["--health-cmd", "sleep 1000", "--health-timeout", "100ms", "--health-interval=disable"]);
    sandbox.words("healthcheck run t").exits(1);
    let last = "{{range .State.Health.Log}}{{.ExitCode}} {{.Output}}{{end}}";
    assert_eq!(shown(&sandbox, "t", last), "-1 Health check exceeded timeout (100ms)");
    run("m", &["--health-cmd", r#"["/missing"  , "x"]"#, "--health-interval=disable"]);
    sandbox.words("healthcheck run m").exits(1);
    assert!(shown(&sandbox, "m", last).starts_with("127 "), "{}", shown(&sandbox, "m", last));
    let period =
        ["--health-start-period=1h", "--health-retries=1", "--health-interval=disable", "--health-cmd", "false"];
    run("p", &period);
    sandbox.words("healthcheck run p").exits(1).prints("unhealthy");
    assert_eq!(shown(&sandbox, "p", "{{.State.Health.Status}}"), "starting");
    sandbox.words("rm -f -a -t 0").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn mistakes_are_named_in_podmans_words() {
    let sandbox = busybox!();
    let cases: &[(&[&str], &str)] = &[
        (&["--health-on-failure=kill"], "cannot set on-failure action to kill without a health check"),
        (
            &["--health-on-failure=foo", "--health-cmd", "x"],
            r#"invalid on-failure action "foo" for health check: supported actions are none,kill,restart,stop"#,
        ),
        (
            &["--health-interval=foo", "--health-cmd", "x"],
            r#"invalid healthcheck-interval: time: invalid duration "foo""#,
        ),
        (&["--health-retries=0", "--health-cmd", "x"], "healthcheck-retries must be greater than 0"),
        (&["--no-healthcheck", "--health-cmd", "x"], "cannot specify both --no-healthcheck and --health-cmd"),
        (
            &["--health-startup-cmd", "x"],
            "cannot set a startup healthcheck when there is no regular healthcheck: invalid argument",
        ),
    ];
    for (options, message) in cases {
        let outcome = sandbox.run([&["create"], *options, &["busybox"]].concat());
        assert_eq!((outcome.code(), outcome.errors()), (125, format!("Error: {message}\n")), "{options:?}");
    }
    sandbox.words("run -d --name n busybox sleep 1000").succeeds();
    let outcome = sandbox.words("healthcheck run n").exits(125);
    assert!(outcome.errors().ends_with(" has no defined healthcheck\n"), "{outcome:?}");
    sandbox.words("ps --format {{.Status}}").succeeds().omits("(");
    sandbox.words("rm -f -t 0 n").succeeds();
    let unknown = sandbox.words("healthcheck run nosuch").exits(125).errors();
    assert!(
        unknown.starts_with("Error: unable to look up nosuch to perform a health check: no container"),
        "{unknown}"
    );
    sandbox.assert_nothing_left();
}
