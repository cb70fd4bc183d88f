//! What scripts written for podman lean on, found by running podman's own tests.

use crate::busybox;
use crate::support::process::eventually;
use crate::support::{has_subordinate_ids, skip};
use std::time::Duration;

/// Far more than anything here takes on a slow machine.
const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn a_working_directory_that_is_not_there_is_126() {
    let sandbox = busybox!();
    sandbox
        .words("run --rm --workdir /i/do/not/exist busybox pwd")
        .refuses(126, "workdir \"/i/do/not/exist\" does not");
    sandbox.assert_nothing_left();
}

#[test]
fn a_run_that_times_out_is_255() {
    let sandbox = busybox!();
    sandbox.words("run --name t --timeout 1 busybox sleep 1000").exits(255);
    sandbox.words("inspect --format {{.State.ExitCode}} t").prints("-1");
}

#[test]
fn the_image_goes_with_its_last_container() {
    let sandbox = busybox!();
    sandbox.words("run --name keep busybox true").succeeds();
    sandbox.words("run --rmi busybox true").succeeds().complains("image is in use by a container");
    sandbox.words("tag busybox another:1").succeeds();
    sandbox.words("run -d --rmi --network none --name goes another:1 true").succeeds().quietly();
    let is_gone = || (sandbox.words("image exists another:1").code() == 1).then_some(());
    assert!(eventually(LIMIT, is_gone).is_some(), "the keeper removes the image");
    sandbox.words("container exists goes").exits(1);
    sandbox.words("image exists busybox").succeeds();
    sandbox.words("rm keep").succeeds();
    sandbox.words("run --rmi busybox sh -c").exits(2);
    sandbox.words("image exists busybox").exits(1);
    sandbox.words("rmi --force busybox").succeeds().prints("");
    sandbox.words("rmi busybox").exits(1);
}

#[test]
fn standard_output_goes_where_it_was_sent() {
    let sandbox = busybox!();
    sandbox.words("--noout create --name c busybox true").succeeds().prints("").quietly();
    let file = sandbox.file("out", "");
    sandbox.run(["--out", &file, "ps", "-a", "--format", "{{.Names}}"]).succeeds().prints("").quietly();
    assert_eq!(std::fs::read_to_string(file).unwrap(), "c\n");
}

#[test]
fn attaching_to_nothing_but_input_prints_the_id() {
    let sandbox = busybox!();
    let id = sandbox.words("run --name c --attach stdin busybox echo hello").succeeds().text();
    sandbox.words("inspect --format {{.Id}} c").prints(&id);
}

#[test]
fn the_log_driver_is_shown_as_it_is() {
    let sandbox = busybox!();
    sandbox.words("create --name n --log-driver none busybox true").succeeds();
    sandbox.words("inspect --format [{{.HostConfig.LogConfig.Path}}] n").prints("[]");
    sandbox.words("create --name s --log-opt max-size=1.043m busybox true").succeeds();
    sandbox.words("inspect --format {{.HostConfig.LogConfig.Size}} s").prints("1.043MB");
}

#[test]
fn the_same_mount_twice_is_one() {
    let sandbox = busybox!();
    let directory = sandbox.directory("shared");
    let mount = format!("{directory}:/m");
    sandbox.run(["run", "--rm", "-v", &mount, "-v", &mount, "busybox", "true"]).succeeds();
    let other = format!("{}:/m", sandbox.directory("other"));
    sandbox
        .run(["run", "--rm", "-v", &mount, "-v", &other, "busybox", "true"])
        .refuses(125, "duplicate mount destination");
}

#[test]
fn users_of_the_host_can_be_named_inside() {
    let sandbox = busybox!();
    let passwd = sandbox.words("run --rm --hostuser daemon busybox cat /etc/passwd").succeeds();
    assert!(passwd.lines().iter().any(|line| line.starts_with("daemon:*:1:")), "{passwd:?}");
    sandbox.words("run --rm --hostuser no-such-user busybox true").refuses(126, "no-such-user");
}

#[test]
fn who_keeps_the_own_id_is_at_home_in_the_working_directory() {
    if !has_subordinate_ids() {
        skip!("this user has no subordinate ids, so there is one id only");
    }
    let sandbox = busybox!();
    sandbox
        .run(["run", "--rm", "--userns=keep-id:uid=4242,gid=4242", "-w", "/tmp", "busybox", "sh", "-c", "echo $HOME"])
        .prints("/tmp");
    let home = sandbox.home().to_string_lossy().into_owned();
    let mount = format!("{home}:{home}");
    let arguments =
        ["run", "--rm", "--userns=keep-id:uid=4242,gid=4242", "-v", &mount, "busybox", "sh", "-c", "echo $HOME"];
    sandbox.run(arguments).prints(&home);
}

#[test]
fn volumes_are_found_by_expression() {
    let sandbox = busybox!();
    for name in ["volume_1_x", "volume_2_x"] {
        sandbox.run(["volume", "create", name]).succeeds();
    }
    sandbox.words("volume ls -q --filter name=volume_1.+").prints("volume_1_x");
    sandbox.words("volume ls -q --filter name=^volume_[2-9]_x$").prints("volume_2_x");
}

#[test]
fn starting_fails_with_125_when_nobody_waits() {
    let sandbox = busybox!();
    sandbox.words("create --name c busybox /no/such/command").succeeds();
    sandbox.words("start c").refuses(125, "/no/such/command");
    sandbox.words("start --all c").refuses(125, "either start all containers or the container(s) provided");
}
