//! Terminals: `-t`, size, detach keys. script(1) gives the program a terminal.

use crate::support::{Sandbox, binary, needs};
use crate::{busybox, shell};
use std::process::Command;

/// Runs a shell line in a new terminal; what the terminal showed, with `\r\n` as `\n`.
pub(crate) fn in_terminal(sandbox: &Sandbox, line: &str, input: &str) -> (String, i32) {
    let mut invocation = sandbox.command([""; 0]);
    let environment: Vec<_> =
        invocation.inner().get_envs().map(|(name, value)| (name.to_owned(), value.unwrap().to_owned())).collect();
    let line = line.replace("CORACLE", &binary().display().to_string());
    let mut child = Command::new("script")
        .args(["-q", "-e", "-c", &line, "/dev/null"])
        .env_clear()
        .envs(environment)
        .env("TERM", "xterm-test")
        .current_dir(sandbox.work())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    use std::io::Write;
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n"), output.status.code().unwrap_or(-1))
}

#[test]
fn a_terminal_is_given_on_request() {
    let sandbox = busybox!();
    shell(&sandbox, &["-t"], "tty; test -t 0 && test -t 1 && test -t 2 && echo all")
        .succeeds()
        .mentions("/dev/pts/0")
        .mentions("all");
    shell(&sandbox, &[], "tty").exits(1);
    shell(&sandbox, &["-t"], "test -c /dev/console && echo console; stat -c %F /dev/console").mentions("console");
}

#[test]
fn the_terminal_passes_input_output_and_code() {
    needs!("script" from "bsdutils");
    let sandbox = busybox!();
    let (text, code) =
        in_terminal(&sandbox, "CORACLE run --rm -it busybox sh -c 'tty; read x; echo got $x; exit 7'", "hello\n");
    assert!(text.contains("/dev/pts/0") && text.contains("got hello"), "{text:?}");
    assert_eq!(code, 7);
    let (text, _) = in_terminal(&sandbox, "CORACLE run --rm -it busybox sh -c 'echo $TERM'", "");
    assert!(text.contains("xterm"), "{text:?}");
}

#[test]
fn the_terminal_has_the_callers_size() {
    needs!("script" from "bsdutils");
    let sandbox = busybox!();
    let (text, _) = in_terminal(&sandbox, "stty rows 33 cols 77; CORACLE run --rm -it busybox stty size", "");
    assert!(text.contains("33 77"), "{text:?}");
}

#[test]
fn the_terminal_follows_a_change_of_size() {
    needs!("script" from "bsdutils");
    let sandbox = busybox!();
    // stty(1) changes rows and columns one after the other.
    let inside = "w=0; trap \"w=1\" WINCH; touch /w/up; i=0; while [ $i -lt 600 ] && [ \"$w $(stty size)\" != \"1 44 99\" ]; \
        do sleep 0.1; i=$((i+1)); done; echo \"changed: $w $(stty size)\"";
    let line = format!(
        "stty rows 20 cols 40; (until [ -e up ]; do sleep 0.1; done; stty rows 44 cols 99 </dev/tty; \
         kill -WINCH $(cat pid) 2>/dev/null) & \
         sh -c 'echo $$ >pid; exec CORACLE run --rm -it -v \"$PWD:/w\" busybox sh -c '\"'\"'{inside}'\"'\"; wait"
    );
    let (text, _) = in_terminal(&sandbox, &line, "");
    assert!(text.contains("changed: 1 44 99"), "{text:?}");
}

#[test]
fn the_callers_terminal_is_left_as_it_was() {
    needs!("script" from "bsdutils");
    let sandbox = busybox!();
    let (text, _) = in_terminal(
        &sandbox,
        "stty -g; CORACLE run --rm -it busybox true; stty -g; CORACLE run --rm -it busybox no-such; stty -g",
        "",
    );
    let settings: Vec<&str> =
        text.lines().map(|line| line.trim_start_matches("^@")).filter(|line| line.matches(':').count() > 10).collect();
    assert!(settings.len() == 3 && settings[0] == settings[1] && settings[1] == settings[2], "{text}");
}

#[test]
fn detach_keys_leave_the_container_running() {
    needs!("script" from "bsdutils");
    let sandbox = busybox!();
    in_terminal(&sandbox, "(sleep 1; printf '\\020\\021') | cat; true", "");
    let mut child = {
        let line = format!("{} run -it --name kept --detach-keys ctrl-a,d busybox sh", binary().display());
        let mut invocation = sandbox.command([""; 0]);
        let environment: Vec<_> =
            invocation.inner().get_envs().map(|(name, value)| (name.to_owned(), value.unwrap().to_owned())).collect();
        let mut command = Command::new("script");
        command.args(["-q", "-e", "-c", &line, "/dev/null"]).env_clear().envs(environment);
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap()
    };
    use std::io::{Read, Write};
    let mut input = child.stdin.take().unwrap();
    let mut output = child.stdout.take().unwrap();
    input.write_all(b"echo re''ady\n").unwrap();
    let mut seen = Vec::new();
    let mut byte = [0u8];
    while !String::from_utf8_lossy(&seen).contains("ready") {
        assert_eq!(output.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&seen));
        seen.push(byte[0]);
    }
    input.write_all(b"\x01d").unwrap();
    let ended = crate::support::process::eventually(std::time::Duration::from_secs(20), || child.try_wait().unwrap());
    let _ = child.kill();
    assert!(ended.is_some(), "detaching does not end the command");
    sandbox.run(["inspect", "--format", "{{.State.Status}}", "kept"]).prints("running");
    sandbox.words("rm -f -t 0 kept").succeeds();
}
