//! Pods on disk: `pods/<id>/pod.json`.
//!
//! A pod is there when its `pod.json` is. Which containers belong to it stands with the containers, so nothing has to be kept in
//! step. Names are unique: who makes pods holds `pods/lock`.

use super::choice::{Choice, choose};
use super::containers::{Durability, is_id, make_directories, make_directory, random_id, read_json, write_json};
use super::locks;
use super::paths::Paths;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// A pod as created.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pod {
    /// 64 hexadecimal digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it was created.
    pub created: jiff::Timestamp,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Namespaces its containers share: `ipc`, `net`, `uts`, `pid`, `cgroup`, `user`.
    pub shared: Vec<String>,
    /// ID of the container that holds them.
    pub infra: Option<String>,
    /// What happens when the last container exits: `continue` or `stop`.
    pub exit_policy: String,
    /// Restart policy of containers that have none of their own.
    pub restart: String,
    /// Host name of its containers.
    pub hostname: String,
    /// The words of the command that made it.
    pub create_command: Vec<String>,
}

/// An error about a pod.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No pod has this name or ID.
    #[error("no pod with name or ID {name} found: no such pod")]
    NoSuchPod {
        /// As typed.
        name: String,
    },
    /// Several IDs begin so.
    #[error("more than one result for pod ID {prefix}: pod already exists")]
    Ambiguous {
        /// As typed.
        prefix: String,
    },
    /// A pod has this name already.
    #[error("adding pod to state: name {name:?} is in use: pod already exists")]
    Exists {
        /// The name.
        name: String,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] super::containers::Error),
}

impl Error {
    /// Whether the pod does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Error::NoSuchPod { .. })
    }
}

/// The pods of one store.
#[derive(Clone, Debug)]
pub struct Pods {
    directory: PathBuf,
}

impl Pods {
    /// The pods of the store at `paths`; touches nothing.
    pub fn new(paths: &Paths) -> Self {
        Pods { directory: paths.pods() }
    }

    /// Makes a pod, with an ID of its own, and returns it.
    pub fn create(&self, pod: Pod) -> Result<Pod, Error> {
        make_directories(&self.directory)?;
        let _lock = self.lock()?;
        let mut pod = Pod { id: random_id(), ..pod };
        if pod.name.is_empty() {
            // Hardly anybody types it, so it need not be witty.
            pod.name = format!("pod_{}", pod.id.get(..12).unwrap_or_default());
        }
        if self.list().iter().any(|known| known.name == pod.name) {
            return Err(Error::Exists { name: pod.name });
        }
        make_directory(&self.directory.join(&pod.id))?;
        self.write(&pod)?;
        Ok(pod)
    }

    /// Replaces what is remembered of a pod.
    pub fn write(&self, pod: &Pod) -> Result<(), Error> {
        Ok(write_json(&self.directory.join(&pod.id).join("pod.json"), pod, Durability::Durable)?)
    }

    /// The pod with this ID; `None` when it is gone.
    pub fn get(&self, id: &str) -> Option<Pod> {
        is_id(id).then(|| read_json(&self.directory.join(id).join("pod.json")).ok()).flatten()
    }

    /// The pod with this name or ID, or whose ID begins so.
    pub fn find(&self, name: &str) -> Result<Pod, Error> {
        match choose(self.list(), name, |pod| [&pod.name, &pod.id]) {
            Choice::One(pod) => Ok(pod),
            Choice::None => Err(Error::NoSuchPod { name: name.to_owned() }),
            Choice::Several => Err(Error::Ambiguous { prefix: name.to_owned() }),
        }
    }

    /// All pods, oldest first.
    pub fn list(&self) -> Vec<Pod> {
        let Ok(entries) = fs::read_dir(&self.directory) else { return Vec::new() };
        let mut pods: Vec<Pod> =
            entries.filter_map(|entry| read_json(&entry.ok()?.path().join("pod.json")).ok()).collect();
        pods.sort_by(|left, right| (left.created, &left.id).cmp(&(right.created, &right.id)));
        pods
    }

    /// Removes a pod; its containers are the caller's business.
    pub fn remove(&self, id: &str) -> Result<(), Error> {
        let directory = self.directory.join(id);
        let failed = |error| super::containers::Error::io("remove", &directory, error);
        match fs::remove_dir_all(&directory) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(error).into()),
            _ => Ok(()),
        }
    }

    fn lock(&self) -> Result<OwnedFd, Error> {
        let path = self.directory.join("lock");
        Ok(locks::wait_for(&path).map_err(|error| super::containers::Error::io("lock", &path, error.into()))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_is_made_found_and_removed() {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths { root: home.path().into(), run_root: home.path().into(), additional: vec![] };
        let pods = Pods::new(&paths);
        assert!(pods.find("web").unwrap_err().is_not_found());
        let web = pods.create(Pod { name: "web".to_owned(), ..Pod::default() }).unwrap();
        assert!(matches!(pods.create(Pod { name: "web".to_owned(), ..Pod::default() }), Err(Error::Exists { .. })));
        let other = pods.create(Pod::default()).unwrap();
        assert!(other.name.starts_with("pod_"));
        for name in ["web", &web.id, &web.id[..20]] {
            assert_eq!(pods.find(name).unwrap(), web);
        }
        pods.remove(&web.id).unwrap();
        assert_eq!(pods.get(&web.id), None);
        assert_eq!(pods.list(), [other]);
    }
}
