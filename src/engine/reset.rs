//! `system reset`: a store as if coracle had never run.

use super::error::Error;
use super::lifecycle::{RemoveOptions, with_ids};
use super::{Engine, removal};
use crate::runtime::id_map::HostIds;
use rustix::io::Errno;
use std::path::PathBuf;

impl Engine {
    /// Stops and removes all containers and deletes everything of the store, but nothing else that may be in its
    /// directory. The caller must have one thread.
    ///
    /// # Errors
    /// A container cannot be stopped or a directory not be removed; what could be removed is gone.
    pub fn reset(&self) -> Result<(), Error> {
        for container in self.list_containers() {
            let options = RemoveOptions { force: true, timeout_seconds: Some(0), volumes: true };
            match self.remove_with_dependents(&container.record.id, options) {
                Err(error) if error.kind() != super::Kind::NotFound => return Err(error),
                _ => {}
            }
        }
        for part in self.parts() {
            self.delete(part)?;
        }
        // Fails when there is something else in it, and then that stays.
        let _ = std::fs::remove_dir(&self.paths.root);
        Ok(())
    }

    /// Everything that makes up a store.
    fn parts(&self) -> Vec<PathBuf> {
        let paths = &self.paths;
        let root = |name: &str| paths.root.join(name);
        let mut parts = vec![
            paths.container_names(),
            paths.containers(),
            paths.volumes(),
            paths.names(),
            paths.images(),
            root("layers"),
            root("blobs"),
            paths.extracted(),
            paths.temporary(),
            root("networks"),
            root("secrets"),
            root("pods"),
            root("events.log"),
            root("events.log.1"),
            paths.lock(),
        ];
        // Ours as a whole, unless somebody gave another place.
        if paths.run_root.file_name().is_some_and(|name| name.to_string_lossy().starts_with("coracle")) {
            parts.push(paths.run_root.clone());
        }
        parts
    }

    fn delete(&self, path: PathBuf) -> Result<(), Error> {
        let failed = |reason: String| Error::Conflict(format!("cannot remove \"{}\": {reason}", path.display()));
        match removal::remove_tree(&path) {
            Ok(()) => Ok(()),
            Err(Errno::NOTDIR) => std::fs::remove_file(&path).map_err(|source| Error::File {
                operation: "remove",
                path: path.clone(),
                source,
            }),
            Err(Errno::ACCESS | Errno::PERM) => {
                with_ids(&HostIds::detect().intermediate, || removal::remove_tree(&path)).map_err(failed)
            }
            Err(error) => Err(failed(crate::runtime::failure::in_words(&error.into()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::volumes::VolumeRequest;
    use crate::store::paths::Paths;

    #[test]
    fn only_what_is_ours_goes() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("root");
        let paths = Paths { root: root.clone(), run_root: home.path().join("run"), additional: vec![] };
        let engine = Engine::new(paths, None);
        engine.create_volume(VolumeRequest { name: Some("data".to_owned()), ..VolumeRequest::default() }).unwrap();
        std::fs::write(root.join("mine"), "x").unwrap();
        engine.reset().unwrap();
        let left: Vec<_> = std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["mine"]);
        std::fs::remove_file(root.join("mine")).unwrap();
        engine.reset().unwrap();
        assert!(!root.exists());
    }
}
