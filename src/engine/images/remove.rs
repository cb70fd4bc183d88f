//! `rmi` and `image prune`.
//!
//! Names are taken away first, then the record, then - by a sweep - what no other image needs. Nothing here writes, so
//! it works on a full disk.

use super::filter::Filters;
use super::list::summarise;
use super::{Error, LocalImage, extracted, resolve, usage};
use crate::engine::events;
use crate::store::digest::Digest;
use crate::store::events::Event;
use crate::store::images::{self, Name};
use crate::store::paths::Paths;
use crate::store::sweep;

/// What is known about the containers that use images. The store of images does not know containers itself.
pub trait Containers {
    /// The IDs of the containers made from an image.
    fn using(&self, image: &Digest) -> Vec<String>;
    /// Stops and removes a container, for `--force`; an error is one line.
    fn remove(&self, container: &str) -> Result<(), String>;
}

/// What was done to one image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Names taken away, in full: `Untagged: NAME`.
    pub untagged: Vec<String>,
    /// The image, if it is gone: `Deleted: ID`.
    pub deleted: Option<Digest>,
}

/// What a prune has removed.
#[derive(Clone, Debug, Default)]
pub struct Pruned {
    /// The images, with their names.
    pub images: Vec<Removed>,
    /// Disk space freed.
    pub bytes: u64,
}

/// `image prune`'s options.
#[derive(Clone, Debug, Default)]
pub struct PruneOptions {
    /// Every image without a container, not only those without a name.
    pub all: bool,
    /// `--filter`, as typed.
    pub filters: Vec<String>,
}

/// Removes a name, or the image when it was its last one or is given by ID.
///
/// With `force` all names and the containers go too. Disk space is freed by [`free_space`], once after several calls.
pub fn remove(paths: &Paths, typed: &str, force: bool, containers: &dyn Containers) -> Result<Removed, Error> {
    let found = resolve::expect(paths, typed)?;
    let names: Vec<Name> =
        images::names(paths)?.into_iter().filter(|name| name.image == found.image.record.id).collect();
    if let Some(name) = found.name.as_ref().filter(|_| names.len() > 1)
        && images::remove_name(paths, name)?
    {
        let hex = found.image.record.id.hex();
        // podman's second line says under which name removal was asked for, also when the image stays.
        events::tell(paths, &[events::image(&hex, name, "untag"), events::image(&hex, name, "remove")]);
        return Ok(Removed { untagged: vec![name.clone()], deleted: None });
    }
    if found.name.is_none() && names.len() > 1 && !force {
        let names = names.into_iter().map(|name| name.reference).collect();
        return Err(Error::SeveralNames { image: found.image.record.id, names });
    }
    let told = found.name.clone().unwrap_or_else(|| typed.to_owned());
    delete(paths, &found, &names, &told, force, containers)
}

fn delete(
    paths: &Paths,
    found: &LocalImage,
    names: &[Name],
    told_name: &str,
    force: bool,
    containers: &dyn Containers,
) -> Result<Removed, Error> {
    let id = found.image.record.id;
    if found.image.read_only {
        return Err(Error::ReadOnly(id));
    }
    let using = containers.using(&id);
    let stuck: Vec<String> = if force {
        using.into_iter().filter(|container| containers.remove(container).is_err()).collect()
    } else {
        using
    };
    if !stuck.is_empty() {
        return Err(Error::InUse { image: id, containers: stuck });
    }
    for name in names {
        images::remove_name(paths, &name.reference)?;
    }
    images::remove(paths, &id)?;
    let hex = id.hex();
    let mut told: Vec<Event> = names.iter().map(|name| events::image(&hex, &name.reference, "untag")).collect();
    told.push(events::image(&hex, told_name, "remove"));
    events::tell(paths, &told);
    Ok(Removed { untagged: names.iter().map(|name| name.reference.clone()).collect(), deleted: Some(id) })
}

/// Removes every image (`rmi --all`). Those in use stay, unless `force`; the errors say which.
pub fn remove_all(
    paths: &Paths,
    force: bool,
    containers: &dyn Containers,
) -> Result<(Vec<Removed>, Vec<Error>), Error> {
    let all_names = images::names(paths)?;
    let (mut removed, mut errors) = (Vec::new(), Vec::new());
    for image in images::list(paths)?.into_iter().filter(|image| !image.read_only) {
        let names: Vec<Name> = all_names.iter().filter(|name| name.image == image.record.id).cloned().collect();
        let hex = image.record.id.hex();
        match delete(paths, &LocalImage { name: None, image }, &names, &hex, force, containers) {
            Ok(done) => removed.push(done),
            Err(error) => errors.push(error),
        }
    }
    Ok((removed, errors))
}

/// Removes images that nothing needs, and frees their space.
pub fn prune(paths: &Paths, options: &PruneOptions, containers: &dyn Containers) -> Result<Pruned, Error> {
    let filters = Filters::parse(paths, &options.filters)?;
    let names = images::names(paths)?;
    let mut pruned = Pruned::default();
    for image in images::list(paths)? {
        let summary = summarise(&image, &names);
        let is_wanted = image.read_only || (!options.all && !summary.dangling) || !filters.accept(&summary);
        if is_wanted || !containers.using(&image.record.id).is_empty() {
            continue;
        }
        let own: Vec<Name> = names.iter().filter(|name| name.image == image.record.id).cloned().collect();
        pruned.bytes += sweep::disk_bytes(&images::tree(paths, &image.record.id));
        let trees = extracted::of_image(paths, &image.record.id.hex());
        pruned.bytes += trees.iter().map(|tree| usage::tree_bytes(tree)).sum::<u64>();
        let hex = image.record.id.hex();
        pruned.images.push(delete(paths, &LocalImage { name: None, image }, &own, &hex, false, containers)?);
    }
    pruned.bytes += free_space(paths)?;
    Ok(pruned)
}

/// Deletes what no image needs any more, and returns the bytes freed. While a pull runs it is left to that.
pub fn free_space(paths: &Paths) -> Result<u64, Error> {
    let freed = sweep::sweep(paths)?.bytes;
    extracted::sweep(paths);
    Ok(freed)
}
