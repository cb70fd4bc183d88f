//! Where output is kept: rotation of files, what docker's format holds, the journal.

use crate::busybox;
use crate::support::Sandbox;

#[test]
fn logs_reads_the_files_that_were_rotated_away_first() {
    let sandbox = busybox!();
    // More than fits into one read of the keeper's, so there is more than one file.
    let script = "seq 0 29999";
    let all: Vec<String> = (0..30_000).map(|number| number.to_string()).collect();
    for driver in ["json-file", "k8s-file"] {
        let options = ["--log-driver", driver, "--log-opt", "max-size=4k", "--log-opt", "max-file=1000"];
        let words = ["run", "--name", "rotated"].into_iter().chain(options).chain(["busybox", "sh", "-c", script]);
        sandbox.run(words).succeeds();
        assert_eq!(sandbox.words("logs rotated").succeeds().lines(), all, "{driver}");
        assert_eq!(sandbox.words("logs --tail 3 rotated").succeeds().lines(), all[29_997..], "{driver}");
        sandbox.words("rm rotated").succeeds();
    }
    // Two files and no more: the end is there, the beginning is not.
    let path = sandbox.work().join("kept.log");
    let option = format!("path={}", path.display());
    sandbox
        .run([
            "run",
            "--name",
            "few",
            "--log-driver",
            "json-file",
            "--log-opt",
            "max-size=1k",
            "--log-opt",
            "max-file=2",
            "--log-opt",
            &option,
            "busybox",
            "sh",
            "-c",
            "head -c 400000 /dev/zero | tr '\\0' x; echo; echo end",
        ])
        .succeeds();
    assert!(path.exists() && path.with_extension("log.1").exists() && !path.with_extension("log.2").exists());
    sandbox.words("logs --tail 1 few").succeeds().prints("end");
    for value in ["0", "x", "-1", "1001"] {
        let words = format!("create --log-opt max-file={value} busybox true");
        sandbox.words(&words).refuses(125, &format!("invalid number of log files \"{value}\""));
    }
    sandbox.words("rm few").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn dockers_format_is_written_as_docker_writes_it() {
    let sandbox = busybox!();
    let path = sandbox.work().join("d.log");
    let option = format!("path={}", path.display());
    sandbox
        .run([
            "run",
            "--name",
            "bytes",
            "--log-driver",
            "json-file",
            "--log-opt",
            &option,
            "busybox",
            "printf",
            "<a>\\t\"\\377\\n",
        ])
        .succeeds();
    let text = std::fs::read_to_string(&path).unwrap();
    let begin = r#"{"log":"\u003ca\u003e\u0009\"\ufffd\n","stream":"stdout","time":""#;
    assert!(text.starts_with(begin) && text.ends_with("Z\"}\n"), "{text}");
    sandbox.words("logs bytes").succeeds().prints("<a>\t\"\u{fffd}");
    sandbox.words("rm bytes").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn a_log_is_followed_over_its_rotation() {
    let sandbox = busybox!();
    let script = "i=0; while [ $i -lt 300 ]; do echo line-$i; i=$((i+1)); done; read x; echo last";
    let options = ["--log-opt", "max-size=2k", "--log-opt", "max-file=900"];
    let words =
        ["run", "-d", "-i", "--name", "followed"].into_iter().chain(options).chain(["busybox", "sh", "-c", script]);
    sandbox.run(words).succeeds();
    let mut logs = sandbox.start(["logs", "-f", "followed"]);
    let begin = logs.wait_for_output("line-299\n");
    sandbox.command(["attach", "followed"]).input("go\n").run().succeeds();
    let text = begin + &logs.wait().succeeds().text();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    assert_eq!((lines.first().map(String::as_str), lines.last().map(String::as_str)), (Some("line-0"), Some("last")));
    assert_eq!(lines.len(), 301);
    sandbox.words("rm followed").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn the_journal_is_refused_where_there_is_none() {
    let sandbox = Sandbox::new();
    // Where there is one, `tests/vm/cases` shows what arrives in it.
    if !std::path::Path::new("/run/systemd/journal/socket").exists() {
        sandbox
            .words("create --log-driver journald busybox true")
            .refuses(125, "cannot use --log-driver \"journald\": there is no journal here");
    }
    sandbox.words("create --log-driver syslog busybox true").refuses(125, "cannot use --log-driver \"syslog\"");
}
