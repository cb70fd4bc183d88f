//! `coracle healthcheck ...`.

mod run;

use super::tree::{Entry, Group, verb};

/// `healthcheck`.
pub(crate) struct HealthCheck;

impl Group for HealthCheck {
    const NAME: &'static str = "healthcheck";
    const ABOUT: &'static str = "Run health checks of containers";

    fn entries() -> Vec<Entry> {
        vec![verb::<run::Run>()]
    }
}
