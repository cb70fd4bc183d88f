//! `images`: what there is.

use super::filter::Filters;
use super::resolve::repository_of;
use super::{Error, resolve};
use crate::store::digest::Digest;
use crate::store::images::{self, ImageRecord, Name, StoredImage};
use crate::store::paths::Paths;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// One image, with the fields of podman's `images --format json`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ImageSummary {
    /// 64 hexadecimal digits.
    pub id: String,
    /// The image it was built from here; empty when there is none.
    pub parent_id: String,
    /// Names with a tag, in full; `None` when there is none.
    pub repo_tags: Option<Vec<String>>,
    /// `repository@digest` for every repository and manifest.
    pub repo_digests: Vec<String>,
    /// Bytes: all layers, uncompressed, and the config.
    pub size: u64,
    /// Bytes in layers that other images have too.
    pub shared_size: u64,
    /// The same as `size`.
    pub virtual_size: u64,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Containers made from it; filled in by the caller that knows them.
    pub containers: u64,
    /// Names with a tag, in full.
    pub names: Vec<String>,
    /// Of the newest manifest.
    pub digest: String,
    /// Every name it has had, newest first.
    pub history: Vec<String>,
    /// Seconds since 1970.
    pub created: i64,
    /// The same as text.
    pub created_at: String,
    /// It has no name.
    pub dangling: bool,
    /// It is in a store that is only read.
    #[serde(rename = "ReadOnly")]
    pub read_only: bool,
    /// `os/architecture`.
    #[serde(skip)]
    pub platform: (String, String),
}

/// What to list.
#[derive(Clone, Debug, Default)]
pub struct ListOptions {
    /// `--filter`, as typed: `name=value`.
    pub filters: Vec<String>,
    /// The word after `images`: a repository with or without tag, or an image.
    pub name: Option<String>,
}

/// The images of all stores, newest first.
pub fn list(paths: &Paths, options: &ListOptions) -> Result<Vec<ImageSummary>, Error> {
    let filters = Filters::parse(paths, &options.filters)?;
    let names = images::names(paths)?;
    let all = images::list(paths)?;
    let mut summaries: Vec<ImageSummary> = all
        .iter()
        .map(|image| {
            let mut summary = summarise(image, &names);
            summary.shared_size = shared_bytes(&image.record, &all);
            summary
        })
        .filter(|summary| filters.accept(summary))
        .collect();
    if let Some(typed) = &options.name {
        narrow(paths, typed, &mut summaries)?;
    }
    summaries
        .sort_by(|a, b| b.created.cmp(&a.created).then_with(|| a.names.cmp(&b.names)).then_with(|| a.id.cmp(&b.id)));
    Ok(summaries)
}

/// Keeps what `images NAME` shows: the names that match, or the image.
fn narrow(paths: &Paths, typed: &str, summaries: &mut Vec<ImageSummary>) -> Result<(), Error> {
    let pattern = super::filter::ReferencePattern::new(typed);
    let by_name = summaries.iter().any(|summary| summary.names.iter().any(|name| pattern.matches(name)));
    if by_name {
        for summary in summaries.iter_mut() {
            summary.names.retain(|name| pattern.matches(name));
        }
        summaries.retain(|summary| !summary.names.is_empty());
        return Ok(());
    }
    let id = resolve::resolve(paths, typed).ok().flatten().map(|found| found.image.record.id.hex());
    summaries.retain(|summary| Some(&summary.id) == id.as_ref());
    Ok(())
}

/// What is shown of one image; `names` are those of all images.
pub(super) fn summarise(image: &StoredImage, names: &[Name]) -> ImageSummary {
    let record = &image.record;
    let tagged = tags_of(&record.id, names);
    let created = created(record);
    ImageSummary {
        id: record.id.hex(),
        parent_id: record.parent.map(|id| id.hex()).unwrap_or_default(),
        repo_tags: (!tagged.is_empty()).then(|| tagged.clone()),
        repo_digests: repo_digests(record, names),
        size: size_bytes(record),
        shared_size: 0,
        virtual_size: size_bytes(record),
        labels: labels(record),
        containers: 0,
        dangling: !names.iter().any(|name| name.image == record.id),
        names: tagged,
        digest: digest(record),
        history: history(record, &tags_of(&record.id, names)),
        created: created.as_second(),
        created_at: created.to_string(),
        read_only: image.read_only,
        platform: (record.configuration.os().to_string(), record.configuration.architecture().to_string()),
    }
}

/// Every name an image has had, in podman's order: those it has, the oldest first, then those it had, the newest first.
pub(super) fn history(record: &ImageRecord, current: &[String]) -> Vec<String> {
    let (now, before): (Vec<&String>, Vec<&String>) =
        record.names_history.iter().partition(|name| current.contains(name));
    now.into_iter().rev().chain(before).cloned().collect()
}

/// The names of an image that have a tag.
pub(super) fn tags_of(id: &Digest, names: &[Name]) -> Vec<String> {
    let tagged = names.iter().filter(|name| name.image == *id && !name.reference.contains('@'));
    tagged.map(|name| name.reference.clone()).collect()
}

pub(super) fn repo_digests(record: &ImageRecord, names: &[Name]) -> Vec<String> {
    let mut list: Vec<String> = names
        .iter()
        .filter(|name| name.image == record.id)
        .flat_map(|name| {
            let repository = repository_of(&name.reference);
            record.manifests.iter().map(move |manifest| format!("{repository}@{}", manifest.digest))
        })
        .collect();
    list.sort_unstable();
    list.dedup();
    list
}

pub(super) fn digest(record: &ImageRecord) -> String {
    record.manifests.first().map(|manifest| manifest.digest.to_string()).unwrap_or_default()
}

pub(super) fn labels(record: &ImageRecord) -> BTreeMap<String, String> {
    let labels = record.configuration.config().as_ref().and_then(|config| config.labels().clone());
    labels.unwrap_or_default().into_iter().collect()
}

/// Bytes of the layers, each counted as often as the image has it, as podman does.
pub(super) fn size_bytes(record: &ImageRecord) -> u64 {
    record.layers.iter().map(|layer| layer.size_bytes).sum()
}

/// When the image was made; 1970 when its config does not say.
pub(super) fn created(record: &ImageRecord) -> Timestamp {
    let text = record.configuration.created().as_deref().unwrap_or_default();
    text.parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

fn shared_bytes(record: &ImageRecord, all: &[StoredImage]) -> u64 {
    let others = || all.iter().filter(|other| other.record.id != record.id);
    let is_shared = |id: &Digest| others().any(|other| other.record.layers.iter().any(|layer| layer.diff_id == *id));
    record.layers.iter().filter(|layer| is_shared(&layer.diff_id)).map(|layer| layer.size_bytes).sum()
}
