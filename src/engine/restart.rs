//! Restart policies, and starting a container again.
//!
//! The keeper decides when the container's process has ended (`next_start`): by the policy, unless a user ended the
//! container, or because `restart` asked for it. It waits, then executes the program anew (`execute`) and becomes the
//! keeper of the next run under its old process number ([`again`]): with threads behind it it could not fork, and a
//! fresh program has nothing of the last run in memory. While it waits it can be killed by whoever stops or removes the
//! container; nothing is lost by that.

use super::Engine;
use super::error::Error;
use super::record::ContainerRecord;
use super::start::StartOptions;
use crate::runtime::failure::Failure;
use crate::runtime::guard;
use crate::store::containers::{Containers, Durability, State, Status};
use crate::store::paths::Paths;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::time::Duration;

/// The word by which the program is executed as the keeper of a container's next run.
pub const AGAIN: &str = "__keep";

/// First wait before a restart, and longest one: docker's. Each is twice the last, until a run was long enough.
const FIRST_DELAY_MS: u32 = 100;
const LONGEST_DELAY_MS: u32 = 60_000;
/// A run of so many seconds counts as one that went well: the next wait is the first again.
const GOOD_RUN_SECONDS: i64 = 10;

/// When a container is started again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RestartPolicy {
    /// Never.
    #[default]
    No,
    /// When its exit code is not 0, at most so many times; `None` is without limit.
    OnFailure(Option<u32>),
    /// Always, also when it was running at the last shutdown.
    Always,
    /// Always, unless a user has stopped it.
    UnlessStopped,
}

impl RestartPolicy {
    /// Parses `no`, `on-failure[:N]`, `always` or `unless-stopped`; the complaint is in podman's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, retries) = match text.split_once(':') {
            None => (text, None),
            Some((_, retries)) if retries.contains(':') => {
                return Err("invalid restart policy: may specify retries at most once".to_owned());
            }
            Some((name, _)) if !name.eq_ignore_ascii_case("on-failure") => {
                return Err("restart policy retries can only be specified with on-failure restart policy".to_owned());
            }
            Some((name, retries)) => match retries.parse::<i64>() {
                Ok(count) if count < 0 => {
                    return Err("must specify restart policy retry count as a number greater than 0".to_owned());
                }
                Ok(count) => (name, u32::try_from(count).ok()),
                Err(_) => {
                    return Err(format!(
                        "parsing restart policy retry count: strconv.Atoi: parsing {retries:?}: invalid syntax"
                    ));
                }
            },
        };
        match name {
            "" | "no" | "never" => Ok(RestartPolicy::No),
            "on-failure" => Ok(RestartPolicy::OnFailure(retries.filter(|count| *count > 0))),
            "always" => Ok(RestartPolicy::Always),
            "unless-stopped" => Ok(RestartPolicy::UnlessStopped),
            _ => Err(format!("{name:?} is not a valid restart policy: invalid argument")),
        }
    }

    /// The name and the limit as `inspect` shows them.
    pub fn parts(self) -> (&'static str, u32) {
        match self {
            RestartPolicy::No => ("no", 0),
            RestartPolicy::OnFailure(limit) => ("on-failure", limit.unwrap_or(0)),
            RestartPolicy::Always => ("always", 0),
            RestartPolicy::UnlessStopped => ("unless-stopped", 0),
        }
    }

    fn wants(self, exit_code: i32, restarts: u32) -> bool {
        match self {
            RestartPolicy::No => false,
            RestartPolicy::OnFailure(limit) => exit_code != 0 && limit.is_none_or(|limit| restarts < limit),
            RestartPolicy::Always | RestartPolicy::UnlessStopped => true,
        }
    }
}

impl ContainerRecord {
    /// The container's restart policy.
    pub fn restart_policy(&self) -> RestartPolicy {
        // Checked when the container was created.
        self.request.restart.as_deref().and_then(|text| RestartPolicy::parse(text).ok()).unwrap_or_default()
    }
}

/// How long to wait before the container is started again; `None` when it is not. `state` is that of the run that has
/// just ended with `exit_code`.
pub(super) fn next_start(
    containers: &Containers,
    record: &ContainerRecord,
    state: &State,
    exit_code: i32,
) -> Option<Duration> {
    if containers.is_marked_restart(&record.id) {
        return Some(Duration::ZERO);
    }
    // `update` may have changed the policy since.
    let policy = containers
        .read_config::<ContainerRecord>(&record.id)
        .map_or_else(|_| record.restart_policy(), |record| record.restart_policy());
    if containers.is_marked_stopped(&record.id) || !policy.wants(exit_code, state.restarts) {
        return None;
    }
    Some(Duration::from_millis(u64::from(next_delay_ms(state, jiff::Timestamp::now()))))
}

fn next_delay_ms(state: &State, now: jiff::Timestamp) -> u32 {
    let ran_seconds = state.started_at.map_or(0, |start| now.as_second() - start.as_second());
    match state.restart_delay_ms {
        last if last > 0 && ran_seconds < GOOD_RUN_SECONDS => last.saturating_mul(2).min(LONGEST_DELAY_MS),
        _ => FIRST_DELAY_MS,
    }
}

/// Executes this program as the keeper of the next run of container `id`. Returns only on failure.
pub(super) fn execute(paths: &Paths, id: &str) -> Failure {
    let mut command = std::process::Command::new("/proc/self/exe");
    command.arg0("coracle").arg(AGAIN).arg(&paths.root).arg(&paths.run_root).arg(id);
    Failure::setup("start the container again", command.exec())
}

/// What the program does when it was executed so: `arguments` are those after [`AGAIN`]. Never returns.
pub fn again(arguments: &[String]) -> ! {
    let [root, run_root, id] = arguments else { guard::exit(125) };
    reap();
    let paths = Paths::for_user(Some(PathBuf::from(root)), Some(PathBuf::from(run_root)));
    let engine = Engine::new(paths, None);
    if let Err(error) = engine.keep_again(id) {
        let containers = engine.containers();
        if let Ok(mut state) = containers.read_state(id) {
            end(&mut state);
            state.error = error.to_string();
            let _ = containers.write_state(id, &state, Durability::Durable); // readers see that the keeper is gone
        }
    }
    guard::exit(125)
}

/// The children of the last run, which have ended.
fn reap() {
    use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
    while !matches!(waitpid(None, Some(WaitPidFlag::WNOHANG)), Ok(WaitStatus::StillAlive) | Err(_)) {}
}

fn end(state: &mut State) {
    state.status = Status::Exited;
    state.keeper = None;
}

impl Engine {
    /// The next run, in this process. Returns when there is to be none.
    fn keep_again(&self, id: &str) -> Result<(), Error> {
        let containers = self.containers();
        let lock = containers.lock(id)?;
        let mut state = containers.read_state(id)?;
        let is_asked = containers.is_marked_restart(id);
        if !is_asked && containers.is_marked_stopped(id) {
            end(&mut state);
            containers.write_state(id, &state, Durability::Durable)?;
            return Ok(());
        }
        let now = jiff::Timestamp::now();
        let (restarts, delay) = if is_asked { (0, 0) } else { (state.restarts + 1, next_delay_ms(&state, now)) };
        (state.restarts, state.restart_delay_ms) = (restarts, delay);
        if is_asked {
            containers.clear_marks(id);
        }
        self.start_in_place(id, state, StartOptions { in_place: true, ..StartOptions::default() }, lock)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_podmans() {
        let cases = [
            ("no", Ok(RestartPolicy::No)),
            ("", Ok(RestartPolicy::No)),
            ("on-failure", Ok(RestartPolicy::OnFailure(None))),
            ("on-failure:3", Ok(RestartPolicy::OnFailure(Some(3)))),
            ("always", Ok(RestartPolicy::Always)),
            ("unless-stopped", Ok(RestartPolicy::UnlessStopped)),
            ("bogus", Err("\"bogus\" is not a valid restart policy: invalid argument")),
            ("always:3", Err("restart policy retries can only be specified with on-failure restart policy")),
            ("on-failure:1:2", Err("invalid restart policy: may specify retries at most once")),
            ("on-failure:-1", Err("must specify restart policy retry count as a number greater than 0")),
            ("on-failure:x", Err("parsing restart policy retry count: strconv.Atoi: parsing \"x\": invalid syntax")),
        ];
        for (text, expected) in cases {
            assert_eq!(RestartPolicy::parse(text), expected.map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn failures_are_retried_so_many_times() {
        let policy = RestartPolicy::OnFailure(Some(2));
        assert!(policy.wants(1, 0) && policy.wants(1, 1) && !policy.wants(1, 2) && !policy.wants(0, 0));
        assert!(RestartPolicy::Always.wants(0, 99) && !RestartPolicy::No.wants(1, 0));
    }

    #[test]
    fn waits_double_until_a_run_was_long_enough() {
        let now = jiff::Timestamp::now();
        let state = |restart_delay_ms, seconds_ago| State {
            restart_delay_ms,
            started_at: jiff::Timestamp::from_second(now.as_second() - seconds_ago).ok(),
            ..State::default()
        };
        assert_eq!(next_delay_ms(&state(0, 1), now), 100);
        assert_eq!(next_delay_ms(&state(100, 1), now), 200);
        assert_eq!(next_delay_ms(&state(40_000, 1), now), 60_000);
        assert_eq!(next_delay_ms(&state(60_000, 10), now), 100);
    }
}
