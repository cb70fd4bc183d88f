//! `image inspect`: everything about one image, with podman's keys.

use super::list::{created, digest, labels, repo_digests, size_bytes, tags_of};
use super::{Error, LocalImage};
use crate::store::images::{self, Healthcheck, ImageRecord};
use crate::store::layers;
use crate::store::paths::Paths;
use oci_spec::image::{Config, History};
use serde::Serialize;
use std::collections::BTreeMap;

/// What `image inspect` prints.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ImageInspect {
    /// 64 hexadecimal digits.
    pub id: String,
    /// Of the newest manifest.
    pub digest: String,
    /// Names with a tag.
    pub repo_tags: Vec<String>,
    /// `repository@digest`.
    pub repo_digests: Vec<String>,
    /// The image it was built from here.
    pub parent: String,
    /// A remark.
    pub comment: String,
    /// RFC 3339.
    pub created: String,
    /// What containers get.
    pub config: ConfigInspect,
    /// Of the tool that made the image.
    pub version: String,
    /// Who made it.
    pub author: String,
    /// As Go names it.
    pub architecture: String,
    /// `v7`, `v8`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub variant: String,
    /// `linux`.
    pub os: String,
    /// Bytes of the uncompressed layers.
    pub size: u64,
    /// The same.
    pub virtual_size: u64,
    /// Where its files are.
    pub graph_driver: GraphDriver,
    /// Its layers.
    #[serde(rename = "RootFS")]
    pub root_fs: RootFs,
    /// Labels; null when there are none.
    pub labels: Option<BTreeMap<String, String>>,
    /// Of its manifest.
    pub annotations: BTreeMap<String, String>,
    /// Media type of its manifest.
    pub manifest_type: String,
    /// The default user.
    pub user: String,
    /// The config's history, as it is.
    pub history: Vec<History>,
    /// Every name it has had.
    pub names_history: Vec<String>,
    /// The config's health check.
    #[serde(rename = "Healthcheck", skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<Healthcheck>,
}

/// The config's section that containers take over.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ConfigInspect {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exposed_ports: Option<BTreeMap<String, Empty>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    env: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entrypoint: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cmd: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    volumes: Option<BTreeMap<String, Empty>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    working_dir: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_signal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    healthcheck: Option<Healthcheck>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    on_build: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shell: Vec<String>,
}

/// `{}`: Go's way to write a set.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Empty {}

/// Where an image's files are.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GraphDriver {
    /// `overlay` for every overlay of ours.
    pub name: String,
    /// The layers' tars, bottom last as overlayfs lists them, and the merged index.
    pub data: BTreeMap<String, String>,
}

/// The layers.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RootFs {
    /// `layers`.
    pub r#type: String,
    /// Diff IDs, bottom first.
    pub layers: Vec<String>,
}

/// Everything about an image that was found.
pub fn inspect(paths: &Paths, found: &LocalImage) -> Result<ImageInspect, Error> {
    let record = &found.image.record;
    let names = images::names(paths)?;
    let config = record.configuration.config().clone().unwrap_or_default();
    let labels = labels(record);
    Ok(ImageInspect {
        id: record.id.hex(),
        digest: digest(record),
        repo_tags: tags_of(&record.id, &names),
        repo_digests: repo_digests(record, &names),
        parent: record.parent.map(|id| id.hex()).unwrap_or_default(),
        comment: comment(record),
        created: created(record).to_string(),
        version: record.docker.docker_version.clone(),
        author: record.configuration.author().clone().unwrap_or_default(),
        architecture: record.configuration.architecture().to_string(),
        variant: record.configuration.variant().clone().unwrap_or_default(),
        os: record.configuration.os().to_string(),
        size: size_bytes(record),
        virtual_size: size_bytes(record),
        graph_driver: graph_driver(paths, found),
        root_fs: RootFs {
            r#type: "layers".into(),
            layers: record.layers.iter().map(|layer| layer.diff_id.to_string()).collect(),
        },
        labels: (!labels.is_empty()).then_some(labels),
        annotations: record.annotations.clone(),
        manifest_type: record.manifests.first().map(|manifest| manifest.media_type.clone()).unwrap_or_default(),
        user: config.user().clone().unwrap_or_default(),
        history: record.configuration.history().clone().unwrap_or_default(),
        names_history: super::list::history(record, &tags_of(&record.id, &names)),
        healthcheck: record.docker.healthcheck.clone(),
        config: config_section(&config, record),
    })
}

/// The config's comment, else that of its last step, as podman shows it.
fn comment(record: &ImageRecord) -> String {
    let last = record.configuration.history().as_ref().and_then(|history| history.last());
    let from_history = || last.and_then(|step| step.comment().clone()).unwrap_or_default();
    if record.docker.comment.is_empty() { from_history() } else { record.docker.comment.clone() }
}

fn config_section(config: &Config, record: &ImageRecord) -> ConfigInspect {
    let set = |list: &Option<Vec<String>>| {
        list.as_ref().map(|list| list.iter().map(|member| (member.clone(), Empty {})).collect())
    };
    ConfigInspect {
        user: config.user().clone(),
        exposed_ports: set(config.exposed_ports()),
        env: config.env().clone(),
        entrypoint: config.entrypoint().clone(),
        cmd: config.cmd().clone(),
        volumes: set(config.volumes()),
        working_dir: config.working_dir().clone(),
        labels: config.labels().clone().map(|labels| labels.into_iter().collect()),
        stop_signal: config.stop_signal().clone(),
        healthcheck: record.docker.healthcheck.clone(),
        on_build: record.docker.on_build.clone(),
        shell: record.docker.shell.clone(),
    }
}

fn graph_driver(paths: &Paths, found: &LocalImage) -> GraphDriver {
    let record = &found.image.record;
    let files = record.layers.iter().rev().filter_map(|layer| layers::find(paths, &layer.diff_id));
    let tars: Vec<String> = files.map(|files| files.tar.to_string_lossy().into_owned()).collect();
    let tree = images::tree(&found.image.store, &record.id).to_string_lossy().into_owned();
    GraphDriver {
        name: "overlay".into(),
        data: BTreeMap::from([("Layers".to_owned(), tars.join(":")), ("Tree".to_owned(), tree)]),
    }
}
