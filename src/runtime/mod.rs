//! The OCI runtime: keeper, guard, init.
//!
//! - [`plan`] is the data all of them work from; [`handshake`] and [`attach`] are what they say to each other,
//!   [`control`] is where.
//! - [`keeper`] runs beside the container, [`guard`] makes sure nothing outlives it, [`init`] becomes it; [`exec`] puts
//!   further processes into it.
//! - The other modules each know one thing a container is made of: [`id_map`], [`namespaces`], [`capabilities`],
//!   [`seccomp`], [`devices`], [`rlimits`], [`security`], [`sysctl`], [`signals`]; [`rooted`] resolves paths in it.

pub mod attach;
pub mod capabilities;
pub mod cgroup;
pub mod control;
pub mod devices;
pub mod exec;
pub mod failure;
pub mod guard;
pub mod handshake;
pub mod id_map;
pub mod init;
pub mod keeper;
pub mod labels;
pub mod namespaces;
pub mod oci;
pub mod option_error;
pub mod plan;
pub mod rlimits;
pub mod rooted;
pub mod seccomp;
pub mod security;
pub mod signals;
pub mod subordinate;
pub mod sysctl;
