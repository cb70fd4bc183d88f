//! Where the lines of a log come from: the container's files, those that were rotated away first, or systemd's journal by
//! `journalctl`.
//!
//! A file is read to its end before the next one, also when it is rotated while it is followed. What is in the journal is
//! asked for anew each time, after the last entry that was seen.

use super::error::Error;
use super::logs::LogLine;
use super::record::ContainerRecord;
use crate::runtime::keeper::Stream;
use crate::runtime::plan::{LogDriver, LogPlan};
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// Bytes read at once.
const READ_BYTES: usize = 64 << 10;
/// Between two questions to the journal.
const JOURNAL_INTERVAL: Duration = Duration::from_millis(400);

/// A container's log, being read.
pub(super) enum Source {
    /// There is none yet.
    Empty,
    /// Files.
    Files(Files),
    /// The journal.
    Journal(Journal),
}

impl Source {
    /// Opens the log of a container at its beginning.
    pub(super) fn open(record: &ContainerRecord) -> Result<Source, Error> {
        let log = &record.plan.log;
        match log.driver {
            LogDriver::K8sFile | LogDriver::JsonFile => Ok(Files::open(log)?.map_or(Source::Empty, Source::Files)),
            LogDriver::Journald => Ok(Source::Journal(Journal::new(&record.id))),
            LogDriver::None | LogDriver::Passthrough => Err(Error::Conflict(format!(
                "this container is using the '{}' log driver, cannot read logs: this container is not logging output",
                log.driver.name()
            ))),
        }
    }

    /// The next record; `None` when there is no more for now. `is_last` says that nothing is written any more.
    pub(super) fn next(&mut self, is_last: bool) -> Result<Option<LogLine>, Error> {
        match self {
            Source::Empty => Ok(None),
            Source::Files(files) => files.next(),
            Source::Journal(journal) => journal.next(is_last),
        }
    }
}

/// The files of a log.
pub(super) struct Files {
    plan: LogPlan,
    reader: BufReader<File>,
    /// It has been seen that there is a newer file: what is read from this one from now on is all of it.
    is_closed: bool,
    /// The time of the record before.
    last: LastTime,
}

impl Files {
    fn open(plan: &LogPlan) -> Result<Option<Files>, Error> {
        let oldest = (0..plan.max_files.max(1)).rev().find_map(|age| open(plan, age).transpose());
        let reader = oldest.transpose()?;
        Ok(reader.map(|reader| Files { plan: plan.clone(), reader, is_closed: false, last: LastTime::default() }))
    }

    /// The next whole record; one that is still being written is left for later.
    fn next(&mut self) -> Result<Option<LogLine>, Error> {
        let path = &self.plan.path;
        let failed = |source| Error::File { operation: "read log", path: path.clone(), source };
        loop {
            let mut bytes = Vec::new();
            let count = self.reader.read_until(b'\n', &mut bytes).map_err(failed)?;
            if bytes.last() != Some(&b'\n') {
                self.reader.seek_relative(-(count as i64)).map_err(failed)?;
                match self.newer()? {
                    None => return Ok(None),
                    Some(reader) if self.is_closed => {
                        self.reader = reader;
                        self.is_closed = false;
                    }
                    // What was written between the last look and the rotation is still to be read.
                    Some(_) => self.is_closed = true,
                }
                continue;
            }
            bytes.pop();
            let parsed = parse(self.plan.driver, bytes, &mut self.last);
            // A record that a crash left half-written is skipped.
            if parsed.is_some() {
                return Ok(parsed);
            }
        }
    }

    /// The file that was begun after the one that is read, if it is not the newest.
    fn newer(&self) -> Result<Option<BufReader<File>>, Error> {
        let Ok(own) = self.reader.get_ref().metadata() else { return Ok(None) };
        let is_own = |age: u32| {
            let found = std::fs::metadata(self.plan.file(age));
            found.is_ok_and(|found| (found.dev(), found.ino()) == (own.dev(), own.ino()))
        };
        let ages = self.plan.max_files.max(1);
        match (0..ages).find(|age| is_own(*age)) {
            Some(0) => Ok(None),
            Some(age) => open(&self.plan, age - 1),
            // Rotated away altogether: the oldest there is.
            None => (0..ages).rev().find_map(|age| open(&self.plan, age).transpose()).transpose(),
        }
    }
}

fn open(plan: &LogPlan, age: u32) -> Result<Option<BufReader<File>>, Error> {
    let path = plan.file(age);
    match File::open(&path) {
        Ok(file) => Ok(Some(BufReader::with_capacity(READ_BYTES, file))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::File { operation: "open log", path, source }),
    }
}

impl LogLine {
    /// A record of a log without its newline; `None` for what is none.
    pub fn parse(driver: LogDriver, record: &[u8]) -> Option<Self> {
        parse(driver, record.to_vec(), &mut LastTime::default())
    }
}

fn parse(driver: LogDriver, record: Vec<u8>, last: &mut LastTime) -> Option<LogLine> {
    match driver {
        LogDriver::JsonFile => parse_json(&record, last),
        _ => parse_kubernetes(record, last),
    }
}

/// The time that was read last: what a container wrote at once has one, and reading it is most of the work for a short line.
#[derive(Default)]
struct LastTime {
    text: Vec<u8>,
    time: jiff::Timestamp,
}

impl LastTime {
    fn parse(&mut self, text: &[u8]) -> Option<jiff::Timestamp> {
        if self.text != text {
            self.time = std::str::from_utf8(text).ok()?.parse().ok()?;
            self.text = text.to_vec();
        }
        Some(self.time)
    }
}

fn parse_kubernetes(mut record: Vec<u8>, last: &mut LastTime) -> Option<LogLine> {
    let mut parts = record.splitn(4, |byte| *byte == b' ');
    let time = last.parse(parts.next()?)?;
    let stream = stream(parts.next()?)?;
    let is_complete = parts.next()? == b"F";
    let before = record.len() - parts.next()?.len();
    record.drain(..before);
    Some(LogLine { time, stream, text: record, is_complete })
}

/// A record of docker's form.
#[derive(serde::Deserialize)]
struct JsonRecord<'r> {
    #[serde(borrow)]
    log: Cow<'r, str>,
    #[serde(borrow)]
    stream: Cow<'r, str>,
    #[serde(borrow)]
    time: Cow<'r, str>,
}

fn parse_json(record: &[u8], last: &mut LastTime) -> Option<LogLine> {
    let record: JsonRecord<'_> = serde_json::from_slice(record).ok()?;
    let (time, stream) = (last.parse(record.time.as_bytes())?, stream(record.stream.as_bytes())?);
    let mut text = record.log.into_owned().into_bytes();
    let is_complete = text.pop_if(|byte| *byte == b'\n').is_some();
    Some(LogLine { time, stream, text, is_complete })
}

fn stream(name: &[u8]) -> Option<Stream> {
    match name {
        b"stdout" => Some(Stream::Output),
        b"stderr" => Some(Stream::Error),
        _ => None,
    }
}

/// A container's entries in the journal.
pub(super) struct Journal {
    id: String,
    /// The last entry that was seen.
    cursor: Option<String>,
    running: Option<(Child, BufReader<ChildStdout>)>,
    asked: Option<Instant>,
}

impl Journal {
    fn new(id: &str) -> Self {
        Journal { id: id.to_owned(), cursor: None, running: None, asked: None }
    }

    fn next(&mut self, is_last: bool) -> Result<Option<LogLine>, Error> {
        if self.running.is_none() {
            let rests = self.asked.is_some_and(|asked| asked.elapsed() < JOURNAL_INTERVAL);
            if rests && !is_last {
                return Ok(None);
            }
            self.ask()?;
        }
        while let Some((_, reader)) = &mut self.running {
            let mut bytes = Vec::new();
            let failed = |source| Error::File { operation: "read", path: "journalctl".into(), source };
            if reader.read_until(b'\n', &mut bytes).map_err(failed)? == 0 {
                self.finish()?;
                break;
            }
            let Ok(entry) = serde_json::from_slice::<serde_json::Value>(&bytes) else { continue };
            self.cursor = entry["__CURSOR"].as_str().map(str::to_owned).or(self.cursor.take());
            if let Some(line) = parse_entry(&entry) {
                return Ok(Some(line));
            }
        }
        Ok(None)
    }

    fn ask(&mut self) -> Result<(), Error> {
        let mut command = Command::new("journalctl");
        command.args(["--quiet", "--no-pager", "--all", "--output=json", "--merge"]);
        command.arg(format!("CONTAINER_ID_FULL={}", self.id));
        command.args(self.cursor.iter().map(|cursor| format!("--after-cursor={cursor}")));
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|error| {
                match error.kind() {
                    std::io::ErrorKind::NotFound => {
                        Error::Conflict("the journal cannot be read: journalctl is not installed".to_owned())
                    }
                    _ => Error::File { operation: "run", path: "journalctl".into(), source: error },
                }
            })?;
        self.asked = Some(Instant::now());
        self.running = child.stdout.take().map(|output| (child, BufReader::new(output)));
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Error> {
        let Some((child, reader)) = self.running.take() else { return Ok(()) };
        drop(reader);
        let failed = |source| Error::File { operation: "run", path: "journalctl".into(), source };
        let output = child.wait_with_output().map_err(failed)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        match said.lines().find(|line| !line.trim().is_empty()) {
            Some(line) if !output.status.success() => {
                Err(Error::Conflict(format!("the journal cannot be read: {}", line.trim())))
            }
            _ => Ok(()),
        }
    }
}

/// An entry as `journalctl` shows it: text, or the bytes of what is no text.
fn parse_entry(entry: &serde_json::Value) -> Option<LogLine> {
    let text = match &entry["MESSAGE"] {
        serde_json::Value::String(text) => text.as_bytes().to_vec(),
        serde_json::Value::Array(bytes) => {
            bytes.iter().map(|byte| u8::try_from(byte.as_u64()?).ok()).collect::<Option<Vec<u8>>>()?
        }
        _ => Vec::new(),
    };
    let microseconds = entry["__REALTIME_TIMESTAMP"].as_str()?.parse().ok()?;
    Some(LogLine {
        time: jiff::Timestamp::from_microsecond(microseconds).ok()?,
        stream: if entry["PRIORITY"].as_str() == Some("3") { Stream::Error } else { Stream::Output },
        text,
        is_complete: entry["CONTAINER_PARTIAL_MESSAGE"].as_str() != Some("true"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::keeper::Log;

    #[test]
    fn a_log_that_is_rotated_while_it_is_read_is_read_whole() {
        let directory = tempfile::tempdir().unwrap();
        for (driver, max_files) in [(LogDriver::K8sFile, 3), (LogDriver::JsonFile, 5)] {
            let path = directory.path().join(driver.name());
            let plan = LogPlan { driver, path, max_size_bytes: 200, max_files, fields: Vec::new() };
            let mut log = Log::open(&plan).unwrap();
            log.write(Stream::Output, b"0\n").unwrap();
            let mut files = Files::open(&plan).unwrap().unwrap();
            let mut read = Vec::new();
            for number in 1..60 {
                log.write(Stream::Error, format!("{number}\n").as_bytes()).unwrap();
                if number % 3 == 0 {
                    while let Some(line) = files.next().unwrap() {
                        read.push(String::from_utf8(line.text).unwrap());
                    }
                }
            }
            while let Some(line) = files.next().unwrap() {
                read.push(String::from_utf8(line.text).unwrap());
            }
            let expected: Vec<String> = (0..60).map(|number| number.to_string()).collect();
            assert_eq!(read, expected, "{driver:?}");
        }
    }

    #[test]
    fn entries_of_the_journal_become_lines() {
        let entry = serde_json::json!({
            "MESSAGE": [104, 255], "PRIORITY": "3", "__REALTIME_TIMESTAMP": "1700000000000001",
            "CONTAINER_PARTIAL_MESSAGE": "true", "__CURSOR": "c"
        });
        let line = parse_entry(&entry).unwrap();
        assert_eq!((line.text, line.stream, line.is_complete), (vec![104, 255], Stream::Error, false));
        assert_eq!(line.time.to_string(), "2023-11-14T22:13:20.000001Z");
    }
}
