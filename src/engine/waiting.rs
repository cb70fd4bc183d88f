//! `wait`: until a container is in a state.
//!
//! Its end is heard from its keeper; every other state is looked for again and again, since no one tells of it.

use super::Engine;
use super::error::Error;
use super::health::{Results, Verdict};
use super::lifecycle::{Condition, NEWS_INTERVAL, open_process, wait_for_end};
use crate::runtime::attach::{ClientFrame, KeeperFrame};
use crate::store::containers::{State, Status};
use std::time::Duration;

impl Engine {
    /// Waits until a container meets one of `conditions`; its exit code (-1 where there is none).
    pub fn wait(&self, name: &str, conditions: &[Condition], interval: Duration) -> Result<i32, Error> {
        let mut waiting = Waiting::new(self.containers().find(name)?);
        loop {
            let state = match waiting.look(self, conditions)? {
                Look::Over(code) => return Ok(code),
                Look::NotYet(state) => state,
            };
            let keeper = state.keeper.and_then(open_process);
            match (&state.control, keeper) {
                (Some(control), Some(_)) if conditions.iter().all(|condition| *condition == Condition::Exited) => {
                    match listen_for_end(control) {
                        Some(code) => return Ok(code),
                        None => std::thread::sleep(NEWS_INTERVAL),
                    }
                }
                (_, Some(keeper)) => {
                    wait_for_end(&keeper, Some(interval));
                }
                _ => std::thread::sleep(interval),
            }
        }
    }

    /// Waits until the first of several containers meets one of `conditions`; its exit code, likewise. Looks at them all
    /// every `interval`.
    pub fn wait_for_first(&self, names: &[String], conditions: &[Condition], interval: Duration) -> Result<i32, Error> {
        let ids = names.iter().map(|name| self.containers().find(name).map(Waiting::new));
        let mut waiting = ids.collect::<Result<Vec<_>, _>>()?;
        loop {
            for one in &mut waiting {
                if let Look::Over(code) = one.look(self, conditions)? {
                    return Ok(code);
                }
            }
            std::thread::sleep(interval);
        }
    }
}

/// A container that is waited for.
struct Waiting {
    id: String,
    last_code: i32,
    first_starts: Option<u32>,
}

/// What one look at such a container has shown.
enum Look {
    /// A condition is met; the exit code.
    Over(i32),
    /// None is; the state that was seen.
    NotYet(Box<State>),
}

impl Waiting {
    fn new(id: String) -> Self {
        Waiting { id, last_code: -1, first_starts: None }
    }

    fn look(&mut self, engine: &Engine, conditions: &[Condition]) -> Result<Look, Error> {
        let containers = engine.containers();
        let state = match containers.read_state(&self.id) {
            Ok(state) => state,
            // Removed while we waited: the end that was waited for.
            Err(_) if !containers.exists(&self.id) => return Ok(Look::Over(self.last_code)),
            Err(error) => return Err(error.into()),
        };
        // Its policy has started it again since.
        if conditions.contains(&Condition::Exited) && self.first_starts.is_some_and(|first| state.starts > first) {
            return Ok(Look::Over(state.previous_exit_code));
        }
        if state.status == Status::Running {
            self.first_starts.get_or_insert(state.starts);
        }
        self.last_code = state.exit_code;
        if let Some(condition) = conditions.iter().find(|condition| is_met(**condition, &state)) {
            return Ok(Look::Over(if *condition == Condition::Exited { state.exit_code } else { -1 }));
        }
        let wanted = |verdict: Verdict| conditions.contains(&Condition::Health(verdict));
        if conditions.iter().any(|condition| matches!(condition, Condition::Health(_))) {
            let results = Results::read(&containers.directory(&self.id)).unwrap_or_default();
            if state.status.is_alive() && wanted(results.status) {
                return Ok(Look::Over(-1));
            }
            if !state.status.is_alive() && state.status != Status::Created {
                return Err(Error::Conflict("container is stopped".to_owned()));
            }
        }
        Ok(Look::NotYet(Box::new(state)))
    }
}

fn is_met(condition: Condition, state: &State) -> bool {
    match condition {
        Condition::Exited => !state.status.is_alive() || state.status == Status::Restarting,
        Condition::Paused => state.status == Status::Paused,
        Condition::Stopping => state.status == Status::Stopping,
        Condition::Initialized => state.status == Status::Initialized,
        Condition::Running => state.status == Status::Running,
        Condition::Created => state.status == Status::Created,
        Condition::Removed | Condition::Health(_) => false,
    }
}

/// Asks the keeper whose socket is in `directory` to tell the exit code, and waits for it.
fn listen_for_end(directory: &std::path::Path) -> Option<i32> {
    let keeper = crate::runtime::control::connect_to(directory).ok()?;
    ClientFrame::Attach([false; 2]).send(&keeper).ok()?;
    loop {
        match KeeperFrame::receive(&keeper) {
            Ok(Some(KeeperFrame::Exited(code))) => return Some(code),
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => return None,
        }
    }
}
