//! image-spec, "OCI Image Configuration" and "Conversion to OCI Runtime Configuration" (config.md, conversion.md).

use crate::support::{Image, Sandbox, has_subordinate_ids, skip};
use serde_json::{Value, json};

#[test]
fn fields_become_the_process() {
    let Ok(image) = Image::busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
    // Field, value, command (empty: the image's own), what is printed.
    let mut cases: Vec<(&str, Value, &[&str], &str)> = vec![
        ("Env", json!(["PATH=/bin", "A=b=c", "EMPTY="]), &["sh", "-c", "echo $A.$EMPTY."], "b=c.."),
        ("Cmd", json!(["echo", "from", "cmd"]), &[], "from cmd"),
        ("Cmd", json!(["echo", "from", "cmd"]), &["echo", "mine"], "mine"),
        ("Entrypoint", json!(["echo", "entry"]), &["arg"], "entry arg"),
        ("WorkingDir", json!("/etc"), &["pwd"], "/etc"),
        ("WorkingDir", json!(""), &["pwd"], "/"),
        ("Cmd", json!(null), &["echo", "null"], "null"),
        ("Volumes", json!({"/data": {}}), &["sh", "-c", "touch /data/x && echo wrote"], "wrote"),
        ("Labels", json!({"a": "b"}), &["echo", "labelled"], "labelled"),
        ("ExposedPorts", json!({"80/tcp": {}, "53/udp": {}, "8080": {}}), &["echo", "exposed"], "exposed"),
        ("StopSignal", json!("SIGKILL"), &["echo", "stopped"], "stopped"),
        ("ArgsEscaped", json!(true), &["echo", "ignored"], "ignored"),
        ("Unknown", json!({"future": [1, 2]}), &["echo", "unknown"], "unknown"),
    ];
    if has_subordinate_ids() {
        let ids: &[&str] = &["sh", "-c", "echo $(id -u):$(id -g)"];
        cases.extend([
            ("User", json!("1234"), ids, "1234:1234"),
            ("User", json!("tester"), ids, "1234:1234"),
            ("User", json!("tester:extra"), ids, "1234:4321"),
            ("User", json!("7:8"), ids, "7:8"),
            ("User", json!(""), ids, "0:0"),
        ]);
    }
    for (field, value, command, expected) in cases {
        let sandbox = Sandbox::new();
        sandbox.add("case", &image.clone().with(field, value.clone()));
        let outcome = sandbox.run([&["run", "--rm", "case"], command].concat());
        assert_eq!((outcome.code(), outcome.text().as_str()), (0, expected), "{field}: {value}: {}", outcome.errors());
    }
}

#[test]
fn fields_are_shown_by_inspect() {
    let Ok(image) = Image::busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
    let config = json!({"User": "1:2", "Env": ["A=1"], "Entrypoint": ["/bin/sh"], "Cmd": ["-c", "true"], "WorkingDir": "/w",
        "Labels": {"k": "v"}, "StopSignal": "SIGINT", "ExposedPorts": {"80/tcp": {}}, "Volumes": {"/v": {}}});
    let mut image = image;
    image.config = config.clone();
    let sandbox = Sandbox::new();
    sandbox.add("case", &image);
    let shown: Value = serde_json::from_str(&sandbox.words("image inspect case").succeeds().text()).expect("JSON");
    for (field, value) in config.as_object().expect("an object") {
        assert_eq!(&shown[0]["Config"][field], value, "{field}");
    }
    assert_eq!(shown[0]["Os"], "linux");
    assert_eq!(shown[0]["RootFS"]["Type"], "layers");
}
