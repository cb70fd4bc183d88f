//! Manifests, indexes and configs as registries send them: hostile bytes until parsed here.
//!
//! OCI image specification (manifest.md, image-index.md, config.md) and Docker's image manifest version 2, schema 2.
//! A document is a manifest or an index, never both, and its media type has to agree with its shape: otherwise two
//! programs could see two images behind one digest (CVE-2021-41190). Duplicate keys are refused for the same reason.
//! Digests are checked before anything becomes a path.

use crate::store::digest::{Digest, InvalidDigest};
use crate::store::error::Printable;
use crate::store::images::{self, DockerConfig, Healthcheck};
use oci_spec::image::{Descriptor, ImageConfiguration, ImageIndex, ImageManifest};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

/// Most bytes of a manifest or index: what registries themselves accept (OCI distribution specification, "Pushing
/// Manifests": at least 4 MiB) and other clients read.
pub const MANIFEST_LIMIT_BYTES: u64 = 4 << 20;
/// Most bytes of a config, as other clients have it.
pub const CONFIG_LIMIT_BYTES: u64 = 4 << 20;
/// Most layers of an image. The kernel's overlay and Docker stop at about 128 and ours is merged, so this only bounds
/// what a hostile manifest can make us do.
const LAYER_LIMIT: usize = 1024;

/// OCI's manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// OCI's index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Docker's manifest.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's index.
pub const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Docker's first manifests, with and without a signature.
const DOCKER_SCHEMA_1: [&str; 2] = [
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
];

/// Why a document is refused.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not JSON, or a required field is missing or of the wrong type.
    #[error("invalid {what}: {source}")]
    Syntax {
        /// `manifest`, `index` or `config`.
        what: &'static str,
        /// Where it stops making sense.
        #[source]
        source: serde_json::Error,
    },
    /// It has the fields of both, or its media type contradicts them.
    #[error("ambiguous manifest: neither clearly an image nor clearly an index")]
    Ambiguous,
    /// Docker's first format, retired in 2019.
    #[error("unsupported manifest: Docker image format v1 (schema 1)")]
    SchemaOne,
    /// Something else, by media type.
    #[error("unsupported manifest media type \"{}\"", Printable(.0))]
    MediaType(String),
    /// An artifact that is no image: a chart, a signature.
    #[error("unsupported image-specific operation on artifact with type \"{}\"", Printable(.0))]
    Artifact(String),
    /// A layer of a type that cannot be read, e.g. encrypted.
    #[error("unsupported layer media type \"{}\"", Printable(.0))]
    LayerType(String),
    /// A digest that names nothing.
    #[error("invalid digest \"{}\": {source}", Printable(text))]
    Digest {
        /// As written.
        text: String,
        /// What is wrong with it.
        #[source]
        source: InvalidDigest,
    },
    /// Manifest and config do not list the same number of layers.
    #[error("manifest lists {layers} layers, its config {diff_ids}")]
    LayerCount {
        /// In the manifest.
        layers: usize,
        /// In the config.
        diff_ids: usize,
    },
    /// More layers than any image has.
    #[error("image has {0} layers, more than the {LAYER_LIMIT} supported")]
    TooManyLayers(usize),
    /// Indexes within indexes without end.
    #[error("image indexes are nested too deeply")]
    TooDeep,
}

/// What a registry sends for a tag or a manifest's digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// One image.
    Manifest(Box<ImageManifest>),
    /// A choice of images.
    Index(Box<ImageIndex>),
}

/// The fields that tell the formats apart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    schema_version: Option<u64>,
    media_type: Option<String>,
    config: Option<IgnoredAny>,
    layers: Option<IgnoredAny>,
    manifests: Option<IgnoredAny>,
    fs_layers: Option<IgnoredAny>,
}

/// Parses a manifest or index. `content_type` is what the registry called it, used where the document does not say.
pub fn parse(content: &[u8], content_type: Option<&str>) -> Result<Document, ManifestError> {
    let shape: Shape = from_json(content, "manifest")?;
    let header = content_type.map(|text| text.split(';').next().unwrap_or("").trim().to_ascii_lowercase());
    let media_type = shape.media_type.as_deref().or(header.as_deref()).unwrap_or("");
    if DOCKER_SCHEMA_1.contains(&media_type) || shape.fs_layers.is_some() || shape.schema_version == Some(1) {
        return Err(ManifestError::SchemaOne);
    }
    let looks_like_index = shape.manifests.is_some();
    let looks_like_manifest = shape.layers.is_some() || shape.config.is_some();
    if looks_like_index && looks_like_manifest {
        return Err(ManifestError::Ambiguous);
    }
    let is_index = match media_type {
        OCI_MANIFEST | DOCKER_MANIFEST => false,
        OCI_INDEX | DOCKER_INDEX => true,
        // Registries that serve files send any type; the document's own type is another matter.
        other if shape.media_type.is_some() => return Err(ManifestError::MediaType(other.to_owned())),
        other if looks_like_index == looks_like_manifest => return Err(ManifestError::MediaType(other.to_owned())),
        _ => looks_like_index,
    };
    if if is_index { looks_like_manifest } else { looks_like_index } {
        return Err(ManifestError::Ambiguous);
    }
    if is_index {
        Ok(Document::Index(Box::new(from_json(content, "index")?)))
    } else {
        Ok(Document::Manifest(Box::new(from_json(content, "manifest")?)))
    }
}

fn from_json<'a, T: Deserialize<'a>>(content: &'a [u8], what: &'static str) -> Result<T, ManifestError> {
    serde_json::from_slice(content).map_err(|source| ManifestError::Syntax { what, source })
}

/// The digest of a descriptor, checked.
pub fn digest_of(descriptor: &Descriptor) -> Result<Digest, ManifestError> {
    parse_digest(descriptor.digest().as_ref())
}

fn parse_digest(text: &str) -> Result<Digest, ManifestError> {
    text.parse().map_err(|source| ManifestError::Digest { text: text.to_owned(), source })
}

/// Checks that a manifest is an image this program can hold, and returns the digests of its layers' blobs.
pub fn check_image(manifest: &ImageManifest) -> Result<Vec<Digest>, ManifestError> {
    let config_type = manifest.config().media_type().to_string();
    if !matches!(
        config_type.as_str(),
        "application/vnd.oci.image.config.v1+json" | "application/vnd.docker.container.image.v1+json"
    ) {
        let artifact = manifest.artifact_type().as_ref().map(ToString::to_string);
        return Err(ManifestError::Artifact(artifact.unwrap_or(config_type)));
    }
    digest_of(manifest.config())?;
    if manifest.layers().len() > LAYER_LIMIT {
        return Err(ManifestError::TooManyLayers(manifest.layers().len()));
    }
    manifest
        .layers()
        .iter()
        .map(|layer| {
            let media_type = layer.media_type().to_string();
            if is_layer_type(&media_type) { digest_of(layer) } else { Err(ManifestError::LayerType(media_type)) }
        })
        .collect()
}

/// Whether a media type is a tar, compressed in any of the ways that are recognised by their first bytes.
fn is_layer_type(media_type: &str) -> bool {
    let known = media_type.starts_with("application/vnd.oci.image.layer.")
        || media_type.starts_with("application/vnd.docker.image.rootfs.");
    known && !media_type.contains("encrypted")
}

/// A config, taken apart.
#[derive(Clone, Debug)]
pub struct ParsedConfig {
    /// What the OCI specification defines.
    pub configuration: ImageConfiguration,
    /// What Docker adds.
    pub docker: DockerConfig,
    /// The digests of the uncompressed layers, bottom first.
    pub diff_ids: Vec<Digest>,
}

/// Docker's additions, as they are spelt in a config.
#[derive(Default, Deserialize)]
#[serde(default)]
struct DockerFields {
    config: DockerSection,
    comment: String,
    docker_version: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct DockerSection {
    healthcheck: Option<Healthcheck>,
    on_build: Vec<String>,
    shell: Vec<String>,
}

/// Parses a config. Old and foreign writers are forgiven nulls and missing fields.
pub fn parse_config(content: &[u8]) -> Result<ParsedConfig, ManifestError> {
    let syntax = |source| ManifestError::Syntax { what: "config", source };
    let mut value: Value = from_json(content, "config")?;
    tolerate(&mut value);
    let docker = DockerFields::deserialize(&value).map_err(syntax)?;
    let mut configuration = ImageConfiguration::deserialize(value).map_err(syntax)?;
    images::sort_sets(&mut configuration);
    let diff_ids = configuration.rootfs().diff_ids().iter().map(|text| parse_digest(text)).collect::<Result<_, _>>()?;
    let docker = DockerConfig {
        healthcheck: docker.config.healthcheck,
        on_build: docker.config.on_build,
        shell: docker.config.shell,
        comment: docker.comment,
        docker_version: docker.docker_version,
    };
    Ok(ParsedConfig { configuration, docker, diff_ids })
}

/// Go writes empty lists and maps as null, and early tools left fields out.
fn tolerate(config: &mut Value) {
    let Some(top) = config.as_object_mut() else { return };
    top.retain(|_, value| !value.is_null());
    for field in ["architecture", "os"] {
        top.entry(field).or_insert_with(|| Value::String(String::new()));
    }
    top.entry("rootfs").or_insert_with(|| serde_json::json!({"type": "layers", "diff_ids": []}));
    if let Some(rootfs) = top.get_mut("rootfs").and_then(Value::as_object_mut) {
        rootfs.retain(|_, value| !value.is_null());
        rootfs.entry("diff_ids").or_insert_with(|| Value::Array(Vec::new()));
        rootfs.entry("type").or_insert_with(|| Value::String("layers".into()));
    }
    for entry in top.get_mut("history").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(entry) = entry.as_object_mut() {
            entry.retain(|_, value| !value.is_null());
        }
    }
    let Some(section) = top.get_mut("config").and_then(Value::as_object_mut) else { return };
    section.retain(|_, value| !value.is_null());
    for set in ["ExposedPorts", "Volumes"] {
        for member in section.get_mut(set).and_then(Value::as_object_mut).into_iter().flat_map(|set| set.values_mut()) {
            *member = serde_json::json!({});
        }
    }
    for words in ["Cmd", "Entrypoint"] {
        // Seen in images of other builders: one string instead of a list.
        if let Some(Value::String(word)) = section.get(words) {
            let list = Value::Array(vec![Value::String(word.clone())]);
            section.insert(words.into(), list);
        }
    }
    if let Some(labels) = section.get_mut("Labels").and_then(Value::as_object_mut) {
        labels.retain(|_, value| value.is_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(media_type: &str) -> Value {
        serde_json::json!({"mediaType": media_type, "size": 2, "digest": Digest::of(b"{}")})
    }

    fn manifest() -> Value {
        serde_json::json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor("application/vnd.oci.image.config.v1+json"),
            "layers": [descriptor("application/vnd.oci.image.layer.v1.tar+gzip")],
        })
    }

    fn index() -> Value {
        serde_json::json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [descriptor(OCI_MANIFEST)]})
    }

    fn with(mut value: Value, key: &str, new: Value) -> Value {
        value[key] = new;
        value
    }

    fn without(mut value: Value, key: &str) -> Value {
        value.as_object_mut().unwrap().remove(key);
        value
    }

    #[test]
    fn documents_are_told_apart() {
        let kind = |value: &Value, header: Option<&str>| match parse(&serde_json::to_vec(value).unwrap(), header) {
            Ok(Document::Manifest(_)) => "manifest".to_owned(),
            Ok(Document::Index(_)) => "index".to_owned(),
            Err(ManifestError::Syntax { .. }) => "syntax".to_owned(),
            Err(error) => error.to_string(),
        };
        let ambiguous = "ambiguous manifest: neither clearly an image nor clearly an index";
        let old = "unsupported manifest: Docker image format v1 (schema 1)";
        let layers = serde_json::json!([]);
        for (value, header, expected) in [
            (manifest(), None, "manifest"),
            (index(), None, "index"),
            (without(manifest(), "mediaType"), Some(OCI_MANIFEST), "manifest"),
            (without(manifest(), "mediaType"), Some("application/json; charset=utf-8"), "manifest"),
            (without(manifest(), "mediaType"), None, "manifest"),
            (without(index(), "mediaType"), None, "index"),
            (with(manifest(), "mediaType", DOCKER_MANIFEST.into()), Some(OCI_INDEX), "manifest"),
            (with(index(), "layers", layers.clone()), None, ambiguous),
            (with(manifest(), "manifests", layers.clone()), None, ambiguous),
            (with(manifest(), "mediaType", OCI_INDEX.into()), None, ambiguous),
            (with(index(), "mediaType", OCI_MANIFEST.into()), None, ambiguous),
            (without(index(), "mediaType"), Some(OCI_MANIFEST), ambiguous),
            (with(manifest(), "schemaVersion", 1.into()), None, old),
            (serde_json::json!({"schemaVersion": 1, "fsLayers": []}), None, old),
            (with(manifest(), "mediaType", "text/html".into()), None, "unsupported manifest media type \"text/html\""),
            (serde_json::json!({}), Some("x"), "unsupported manifest media type \"x\""),
            (serde_json::json!([]), None, "syntax"),
            (without(manifest(), "config"), None, "syntax"),
        ] {
            assert_eq!(kind(&value, header), expected, "{value}");
        }
        let twice = br#"{"schemaVersion":2,"layers":[],"layers":[],"config":{}}"#;
        assert!(matches!(parse(twice, None), Err(ManifestError::Syntax { .. })));
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(matches!(parse(deep.as_bytes(), None), Err(ManifestError::Syntax { .. })));
    }

    #[test]
    fn images_are_checked() {
        let check = |value: Value| match parse(&serde_json::to_vec(&value).unwrap(), None).unwrap() {
            Document::Manifest(manifest) => check_image(&manifest).map_err(|error| error.to_string()),
            Document::Index(_) => unreachable!("a manifest was parsed"),
        };
        assert_eq!(check(manifest()).unwrap(), [Digest::of(b"{}")]);
        let mut bad = manifest();
        bad["config"]["mediaType"] = "application/vnd.cncf.helm.config.v1+json".into();
        assert!(check(bad).unwrap_err().contains("artifact with type \"application/vnd.cncf.helm.config.v1+json\""));
        let mut bad = manifest();
        bad["layers"][0]["mediaType"] = "application/vnd.oci.image.layer.v1.tar+gzip+encrypted".into();
        assert!(check(bad).unwrap_err().starts_with("unsupported layer media type"));
        let mut bad = manifest();
        bad["layers"][0]["digest"] = format!("sha512:{}", "0".repeat(128)).into();
        assert!(check(bad).unwrap_err().starts_with("invalid digest"));
        let many = vec![descriptor("application/vnd.oci.image.layer.v1.tar"); LAYER_LIMIT + 1];
        assert!(check(with(manifest(), "layers", many.into())).unwrap_err().contains("more than"));
    }

    #[test]
    fn configs_of_all_ages_are_read() {
        let id = Digest::of(b"layer");
        let docker = serde_json::json!({
            "architecture": "amd64", "os": "linux", "created": "2024-01-01T00:00:00Z", "author": null,
            "comment": "c", "docker_version": "20.10",
            "config": {
                "Hostname": "", "Env": null, "Cmd": "sh", "Volumes": {"/b": null, "/a": {}}, "ExposedPorts": null,
                "Labels": {"a": "b", "c": null}, "OnBuild": null, "Shell": ["/bin/bash"],
                "Healthcheck": {"Test": ["CMD", "true"], "Interval": 30000000000i64},
            },
            "rootfs": {"type": "layers", "diff_ids": [id]},
            "history": [{"created": null, "created_by": "x", "empty_layer": true}],
        });
        let parsed = parse_config(&serde_json::to_vec(&docker).unwrap()).unwrap();
        let config = parsed.configuration.config().clone().unwrap();
        assert_eq!(parsed.diff_ids, [id]);
        assert_eq!(config.cmd().clone().unwrap(), ["sh"]);
        assert_eq!(config.volumes().clone().unwrap(), ["/a", "/b"]);
        assert_eq!(config.labels().clone().unwrap().len(), 1);
        assert_eq!(parsed.docker.shell, ["/bin/bash"]);
        assert_eq!(parsed.docker.healthcheck.unwrap().interval, 30_000_000_000);

        assert!(parse_config(b"{}").unwrap().diff_ids.is_empty());
        assert!(parse_config(br#"{"rootfs":{"type":"layers","diff_ids":["sha256:../../x"]}}"#).is_err());
        for text in [&b""[..], b"[]", b"null", b"1", b"{\"rootfs\":1}", b"{\"config\":[1]}"] {
            assert!(parse_config(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn mutated_documents_never_panic() {
        let seeds = [serde_json::to_vec(&manifest()).unwrap(), serde_json::to_vec(&index()).unwrap()];
        let mut state = 7u64;
        for round in 0..20_000 {
            let mut bytes = seeds[round % 2].clone();
            for _ in 0..1 + round % 3 {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let at = (state >> 33) as usize % bytes.len();
                bytes[at] = b"{}[]\",:0a\\\xffn-"[(state >> 11) as usize % 13];
            }
            if let Ok(Document::Manifest(manifest)) = parse(&bytes, None) {
                let _ = check_image(&manifest);
            }
            let _ = parse_config(&bytes);
        }
    }
}
