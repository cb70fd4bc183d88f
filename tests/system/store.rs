//! `system df`, `check`, `prune`, `reset`, `image prune`, `info`, `version`, `doctor`, `unshare`.

use crate::support::{Image, Layer, Sandbox, has_subordinate_ids, skip};
use crate::{busybox, shell};
use std::fs;

fn layer_tar(sandbox: &Sandbox) -> std::path::PathBuf {
    let entries = fs::read_dir(sandbox.store().join("layers/sha256")).unwrap().flatten().map(|entry| entry.path());
    entries
        .into_iter()
        .find(|path| path.extension().is_some_and(|extension| extension == "tar"))
        .expect("a layer is there")
}

#[test]
fn check_finds_damage() {
    let sandbox = busybox!();
    sandbox.words("system check").succeeds();
    let tar = layer_tar(&sandbox);
    let mut bytes = fs::read(&tar).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::remove_file(&tar).unwrap();
    fs::write(&tar, &bytes).unwrap();
    let outcome = sandbox.words("system check");
    assert_ne!(outcome.code(), 0, "{outcome:?}");
    // The registry it came from is gone, so it cannot be mended, only removed: afterwards what is there is sound.
    sandbox.words("system check --repair --force");
    sandbox.words("system check").succeeds();
}

#[test]
fn the_store_can_be_deleted_and_verified_with_ordinary_tools() {
    let sandbox = busybox!();
    shell(&sandbox, &[], "chown 12:34 /etc/passwd; mkdir /x; chmod 0 /x").succeeds();
    let tar = layer_tar(&sandbox);
    let sum = crate::support::image::digest(&fs::read(&tar).unwrap());
    assert_eq!(tar.file_stem().unwrap().to_str().unwrap(), sum.trim_start_matches("sha256:"));
    fs::remove_dir_all(sandbox.store()).unwrap();
    sandbox.words("images -q").succeeds().prints("");
}

#[test]
fn prune_removes_what_is_not_used() {
    let sandbox = busybox!();
    sandbox.add("unused", &Image::new(vec![Layer::new().file("a", 0o644, vec![1; 50_000])]));
    sandbox.words("create --name user busybox true").succeeds();
    sandbox.words("image prune -f").succeeds();
    sandbox.words("image exists unused").succeeds();
    sandbox.words("image prune -a -f").succeeds();
    sandbox.words("image exists unused").exits(1);
    sandbox.words("image exists busybox").succeeds();
    sandbox.words("run --name done busybox true").succeeds();
    sandbox.words("system prune -f").succeeds();
    sandbox.words("ps -aq").succeeds();
    sandbox
        .words("system df")
        .succeeds()
        .mentions("TYPE")
        .mentions("Images")
        .mentions("Containers")
        .mentions("Local Volumes");
    sandbox.words("system reset -f").succeeds();
    sandbox.words("images -q").succeeds().prints("");
    sandbox.words("ps -aq").succeeds().prints("");
    sandbox.assert_nothing_left();
}

#[test]
fn info_has_the_fields_scripts_read() {
    let sandbox = Sandbox::new();
    for (format, expected) in [
        ("{{.Host.Security.Rootless}}", None),
        ("{{.Store.GraphDriverName}}", Some("overlay")),
        ("{{.Host.OCIRuntime.Name}}", None),
        ("{{.Host.CgroupsVersion}}", None),
        ("{{.Store.GraphRoot}}", None),
    ] {
        let outcome = sandbox.run(["info", "--format", format]).succeeds();
        assert!(!outcome.text().is_empty(), "{format}");
        if let Some(expected) = expected {
            assert_eq!(outcome.text(), expected, "{format}");
        }
    }
    let _: serde_json::Value = serde_json::from_str(&sandbox.words("info --format json").succeeds().text()).unwrap();
}

#[test]
fn version_is_told() {
    let sandbox = Sandbox::new();
    sandbox.words("--version").succeeds().quietly().mentions(env!("CARGO_PKG_VERSION"));
    sandbox.words("version").succeeds().mentions(env!("CARGO_PKG_VERSION"));
    sandbox.run(["version", "--format", "{{.Client.Version}}"]).succeeds().prints(env!("CARGO_PKG_VERSION"));
}

#[test]
fn doctor_answers_on_every_host() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.words("doctor");
    assert!(outcome.code() <= 1 && outcome.text().lines().count() > 5, "{outcome:?}");
    let outcome = sandbox.words("doctor --json");
    let _: serde_json::Value = serde_json::from_str(&outcome.text()).unwrap();
}

#[test]
fn unshare_enters_the_users_namespace() {
    let sandbox = Sandbox::new();
    sandbox.words("unshare id -u").succeeds().prints("0");
    sandbox.words("unshare sh -c true").succeeds();
    sandbox.run(["unshare", "sh", "-c", "exit 5"]).exits(5);
    let map = sandbox.words("unshare cat /proc/self/uid_map").succeeds();
    if has_subordinate_ids() && !crate::support::is_root() {
        assert!(map.lines().len() >= 2, "{map:?}");
    }
}

#[test]
fn the_store_can_be_elsewhere() {
    let sandbox = Sandbox::new();
    let place = sandbox.directory("else where");
    sandbox.run(["--root", &place, "run", "--rm", "hello"]).succeeds();
    sandbox.command(["run", "--rm", "hello"]).env("CORACLE_ROOT", &place).run().succeeds();
    assert!(!sandbox.store().join("containers").exists());
}

#[test]
fn help_is_on_standard_output_and_complete() {
    let sandbox = Sandbox::new();
    let text = sandbox.words("--help").succeeds().quietly().text();
    for verb in ["run", "pull", "images", "ps", "rm", "logs", "stop", "info", "doctor"] {
        assert!(text.split_ascii_whitespace().any(|word| word == verb), "{verb} is not in the help");
    }
    for verb in [
        "run", "create", "start", "pull", "images", "rmi", "history", "tag", "untag", "ps", "rm", "logs", "inspect",
        "wait", "stop", "kill", "info", "version", "unshare", "doctor",
    ] {
        sandbox.run([verb, "--help"]).succeeds().quietly().mentions("Usage");
    }
}

#[test]
fn files_extracted_for_the_overlay_driver_go_with_their_image() {
    let sandbox = busybox!();
    let run = sandbox.words("--storage-driver overlay run --rm busybox true");
    let extracted = sandbox.store().join("extracted");
    let count = || extracted.read_dir().map_or(0, Iterator::count);
    if run.code() != 0 || count() == 0 {
        skip!("the driver overlay extracts nothing here: {}", run.errors());
    }
    let bytes = |line: &str| {
        let text = sandbox.words("system df --format {{.RawSize}}").succeeds().lines()[0].clone();
        text.parse::<u64>().unwrap_or_else(|_| panic!("{line}: not a number of bytes: {text}"))
    };
    let tree: u64 = 1_000_000; // a static busybox is larger
    let with = bytes("with the tree");
    sandbox.words("rmi busybox").succeeds();
    assert_eq!(count(), 0);
    assert!(with > bytes("without") + 2 * tree, "the layer and its extracted files count");
}
