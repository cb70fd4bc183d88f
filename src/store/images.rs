//! Images and their names.
//!
//! An image's ID is the digest of its config. `images/<hex>/record.json` holds everything about it that is asked for
//! often, config included, so that starting a container reads one file; `images/<hex>/tree` is the merged index of its
//! layers. A name (`docker.io/library/debian:12`, or `...@sha256:...` for an image pulled by digest) is a file of its
//! own in `names/`, so that tagging is one rename and needs no lock.
//!
//! A name whose image has no record, and a directory without a record, count as absent.

use super::digest::Digest;
use super::error::Error;
use super::paths::Paths;
use super::temporary;
use oci_spec::image::ImageConfiguration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Longer names are stored under their digest (file names have at most 255 bytes).
const LONGEST_NAME: usize = 240;

/// What the store knows about one image.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ImageRecord {
    /// Digest of the config.
    pub id: Digest,
    /// The config, in the words of the OCI image specification.
    pub configuration: ImageConfiguration,
    /// What Docker's config has beyond that.
    #[serde(default)]
    pub docker: DockerConfig,
    /// The layers, bottom first.
    pub layers: Vec<LayerRecord>,
    /// The manifests and indexes through which this image has been pulled, newest first.
    pub manifests: Vec<ManifestRecord>,
    /// Annotations of the newest manifest.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// Every name the image has had, newest first.
    #[serde(default)]
    pub names_history: Vec<String>,
    /// The image this one was built from, if that happened here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Digest>,
}

/// One layer of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerRecord {
    /// Digest of the uncompressed tar.
    pub diff_id: Digest,
    /// Size of the uncompressed tar in bytes.
    pub size_bytes: u64,
    /// Digest of the blob as the registry has it; equal to the diff ID for a plain tar.
    pub digest: Digest,
    /// Size of that blob in bytes.
    pub compressed_bytes: u64,
    /// Its media type.
    pub media_type: String,
}

/// One manifest or index that led to an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestRecord {
    /// Its digest; the bytes are a blob of the store.
    pub digest: Digest,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size_bytes: u64,
}

/// Fields of Docker's image config that the OCI specification lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DockerConfig {
    /// `HEALTHCHECK`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<Healthcheck>,
    /// `ONBUILD` instructions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub on_build: Vec<String>,
    /// `SHELL`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shell: Vec<String>,
    /// The comment of a commit.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// The version of Docker that made the image.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub docker_version: String,
}

/// Docker's health check; durations in nanoseconds, 0 for the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Healthcheck {
    /// `["CMD", ...]`, `["CMD-SHELL", ...]` or `["NONE"]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub test: Vec<String>,
    /// Time between two checks.
    #[serde(skip_serializing_if = "is_zero")]
    pub interval: i64,
    /// Time after which a check has failed.
    #[serde(skip_serializing_if = "is_zero")]
    pub timeout: i64,
    /// Time after the start in which failures do not count.
    #[serde(skip_serializing_if = "is_zero")]
    pub start_period: i64,
    /// Time between two checks within the start period.
    #[serde(skip_serializing_if = "is_zero")]
    pub start_interval: i64,
    /// Consecutive failures that make a container unhealthy.
    #[serde(skip_serializing_if = "is_zero")]
    pub retries: i64,
}

fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// One name of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// In full: `docker.io/library/debian:12` or `docker.io/library/debian@sha256:...`.
    pub reference: String,
    /// The image.
    pub image: Digest,
    /// The manifest or index the name stood for when it was pulled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
}

/// An image and the store it was found in.
#[derive(Clone, Debug)]
pub struct StoredImage {
    /// Its record.
    pub record: ImageRecord,
    /// The user's own store, or one of the read-only ones.
    pub store: Paths,
    /// Whether that store is only read.
    pub read_only: bool,
}

/// The directory of an image in the store `paths`.
pub fn directory(paths: &Paths, id: &Digest) -> PathBuf {
    paths.images().join(id.hex())
}

/// Where the merged index of an image is or would be.
pub fn tree(paths: &Paths, id: &Digest) -> PathBuf {
    directory(paths, id).join("tree")
}

fn record_path(paths: &Paths, id: &Digest) -> PathBuf {
    directory(paths, id).join("record.json")
}

fn name_path(paths: &Paths, reference: &str) -> PathBuf {
    let escaped = reference.replace('/', "+");
    let is_file_name = escaped.len() <= LONGEST_NAME && !escaped.contains('\0') && !escaped.starts_with('.');
    if is_file_name { paths.names().join(escaped) } else { plain_name_path(paths, reference) }
}

/// Where a name is that is too long to be a file's, or has characters that the file system refuses (FAT: colons).
fn plain_name_path(paths: &Paths, reference: &str) -> PathBuf {
    paths.names().join(format!("~{}", Digest::of(reference.as_bytes()).hex()))
}

/// Reads a name of one store.
fn read_name(store: &Paths, reference: &str) -> Result<Option<Name>, Error> {
    let path = name_path(store, reference);
    let found = match read_json(&path) {
        // Only a file system that refuses such names has it elsewhere.
        Err(Error::File { source, .. }) if is_refused(&source) => None,
        result => result?,
    };
    let plain = plain_name_path(store, reference);
    if found.is_some() || path == plain { Ok(found) } else { read_json(&plain) }
}

/// Whether a file system does not take a file's name.
fn is_refused(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidInput
}

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Option<T>, Error> {
    match std::fs::read(path) {
        Ok(content) => {
            serde_json::from_slice(&content).map(Some).map_err(|source| Error::Record { path: path.to_owned(), source })
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(Error::file("read", path)(error)),
    }
}

fn write_json(paths: &Paths, path: &Path, value: &impl Serialize) -> Result<(), Error> {
    let content = serde_json::to_vec(value).map_err(|source| Error::Record { path: path.to_owned(), source })?;
    temporary::write_whole(paths, path, &content)
}

/// Writes a record, keeping the manifests and names of the one it replaces. The layers and blobs it names must be in
/// the store.
pub fn write_record(paths: &Paths, mut record: ImageRecord) -> Result<(), Error> {
    // An unreadable predecessor is replaced: that repairs it.
    if let Ok(Some(older)) = read_record(paths, &record.id) {
        for manifest in older.manifests {
            if !record.manifests.iter().any(|known| known.digest == manifest.digest) {
                record.manifests.push(manifest);
            }
        }
        for name in older.names_history {
            if !record.names_history.contains(&name) {
                record.names_history.push(name);
            }
        }
        record.parent = record.parent.or(older.parent);
    }
    write_json(paths, &record_path(paths, &record.id), &record)
}

/// The record of an image in the store `paths` alone.
pub fn read_record(paths: &Paths, id: &Digest) -> Result<Option<ImageRecord>, Error> {
    let mut record: Option<ImageRecord> = read_json(&record_path(paths, id))?;
    if let Some(record) = &mut record {
        sort_sets(&mut record.configuration);
    }
    Ok(record)
}

/// Sorts volumes and ports: as sets they have lost their order when parsed, and should not change from one reading to
/// the next.
pub fn sort_sets(configuration: &mut ImageConfiguration) {
    let Some(mut config) = configuration.config().clone() else { return };
    let sorted = |list: &Option<Vec<String>>| {
        let mut list = list.clone();
        list.iter_mut().for_each(|list| list.sort_unstable());
        list
    };
    config.set_exposed_ports(sorted(config.exposed_ports()));
    config.set_volumes(sorted(config.volumes()));
    configuration.set_config(Some(config));
}

/// An image by its ID, from the first store that has it.
pub fn find(paths: &Paths, id: &Digest) -> Result<Option<StoredImage>, Error> {
    for store in paths.readable() {
        if let Some(record) = read_record(&store, id)? {
            return Ok(Some(stored(paths, store, record)));
        }
    }
    Ok(None)
}

fn stored(paths: &Paths, store: Paths, record: ImageRecord) -> StoredImage {
    let read_only = store.root != paths.root;
    StoredImage { record, store, read_only }
}

/// An image by a name in full, from the first store that has it.
pub fn find_name(paths: &Paths, reference: &str) -> Result<Option<(Name, StoredImage)>, Error> {
    for store in paths.readable() {
        let Some(name) = read_name(&store, reference)? else { continue };
        if name.reference != reference {
            continue;
        }
        if let Some(image) = find(paths, &name.image)? {
            return Ok(Some((name, image)));
        }
    }
    Ok(None)
}

/// The images of all stores, each once, in no order.
pub fn list(paths: &Paths) -> Result<Vec<StoredImage>, Error> {
    let mut images: Vec<StoredImage> = Vec::new();
    for store in paths.readable() {
        for id in ids(&store)? {
            if images.iter().any(|image| image.record.id == id) {
                continue;
            }
            if let Some(record) = read_record(&store, &id)? {
                images.push(stored(paths, store.clone(), record));
            }
        }
    }
    Ok(images)
}

/// The IDs for which the store `paths` has a directory, with or without a record.
pub fn ids(paths: &Paths) -> Result<Vec<Digest>, Error> {
    let names = entries(&paths.images())?;
    Ok(names.iter().filter_map(|name| Digest::from_hex(name).ok()).collect())
}

/// The one image whose ID starts with `prefix` (hexadecimal, with or without `sha256:`).
pub fn find_prefix(paths: &Paths, prefix: &str) -> Result<Option<StoredImage>, Error> {
    let digits = prefix.strip_prefix("sha256:").unwrap_or(prefix);
    if digits.is_empty() || digits.len() > 64 || !digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Ok(None);
    }
    let mut matches: Vec<Digest> = Vec::new();
    for store in paths.readable() {
        for name in entries(&store.images())?.iter().filter(|name| name.starts_with(digits)) {
            match Digest::from_hex(name) {
                Ok(id) if !matches.contains(&id) && record_path(&store, &id).exists() => matches.push(id),
                _ => {}
            }
        }
    }
    match matches.as_slice() {
        [] => Ok(None),
        [id] => find(paths, id),
        several => Err(Error::AmbiguousImage { prefix: prefix.to_owned(), count: several.len() }),
    }
}

/// All names of all stores, sorted; the user's own hides the same name elsewhere.
pub fn names(paths: &Paths) -> Result<Vec<Name>, Error> {
    let mut found: BTreeMap<String, Name> = BTreeMap::new();
    for store in paths.readable() {
        for file in entries(&store.names())? {
            // One that has just been removed is no error.
            if let Some(name) = read_json::<Name>(&store.names().join(file))? {
                found.entry(name.reference.clone()).or_insert(name);
            }
        }
    }
    Ok(found.into_values().collect())
}

/// The names of the user's own store, and the names of files there that hold none.
pub fn own_names(paths: &Paths) -> Result<(Vec<Name>, Vec<String>), Error> {
    let (mut names, mut damaged) = (Vec::new(), Vec::new());
    for file in entries(&paths.names())? {
        match read_json::<Name>(&paths.names().join(&file)) {
            Ok(Some(name))
                if [name_path, plain_name_path]
                    .map(|path| path(paths, &name.reference))
                    .contains(&paths.names().join(&file)) =>
            {
                names.push(name);
            }
            Ok(None) => {}
            Ok(Some(_)) | Err(Error::Record { .. }) => damaged.push(file),
            Err(error) => return Err(error),
        }
    }
    Ok((names, damaged))
}

/// Deletes a file of `names/` that holds no name ([`own_names`]).
pub fn remove_name_file(paths: &Paths, file: &str) -> Result<(), Error> {
    let path = paths.names().join(file);
    std::fs::remove_file(&path).map_err(Error::file("remove", &path))
}

fn entries(directory: &Path) -> Result<Vec<String>, Error> {
    match std::fs::read_dir(directory) {
        Ok(entries) => Ok(entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Error::file("read", directory)(error)),
    }
}

/// Gives an image a name, taking it from any other image that has it.
pub fn set_name(paths: &Paths, name: &Name) -> Result<(), Error> {
    match write_json(paths, &name_path(paths, &name.reference), name) {
        Err(Error::File { source, .. }) if is_refused(&source) => {
            write_json(paths, &plain_name_path(paths, &name.reference), name)
        }
        result => result,
    }
}

/// Takes a name away from the user's own store; `false` when it was not there.
pub fn remove_name(paths: &Paths, reference: &str) -> Result<bool, Error> {
    let mut was_there = false;
    for path in [name_path(paths, reference), plain_name_path(paths, reference)] {
        match std::fs::remove_file(&path) {
            Ok(()) => was_there = true,
            Err(error) if error.kind() == io::ErrorKind::NotFound || is_refused(&error) => {}
            Err(error) => return Err(Error::file("remove", &path)(error)),
        }
    }
    Ok(was_there)
}

/// Deletes an image's record and tree; its layers and blobs stay until [`super::sweep`]. Needs no free space.
pub fn remove(paths: &Paths, id: &Digest) -> Result<(), Error> {
    let directory = directory(paths, id);
    // The record first: what is left when this is interrupted counts as absent.
    for file in ["record.json", "tree"] {
        let path = directory.join(file);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Error::file("remove", &path)(error)),
            _ => {}
        }
    }
    match std::fs::remove_dir_all(&directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::file("remove", &directory)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(seed: &str) -> ImageRecord {
        ImageRecord {
            id: Digest::of(seed.as_bytes()),
            configuration: ImageConfiguration::default(),
            docker: DockerConfig::default(),
            layers: Vec::new(),
            manifests: vec![ManifestRecord {
                digest: Digest::of(format!("manifest of {seed}").as_bytes()),
                media_type: "m".into(),
                size_bytes: 1,
            }],
            annotations: BTreeMap::new(),
            names_history: vec!["docker.io/library/a:1".into()],
            parent: None,
        }
    }

    #[test]
    fn names_move_and_images_are_found_by_name_and_prefix() {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths { root: directory.path().into(), run_root: "/nowhere".into(), additional: Vec::new() };
        let (one, two) = (record("one"), record("two"));
        write_record(&paths, one.clone()).unwrap();
        write_record(&paths, two.clone()).unwrap();
        let long = format!("docker.io/{}:{}", "a".repeat(200), "t".repeat(128));
        for reference in ["docker.io/library/a:1", "[::1]:5000/b:2", &long] {
            let mut name = Name { reference: reference.into(), image: one.id, manifest: None };
            set_name(&paths, &name).unwrap();
            assert_eq!(find_name(&paths, reference).unwrap().unwrap().1.record.id, one.id);
            name.image = two.id;
            set_name(&paths, &name).unwrap();
            assert_eq!(find_name(&paths, reference).unwrap().unwrap().1.record.id, two.id);
        }
        assert_eq!(names(&paths).unwrap().len(), 3);
        assert!(remove_name(&paths, &long).unwrap());
        assert!(!remove_name(&paths, &long).unwrap());

        assert_eq!(find_prefix(&paths, &one.id.hex()[..6]).unwrap().unwrap().record.id, one.id);
        assert_eq!(find_prefix(&paths, &one.id.to_string()).unwrap().unwrap().record.id, one.id);
        assert!(find_prefix(&paths, "xyz").unwrap().is_none());
        remove(&paths, &two.id).unwrap();
        assert!(find_name(&paths, "docker.io/library/a:1").unwrap().is_none());
        assert_eq!(list(&paths).unwrap().len(), 1);
    }

    #[test]
    fn records_keep_what_they_replace() {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths { root: directory.path().into(), run_root: "/nowhere".into(), additional: Vec::new() };
        let older = record("one");
        let newer = ImageRecord { manifests: Vec::new(), names_history: vec!["x/y:1".into()], ..older.clone() };
        write_record(&paths, older.clone()).unwrap();
        write_record(&paths, newer).unwrap();
        let read = read_record(&paths, &older.id).unwrap().unwrap();
        assert_eq!(read.manifests, older.manifests);
        assert_eq!(read.names_history, ["x/y:1", "docker.io/library/a:1"]);
    }
}
