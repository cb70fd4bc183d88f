//! runtime.md: state, lifecycle, operations.

use crate::bundle::bundle;

#[test]
fn a_container_goes_through_its_states() {
    let mut bundle = bundle!();
    bundle.script("echo started >/tmp/mark; exec sleep 1000").write();
    bundle.leave(&["create", "--pid-file", "pid", "one"]).succeeds();
    let state = bundle.state("one");
    let pid = std::fs::read_to_string(bundle.sandbox.work().join("pid")).expect("a pid file was written");
    assert_eq!((&state["status"], &state["id"]), (&"created".into(), &"one".into()));
    assert_eq!(state["pid"].to_string(), pid);
    assert_eq!(state["bundle"], bundle.sandbox.work().canonicalize().unwrap().to_str().unwrap());
    assert!(!bundle.root().join("tmp/mark").exists(), "no code of the container runs before start");

    bundle.leave(&["create", "one"]).refuses(1, "already exists");
    bundle.oci(&["start", "one"]).succeeds();
    assert_eq!(bundle.state("one")["status"], "running");
    bundle.oci(&["start", "one"]).refuses(1, "already running");
    bundle.oci(&["delete", "one"]).refuses(1, "not stopped");
    bundle.oci(&["list", "-q"]).succeeds().prints("one");
    bundle.oci(&["ps", "--format", "json", "one"]).succeeds().prints(&format!("[{pid}]"));

    bundle.oci(&["kill", "one", "KILL"]).succeeds();
    bundle.await_status("one", "stopped");
    assert_eq!(bundle.state("one")["pid"], 0);
    bundle.oci(&["kill", "one", "9"]).refuses(1, "container not running");
    bundle.oci(&["kill", "--all", "one", "9"]).succeeds();
    bundle.oci(&["start", "one"]).refuses(1, "has stopped");
    bundle.oci(&["exec", "one", "true"]).refuses(255, "container not running");
    bundle.oci(&["delete", "one"]).succeeds();
    bundle.oci(&["list", "-q"]).succeeds().prints("");
}

#[test]
fn what_does_not_exist_is_told() {
    let bundle = bundle!();
    for words in [&["state", "no"][..], &["start", "no"], &["kill", "no", "9"], &["delete", "no"], &["ps", "no"]] {
        bundle.oci(words).refuses(1, "does not exist");
    }
    bundle.oci(&["delete", "--force", "no"]).succeeds();
    for id in ["", "..", "a/b", "a b"] {
        bundle.leave(&["create", id]).refuses(1, "invalid container ID");
    }
    bundle.oci(&["checkpoint", "no", "--image-path", "x"]).refuses(1, "not supported");
}

#[test]
fn a_created_container_is_deleted_without_having_run() {
    let mut bundle = bundle!();
    bundle.script("echo never >/tmp/mark").write();
    bundle.leave(&["create", "one"]).succeeds();
    bundle.oci(&["delete", "one"]).succeeds();
    assert!(!bundle.root().join("tmp/mark").exists());
    bundle.leave(&["create", "one"]).succeeds();
    bundle.oci(&["delete", "--force", "one"]).succeeds();
    bundle.oci(&["state", "one"]).refuses(1, "does not exist");
}

#[test]
fn a_failed_create_leaves_the_id_free() {
    let mut bundle = bundle!();
    for (arguments, told) in [
        (["no-such-command"], "executable file not found in $PATH"),
        (["/no/such"], "no such file or directory"),
        (["/etc"], "is a directory"),
        (["/etc/passwd"], "permission denied"),
    ] {
        bundle.change(|config| config["process"]["args"] = arguments.to_vec().into()).write();
        bundle.leave(&["create", "one"]).refuses(1, told);
    }
    bundle.script("exit 4").run().exits(4);
    bundle.oci(&["list", "-q"]).prints("");
}

#[test]
fn run_ends_as_its_process_does() {
    let mut bundle = bundle!();
    bundle.script("echo out; echo err >&2; exit 3").run().exits(3).prints("out");
    bundle.script("read line; echo got $line").write();
    bundle.command(&["run", "one"]).input("word\n").run().succeeds().prints("got word");
    bundle.oci(&["run", "--keep", "one"]).succeeds();
    assert_eq!(bundle.state("one")["status"], "stopped");
    bundle.oci(&["delete", "one"]).succeeds();
}

/// Slurm and others kill the command that waits, and nobody else knows of the container.
#[test]
fn a_killed_run_takes_its_container_along() {
    let mut bundle = bundle!();
    bundle.script("echo begun >/tmp/begun; exec sleep 1000").write();
    let mut run = bundle.command(&["run", "one"]);
    let null = std::process::Stdio::null;
    let mut run = run.inner().stdin(null()).stdout(null()).stderr(null()).spawn().expect("it runs");
    let mark = bundle.root().join("tmp/begun");
    let seen = crate::support::process::eventually(crate::bundle::LIMIT, || mark.exists().then_some(()));
    assert!(seen.is_some(), "the process runs");
    run.kill().expect("it can be killed");
    run.wait().expect("it ends");
    bundle.await_status("one", "stopped");
    bundle.oci(&["delete", "one"]).succeeds();
}

#[test]
fn exec_joins_the_container() {
    let mut bundle = bundle!();
    bundle.script("exec sleep 1000").change(|config| config["hostname"] = "harbour".into()).write();
    bundle.leave(&["run", "--detach", "one"]).succeeds();
    bundle.oci(&["exec", "one", "hostname"]).succeeds().prints("harbour");
    bundle
        .oci(&["exec", "-e", "A=b", "--cwd", "/tmp", "one", "sh", "-c", "echo $A $PWD; exit 7"])
        .exits(7)
        .prints("b /tmp");
    bundle.oci(&["exec", "one", "no-such-command"]).refuses(255, "executable file not found in $PATH");
    for namespace in ["mnt", "pid", "ipc", "uts", "net", "user"] {
        let first = bundle.oci(&["exec", "one", "readlink", &format!("/proc/1/ns/{namespace}")]).succeeds().text();
        bundle.oci(&["exec", "one", "readlink", &format!("/proc/self/ns/{namespace}")]).prints(&first);
    }
    let process = serde_json::json!({"args": ["sh", "-c", "echo $B"], "cwd": "/", "env": ["B=c", "PATH=/bin"], "user": {"uid": 0, "gid": 0}});
    bundle.sandbox.file("process.json", &process.to_string());
    bundle.oci(&["exec", "--process", "process.json", "one"]).succeeds().prints("c");
    bundle.oci(&["delete", "--force", "one"]).succeeds();
}
