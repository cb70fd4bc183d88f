//! `coracle system ...` and the commands about coracle itself.

mod check;
pub(crate) mod completion;
mod df;
mod doctor;
mod events;
pub(crate) mod help;
mod info;
mod prune;
mod reset;
pub(crate) mod startup;
mod unshare;
mod version;

use super::tree::{Entry, Group, verb};

/// `system`.
pub(crate) struct System;

impl Group for System {
    const NAME: &'static str = "system";
    const ABOUT: &'static str = "Manage coracle";

    fn entries() -> Vec<Entry> {
        vec![
            verb::<check::Check>(),
            verb::<df::Df>(),
            verb::<events::Events>(),
            verb::<info::Info>(),
            verb::<prune::Prune>(),
            verb::<reset::Reset>(),
        ]
    }
}

/// Commands of the first level.
pub(crate) fn top_level() -> Vec<Entry> {
    vec![
        verb::<doctor::Doctor>(),
        verb::<events::Events>(),
        verb::<info::Info>(),
        verb::<unshare::Unshare>(),
        verb::<version::Version>(),
        verb::<help::Help>(),
        verb::<completion::Completion>(),
    ]
}
