//! What every front end calls.

pub mod doctor;
pub mod host;
pub mod request;
