//! `coracle volume ...`.

mod create;
mod exists;
mod export;
pub(crate) mod filter;
mod inspect;
mod list;
mod mount;
pub(crate) mod prune;
mod rm;

pub(crate) use mount::check_rights;

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
            verb::<export::Export>(),
            verb::<export::Import>(),
            verb::<inspect::Inspect>(),
            verb::<list::List>(),
            verb::<mount::Mount>(),
            verb::<prune::Prune>(),
            verb::<mount::Reload>(),
            verb::<rm::Rm>(),
            verb::<mount::Unmount>(),
        ]
    }
}

/// What `inspect` prints of a volume.
///
/// # Errors
/// No such volume; its record cannot be read.
pub(crate) fn inspect_volume(engine: &Engine, name: &str) -> Result<Object, Failure> {
    let found = engine.volume(name).map_err(|error| Failure::from(error).inspecting("volume", name))?;
    Ok(Object::Document(details::volume(&found)))
}
