//! Reading a container's log back.

use super::error::Error;
use super::record::ContainerRecord;
use super::{Engine, Kind};
use crate::runtime::keeper::Stream;
use crate::runtime::plan::LogDriver;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader};
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
    /// Calls `show` with the lines of a container's log; blocks while following. `show` ends it by returning false.
    pub fn logs(&self, name: &str, options: &LogOptions, mut show: impl FnMut(LogLine) -> bool) -> Result<(), Error> {
        let container = self.container(name)?;
        let record = &container.record;
        let Some(mut reader) = open(record)? else { return Ok(()) };
        let wanted = |line: &LogLine| {
            options.since.is_none_or(|since| line.time >= since) && options.until.is_none_or(|until| line.time <= until)
        };
        let mut tail = VecDeque::new();
        while let Some(line) = next_line(&mut reader, record)? {
            match options.tail {
                _ if !wanted(&line) => {}
                Some(count) => {
                    tail.push_back(line);
                    if complete_lines(&tail) > count {
                        drop_oldest(&mut tail);
                    }
                }
                None if !show(line) => return Ok(()),
                None => {}
            }
        }
        if !tail.into_iter().all(&mut show) || !options.follow {
            return Ok(());
        }
        self.follow(record, &mut reader, |line| !wanted(&line) || show(line))
    }

    fn follow(
        &self,
        record: &ContainerRecord,
        reader: &mut BufReader<File>,
        mut show: impl FnMut(LogLine) -> bool,
    ) -> Result<(), Error> {
        loop {
            // Asked before reading, so that what was written before the end is read before leaving.
            let is_alive = match self.container(&record.id) {
                Ok(container) => container.state.status.is_alive(),
                Err(error) if error.kind() == Kind::NotFound => false,
                Err(error) => return Err(error),
            };
            while let Some(line) = next_line(reader, record)? {
                if !show(line) {
                    return Ok(());
                }
            }
            if !is_alive {
                return Ok(());
            }
            std::thread::sleep(FOLLOW_INTERVAL);
        }
    }
}

fn open(record: &ContainerRecord) -> Result<Option<BufReader<File>>, Error> {
    let log = &record.plan.log;
    if !matches!(log.driver, LogDriver::K8sFile | LogDriver::JsonFile) {
        return Err(Error::Conflict(format!(
            "this container is using the '{}' log driver, cannot read logs: this container is not logging output",
            log.driver.name()
        )));
    }
    match File::open(&log.path) {
        Ok(file) => Ok(Some(BufReader::new(file))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::File { operation: "open log", path: log.path.clone(), source }),
    }
}

/// The next whole record; one that is still being written is left for later.
fn next_line(reader: &mut BufReader<File>, record: &ContainerRecord) -> Result<Option<LogLine>, Error> {
    let failed = |source| Error::File { operation: "read log", path: record.plan.log.path.clone(), source };
    loop {
        let mut bytes = Vec::new();
        let count = reader.read_until(b'\n', &mut bytes).map_err(failed)?;
        if count == 0 {
            return Ok(None);
        }
        if bytes.last() != Some(&b'\n') {
            reader.seek_relative(-(count as i64)).map_err(failed)?;
            return Ok(None);
        }
        bytes.pop();
        let parsed = match record.plan.log.driver {
            LogDriver::JsonFile => parse_json(&bytes),
            _ => parse_kubernetes(&bytes),
        };
        // A record that a crash left half-written is skipped.
        if parsed.is_some() {
            return Ok(parsed);
        }
    }
}

fn parse_kubernetes(record: &[u8]) -> Option<LogLine> {
    let mut parts = record.splitn(4, |byte| *byte == b' ');
    let time = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
    let stream = stream(parts.next()?)?;
    let is_complete = parts.next()? == b"F";
    Some(LogLine { time, stream, text: parts.next()?.to_vec(), is_complete })
}

fn parse_json(record: &[u8]) -> Option<LogLine> {
    let value: serde_json::Value = serde_json::from_slice(record).ok()?;
    let text = value["log"].as_str()?;
    let (text, is_complete) = text.strip_suffix('\n').map_or((text, false), |text| (text, true));
    Some(LogLine {
        time: value["time"].as_str()?.parse().ok()?,
        stream: stream(value["stream"].as_str()?.as_bytes())?,
        text: text.as_bytes().to_vec(),
        is_complete,
    })
}

fn stream(name: &[u8]) -> Option<Stream> {
    match name {
        b"stdout" => Some(Stream::Output),
        b"stderr" => Some(Stream::Error),
        _ => None,
    }
}

/// Lines in the queue; pieces of one line count once.
fn complete_lines(lines: &VecDeque<LogLine>) -> usize {
    let unfinished = usize::from(lines.back().is_some_and(|line| !line.is_complete));
    lines.iter().filter(|line| line.is_complete).count() + unfinished
}

/// Drops the oldest line with all its pieces.
fn drop_oldest(lines: &mut VecDeque<LogLine>) {
    while lines.pop_front().is_some_and(|line| !line.is_complete) {}
}
