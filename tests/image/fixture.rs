//! Small images, a store to pull them into, and the pull itself.

use coracle::engine::images::{Error, LocalImage};
use coracle::engine::pull::{self, PullRequest};
use coracle::image::progress::Progress;
use coracle::store::digest::Digest;
use coracle::store::paths::Paths;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use tempfile::TempDir;

pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// A ustar archive of regular files.
pub fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, content) in files {
        let mut header = [0u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..124].copy_from_slice(b"0000644\x000000000\x000000000\0");
        header[124..148].copy_from_slice(format!("{:011o}\x0000000000000\0", content.len()).as_bytes());
        header[148..157].copy_from_slice(b"        0");
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        archive.extend(header);
        archive.extend(*content);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.extend([0; 1024]);
    archive
}

pub fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// Bytes that do not compress, the same for the same seed.
pub fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// One layer: what the registry has and what it is.
#[derive(Clone)]
pub struct Layer {
    pub blob: Vec<u8>,
    pub diff_id: Digest,
}

impl Layer {
    pub fn gzip(tar: &[u8]) -> Self {
        Layer { blob: gzip(tar), diff_id: Digest::of(tar) }
    }
    pub fn plain(tar: &[u8]) -> Self {
        Layer { blob: tar.to_vec(), diff_id: Digest::of(tar) }
    }
    pub fn zstd(tar: &[u8]) -> Self {
        Layer { blob: zstd::encode_all(tar, 1).unwrap(), diff_id: Digest::of(tar) }
    }
    pub fn digest(&self) -> Digest {
        Digest::of(&self.blob)
    }
}

/// A whole image as JSON, to be served as it is or bent first.
#[derive(Clone)]
pub struct Image {
    pub layers: Vec<Layer>,
    pub config: Value,
    pub manifest: Value,
}

impl Image {
    pub fn new(layers: &[Layer]) -> Self {
        let diff_ids: Vec<Digest> = layers.iter().map(|layer| layer.diff_id).collect();
        let config = json!({
            "architecture": std::env::consts::ARCH.replace("x86_64", "amd64").replace("aarch64", "arm64"),
            "os": "linux",
            "created": "2024-05-06T07:08:09Z",
            "config": {"Cmd": ["sh"], "Env": ["A=b"], "Labels": {"k": "v"}},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": [{"created": "2024-05-06T07:08:09Z", "created_by": "COPY", "comment": "c"}],
        });
        let mut image = Image { layers: layers.to_vec(), config, manifest: Value::Null };
        image.describe();
        image
    }

    /// Writes the manifest for the config and layers as they are now.
    pub fn describe(&mut self) {
        let config = self.config.to_string();
        let layers: Vec<Value> = self
            .layers
            .iter()
            .map(|layer| json!({"mediaType": LAYER, "digest": layer.digest(), "size": layer.blob.len()}))
            .collect();
        self.manifest = json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": Digest::of(config.as_bytes()),
                "size": config.len(),
            },
            "layers": layers,
        });
    }

    pub fn id(&self) -> Digest {
        Digest::of(self.config.to_string().as_bytes())
    }

    pub fn manifest_digest(&self) -> Digest {
        Digest::of(self.manifest.to_string().as_bytes())
    }
}

/// An image of one small layer.
pub fn small() -> Image {
    Image::new(&[Layer::gzip(&tar(&[("hello", b"hello")]))])
}

/// A store of its own.
pub struct Store {
    pub paths: Paths,
    pub notes: Notes,
    directory: TempDir,
}

/// Collects what a pull says.
#[derive(Default)]
pub struct Notes {
    pub lines: Mutex<Vec<String>>,
    pub existing: Mutex<u32>,
}

impl Progress for Notes {
    fn note(&self, text: &str) {
        self.lines.lock().unwrap().push(text.to_owned());
    }
    fn layer_exists(&self, _digest: &Digest) {
        *self.existing.lock().unwrap() += 1;
    }
}

impl Store {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths {
            root: directory.path().join("store"),
            run_root: directory.path().join("run"),
            additional: Vec::new(),
        };
        Store { paths, notes: Notes::default(), directory }
    }

    /// A path beside the store.
    pub fn beside(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    pub fn pull(&self, name: &str) -> Result<LocalImage, Error> {
        self.pull_with(&PullRequest { policy: coracle::engine::request::PullPolicy::Always, ..request(name) })
    }

    pub fn pull_with(&self, request: &PullRequest) -> Result<LocalImage, Error> {
        pull::pull(&self.paths, request, &self.notes).map(|mut images| images.remove(0))
    }

    /// The names of all files below a directory of the store, sorted.
    pub fn files(&self, directory: &Path) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort_unstable();
        names
    }

    /// Asserts that nothing of a failed pull is there.
    pub fn assert_nothing_half_done(&self) {
        assert_eq!(self.files(&self.paths.temporary()), [""; 0], "files left in tmp");
        assert_eq!(self.files(&self.paths.names()), [""; 0], "a name was set");
        assert_eq!(self.files(&self.paths.images()), [""; 0], "an image was recorded");
        self.assert_layers_sound();
    }

    /// Asserts that every layer that counts as present is what its name says.
    pub fn assert_layers_sound(&self) {
        for file in self.files(&self.paths.layers()) {
            let Some(hex) = file.strip_suffix(".index") else { continue };
            let tar = std::fs::read(self.paths.layers().join(format!("{hex}.tar"))).unwrap();
            assert_eq!(Digest::of(&tar).hex(), hex);
        }
    }
}

pub fn request(name: &str) -> PullRequest {
    PullRequest { name: name.to_owned(), ..PullRequest::default() }
}
