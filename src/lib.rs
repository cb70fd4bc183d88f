//! coracle: rootless, single-user, daemonless containers.
//!
//! Layers, top to bottom; imports point downwards only (`tests/architecture.rs` keeps it so):
//!
//! ```text
//! cli -> engine -> image, overlay, runtime, network -> store -> sys
//! ```
//!
//! The process tree of one container:
//!
//! ```text
//! coracle run          command line: resolves the image, writes the container's directory, attaches to the keeper
//!  └─ keeper           user's own ids, no capability: FUSE server, logs, terminal, exit status
//!      └─ guard        new user namespace and outer pid namespace: dies with the keeper, and everything dies with it
//!          └─ init     pid 1 of the container: mounts, pivot_root, limits, capabilities, seccomp, then exec
//! ```
//!
//! ARCHITECTURE.md follows one `run` from command to exec.

pub mod cli;
pub mod engine;
pub mod image;
pub mod network;
pub mod overlay;
pub mod runtime;
pub mod store;
pub mod sys;
