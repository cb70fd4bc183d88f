//! `exec`: further processes in running containers (podman-exec(1)).

use crate::busybox;
use crate::support::{Sandbox, binary, needs};
use std::process::Command;

/// A sandbox with a running container `boat`, started with `options`.
macro_rules! boat {
    ($($option:expr),*) => {{
        let sandbox = busybox!();
        let arguments: Vec<&str> = vec!["run", "-d", "--name", "boat", $($option,)* "busybox", "sleep", "1000"];
        sandbox.run(arguments).succeeds();
        sandbox
    }};
}

fn leave(sandbox: &Sandbox) {
    sandbox.words("rm -f -t 0 boat").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn a_process_joins_the_container() {
    let sandbox = boat!("--hostname", "harbour");
    sandbox.words("exec boat hostname").succeeds().prints("harbour");
    sandbox.run(["exec", "boat", "sh", "-c", "echo out; echo err >&2; exit 7"]).exits(7).prints("out");
    sandbox.run(["exec", "boat", "sh", "-c", "cat /proc/1/comm; touch /made"]).prints("sleep");
    sandbox.words("exec boat ls /made").prints("/made");
    for namespace in ["user", "mnt", "pid", "net", "ipc", "uts"] {
        let link = format!("/proc/1/ns/{namespace}");
        let first = sandbox.run(["exec", "boat", "readlink", &link]).succeeds().text();
        sandbox.run(["exec", "boat", "readlink", &link.replace('1', "self")]).prints(&first);
    }
    leave(&sandbox);
}

#[test]
fn input_is_passed_when_it_is_asked_for() {
    let sandbox = boat!();
    sandbox.command(["exec", "-i", "boat", "cat"]).input("hello").run().prints("hello");
    sandbox.command(["exec", "boat", "cat"]).input("hello").run().succeeds().prints("");
    let much = "x".repeat(3 << 20);
    sandbox.command(["exec", "-i", "boat", "wc", "-c"]).input(&much).run().prints(&much.len().to_string());
    sandbox.command(["exec", "-i", "boat", "sh", "-c", "head -c 5"]).input(&much).run().succeeds().prints("xxxxx");
    leave(&sandbox);
}

#[test]
fn user_directory_and_environment_can_be_chosen() {
    let sandbox = boat!("-e", "A=1", "-w", "/tmp", "-u", "0");
    let script = "echo $(id -u):$(id -g) $PWD $A $B $HOME";
    sandbox.run(["exec", "boat", "sh", "-c", script]).prints("0:0 /tmp 1 /root");
    let asked = ["exec", "-u", "0:0", "-w", "/etc", "-e", "A=2", "-e", "B=3", "boat", "sh", "-c", script];
    sandbox.run(asked).prints("0:0 /etc 2 3 /root");
    let file = sandbox.file("variables", "# note\nB=file\nA=file\n");
    sandbox.run(["exec", "--env-file", &file, "-e", "A=line", "boat", "sh", "-c", "echo $A $B"]).prints("line file");
    sandbox.words("exec -u nobody-here boat true").refuses(125, "nobody-here");
    sandbox.words("exec -w /nowhere boat true").refuses(127, "/nowhere");
    leave(&sandbox);
}

#[test]
fn failures_have_podmans_codes() {
    let sandbox = boat!();
    sandbox.words("exec boat no-such-program").refuses(127, "`no-such-program` not found");
    sandbox.words("exec boat /etc").refuses(126, "Permission denied");
    sandbox.words("exec boat").refuses(125, "non-empty command");
    sandbox.words("exec").refuses(125, "requires the name or ID");
    sandbox.words("exec no-boat true").refuses(125, "no such container");
    sandbox.run(["exec", "boat", "sh", "-c", "kill -9 $$"]).exits(137);
    sandbox.words("create --name dry busybox true").succeeds();
    sandbox.words("exec dry true").refuses(255, "can only create exec sessions on running containers");
    sandbox.words("exec -d dry true").refuses(125, "can only create exec sessions on running containers");
    sandbox.words("rm dry").succeeds();
    leave(&sandbox);
}

#[test]
fn rights_are_the_containers_unless_privileged() {
    let sandbox = boat!("--cap-drop", "all", "--cap-add", "chown");
    let of = |options: &[&str], field: &str| {
        let words = [&["exec"], options, &["boat", "grep", field, "/proc/self/status"]].concat();
        sandbox.run(words).succeeds().text()
    };
    for field in ["CapBnd", "CapEff", "Seccomp:", "NoNewPrivs"] {
        let first = sandbox.run(["exec", "boat", "grep", field, "/proc/1/status"]).succeeds().text();
        assert_eq!(of(&[], field), first);
    }
    let all = ["run", "--rm", "--privileged", "busybox", "grep", "CapEff", "/proc/self/status"];
    assert_eq!(of(&["--privileged"], "CapEff"), sandbox.run(all).succeeds().text());
    assert!(of(&["--privileged"], "Seccomp:").ends_with('0'));
    leave(&sandbox);
}

#[test]
fn nothing_of_the_caller_is_open_inside() {
    let sandbox = boat!();
    // As run by a shell that holds descriptors open; `ls` itself opens the directory, as the lowest free one.
    let inside = |options: &str, script: &str| {
        let program = binary().display().to_string();
        let line = format!("exec 3</etc/passwd 7</etc/passwd; exec {program} exec {options} boat sh -c '{script}'");
        let mut invocation = sandbox.command([""; 0]);
        let mut command = Command::new("sh");
        command.args(["-c", &line]).env_clear();
        for (name, value) in invocation.inner().get_envs() {
            command.env(name, value.unwrap());
        }
        let output = command.output().unwrap();
        String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(inside("", "ls /proc/self/fd"), "0 1 2 3");
    assert_eq!(inside("--preserve-fds 1", "ls /proc/self/fd"), "0 1 2 3 4");
    assert_eq!(inside("--preserve-fd 7", "readlink /proc/self/fd/3; readlink /proc/self/fd/7"), "/etc/passwd");
    sandbox.run(["exec", "--preserve-fd", "99", "boat", "true"]).exits(125);
    leave(&sandbox);
}

#[test]
fn signals_are_passed_on() {
    let sandbox = boat!();
    let script = "trap 'echo caught; exit 3' TERM; echo ready; while :; do sleep 0.05; done";
    let mut running = sandbox.start(["exec", "boat", "sh", "-c", script]);
    running.wait_for_output("ready");
    running.signal(15);
    running.wait().exits(3).mentions("caught");
    leave(&sandbox);
}

#[test]
fn a_detached_process_outlives_the_command() {
    let sandbox = boat!();
    let id = sandbox.run(["exec", "-d", "boat", "sh", "-c", "echo here >/tmp/mark; exec sleep 1000"]).succeeds().text();
    assert!(id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    let script = "until [ -s /tmp/mark ]; do sleep 0.05; done; cat /tmp/mark";
    sandbox.run(["exec", "boat", "sh", "-c", script]).prints("here");
    leave(&sandbox);
}

#[test]
fn a_terminal_has_size_and_ends_with_its_process() {
    needs!("script" from "bsdutils");
    let sandbox = boat!();
    let mut invocation = sandbox.command([""; 0]);
    let environment: Vec<_> =
        invocation.inner().get_envs().map(|(name, value)| (name.to_owned(), value.unwrap().to_owned())).collect();
    let line = format!(
        "stty rows 33 cols 77; stty -g; {0} exec -it boat sh -c 'tty; stty size; echo $TERM; exit 4'; echo code $?; stty -g",
        binary().display()
    );
    let output = Command::new("script")
        .args(["-q", "-e", "-c", &line, "/dev/null"])
        .env_clear()
        .envs(environment)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n");
    for part in ["/dev/pts/", "33 77", "xterm", "code 4"] {
        assert!(text.contains(part), "{part}: {text:?}");
    }
    let settings: Vec<&str> = text.lines().filter(|line| line.matches(':').count() > 10).collect();
    assert!(settings.len() == 2 && settings[0].trim_start_matches("^@") == settings[1], "{text:?}");
    leave(&sandbox);
}

#[test]
fn processes_end_with_the_container() {
    let sandbox = boat!();
    let mut running = sandbox.start(["exec", "boat", "sh", "-c", "echo ready; sleep 1000"]);
    running.wait_for_output("ready");
    sandbox.words("kill boat").succeeds();
    running.wait().exits(137);
    sandbox.words("wait boat").prints("137");
    leave(&sandbox);
}

#[test]
fn a_hostile_image_cannot_reach_the_program() {
    let sandbox = boat!();
    // CVE-2019-5736: a program that is a link to, or is interpreted by, the runtime itself, opened for writing afterwards.
    let script = "ln -s /proc/self/exe /bad; printf '#!/proc/self/exe\\n' >/worse; chmod 755 /worse";
    sandbox.run(["exec", "boat", "sh", "-c", script]).succeeds();
    for program in ["/bad", "/worse"] {
        // What runs is the program itself, from a file that cannot be written.
        sandbox.run(["exec", "boat", program, "version"]);
    }
    let watch = "i=0; while [ $i -lt 300 ]; do for p in /proc/[0-9]*; do case $(readlink $p/exe) in */coracle*) \
                 (: >>$p/exe) 2>/dev/null && echo written;; esac; done; i=$((i+1)); [ -e /stop ] && break; done; echo over";
    let mut watcher = sandbox.start(["exec", "boat", "sh", "-c", &format!("echo ready; {watch}")]);
    watcher.wait_for_output("ready");
    for _ in 0..20 {
        sandbox.words("exec boat true").succeeds();
    }
    sandbox.words("exec boat touch /stop").succeeds();
    let text = watcher.wait().succeeds().text();
    assert!(text.contains("over") && !text.contains("written"), "{text}");
    leave(&sandbox);
}
