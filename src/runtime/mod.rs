//! The OCI runtime: keeper, guard, init.

pub mod capabilities;
pub mod id_map;
pub mod option_error;
pub mod seccomp;
pub mod subordinate;
