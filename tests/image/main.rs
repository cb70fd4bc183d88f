//! Pulling and keeping images, against a real registry where one is installed and against one of our own that
//! misbehaves in every way registries do.

mod check;
mod faults;
mod fixture;
mod interrupted;
mod local;
mod login;
mod pulls;
mod real;
mod server;
