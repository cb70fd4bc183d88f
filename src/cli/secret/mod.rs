//! `coracle secret ...`.

mod create;
mod exists;
mod inspect;
mod list;
mod rm;

use super::tree::{Entry, Group, verb};

/// `secret`.
pub(crate) struct Secret;

impl Group for Secret {
    const NAME: &'static str = "secret";
    const ABOUT: &'static str = "Manage secrets";

    fn entries() -> Vec<Entry> {
        vec![
            verb::<create::Create>(),
            verb::<exists::Exists>(),
            verb::<inspect::Inspect>(),
            verb::<list::List>(),
            verb::<rm::Rm>(),
        ]
    }
}
