//! The container's root file system.
pub mod error;
pub mod tree;
pub use error::Error;
