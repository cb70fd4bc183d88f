//! The overlay as a container meets it: layers served over FUSE inside a user namespace, the kernel's overlay on top.
//!
//! `harness` plays keeper and init; the other modules look at the result from inside with ordinary tools.

#[path = "../support/mod.rs"]
mod support;

mod bench;
mod changes;
mod exercise;
mod harness;
mod mounting;
mod oracle;
mod requests;
mod served;
mod writable;
