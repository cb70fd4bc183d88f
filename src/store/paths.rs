//! Where things are.
//!
//! ```text
//! ROOT (~/.local/share/coracle, --root, CORACLE_ROOT)
//! ├── blobs/sha256/<hex>            manifests, indexes and configs, byte for byte as the registry sent them
//! ├── layers/sha256/<hex>.tar       a layer, uncompressed; <hex> is its diff ID
//! ├── layers/sha256/<hex>.index     its index; the layer is present only once this has been renamed into place
//! ├── images/<hex>/                 one image (its ID is the digest of its config): record.json, tree (merged index)
//! ├── names/<escaped reference>     one tag: JSON naming image ID and manifest digest
//! ├── containers/<hex>/             one container: config.json, state.json, upper/, work/, logs
//! ├── container-names/<name>        text: the ID of the container that has this name
//! ├── volumes/<name>/               volume.json, _data/
//! └── tmp/                          files being written; anything here is rubbish once its writer is dead
//! ```
//!
//! What must not outlive a boot (sockets, pids) is in RUNROOT: `$XDG_RUNTIME_DIR/coracle` where that directory is
//! ours, else `/tmp/coracle-run-<uid>` (created 0700, refused when another user owns it).

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
    /// `tmp`.
    pub fn temporary(&self) -> PathBuf {
        self.root.join("tmp")
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
