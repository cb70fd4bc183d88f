//! Writing a container's output to its log file.
//!
//! Formats: `k8s-file`, a line `TIME STREAM F|P TEXT` where `P` marks text whose line goes on; `json-file`, one object
//! a line, where the text of a line that goes on has no newline at its end. Binary output is kept as it is in the
//! former; JSON can hold only text, so there invalid UTF-8 is replaced.

use crate::runtime::plan::{LogDriver, LogPlan};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;

/// Which stream output came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output, or the terminal.
    Output,
    /// Standard error.
    Error,
}

impl Stream {
    fn name(self) -> &'static str {
        match self {
            Stream::Output => "stdout",
            Stream::Error => "stderr",
        }
    }
}

/// An open log.
#[derive(Debug)]
pub struct Log {
    plan: LogPlan,
    file: Option<File>,
    size_bytes: u64,
    buffer: Vec<u8>,
}

impl Log {
    /// Opens the log of `plan` for appending; a driver without a file needs none.
    pub fn open(plan: &LogPlan) -> io::Result<Self> {
        let has_file = matches!(plan.driver, LogDriver::K8sFile | LogDriver::JsonFile);
        let file = has_file.then(|| open(plan)).transpose()?;
        let size_bytes = file.as_ref().map_or(Ok(0), |file| file.metadata().map(|metadata| metadata.len()))?;
        Ok(Log { plan: plan.clone(), file, size_bytes, buffer: Vec::new() })
    }

    /// Appends what the container wrote. A full disk loses log lines, never the container: errors are returned once
    /// and the next call tries again.
    pub fn write(&mut self, stream: Stream, data: &[u8]) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        self.buffer.clear();
        let time = jiff::Timestamp::now();
        let time = format!("{time:.9}");
        for line in data.split_inclusive(|byte| *byte == b'\n') {
            match self.plan.driver {
                LogDriver::JsonFile => json_line(&mut self.buffer, &time, stream, line),
                _ => kubernetes_line(&mut self.buffer, &time, stream, line),
            }
        }
        if self.plan.max_size_bytes > 0 && self.size_bytes >= self.plan.max_size_bytes {
            *file = rotated(&self.plan)?;
            self.size_bytes = 0;
        }
        file.write_all(&self.buffer)?;
        self.size_bytes += self.buffer.len() as u64;
        Ok(())
    }
}

/// Begins a new file; the one before is kept as `.1`.
fn rotated(plan: &LogPlan) -> io::Result<File> {
    let mut old = plan.path.clone().into_os_string();
    old.push(".1");
    std::fs::rename(&plan.path, old)?;
    open(plan)
}

fn open(plan: &LogPlan) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(&plan.path)
}

fn kubernetes_line(buffer: &mut Vec<u8>, time: &str, stream: Stream, line: &[u8]) {
    let (text, tag) = line.strip_suffix(b"\n").map_or((line, "P"), |text| (text, "F"));
    for part in [time, " ", stream.name(), " ", tag, " "] {
        buffer.extend_from_slice(part.as_bytes());
    }
    buffer.extend_from_slice(text);
    buffer.push(b'\n');
}

fn json_line(buffer: &mut Vec<u8>, time: &str, stream: Stream, line: &[u8]) {
    let text = String::from_utf8_lossy(line);
    let object = serde_json::json!({ "log": text, "stream": stream.name(), "time": time });
    buffer.extend_from_slice(object.to_string().as_bytes());
    buffer.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(driver: LogDriver, max_size_bytes: u64, chunks: &[&[u8]]) -> (tempfile::TempDir, String) {
        let directory = tempfile::tempdir().unwrap();
        let plan = LogPlan { driver, path: directory.path().join("ctr.log"), max_size_bytes };
        let mut log = Log::open(&plan).unwrap();
        for chunk in chunks {
            log.write(Stream::Output, chunk).unwrap();
        }
        let text = std::fs::read(&plan.path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        (directory, text.unwrap_or_default())
    }

    #[test]
    fn partial_lines_are_marked() {
        let (_directory, text) = written(LogDriver::K8sFile, 0, &[b"one\ntw", b"o\n"]);
        let lines: Vec<String> = text.lines().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect();
        assert_eq!(lines, ["stdout F one", "stdout P tw", "stdout F o"]);
    }

    #[test]
    fn a_log_over_its_size_is_rotated() {
        let (directory, text) = written(LogDriver::K8sFile, 40, &[b"first\n", b"second\n", b"third\n"]);
        assert!(text.ends_with("third\n") && !text.contains("first"), "{text}");
        assert!(directory.path().join("ctr.log.1").exists());
    }

    #[test]
    fn json_lines_parse() {
        let (_directory, text) = written(LogDriver::JsonFile, 0, &[b"a\"b\n"]);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((value["log"].as_str(), value["stream"].as_str()), (Some("a\"b\n"), Some("stdout")));
    }
}
