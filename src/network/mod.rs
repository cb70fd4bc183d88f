//! The container's network.
//!
//! `none` is an own network namespace with only a loopback device, `host` the network of the caller. Otherwise the
//! container has an own namespace with one interface, and a process of the user's on the other side of it: the [`stack`]
//! turns its packets into ordinary sockets, [`dns`] answers for names, [`process`] is the process they live in.

pub mod dns;
pub mod egress;
pub mod fast;
pub mod link;
pub mod networks;
pub mod process;
mod settle;
pub mod stack;
