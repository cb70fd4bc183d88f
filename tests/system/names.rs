//! Names, IDs, labels and the files that hold them.

use crate::{busybox, shell};
use std::fs;

#[test]
fn a_name_is_taken_once() {
    let sandbox = busybox!();
    sandbox.words("run --name boat busybox true").succeeds();
    sandbox.words("run --name boat busybox true").refuses(125, "boat");
    sandbox.words("run --rm --name boat --replace busybox echo again").succeeds().prints("again");
    sandbox.words("run --rm --name boat busybox true").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn bad_names_are_refused() {
    let sandbox = busybox!();
    for name in ["-x", "a b", "a/b", "..", ".x", "a\nb", "ä"] {
        let option = format!("--name={name}");
        let outcome = shell(&sandbox, &[&option], "true");
        assert_eq!(outcome.code(), 125, "{name:?}: {outcome:?}");
    }
    sandbox.assert_nothing_left();
}

#[test]
fn containers_without_a_name_get_one() {
    let sandbox = busybox!();
    let id = sandbox.words("create busybox true").succeeds().text();
    let name = sandbox.run(["inspect", "--format", "{{.Name}}", &id]).succeeds().text();
    assert!(name.contains('_') && name.is_ascii(), "{name}");
    sandbox.run(["rm", &name]).succeeds();
}

#[test]
fn the_id_file_is_the_containers_and_goes_with_it() {
    let sandbox = busybox!();
    let path = sandbox.work().join("cid").display().to_string();
    let id = sandbox.run(["run", "-d", "--cidfile", &path, "busybox", "true"]).succeeds().text();
    assert_eq!(fs::read_to_string(&path).unwrap(), id);
    assert!(id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()), "{id}");
    shell(&sandbox, &["--cidfile", &path], "true").refuses(125, &path);
    assert_eq!(fs::read_to_string(&path).unwrap(), id);
    shell(&sandbox, &["--cidfile", "/no/such/dir/cid"], "true").refuses(125, "/no/such/dir/cid");
    sandbox.run(["rm", "-f", &id]).succeeds();
    assert!(!fs::exists(&path).unwrap(), "the file goes with the container");
    fs::write(&path, "left by something else").unwrap();
    let script = "wc -c </cid";
    shell(&sandbox, &["--cidfile", &path, "-v", &format!("{path}:/cid")], script).succeeds().prints("64");
    assert!(!fs::exists(&path).unwrap(), "also when that was removed at its end");
}

#[test]
fn the_pid_file_names_the_command() {
    let sandbox = busybox!();
    let path = sandbox.work().join("pid").display().to_string();
    sandbox.run(["run", "-d", "--name", "sleeper", "--pidfile", &path, "busybox", "sleep", "1000"]).succeeds();
    let pid = fs::read_to_string(&path).unwrap();
    let command = fs::read_to_string(format!("/proc/{}/cmdline", pid.trim())).unwrap();
    assert_eq!(command, "sleep\u{0}1000\u{0}");
    sandbox.run(["inspect", "--format", "{{.State.Pid}}", "sleeper"]).prints(pid.trim());
    sandbox.words("rm -f -t 0 sleeper").succeeds();
}

#[test]
fn labels_and_annotations_are_kept() {
    let sandbox = busybox!();
    let file = sandbox.file("labels", "from.file=1\n# comment\n");
    sandbox
        .run([
            "create",
            "--name",
            "l",
            "--label",
            "a=b",
            "-l",
            "bare",
            "--label-file",
            &file,
            "--annotation",
            "x=y",
            "busybox",
        ])
        .succeeds();
    sandbox
        .run(["inspect", "--format", "{{index .Config.Labels \"a\"}}{{index .Config.Labels \"from.file\"}}", "l"])
        .prints("b1");
    let text = sandbox.words("inspect l").succeeds().text();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json[0]["Config"]["Labels"]["bare"], "");
    assert_eq!(json[0]["Config"]["Annotations"]["x"], "y");
    sandbox.run(["ps", "-a", "-q", "--filter", "label=a=b"]).succeeds().mentions("");
}

#[test]
fn a_container_is_renamed_running_or_not() {
    let sandbox = busybox!();
    sandbox.words("create --name old busybox true").succeeds();
    sandbox.words("rename old new").succeeds().prints("");
    sandbox.words("inspect --format {{.Name}} new").prints("new");
    sandbox.words("inspect old").exits(125);
    sandbox.words("create --name old busybox true").succeeds();
    sandbox.words("rename old new").refuses(125, "already in use");
    sandbox.words("rename nothing other").refuses(125, "no such container");
    sandbox.run(["rename", "old", "a b"]).exits(125);
    sandbox.words("rename old").refuses(125, "accepts 2 arg(s), received 1");
    sandbox.words("rm old new").succeeds();
    // A name given while it runs is given up with the container.
    sandbox.words("run -d --rm --name first busybox sleep 1000").succeeds();
    sandbox.words("rename first second").succeeds();
    sandbox.words("kill second").succeeds();
    sandbox.words("wait --ignore second").succeeds();
    sandbox.words("run --rm --name second busybox true").succeeds();
    sandbox.assert_nothing_left();
}
