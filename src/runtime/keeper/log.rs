//! Writing a container's output to its log file.
//!
//! Formats: `k8s-file`, a line `TIME STREAM F|P TEXT` where `P` marks text whose line goes on; `json-file`, one object
//! a line, where the text of a line that goes on has no newline at its end. Binary output is kept as it is in the
//! former; JSON can hold only text, so there invalid UTF-8 is replaced. `journald` has no file: see [`super::journal`].

use super::journal::Journal;
use crate::runtime::plan::{LogDriver, LogPlan};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, Write};
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
    journal: Option<Journal>,
    size_bytes: u64,
    buffer: Vec<u8>,
}

impl Log {
    /// Opens the log of `plan` for appending; a driver without a file needs none.
    pub fn open(plan: &LogPlan) -> io::Result<Self> {
        let has_file = matches!(plan.driver, LogDriver::K8sFile | LogDriver::JsonFile);
        let file = has_file.then(|| open(plan)).transpose()?;
        let is_journal = plan.driver == LogDriver::Journald;
        let journal = is_journal.then(|| Journal::open(&plan.path, &plan.fields)).transpose()?;
        let size_bytes = file.as_ref().map_or(Ok(0), |file| file.metadata().map(|metadata| metadata.len()))?;
        Ok(Log { plan: plan.clone(), file, journal, size_bytes, buffer: Vec::new() })
    }

    /// Appends what the container wrote. A full disk loses log lines, never the container: errors are returned once
    /// and the next call tries again.
    pub fn write(&mut self, stream: Stream, data: &[u8]) -> io::Result<()> {
        if let Some(journal) = &self.journal {
            let mut result = Ok(());
            for line in data.split_inclusive(|byte| *byte == b'\n') {
                let (text, goes_on) = line.strip_suffix(b"\n").map_or((line, true), |text| (text, false));
                let written = journal.write(stream, text, goes_on);
                result = result.and(written);
            }
            return result;
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        self.buffer.clear();
        let time = jiff::Timestamp::now();
        let time = format!("{time:.9}");
        match self.plan.driver {
            LogDriver::JsonFile => json_lines(&mut self.buffer, &time, stream, data),
            _ => kubernetes_lines(&mut self.buffer, &time, stream, data),
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

/// Begins a new file; those before are kept as `.1`, `.2` and so on, as many as the plan says.
fn rotated(plan: &LogPlan) -> io::Result<File> {
    for age in (0..plan.max_files.saturating_sub(1)).rev() {
        match std::fs::rename(plan.file(age), plan.file(age + 1)) {
            Err(error) if age > 0 && error.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
    }
    if plan.max_files < 2 {
        std::fs::remove_file(&plan.path)?; // whoever reads it reads it to its end
    }
    open(plan)
}

fn open(plan: &LogPlan) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(&plan.path)
}

fn kubernetes_lines(buffer: &mut Vec<u8>, time: &str, stream: Stream, data: &[u8]) {
    let whole = data.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let (mut lines, rest) = data.split_at(whole);
    let stream = stream.name();
    let before = format!("{time} {stream} F ");
    while !lines.is_empty() {
        buffer.extend_from_slice(before.as_bytes());
        // The C library's search for the newline: several times as fast as a loop over bytes.
        let _ = lines.read_until(b'\n', buffer); // reading from memory cannot fail
    }
    if !rest.is_empty() {
        buffer.extend_from_slice(format!("{time} {stream} P ").as_bytes());
        buffer.extend_from_slice(rest);
        buffer.push(b'\n');
    }
}

fn json_lines(buffer: &mut Vec<u8>, time: &str, stream: Stream, data: &[u8]) {
    let after = format!("\",\"stream\":\"{}\",\"time\":\"{time}\"}}\n", stream.name());
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        buffer.extend_from_slice(b"{\"log\":\"");
        match std::str::from_utf8(line) {
            Ok(text) => json_text(buffer, text),
            // Docker writes one replacement character for each byte that is no text.
            Err(_) => line.utf8_chunks().for_each(|chunk| {
                json_text(buffer, chunk.valid());
                chunk.invalid().iter().for_each(|_| buffer.extend_from_slice(b"\\ufffd"));
            }),
        }
        buffer.extend_from_slice(after.as_bytes());
    }
}

/// Text as docker writes it into its log: what means something to HTML or JavaScript is escaped.
fn json_text(buffer: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| LOOKED_AT[usize::from(*byte)]) {
        let (plain, from) = rest.split_at(at);
        buffer.extend_from_slice(plain);
        rest = match from {
            [b'"' | b'\\', rest @ ..] => {
                buffer.extend_from_slice(&[b'\\', from[0]]);
                rest
            }
            [b'\n', rest @ ..] => {
                buffer.extend_from_slice(b"\\n");
                rest
            }
            [b'\r', rest @ ..] => {
                buffer.extend_from_slice(b"\\r");
                rest
            }
            [0xe2, 0x80, last @ (0xa8 | 0xa9), rest @ ..] => {
                buffer.extend_from_slice(if *last == 0xa8 { b"\\u2028" } else { b"\\u2029" });
                rest
            }
            [other @ 0x80..=0xff, rest @ ..] => {
                buffer.push(*other);
                rest
            }
            [other, rest @ ..] => {
                buffer.extend_from_slice(format!("\\u{other:04x}").as_bytes());
                rest
            }
            [] => return,
        };
    }
    buffer.extend_from_slice(rest);
}

/// Bytes of text that may have to be escaped: control characters, `"`, `\`, `<`, `>`, `&`, and the first byte of U+2028 and U+2029.
const LOOKED_AT: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table[b'<' as usize] = true;
    table[b'>' as usize] = true;
    table[b'&' as usize] = true;
    table[0xe2] = true;
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn written(driver: LogDriver, max_size_bytes: u64, chunks: &[&[u8]]) -> (tempfile::TempDir, String) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ctr.log");
        let plan = LogPlan { driver, path, max_size_bytes, max_files: 2, fields: Vec::new() };
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
    fn as_many_files_are_kept_as_asked() {
        for (max_files, kept) in [(1, vec![]), (2, vec!["c"]), (3, vec!["c", "b"])] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("ctr.log");
            let plan = LogPlan { driver: LogDriver::K8sFile, path, max_size_bytes: 1, max_files, fields: Vec::new() };
            let mut log = Log::open(&plan).unwrap();
            for text in ["a\n", "b\n", "c\n", "d\n"] {
                log.write(Stream::Output, text.as_bytes()).unwrap();
            }
            let read = |age| std::fs::read_to_string(plan.file(age)).ok();
            assert!(read(0).unwrap().ends_with(" d\n"));
            for age in 1..5 {
                let expected = kept.get(age as usize - 1).map(|text| format!(" {text}\n"));
                assert_eq!(read(age).map(|text| text[text.len() - 3..].to_owned()), expected, "{max_files} {age}");
            }
        }
    }

    #[test]
    fn json_holds_text_as_docker_writes_it() {
        let mut line = Vec::new();
        json_lines(&mut line, "T", Stream::Error, b"\"a\\\t<b>&\xff\xfe\xe2\x80\xa8\xc3\xbc\r\n");
        let expected =
            r#"{"log":"\"a\\\u0009\u003cb\u003e\u0026\ufffd\ufffd\u2028ü\r\n","stream":"stderr","time":"T"}"#;
        assert_eq!(String::from_utf8(line).unwrap(), format!("{expected}\n"));
    }

    #[test]
    fn json_lines_parse() {
        let (_directory, text) = written(LogDriver::JsonFile, 0, &[b"a\"b\n"]);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((value["log"].as_str(), value["stream"].as_str()), (Some("a\"b\n"), Some("stdout")));
    }
}
