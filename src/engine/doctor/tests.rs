//! Surroundings made up, and what is said about them.

use super::*;
use crate::engine::host::cgroups::Version;
use rustix::io::Errno;

fn surroundings(paths: &Paths) -> Surroundings<'_> {
    Surroundings {
        paths,
        uid: 1000,
        user: "ann".into(),
        ids: HostIds::detect(),
        distribution: Distribution { id: "debian".into(), ..Distribution::default() },
        nesting: None,
        mounts: mounts::all(),
        cgroups: Cgroups { version: Version::V2, own: None, controllers: vec!["cpu".into()], delegated: true },
        status: String::new(),
        executable: "/usr/bin/coracle".into(),
        trial: trial::Findings::default(),
    }
}

fn paths(root: &std::path::Path) -> Paths {
    Paths { root: root.join("store"), run_root: root.join("run"), additional: Vec::new() }
}

fn find<'d>(diagnosis: &'d Diagnosis, name: &str) -> &'d Condition {
    diagnosis.conditions.iter().find(|condition| condition.name == name).unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn a_refused_user_namespace_is_fatal() {
    let directory = tempfile::tempdir().expect("a directory");
    let paths = paths(directory.path());
    let mut here = surroundings(&paths);
    here.trial.user_namespace = Some(Err(Errno::NOSPC));
    let diagnosis = diagnose(&here);
    let condition = find(&diagnosis, "user-namespace");
    assert!(!diagnosis.can_run && condition.fatal);
    assert_eq!(condition.found, "cannot be made: the limit of user namespaces is reached");
    assert!(condition.remedies[0].command.contains("user.max_user_namespaces"));
}

#[test]
fn second_bests_are_not_fatal() {
    let directory = tempfile::tempdir().expect("a directory");
    let paths = paths(directory.path());
    let mut here = surroundings(&paths);
    here.trial = trial::Findings {
        user_namespace: Some(Ok(())),
        own_map: Some(Ok(())),
        mount: Some(Ok(())),
        fuse: Some(Err(Errno::PERM)),
        overlay: Some(Err(Errno::INVAL)),
        ..trial::Findings::default()
    };
    let diagnosis = diagnose(&here);
    assert!(diagnosis.can_run, "{diagnosis:?}");
    assert_eq!(find(&diagnosis, "overlayfs").state, State::Degraded);
    let cgroups = find(&diagnosis, "cgroups");
    assert_eq!(cgroups.found, "version 2, delegated: cpu (without memory, pids)");
}

#[test]
fn a_store_that_cannot_be_written_is_fatal() {
    let paths = Paths { root: "/proc/1/store".into(), run_root: "/tmp/x".into(), additional: Vec::new() };
    let here = surroundings(&paths);
    let diagnosis = diagnose(&here);
    // Root may write everywhere by permission bits; the condition then says nothing.
    if !rustix::process::geteuid().is_root() {
        assert!(find(&diagnosis, "store").fatal);
    }
    assert!(find(&diagnosis, "store-file-system").found.starts_with("proc at /proc"));
}

#[test]
fn every_condition_serialises() {
    let directory = tempfile::tempdir().expect("a directory");
    let paths = paths(directory.path());
    let diagnosis = diagnose(&surroundings(&paths));
    let json = serde_json::to_value(&diagnosis).expect("JSON");
    assert_eq!(json["conditions"].as_array().map(Vec::len), Some(diagnosis.conditions.len()));
    assert!(json["canRun"].is_boolean());
    assert!(diagnosis.conditions.iter().all(|condition| !condition.found.is_empty()));
}

#[test]
fn sizes_are_for_people() {
    for (bytes, text) in [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (270_553_174_016, "270.6 GB")] {
        assert_eq!(size_text(bytes), text);
    }
}
