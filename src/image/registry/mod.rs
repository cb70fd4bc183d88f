//! Registries: which one to ask, how to log in, and the requests themselves.
//!
//! OCI distribution specification 1.1 over HTTP/1.1. [`configuration`] decides where a name leads, [`client`] talks to
//! one registry, [`blob`] reads one layer through drops and restarts, [`upload`] pushes, [`download`] fetches a file that is no registry's, [`authfile`] remembers a login, [`challenge`], [`credentials`] and [`token`] log
//! in, [`trust`] holds the certificates.

pub mod authfile;
pub mod blob;
pub mod challenge;
pub mod client;
pub mod configuration;
pub mod credentials;
pub mod download;
pub mod error;
pub mod retry;
pub mod token;
pub mod trust;
pub mod upload;
