//! Reading the log of events, and waiting for what comes.

use super::{Event, log_path, old_path};
use crate::store::paths::Paths;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Longest time between two looks at the log: another machine's writes to a network file system wake nobody.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// The same where the kernel grants no inotify instance.
const WAIT_WITHOUT_NOTICE: Duration = Duration::from_millis(200);

/// A place in the log; new events are seen as they come.
#[derive(Debug)]
pub struct Reader {
    directory: PathBuf,
    path: PathBuf,
    /// Logs still to be read before the one in use.
    old: Option<BufReader<File>>,
    log: Option<BufReader<File>>,
    /// A line whose end has not been written yet.
    line: Vec<u8>,
    notice: Option<OwnedFd>,
}

impl Reader {
    /// Begins with the oldest event there is.
    pub fn from_start(paths: &Paths) -> Self {
        let mut reader = Reader::new(paths);
        reader.old = File::open(old_path(paths)).ok().map(BufReader::new);
        reader.log = reader.open();
        reader
    }

    /// Begins with the next event.
    pub fn from_end(paths: &Paths) -> Self {
        let mut reader = Reader::new(paths);
        reader.log = reader.open();
        if let Some(log) = &mut reader.log {
            let _ = log.seek(SeekFrom::End(0)); // then it begins with the oldest
        }
        reader
    }

    fn new(paths: &Paths) -> Self {
        let path = log_path(paths);
        let directory = path.parent().unwrap_or(&paths.root).to_owned();
        Reader { directory, path, old: None, log: None, line: Vec::new(), notice: None }
    }

    fn open(&self) -> Option<BufReader<File>> {
        File::open(&self.path).ok().map(BufReader::new)
    }

    /// The next event that is there already.
    #[allow(clippy::should_implement_trait, reason = "more may come after the last")]
    pub fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.next_of_current() {
                return Some(event);
            }
            if self.old.take().is_none() && !self.move_on() {
                return None;
            }
            self.line.clear();
        }
    }

    fn next_of_current(&mut self) -> Option<Event> {
        loop {
            let log = self.old.as_mut().or(self.log.as_mut())?;
            match log.read_until(b'\n', &mut self.line) {
                Ok(count) if count > 0 && self.line.ends_with(b"\n") => {}
                _ => return None,
            }
            let event = serde_json::from_slice(&self.line);
            self.line.clear();
            if let Ok(event) = event {
                return Some(event);
            }
        }
    }

    /// Goes on to a newer log, if there is one.
    fn move_on(&mut self) -> bool {
        let newest = std::fs::metadata(&self.path).map(|metadata| metadata.ino()).ok();
        let current = self.log.as_ref().and_then(|log| log.get_ref().metadata().ok()).map(|metadata| metadata.ino());
        if newest.is_none() || newest == current {
            return false;
        }
        // What was written to the old one between our last look and its renaming comes first.
        self.old = self.log.take();
        self.log = self.open();
        self.log.is_some()
    }

    /// Waits until something may have been written, or until `deadline`; false when that has passed.
    pub fn wait(&mut self, deadline: Option<Instant>) -> bool {
        if self.notice.is_none() {
            self.notice = self.watch();
            // What was written before the watch would wake nobody.
            if self.notice.is_some() {
                return true;
            }
        }
        let longest = if self.notice.is_some() { LONGEST_WAIT } else { WAIT_WITHOUT_NOTICE };
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return false;
        }
        let wait = left.map_or(longest, |left| left.min(longest));
        let wait = Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: i64::from(wait.subsec_nanos()) };
        let mut watched: Vec<PollFd<'_>> =
            self.notice.iter().map(|notice| PollFd::new(notice, PollFlags::IN)).collect();
        let _ = poll(&mut watched, Some(&wait)); // interrupted: the caller looks and waits again
        if let Some(notice) = &self.notice {
            let mut buffer = [0; 4096];
            while rustix::io::read(notice, &mut buffer).is_ok_and(|count| count > 0) {}
        }
        true
    }

    /// The directory, since the log in it may be another one later.
    fn watch(&self) -> Option<OwnedFd> {
        let notice = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok()?;
        let what = WatchFlags::MODIFY | WatchFlags::CREATE | WatchFlags::MOVED_TO;
        add_watch(&notice, &self.directory, what).ok()?;
        Some(notice)
    }
}
