//! `coracle container ...` and the same commands at the first level.

mod create;
mod exists;
mod filter;
mod inspect;
mod kill;
mod line;
mod logs;
mod prune;
mod ps;
mod rm;
mod run;
mod selection;
mod session;
mod start;
mod stop;
mod users;
mod wait;

pub(crate) use users::Users;

use super::tree::{Entry, Group, named, verb};

/// `container`.
pub(crate) struct Container;

impl Group for Container {
    const NAME: &'static str = "container";
    const ABOUT: &'static str = "Manage containers";

    fn entries() -> Vec<Entry> {
        let mut entries = vec![
            verb::<exists::Exists>(),
            verb::<inspect::Inspect>(),
            named::<ps::Ps>("ls", &["list", "ps"]),
            verb::<prune::Prune>(),
        ];
        entries.extend(top_level().into_iter().filter(|entry| entry.name != "ps"));
        entries
    }
}

/// Commands of the first level.
pub(crate) fn top_level() -> Vec<Entry> {
    vec![
        verb::<run::Run>(),
        verb::<create::Create>(),
        verb::<start::Start>(),
        verb::<ps::Ps>(),
        verb::<logs::Logs>(),
        verb::<wait::Wait>(),
        verb::<stop::Stop>(),
        verb::<kill::Kill>(),
        verb::<rm::Rm>(),
    ]
}
