//! Reading a container's log back: which lines are wanted, and waiting for more. Where they come from is in `log_source`.

use super::error::Error;
use super::log_source::Source;
use super::record::ContainerRecord;
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
    /// Calls `show` with the lines of the logs of `names`, those of several by their time, and which of them each is of; with
    /// `None` when there are no more for now. Blocks while following. `show` ends it by returning false.
    ///
    /// # Errors
    /// A container that does not exist or keeps no log, before anything is shown; a log that cannot be read.
    pub fn logs(
        &self,
        names: &[String],
        options: &LogOptions,
        mut show: impl FnMut(Option<(usize, LogLine)>) -> bool,
    ) -> Result<(), Error> {
        let mut logs = Vec::with_capacity(names.len());
        for name in names {
            logs.push(Reading::open(&self.container(name)?.record)?);
        }
        if let Some(count) = options.tail {
            for log in &mut logs {
                log.keep_tail(count, options)?;
            }
        }
        loop {
            // Asked before reading, so that what was written before the end is read before leaving.
            for log in &mut logs {
                log.has_ended = options.follow && !self.is_alive(&log.id)?;
            }
            let goes_on = options.follow && !options.is_over() && logs.iter().any(|log| !log.has_ended);
            if !show_waiting(&mut logs, options, &mut show)? || !show(None) || !goes_on {
                return Ok(());
            }
            std::thread::sleep(FOLLOW_INTERVAL);
        }
    }

    fn is_alive(&self, id: &str) -> Result<bool, Error> {
        match self.container(id) {
            Ok(container) => Ok(container.state.status.is_alive()),
            Err(error) if error.kind() == Kind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl LogOptions {
    fn wants(&self, line: &LogLine) -> bool {
        self.since.is_none_or(|since| line.time >= since) && self.until.is_none_or(|until| line.time <= until)
    }

    /// Whether nothing that is still to be written can be wanted.
    fn is_over(&self) -> bool {
        self.until.is_some_and(|until| jiff::Timestamp::now() > until)
    }
}

/// One container's log while it is read.
struct Reading {
    id: String,
    source: Source,
    /// Nothing more will be written.
    has_ended: bool,
    /// Lines that have been read and not shown.
    waiting: VecDeque<LogLine>,
}

impl Reading {
    fn open(record: &ContainerRecord) -> Result<Self, Error> {
        let source = Source::open(record)?;
        Ok(Reading { id: record.id.clone(), source, has_ended: false, waiting: VecDeque::new() })
    }

    /// Reads to the end and keeps the last lines.
    fn keep_tail(&mut self, count: usize, options: &LogOptions) -> Result<(), Error> {
        let mut tail = Tail::new(count);
        while let Some(line) = self.read(options)? {
            tail.push(line);
        }
        self.waiting = tail.lines;
        Ok(())
    }

    /// The next line that is wanted, if there is one.
    fn read(&mut self, options: &LogOptions) -> Result<Option<LogLine>, Error> {
        while let Some(line) = self.source.next(self.has_ended)? {
            if options.wants(&line) {
                return Ok(Some(line));
            }
        }
        Ok(None)
    }

    /// When the next line was written, if there is one.
    fn next_time(&mut self, options: &LogOptions) -> Result<Option<jiff::Timestamp>, Error> {
        if self.waiting.is_empty() {
            let line = self.read(options)?;
            self.waiting.extend(line);
        }
        Ok(self.waiting.front().map(|line| line.time))
    }
}

/// Shows what there is, the oldest first and the pieces of one line together; false when `show` has had enough.
fn show_waiting(
    logs: &mut [Reading],
    options: &LogOptions,
    show: &mut impl FnMut(Option<(usize, LogLine)>) -> bool,
) -> Result<bool, Error> {
    loop {
        let mut oldest: Option<(jiff::Timestamp, usize)> = None;
        for (position, log) in logs.iter_mut().enumerate() {
            if let Some(time) = log.next_time(options)? {
                oldest = Some(oldest.map_or((time, position), |found| found.min((time, position))));
            }
        }
        let Some((_, position)) = oldest else { return Ok(true) };
        let log = &mut logs[position];
        while log.next_time(options)?.is_some() {
            let Some(line) = log.waiting.pop_front() else { break };
            let is_complete = line.is_complete;
            if !show(Some((position, line))) {
                return Ok(false);
            }
            if is_complete {
                break;
            }
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
