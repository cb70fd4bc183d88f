//! The OCI runtime: keeper, guard, init.

pub mod capabilities;
pub mod devices;
pub mod id_map;
pub mod option_error;
pub mod rlimits;
pub mod seccomp;
pub mod security;
pub mod signals;
pub mod subordinate;
pub mod sysctl;
