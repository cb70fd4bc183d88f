//! Standard streams, signals, descriptors, init, time limits.

use crate::support::process::{Process, eventually};
use crate::{arguments, busybox, shell};
use std::time::{Duration, Instant};

#[test]
fn standard_input_reaches_the_command_only_with_i() {
    let sandbox = busybox!();
    let big = vec![b'x'; 3 << 20];
    let outcome = sandbox.command(["run", "--rm", "-i", "busybox", "cat"]).input(&big).run().succeeds();
    assert!(outcome.stdout == big, "{} of {} bytes came back", outcome.stdout.len(), big.len());
    sandbox.command(["run", "--rm", "busybox", "cat"]).input("unread").run().succeeds().prints("");
    sandbox.command(["run", "--rm", "-i", "busybox", "head", "-c", "4"]).input(&big).run().succeeds().prints("xxxx");
}

#[test]
fn output_and_errors_are_kept_apart_and_whole() {
    let sandbox = busybox!();
    let outcome = shell(&sandbox, &[], "echo out; echo err >&2").succeeds();
    assert_eq!((outcome.text().as_str(), outcome.errors().as_str()), ("out", "err\n"));
    let outcome = shell(&sandbox, &[], "head -c 5000000 /dev/zero").succeeds();
    assert_eq!(outcome.stdout.len(), 5_000_000);
    // Output written last, without a newline, is not lost.
    for _ in 0..10 {
        shell(&sandbox, &[], "printf end").prints("end");
    }
}

#[test]
fn a_closed_output_ends_quietly() {
    let sandbox = busybox!();
    let mut invocation = sandbox.command(arguments(&[], "exec yes"));
    let mut child =
        invocation.inner().stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut first = [0u8; 2];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
    drop(child.stdout.take());
    let ended = eventually(Duration::from_secs(20), || child.try_wait().unwrap());
    let _ = child.kill();
    assert!(ended.is_some(), "still runs with nobody reading");
}

#[test]
fn signals_are_passed_on() {
    let sandbox = busybox!();
    for (name, number) in [("HUP", 1), ("INT", 2), ("QUIT", 3), ("USR1", 10), ("USR2", 12), ("TERM", 15)] {
        let script = format!("trap 'echo got {name}; exit 9' {name}; echo ready; while :; do sleep 0.1; done");
        let mut running = sandbox.start(arguments(&[], &script));
        running.wait_for_output("ready");
        running.signal(number);
        running.wait().exits(9).mentions(&format!("got {name}"));
    }
    sandbox.assert_nothing_left();
}

#[test]
fn signals_are_not_passed_on_when_refused() {
    let sandbox = busybox!();
    let script = "trap 'echo got it' TERM; echo ready; while :; do sleep 0.1; done";
    let mut running = sandbox.start(arguments(&["--sig-proxy=false", "--name", "kept"], script));
    running.wait_for_output("ready");
    running.signal(15);
    let outcome = running.wait();
    assert!(!outcome.text().contains("got it"), "{outcome:?}");
    sandbox.words("rm -f -t 0 --ignore kept").succeeds();
}

#[test]
fn a_signal_before_the_command_runs_still_ends_the_container() {
    let sandbox = busybox!();
    for delay_ms in [0, 1, 2, 3, 5, 8, 13] {
        let running = sandbox.start(["run", "--rm", "busybox", "sleep", "1000"]);
        std::thread::sleep(Duration::from_millis(delay_ms));
        running.signal(15);
        // Process 1 without a handler ignores SIGTERM once it runs; then it must be killed.
        let pid = Process::read(running.pid());
        if let Some(process) = pid {
            eventually(Duration::from_millis(500), || (!process.lives()).then_some(()));
            sandbox.words("rm -f -a -t 0").succeeds();
        }
        running.wait();
        sandbox.assert_nothing_left();
    }
}

#[test]
fn only_the_standard_descriptors_get_in() {
    let sandbox = busybox!();
    let program = crate::support::binary();
    let list = "ls /proc/self/fd | tr '\\n' ' '";
    let run_in = |variables: &[(&str, &str)], options: &str, script: &str| {
        let line = format!(
            "exec {} run --rm {options} busybox sh -c \"{script}\" 3</etc/passwd 4</etc/group 9</etc/hostname",
            program.display()
        );
        let mut command = sandbox.command([""; 0]);
        let environment: Vec<_> =
            command.inner().get_envs().map(|(name, value)| (name.to_owned(), value.unwrap().to_owned())).collect();
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &line]).env_clear().envs(environment).envs(variables.to_vec());
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let run = |options: &str, script: &str| run_in(&[], options, script);
    // `ls` itself opens the directory, as the lowest free descriptor.
    assert_eq!(run("", list), "0 1 2 3");
    assert_eq!(run("--preserve-fds 2", list), "0 1 2 3 4 5");
    let first = std::fs::read_to_string("/etc/passwd").unwrap().lines().next().unwrap().to_owned();
    assert_eq!(run("--preserve-fds 1", "head -n 1 <&3"), first);
    assert_eq!(run("--preserve-fd 9", "ls /proc/self/fd | grep -c 9"), "1");
    // What a service manager hands over reaches the container without a word.
    let handed = [("LISTEN_FDS", "2"), ("LISTEN_PID", "9"), ("LISTEN_FDNAMES", "a:b")];
    let told = "echo \\$LISTEN_FDS \\$LISTEN_PID \\$LISTEN_FDNAMES; head -n 1 <&3";
    assert_eq!(run_in(&handed, "", told), format!("2 1 a:b\n{first}"));
    assert_eq!(run_in(&[("LISTEN_FDS", "9")], "", list), "0 1 2 3", "not all of them are there");
}

#[test]
fn too_many_preserved_descriptors_are_refused() {
    let sandbox = busybox!();
    sandbox.words("run --rm --preserve-fds 50 busybox true").exits(125);
}

#[test]
fn process_one_is_the_command_or_an_init() {
    let sandbox = busybox!();
    shell(&sandbox, &[], "echo $$; tr '\\0' ' ' </proc/1/cmdline; :")
        .prints("1\nsh -c echo $$; tr '\\0' ' ' </proc/1/cmdline; : ");
    let outcome = shell(&sandbox, &["--init"], "echo $$").succeeds();
    assert_ne!(outcome.text(), "1");
    shell(&sandbox, &["--init"], "echo said >/proc/1/fd/1").prints("said");
    // The init reaps what is orphaned.
    let script = "(sh -c 'exit 0' & exec true) & sleep 0.3; grep -l 'State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l";
    shell(&sandbox, &["--init"], script).prints("0");
    // It passes signals on to its child.
    let mut running =
        sandbox.start(arguments(&["--init"], "trap 'exit 5' TERM; echo ready; while :; do sleep 0.1; done"));
    running.wait_for_output("ready");
    running.signal(15);
    running.wait().exits(5);
}

#[test]
fn a_time_limit_ends_the_container() {
    let sandbox = busybox!();
    let began = Instant::now();
    let outcome = sandbox.words("run --rm --timeout 1 busybox sleep 1000");
    assert!(began.elapsed() < Duration::from_secs(30) && outcome.code() != 0, "{outcome:?}");
    sandbox.assert_nothing_left();
}

#[test]
fn oom_score_adjustment_is_set() {
    let sandbox = busybox!();
    shell(&sandbox, &["--oom-score-adj", "500"], "cat /proc/self/oom_score_adj").prints("500");
    shell(&sandbox, &["--oom-score-adj", "2000"], "true").exits(125);
}

#[test]
fn a_container_has_its_own_session_keyring_and_group() {
    let sandbox = busybox!();
    // Fields 5 and 6 of stat: process group and session (proc(5)); process 1 leads both.
    shell(&sandbox, &[], "cut -d' ' -f5,6 /proc/1/stat").prints("1 1");
}

#[test]
fn the_processes_of_a_container_are_shown() {
    let sandbox = busybox!();
    sandbox.run(["run", "-d", "--name", "boat", "busybox", "sh", "-c", "sleep 1001 & exec sleep 1002"]).succeeds();
    // The container is started once its shell runs, which may be before that has started the other.
    let words = crate::support::process::eventually(std::time::Duration::from_secs(20), || {
        let shown = sandbox.words("top boat pid,ppid,user,args").succeeds().lines();
        let words: Vec<String> =
            shown.iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        (words.len() == 3 && words[1..].iter().all(|line| line.contains(" root sleep "))).then_some(words)
    });
    let words = words.expect("both processes are shown");
    assert_eq!(words[..2], ["PID PPID USER COMMAND", "1 0 root sleep 1002"].map(str::to_owned));
    assert!(words[2].ends_with(" 1 root sleep 1001"), "{words:?}");
    let header = sandbox.words("top boat").succeeds().lines()[0].split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(header, "USER PID PPID %CPU ELAPSED TTY TIME COMMAND");
    // What is no descriptor is for the container's own ps.
    sandbox.words("top boat -o pid,comm").succeeds().mentions("PID").mentions("sleep");
    sandbox.words("rm -f -t 0 boat").succeeds();
    sandbox.words("create --name dry busybox true").succeeds();
    sandbox.words("top dry").refuses(125, "top can only be used on running containers");
    sandbox.words("top").refuses(125, "must provide the name");
    sandbox.words("rm dry").succeeds();
}
