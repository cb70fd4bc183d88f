//! `system df`: what the images take on the disk, as du(1) counts it.

use super::list::{created, tags_of};
use super::remove::Containers;
use super::{Error, extracted};
use crate::store::digest::Digest;
use crate::store::images::{self, ImageRecord};
use crate::store::paths::Paths;
use crate::store::sweep::disk_bytes;
use crate::store::{blobs, layers};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What one image takes.
#[derive(Clone, Debug)]
pub struct ImageUsage {
    /// The image.
    pub id: Digest,
    /// Its names with a tag.
    pub names: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
    /// Disk space of everything it needs.
    pub bytes: u64,
    /// Disk space that other images need too.
    pub shared_bytes: u64,
    /// Disk space that its removal frees.
    pub unique_bytes: u64,
    /// Containers made from it.
    pub containers: u64,
}

/// What the images of the user's own store take.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    /// Each image.
    pub images: Vec<ImageUsage>,
    /// Images with a container.
    pub active: u64,
    /// Disk space of `blobs`, `layers`, `images`, `names`, `tmp` and `extracted`, directories included: equal to du's (but
    /// for what only subordinate ids may read).
    pub bytes: u64,
    /// Disk space that removing all images without a container frees.
    pub reclaimable_bytes: u64,
}

/// Counts. Reads records and sizes, no content.
pub fn usage(paths: &Paths, containers: &dyn Containers) -> Result<Usage, Error> {
    let names = images::names(paths)?;
    let records: Vec<ImageRecord> =
        images::list(paths)?.into_iter().filter(|image| !image.read_only).map(|image| image.record).collect();
    let objects: Vec<BTreeMap<Object, u64>> = records.iter().map(|record| objects(paths, record)).collect();
    let mut users: BTreeMap<&Object, u32> = BTreeMap::new();
    for object in objects.iter().flat_map(BTreeMap::keys) {
        *users.entry(object).or_default() += 1;
    }
    let mut usage = Usage { bytes: total(paths), ..Usage::default() };
    let mut needed: BTreeSet<&Object> = BTreeSet::new();
    for (record, objects) in records.iter().zip(&objects) {
        let count = containers.using(&record.id).len() as u64;
        if count > 0 {
            usage.active += 1;
            needed.extend(objects.keys());
        }
        let shared: u64 = objects.iter().filter(|(object, _)| users[object] > 1).map(|(_, bytes)| bytes).sum();
        let bytes: u64 = objects.values().sum();
        usage.images.push(ImageUsage {
            id: record.id,
            names: tags_of(&record.id, &names),
            created: created(record),
            bytes,
            shared_bytes: shared,
            unique_bytes: bytes - shared,
            containers: count,
        });
    }
    let all: BTreeMap<&Object, u64> = objects.iter().flatten().map(|(object, bytes)| (object, *bytes)).collect();
    usage.reclaimable_bytes = all.iter().filter(|(object, _)| !needed.contains(*object)).map(|(_, bytes)| bytes).sum();
    usage.images.sort_by(|a, b| a.names.cmp(&b.names).then(a.id.cmp(&b.id)));
    Ok(usage)
}

/// Something of the store that images need.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Object {
    Layer(Digest),
    Blob(Digest),
    Directory(Digest),
    Extracted(Digest),
}

/// What an image needs of the user's own store, with the disk space of each.
fn objects(paths: &Paths, record: &ImageRecord) -> BTreeMap<Object, u64> {
    let layers = record.layers.iter().map(|layer| {
        let files = layers::files(paths, &layer.diff_id);
        (Object::Layer(layer.diff_id), disk_bytes(&files.tar) + disk_bytes(&files.index))
    });
    let digests = record.manifests.iter().map(|manifest| manifest.digest).chain([record.id]);
    let blobs = digests.map(|digest| (Object::Blob(digest), disk_bytes(&blobs::path(paths, &digest))));
    let own = (Object::Directory(record.id), tree_bytes(&images::directory(paths, &record.id)));
    let trees = extracted::of_image(paths, &record.id.hex());
    let extracted = (Object::Extracted(record.id), trees.iter().map(|tree| tree_bytes(tree)).sum());
    layers.chain(blobs).chain([own, extracted]).collect()
}

fn total(paths: &Paths) -> u64 {
    [
        paths.root.join("blobs"),
        paths.root.join("layers"),
        paths.images(),
        paths.names(),
        paths.temporary(),
        paths.extracted(),
    ]
    .iter()
    .map(|directory| tree_bytes(directory))
    .sum()
}

/// The disk space of a directory and all below it. Directories of a store are not deep.
pub(super) fn tree_bytes(directory: &Path) -> u64 {
    let mut waiting = vec![directory.to_owned()];
    let mut bytes = 0;
    while let Some(path) = waiting.pop() {
        bytes += disk_bytes(&path);
        // `read_dir` of a file fails, and then there is nothing below.
        if std::fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir()) {
            waiting.extend(std::fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        }
    }
    bytes
}
