//! The log of events: what was done to containers, images, volumes and networks, for `events`.
//!
//! `ROOT/events.log` holds one JSON object a line, with the field names of podman's log file. There is no daemon:
//! whoever changes something appends the line itself, by one `write(2)` on a descriptor with `O_APPEND`, which the
//! kernel does not let mix with others' (write(2)). So there is no lock that a stopped process could hold. A log that
//! has grown over [`LIMIT_BYTES`] is renamed to `events.log.1`, which replaces the one before; whoever had it open
//! still writes to it, and readers read both. [`configure`] says of a file elsewhere, of another size, or that nothing is kept.
//!
//! What must stay true: an event that cannot be written (a full disk) never fails what it tells of, and a damaged line
//! loses nothing but itself.

mod reader;

pub use reader::Reader;

use super::paths::{self, Paths};
use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Size at which a log is put aside, in bytes: about 3,000 events. podman's default is 1 MB, too.
pub const LIMIT_BYTES: u64 = 1 << 20;

/// What an event is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventType {
    /// A container.
    #[default]
    Container,
    /// An image.
    Image,
    /// A network.
    Network,
    /// A pod.
    Pod,
    /// A secret.
    Secret,
    /// The store as a whole.
    System,
    /// A volume.
    Volume,
}

impl EventType {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            EventType::Container => "container",
            EventType::Image => "image",
            EventType::Network => "network",
            EventType::Pod => "pod",
            EventType::Secret => "secret",
            EventType::System => "system",
            EventType::Volume => "volume",
        }
    }
}

/// One event. Which fields are filled depends on the type, as in podman.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Event {
    /// Exit code of a container or a process in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_exit_code: Option<i32>,
    /// ID of the container, image, network or pod.
    #[serde(rename = "ID", skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// The image of a container.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub image: String,
    /// Name of what it is about.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Name of a network.
    #[serde(rename = "network", skip_serializing_if = "String::is_empty")]
    pub network: String,
    /// What was done: `create`, `died`, ... in podman's words.
    pub status: Cow<'static, str>,
    /// When.
    pub time: Timestamp,
    /// What it is about.
    #[serde(rename = "Type")]
    pub kind: EventType,
    /// Outcome of a health check: `healthy`, `unhealthy`, `starting`.
    #[serde(rename = "health_status", skip_serializing_if = "String::is_empty")]
    pub health_status: String,
    /// Why something failed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// Labels of a container, driver of a network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<BTreeMap<String, String>>,
    /// The pod of a container.
    #[serde(rename = "PodID", skip_serializing_if = "String::is_empty")]
    pub pod_id: String,
}

impl Event {
    /// An event of now.
    pub fn new(kind: EventType, status: &'static str) -> Self {
        Event { kind, status: Cow::Borrowed(status), time: Timestamp::now(), ..Event::default() }
    }
}

/// What a user says about the log; without a word it is in the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Nothing is written.
    pub is_off: bool,
    /// The file.
    pub path: Option<PathBuf>,
    /// Size at which it is put aside, in bytes; 0 is never.
    pub limit_bytes: Option<u64>,
}

/// One process has one log: whoever tells of an event knows nothing of settings.
static SETTINGS: OnceLock<Settings> = OnceLock::new();

/// Says where this process keeps events; once, before the first one.
pub fn configure(settings: Settings) {
    let _ = SETTINGS.set(settings); // a second time means nothing
}

/// Whether no events are kept.
pub fn is_off() -> bool {
    SETTINGS.get().is_some_and(|settings| settings.is_off)
}

/// The log in use.
pub fn log_path(paths: &Paths) -> PathBuf {
    SETTINGS.get().and_then(|settings| settings.path.clone()).unwrap_or_else(|| paths.root.join("events.log"))
}

/// The log before it.
fn old_path(paths: &Paths) -> PathBuf {
    let mut path = log_path(paths).into_os_string();
    path.push(".1");
    path.into()
}

fn limit_bytes() -> u64 {
    match SETTINGS.get().and_then(|settings| settings.limit_bytes) {
        None => LIMIT_BYTES,
        Some(0) => u64::MAX,
        Some(limit) => limit,
    }
}

/// Appends events, all of them in one piece. Blocks for one small write.
///
/// # Errors
/// The log cannot be written. Callers go on: what the event tells of has happened.
pub fn write(paths: &Paths, events: &[Event]) -> io::Result<()> {
    if is_off() {
        return Ok(());
    }
    append(&open_for_writing(paths)?, events)
}

/// Appends events to a log that is open already, for a process that cannot reach the store any more.
///
/// # Errors
/// As [`write()`].
pub fn append(mut log: &File, events: &[Event]) -> io::Result<()> {
    let mut lines = Vec::new();
    for event in events {
        serde_json::to_writer(&mut lines, event)?;
        lines.push(b'\n');
    }
    log.write_all(&lines)
}

/// Opens the log for [`append`]; one that is too long is put aside first.
///
/// # Errors
/// The log cannot be made or opened.
pub fn open_for_writing(paths: &Paths) -> io::Result<File> {
    if is_off() {
        return Err(io::Error::from(io::ErrorKind::Unsupported));
    }
    let path = log_path(paths);
    let log = match open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            paths::create_directory(&paths.root).map_err(io::Error::other)?;
            open(&path)?
        }
        other => other?,
    };
    let metadata = log.metadata()?;
    if metadata.len() < limit_bytes() || !put_aside(&log, metadata.ino(), &path, &old_path(paths)) {
        return Ok(log);
    }
    let log = open(&path)?;
    let rotation = Event { name: path.to_string_lossy().into_owned(), ..Event::new(EventType::System, "log-rotation") };
    append(&log, &[rotation])?;
    Ok(log)
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

/// Renames the log unless somebody else does or has done so; never waits.
fn put_aside(log: &File, inode: u64, path: &Path, old: &Path) -> bool {
    flock(log, FlockOperation::NonBlockingLockExclusive).is_ok()
        && fs::metadata(path).is_ok_and(|now| now.ino() == inode)
        && fs::rename(path, old).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Paths) {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths { root: home.path().join("root"), run_root: home.path().into(), additional: vec![] };
        (home, paths)
    }

    fn named(name: &str) -> Event {
        Event { name: name.to_owned(), ..Event::new(EventType::Volume, "create") }
    }

    #[test]
    fn what_is_written_is_read_in_order() {
        let (_home, paths) = store();
        assert!(Reader::from_start(&paths).next().is_none());
        write(&paths, &[named("a"), named("b")]).unwrap();
        let mut reader = Reader::from_start(&paths);
        let mut names = || std::iter::from_fn(|| reader.next()).map(|event| event.name).collect::<Vec<_>>();
        assert_eq!(names(), ["a", "b"]);
        write(&paths, &[named("c")]).unwrap();
        assert_eq!(names(), ["c"]);
        let text = fs::read_to_string(log_path(&paths)).unwrap();
        assert!(text.starts_with(r#"{"Name":"a","Status":"create","Time":""#), "{text}");
    }

    #[test]
    fn damaged_lines_lose_only_themselves() {
        let (_home, paths) = store();
        write(&paths, &[named("a")]).unwrap();
        open(&log_path(&paths)).unwrap().write_all(b"{\"Name\":\n\xff\xfe\n").unwrap();
        write(&paths, &[named("b")]).unwrap();
        let mut reader = Reader::from_start(&paths);
        let names: Vec<String> = std::iter::from_fn(|| reader.next()).map(|event| event.name).collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn a_long_log_is_put_aside_and_still_read() {
        let (_home, paths) = store();
        write(&paths, &[named("first")]).unwrap();
        let mut reader = Reader::from_end(&paths);
        open(&log_path(&paths)).unwrap().set_len(LIMIT_BYTES).unwrap();
        open(&log_path(&paths)).unwrap().write_all(b"\n").unwrap();
        write(&paths, &[named("second")]).unwrap();
        assert!(old_path(&paths).exists() && fs::metadata(log_path(&paths)).unwrap().len() < 1000);
        let seen = |reader: &mut Reader| {
            std::iter::from_fn(|| reader.next())
                .map(|event| event.status.into_owned() + &event.name)
                .collect::<Vec<_>>()
        };
        let rotation = format!("log-rotation{}", log_path(&paths).display());
        assert_eq!(seen(&mut reader), [rotation.clone(), "createsecond".to_owned()]);
        let mut again = Reader::from_start(&paths);
        assert_eq!(seen(&mut again), ["createfirst".to_owned(), rotation, "createsecond".to_owned()]);
    }

    #[test]
    fn many_writers_lose_no_event() {
        let (_home, paths) = store();
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let paths = &paths;
                scope.spawn(move || {
                    for number in 0..50 {
                        write(paths, &[named(&format!("{writer}-{number}"))]).unwrap();
                    }
                });
            }
        });
        let mut reader = Reader::from_start(&paths);
        assert_eq!(std::iter::from_fn(|| reader.next()).count(), 400);
    }
}
