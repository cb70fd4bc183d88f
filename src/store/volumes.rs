//! Volumes on disk: `volumes/<name>/volume.json` beside the data in `_data/`, and an empty file `used` once a container was
//! started with it.
//!
//! A volume is there when its `volume.json` is. Making one that exists is no error for those who only want it to be
//! there, so two commands may both make it.

use super::containers::{Durability, make_directories, make_directory, read_json, write_json};
use super::paths::Paths;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// One volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created: jiff::Timestamp,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Driver options (`type`, `device`, `o`).
    pub options: BTreeMap<String, String>,
    /// Made for one container without a name of its own, and removed with it.
    pub anonymous: bool,
    /// Owner of its directory in a container with the usual id map, where one was asked for.
    #[serde(default)]
    pub uid: Option<u32>,
    /// Group of its directory, likewise.
    #[serde(default)]
    pub gid: Option<u32>,
}

impl Volume {
    /// A volume without labels and options, made now.
    pub fn new(name: &str) -> Self {
        Volume {
            name: name.to_owned(),
            created: jiff::Timestamp::now(),
            labels: BTreeMap::new(),
            options: BTreeMap::new(),
            anonymous: false,
            uid: None,
            gid: None,
        }
    }
}

/// File that says that a container was started with the volume.
const USED: &str = "used";

/// An error about a volume.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No volume has this name.
    #[error("no volume with name \"{name}\" found: no such volume")]
    NoSuchVolume {
        /// As typed.
        name: String,
    },
    /// A volume has this name already.
    #[error("volume with name {name} already exists: volume already exists")]
    Exists {
        /// The name.
        name: String,
    },
    /// The name has characters a volume's cannot have.
    #[error("invalid volume name \"{name}\": names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument")]
    BadName {
        /// As typed.
        name: String,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] super::containers::Error),
}

impl Error {
    /// Whether the volume does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Error::NoSuchVolume { .. })
    }
}

/// The volumes of one store.
#[derive(Clone, Debug)]
pub struct Volumes {
    paths: Paths,
}

impl Volumes {
    /// The volumes of the store at `paths`; touches nothing.
    pub fn new(paths: &Paths) -> Self {
        Volumes { paths: paths.clone() }
    }

    /// The directory of volume `name`.
    pub fn directory(&self, name: &str) -> PathBuf {
        self.paths.volumes().join(name)
    }

    /// Where the data of volume `name` is.
    pub fn data(&self, name: &str) -> PathBuf {
        self.directory(name).join("_data")
    }

    /// Makes a volume; [`Error::Exists`] when there is one.
    pub fn create(&self, volume: &Volume) -> Result<(), Error> {
        check_name(&volume.name)?;
        let directory = self.directory(&volume.name);
        if self.exists(&volume.name) {
            return Err(Error::Exists { name: volume.name.clone() });
        }
        make_directories(&self.paths.volumes())?;
        // Another command may be making the same volume: what it has made already is as good.
        if let Err(error) = make_directory(&directory)
            && !directory.is_dir()
        {
            return Err(error.into());
        }
        // Readable like a directory in an image: its owner inside may be anybody.
        use std::os::unix::fs::DirBuilderExt;
        let data = self.data(&volume.name);
        if let Err(error) = fs::DirBuilder::new().mode(0o755).create(&data)
            && !data.is_dir()
        {
            return Err(super::containers::Error::io("create directory", &data, error).into());
        }
        write_json(&directory.join("volume.json"), volume, Durability::Durable)?;
        Ok(())
    }

    /// Makes sure that volume `name` is there; true when it was not.
    pub fn ensure(&self, name: &str, anonymous: bool) -> Result<bool, Error> {
        let volume = Volume { anonymous, ..Volume::new(name) };
        match self.create(&volume) {
            Ok(()) => Ok(true),
            Err(Error::Exists { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Notes that a container is being started with volume `name`; true for the first.
    pub fn begin_use(&self, name: &str) -> bool {
        // A note that cannot be written (a full disk) makes the next use the first again, which changes an owner at most.
        fs::OpenOptions::new().write(true).create_new(true).open(self.directory(name).join(USED)).is_ok()
    }

    /// Whether a container was started with volume `name`.
    pub fn is_used(&self, name: &str) -> bool {
        self.directory(name).join(USED).exists()
    }

    /// Whether volume `name` holds nothing; one that this user may not read is said to hold something.
    pub fn is_empty(&self, name: &str) -> bool {
        fs::read_dir(self.data(name)).is_ok_and(|mut entries| entries.next().is_none())
    }

    /// Whether volume `name` is there.
    pub fn exists(&self, name: &str) -> bool {
        check_name(name).is_ok() && self.directory(name).join("volume.json").exists()
    }

    /// Reads the volume of this very name; `None` when there is none, or its file is damaged.
    pub fn get(&self, name: &str) -> Option<Volume> {
        check_name(name).ok().and_then(|()| read_json(&self.directory(name).join("volume.json")).ok())
    }

    /// Reads a volume by its name or the unambiguous start of it.
    pub fn find(&self, name: &str) -> Result<Volume, Error> {
        let missing = || Error::NoSuchVolume { name: name.to_owned() };
        if self.exists(name) {
            return Ok(read_json(&self.directory(name).join("volume.json"))?);
        }
        let mut matches = self.list().into_iter().filter(|volume| !name.is_empty() && volume.name.starts_with(name));
        let first = matches.next().ok_or_else(missing)?;
        if matches.next().is_some() { Err(missing()) } else { Ok(first) }
    }

    /// All volumes, by name.
    pub fn list(&self) -> Vec<Volume> {
        let Ok(entries) = fs::read_dir(self.paths.volumes()) else { return Vec::new() };
        let mut volumes: Vec<Volume> =
            entries.filter_map(|entry| read_json(&entry.ok()?.path().join("volume.json")).ok()).collect();
        volumes.sort_by(|left, right| left.name.cmp(&right.name));
        volumes
    }
}

/// podman's rule for volume and container names.
fn check_name(name: &str) -> Result<(), Error> {
    let mut bytes = name.bytes();
    let is_good = bytes.next().is_some_and(|first| first.is_ascii_alphanumeric())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
    if is_good { Ok(()) } else { Err(Error::BadName { name: name.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_is_made_once_and_found_by_its_start() {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths { root: home.path().into(), run_root: home.path().into(), additional: vec![] };
        let volumes = Volumes::new(&paths);
        volumes.ensure("data1", false).unwrap();
        volumes.ensure("data1", false).unwrap();
        assert!(volumes.data("data1").is_dir());
        assert_eq!(volumes.find("dat").unwrap().name, "data1");
        assert!(!volumes.is_used("data1") && volumes.is_empty("data1"));
        assert!(volumes.begin_use("data1") && !volumes.begin_use("data1") && volumes.is_used("data1"));
        volumes.ensure("data2", false).unwrap();
        assert!(volumes.find("dat").unwrap_err().is_not_found());
        for bad in ["", "../x", ".hidden", "a/b", "-x"] {
            assert!(matches!(volumes.ensure(bad, false), Err(Error::BadName { .. })), "{bad}");
        }
    }
}
