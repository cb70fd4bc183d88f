//! The container's network.
//!
//! Two modes exist: `none`, an own network namespace with only a loopback device, and `host`, the network of the
//! caller. Which one applies is decided in [`crate::engine`]; the loopback device is brought up by
//! [`crate::runtime`].
