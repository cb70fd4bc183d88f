//! Where things are.
//!
//! ```text
//! ROOT (~/.local/share/coracle, --root, CORACLE_ROOT)
//! ├── blobs/sha256/<hex>            manifests, indexes and configs, byte for byte as the registry sent them
//! ├── layers/sha256/<hex>.tar       a layer, uncompressed; <hex> is its diff ID
//! ├── layers/sha256/<hex>.index     its index; the layer is present only once this has been renamed into place
//! ├── images/<hex>/                 one image (its ID is the digest of its config): record.json, tree (merged index)
//! ├── names/<escaped reference>     one name: JSON naming image ID and manifest digest; `/` is written `+`
//! ├── containers/<hex>/             one container: config.json, state.json, upper/, work/, logs
//! ├── container-names/<name>        text: the ID of the container that has this name
//! ├── volumes/<name>/               volume.json, _data/
//! ├── pods/<id>/                   pod.json, see [`super::pods`]
//! ├── secrets/<id>/                secret.json, data: for the user alone, see [`super::secrets`]
//! ├── networks/                     networks with names, see [`super::networks`]
//! ├── mounts/<id>/                 where `container mount` and `image mount` show files
//! ├── projects/<number>           text: the ID of the container whose size is limited by it, see [`super::projects`]
//! ├── extracted/<image>-<maps>/     an image's files for the driver `overlay`, with the owners of one id map
//! ├── events.log, events.log.1      what was done, see [`super::events`]
//! ├── lock                          empty; byte-range locks, see [`super::locks`]
//! └── tmp/                          files being written; anything here is rubbish once its writer is dead
//! ```
//!
//! What must not outlive a boot (sockets, pids) is in RUNROOT: `coracle` in `$XDG_RUNTIME_DIR` or `/run/user/<uid>` where
//! that directory is ours, else `/tmp/coracle-run-<uid>` (created 0700), else, when somebody else has made that, `run` in ROOT.
//! `<uid>` is that of the host, as far as it can be seen: root of a user namespace is not the host's, nor another's.

use super::error::Error;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The directories of one store. Holds paths only: creating it touches nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The store's root directory.
    pub root: PathBuf,
    /// Directory for what must not outlive a boot.
    pub run_root: PathBuf,
    /// Read-only stores searched, in order, after `root`.
    pub additional: Vec<PathBuf>,
}

impl Paths {
    /// `blobs/sha256`.
    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs/sha256")
    }
    /// `layers/sha256`.
    pub fn layers(&self) -> PathBuf {
        self.root.join("layers/sha256")
    }
    /// `images`.
    pub fn images(&self) -> PathBuf {
        self.root.join("images")
    }
    /// `names`.
    pub fn names(&self) -> PathBuf {
        self.root.join("names")
    }
    /// `containers`.
    pub fn containers(&self) -> PathBuf {
        self.root.join("containers")
    }
    /// `container-names`.
    pub fn container_names(&self) -> PathBuf {
        self.root.join("container-names")
    }
    /// `volumes`.
    pub fn volumes(&self) -> PathBuf {
        self.root.join("volumes")
    }
    /// `pods`.
    pub fn pods(&self) -> PathBuf {
        self.root.join("pods")
    }
    /// `secrets`.
    pub fn secrets(&self) -> PathBuf {
        self.root.join("secrets")
    }
    /// `networks`.
    pub fn networks(&self) -> PathBuf {
        self.root.join("networks")
    }
    /// `projects`.
    pub fn projects(&self) -> PathBuf {
        self.root.join("projects")
    }
    /// `extracted`.
    pub fn extracted(&self) -> PathBuf {
        self.root.join("extracted")
    }
    /// `tmp`.
    pub fn temporary(&self) -> PathBuf {
        self.root.join("tmp")
    }
    /// `lock`.
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }
    /// The stores that are read, the user's own first. The others are never written.
    pub fn readable(&self) -> impl Iterator<Item = Paths> + '_ {
        let own = Paths { additional: Vec::new(), ..self.clone() };
        let others = self.additional.iter().map(|root| Paths {
            root: root.clone(),
            run_root: self.run_root.clone(),
            additional: Vec::new(),
        });
        std::iter::once(own).chain(others)
    }
    /// The directory of one container (`id`: 64 hexadecimal digits).
    pub fn container(&self, id: &str) -> PathBuf {
        self.containers().join(id)
    }
    /// The runtime directory of one container: sockets and pid files.
    pub fn container_run(&self, id: &str) -> PathBuf {
        self.run_root.join(&id[..id.len().min(32)])
    }
    /// Whether `path` lies inside this store.
    pub fn contains(&self, path: &Path) -> bool {
        path.starts_with(&self.root) || path.starts_with(&self.run_root)
    }
}

/// Creates `path` and what is missing above it, readable by the user alone where it is new. Fine when it exists.
pub fn create_directory(path: &Path) -> Result<(), Error> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(Error::file("create", path))
}

impl Paths {
    /// The usual places of this user: `root` and `run_root` when given; else `CORACLE_ROOT`; else the data directory
    /// of the XDG base directory specification, and `$XDG_RUNTIME_DIR` when it is a directory of ours, else `/tmp`.
    pub fn for_user(root: Option<PathBuf>, run_root: Option<PathBuf>) -> Self {
        let from_environment = || std::env::var_os("CORACLE_ROOT").filter(|root| !root.is_empty()).map(PathBuf::from);
        let root = root.or_else(from_environment).unwrap_or_else(default_root);
        let root = std::path::absolute(&root).unwrap_or(root);
        let run_root = run_root.unwrap_or_else(|| default_run_root(&root));
        let additional = std::env::var_os("CORACLE_ADDITIONAL_STORES")
            .map(|stores| std::env::split_paths(&stores).filter(|store| store.is_absolute()).collect())
            .unwrap_or_default();
        Paths { root, run_root, additional }
    }
}

fn default_root() -> PathBuf {
    // Without a home (a service, a broken account) something private that exists.
    let fallback = || PathBuf::from(format!("/var/tmp/coracle-{}", rustix::process::getuid().as_raw()));
    dirs::data_local_dir().map_or_else(fallback, |data| data.join("coracle"))
}

fn default_run_root(root: &Path) -> PathBuf {
    use std::os::unix::fs::MetadataExt;
    let uid = rustix::process::getuid().as_raw();
    let is_ours = |found: &std::fs::Metadata| found.is_dir() && found.uid() == uid;
    let session = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let of_login = || PathBuf::from(format!("/run/user/{uid}"));
    let usable = |directory: &PathBuf| std::fs::metadata(directory).is_ok_and(|found| is_ours(&found));
    if let Some(directory) = session.filter(usable).or_else(|| Some(of_login()).filter(usable)) {
        return directory.join("coracle");
    }
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let shared = PathBuf::from(format!("/tmp/coracle-run-{}", outer_id(&map, uid).unwrap_or(uid)));
    match std::fs::symlink_metadata(&shared) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => shared,
        Ok(found) if is_ours(&found) => shared,
        _ => root.join("run"),
    }
}

/// What `id` is in the parent user namespace, by a map of user_namespaces(7): lines of inside, outside and length.
fn outer_id(map: &str, id: u32) -> Option<u32> {
    map.lines().find_map(|line| {
        let mut numbers = line.split_ascii_whitespace().map(str::parse::<u32>);
        let (inside, outside, length) = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
        let offset = id.checked_sub(inside).filter(|offset| *offset < length)?;
        outside.checked_add(offset)
    })
}

#[cfg(test)]
mod tests {
    use super::outer_id;

    #[test]
    fn ids_are_looked_up_outside() {
        let map = "         0       1000          1\n         1     296608      65536\n";
        assert_eq!(outer_id(map, 0), Some(1000));
        assert_eq!(outer_id(map, 65536), Some(296_608 + 65535));
        assert_eq!(outer_id(map, 65537), None);
        assert_eq!(outer_id("0 0 4294967295", 1000), Some(1000));
        assert_eq!(outer_id("", 7), None);
        assert_eq!(outer_id("0 4294967295 9\nx", 8), None);
    }
}
