//! `coracle image ...` and the same commands at the first level.

mod exists;
mod history;
mod inspect;
mod list;
mod prune;
mod pull;
mod rm;
mod tag;
mod untag;

use super::failure::Failure;
use super::output::Object;
use super::tree::{Entry, Group, named, verb};
use crate::engine::images;
use crate::store::paths::Paths;

/// `image`.
pub(crate) struct Image;

impl Group for Image {
    const NAME: &'static str = "image";
    const ABOUT: &'static str = "Manage images";

    fn entries() -> Vec<Entry> {
        vec![
            verb::<exists::Exists>(),
            verb::<history::History>(),
            verb::<inspect::Inspect>(),
            named::<list::List>("list", &["ls"]),
            verb::<prune::Prune>(),
            verb::<pull::Pull>(),
            named::<rm::Rm>("rm", &["remove"]),
            verb::<tag::Tag>(),
            verb::<untag::Untag>(),
        ]
    }
}

/// Commands of the first level.
pub(crate) fn top_level() -> Vec<Entry> {
    vec![
        verb::<pull::Pull>(),
        verb::<list::List>(),
        verb::<rm::Rm>(),
        verb::<tag::Tag>(),
        verb::<untag::Untag>(),
        verb::<history::History>(),
    ]
}

/// What `inspect` prints of an image.
///
/// # Errors
/// No such image; its record cannot be read.
pub(crate) fn inspect_image(paths: &Paths, name: &str) -> Result<Object, Failure> {
    let found = images::expect(paths, name)?;
    Ok(Object::Image(Box::new(images::inspect::inspect(paths, &found)?)))
}
