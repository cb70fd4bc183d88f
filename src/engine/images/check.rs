//! `system check`: is everything in the store what its name says, and if not, making it so.
//!
//! Every layer's bytes are hashed and indexed again, every blob hashed, every record, name and merged index followed.
//! What is found is either damage (an image would not run or not be what it claims) or rubbish (left by something that
//! was killed). Repair deletes rubbish and what is damaged, then makes again what can be made here and fetches the rest
//! by digest from where the image came. Nothing sound is touched or fetched.

use super::{Error, root};
use crate::engine::builtin;
use crate::image::platform::Platform;
use crate::image::progress::Progress;
use crate::image::pull::{self, PullOptions};
use crate::image::reference::Reference;
use crate::image::registry::client::Options;
use crate::overlay::tree::Tree;
use crate::store::digest::Digest;
use crate::store::error::Error as StoreError;
use crate::store::images::{self, ImageRecord, Name};
use crate::store::paths::Paths;
use crate::store::{blobs, layers, locks, sweep, temporary};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::File;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// A layer that an image needs is not there.
    LayerMissing(Digest),
    /// A layer's tar has another digest than its name, or is no tar.
    LayerCorrupt(Digest),
    /// A layer's index is not the one its tar gives.
    IndexDamaged(Digest),
    /// A manifest, index or config that an image needs is not there.
    BlobMissing(Digest),
    /// Its content has another digest than its name.
    BlobCorrupt(Digest),
    /// An image's record cannot be read, or is about another image.
    RecordDamaged(Digest),
    /// An image's merged index is damaged.
    TreeDamaged(Digest),
    /// A name whose image is not there.
    NameWithoutImage(String),
    /// A name's file cannot be read.
    NameDamaged(String),
    /// Layers and blobs that no image needs, and files of dead writers: their number.
    Rubbish(u64),
}

impl Finding {
    /// Whether an image suffers from it.
    pub fn is_damage(&self) -> bool {
        !matches!(self, Finding::Rubbish(_))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::LayerMissing(id) => write!(f, "layer {id} is missing"),
            Finding::LayerCorrupt(id) => write!(f, "layer {id} is corrupt: its content is not what its name says"),
            Finding::IndexDamaged(id) => write!(f, "index of layer {id} is damaged"),
            Finding::BlobMissing(id) => write!(f, "blob {id} is missing"),
            Finding::BlobCorrupt(id) => write!(f, "blob {id} is corrupt: its content is not what its name says"),
            Finding::RecordDamaged(id) => write!(f, "record of image {} is damaged", id.hex()),
            Finding::TreeDamaged(id) => write!(f, "merged index of image {} is damaged", id.hex()),
            Finding::NameWithoutImage(name) => {
                write!(f, "name {} leads to no image", crate::store::error::Printable(name))
            }
            Finding::NameDamaged(file) => {
                write!(f, "name file \"{}\" is damaged", crate::store::error::Printable(file))
            }
            Finding::Rubbish(count) => write!(f, "{count} unused files"),
        }
    }
}

/// What a check has seen.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What is wrong, each with the names or IDs of the images that suffer from it.
    pub findings: BTreeMap<Finding, BTreeSet<String>>,
    /// Layers that were hashed.
    pub layers: u64,
    /// Bytes that were hashed.
    pub bytes: u64,
}

/// Checks the user's own store. Reads all of it; changes nothing.
///
/// While another process adds images, what that has not finished yet is not reported.
pub fn check(paths: &Paths) -> Result<Report, Error> {
    let _kept = locks::keep_objects(paths)?;
    let mut report = Report::default();
    let names = check_names(paths, &mut report)?;
    let records = check_records(paths, &names, &mut report)?;
    for name in &names {
        if images::find(paths, &name.image).ok().flatten().is_none() {
            report.add(Finding::NameWithoutImage(name.reference.clone()), &name.reference);
        }
    }
    let users = Users::of(&records, &names);
    check_blobs(paths, &users, &mut report)?;
    check_layers(paths, &users, &mut report)?;
    check_trees(paths, &records, &users, &mut report);
    Ok(report)
}

impl Report {
    fn add(&mut self, finding: Finding, user: &str) {
        self.findings.entry(finding).or_default().insert(user.to_owned());
    }

    fn add_all(&mut self, finding: Finding, users: &BTreeSet<String>) {
        self.findings.entry(finding).or_default().extend(users.iter().cloned());
    }

    fn add_rubbish(&mut self) {
        let counted = self.findings.keys().find(|finding| matches!(finding, Finding::Rubbish(_))).cloned();
        let count = match counted {
            Some(Finding::Rubbish(count)) => {
                self.findings.remove(&Finding::Rubbish(count));
                count
            }
            _ => 0,
        };
        self.findings.insert(Finding::Rubbish(count + 1), BTreeSet::new());
    }

    /// Whether no image suffers.
    pub fn is_clean(&self) -> bool {
        !self.findings.keys().any(Finding::is_damage)
    }
}

/// Which images need a layer or blob.
struct Users {
    layers: BTreeMap<Digest, BTreeSet<String>>,
    blobs: BTreeMap<Digest, BTreeSet<String>>,
    names: BTreeMap<Digest, String>,
}

impl Users {
    fn of(records: &[ImageRecord], names: &[Name]) -> Self {
        let mut users = Users { layers: BTreeMap::new(), blobs: BTreeMap::new(), names: BTreeMap::new() };
        for name in names {
            users.names.entry(name.image).or_insert_with(|| name.reference.clone());
        }
        for record in records {
            let shown = users.name_of(&record.id);
            for layer in &record.layers {
                users.layers.entry(layer.diff_id).or_default().insert(shown.clone());
            }
            let digests = record.manifests.iter().map(|manifest| manifest.digest).chain([record.id]);
            for digest in digests {
                users.blobs.entry(digest).or_default().insert(shown.clone());
            }
        }
        users
    }

    fn name_of(&self, id: &Digest) -> String {
        self.names.get(id).cloned().unwrap_or_else(|| id.hex())
    }
}

fn check_names(paths: &Paths, report: &mut Report) -> Result<Vec<Name>, Error> {
    let (sound, damaged) = images::own_names(paths)?;
    for file in damaged {
        report.add(Finding::NameDamaged(file.clone()), &file);
    }
    Ok(sound)
}

fn check_records(paths: &Paths, names: &[Name], report: &mut Report) -> Result<Vec<ImageRecord>, Error> {
    let mut records = Vec::new();
    for id in images::ids(paths)? {
        match images::read_record(paths, &id) {
            Ok(Some(record)) if record.id == id => records.push(record),
            // Without a name nobody can ask for it any more, and nothing but removal is left.
            Ok(Some(_)) | Err(StoreError::Record { .. }) => {
                let own = names.iter().filter(|name| name.image == id).map(|name| name.reference.clone());
                report.add_all(Finding::RecordDamaged(id), &own.collect());
            }
            Ok(None) if images::find(paths, &id)?.is_some() => {}
            Ok(None) => report.add_rubbish(),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(records)
}

fn check_blobs(paths: &Paths, users: &Users, report: &mut Report) -> Result<(), Error> {
    for (digest, names) in &users.blobs {
        match blobs::read(paths, digest) {
            Ok(Some(content)) => report.bytes += content.len() as u64,
            Ok(None) => report.add_all(Finding::BlobMissing(*digest), names),
            Err(StoreError::Corrupt { .. }) => report.add_all(Finding::BlobCorrupt(*digest), names),
            Err(error) => return Err(error.into()),
        }
    }
    for digest in sweep::list_blobs(paths)? {
        if !users.blobs.contains_key(&digest) {
            report.add_rubbish();
        }
    }
    Ok(())
}

fn check_layers(paths: &Paths, users: &Users, report: &mut Report) -> Result<(), Error> {
    for (diff_id, names) in &users.layers {
        let Some(found) = layers::find(paths, diff_id) else {
            report.add_all(Finding::LayerMissing(*diff_id), names);
            continue;
        };
        let (actual, index) = match layers::read_tar(&found.tar) {
            Ok(read) => read,
            Err(error) if error.errno() == Some(libc::ENOENT) => {
                report.add_all(Finding::LayerMissing(*diff_id), names);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        report.layers += 1;
        report.bytes += std::fs::metadata(&found.tar).map_or(0, |metadata| metadata.len());
        match index {
            Ok(index) if actual == *diff_id => {
                if std::fs::read(&found.index).ok().as_ref() != Some(&index) {
                    report.add_all(Finding::IndexDamaged(*diff_id), names);
                }
            }
            _ => report.add_all(Finding::LayerCorrupt(*diff_id), names),
        }
    }
    for diff_id in layers::list(paths)? {
        // A layer that is being written has a tar before it has an index.
        let is_being_written = locks::try_layer(paths, &diff_id)?.is_none();
        if !users.layers.contains_key(&diff_id) && !is_being_written {
            report.add_rubbish();
        }
    }
    Ok(())
}

fn check_trees(paths: &Paths, records: &[ImageRecord], users: &Users, report: &mut Report) {
    for record in records {
        let Ok(file) = File::open(images::tree(paths, &record.id)) else {
            // It is made at the first use.
            continue;
        };
        if !Tree::open(&file).is_ok_and(|tree| tree.verify()) {
            report.add(Finding::TreeDamaged(record.id), &users.name_of(&record.id));
        }
    }
}

/// What was done about a finding.
#[derive(Debug)]
pub struct Repair {
    /// The finding.
    pub finding: Finding,
    /// Whether it is gone.
    pub result: Result<(), Error>,
}

/// Repairs what [`check`] has found. Uses the network for what cannot be made here.
pub fn repair(paths: &Paths, report: &Report, registry: &Options, progress: &dyn Progress) -> Vec<Repair> {
    let mut repairs: Vec<Repair> = report
        .findings
        .keys()
        .map(|finding| Repair { finding: finding.clone(), result: clear(paths, finding) })
        .collect();
    let names: BTreeSet<String> = report
        .findings
        .iter()
        .filter(|(finding, _)| needs_fetching(finding))
        .flat_map(|(_, names)| names.iter().cloned())
        .collect();
    let failures: BTreeMap<String, Error> = names
        .iter()
        .filter_map(|name| fetch_again(paths, name, registry, progress).err().map(|error| (name.clone(), error)))
        .collect();
    // One image's failure is told once, at the first finding that it explains.
    let mut failures = failures;
    for repair in &mut repairs {
        let Some(users) = report.findings.get(&repair.finding).filter(|_| needs_fetching(&repair.finding)) else {
            continue;
        };
        if let Some(error) = users.iter().find_map(|name| failures.remove(name)) {
            repair.result = Err(error);
        }
    }
    // Sweeping last: what was fetched again may have made use of what was rubbish.
    if let Err(error) = sweep::sweep(paths) {
        repairs.push(Repair { finding: Finding::Rubbish(0), result: Err(error.into()) });
    }
    repairs
}

fn needs_fetching(finding: &Finding) -> bool {
    match finding {
        Finding::LayerMissing(_)
        | Finding::LayerCorrupt(_)
        | Finding::BlobMissing(_)
        | Finding::BlobCorrupt(_)
        | Finding::RecordDamaged(_)
        | Finding::NameWithoutImage(_) => true,
        Finding::IndexDamaged(_) | Finding::TreeDamaged(_) | Finding::NameDamaged(_) | Finding::Rubbish(_) => false,
    }
}

/// Removes what is bad, and makes again what can be made here.
fn clear(paths: &Paths, finding: &Finding) -> Result<(), Error> {
    match finding {
        Finding::LayerCorrupt(diff_id) => {
            let _alone = locks::layer(paths, diff_id)?;
            layers::remove(paths, diff_id)?;
        }
        Finding::IndexDamaged(diff_id) => {
            layers::index_again(paths, diff_id)?;
        }
        Finding::BlobCorrupt(digest) => {
            let path = blobs::path(paths, digest);
            std::fs::remove_file(&path).map_err(StoreError::file("remove", &path))?;
        }
        Finding::TreeDamaged(id) => {
            let path = images::tree(paths, id);
            std::fs::remove_file(&path).map_err(StoreError::file("remove", &path))?;
            if let Some(image) = images::find(paths, id)? {
                root::prepare(paths, &image)?;
            }
        }
        Finding::RecordDamaged(id) => images::remove(paths, id)?,
        Finding::NameDamaged(file) => images::remove_name_file(paths, file)?,
        Finding::LayerMissing(_) | Finding::BlobMissing(_) | Finding::NameWithoutImage(_) => {}
        Finding::Rubbish(_) => {
            temporary::reclaim(paths);
        }
    }
    Ok(())
}

/// Pulls an image again by the digest it came with, so that it is the same one. `shown` is a name, or an ID for an
/// image without one, of which nobody knows where it came from.
fn fetch_again(paths: &Paths, shown: &str, registry: &Options, progress: &dyn Progress) -> Result<(), Error> {
    let known = images::own_names(paths)?.0.into_iter().find(|name| name.reference == shown);
    let Some(name) = known else {
        return match Digest::from_hex(shown) {
            Ok(id) => Err(Error::NoSource(id)),
            Err(_) => Ok(()),
        };
    };
    let found = images::find(paths, &name.image)?;
    if found.as_ref().is_some_and(builtin::is_builtin) || name.reference == builtin::HELLO_IN_FULL {
        images::remove(paths, &name.image)?;
        images::remove_name(paths, &name.reference)?;
        return Ok(());
    }
    let reference: Reference = name.reference.parse()?;
    let wanted = name.manifest.map_or(reference.clone(), |digest| reference.with_digest(digest));
    let platform = found.map_or_else(Platform::host, |image| {
        let configuration = image.record.configuration;
        let variant = configuration.variant().as_deref();
        Platform::of(&configuration.os().to_string(), &configuration.architecture().to_string(), variant)
    });
    let had_digest_name = images::find_name(paths, &wanted.to_string())?.is_some();
    let options = PullOptions { paths, platform, registry: registry.clone(), progress };
    let pulled = pull::pull(&wanted, &options)?;
    images::set_name(paths, &Name { image: pulled.id, ..name.clone() })?;
    if !had_digest_name && pulled.name.to_string() != name.reference {
        images::remove_name(paths, &pulled.name.to_string())?;
    }
    if let Some(image) = images::find(paths, &pulled.id)? {
        root::prepare(paths, &image)?;
    }
    Ok(())
}
