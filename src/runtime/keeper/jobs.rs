//! What a keeper does by the clock while its container runs: health checks, for one.
//!
//! A [`Job`] names the moment it wants to be called next and, where it waits for something (the end of a child), a
//! descriptor. The event loop sleeps until the earliest of all moments, so a job that wants nothing costs nothing: a
//! keeper without jobs is never woken.
//!
//! What must stay true: a job never blocks (the container's output waits meanwhile) and never forks by itself, because
//! the keeper has threads by then: it starts programs (`posix_spawn(3)`, [`std::process::Command`]) or none.

use rustix::event::Timespec;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// One thing to be done again and again.
pub trait Job {
    /// When to call next; `None` is not before the descriptor is ready.
    fn deadline(&self) -> Option<Instant>;
    /// What it waits for besides the clock: called when this is readable or hung up.
    fn descriptor(&self) -> Option<BorrowedFd<'_>>;
    /// The moment has come, or the descriptor is ready; which, the job finds out itself. Must not block.
    fn run(&mut self) -> Verdict;
    /// The container has ended: what the job has started is to be ended too.
    fn end(&mut self);
}

/// What a job wants done with the container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    #[default]
    GoOn,
    /// SIGKILL for its process.
    Kill,
}

/// The earliest of several moments.
pub(super) fn earliest(moments: impl Iterator<Item = Instant>) -> Option<Instant> {
    moments.min()
}

/// How long to sleep until `moment`, for `poll(2)`: rounded up, so that it has come when the sleep is over.
pub(super) fn until(moment: Instant) -> Timespec {
    let left = moment.saturating_duration_since(Instant::now());
    let left = if left.is_zero() { left } else { left + Duration::from_millis(1) };
    Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_ends_after_its_moment_and_not_before() {
        let moment = Instant::now() + Duration::from_secs(3600);
        let sleep = until(moment);
        assert!((3599..=3600).contains(&sleep.tv_sec), "{sleep:?}");
        let past = until(Instant::now());
        assert_eq!((past.tv_sec, past.tv_nsec), (0, 0));
        assert_eq!(earliest([moment, moment + Duration::from_secs(1)].into_iter()), Some(moment));
        assert_eq!(earliest(std::iter::empty()), None);
    }
}
