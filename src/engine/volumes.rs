//! Volumes: make, list, remove.
//!
//! A volume is in use by the containers that mount it, running or not. Its data may belong to subordinate ids, so what
//! this user may not delete is deleted with those ids, in a child process.

use super::error::Error;
use super::lifecycle::{RemoveOptions, with_ids};
use super::{Engine, events, removal};
use crate::runtime::id_map::HostIds;
use crate::store::volumes::Volume;
use rustix::io::Errno;
use std::collections::BTreeMap;

/// A volume to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VolumeRequest {
    /// Its name; a random one when absent.
    pub name: Option<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

/// A volume and what is known about its use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeSummary {
    /// The volume.
    pub volume: Volume,
    /// Where its data is.
    pub mountpoint: String,
    /// IDs of the containers that mount it.
    pub containers: Vec<String>,
}

impl Engine {
    /// Makes a volume and returns its name.
    ///
    /// # Errors
    /// The name is bad or taken; the store cannot be written.
    pub fn create_volume(&self, request: VolumeRequest) -> Result<String, Error> {
        let name = match request.name {
            Some(name) => name,
            None => random_name()?,
        };
        self.volumes().create(&Volume {
            name: name.clone(),
            created: jiff::Timestamp::now(),
            labels: request.labels,
            options: BTreeMap::new(),
            anonymous: false,
        })?;
        events::tell(&self.paths, &[events::volume(&name, "create")]);
        Ok(name)
    }

    /// All volumes, by name.
    pub fn list_volumes(&self) -> Vec<VolumeSummary> {
        let mut users = self.volume_users();
        let summarise = |volume: Volume| VolumeSummary {
            mountpoint: self.volumes().data(&volume.name).to_string_lossy().into_owned(),
            containers: users.remove(&volume.name).unwrap_or_default(),
            volume,
        };
        self.volumes().list().into_iter().map(summarise).collect()
    }

    /// The volume called `name`, or whose name begins so.
    ///
    /// # Errors
    /// There is none, or several.
    pub fn volume(&self, name: &str) -> Result<VolumeSummary, Error> {
        let volume = self.volumes().find(name)?;
        Ok(VolumeSummary {
            mountpoint: self.volumes().data(&volume.name).to_string_lossy().into_owned(),
            containers: self.volume_users().remove(&volume.name).unwrap_or_default(),
            volume,
        })
    }

    /// Removes a volume and its data; with `force` the containers that use it too, after `timeout_seconds` (their own
    /// when absent). Returns the volume's name. The caller must have one thread.
    ///
    /// # Errors
    /// There is no such volume; it is in use; its data cannot be removed.
    pub fn remove_volume(&self, name: &str, force: bool, timeout_seconds: Option<u32>) -> Result<String, Error> {
        let VolumeSummary { volume, containers, .. } = self.volume(name)?;
        if !containers.is_empty() && !force {
            return Err(Error::Conflict(format!(
                "volume {} is being used by the following container(s): {}: volume is being used",
                volume.name,
                containers.join(", ")
            )));
        }
        for container in containers {
            self.remove(&container, RemoveOptions { force: true, timeout_seconds, volumes: false })?;
        }
        self.delete_volume(&volume.name)?;
        events::tell(&self.paths, &[events::volume(&volume.name, "remove")]);
        Ok(volume.name)
    }

    fn delete_volume(&self, name: &str) -> Result<(), Error> {
        let directory = self.volumes().directory(name);
        let failed = |reason: String| Error::Conflict(format!("cannot remove volume \"{name}\": {reason}"));
        match removal::remove_tree(&directory) {
            Ok(()) => Ok(()),
            Err(Errno::ACCESS | Errno::PERM) => {
                with_ids(&HostIds::detect().intermediate, || removal::remove_tree(&directory)).map_err(failed)
            }
            Err(error) => Err(failed(crate::runtime::failure::in_words(&error.into()))),
        }
    }

    /// IDs of the containers that mount each volume.
    fn volume_users(&self) -> BTreeMap<String, Vec<String>> {
        let mut users: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for container in self.list_containers() {
            for mount in container.record.mounts.iter().filter(|mount| mount.kind == "volume") {
                users.entry(mount.name.clone()).or_default().push(container.record.id.clone());
            }
        }
        users
    }
}

/// 64 hexadecimal digits, as podman names volumes without a name.
fn random_name() -> Result<String, Error> {
    let mut bytes = [0; 32];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(|error| Error::from(crate::runtime::failure::Failure::setup("choose a name", error)))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::paths::Paths;

    #[test]
    fn a_volume_is_made_listed_and_removed() {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths { root: home.path().join("root"), run_root: home.path().join("run"), additional: vec![] };
        let engine = Engine::new(paths, None);
        let labels = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        let named = VolumeRequest { name: Some("data".to_owned()), labels: labels.clone() };
        assert_eq!(engine.create_volume(named.clone()).unwrap(), "data");
        assert!(engine.create_volume(named).is_err());
        let random = engine.create_volume(VolumeRequest::default()).unwrap();
        assert_eq!(random.len(), 64);
        assert_eq!(engine.list_volumes().len(), 2);
        assert_eq!(engine.volume("dat").unwrap().volume.labels, labels);
        std::fs::write(engine.volumes().data("data").join("file"), "x").unwrap();
        assert_eq!(engine.remove_volume("data", false, None).unwrap(), "data");
        assert!(engine.remove_volume("data", false, None).is_err());
        assert_eq!(engine.list_volumes().len(), 1);
    }
}
