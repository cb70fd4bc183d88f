//! `coracle pod ...`.

mod create;
mod each;
mod exists;
mod inspect;
mod kill;
mod list;
mod logs;
mod pause;
pub(crate) mod prune;
mod restart;
mod rm;
mod selection;
mod start;
mod stats;
mod stop;
mod top;

pub(crate) use create::with_new_pod;
pub(crate) use inspect::inspect_pod;

use super::tree::{Entry, Group, verb};

/// `pod`.
pub(crate) struct Pod;

impl Group for Pod {
    const NAME: &'static str = "pod";
    const ABOUT: &'static str = "Manage pods";

    fn entries() -> Vec<Entry> {
        vec![
            verb::<create::Create>(),
            verb::<exists::Exists>(),
            verb::<inspect::Inspect>(),
            verb::<kill::Kill>(),
            verb::<logs::PodLogs>(),
            verb::<pause::Pause>(),
            verb::<prune::Prune>(),
            verb::<list::List>(),
            verb::<restart::Restart>(),
            verb::<rm::Rm>(),
            verb::<start::Start>(),
            verb::<stats::Stats>(),
            verb::<stop::Stop>(),
            verb::<top::Top>(),
            verb::<pause::Unpause>(),
        ]
    }
}
