//! The only unsafe code: thin, safe wrappers of system calls that neither `rustix` nor `nix` offers safely.
//!
//! Descriptors are borrowed in (`impl AsFd`) and owned out (`OwnedFd`), always close-on-exec. Every function names
//! its manual page.

pub mod bpf;
pub mod datagram;
pub mod environment;
pub mod errno;
pub mod file_system;
pub mod interface;
pub mod landlock;
pub mod landlock_tcp;
pub mod mapping;
pub mod memory;
pub mod message;
pub mod mount;
pub mod namespace;
pub mod notify;
pub mod process;
pub mod quota;
pub mod schedule;
pub mod seccomp;
pub mod signal;
pub mod socket_memory;
pub mod socket_option;
pub mod trial;
pub mod tun;
pub mod user_namespace;
pub mod writeback;
