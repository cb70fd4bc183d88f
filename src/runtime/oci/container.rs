//! A container on disk, and the state it is in (runtime specification, `runtime.md` "State").
//!
//! ```text
//! ROOT/ID/config.json   the configuration as it was at `create`
//! ROOT/ID/state.json    the record below; written whole, then renamed
//! ROOT/ID/start         socket on which init waits for `start`; removed once it was told
//! ```
//!
//! The directory's existence is what makes an ID taken. What is running is never believed from the file alone: pid,
//! start time and boot are compared with what lives.

use super::bundle::{Bundle, read_file};
use super::error::OciError;
use super::host_mounts;
use crate::runtime::cgroup::{Group, Scope};
use crate::store::containers::{ProcessId, boot_id};
use oci_spec::runtime::Spec;
use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Version of the specification that is implemented.
pub const SPECIFICATION: &str = "1.2.1";

/// Longest ID: what leaves room in a file name and a socket's address.
const LONGEST_ID: usize = 1024;

/// Longest wait of `start` for a `create` that has not returned.
const CREATED_WITHIN: Duration = Duration::from_secs(10);
/// Between two looks whether it has: a lock that blocks could not be given up.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// What is kept of a container.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The container's ID.
    pub id: String,
    /// Directory of the bundle.
    pub bundle: PathBuf,
    /// The root file system.
    pub root: PathBuf,
    /// When it was created, RFC 3339.
    pub created: String,
    /// User id of who created it.
    pub owner: u32,
    /// Its first process; `None` while it is being created.
    pub process: Option<ProcessId>,
    /// The boot in which that process lived.
    pub boot_id: String,
    /// Its control group, where it has one.
    pub group: Option<Group>,
    /// The scope of systemd that the group is.
    #[serde(default)]
    pub scope: Option<Scope>,
    /// Number of the mount that is its root, where its mounts are the runtime's own.
    #[serde(default)]
    pub root_mount: Option<u64>,
}

/// Status of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Being created.
    Creating,
    /// Waits for `start`.
    Created,
    /// Its process runs.
    Running,
    /// Frozen.
    Paused,
    /// Its process has ended.
    Stopped,
}

impl Status {
    /// The word of the specification; `paused` is runc's.
    pub fn word(self) -> &'static str {
        match self {
            Status::Creating => "creating",
            Status::Created => "created",
            Status::Running => "running",
            Status::Paused => "paused",
            Status::Stopped => "stopped",
        }
    }
}

/// The state document of the specification, with what runc and crun add.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StateDocument {
    /// Version of the specification.
    pub oci_version: String,
    /// The container's ID.
    pub id: String,
    /// Process id of its first process; 0 once stopped.
    pub pid: i32,
    /// Its status.
    pub status: String,
    /// Directory of the bundle.
    pub bundle: PathBuf,
    /// The root file system.
    pub rootfs: PathBuf,
    /// When it was created.
    pub created: String,
    /// Annotations of its configuration.
    #[serde(default, skip_serializing_if = "HashMap::is_empty")]
    pub annotations: HashMap<String, String>,
    /// User name or id of who created it.
    pub owner: String,
    /// The scope of systemd it is in, under crun's name.
    #[serde(default, rename = "systemd-scope", skip_serializing_if = "Option::is_none")]
    pub systemd_scope: Option<String>,
}

/// A container's directory with what is in it.
#[derive(Clone, Debug)]
pub struct Container {
    /// The directory.
    pub directory: PathBuf,
    /// The record.
    pub record: Record,
}

/// Refuses what cannot be an ID: letters, digits and `_ + - .` only, and no step up.
///
/// # Errors
/// [`OciError::InvalidId`].
pub fn check_id(id: &str) -> Result<(), OciError> {
    let sound = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '+' | '-' | '.');
    let wrong = |reason: String| Err(OciError::InvalidId { id: id.to_owned(), reason });
    match id.chars().find(|letter| !sound(letter)) {
        Some(letter) => wrong(format!("invalid character `{letter}` in the ID").replace(char::is_control, "?")),
        None if id.is_empty() => wrong("it is empty".to_owned()),
        None if id == "." || id == ".." => wrong("it is a directory's".to_owned()),
        None if id.len() > LONGEST_ID => wrong(format!("it is longer than {LONGEST_ID} letters")),
        None => Ok(()),
    }
}

impl Container {
    /// Takes the ID and writes what is known before there is a process.
    ///
    /// # Errors
    /// The ID is taken, or the directory cannot be written.
    pub fn reserve(root: &Path, id: &str, bundle: &Bundle) -> Result<Self, OciError> {
        check_id(id)?;
        make_root(root)?;
        let directory = root.join(id);
        match rustix::fs::mkdir(&directory, Mode::RWXU) {
            Err(Errno::EXIST) => return Err(OciError::Exists(id.to_owned())),
            result => result.map_err(|error| OciError::file("create directory", &directory, error))?,
        }
        let record = Record {
            id: id.to_owned(),
            bundle: bundle.directory.clone(),
            root: bundle.root.clone(),
            created: jiff::Timestamp::now().to_string(),
            owner: rustix::process::getuid().as_raw(),
            process: None,
            boot_id: boot_id(),
            group: None,
            scope: None,
            root_mount: None,
        };
        let container = Container { directory, record };
        let config = container.directory.join("config.json");
        let written = serde_json::to_vec(&bundle.spec)
            .map_err(std::io::Error::from)
            .and_then(|text| std::fs::write(&config, text))
            .map_err(|source| OciError::file("write", &config, source))
            .and_then(|()| container.save());
        match written {
            Ok(()) => Ok(container),
            Err(error) => {
                let _ = container.remove(); // the first error is the one to tell
                Err(error)
            }
        }
    }

    /// Holds off `start` and `exec` until the returned descriptor and its copies are closed, which exec does.
    pub(super) fn lock_while_creating(&self) -> Option<OwnedFd> {
        // Where the file system has no locks they see "creating" and refuse, as they did without.
        let directory = self.open_directory()?;
        flock(&directory, FlockOperation::NonBlockingLockExclusive).ok().map(|()| directory)
    }

    /// Waits until nobody is creating this container any more, some seconds at most: engines start what another thread of
    /// theirs still creates.
    pub(super) fn wait_until_created(&self) {
        let Some(directory) = self.open_directory() else { return };
        let until = Instant::now() + CREATED_WITHIN;
        while flock(&directory, FlockOperation::NonBlockingLockShared) == Err(Errno::AGAIN) && Instant::now() < until {
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn open_directory(&self) -> Option<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::open(&self.directory, flags, Mode::empty()).ok()
    }

    /// Looks a container up.
    ///
    /// # Errors
    /// There is none, or its record cannot be read.
    pub fn load(root: &Path, id: &str) -> Result<Self, OciError> {
        check_id(id)?;
        let directory = root.join(id);
        let path = directory.join("state.json");
        match std::fs::read(&path) {
            Ok(text) => match serde_json::from_slice(&text) {
                Ok(record) => Ok(Container { directory, record }),
                Err(source) => Err(OciError::Json { path, source }),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(OciError::NoSuchContainer(id.to_owned())),
            Err(source) => Err(OciError::file("read", path, source)),
        }
    }

    /// All containers below `root`, by ID. What cannot be read is left out.
    pub fn all(root: &Path) -> Vec<Self> {
        let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
        let ids = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut found: Vec<Self> = ids.filter_map(|id| Container::load(root, &id).ok()).collect();
        found.sort_by(|left, right| left.record.id.cmp(&right.record.id));
        found
    }

    /// Writes the record.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn save(&self) -> Result<(), OciError> {
        let path = self.directory.join("state.json");
        let temporary = self.directory.join("state.json.new");
        serde_json::to_vec(&self.record)
            .map_err(std::io::Error::from)
            .and_then(|text| std::fs::write(&temporary, text))
            .and_then(|()| std::fs::rename(&temporary, &path))
            .map_err(|source| OciError::file("write", path, source))
    }

    /// The configuration it was created with.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn spec(&self) -> Result<Spec, OciError> {
        let path = self.directory.join("config.json");
        let text = read_file(&path)?;
        serde_json::from_slice(&text).map_err(|source| OciError::Json { path, source })
    }

    /// The socket on which init waits.
    pub fn start_socket(&self) -> PathBuf {
        self.directory.join("start")
    }

    /// Its first process, when that lives.
    pub fn process(&self) -> Option<ProcessId> {
        self.record.process.filter(|process| self.record.boot_id == boot_id() && process.is_alive())
    }

    /// What it is doing.
    pub fn status(&self) -> Status {
        match (self.record.process, self.process()) {
            (None, _) => Status::Creating,
            (Some(_), None) => Status::Stopped,
            _ if self.record.group.as_ref().is_some_and(Group::is_frozen) => Status::Paused,
            _ if self.start_socket().exists() => Status::Created,
            _ => Status::Running,
        }
    }

    /// The state document.
    pub fn state(&self) -> StateDocument {
        self.state_as(self.status(), self.spec().ok().as_ref())
    }

    /// The state document for a status that is known, and a configuration that was read.
    pub fn state_as(&self, status: Status, spec: Option<&Spec>) -> StateDocument {
        let record = &self.record;
        let is_over = status == Status::Stopped;
        StateDocument {
            oci_version: SPECIFICATION.to_owned(),
            id: record.id.clone(),
            pid: record.process.filter(|_| !is_over).map_or(0, |process| process.pid),
            status: status.word().to_owned(),
            bundle: record.bundle.clone(),
            rootfs: record.root.clone(),
            created: record.created.clone(),
            annotations: spec.and_then(|spec| spec.annotations().clone()).unwrap_or_default(),
            owner: user_name(record.owner).unwrap_or_else(|| record.owner.to_string()),
            systemd_scope: record.scope.as_ref().map(|scope| scope.name.clone()),
        }
    }

    /// Takes its mounts away, where they are the runtime's own.
    pub(super) fn unmount(&self) {
        if let Some(mount) = self.record.root_mount
            && self.record.boot_id == boot_id()
        {
            host_mounts::unbind(&self.record.root, mount);
        }
    }

    /// Removes the directory; the ID is free after it.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn remove(&self) -> Result<(), OciError> {
        match std::fs::remove_dir_all(&self.directory) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(OciError::file("remove", &self.directory, error))
            }
            _ => Ok(()),
        }
    }
}

/// Makes the directory of states. One that somebody else made, in a place that all can write, is not used.
fn make_root(root: &Path) -> Result<(), OciError> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    let failed = |source| OciError::file("create directory", root, source);
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(root).map_err(failed)?;
    let status = std::fs::metadata(root).map_err(failed)?;
    let own = rustix::process::geteuid().as_raw();
    match own == 0 || status.uid() == own {
        true => Ok(()),
        false => Err(OciError::file("use directory", root, Errno::PERM)),
    }
}

/// The name of a user in the host's file; no other source is asked.
fn user_name(uid: u32) -> Option<String> {
    if uid == 0 {
        return Some("root".to_owned());
    }
    let text = std::fs::read_to_string("/etc/passwd").ok()?;
    let line = text.lines().find(|line| line.split(':').nth(2).and_then(|id| id.parse().ok()) == Some(uid))?;
    line.split(':').next().map(str::to_owned)
}

/// Where containers are kept unless `--root` says otherwise.
///
/// `$XDG_RUNTIME_DIR/coracle-oci` for a user, and for the root of a user namespace that inherited the variable;
/// `/run/coracle-oci` for root; else a directory of the user's own in `/tmp`.
pub fn default_root() -> PathBuf {
    let own = rustix::process::geteuid();
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").filter(|value| !value.is_empty()).map(PathBuf::from);
    match runtime {
        Some(directory) if !own.is_root() || in_user_namespace() => directory.join("coracle-oci"),
        _ if own.is_root() => PathBuf::from("/run/coracle-oci"),
        _ => std::env::temp_dir().join(format!("coracle-oci-{}", own.as_raw())),
    }
}

/// Whether this process is in another user namespace than the first, as far as its map shows.
pub fn in_user_namespace() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let mut words = map.split_ascii_whitespace();
    (words.next(), words.next(), words.next()) != (Some("0"), Some("0"), Some("4294967295"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_file_names() {
        for id in ["a", "node1.user.4242.0.1", "A_b+c-d.e"] {
            assert!(check_id(id).is_ok(), "{id}");
        }
        for id in ["", ".", "..", "a/b", "a b", "é", "a\n", &"x".repeat(1025)] {
            assert!(check_id(id).is_err(), "{id}");
        }
    }
}
