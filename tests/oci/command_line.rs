//! What engines rely on: names, the place of options, the log, descriptors.

use crate::bundle::bundle;
use crate::support::binary;
use std::os::unix::process::CommandExt;
use std::process::Command;

#[test]
fn it_is_a_runtime_by_name() {
    let bundle = bundle!();
    for name in ["runc", "crun", "coracle-runtime"] {
        let link = bundle.sandbox.work().join(name);
        std::os::unix::fs::symlink(binary(), &link).expect("a link is made");
        let said = Command::new(&link).arg("--version").output().expect("it runs");
        assert!(String::from_utf8_lossy(&said.stdout).starts_with(&format!("{name} version ")), "{said:?}");
        let state = bundle.sandbox.work().join("states");
        let said = Command::new(&link).arg("--root").arg(&state).args(["--systemd-cgroup", "state", "no"]).output();
        let said = said.expect("it runs");
        assert_eq!(said.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&said.stderr).contains("does not exist"), "{said:?}");
    }
}

#[test]
fn options_may_stand_where_slurm_writes_them() {
    let mut bundle = bundle!();
    bundle.script("exec sleep 1000").write();
    let directory = bundle.sandbox.work();
    let directory = directory.to_str().expect("a temporary path is text");
    bundle.leave(&["create", "node.user.1.0.0", "-b", directory]).succeeds();
    bundle.oci(&["--rootless", "true", "start", "node.user.1.0.0"]).succeeds();
    bundle.oci(&["kill", "-a", "node.user.1.0.0"]).succeeds();
    bundle.oci(&["delete", "--force", "node.user.1.0.0"]).succeeds();
}

#[test]
fn the_log_has_the_error() {
    let bundle = bundle!();
    let log = bundle.sandbox.work().join("log.json");
    let path = log.to_str().expect("a temporary path is text");
    bundle.oci(&["--log", path, "--log-format", "json", "state", "no"]).exits(1);
    bundle.oci(&["--log", path, "--log-format=json", "start", "no"]).exits(1);
    let text = std::fs::read_to_string(&log).expect("the log was written");
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!((&lines[0]["level"], &lines[0]["msg"]), (&"error".into(), &"container \"no\" does not exist".into()));
}

#[test]
fn only_descriptors_asked_for_are_passed() {
    let mut bundle = bundle!();
    bundle.script("ls /proc/self/fd | grep -v 3; cat <&3 2>/dev/null || echo closed").write();
    let file = bundle.sandbox.file("kept", "kept\n");
    for (count, told) in [("0", "closed"), ("1", "kept")] {
        let mut invocation = bundle.command(&["run", "--preserve-fds", count, "one"]);
        let opened = std::fs::File::open(&file).expect("the file is there");
        // Left open for the program under test, as descriptor 3.
        let script = format!("exec 3<{file}; exec \"$@\"");
        let inner = invocation.inner();
        let mut words = vec![inner.get_program().to_owned()];
        words.extend(inner.get_args().map(std::ffi::OsStr::to_owned));
        let variables: Vec<_> =
            inner.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
        let directory = inner.get_current_dir().expect("the sandbox sets it").to_owned();
        let output = Command::new("sh")
            .args(["-c", &script, "sh"])
            .args(words)
            .env_clear()
            .envs(variables)
            .current_dir(directory)
            .arg0("sh")
            .output()
            .expect("it runs");
        drop(opened);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.trim_end().ends_with(told), "{count}: {output:?}");
        assert!(text.starts_with("0\n1\n2\n"), "{count}: {output:?}");
    }
    // Those that nobody opened are none, and none of the runtime's own stand in their place.
    bundle.script("for file in /proc/self/fd/*; do readlink $file; done | grep -E 'memfd:|/oci/'; echo end").write();
    bundle.oci(&["run", "--preserve-fds", "40", "one"]).succeeds().prints("end");
}

#[test]
fn documents_are_json() {
    let bundle = bundle!();
    let features: serde_json::Value = serde_json::from_str(&bundle.oci(&["features"]).succeeds().text()).expect("JSON");
    assert_eq!(features["ociVersionMin"], "1.0.0");
    assert!(features["linux"]["seccomp"]["actions"].as_array().is_some_and(|actions| actions.len() == 9));
    // features.md and features-linux.md, field by field.
    let has = |pointer: &str, wanted: &str| {
        let list = features.pointer(pointer).and_then(serde_json::Value::as_array);
        assert!(list.is_some_and(|list| list.iter().any(|one| one == wanted)), "{pointer} has no {wanted}");
    };
    for (pointer, wanted) in [
        ("/hooks", "startContainer"),
        ("/mountOptions", "ridmap"),
        ("/mountOptions", "tmpcopyup"),
        ("/linux/namespaces", "time"),
        ("/linux/capabilities", "CAP_CHECKPOINT_RESTORE"),
        ("/linux/seccomp/operators", "SCMP_CMP_MASKED_EQ"),
        ("/linux/seccomp/knownFlags", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"),
        ("/linux/seccomp/supportedFlags", "SECCOMP_FILTER_FLAG_LOG"),
        ("/linux/memoryPolicy/modes", "MPOL_BIND"),
        ("/potentiallyUnsafeConfigAnnotations", "run.oci.keep_original_groups"),
    ] {
        has(pointer, wanted);
    }
    let archs = features["linux"]["seccomp"]["archs"].as_array();
    assert!(archs.is_some_and(|archs| !archs.is_empty()), "architectures of filters are listed");
    for (pointer, wanted) in [
        ("/linux/cgroup/v1", false),
        ("/linux/cgroup/v2", true),
        ("/linux/cgroup/systemd", true),
        ("/linux/cgroup/systemdUser", true),
        ("/linux/cgroup/rdma", true),
        ("/linux/seccomp/enabled", true),
        ("/linux/apparmor/enabled", true),
        ("/linux/selinux/enabled", true),
        ("/linux/intelRdt/enabled", false),
        ("/linux/mountExtensions/idmap/enabled", true),
        ("/linux/netDevices/enabled", false),
    ] {
        assert_eq!(features.pointer(pointer), Some(&wanted.into()), "{pointer}");
    }
    assert_eq!(features["ociVersionMax"], "1.2.1");
    assert!(features["annotations"].as_object().is_some_and(|all| all.values().all(|value| value.is_string())));
    assert_eq!(bundle.oci(&["list", "--format", "json"]).succeeds().text(), "[]");
    bundle.oci(&["spec"]).refuses(1, "exists. Remove it first");
}
