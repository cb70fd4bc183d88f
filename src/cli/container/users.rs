//! Which containers use which image: what the engine's image commands ask back.

use crate::cli::context::Context;
use crate::engine::Engine;
use crate::engine::images::remove::Containers;
use crate::engine::lifecycle::RemoveOptions;
use crate::store::digest::Digest;
use std::collections::HashMap;

/// The containers of the store, by image.
pub(crate) struct Users {
    engine: Engine,
    by_image: HashMap<String, Vec<String>>,
}

impl Users {
    /// Those of the command's store, as they are now.
    pub(crate) fn new(context: &Context) -> Users {
        let engine = context.engine();
        let mut by_image: HashMap<String, Vec<String>> = HashMap::new();
        for container in engine.list_containers() {
            by_image.entry(container.record.image_id).or_default().push(container.record.id);
        }
        Users { engine, by_image }
    }

    /// How many were made from the image with this ID.
    pub(crate) fn count(&self, image: &str) -> u64 {
        self.by_image.get(image).map_or(0, |containers| containers.len() as u64)
    }
}

impl Containers for Users {
    fn using(&self, image: &Digest) -> Vec<String> {
        let containers = self.by_image.get(&image.hex()).into_iter().flatten();
        // Removed meanwhile, perhaps by the very command that asks.
        containers.filter(|id| self.engine.containers().exists(id)).cloned().collect()
    }

    fn remove(&self, container: &str) -> Result<(), String> {
        let options = RemoveOptions { force: true, ..RemoveOptions::default() };
        self.engine.remove_with_dependents(container, options).map(|_| ()).map_err(|error| error.to_string())
    }
}
