//! `coracle image ...` and the same commands at the first level.

mod exists;
mod history;
mod import;
mod inspect;
mod list;
mod load;
mod login;
mod logout;
mod mount;
pub(crate) mod outside;
mod prune;
mod pull;
mod push;
mod rm;
mod save;
mod tag;
mod tree;
mod untag;

use super::container::diff::ImageDiff;
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
            verb::<ImageDiff>(),
            verb::<exists::Exists>(),
            verb::<history::History>(),
            verb::<import::Import>(),
            verb::<inspect::Inspect>(),
            named::<list::List>("list", &["ls"]),
            verb::<load::Load>(),
            verb::<mount::Mount>(),
            verb::<mount::Unmount>(),
            verb::<prune::Prune>(),
            verb::<pull::Pull>(),
            verb::<push::Push>(),
            named::<rm::Rm>("rm", &["remove"]),
            verb::<save::Save>(),
            verb::<tag::Tag>(),
            verb::<tree::Tree>(),
            verb::<untag::Untag>(),
        ]
    }
}

/// Commands of the first level.
pub(crate) fn top_level() -> Vec<Entry> {
    vec![
        verb::<pull::Pull>(),
        verb::<push::Push>(),
        verb::<login::Login>(),
        verb::<logout::Logout>(),
        verb::<list::List>(),
        verb::<rm::Rm>(),
        verb::<tag::Tag>(),
        verb::<untag::Untag>(),
        verb::<history::History>(),
        verb::<import::Import>(),
        verb::<save::Save>(),
        verb::<load::Load>(),
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
