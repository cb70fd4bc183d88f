//! The on-disk layout; the only code that knows it.

pub mod archive;
pub mod blobs;
mod choice;
pub mod containers;
pub mod digest;
pub mod error;
pub mod events;
pub mod images;
pub mod layer_index;
pub mod layers;
pub mod locks;
pub mod networks;
pub mod paths;
pub mod pods;
pub mod projects;
pub mod record;
pub mod secrets;
pub mod sweep;
pub mod temporary;
pub mod volumes;
