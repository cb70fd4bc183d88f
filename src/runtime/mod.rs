//! The OCI runtime: keeper, guard, init.

pub mod id_map;
pub mod subordinate;
