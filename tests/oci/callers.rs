//! What runc's and crun's own callers and tests rely on beyond the specification.

use crate::bundle::{Bundle, bundle};
use crate::support::binary;
use serde_json::{Value, json};
use std::os::unix::net::UnixListener;
use std::process::Command;

/// Runs the program under another name.
fn called(bundle: &Bundle, name: &str, words: &[&str]) -> (Option<i32>, String) {
    let link = bundle.sandbox.work().join(name);
    let _ = std::os::unix::fs::symlink(binary(), &link); // made before, perhaps
    let said = Command::new(&link).args(words).output().expect("it runs");
    (said.status.code(), String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned())
}

#[test]
fn help_has_the_form_of_runcs() {
    let bundle = bundle!();
    let (code, text) = called(&bundle, "runc", &["--root", "/x", "-h"]);
    assert!(text.starts_with("NAME:\n   runc - Open Container Initiative runtime\n"), "{text}");
    assert_eq!(code, Some(0));
    let (code, text) = called(&bundle, "runc", &["--root", "/x", "delete", "-h"]);
    assert!(text.starts_with("NAME:\n   runc delete - "), "{text}");
    assert_eq!(code, Some(0));
    let (code, text) = called(&bundle, "runc", &["foo", "-h"]);
    assert!(text.contains("No help topic for 'foo'"), "{text}");
    assert_eq!(code, Some(1));
    let (_, text) = called(&bundle, "crun", &["-v"]);
    assert_eq!(text.lines().map(|line| line.split(':').next().unwrap_or("")).nth(1), Some("commit"), "{text}");
}

#[test]
fn a_wrong_command_line_is_1() {
    let bundle = bundle!();
    for words in [&["state"][..], &["state", "--no-such", "x"], &["no-such-verb"], &["kill", "x", "NONSENSE"]] {
        bundle.oci(words).exits(1);
    }
}

#[test]
fn a_caller_that_reads_to_the_end_is_not_held_up_by_a_container_with_a_terminal() {
    let mut bundle = bundle!();
    let socket = bundle.sandbox.work().join("console");
    let _listener = UnixListener::bind(&socket).expect("a socket is bound");
    let path = socket.to_str().expect("a temporary path is text").to_owned();
    bundle.script("exec sleep 1000").change(|config| config["process"]["terminal"] = true.into()).write();
    // Its output is a pipe that is read until nobody holds it open any more.
    bundle.oci(&["create", "--console-socket", &path, "one"]).succeeds();
    bundle.oci(&["start", "one"]).succeeds();
    bundle.oci(&["delete", "--force", "one"]).succeeds();
}

#[test]
fn start_waits_for_a_create_that_goes_on() {
    let mut bundle = bundle!();
    let gate = bundle.sandbox.work().join("gate");
    let reached = bundle.sandbox.work().join("reached");
    let script = format!("touch {}; read word <{}", reached.display(), gate.display());
    rustix::fs::mkfifoat(rustix::fs::CWD, &gate, rustix::fs::Mode::RWXU).expect("a fifo is made");
    let hook = json!([{"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/bin:/usr/bin"]}]);
    bundle.script("exec sleep 1000").change(|config| config["hooks"] = json!({"createRuntime": hook})).write();
    let mut create = bundle.command(&["create", "one"]);
    let null = || std::process::Stdio::null();
    let mut create = create.inner().stdin(null()).stdout(null()).stderr(null()).spawn().expect("it runs");
    let seen = crate::support::process::eventually(crate::bundle::LIMIT, || reached.exists().then_some(()));
    assert!(seen.is_some(), "the hook runs");
    let mut start = bundle.command(&["start", "one"]);
    let mut start = start.inner().stdin(null()).stdout(null()).stderr(null()).spawn().expect("it runs");
    std::fs::write(&gate, "go\n").expect("the hook reads");
    assert!(create.wait().expect("it ends").success());
    assert!(start.wait().expect("it ends").success());
    assert_eq!(bundle.state("one")["status"], "running");
    bundle.oci(&["delete", "--force", "one"]).succeeds();
}

#[test]
fn words_of_runc_and_crun() {
    let mut bundle = bundle!();
    bundle.script("exec sleep 1000").write();
    bundle.leave(&["create", "this/is"]).refuses(1, "invalid character `/` in the ID");
    for id in ["test-one", "test-two", "other"] {
        bundle.leave(&["run", "--detach", id]).succeeds();
    }
    bundle.oci(&["kill", "other", "0"]).succeeds();
    bundle.oci(&["delete", "--force", "--regex", "test-*"]).succeeds();
    bundle.oci(&["list", "-q"]).succeeds().prints("other");
    bundle.oci(&["delete", "--force", "--regex", "("]).exits(1);
    bundle.oci(&["exec", "--cap", "CAP_FUTURE", "other", "true"]).exits(0).complains("CAP_FUTURE");
    let process = bundle.sandbox.file("process.json", r#"{"args": ["id", "-u"], "cwd": "/", "env": ["PATH=/bin"]}"#);
    bundle.oci(&["exec", "--process", &process, "other"]).succeeds().prints("0");
    let line = bundle.oci(&["events", "--stats", "other"]).succeeds().text();
    assert!(line.starts_with(r#"{"type":"stats","id":"other","data":{"#), "{line}");
    bundle.oci(&["kill", "other", "KILL"]).succeeds();
    bundle.await_status("other", "stopped");
    bundle.oci(&["ps", "--format", "json", "other"]).succeeds().prints("[]");
    bundle.oci(&["kill", "--all", "other", "0"]).succeeds();
    bundle.oci(&["events", "other"]).exits(1);
    bundle.oci(&["delete", "other"]).succeeds();
}

#[test]
fn a_hook_has_no_descriptor_of_the_callers_and_works_in_the_root() {
    let mut bundle = bundle!();
    let count = |file: &str| format!("ls /proc/self/fd | wc -l >{file}");
    let hook =
        |script: String| json!([{"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/bin:/usr/bin"]}]);
    let hooks = json!({"createRuntime": hook(count(bundle.root().join("tmp/outside").to_str().unwrap())),
        "createContainer": hook(count("./tmp/before")), "startContainer": hook("ls /proc/self/fd >/tmp/inside".into())});
    bundle
        .script("cat /tmp/outside /tmp/before; ls /proc/self/fd | grep -c .")
        .change(|config| config["hooks"] = hooks);
    let mut invocation = bundle.write().command(&["run", "--preserve-fds", "2", "one"]);
    let inner = invocation.inner();
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec 3</dev/null 4</dev/null 7</dev/null; exec \"$@\"", "sh"]).arg(inner.get_program());
    shell.args(inner.get_args()).env_clear();
    shell.envs(inner.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))));
    let output = shell.current_dir(inner.get_current_dir().expect("it is set")).output().expect("it runs");
    // 0 to 2 and the directory that is listed; of the process, 3 and 4 as well.
    assert_eq!(String::from_utf8_lossy(&output.stdout), "4\n4\n6\n", "{output:?}");
    let inside = std::fs::read_to_string(bundle.root().join("tmp/inside")).expect("the hook wrote a file");
    assert_eq!(inside.lines().count(), 4, "{inside}");
}

#[test]
fn what_runc_refuses_is_refused_in_its_words() {
    let seccomp = |action: &str, names: Value| {
        json!({"defaultAction": action, "listenerPath": "/no/such.sock",
            "syscalls": [{"names": names, "action": "SCMP_ACT_NOTIFY"}]})
    };
    let cases = [
        (seccomp("SCMP_ACT_ALLOW", json!(["write"])), "cannot be used for the write syscall"),
        // By it the listener is sent off here.
        (seccomp("SCMP_ACT_ALLOW", json!(["sendmsg"])), "cannot be used for the sendmsg syscall"),
        (seccomp("SCMP_ACT_NOTIFY", json!(["mkdir"])), "cannot be used as default action"),
        (seccomp("SCMP_ACT_ALLOW", json!(["mkdir"])), "failed to connect with seccomp agent"),
    ];
    for (seccomp, part) in cases {
        let mut bundle = bundle!();
        bundle.script("true").change(|config| config["linux"]["seccomp"] = seccomp);
        bundle.run().refuses(1, part);
    }
    let mut bundle = bundle!();
    let root = bundle.root();
    std::fs::remove_dir(root.join("proc")).expect("it was made");
    std::os::unix::fs::symlink("/elsewhere", root.join("proc")).expect("a link is made");
    bundle.script("true");
    bundle.run().refuses(1, "must be mounted on ordinary directory");
}

#[test]
fn the_native_architecture_is_filtered_whatever_is_listed() {
    let mut bundle = bundle!();
    let rules = json!([{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 100}]);
    let seccomp = json!({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86"], "syscalls": rules});
    bundle.script("mkdir /tmp/x").change(|config| config["linux"]["seccomp"] = seccomp);
    bundle.run().exits(1).complains("Network is down");
}

#[test]
fn a_namespace_with_an_empty_path_is_new() {
    let mut bundle = bundle!();
    bundle.script("hostname").change(|config| {
        config["hostname"] = json!("bird");
        for namespace in config["linux"]["namespaces"].as_array_mut().expect("a list") {
            namespace["path"] = json!("");
        }
    });
    bundle.run().succeeds().prints("bird");
}

#[test]
fn memory_file_systems_take_the_mode_of_their_place_and_are_read_only_in_the_end() {
    use std::os::unix::fs::PermissionsExt;
    let mut bundle = bundle!();
    let place = bundle.root().join("tmp/place");
    std::fs::create_dir(&place).expect("a directory is made");
    std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o710)).expect("it is ours");
    bundle.script(
        "stat -c %a /tmp/place /tmp/given; touch /dev/x 2>/dev/null || echo read-only; ls /dev/null /dev/pts/ptmx",
    );
    bundle.change(|config| {
        let mounts = config["mounts"].as_array_mut().expect("a list");
        mounts.push(json!({"destination": "/tmp/place", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid"]}));
        mounts.push(json!({"destination": "/tmp/given", "type": "tmpfs", "source": "tmpfs", "options": ["mode=0410"]}));
        for mount in mounts.iter_mut().filter(|mount| mount["destination"] == "/dev") {
            mount["options"].as_array_mut().expect("a list").push(json!("ro"));
        }
    });
    bundle.run().succeeds().prints("710\n410\nread-only\n/dev/null\n/dev/pts/ptmx");
}

#[test]
fn only_what_is_wanted_is_said_with_debug() {
    let mut bundle = bundle!();
    bundle.script("true").write();
    bundle.oci(&["--debug", "run", "one"]).exits(0).complains("init: closing the pipe to signal completion");
    let quiet = bundle.oci(&["run", "one"]).succeeds();
    assert!(!quiet.errors().contains("level=debug"), "{}", quiet.errors());
}
