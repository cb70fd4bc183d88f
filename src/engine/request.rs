//! What a front end asks of the engine: plain data, already parsed, nothing resolved yet.
//!
//! Text that needs the image or the host to be understood (a user name, an entrypoint, a host path) is kept as typed;
//! [`crate::engine`] turns it into a plan.

use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

/// Where the root file system comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RootSource {
    /// An image reference or ID as typed, or one of the reserved names `hello` and `host`.
    Image(String),
    /// `--rootfs DIR[:O]`.
    Directory {
        /// The host directory as typed.
        path: PathBuf,
        /// `:O`: keep the directory as it is, write to a layer above it.
        overlay: bool,
    },
    /// Nothing: the container only holds namespaces for a pod.
    Nothing,
}

/// `--pull`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PullPolicy {
    /// Always ask the registry.
    Always,
    /// Ask only when the image is not in the store.
    #[default]
    Missing,
    /// Never ask.
    Never,
    /// Fetch when the registry's digest differs; an unreachable registry is no error if the image is here.
    Newer,
}

/// One `-v`, `--mount` or `--tmpfs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MountRequest {
    /// What is mounted.
    pub kind: MountKind,
    /// Host path or volume name as typed; `None` for tmpfs and anonymous volumes.
    pub source: Option<String>,
    /// Absolute path in the container.
    pub destination: String,
    /// Options in podman's words and order: `ro`, `rw`, `U`, `O`, `nosuid`, `rshared`, `size=64m`, `mode=1777`, `idmap`, ...
    pub options: Vec<String>,
    /// Docker's `-v` makes a missing host directory, `--mount` and podman's `-v` do not.
    pub create_source: bool,
    /// `subpath=` of a volume.
    pub subpath: Option<String>,
}

impl MountRequest {
    /// A volume without a name.
    pub fn volume() -> Self {
        MountRequest {
            kind: MountKind::Volume,
            source: None,
            destination: String::new(),
            options: Vec::new(),
            create_source: false,
            subpath: None,
        }
    }
}

/// The kind of a mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MountKind {
    /// A host path.
    Bind,
    /// A named or anonymous volume.
    Volume,
    /// Memory.
    Tmpfs,
    /// An instance of devpts.
    Devpts,
    /// A read-only view of another image.
    Image,
}

/// How a namespace is chosen (`--pid`, `--ipc`, `--uts`, `--cgroupns`, `--network`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum NamespaceMode {
    /// The container's own.
    #[default]
    Private,
    /// The caller's.
    Host,
    /// Of another container (`container:NAME`).
    Container(String),
    /// A namespace file (`ns:PATH`).
    Path(PathBuf),
    /// Own and empty (`--network none`, `--ipc none`).
    None,
    /// `--ipc shareable`.
    Shareable,
}

/// `--userns` (uid and gid maps given by hand are in [`ContainerRequest::uid_map`]).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserNamespaceMode {
    /// The user becomes root, subordinate ids follow (`--userns=""`, `host`).
    #[default]
    Host,
    /// The user keeps this id inside.
    KeepId {
        /// Id the user has inside; its own when absent.
        uid: Option<u32>,
        /// Group id likewise.
        gid: Option<u32>,
        /// Number of ids to map.
        size: Option<u32>,
    },
    /// The user is not mapped at all.
    NoMap,
    /// A range picked from the subordinate ids.
    Auto {
        /// Number of ids; from the image when absent.
        size: Option<u32>,
        /// Extra `uidmapping=` entries as typed.
        uid_mapping: Vec<String>,
        /// Extra `gidmapping=` entries as typed.
        gid_mapping: Vec<String>,
    },
    /// Of another container.
    Container(String),
    /// A namespace file.
    Path(PathBuf),
}

/// One `--ulimit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UlimitRequest {
    /// Lower-case name without `RLIMIT_`, e.g. `nofile`; `host` copies all of the caller's.
    pub name: String,
    /// Soft limit; `u64::MAX` is unlimited.
    pub soft: u64,
    /// Hard limit; `u64::MAX` is unlimited.
    pub hard: u64,
}

/// One `-p`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishRequest {
    /// Host address as typed; empty is all.
    pub host_ip: String,
    /// First host port; 0 lets the system choose.
    pub host_port: u16,
    /// First port in the container.
    pub container_port: u16,
    /// Number of ports.
    pub count: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
}

/// How a container gets a secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretUse {
    /// As a file.
    #[default]
    Mount,
    /// As a variable of the environment.
    Env,
}

/// One `--secret`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretRequest {
    /// Its name or ID, as typed.
    pub source: String,
    /// As a file or as a variable.
    pub kind: SecretUse,
    /// The file, relative to `/run/secrets`, or the variable; empty is the secret's name.
    pub target: String,
    /// The file's owner inside.
    pub uid: u32,
    /// The file's group inside.
    pub gid: u32,
    /// The file's mode.
    pub mode: u32,
}

/// What is done with an unhealthy container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// Nothing.
    #[default]
    None,
    /// It is killed.
    Kill,
    /// It is stopped and started again.
    Restart,
    /// It is stopped.
    Stop,
}

impl OnFailure {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            OnFailure::None => "none",
            OnFailure::Kill => "kill",
            OnFailure::Restart => "restart",
            OnFailure::Stop => "stop",
        }
    }
}

/// `--init-ctr`: how often a container prepares its pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InitContainer {
    /// At every start of the pod.
    Always,
    /// At the first one; then it is removed.
    Once,
}

/// Where a container with `--sdnotify container` sees the service manager's socket; podman's place.
pub(super) const NOTIFY_SOCKET: &str = "/run/notify/notify.sock";

/// `--sdnotify`: when a service manager is told that the container runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NotifyMode {
    /// Nothing was said: by `start` at the start, by `run` never.
    #[default]
    Default,
    /// When its process has been started (`conmon`).
    Started,
    /// When its health check says so.
    Healthy,
    /// By the container itself: it is shown the manager's socket.
    Container,
    /// Never.
    Ignore,
}

impl NotifyMode {
    /// As typed; podman's default where nothing was said.
    pub fn word(self) -> &'static str {
        match self {
            NotifyMode::Default | NotifyMode::Container => "container",
            NotifyMode::Started => "conmon",
            NotifyMode::Healthy => "healthy",
            NotifyMode::Ignore => "ignore",
        }
    }

    fn is_default(&self) -> bool {
        *self == NotifyMode::Default
    }
}

/// `--health-*`. Times are in nanoseconds, as in images; what is absent is the image's, or the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthRequest {
    /// `--no-healthcheck`.
    pub disabled: bool,
    /// `--health-cmd`, as Docker's `Test`.
    pub test: Option<Vec<String>>,
    /// `--health-interval`; 0 is never.
    pub interval: Option<i64>,
    /// `--health-timeout`.
    pub timeout: Option<i64>,
    /// `--health-start-period`.
    pub start_period: Option<i64>,
    /// `--health-start-interval`.
    pub start_interval: Option<i64>,
    /// `--health-retries`.
    pub retries: Option<i64>,
    /// `--health-on-failure`.
    pub on_failure: OnFailure,
    /// `--health-startup-cmd` and what belongs to it.
    pub startup: Option<StartupRequest>,
    /// `--health-log-destination`.
    pub log_destination: Option<String>,
    /// `--health-max-log-count`.
    pub max_log_count: Option<u32>,
    /// `--health-max-log-size` in bytes.
    pub max_log_size: Option<u32>,
}

/// `--health-startup-*`. Times are in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StartupRequest {
    /// The command, as Docker's `Test`.
    pub test: Vec<String>,
    /// Time between two checks; 0 is never.
    pub interval: i64,
    /// Time after which one has failed.
    pub timeout: i64,
    /// Failures after which the container is started again; 0 is never.
    pub retries: u32,
    /// Successes after which the regular check begins; 0 is one.
    pub successes: u32,
}

/// Whether a container is prepared for systemd as its process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SystemdMode {
    /// When its command is an init or systemd.
    #[default]
    Detect,
    /// In any case.
    Always,
    /// Not at all.
    Never,
}

/// Everything about a container to be created.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerRequest {
    /// Root file system.
    pub root: RootSource,
    /// `--pull`.
    pub pull: PullPolicy,
    /// `--platform` (`os/arch[/variant]`), or from `--os`, `--arch`, `--variant`.
    pub platform: Option<String>,
    /// `--authfile`.
    pub authfile: Option<PathBuf>,
    /// `--creds` (`user:password`).
    pub creds: Option<String>,
    /// `--tls-verify`; `None` follows registries.conf.
    pub tls_verify: Option<bool>,
    /// `--quiet`: no pull progress.
    pub quiet: bool,
    /// `--name`.
    pub name: Option<String>,
    /// `--replace`.
    pub replace: bool,
    /// `--rm`.
    pub remove: bool,
    /// `--rmi` of a container in the background: its keeper removes the image when the container has gone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub remove_image: bool,
    /// `--init-ctr`: it runs to its end before the other containers of its pod are started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init_container: Option<InitContainer>,
    /// `--sdnotify`.
    #[serde(skip_serializing_if = "NotifyMode::is_default")]
    pub sdnotify: NotifyMode,
    /// The container is started by the command that creates it (`run`).
    pub start_at_once: bool,
    /// Arguments after the image.
    pub command: Vec<String>,
    /// `--entrypoint`: `Some(vec![])` clears the image's (`--entrypoint ""`); a JSON array gives several words.
    pub entrypoint: Option<Vec<String>>,
    /// `-e`, `--env-file` and `--env-host` resolved in order: `NAME=value`. Later wins.
    pub env: Vec<String>,
    /// Variables that the image's go before: `NAME=value`.
    pub base_env: Vec<String>,
    /// `--env-host`.
    pub env_host: bool,
    /// `--env-merge`, `NAME=value` with `${VAR}` from the image's environment.
    pub env_merge: Vec<String>,
    /// `--unsetenv`.
    pub unset_env: Vec<String>,
    /// `--unsetenv-all`.
    pub unset_env_all: bool,
    /// `--http-proxy` (default true).
    pub http_proxy: bool,
    /// `-u`, as typed.
    pub user: Option<String>,
    /// `-w`.
    pub workdir: Option<String>,
    /// `--hostname`.
    pub hostname: Option<String>,
    /// `-i`.
    pub interactive: bool,
    /// `-t`.
    pub tty: bool,
    /// `-a`: which of `stdin`, `stdout`, `stderr`; empty is the default set.
    pub attach: Vec<String>,
    /// `--detach-keys`, as typed.
    pub detach_keys: Option<String>,
    /// `-v`, `--mount`, `--tmpfs` in the order given.
    pub mounts: Vec<MountRequest>,
    /// `--volumes-from CONTAINER[:OPTIONS]`.
    pub volumes_from: Vec<String>,
    /// `--image-volume`: `anonymous` (also `bind`), `tmpfs`, `ignore`.
    pub image_volume: Option<String>,
    /// `--read-only`.
    pub read_only: bool,
    /// `--read-only-tmpfs` (default true).
    pub read_only_tmpfs: bool,
    /// `--add-host HOST:IP` as typed.
    pub add_host: Vec<String>,
    /// `--no-hosts`.
    pub no_hosts: bool,
    /// `--hosts-file`, `base_hosts_file` of containers.conf: the file that /etc/hosts is built on, or `none`; the host's if absent.
    #[serde(default)]
    pub base_hosts: Option<String>,
    /// `host_containers_internal_ip` of containers.conf: where the host is said to be, or `none`.
    #[serde(default)]
    pub host_internal_ip: Option<String>,
    /// `--no-hostname`.
    pub no_hostname: bool,
    /// `--dns`.
    pub dns: Vec<String>,
    /// `--dns-search`.
    pub dns_search: Vec<String>,
    /// `--dns-option`.
    pub dns_option: Vec<String>,
    /// `--requires`: names of containers that are started first.
    #[serde(default)]
    pub requires: Vec<String>,
    /// `--init`.
    pub init: bool,
    /// `--systemd`.
    #[serde(default)]
    pub systemd: SystemdMode,
    /// `--privileged`.
    pub privileged: bool,
    /// `--cap-add` as typed (`ALL`, `NET_ADMIN`, `cap_net_admin`).
    pub cap_add: Vec<String>,
    /// What a container has without `--cap-add` and `--cap-drop`; coracle's own choice when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_capabilities: Option<Vec<String>>,
    /// `--cap-drop` as typed.
    pub cap_drop: Vec<String>,
    /// `--security-opt` as typed.
    pub security_opt: Vec<String>,
    /// `--device HOST[:CONTAINER[:rwm]]` as typed.
    pub devices: Vec<String>,
    /// `--ulimit`.
    pub ulimits: Vec<UlimitRequest>,
    /// `--sysctl` as `(name, value)`.
    pub sysctl: Vec<(String, String)>,
    /// The same by `default_sysctls` of containers.conf, as far as the container has the namespace they are about.
    #[serde(default)]
    pub default_sysctl: Vec<(String, String)>,
    /// `--shm-size` in bytes.
    pub shm_size_bytes: Option<u64>,
    /// `--storage-opt size=` in bytes: most that the container's changes may take.
    #[serde(default)]
    pub storage_size_bytes: Option<u64>,
    /// `--group-add` as typed, `keep-groups` included.
    pub group_add: Vec<String>,
    /// `--umask`, octal as typed.
    pub umask: Option<String>,
    /// `--tz`.
    pub timezone: Option<String>,
    /// `--pid`.
    pub pid: NamespaceMode,
    /// `--ipc`.
    pub ipc: NamespaceMode,
    /// `--uts`.
    pub uts: NamespaceMode,
    /// `--cgroupns`.
    pub cgroup: NamespaceMode,
    /// `--network` as typed, in order; empty is the default.
    pub network: Vec<String>,
    /// `-p`.
    pub publish: Vec<PublishRequest>,
    /// `-P`.
    pub publish_all: bool,
    /// `--expose`, e.g. `80/tcp`.
    pub expose: Vec<String>,
    /// `--ip`.
    pub ip: Option<Ipv4Addr>,
    /// `--ip6`.
    pub ip6: Option<Ipv6Addr>,
    /// `--mac-address`.
    pub mac_address: Option<[u8; 6]>,
    /// `--network-alias`.
    pub network_alias: Vec<String>,
    /// `--pod`: name or ID.
    pub pod: Option<String>,
    /// The container's process does nothing but hold its namespaces for a pod.
    pub holds_namespaces: bool,
    /// `--secret`.
    pub secrets: Vec<SecretRequest>,
    /// `--egress`, as typed.
    pub egress: Vec<String>,
    /// `--egress-log`; `-` is standard error.
    pub egress_log: Option<PathBuf>,
    /// `--userns`.
    pub userns: UserNamespaceMode,
    /// `--uidmap` as typed.
    pub uid_map: Vec<String>,
    /// `--gidmap` as typed.
    pub gid_map: Vec<String>,
    /// `--subuidname`.
    pub subuid_name: Option<String>,
    /// `--subgidname`.
    pub subgid_name: Option<String>,
    /// `--memory`, `--cpus` and the like.
    pub limits: super::limits::Limits,
    /// `--cgroups`.
    pub cgroups: super::limits::CgroupsMode,
    /// `--cgroup-parent`.
    pub cgroup_parent: Option<String>,
    /// `--stop-signal` as typed.
    pub stop_signal: Option<String>,
    /// `--stop-timeout` in seconds.
    pub stop_timeout_seconds: Option<u32>,
    /// `--timeout` in seconds; 0 is none.
    pub timeout_seconds: u32,
    /// `--label`, `--label-file`: `(key, value)`.
    pub labels: Vec<(String, String)>,
    /// `--annotation`.
    pub annotations: Vec<(String, String)>,
    /// `--cidfile`.
    pub cidfile: Option<PathBuf>,
    /// `--pidfile`.
    pub pidfile: Option<PathBuf>,
    /// `--conmon-pidfile`: the keeper's pid.
    pub keeper_pidfile: Option<PathBuf>,
    /// `--preserve-fds`: this many descriptors from 3 on.
    pub preserve_fds: u32,
    /// `--preserve-fd`: these descriptors.
    pub preserve_fd: Vec<u32>,
    /// `--passwd` (default true): add the user to /etc/passwd and /etc/group.
    pub passwd: bool,
    /// `--passwd-entry`.
    pub passwd_entry: Option<String>,
    /// `--group-entry`.
    pub group_entry: Option<String>,
    /// `--hostuser`.
    pub host_users: Vec<String>,
    /// `--oom-score-adj`.
    pub oom_score_adj: Option<i32>,
    /// `--log-driver`: `k8s-file`, `json-file`, `none`, `passthrough`.
    pub log_driver: Option<String>,
    /// `--log-opt` as `(key, value)`.
    pub log_options: Vec<(String, String)>,
    /// `--health-*`.
    pub health: HealthRequest,
    /// `--restart` as typed.
    pub restart: Option<String>,
    /// `--storage-driver` for this container, as typed.
    pub storage_driver: Option<String>,
    /// `--sig-proxy` (default true).
    pub sig_proxy: bool,
    /// `--personality`.
    pub personality: Option<String>,
    /// The words of the command that made the container, for `inspect`.
    pub create_command: Vec<String>,
}

impl Default for RootSource {
    fn default() -> Self {
        RootSource::Image(String::new())
    }
}

impl ContainerRequest {
    /// A request with podman's defaults for everything but the root.
    pub fn new(root: RootSource) -> Self {
        ContainerRequest {
            root,
            http_proxy: true,
            read_only_tmpfs: true,
            passwd: true,
            sig_proxy: true,
            ipc: NamespaceMode::Shareable,
            ..Default::default()
        }
    }

    /// Shows the container the service manager's `socket`, where podman does.
    pub fn show_notify_socket(&mut self, socket: &str) {
        self.mounts.push(MountRequest {
            kind: MountKind::Bind,
            source: Some(socket.to_owned()),
            destination: NOTIFY_SOCKET.to_owned(),
            options: Vec::new(),
            create_source: false,
            subpath: None,
        });
        self.env.push(format!("NOTIFY_SOCKET={NOTIFY_SOCKET}"));
    }

    /// Whether coracle was called as podman to make the container: then it says so inside, too.
    pub fn is_made_by_podman(&self) -> bool {
        self.create_command.first().is_some_and(|program| program == "podman")
    }
}
