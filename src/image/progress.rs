//! What a pull tells its caller while it runs.

use crate::store::digest::Digest;

/// Receives the progress of a pull, from several threads at once. `digest` is that of the blob at the registry.
pub trait Progress: Sync {
    /// One line for a person: `Trying to pull docker.io/library/debian:12...`, a retry, a fallback.
    fn note(&self, _text: &str) {}
    /// The layer is in the store already.
    fn layer_exists(&self, _digest: &Digest) {}
    /// Another process is fetching the layer; this one waits for it.
    fn layer_waiting(&self, _digest: &Digest) {}
    /// The layer's download begins.
    fn layer_started(&self, _digest: &Digest, _total_bytes: u64) {}
    /// `bytes` more of the compressed layer have been taken in.
    fn layer_advanced(&self, _digest: &Digest, _bytes: u64) {}
    /// The layer is in the store.
    fn layer_done(&self, _digest: &Digest) {}
    /// The config is in the store.
    fn config_done(&self, _digest: &Digest) {}
    /// The image's record is in the store: the pull is about to succeed.
    fn manifest_done(&self) {}
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {}
