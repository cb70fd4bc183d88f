//! Which containers use which image: what the engine's image commands ask back.

use crate::cli::context::Context;
use crate::engine::images::remove::Containers;
use crate::store::digest::Digest;

/// The containers of the store.
pub(crate) struct Users;

impl Users {
    /// Those of the command's store.
    pub(crate) fn new(_context: &Context) -> Users {
        Users
    }

    /// How many were made from the image with this ID.
    pub(crate) fn count(&self, _image: &str) -> u64 {
        0
    }
}

impl Containers for Users {
    fn using(&self, _image: &Digest) -> Vec<String> {
        Vec::new()
    }

    fn remove(&self, _container: &str) -> Result<(), String> {
        Ok(())
    }
}
