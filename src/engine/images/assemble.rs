//! An image made here: config, layers and manifest put into the store and named.
//!
//! The layers are uncompressed tars of the store, and the manifest says so: its digests are those of what is really here.
//! Compression is the business of whoever sends an image somewhere.

use super::{Error, root};
use crate::image::manifest::{self, DOCKER_MANIFEST, OCI_MANIFEST, parse_config};
use crate::image::reference::Reference;
use crate::store::blobs;
use crate::store::digest::Digest;
use crate::store::images::{self, ImageRecord, LayerRecord, ManifestRecord, Name, StoredImage};
use crate::store::paths::Paths;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Which kind of manifest and config an image has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// OCI image specification.
    #[default]
    Oci,
    /// Docker image manifest version 2, schema 2.
    Docker,
}

impl Format {
    /// Media type of the manifest.
    pub fn manifest_type(self) -> &'static str {
        match self {
            Format::Oci => OCI_MANIFEST,
            Format::Docker => DOCKER_MANIFEST,
        }
    }

    /// Media type of the config.
    pub fn config_type(self) -> &'static str {
        match self {
            Format::Oci => "application/vnd.oci.image.config.v1+json",
            Format::Docker => "application/vnd.docker.container.image.v1+json",
        }
    }

    /// Media type of a layer that is not compressed.
    pub fn layer_type(self) -> &'static str {
        match self {
            Format::Oci => "application/vnd.oci.image.layer.v1.tar",
            Format::Docker => "application/vnd.docker.image.rootfs.diff.tar",
        }
    }

    /// The format an image came in.
    pub fn of(record: &ImageRecord) -> Format {
        match record.manifests.first() {
            Some(manifest) if manifest.media_type.starts_with("application/vnd.docker.") => Format::Docker,
            _ => Format::Oci,
        }
    }
}

/// A layer in the store: the digest of its tar, and its size in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Digest of the uncompressed tar.
    pub diff_id: Digest,
    /// Size of the uncompressed tar in bytes.
    pub size_bytes: u64,
}

/// An image to be put together.
#[derive(Debug)]
pub struct Assembly<'a> {
    /// The config as it is to be stored. Its diff IDs are those of `layers`.
    pub config: &'a [u8],
    /// All layers, bottom first; they are in the store.
    pub layers: &'a [Layer],
    /// The kind of manifest.
    pub format: Format,
    /// A manifest that exists already, with its media type; one is made where there is none.
    pub manifest: Option<(&'a [u8], &'a str)>,
    /// Names in full.
    pub names: &'a [Reference],
    /// The image it was made from.
    pub parent: Option<Digest>,
}

/// The manifest of uncompressed layers.
pub fn make_manifest(config: &[u8], layers: &[Layer], format: Format) -> String {
    let layers: Vec<Value> = layers
        .iter()
        .map(|layer| json!({"mediaType": format.layer_type(), "digest": layer.diff_id, "size": layer.size_bytes}))
        .collect();
    json!({
        "schemaVersion": 2,
        "mediaType": format.manifest_type(),
        "config": {"mediaType": format.config_type(), "digest": Digest::of(config), "size": config.len()},
        "layers": layers,
    })
    .to_string()
}

/// Stores an image and names it. The caller holds [`crate::store::locks::keep_objects`].
///
/// # Errors
/// The config is none; the store cannot be written.
pub fn assemble(paths: &Paths, assembly: &Assembly<'_>) -> Result<StoredImage, Error> {
    let invalid = |source| crate::image::Error::Manifest { reference: "(new)".to_owned(), source };
    let parsed = parse_config(assembly.config).map_err(invalid)?;
    if parsed.diff_ids.len() != assembly.layers.len() {
        let (layers, diff_ids) = (assembly.layers.len(), parsed.diff_ids.len());
        return Err(invalid(manifest::ManifestError::LayerCount { layers, diff_ids }).into());
    }
    let id = blobs::write(paths, assembly.config)?;
    let made;
    let (manifest, media_type) = match assembly.manifest {
        Some((bytes, media_type)) => (bytes, media_type),
        None => {
            made = make_manifest(assembly.config, assembly.layers, assembly.format);
            (made.as_bytes(), assembly.format.manifest_type())
        }
    };
    let layer = |layer: &Layer| LayerRecord {
        diff_id: layer.diff_id,
        size_bytes: layer.size_bytes,
        digest: layer.diff_id,
        compressed_bytes: layer.size_bytes,
        media_type: assembly.format.layer_type().to_owned(),
    };
    let manifest = ManifestRecord {
        digest: blobs::write(paths, manifest)?,
        media_type: media_type.to_owned(),
        size_bytes: manifest.len() as u64,
    };
    let record = ImageRecord {
        id,
        configuration: parsed.configuration,
        docker: parsed.docker,
        layers: assembly.layers.iter().map(layer).collect(),
        manifests: vec![manifest.clone()],
        annotations: BTreeMap::new(),
        names_history: assembly.names.iter().map(ToString::to_string).collect(),
        parent: assembly.parent,
    };
    images::write_record(paths, record.clone())?;
    let store = Paths { additional: Vec::new(), ..paths.clone() };
    let image = StoredImage { record, store, read_only: false };
    root::prepare(paths, &image)?;
    for reference in assembly.names {
        let name = Name { reference: reference.to_string(), image: id, manifest: Some(manifest.digest) };
        images::set_name(paths, &name)?;
    }
    Ok(image)
}
