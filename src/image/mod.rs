//! Images: names, platforms, manifests, registries, pulling and pushing.
//!
//! [`pull()`] is the way in. A reference is parsed ([`mod@reference`]), led to one or several places
//! ([`registry::configuration`]), its manifest fetched and checked ([`manifest`], [`platform`]), and its layers taken
//! from socket to disk in one pass each ([`layer`]). Nothing here runs containers or knows file trees: the store gets
//! blobs, layers with their index, a record and a name.
//!
//! Everything a registry sends is hostile: sizes are capped, digests of every object verified, and nothing is put in
//! place before that.

pub mod decompress;
pub mod error;
pub mod layer;
pub mod manifest;
pub mod platform;
pub mod progress;
pub mod pull;
pub mod push;
pub mod reference;
pub mod registry;

pub use error::Error;
pub use pull::pull;
