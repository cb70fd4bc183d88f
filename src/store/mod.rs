//! The on-disk layout; the only code that knows it.

pub mod paths;
