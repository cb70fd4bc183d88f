//! `update`: what can be changed of a container that exists.

use crate::busybox;
use crate::support::process::eventually;
use std::time::Duration;

/// Far more than anything here takes on a slow machine.
const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn limits_are_changed_one_by_one() {
    let sandbox = busybox!();
    let id = sandbox.words("create --name one --pids-limit 1024 busybox true").succeeds().text();
    sandbox.words("update --memory 100m one").prints(id.trim());
    sandbox.words("update --cpus 1.5 one").prints(id.trim());
    sandbox
        .words("inspect --format {{.HostConfig.Memory}}:{{.HostConfig.PidsLimit}}:{{.HostConfig.NanoCpus}} one")
        .prints("104857600:1024:1500000000");
    sandbox.words("update --memory-swap 1m one").refuses(125, "larger than memory limit");
    sandbox.words("update nobody").refuses(125, "no container with name or ID \"nobody\" found");
    sandbox.words("update").refuses(125, "requires at least 1 arg(s), only received 0");
    sandbox.words("rm one").succeeds();
}

#[test]
fn a_running_container_gets_another_restart_policy() {
    let sandbox = busybox!();
    let directory = sandbox.directory("shared");
    let volume = format!("{directory}:/shared");
    let script = "until test -e /shared/end; do sleep 0.1; done";
    sandbox.run(["run", "-d", "--name", "one", "-v", &volume, "busybox", "sh", "-c", script]).succeeds();
    sandbox.words("update --restart always one").succeeds();
    sandbox.words("inspect --format {{.HostConfig.RestartPolicy.Name}} one").prints("always");
    std::fs::write(std::path::Path::new(&directory).join("end"), "").unwrap();
    let restarts = || sandbox.words("inspect --format {{.RestartCount}} one").succeeds().text();
    eventually(LIMIT, || (restarts().trim() != "0").then_some(())).expect("it is started again");
    sandbox.words("update --restart sometimes one").refuses(125, "\"sometimes\" is not a valid restart policy");
    sandbox.words("rm -f -t 0 one").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn variables_and_health_checks_are_changed() {
    let sandbox = busybox!();
    sandbox.words("run -d --name one -e A=1 -e B=2 --stop-signal KILL busybox sleep 1000").succeeds();
    sandbox.words("update -e A=3 -e C=4 --unsetenv B one").succeeds();
    sandbox.run(["exec", "one", "sh", "-c", "echo $A$B$C"]).prints("34");
    sandbox.words("update --health-interval 10s one").refuses(125, "healthcheck command is not set");
    sandbox.run(["update", "--health-cmd", "echo checked", "--health-retries", "7", "one"]).succeeds();
    sandbox.words("update --health-timeout 11s one").succeeds();
    sandbox
        .words("inspect --format {{.Config.Healthcheck.Test}}|{{.Config.Healthcheck.Retries}}|{{.Config.Healthcheck.Timeout}} one")
        .prints("[CMD-SHELL echo checked]|7|11s");
    sandbox.words("healthcheck run one").succeeds();
    sandbox.words("update --no-healthcheck one").succeeds();
    sandbox.words("inspect --format {{.Config.Healthcheck.Test}} one").prints("[NONE]");
    sandbox.words("rm -f -t 0 one").succeeds();
}
