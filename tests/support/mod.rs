//! What the integration tests share: an empty home, the program under test, skipping with a reason, images and
//! registries made on the spot.
//!
//! Include it with `#[path = "../support/mod.rs"] mod support;`. Nothing here needs more than the package's own
//! dependencies, so a test that uses it runs wherever the tests compile; what needs another program says so by
//! [`skip!`].
#![allow(dead_code, unused_imports, unused_macros)]

pub mod debian;
pub mod image;
pub mod probe;
pub mod process;
pub mod registry;
pub mod sandbox;

pub use image::{Image, Layer};
pub use registry::Registry;
pub use sandbox::{Invocation, Outcome, Sandbox};

use std::io::Write;
use std::path::{Path, PathBuf};

/// Leaves the test as skipped, for a stated reason: `skip!("needs strace (Debian package strace)")`.
macro_rules! skip {
    ($($reason:tt)*) => {{
        fn here() {}
        $crate::support::record_skip(std::any::type_name_of_val(&here), &format!($($reason)*));
        return;
    }};
}
pub(crate) use skip;

/// Leaves the test as skipped unless a container made from this machine can have a network of its own here.
macro_rules! networked_host {
    () => {
        for device in ["/dev/fuse", "/dev/net/tun"] {
            if std::fs::OpenOptions::new().read(true).write(true).open(device).is_err() {
                $crate::support::skip!("{device} cannot be opened here");
            }
        }
    };
}
pub(crate) use networked_host;

/// Leaves the test as skipped unless every named program is installed: `needs!("strace" from "strace")`.
macro_rules! needs {
    ($($program:literal from $package:literal),+ $(,)?) => {
        $(if $crate::support::program($program).is_none() {
            $crate::support::skip!("needs {} (Debian package {})", $program, $package);
        })+
    };
}
pub(crate) use needs;

/// Whether a storage driver said that it does not work on this host, which only `copy` does on every one. Any other failure is a
/// failure.
pub fn is_refused_driver(outcome: &sandbox::Outcome, driver: &str) -> bool {
    if outcome.code() == 0 {
        return false;
    }
    let reason = format!("storage driver \"{driver}\" does not work here");
    assert!(driver != "copy" && outcome.errors().contains(&reason), "{driver}: {outcome:?}");
    eprintln!("{}", outcome.errors().trim_end());
    true
}

/// Writes down that a test was skipped; `tests/run` counts it so. `inside` is the path of a function in the test.
pub fn record_skip(inside: &str, reason: &str) {
    let path: Vec<&str> = inside.split("::").filter(|word| *word != "here" && *word != "{{closure}}").collect();
    let test = path[1..].join("::");
    println!("skipped: {test}: {reason}");
    let Some(file) = std::env::var_os("CORACLE_TEST_SKIPS") else { return };
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(file).expect("the file of skips opens");
    file.write_all(format!("{test}\t{reason}\n").as_bytes()).expect("the skip is written");
}

/// The path of an installed program.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let places = path.split(':').chain(["/usr/sbin", "/sbin"]);
    places.map(|place| Path::new(place).join(name)).find(|file| file.is_file())
}

/// How this host was arranged by `tests/run`: `suite` is the ordinary one.
pub fn part() -> String {
    std::env::var("CORACLE_TEST_PART").unwrap_or_else(|_| "suite".to_owned())
}

/// Whether this process has effective user id 0.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether the user has subordinate ids and the programs that apply them.
pub fn has_subordinate_ids() -> bool {
    let user = std::env::var("USER").unwrap_or_default();
    let uid = rustix::process::getuid().as_raw().to_string();
    let listed = |file: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        text.lines().any(|line| line.split(':').next().is_some_and(|owner| owner == user || owner == uid))
    };
    let mapped_whole = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default().contains("4294967295");
    if is_root() {
        return mapped_whole || std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default().lines().count() > 1;
    }
    program("newuidmap").is_some() && listed("/etc/subuid") && listed("/etc/subgid")
}

/// The program under test.
pub fn binary() -> PathBuf {
    std::env::var_os("CORACLE_BIN").map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_coracle")), PathBuf::from)
}
