//! Volumes: make, list, use, remove.
//!
//! A volume is in use by the containers that mount it, running or not. Its data may belong to subordinate ids, so what
//! this user may not delete is deleted with those ids, in a child process.

mod files;
pub mod options;

use super::error::Error;
use super::lifecycle::{RemoveOptions, with_ids};
use super::record::ContainerRecord;
use super::{Engine, events, removal};
use crate::runtime::id_map::HostIds;
use crate::runtime::init::FRESH_OPTION;
use crate::store::volumes::Volume;
use rustix::fs::{Gid, Uid};
use rustix::io::Errno;
use std::collections::BTreeMap;

/// A volume to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VolumeRequest {
    /// Its name; a random one when absent.
    pub name: Option<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Options of the driver.
    pub options: options::VolumeOptions,
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
    /// It is empty: what an image has where it is mounted is copied into it.
    pub needs_copy: bool,
    /// No container was started with it: it gets the owner of the place where it is mounted.
    pub needs_owner: bool,
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
        options::check(&request.options)?;
        let volume = Volume { labels: request.labels, ..request.options.describe(Volume::new(&name)) };
        self.volumes().create(&volume)?;
        if let Err(error) = self.give_volume(&volume) {
            let _ = self.delete_volume(&name); // the error that is returned is the one worth telling
            return Err(error);
        }
        events::tell(&self.paths, &[events::volume(&name, "create")]);
        Ok(name)
    }

    /// All volumes, by name.
    pub fn list_volumes(&self) -> Vec<VolumeSummary> {
        let mut users = self.volume_users();
        self.volumes().list().into_iter().map(|volume| self.summarise(volume, &mut users)).collect()
    }

    /// The volume called `name`, or whose name begins so.
    ///
    /// # Errors
    /// There is none, or several.
    pub fn volume(&self, name: &str) -> Result<VolumeSummary, Error> {
        let volume = self.volumes().find(name)?;
        Ok(self.summarise(volume, &mut self.volume_users()))
    }

    fn summarise(&self, volume: Volume, users: &mut BTreeMap<String, Vec<String>>) -> VolumeSummary {
        let volumes = self.volumes();
        VolumeSummary {
            mountpoint: volumes.data(&volume.name).to_string_lossy().into_owned(),
            containers: users.remove(&volume.name).unwrap_or_default(),
            needs_copy: volumes.is_empty(&volume.name),
            needs_owner: !volumes.is_used(&volume.name),
            volume,
        }
    }

    /// Gives a new volume the owner that was asked for (`o=uid=...`). The caller must have one thread.
    fn give_volume(&self, volume: &Volume) -> Result<(), Error> {
        if volume.uid.is_none() && volume.gid.is_none() {
            return Ok(());
        }
        let directory = self.volumes().data(&volume.name);
        let (uid, gid) = (volume.uid.map(Uid::from_raw), volume.gid.map(Gid::from_raw));
        let host = HostIds::detect();
        let give = || rustix::fs::chown(&directory, uid, gid);
        let given = match host.privileged {
            true => give().map_err(|error| crate::runtime::failure::in_words(&error.into())),
            false => with_ids(&host.intermediate, give),
        };
        // The owner is the one asked for, whatever the image has.
        self.volumes().begin_use(&volume.name);
        given.map_err(|reason| {
            let shown = |id: Option<u32>| id.map_or(String::new(), |id| id.to_string());
            Error::BadRequest(format!(
                "chowning volume directory \"{}\" to {}:{}: {reason}",
                directory.display(),
                shown(volume.uid),
                shown(volume.gid)
            ))
        })
    }

    /// Notes which volumes the container that is about to start uses, and tells its init of those nobody has used before.
    pub(super) fn begin_volume_use(&self, record: &mut ContainerRecord) {
        let volumes = self.volumes();
        let named = record.mounts.iter().filter(|mount| mount.kind == "volume");
        let fresh: Vec<&str> = named
            // What a volume's options lead to belongs to somebody already.
            .filter(|mount| mount.source == volumes.data(&mount.name).to_string_lossy())
            .filter(|mount| volumes.begin_use(&mount.name) && volumes.is_empty(&mount.name))
            .map(|mount| mount.destination.as_str())
            .collect();
        if fresh.is_empty() {
            return;
        }
        let mut mounts = record.plan.spec.mounts().clone().unwrap_or_default();
        for mount in
            mounts.iter_mut().filter(|mount| mount.destination().to_str().is_some_and(|at| fresh.contains(&at)))
        {
            let mut options = mount.options().clone().unwrap_or_default();
            options.push(FRESH_OPTION.to_owned());
            mount.set_options(Some(options));
        }
        record.plan.spec.set_mounts(Some(mounts));
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
            match self
                .remove_with_dependents(&container, RemoveOptions { force: true, timeout_seconds, volumes: false })
            {
                // It has gone with another.
                Err(error) if error.kind() != super::Kind::NotFound => return Err(error),
                _ => {}
            }
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
        let named = VolumeRequest { name: Some("data".to_owned()), labels: labels.clone(), ..VolumeRequest::default() };
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
