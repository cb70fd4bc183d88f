//! The on-disk layout; the only code that knows it.

pub mod layer_index;
pub mod paths;
pub mod record;
