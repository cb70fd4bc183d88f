//! The container's root file system.
//!
//! [`tree`] merges the indexes of an image's layers into one file; [`server`] serves that tree, or a host directory, over FUSE
//! from the keeper; [`mount`] is what init does inside the namespaces; [`probe`] chooses the driver;
//! [`extract`] unpacks the tree where there is no FUSE.
//!
//! ```text
//! keeper (host's user namespace)            init (container's namespaces)
//!                                           open_fuse_device, mount_fuse
//!                  device  <───── socket ──
//! serve(lower, device, options)
//!                                           mount_overlay on top, pivot_root
//! Server::wait  <── unmounted with the mount namespace
//! ```

pub mod error;
pub mod extract;
pub mod mount;
pub mod probe;
pub mod server;
pub mod tree;

pub use error::Error;
