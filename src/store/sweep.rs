//! Deleting what no image refers to.
//!
//! References are found by reading every record: there are no counters that could be wrong. The sweep runs only while
//! nobody adds objects ([`super::locks::delete_objects`]); when somebody does, it is left to them, since every writer
//! ends with a sweep. It needs no free space.

use super::digest::Digest;
use super::error::Error;
use super::locks::{self, Held};
use super::paths::Paths;
use super::{blobs, images, layers, temporary};
use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// On a file system without locks, younger objects are left alone: a pull may be about to refer to them.
const SAFE_AGE: Duration = Duration::from_secs(24 * 3600);

/// What a sweep has deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Layers, whole or not.
    pub layers: u64,
    /// Manifests, indexes and configs.
    pub blobs: u64,
    /// Files of dead writers.
    pub temporary: u64,
    /// Disk space freed.
    pub bytes: u64,
    /// Somebody is adding objects, so that only dead writers' files were deleted.
    pub deferred: bool,
}

/// Deletes every layer, blob and half-written file of the user's own store that nothing refers to.
///
/// A record that cannot be read stops the sweep: what it refers to is unknown.
pub fn sweep(paths: &Paths) -> Result<Swept, Error> {
    if !paths.root.exists() {
        return Ok(Swept::default());
    }
    let (temporary, bytes) = temporary::reclaim(paths);
    let mut swept = Swept { temporary, bytes, ..Swept::default() };
    let Some(held) = locks::delete_objects(paths)? else { return Ok(Swept { deferred: true, ..swept }) };
    let minimum_age = match held {
        Held::Locked(_) => Duration::ZERO,
        Held::Unsupported => SAFE_AGE,
    };
    let used = used_objects(paths)?;
    for id in layers::list(paths)? {
        let files = layers::files(paths, &id);
        if !files.index.exists() || !used.contains(&id) {
            if is_younger(&files.tar, minimum_age) {
                continue;
            }
            swept.bytes += disk_bytes(&files.tar) + disk_bytes(&files.index);
            layers::remove(paths, &id)?;
            swept.layers += 1;
        }
    }
    for id in list_blobs(paths)? {
        let path = blobs::path(paths, &id);
        if !used.contains(&id) && !is_younger(&path, minimum_age) {
            swept.bytes += disk_bytes(&path);
            std::fs::remove_file(&path).map_err(Error::file("remove", &path))?;
            swept.blobs += 1;
        }
    }
    Ok(swept)
}

/// The digests of all blobs and layers that records refer to; directories without a record are deleted on the way.
fn used_objects(paths: &Paths) -> Result<HashSet<Digest>, Error> {
    let mut used = HashSet::new();
    for id in images::ids(paths)? {
        match images::read_record(paths, &id)? {
            Some(record) => {
                used.insert(record.id);
                used.extend(record.layers.iter().map(|layer| layer.diff_id));
                used.extend(record.manifests.iter().map(|manifest| manifest.digest));
            }
            // The tree of an image of a read-only store may be kept here.
            None if images::find(paths, &id)?.is_some() => {}
            None => images::remove(paths, &id)?,
        }
    }
    Ok(used)
}

/// The digests of all blobs in the user's own store.
pub fn list_blobs(paths: &Paths) -> Result<Vec<Digest>, Error> {
    let directory = paths.blobs();
    match std::fs::read_dir(&directory) {
        Ok(entries) => {
            Ok(entries.flatten().filter_map(|entry| Digest::from_hex(entry.file_name().to_str()?).ok()).collect())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Error::file("read", &directory)(error)),
    }
}

fn is_younger(path: &Path, age: Duration) -> bool {
    let modified = std::fs::metadata(path).and_then(|metadata| metadata.modified());
    !age.is_zero() && modified.is_ok_and(|at| SystemTime::now().duration_since(at).unwrap_or_default() < age)
}

/// The space a file takes on the disk, as du(1) counts it; 0 when it is absent.
pub fn disk_bytes(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    std::fs::symlink_metadata(path).map_or(0, |metadata| metadata.blocks() * 512)
}
