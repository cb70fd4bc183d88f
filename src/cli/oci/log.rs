//! Messages of the runtime: one line each, as logrus writes them, which engines read.

use super::OciOptions;
use crate::cli::output;
use serde_json::json;
use std::fs::File;
use std::io::Write;

/// Where messages go.
pub(crate) struct Log {
    file: Option<File>,
    is_json: bool,
    is_verbose: bool,
}

impl Log {
    /// Opens what the options name. A file that cannot be opened is told on standard error, and is no failure.
    pub(crate) fn open(options: &OciOptions) -> Self {
        let file = options.log.as_ref().filter(|path| !path.as_os_str().is_empty()).and_then(|path| {
            let opened = File::options().append(true).create(true).open(path);
            opened.map_err(|error| output::note(&format!("cannot open log {path:?}: {error}"))).ok()
        });
        let is_json = options.log_format.as_deref() == Some("json");
        Log { file, is_json, is_verbose: options.debug }
    }

    /// A failure; it is shown by who returns it, too.
    pub(crate) fn error(&self, text: &str) {
        if let Some(file) = &self.file {
            self.write(file, "error", text);
        }
    }

    /// Something that is not as asked: in the file, or on standard error where there is none.
    pub(crate) fn warn(&self, text: &str) {
        match &self.file {
            Some(file) => self.write(file, "warning", text),
            None => output::note(&self.line("warning", text)),
        }
    }

    /// Of use in finding a fault.
    pub(crate) fn debug(&self, text: &str) {
        match &self.file {
            _ if !self.is_verbose => {}
            Some(file) => self.write(file, "debug", text),
            None => output::note(&self.line("debug", text)),
        }
    }

    fn line(&self, level: &str, text: &str) -> String {
        let time = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        match self.is_json {
            true => json!({"level": level, "msg": text, "time": time}).to_string(),
            false => format!("time=\"{time}\" level={level} msg={}", json!(text)),
        }
    }

    fn write(&self, mut file: &File, level: &str, text: &str) {
        let mut line = self.line(level, text);
        line.push('\n');
        let _ = file.write_all(line.as_bytes()); // a full disk must not keep a container from being deleted
    }
}
