//! The runtime interface (`coracle oci`), used as engines use it: bundles, states, hooks, sockets.
//!
//! Cases are tables named after the sections of the runtime specification (config.md, config-linux.md, runtime.md). All run
//! as whoever runs the tests: as root with the configuration that `spec` writes, as an ordinary user with that of
//! `spec --rootless`.

#[path = "../support/mod.rs"]
mod support;

mod bundle;
mod callers;
mod command_line;
mod configuration;
mod engines;
mod hooks;
mod lifecycle;
mod terminal;
