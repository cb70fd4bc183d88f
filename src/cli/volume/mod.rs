//! `coracle volume ...`.

mod create;
mod exists;
pub(crate) mod filter;
mod inspect;
mod list;
pub(crate) mod prune;
mod rm;

use super::failure::Failure;
use super::output::Object;
use super::tree::{Entry, Group, verb};
use crate::engine::{Engine, inspect as details};

/// `volume`.
pub(crate) struct Volume;

impl Group for Volume {
    const NAME: &'static str = "volume";
    const ABOUT: &'static str = "Manage volumes";

    fn entries() -> Vec<Entry> {
        vec![
            verb::<create::Create>(),
            verb::<exists::Exists>(),
            verb::<inspect::Inspect>(),
            verb::<list::List>(),
            verb::<prune::Prune>(),
            verb::<rm::Rm>(),
        ]
    }
}

/// What `inspect` prints of a volume.
///
/// # Errors
/// No such volume; its record cannot be read.
pub(crate) fn inspect_volume(engine: &Engine, name: &str) -> Result<Object, Failure> {
    Ok(Object::Document(details::volume(&engine.volume(name)?)))
}
