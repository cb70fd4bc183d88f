//! What checks have found: `health.json`, in podman's words.

use crate::engine::error::Error;
use crate::store::containers::{Durability, read_json, write_json};
use crate::store::locks;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// How a container is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Not known yet.
    #[default]
    Starting,
    /// The last check, or enough of the last checks, went well.
    Healthy,
    /// Too many checks in a row have failed.
    Unhealthy,
}

impl Verdict {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Starting => "starting",
            Verdict::Healthy => "healthy",
            Verdict::Unhealthy => "unhealthy",
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attempt {
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// Exit code of the command; -1 when it took too long.
    pub exit_code: i32,
    /// What it wrote, standard output and error.
    pub output: String,
}

/// All that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Results {
    /// How the container is.
    pub status: Verdict,
    /// Failures since the last success.
    pub failing_streak: u32,
    /// The last checks, oldest first.
    pub log: Vec<Attempt>,
    /// The startup check has succeeded often enough since the container was started.
    pub startup_passed: bool,
    /// Successes (or failures) of the startup check since the last failure (or success).
    pub startup_streak: u32,
    /// Which of the two `startup_streak` counts.
    pub startup_failing: bool,
}

/// What a check has to be judged by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Failures in a row that make a container unhealthy.
    pub retries: u32,
    /// Failures do not count yet.
    pub in_start_period: bool,
    /// It is the startup check, which has to succeed so often.
    pub startup_successes: Option<u32>,
    /// Results kept; 0 is all.
    pub log_count: usize,
}

impl Results {
    /// Reads those of the container in `directory`; `None` when there are none.
    pub fn read(directory: &Path) -> Option<Results> {
        read_json(&directory.join(FILE)).ok()
    }

    /// What is known of a container that is about to start: only what was before.
    pub fn at_start(&self) -> Results {
        Results { log: self.log.clone(), ..Results::default() }
    }

    /// Takes one more check into account.
    pub(super) fn add(&mut self, attempt: Attempt, rules: Rules) {
        let is_success = attempt.exit_code == 0;
        match rules.startup_successes {
            Some(wanted) => {
                self.startup_streak = if self.startup_failing == is_success { 1 } else { self.startup_streak + 1 };
                self.startup_failing = !is_success;
                if is_success && self.startup_streak >= wanted.max(1) {
                    self.startup_passed = true;
                    self.status = Verdict::Healthy;
                }
            }
            None if is_success => {
                self.status = Verdict::Healthy;
                self.failing_streak = 0;
            }
            None if rules.in_start_period => {}
            None => {
                self.failing_streak += 1;
                if self.failing_streak >= rules.retries {
                    self.status = Verdict::Unhealthy;
                }
            }
        }
        self.log.push(attempt);
        if rules.log_count > 0 {
            self.log.drain(..self.log.len().saturating_sub(rules.log_count));
        }
    }
}

/// The results' file in a container's directory.
const FILE: &str = "health.json";

/// Changes the results of the container in `directory`, which nobody else changes meanwhile; also returns them.
pub(super) fn change<T>(directory: &Path, change: impl FnOnce(&mut Results) -> T) -> Result<(T, Results), Error> {
    let lock = directory.join("health.lock");
    let failed = |error: rustix::io::Errno| Error::File { operation: "lock", path: lock.clone(), source: error.into() };
    let _lock = locks::wait_for(&lock).map_err(failed)?;
    let mut results = Results::read(directory).unwrap_or_default();
    let value = change(&mut results);
    write_json(&directory.join(FILE), &results, Durability::Volatile)?;
    Ok((value, results))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(exit_code: i32) -> Attempt {
        Attempt { start: Timestamp::UNIX_EPOCH, end: Timestamp::UNIX_EPOCH, exit_code, output: String::new() }
    }

    fn after(codes: &[i32], rules: Rules) -> Results {
        let mut results = Results::default();
        codes.iter().for_each(|code| results.add(attempt(*code), rules));
        results
    }

    #[test]
    fn failures_in_a_row_make_a_container_unhealthy() {
        let rules = Rules { retries: 3, log_count: 5, ..Rules::default() };
        let cases: &[(&[i32], Verdict, u32)] = &[
            (&[], Verdict::Starting, 0),
            (&[0], Verdict::Healthy, 0),
            (&[1], Verdict::Starting, 1),
            (&[0, 1, 1], Verdict::Healthy, 2),
            (&[0, 1, 1, -1], Verdict::Unhealthy, 3),
            (&[1, 1, 0, 1], Verdict::Healthy, 1),
            (&[1, 1, 1, 0], Verdict::Healthy, 0),
        ];
        for (codes, status, streak) in cases {
            let results = after(codes, rules);
            assert_eq!((results.status, results.failing_streak), (*status, *streak), "{codes:?}");
        }
        assert_eq!(after(&[0; 9], rules).log.len(), 5);
        let patient = Rules { in_start_period: true, ..rules };
        assert_eq!(after(&[1, 1, 1, 1], patient).status, Verdict::Starting);
    }

    #[test]
    fn the_startup_check_comes_first() {
        let rules = Rules { retries: 1, startup_successes: Some(2), ..Rules::default() };
        for (codes, passed, streak) in
            [(&[1, 1, 1][..], false, 3), (&[0][..], false, 1), (&[0, 1, 0][..], false, 1), (&[1, 0, 0][..], true, 2)]
        {
            let results = after(codes, rules);
            assert_eq!((results.startup_passed, results.startup_streak), (passed, streak), "{codes:?}");
            assert_eq!(results.status == Verdict::Healthy, passed);
        }
    }
}
