//! `coracle system ...` and the commands about coracle itself.

mod completion;
mod doctor;
pub(crate) mod help;
mod info;
mod version;

use super::tree::{Entry, Group, verb};

/// `system`.
pub(crate) struct System;

impl Group for System {
    const NAME: &'static str = "system";
    const ABOUT: &'static str = "Manage coracle";

    fn entries() -> Vec<Entry> {
        vec![verb::<info::Info>(), verb::<version::Version>()]
    }
}

/// Commands of the first level.
pub(crate) fn top_level() -> Vec<Entry> {
    vec![verb::<doctor::Doctor>(), verb::<info::Info>(), verb::<version::Version>(), verb::<help::Help>(), verb::<completion::Completion>()]
}
