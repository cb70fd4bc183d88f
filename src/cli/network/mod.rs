//! `coracle network ...`.

mod connect;
mod create;
mod disconnect;
mod exists;
pub(crate) mod filter;
mod inspect;
mod list;
pub(crate) mod prune;
mod reload;
mod rm;
mod update;
mod view;

pub(crate) use view::View;

use super::failure::Failure;
use super::output::Object;
use super::tree::{Entry, Group, verb};
use crate::engine::Engine;

/// `network`.
pub(crate) struct Network;

impl Group for Network {
    const NAME: &'static str = "network";
    const ABOUT: &'static str = "Manage networks";

    fn entries() -> Vec<Entry> {
        vec![
            verb::<connect::Connect>(),
            verb::<create::Create>(),
            verb::<disconnect::Disconnect>(),
            verb::<exists::Exists>(),
            verb::<inspect::Inspect>(),
            verb::<list::List>(),
            verb::<prune::Prune>(),
            verb::<reload::Reload>(),
            verb::<rm::Rm>(),
            verb::<update::Update>(),
        ]
    }
}

/// What `inspect` prints of a network.
///
/// # Errors
/// No such network; its record cannot be read.
pub(crate) fn inspect_network(engine: &Engine, name: &str) -> Result<Object, Failure> {
    Ok(Object::Network(Box::new(View::of(&engine.network(name)?))))
}
