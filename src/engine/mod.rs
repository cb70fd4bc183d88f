//! What every front end calls.

pub mod host;
pub mod request;
