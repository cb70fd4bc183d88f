//! One check: the command in the container, its result, the event, and what is done about a failure.

use super::results::{self, Attempt, Results, Rules, Verdict};
use super::{DEFAULT_LOG_BYTES, DEFAULT_LOG_COUNT, active, time};
use crate::engine::error::{Error, Kind};
use crate::engine::exec::ExecRequest;
use crate::engine::lifecycle::Container;
use crate::engine::request::OnFailure;
use crate::engine::{Engine, events};
use crate::store::containers::Status;
use crate::store::events::Event;
use jiff::Timestamp;
use std::time::Duration;

/// Most output that is kept of a check where there is no limit, in bytes.
const OUTPUT_LIMIT: usize = 1 << 20;
/// Exit code of a check that took too long, as Docker has it.
const TIMED_OUT: i32 = -1;

/// How a check is run.
#[derive(Clone, Copy, Debug, Default)]
pub struct CheckOptions {
    /// What is done when the container turns out unhealthy is not done.
    pub without_action: bool,
}

/// What one check has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The command succeeded.
    pub is_success: bool,
    /// The startup check has not passed yet.
    pub is_startup_pending: bool,
    /// How the container is.
    pub status: Verdict,
}

/// The command to run and what to judge it by.
struct Test {
    command: Vec<String>,
    timeout: Duration,
    rules: Rules,
    /// Failures of the startup check after which the container is started again; 0 is never.
    startup_retries: u32,
}

impl Engine {
    /// Runs the health check of a container once. Blocks until it is done or its time is up.
    ///
    /// The caller must have one thread.
    ///
    /// # Errors
    /// The container does not run or has no health check; its files cannot be written. A command that cannot be run is
    /// a failed check and no error.
    pub fn check_health(&self, name: &str, options: CheckOptions) -> Result<Outcome, Error> {
        let container = self.container(name)?;
        let id = container.record.id.clone();
        if container.state.status != Status::Running {
            return Err(Error::Conflict(format!("container {id} is not running")));
        }
        let directory = &container.record.plan.directory;
        let before = Results::read(directory).unwrap_or_default();
        let test = test(&container, &before)
            .ok_or_else(|| Error::Conflict(format!("container {id} has no defined healthcheck")))?;
        let attempt = self.attempt(&container, &test)?;
        // A check that ended because the container did says nothing.
        if !self.containers().read_state(&id).is_ok_and(|state| state.status.is_alive()) {
            return Err(Error::Conflict(format!("container {id} is not running")));
        }
        let is_success = attempt.exit_code == 0;
        let (_, results) = results::change(directory, |results| results.add(attempt, test.rules))?;
        copy_log(&container, &results);
        let event = Event {
            health_status: results.status.word().to_owned(),
            ..events::container_now(&self.paths, &container.record, "health_status")
        };
        events::tell(&self.paths, &[event]);
        if !is_success && !options.without_action {
            self.act(&container, &test, &results)?;
        }
        Ok(Outcome {
            is_success,
            is_startup_pending: test.rules.startup_successes.is_some() && !results.startup_passed,
            status: results.status,
        })
    }

    fn attempt(&self, container: &Container, test: &Test) -> Result<Attempt, Error> {
        let start = Timestamp::now();
        let request = ExecRequest { command: test.command.clone(), untold: true, ..ExecRequest::default() };
        let limit = container.record.request.health.max_log_size.unwrap_or(DEFAULT_LOG_BYTES) as usize;
        let limit = if limit == 0 { OUTPUT_LIMIT } else { limit };
        let (exit_code, output) = match self.exec(container.clone(), &request) {
            Ok(session) => {
                let captured = session.capture(test.timeout, limit);
                let output = String::from_utf8_lossy(&captured.output).into_owned();
                match captured.code {
                    Some(code) => (code, output),
                    None => (TIMED_OUT, format!("Health check exceeded timeout ({:?})", test.timeout)),
                }
            }
            Err(error) => match error.kind() {
                Kind::CommandNotFound => (127, error.to_string()),
                Kind::CannotInvoke => (126, error.to_string()),
                // The container has just ended, or the host has no room for a process.
                _ => return Err(error),
            },
        };
        Ok(Attempt { start, end: Timestamp::now(), exit_code, output })
    }

    /// What the container's request wants done after a failure.
    fn act(&self, container: &Container, test: &Test, results: &Results) -> Result<(), Error> {
        let id = &container.record.id;
        if test.rules.startup_successes.is_some() {
            let is_enough = test.startup_retries > 0 && results.startup_streak >= test.startup_retries;
            return if is_enough { self.restart(id, None).map(|_| ()) } else { Ok(()) };
        }
        if results.status != Verdict::Unhealthy {
            return Ok(());
        }
        match container.record.request.health.on_failure {
            OnFailure::None => Ok(()),
            OnFailure::Kill => {
                self.kill(id, rustix::process::Signal::KILL.as_raw())?;
                // When the command returns, the container has ended.
                self.stop(id, Some(0)).map(|_| ())
            }
            OnFailure::Stop => self.stop(id, None).map(|_| ()),
            OnFailure::Restart => self.restart(id, None).map(|_| ()),
        }
    }
}

/// The startup check until it has passed, then the regular one; `None` when there is none.
fn test(container: &Container, results: &Results) -> Option<Test> {
    let asked = &container.record.request.health;
    let check = active(&container.record)?;
    let log_count = asked.max_log_count.unwrap_or(DEFAULT_LOG_COUNT) as usize;
    if let Some(startup) = asked.startup.as_ref().filter(|_| !results.startup_passed) {
        let rules = Rules { startup_successes: Some(startup.successes), log_count, ..Rules::default() };
        let timeout = time(startup.timeout);
        return Some(Test { command: command(&startup.test)?, timeout, rules, startup_retries: startup.retries });
    }
    let in_start_period = container
        .state
        .started_at
        .is_some_and(|started| Timestamp::now().duration_since(started).unsigned_abs() < time(check.start_period));
    let retries = u32::try_from(check.retries).unwrap_or(u32::MAX);
    let rules = Rules { retries, in_start_period, startup_successes: None, log_count };
    Some(Test { command: command(&check.test)?, timeout: time(check.timeout), rules, startup_retries: 0 })
}

/// The words of a test (Docker's `HEALTHCHECK`) as a command.
fn command(test: &[String]) -> Option<Vec<String>> {
    let (first, rest) = test.split_first()?;
    Some(match first.as_str() {
        "" | "NONE" => return None,
        "CMD" => rest.to_vec(),
        "CMD-SHELL" => vec!["sh".to_owned(), "-c".to_owned(), rest.join(" ")],
        _ => test.to_vec(),
    })
}

/// `--health-log-destination DIR`: the results are in a file there, too.
fn copy_log(container: &Container, results: &Results) {
    let destination = container.record.request.health.log_destination.as_deref();
    let Some(directory) = destination.filter(|directory| !matches!(*directory, "" | "local" | "events_logger")) else {
        return;
    };
    let shown = serde_json::json!({
        "Status": results.status, "FailingStreak": results.failing_streak, "Log": results.log,
    });
    let path = std::path::Path::new(directory).join(format!("{}-healthcheck.log", container.record.id));
    let _ = std::fs::write(path, shown.to_string()); // the results themselves are kept in the store
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_commands_in_dockers_forms() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let cases: &[(&[&str], Option<&[&str]>)] = &[
            (&["CMD", "curl", "x"], Some(&["curl", "x"])),
            (&["CMD-SHELL", "curl x || exit 1"], Some(&["sh", "-c", "curl x || exit 1"])),
            (&["curl", "x"], Some(&["curl", "x"])),
            (&["NONE"], None),
            (&[], None),
        ];
        for (test, expected) in cases {
            assert_eq!(command(&words(test)), expected.map(words), "{test:?}");
        }
    }
}
