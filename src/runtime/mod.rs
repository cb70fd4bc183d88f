//! The OCI runtime: keeper, guard, init.
