//! `doctor`, `info`, `version`, `unshare` and the program of the image `hello`: what they say of this very host.

use crate::program::Home;
use serde_json::Value;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

fn run(home: &Home, words: &[&str]) -> Output {
    home.command(Path::new(env!("CARGO_BIN_EXE_coracle")), words).output().expect("coracle can be started")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Every file below a directory.
fn files(directory: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(directory).expect("a directory");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

#[test]
fn doctor_says_the_same_in_both_forms_quickly_and_changes_nothing() {
    let home = Home::new();
    let start = Instant::now();
    let machine = run(&home, &["doctor", "--json"]);
    let took = start.elapsed();
    let people = run(&home, &["doctor"]);
    // Both come from one host, but what is free of its disk differs from moment to moment.
    let diagnosis = json(&machine);
    let conditions = diagnosis["conditions"].as_array().expect("a list");
    for condition in conditions {
        let name = condition["name"].as_str().expect("a name");
        assert!(text(&people).contains(name), "{name}");
    }
    let able = diagnosis["canRun"] == true;
    assert_eq!(machine.status.code(), Some(if able { 0 } else { 1 }));
    assert_eq!(able, !conditions.iter().any(|condition| condition["fatal"] == true));
    assert_eq!(people.status.code(), machine.status.code());
    assert!(machine.stderr.is_empty() && people.stderr.is_empty());
    assert!(files(home.path()).is_empty(), "{:?}", files(home.path()));
    // The budget is 200 ms on a quiet machine; tests share theirs.
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn info_is_the_same_in_every_form() {
    let home = Home::new();
    let info = json(&run(&home, &["info", "--format", "json"]));
    let cases = [
        ("{{.Host.OCIRuntime.Name}}", "/host/ociRuntime/name"),
        ("{{.Host.CgroupsVersion}}", "/host/cgroupVersion"),
        ("{{.Host.Distribution.Distribution}}", "/host/distribution/distribution"),
        ("{{.Store.GraphDriverName}}", "/store/graphDriverName"),
        ("{{.Store.GraphRoot}}", "/store/graphRoot"),
        ("{{.Version.Version}}", "/version/Version"),
        ("{{.ServerVersion}}", "/version/Version"),
        ("{{.Driver}}", "/store/graphDriverName"),
    ];
    for (format, pointer) in cases {
        let expected = info.pointer(pointer).and_then(Value::as_str).expect(pointer);
        assert_eq!(home.run(&["info", "--format", format]), format!("{expected}\n= 0\n"), "{format}");
    }
    let yaml = text(&run(&home, &["info"]));
    assert!(yaml.starts_with("host:\n  arch: ") && yaml.contains("\n  graphDriverName: "), "{yaml}");
    let rootless = info.pointer("/host/security/rootless") == Some(&Value::Bool(true));
    assert_eq!(rootless, !rustix::process::geteuid().is_root());
}

#[test]
fn a_wrong_field_is_one_line_in_podman_s_words() {
    let home = Home::new();
    let expected = "! Error: template: info:1:7: executing \"info\" at <.Host.Nothing>: can't evaluate field Nothing in type struct\n= 125\n";
    assert_eq!(home.run(&["info", "--format", "{{.Host.Nothing}}"]), expected);
}

#[test]
fn version_has_both_sides() {
    let home = Home::new();
    let version = env!("CARGO_PKG_VERSION");
    let format = "{{.Client.Version}} {{.Server.Version}} {{.Client.Os}}";
    assert_eq!(home.run(&["version", "--format", format]), format!("{version} {version} linux\n= 0\n"));
}

#[test]
fn unshare_passes_the_command_s_exit_code_on() {
    let home = Home::new();
    let diagnosis = json(&run(&home, &["doctor", "--json"]));
    let conditions = diagnosis["conditions"].as_array().expect("a list");
    let works = conditions.iter().any(|condition| condition["name"] == "user-namespace" && condition["state"] == "ok");
    if !works {
        eprintln!("skipped: no user namespaces here");
        return;
    }
    assert_eq!(home.run(&["unshare", "sh", "-c", "id -u; exit 7"]), "0\n= 7\n");
    assert_eq!(home.run(&["unshare", "sh", "-c", "echo $_CONTAINERS_USERNS_CONFIGURED"]), "done\n= 0\n");
    let missing = "! Error: executable file \"no-such-command\" not found in $PATH: no such file or directory\n= 127\n";
    assert_eq!(home.run(&["unshare", "no-such-command"]), missing);
}

#[test]
fn hello_describes_what_it_runs_in() {
    let home = Home::new();
    let program = Path::new(env!("CARGO_BIN_EXE_coracle"));
    let mut command = home.command(program, &["__hello"]);
    command
        .env("CORACLE_HELLO", r#"{"driver":"fuse+overlay","layers":["sha256:abc"],"image":"localhost/hello:latest"}"#);
    let page = text(&command.output().expect("coracle can be started"));
    for word in
        ["Hello from coracle", "uid map", "capabilities", "seccomp", "fuse+overlay", "sha256:abc", "coracle doctor"]
    {
        assert!(page.contains(word), "{word}: {page}");
    }
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
}
