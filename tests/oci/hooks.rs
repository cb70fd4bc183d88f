//! config.md "POSIX-platform Hooks".

use crate::bundle::{Bundle, bundle};
use serde_json::json;

const POINTS: [(&str, &str); 6] = [
    ("prestart", "creating"),
    ("createRuntime", "creating"),
    ("createContainer", "creating"),
    ("startContainer", "created"),
    ("poststart", "running"),
    ("poststop", "stopped"),
];

/// A hook that writes a line into a file; the last two places but one are inside the container.
fn hook(bundle: &Bundle, point: &str, script: &str) -> serde_json::Value {
    let inside = point == "startContainer";
    let log = if inside { "/tmp/log".into() } else { bundle.root().join("tmp/log") };
    let shell = "/bin/sh";
    let script = format!("read -r state; echo \"{point} $WORD $state\" >>{}; {script}", log.display());
    json!([{"path": shell, "args": ["sh", "-c", script], "env": ["WORD=bird", "PATH=/bin:/usr/bin"], "timeout": 60}])
}

#[test]
fn all_six_run_in_order_with_the_state() {
    let mut bundle = bundle!();
    let mut hooks = json!({});
    for (point, _) in POINTS {
        hooks[point] = hook(&bundle, point, "exit 0");
    }
    bundle.script("echo process >>/tmp/log").change(|config| config["hooks"] = hooks);
    bundle.run().succeeds();
    let text = std::fs::read_to_string(bundle.root().join("tmp/log")).expect("the hooks wrote a file");
    let lines: Vec<&str> = text.lines().collect();
    // The process and poststart are not ordered.
    let mut order: Vec<&str> = lines.iter().filter_map(|line| line.split(' ').next()).collect();
    order.retain(|word| *word != "process");
    assert_eq!(order, POINTS.map(|(point, _)| point), "{text}");
    for (point, status) in POINTS {
        let line = lines.iter().find(|line| line.starts_with(point)).expect("listed above");
        let mut words = line.splitn(3, ' ').skip(1);
        assert_eq!(words.next(), Some("bird"), "{line}");
        let state: serde_json::Value = serde_json::from_str(words.next().expect("the state")).expect("JSON");
        assert_eq!((&state["id"], &state["status"]), (&"one".into(), &status.into()), "{line}");
        assert!(state["ociVersion"].is_string() && state["bundle"].is_string(), "{line}");
    }
}

#[test]
fn a_failing_hook_ends_the_container() {
    for (point, _) in &POINTS[..5] {
        let mut bundle = bundle!();
        let hooks = json!({*point: hook(&bundle, point, "echo broken >&2; exit 1")});
        bundle.script("exec sleep 1000").change(|config| config["hooks"] = hooks);
        bundle
            .run()
            .refuses(1, &format!("error running hook: error running {point} hook #0: exit status 1, output: broken"));
        bundle.oci(&["list", "-q"]).prints("");
    }
}

#[test]
fn a_failing_poststop_hook_is_a_warning() {
    let mut bundle = bundle!();
    let hooks = json!({"poststop": hook(&bundle, "poststop", "exit 1")});
    bundle.script("exit 0").change(|config| config["hooks"] = hooks);
    bundle.run().succeeds().complains("error running poststop hook #0");
    bundle.oci(&["list", "-q"]).prints("");
}

#[test]
fn a_hook_without_an_environment_has_the_runtimes_or_the_process_s() {
    let mut bundle = bundle!();
    let shell = "/bin/sh";
    let script = |wanted: &str| json!([{"path": shell, "args": ["sh", "-c", format!("test \"$WORD\" = {wanted}")]}]);
    let hooks =
        json!({"createRuntime": script("host"), "startContainer": script("inside"), "poststop": script("host")});
    bundle.script("echo $WORD").change(|config| {
        config["hooks"] = hooks;
        config["process"]["env"] = json!(["PATH=/bin", "WORD=inside"]);
    });
    bundle.write().command(&["run", "one"]).env("WORD", "host").run().prints("inside");
}
