//! The network stack between real sockets: a guest's namespace with a tap on one side, the host's on the other.
//!
//! Every test runs in namespaces of its own, made by `unshare` from util-linux, so it needs no privilege and disturbs
//! nobody. See `harness.rs` for how they look.

#[path = "../support/mod.rs"]
mod support;

mod faults;
mod harness;
mod measure;
mod tcp;
mod udp;
