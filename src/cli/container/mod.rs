//! `coracle container ...` and the same commands at the first level.

mod create;
mod run;

use super::tree::{Entry, Group, verb};

/// `container`.
pub(crate) struct Container;

impl Group for Container {
    const NAME: &'static str = "container";
    const ABOUT: &'static str = "Manage containers";

    fn entries() -> Vec<Entry> {
        vec![verb::<run::Run>(), verb::<create::Create>()]
    }
}

/// Commands of the first level.
pub(crate) fn top_level() -> Vec<Entry> {
    vec![verb::<run::Run>(), verb::<create::Create>()]
}
