//! `coracle volume ...`.

mod create;
mod exists;
mod inspect;
mod list;
mod prune;
mod rm;

use super::tree::{Entry, Group, verb};

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
