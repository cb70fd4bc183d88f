//! Exit codes: the command's own, 125 when coracle fails, 126 and 127 when the command cannot be started, 128 + n when
//! a signal ended it (podman-run(1), "Exit Status").

use crate::{busybox, shell};

#[test]
fn the_commands_own_code_is_passed_on() {
    let sandbox = busybox!();
    for code in [0, 1, 2, 37, 124, 125, 126, 127, 128, 255] {
        shell(&sandbox, &[], &format!("exit {code}")).exits(code).prints("").quietly();
    }
}

#[test]
fn a_missing_command_is_127() {
    let sandbox = busybox!();
    sandbox.words("run --rm busybox no-such-command").refuses(127, "no-such-command");
    sandbox.words("run --rm busybox /no/such/command").refuses(127, "/no/such/command");
    sandbox.assert_nothing_left();
}

#[test]
fn a_command_that_cannot_be_invoked_is_126() {
    let sandbox = busybox!();
    sandbox.words("run --rm busybox /etc").refuses(126, "/etc");
    sandbox.words("run --rm busybox /etc/passwd").refuses(126, "permission denied");
    sandbox.assert_nothing_left();
}

#[test]
fn a_missing_interpreter_is_126_or_127() {
    let sandbox = busybox!();
    let script = sandbox.file("script", "#!/no/such/interpreter\n");
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    // What cannot be found here is not the command but what it needs; podman's runtimes say one or the other.
    let outcome = sandbox.run(["run", "--rm", "-v", &format!("{script}:/script"), "busybox", "/script"]);
    assert!(matches!(outcome.code(), 126 | 127), "{outcome:?}");
}

#[test]
fn a_failure_of_coracle_is_125() {
    let sandbox = busybox!();
    sandbox.words("run --no-such-flag busybox true").exits(125);
    sandbox.words("run --rm --pull never no-such-image true").refuses(125, "no-such-image");
    sandbox.words("run --rm --memory nonsense busybox true").exits(125);
    sandbox.words("run").exits(125);
    sandbox.words("no-such-verb").exits(125);
    sandbox.assert_nothing_left();
}

#[test]
fn a_command_killed_by_a_signal_is_128_and_its_number() {
    let sandbox = busybox!();
    for (signal, code) in [(9, 137), (15, 143), (6, 134), (10, 138)] {
        // Process 1 ignores signals it has no handler for, those from its own namespace; so a child is killed first
        // and then, from outside, process 1 itself.
        shell(&sandbox, &[], &format!("sh -c 'kill -{signal} $$'; exit $?")).exits(code);
    }
    let mut running = sandbox.start(["run", "--name", "victim", "busybox", "sh", "-c", "echo up; sleep 1000"]);
    running.wait_for_output("up");
    sandbox.words("kill victim").succeeds();
    running.wait().exits(137);
    sandbox.words("wait victim").succeeds().prints("137");
}

#[test]
fn the_command_with_init_has_the_same_codes() {
    let sandbox = busybox!();
    shell(&sandbox, &["--init"], "exit 37").exits(37);
    shell(&sandbox, &["--init"], "kill -TERM $$").exits(143);
    sandbox.words("run --rm --init busybox no-such-command").refuses(127, "no-such-command");
}
