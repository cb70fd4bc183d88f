//! Everything the processes of one container need to know: plain data, made by the engine, printable as JSON.

use super::capabilities::Capabilities;
use super::id_map::IdMaps;
use super::security::LandlockRule;
use oci_spec::runtime::Spec;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The plan of one container.
///
/// What the OCI runtime specification has a word for is in `spec`; the rest is what an image and an engine leave open
/// until the root file system can be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuntimePlan {
    /// Process, mounts, namespaces, limits (<https://github.com/opencontainers/runtime-spec>).
    pub spec: Spec,
    /// Ids of the new user namespace.
    pub id_maps: IdMaps,
    /// The user's own ids on the host, of user and group.
    #[serde(default)]
    pub host_user: (u32, u32),
    /// Who the process runs as.
    pub user: UserPlan,
    /// Capabilities of the process, by who it turns out to be.
    pub capabilities: CapabilityPlan,
    /// The seccomp filter.
    pub seccomp: SeccompPlan,
    /// Places that the process can use, all others being closed by Landlock; none of this when empty.
    #[serde(default)]
    pub landlock: Vec<LandlockRule>,
    /// Calls that give sockets an address are answered by the keeper's helper (`--network=fast`).
    #[serde(default)]
    pub network_calls: bool,
    /// The process does nothing but hold its namespaces, until it is asked to end.
    #[serde(default)]
    pub hold: bool,
    /// Everything is set up, then init waits until somebody asks for the process (`init`).
    #[serde(default)]
    pub waits: bool,
    /// Secrets shown as files.
    #[serde(default)]
    pub secrets: Vec<SecretPlan>,
    /// Its control group.
    #[serde(default)]
    pub group: GroupPlan,
    /// Run the process below a small init that reaps and forwards signals.
    pub init: bool,
    /// `-w` was given: a missing working directory is an error. The image's own is made.
    pub workdir_required: bool,
    /// Descriptors of the caller that reach the process, by number.
    pub preserved: Vec<i32>,
    /// Descriptors 0 to 2 of the caller are the container's own, with no keeper between (`--log-driver passthrough`).
    pub passthrough: bool,
    /// Standard input is kept open for clients.
    pub interactive: bool,
    /// The container's directory in the store.
    pub directory: PathBuf,
    /// Delete the directory when the container has ended.
    pub remove: bool,
    /// Where output goes.
    pub log: LogPlan,
    /// Kill the container after this many seconds; 0 is never.
    pub timeout_seconds: u32,
    /// Names of kernel parameters that nobody asked for: one that cannot be set is passed over.
    #[serde(default)]
    pub lenient_sysctl: Vec<String>,
    /// Join the namespaces of this running process instead of making those that it names.
    pub join: Option<JoinPlan>,
}

/// The control group of a container; its limits are in the specification.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupPlan {
    /// Whether there is one.
    pub mode: GroupMode,
    /// The group that it is made in; the one this user was given when absent.
    pub parent: Option<PathBuf>,
    /// Options that asked for limits: they are named when they cannot be enforced.
    pub asked: Vec<String>,
}

/// Whether a container has a control group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupMode {
    /// One, where the user may make it.
    #[default]
    Own,
    /// None.
    Disabled,
    /// One below the group of the command that starts the container.
    Split,
}

/// A secret shown as a file of memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretPlan {
    /// The file on the host that holds its bytes.
    pub source: PathBuf,
    /// Where it is in the container.
    pub destination: PathBuf,
    /// Its owner inside.
    pub uid: u32,
    /// Its group inside.
    pub gid: u32,
    /// Its mode.
    pub mode: u32,
}

/// Namespaces taken from another container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinPlan {
    /// A process of that container, with its start time; looked up at each start.
    pub pid: i32,
    /// Start time of that process.
    pub start_time: u64,
    /// Its namespaces to join besides the user namespace, by their names in `/proc/PID/ns`.
    pub namespaces: Vec<String>,
    /// File of the network namespace that was asked for; who is in there may be another by the next start.
    #[serde(default)]
    pub path: Option<PathBuf>,
    /// ID of that container; its process is another after it was started anew.
    #[serde(default)]
    pub container: String,
}

/// Who the process runs as; names are looked up in the container's own files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserPlan {
    /// `USER[:GROUP]`, names or numbers; `None` or empty is root.
    pub user: Option<String>,
    /// Further groups, names or numbers.
    pub groups: Vec<String>,
    /// Keep the caller's supplementary groups.
    pub keep_groups: bool,
    /// Show an entry for the user in /etc/passwd and /etc/group when there is none.
    pub add_entries: bool,
    /// Template of that entry in /etc/passwd (`$USERNAME`, `$UID`, `$GID`, `$NAME`, `$HOME`).
    pub passwd_entry: Option<String>,
    /// Template of that entry in /etc/group.
    pub group_entry: Option<String>,
    /// Name given to the user when an entry is made: the host's name for it.
    pub name: String,
    /// Home directory of a user without an entry; `/` when absent.
    #[serde(default)]
    pub home: Option<String>,
    /// Lines added to /etc/passwd as they are (`--hostuser`).
    pub extra_passwd: Vec<String>,
}

/// Capabilities of the process. Which sets apply is known once its user is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapabilityPlan {
    /// For user 0.
    pub root: Capabilities,
    /// For everybody else.
    pub other: Capabilities,
}

/// Which seccomp filter the process gets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum SeccompPlan {
    /// The built-in default for the process's capabilities.
    #[default]
    Default,
    /// None.
    Unconfined,
    /// A profile in the ecosystem's JSON format.
    Profile(String),
}

/// Where output goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPlan {
    /// The format.
    pub driver: LogDriver,
    /// The file.
    pub path: PathBuf,
    /// Start a new file when this one is larger, in bytes; 0 is never.
    pub max_size_bytes: u64,
    /// So many files are kept then, the one that is written included.
    #[serde(default = "two_files")]
    pub max_files: u32,
    /// What each entry of the journal says of the container, as fields of the journal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<(String, String)>,
}

/// What was kept before it could be said.
fn two_files() -> u32 {
    2
}

impl LogPlan {
    /// The file that was written before, so many files ago; 0 is the one that is written.
    pub fn file(&self, age: u32) -> PathBuf {
        match age {
            0 => self.path.clone(),
            age => {
                let mut path = self.path.clone().into_os_string();
                path.push(format!(".{age}"));
                path.into()
            }
        }
    }
}

/// Log formats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogDriver {
    /// `TIME STREAM F|P LINE`, as Kubernetes writes it.
    #[default]
    K8sFile,
    /// One JSON object a line, as Docker writes it.
    JsonFile,
    /// The journal of systemd, at the socket that is the log's path.
    Journald,
    /// Nowhere.
    None,
    /// The caller's own descriptors.
    Passthrough,
}

impl LogDriver {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            LogDriver::K8sFile => "k8s-file",
            LogDriver::JsonFile => "json-file",
            LogDriver::Journald => "journald",
            LogDriver::None => "none",
            LogDriver::Passthrough => "passthrough",
        }
    }
}
