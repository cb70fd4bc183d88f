//! `tag` and `untag`.

use super::{Error, resolve};
use crate::engine::events;
use crate::image::reference::Reference;
use crate::store::images::{self, Name};
use crate::store::locks;
use crate::store::paths::Paths;

/// Gives the image `source` the names `targets`, as typed. A short name becomes `localhost/NAME`, as podman has it.
pub fn tag(paths: &Paths, source: &str, targets: &[String]) -> Result<(), Error> {
    let references = targets.iter().map(|target| local_name(target)).collect::<Result<Vec<_>, _>>()?;
    // From finding the image to naming it, its layers must not be swept away.
    let _kept = locks::keep_objects(paths)?;
    let mut record = resolve::expect(paths, source)?.image.record;
    for (reference, typed) in references.into_iter().zip(targets) {
        let reference = reference.to_string();
        let manifest = record.manifests.first().map(|manifest| manifest.digest);
        record.names_history.retain(|name| *name != reference);
        record.names_history.insert(0, reference.clone());
        images::write_record(paths, record.clone())?;
        images::set_name(paths, &Name { reference, image: record.id, manifest })?;
        events::tell(paths, &[events::image(&record.id.hex(), typed, "tag")]);
    }
    Ok(())
}

/// Takes names away: those given, or all when none is. The image stays.
pub fn untag(paths: &Paths, source: &str, names: &[String]) -> Result<(), Error> {
    let image = resolve::expect(paths, source)?.image;
    let gone = |name: &str| events::tell(paths, &[events::image(&image.record.id.hex(), name, "untag")]);
    let all = images::names(paths)?;
    let of_image = |name: &&Name| name.image == image.record.id;
    if names.is_empty() {
        for name in all.iter().filter(of_image) {
            images::remove_name(paths, &name.reference)?;
            gone(&name.reference);
        }
        return Ok(());
    }
    for typed in names {
        let found = resolve::resolve(paths, typed)?.filter(|found| found.image.record.id == image.record.id);
        match found.and_then(|found| found.name) {
            Some(name) if images::remove_name(paths, &name)? => gone(&name),
            _ => return Err(Error::TagNotKnown(typed.clone())),
        }
    }
    Ok(())
}

/// The full name under which something made here is kept.
pub fn local_name(typed: &str) -> Result<Reference, Error> {
    let reference: Reference = typed.parse()?;
    if reference.digest().is_some() {
        return Err(Error::TagByDigest(typed.to_owned()));
    }
    let reference = reference.with_default_tag();
    if !reference.is_short() {
        return Ok(reference);
    }
    Ok(reference.on_repository(&format!("localhost/{}", reference.short_path()))?)
}
