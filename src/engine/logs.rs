//! Reading a container's log back: which lines are wanted, and waiting for more. Where they come from is in [`super::log_source`].

use super::error::Error;
use super::log_source::Source;
use super::{Engine, Kind};
use crate::runtime::keeper::Stream;
use std::collections::VecDeque;
use std::time::Duration;

/// How often a followed log is looked at when nothing new was there.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(50);

/// Which part of a log.
#[derive(Clone, Debug, Default)]
pub struct LogOptions {
    /// Wait for more until the container ends.
    pub follow: bool,
    /// Only the last lines.
    pub tail: Option<usize>,
    /// Only lines at or after this time.
    pub since: Option<jiff::Timestamp>,
    /// Only lines at or before this time.
    pub until: Option<jiff::Timestamp>,
}

/// One piece of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written.
    pub time: jiff::Timestamp,
    /// Where.
    pub stream: Stream,
    /// The bytes, without the newline.
    pub text: Vec<u8>,
    /// Whether a newline followed.
    pub is_complete: bool,
}

impl Engine {
    /// Calls `show` with the lines of a container's log, and with `None` when there are no more for now; blocks while
    /// following. `show` ends it by returning false.
    pub fn logs(
        &self,
        name: &str,
        options: &LogOptions,
        mut show: impl FnMut(Option<LogLine>) -> bool,
    ) -> Result<(), Error> {
        let container = self.container(name)?;
        let mut source = Source::open(&container.record)?;
        let wanted = |line: &LogLine| {
            options.since.is_none_or(|since| line.time >= since) && options.until.is_none_or(|until| line.time <= until)
        };
        let mut tail = options.tail.map(Tail::new);
        while let Some(line) = source.next(false)? {
            match &mut tail {
                _ if !wanted(&line) => {}
                Some(tail) => tail.push(line),
                None if !show(Some(line)) => return Ok(()),
                None => {}
            }
        }
        let last = tail.map(|tail| tail.lines).unwrap_or_default();
        if !last.into_iter().all(|line| show(Some(line))) || !show(None) || !options.follow {
            return Ok(());
        }
        self.follow(&container.record.id, &mut source, |line| {
            line.as_ref().is_some_and(|line| !wanted(line)) || show(line)
        })
    }

    fn follow(
        &self,
        id: &str,
        source: &mut Source,
        mut show: impl FnMut(Option<LogLine>) -> bool,
    ) -> Result<(), Error> {
        loop {
            // Asked before reading, so that what was written before the end is read before leaving.
            let is_alive = match self.container(id) {
                Ok(container) => container.state.status.is_alive(),
                Err(error) if error.kind() == Kind::NotFound => false,
                Err(error) => return Err(error),
            };
            while let Some(line) = source.next(!is_alive)? {
                if !show(Some(line)) {
                    return Ok(());
                }
            }
            if !show(None) || !is_alive {
                return Ok(());
            }
            std::thread::sleep(FOLLOW_INTERVAL);
        }
    }
}

/// The last so many lines; pieces of one line count once.
struct Tail {
    lines: VecDeque<LogLine>,
    most: usize,
    /// Of `lines`, those that end.
    complete: usize,
}

impl Tail {
    fn new(most: usize) -> Self {
        Tail { lines: VecDeque::new(), most, complete: 0 }
    }

    fn push(&mut self, line: LogLine) {
        self.complete += usize::from(line.is_complete);
        self.lines.push_back(line);
        let unfinished = usize::from(self.lines.back().is_some_and(|line| !line.is_complete));
        if self.complete + unfinished > self.most {
            self.drop_oldest();
        }
    }

    /// Drops the oldest line with all its pieces.
    fn drop_oldest(&mut self) {
        while let Some(line) = self.lines.pop_front() {
            if line.is_complete {
                self.complete -= 1;
                return;
            }
        }
    }
}
