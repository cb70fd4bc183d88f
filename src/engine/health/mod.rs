//! Health checks: a command run in the container now and then, whose exit code says how the container is.
//!
//! ```text
//! keeper ── HealthJob ── by the clock ──> coracle healthcheck run --scheduled ID
//!                                            └ check: exec in the container, results, event, action
//! ```
//!
//! The keeper only keeps the time: it has threads, so it cannot fork a process into the container itself. It starts the
//! program again, and that does what `healthcheck run` does for a user. Results are in `health.json` of the container's
//! directory, replaced as a whole; who changes them holds `health.lock`. A container without a health check has neither
//! file and wakes nobody.

mod check;
mod job;
mod results;

pub use check::{CheckOptions, Outcome};
pub use job::{HealthJob, PENDING};
pub use results::{Attempt, Results, Verdict};

use super::Engine;
use super::error::Error;
use super::lifecycle::Container;
use super::plan::ImageDefaults;
use super::record::ContainerRecord;
use super::request::{ContainerRequest, OnFailure};
use crate::store::images::Healthcheck;
use std::time::Duration;

/// Time between two checks, and after which one has failed, where nobody says otherwise (podman-run(1)).
pub const DEFAULT_TIME: Duration = Duration::from_secs(30);
/// Consecutive failures that make a container unhealthy, where nobody says otherwise.
pub const DEFAULT_RETRIES: i64 = 3;
/// Results that are kept, where nobody says otherwise.
pub const DEFAULT_LOG_COUNT: u32 = 5;
/// Bytes of output that are kept of each, where nobody says otherwise.
pub const DEFAULT_LOG_BYTES: u32 = 500;
/// The word that says there is no check.
const NO_TEST: &str = "NONE";

/// Nanoseconds, as images count time.
pub fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// A length of time from an image or a record; what is negative is none.
fn time(nanoseconds: i64) -> Duration {
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or_default())
}

/// The health check of a container: the image's with what the request says.
///
/// # Errors
/// The request wants something that only makes sense with a check, and there is none.
pub fn resolve(request: &ContainerRequest, image: &ImageDefaults) -> Result<Option<Healthcheck>, Error> {
    let asked = &request.health;
    if asked.disabled {
        return Ok(Some(Healthcheck { test: vec![NO_TEST.to_owned()], ..Healthcheck::default() }));
    }
    let from_image = image.healthcheck.clone().filter(|check| !check.test.is_empty());
    let base = match &asked.test {
        Some(test) => Some(Healthcheck { test: test.clone(), ..from_image.unwrap_or_default() }),
        None => from_image,
    };
    let Some(mut check) = base else {
        let refuse = |text: String| Err(Error::BadRequest(text));
        return match (asked.on_failure, &asked.startup) {
            (OnFailure::None, None) => Ok(None),
            (OnFailure::None, Some(_)) => refuse(
                "cannot set a startup healthcheck when there is no regular healthcheck: invalid argument".to_owned(),
            ),
            (action, _) => refuse(format!("cannot set on-failure action to {} without a health check", action.word())),
        };
    };
    let or_default = |value: i64, default: i64| if value > 0 { value } else { default };
    check.interval = asked.interval.unwrap_or(or_default(check.interval, nanoseconds(DEFAULT_TIME)));
    check.timeout = asked.timeout.unwrap_or(or_default(check.timeout, nanoseconds(DEFAULT_TIME)));
    check.start_period = asked.start_period.unwrap_or(check.start_period);
    check.start_interval = asked.start_interval.unwrap_or(check.start_interval);
    check.retries = asked.retries.unwrap_or(or_default(check.retries, DEFAULT_RETRIES));
    Ok(Some(check))
}

/// The check of a container, if it has one that is to be run.
pub fn active(record: &ContainerRecord) -> Option<&Healthcheck> {
    let is_test = |check: &&Healthcheck| check.test.first().is_some_and(|word| !word.is_empty() && word != NO_TEST);
    record.health.as_ref().filter(is_test)
}

/// The container is about to start: its health is not known yet.
///
/// # Errors
/// Its directory cannot be written.
pub fn begin(record: &ContainerRecord) -> Result<(), Error> {
    match active(record) {
        None => Ok(()),
        Some(_) => results::change(&record.plan.directory, |results| *results = results.at_start()).map(|_| ()),
    }
}

impl Engine {
    /// How a container is; `None` when it does not run or has no health check.
    pub fn health(&self, container: &Container) -> Option<Verdict> {
        active(&container.record).filter(|_| container.state.status.is_alive())?;
        Some(Results::read(&container.record.plan.directory).unwrap_or_default().status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::request::{HealthRequest, StartupRequest};

    fn resolved(health: HealthRequest, image: Option<Healthcheck>) -> Result<Option<Healthcheck>, String> {
        let request = ContainerRequest { health, ..ContainerRequest::default() };
        let image = ImageDefaults { healthcheck: image, ..ImageDefaults::default() };
        resolve(&request, &image).map_err(|error| error.to_string())
    }

    #[test]
    fn the_image_has_the_check_and_the_request_the_last_word() {
        let image = Healthcheck { test: vec!["CMD".into(), "a".into()], retries: 7, ..Healthcheck::default() };
        let plain = resolved(HealthRequest::default(), Some(image.clone())).unwrap().unwrap();
        assert_eq!((plain.interval, plain.timeout, plain.retries), (30_000_000_000, 30_000_000_000, 7));
        let changed = HealthRequest { interval: Some(0), retries: Some(1), ..HealthRequest::default() };
        let changed = resolved(changed, Some(image.clone())).unwrap().unwrap();
        assert_eq!((changed.interval, changed.retries, changed.test.len()), (0, 1, 2));
        let disabled = HealthRequest { disabled: true, ..HealthRequest::default() };
        assert_eq!(resolved(disabled, Some(image)).unwrap().unwrap().test, ["NONE"]);
        assert_eq!(resolved(HealthRequest::default(), None), Ok(None));
    }

    #[test]
    fn what_needs_a_check_is_refused_without_one() {
        let kill = HealthRequest { on_failure: OnFailure::Kill, ..HealthRequest::default() };
        let refused = Err("cannot set on-failure action to kill without a health check".to_owned());
        assert_eq!(resolved(kill, None), refused);
        let startup = HealthRequest { startup: Some(StartupRequest::default()), ..HealthRequest::default() };
        assert!(resolved(startup, None).is_err());
    }
}
