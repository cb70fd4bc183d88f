//! What every front end calls.

pub mod builtin;
pub mod doctor;
pub mod host;
pub mod images;
pub mod info;
pub mod pull;
pub mod request;
