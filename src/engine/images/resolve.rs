//! From what a user types to an image of the store.
//!
//! In order: the name as `localhost/...` (where `tag` and `build` put short names), the name as Docker means it, an ID
//! or the beginning of one, and last any name that ends with what was typed. The first two cost two file reads, which
//! is what a start of a container pays.

use super::Error;
use crate::image::reference::Reference;
use crate::store::images::{self, Name, StoredImage};
use crate::store::paths::Paths;

/// An image of the store and how it was found.
#[derive(Clone, Debug)]
pub struct LocalImage {
    /// The name by which it was found, in full; `None` when it was found by its ID.
    pub name: Option<String>,
    /// The image.
    pub image: StoredImage,
}

impl LocalImage {
    /// The name if there is one, else the ID: what a container's record shows as its image.
    pub fn display_name(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.image.record.id.hex())
    }
}

/// Finds an image; `None` when there is no such image here. Reads a few small files, asks no registry.
pub fn resolve(paths: &Paths, typed: &str) -> Result<Option<LocalImage>, Error> {
    let reference = match typed.parse::<Reference>() {
        Ok(reference) => Some(reference.with_default_tag()),
        // An ID in full is no reference, and neither is `sha256:` with one; any other text is just wrong.
        Err(error) => {
            let id = typed.strip_prefix("sha256:").unwrap_or(typed);
            if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(error.into());
            }
            None
        }
    };
    if let Some(found) = reference.as_ref().map(|reference| by_name(paths, reference)).transpose()?.flatten() {
        return Ok(Some(found));
    }
    if let Some(image) = images::find_prefix(paths, typed)? {
        return Ok(Some(LocalImage { name: None, image }));
    }
    match reference {
        Some(reference) if reference.is_short() => by_suffix(paths, &reference),
        _ => Ok(None),
    }
}

/// Like [`resolve()`], but an unknown image is an error.
pub fn expect(paths: &Paths, typed: &str) -> Result<LocalImage, Error> {
    resolve(paths, typed)?.ok_or_else(|| Error::NotKnown(typed.to_owned()))
}

fn by_name(paths: &Paths, reference: &Reference) -> Result<Option<LocalImage>, Error> {
    let local = reference.is_short().then(|| reference.on_repository(&format!("localhost/{}", reference.short_path())));
    for candidate in local.and_then(Result::ok).iter().chain([reference]) {
        let found = match candidate.digest() {
            Some(digest) => by_digest(paths, candidate, digest)?,
            None => images::find_name(paths, &candidate.to_string())?,
        };
        if let Some((name, image)) = found {
            return Ok(Some(LocalImage { name: Some(name.reference), image }));
        }
    }
    Ok(None)
}

/// `repository@digest`, the digest being that of a manifest or index the repository's image came from.
fn by_digest(
    paths: &Paths,
    reference: &Reference,
    digest: &crate::store::digest::Digest,
) -> Result<Option<(Name, StoredImage)>, Error> {
    let plain = reference.with_digest(*digest);
    if let Some(found) = images::find_name(paths, &plain.to_string())? {
        return Ok(Some(found));
    }
    let repository = reference.name();
    for name in images::names(paths)? {
        if repository_of(&name.reference) != repository {
            continue;
        }
        let came_from = |image: &StoredImage| image.record.manifests.iter().any(|manifest| manifest.digest == *digest);
        if let Some(image) = images::find(paths, &name.image)?.filter(came_from) {
            return Ok(Some((Name { reference: plain.to_string(), ..name }, image)));
        }
    }
    Ok(None)
}

/// The first name, in alphabetical order, whose last components are what was typed.
fn by_suffix(paths: &Paths, reference: &Reference) -> Result<Option<LocalImage>, Error> {
    if reference.digest().is_some() {
        return Ok(None);
    }
    let suffix = format!("/{}:{}", reference.short_path(), reference.tag().unwrap_or("latest"));
    for name in images::names(paths)? {
        if name.reference.ends_with(&suffix)
            && let Some(image) = images::find(paths, &name.image)?
        {
            return Ok(Some(LocalImage { name: Some(name.reference), image }));
        }
    }
    Ok(None)
}

/// The repository of a full name: what comes before tag and digest.
pub(super) fn repository_of(full_name: &str) -> &str {
    let name = full_name.split('@').next().unwrap_or(full_name);
    match name.rfind(':') {
        Some(colon) if !name[colon..].contains('/') => &name[..colon],
        _ => name,
    }
}
