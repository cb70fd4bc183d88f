//! Giving back, once a network has started, the memory that only its start needed.

use crate::sys::memory::ProgramCode;
use std::time::{Duration, Instant};

/// How long a network runs before that.
const SETTLE_AFTER: Duration = Duration::from_secs(1);

/// What is still to be given back, and when.
#[derive(Debug)]
pub(super) struct Settling {
    at: Option<Instant>,
    code: ProgramCode,
}

impl Settling {
    /// A network starts now; `code` was found before files could no longer be opened.
    pub(super) fn begin(code: ProgramCode) -> Self {
        Settling { at: Some(Instant::now() + SETTLE_AFTER), code }
    }

    /// The earlier of this moment and another.
    pub(super) fn deadline(&self, other: Option<Instant>) -> Option<Instant> {
        [other, self.at].into_iter().flatten().min()
    }

    /// Gives the memory back when it is time.
    pub(super) fn expired(&mut self, now: Instant) {
        if self.at.is_some_and(|at| at <= now) {
            self.at = None;
            self.code.release();
        }
    }
}
