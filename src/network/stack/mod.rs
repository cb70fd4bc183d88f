//! The user-mode network stack: IP packets of containers on one side, ordinary sockets of the user on the other.
//!
//! ```text
//!  container's namespace        net process, host's namespace
//!  eth0 (tap) ---- frames ----> event_loop -> packet::parse -> tcp, udp, icmp, link -> sockets
//!                 <--- frames - packet::build <--------------- tcp, udp, icmp <------- sockets
//! ```
//!
//! One thread, one epoll ([`Stack::run`]). The rest of the process takes part through [`Control`]; the gateway's
//! services come from [`Services`], what may leave is [`Policy`]'s to say.
//!
//! What must stay true: every byte of a frame is hostile, so parsing returns options and never panics; every table and
//! queue is bounded; nothing blocks but the wait for events; the host's loopback is reached only through the gateway's
//! address and only when [`Configuration::host_loopback`] says so ([`mod@self`] asks `address` for that in one place).

mod address;
mod configuration;
mod control;
mod core;
mod echo;
mod error;
mod event_loop;
mod forward;
mod fragment;
mod hash;
mod icmp;
mod link;
mod neighbours;
pub mod packet;
mod policy;
mod services;
mod slab;
mod tap;
mod tcp;
#[cfg(test)]
mod tests;
mod timers;
mod udp;

pub use configuration::{Configuration, Forward, Protocol, Side4, Side6};
pub use control::{Control, ForwardId, Handle, Interest, Readiness, Statistics};
pub use error::Error;
pub use event_loop::Stack;
pub use policy::{AllowAll, FlowRecord, FlowRequest, Policy, Verdict};
pub use services::{NoServices, Services};
