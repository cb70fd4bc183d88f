//! What every front end calls.

pub mod request;
