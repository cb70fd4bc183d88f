//! Secrets on disk: `secrets/<id>/secret.json` beside the bytes in `data`, both readable by the user alone.
//!
//! A secret is there when its `secret.json` is. Names are unique: who makes or removes secrets holds `secrets/lock`. Nothing
//! is encrypted, as in podman's driver `file`; what protects the bytes are the modes of the directories, which is what
//! protects everything else of the user's.

use super::choice::{Choice, choose};
use super::containers::{Durability, make_directories, make_directory, random_id, read_json, write_json};
use super::locks;
use super::paths::Paths;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Hexadecimal digits of a secret's ID, as podman's.
const ID_LENGTH: usize = 25;

/// A secret has at least one byte and less than this (containers/common, pkg/secrets).
pub const SIZE_LIMIT_BYTES: usize = 512_000;

/// Characters of a name at most.
const NAME_LIMIT: usize = 253;

/// What is known about a secret, but for its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// 25 hexadecimal digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// When a secret of this name was first made.
    pub created: jiff::Timestamp,
    /// When it was last replaced.
    pub updated: jiff::Timestamp,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Options of the driver, kept as given.
    pub options: BTreeMap<String, String>,
}

/// An error about a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No secret has this name or ID.
    #[error("no secret with name or id {name:?}: no such secret")]
    NoSuchSecret {
        /// As typed.
        name: String,
    },
    /// Several IDs begin so.
    #[error("more than one result secret with prefix {prefix}: secret is ambiguous")]
    Ambiguous {
        /// As typed.
        prefix: String,
    },
    /// A secret has this name already.
    #[error("{name}: secret name in use")]
    Exists {
        /// The name.
        name: String,
    },
    /// The name cannot be a secret's.
    #[error(
        "secret name {name:?} can not include '=', '/', ',', or the NULL ('\\0') and be between 1 and 253 characters: invalid secret name"
    )]
    BadName {
        /// As typed.
        name: String,
    },
    /// There are no bytes, or too many.
    #[error("secret data must be larger than 0 and less than 512000 bytes")]
    BadSize,
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] super::containers::Error),
}

impl Error {
    /// Whether the secret does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Error::NoSuchSecret { .. })
    }
}

/// A secret to be made.
#[derive(Debug, Default)]
pub struct NewSecret {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub data: Vec<u8>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Options of the driver.
    pub options: BTreeMap<String, String>,
    /// Take the place of a secret of this name.
    pub replace: bool,
}

/// The secrets of one store.
#[derive(Clone, Debug)]
pub struct Secrets {
    directory: PathBuf,
}

impl Secrets {
    /// The secrets of the store at `paths`; touches nothing.
    pub fn new(paths: &Paths) -> Self {
        Secrets { directory: paths.secrets() }
    }

    /// Where the secrets are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Makes a secret and returns its ID, which is a new one also when a secret is replaced.
    pub fn create(&self, wanted: NewSecret) -> Result<String, Error> {
        let NewSecret { name, data, labels, options, replace } = wanted;
        if !is_name(&name) {
            return Err(Error::BadName { name });
        }
        if data.is_empty() || data.len() >= SIZE_LIMIT_BYTES {
            return Err(Error::BadSize);
        }
        make_directories(&self.directory)?;
        let _lock = self.lock()?;
        let before = self.list().into_iter().find(|secret| secret.name == name);
        if before.is_some() && !replace {
            return Err(Error::Exists { name });
        }
        let updated = jiff::Timestamp::now();
        let created = before.as_ref().map_or(updated, |before| before.created);
        let id: String = random_id().chars().take(ID_LENGTH).collect();
        let directory = self.directory.join(&id);
        make_directory(&directory)?;
        write_private(&directory.join("data"), &data)?;
        let secret = Secret { id, name, created, updated, labels, options };
        write_json(&directory.join("secret.json"), &secret, Durability::Durable)?;
        if let Some(before) = before {
            self.delete(&before.id)?;
        }
        Ok(secret.id)
    }

    /// The secret with this name or ID, or whose ID begins so.
    pub fn find(&self, name: &str) -> Result<Secret, Error> {
        match choose(self.list(), name, |secret| [&secret.name, &secret.id]) {
            Choice::One(secret) => Ok(secret),
            Choice::None => Err(Error::NoSuchSecret { name: name.to_owned() }),
            Choice::Several => Err(Error::Ambiguous { prefix: name.to_owned() }),
        }
    }

    /// The bytes of secret `id`.
    pub fn data(&self, id: &str) -> Result<Vec<u8>, Error> {
        let path = self.directory.join(id).join("data");
        Ok(fs::read(&path).map_err(|error| super::containers::Error::io("read", &path, error))?)
    }

    /// All secrets, by name.
    pub fn list(&self) -> Vec<Secret> {
        let Ok(entries) = fs::read_dir(&self.directory) else { return Vec::new() };
        let mut secrets: Vec<Secret> =
            entries.filter_map(|entry| read_json(&entry.ok()?.path().join("secret.json")).ok()).collect();
        secrets.sort_by(|left, right| left.name.cmp(&right.name));
        secrets
    }

    /// Removes the secret with this name or ID and returns its ID. Containers that have it keep it.
    pub fn remove(&self, name: &str) -> Result<String, Error> {
        if !self.directory.exists() {
            return Err(Error::NoSuchSecret { name: name.to_owned() });
        }
        let _lock = self.lock()?;
        let secret = self.find(name)?;
        self.delete(&secret.id)?;
        Ok(secret.id)
    }

    fn delete(&self, id: &str) -> Result<(), Error> {
        let directory = self.directory.join(id);
        let failed = |error| super::containers::Error::io("remove", &directory, error);
        fs::remove_file(directory.join("secret.json")).map_err(failed)?;
        Ok(fs::remove_dir_all(&directory).map_err(failed)?)
    }

    fn lock(&self) -> Result<OwnedFd, Error> {
        let path = self.directory.join("lock");
        Ok(locks::wait_for(&path).map_err(|error| super::containers::Error::io("lock", &path, error.into()))?)
    }
}

/// Writes a new file that only the user can read, to the disk. Fails where the file system would let others read it.
pub fn write_private(path: &Path, data: &[u8]) -> Result<(), Error> {
    let mut options = fs::OpenOptions::new();
    let written = options.write(true).create_new(true).mode(0o600).open(path).and_then(|mut file| {
        // FAT knows no modes: all its files have the one it was mounted with.
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            let _ = fs::remove_file(path); // it is empty
            return Err(io::Error::other("others could read it on this file system, which keeps no modes"));
        }
        file.write_all(data)?;
        file.sync_all()
    });
    Ok(written.map_err(|error| super::containers::Error::io("write", path, error))?)
}

fn is_name(name: &str) -> bool {
    (1..=NAME_LIMIT).contains(&name.len()) && !name.contains(['=', '/', ',', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(name: &str, data: &[u8]) -> NewSecret {
        NewSecret { name: name.to_owned(), data: data.to_vec(), ..NewSecret::default() }
    }

    #[test]
    fn a_secret_is_made_found_replaced_and_removed() {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths { root: home.path().into(), run_root: home.path().into(), additional: vec![] };
        let secrets = Secrets::new(&paths);
        assert!(secrets.remove("a").unwrap_err().is_not_found());
        let id = secrets.create(new("a", b"x")).unwrap();
        assert_eq!((id.len(), secrets.data(&id).unwrap()), (25, b"x".to_vec()));
        for file in ["data", "secret.json"] {
            let mode = fs::metadata(secrets.directory().join(&id).join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, 0o600, "{file}");
        }
        assert!(matches!(secrets.create(new("a", b"y")), Err(Error::Exists { .. })));
        let second = secrets.create(NewSecret { replace: true, ..new("a", b"y") }).unwrap();
        assert_ne!(id, second);
        assert!(secrets.find(&id).unwrap_err().is_not_found());
        assert_eq!(secrets.find(&second[..20]).unwrap().name, "a");
        assert_eq!(secrets.remove("a").unwrap(), second);
        assert!(secrets.list().is_empty());
    }

    #[test]
    fn names_and_sizes() {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths { root: home.path().into(), run_root: home.path().into(), additional: vec![] };
        let secrets = Secrets::new(&paths);
        let long = "n".repeat(254);
        for bad in ["", "a=b", "a/b", "a,b", "a\0", &long] {
            assert!(matches!(secrets.create(new(bad, b"x")), Err(Error::BadName { .. })), "{bad:?}");
        }
        for good in ["a", "..", "with blank", "?!", &long[..253]] {
            secrets.create(new(good, b"x")).unwrap();
        }
        for (size, is_good) in [(0, false), (1, true), (SIZE_LIMIT_BYTES - 1, true), (SIZE_LIMIT_BYTES, false)] {
            assert_eq!(secrets.create(new(&format!("size{size}"), &vec![0; size])).is_ok(), is_good, "{size}");
        }
    }
}
