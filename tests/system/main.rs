//! The program as a whole, used as a user uses it: an empty home, a real command line, the exit code and every byte of
//! output looked at.
//!
//! What is expected is what podman's manual pages promise (podman-run(1) and friends); where coracle means to differ,
//! the test says why. Images come from a registry in this process, so nothing but a static busybox is needed for most
//! of them; `interop` uses Debian's registry and images made by Debian's tools.

#[path = "../support/mod.rs"]
mod support;

mod attach;
mod bad_input;
mod cleanup;
mod commit;
mod comparison;
mod compat;
mod configuration;
mod copy;
mod egress;
mod environment;
mod escapes;
mod events;
mod exec;
mod exit_codes;
mod fast_network;
mod fences;
mod filesystem;
mod health;
mod host_image;
mod hostile_images;
mod images;
mod interop;
mod isolation;
mod life;
mod limits;
mod log_files;
mod mounting;
mod names;
mod network;
mod network_faults;
mod networks;
mod output;
mod parallel;
mod podman_suite;
mod pods;
mod preparation;
mod process;
mod push;
mod quadlet;
mod restart;
mod secrets;
mod services;
mod stats;
mod store;
mod storms;
mod systemd_units;
mod terminal;
mod update;
mod user_namespaces;
mod users;
mod views;
mod volumes;

use support::Sandbox;

/// A sandbox whose store holds the image `busybox`; skips the test where none can be made.
macro_rules! busybox {
    () => {
        match $crate::support::Sandbox::with_busybox() {
            Ok(sandbox) => sandbox,
            Err(reason) => $crate::support::skip!("{reason}"),
        }
    };
}
pub(crate) use busybox;

/// `run --rm OPTIONS busybox sh -c SCRIPT`.
fn shell(sandbox: &Sandbox, options: &[&str], script: &str) -> support::Outcome {
    sandbox.run(arguments(options, script))
}

/// The arguments of [`shell`].
fn arguments<'a>(options: &[&'a str], script: &'a str) -> Vec<&'a str> {
    [&["run", "--rm"], options, &["busybox", "sh", "-c", script]].concat()
}
