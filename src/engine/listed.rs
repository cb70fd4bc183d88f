//! A record as lists of containers, and `exec`, read it.
//!
//! Ways to the root file system, mounts, the Linux section of the specification and most of the request are three quarters of a
//! record, and what only a start and `inspect` need: here they are passed over, unread, and stay empty. The structures below name
//! the fields of the real ones, and the compiler compares them.

use super::record::{ContainerRecord, Membership, MountRecord, SecretRecord};
use super::request::{ContainerRequest, InitContainer, SecretRequest};
use super::root::RootPlan;
use crate::engine::network::NetworkPlan;
use crate::runtime::id_map::IdMaps;
use crate::runtime::plan::{
    CapabilityPlan, GroupPlan, JoinPlan, LogPlan, RuntimePlan, SeccompPlan, SecretPlan, UserPlan,
};
use crate::runtime::security::LandlockRule;
use crate::store::images::Healthcheck;
use oci_spec::runtime::{Process, Spec};
use serde::de::{Deserialize, Deserializer, IgnoredAny};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

/// A record without what only a start and `inspect` need.
#[derive(serde::Deserialize)]
pub(super) struct Listed(#[serde(with = "Record")] pub(super) ContainerRecord);

#[derive(serde::Deserialize)]
#[serde(remote = "ContainerRecord")]
struct Record {
    id: String,
    name: String,
    created: jiff::Timestamp,
    image: String,
    image_id: String,
    image_digest: String,
    #[serde(deserialize_with = "request")]
    request: ContainerRequest,
    #[serde(with = "Plan")]
    plan: RuntimePlan,
    #[serde(deserialize_with = "unread")]
    roots: Vec<RootPlan>,
    labels: BTreeMap<String, String>,
    #[serde(default)]
    entrypoint: Vec<String>,
    mounts: Vec<MountRecord>,
    anonymous_volumes: Vec<String>,
    hostname: String,
    #[serde(default)]
    requires: Vec<String>,
    #[serde(default)]
    is_systemd: bool,
    stop_signal: i32,
    stop_timeout_seconds: u32,
    detach_keys: String,
    exposed_ports: Vec<String>,
    #[serde(default)]
    networks: Vec<super::networks::Attachment>,
    #[serde(default)]
    network: NetworkPlan,
    #[serde(default)]
    pod: Option<Membership>,
    #[serde(default)]
    health: Option<Healthcheck>,
    #[serde(default)]
    secrets: Vec<SecretRecord>,
    #[serde(deserialize_with = "unread")]
    capabilities: Vec<String>,
}

#[derive(serde::Deserialize)]
#[serde(remote = "RuntimePlan")]
struct Plan {
    #[serde(deserialize_with = "process_only")]
    spec: Spec,
    id_maps: IdMaps,
    #[serde(default)]
    host_user: (u32, u32),
    user: UserPlan,
    capabilities: CapabilityPlan,
    seccomp: SeccompPlan,
    #[serde(default)]
    landlock: Vec<LandlockRule>,
    #[serde(default)]
    network_calls: bool,
    #[serde(default)]
    hold: bool,
    #[serde(default)]
    waits: bool,
    #[serde(default)]
    secrets: Vec<SecretPlan>,
    #[serde(default)]
    group: GroupPlan,
    init: bool,
    workdir_required: bool,
    preserved: Vec<i32>,
    passthrough: bool,
    interactive: bool,
    directory: PathBuf,
    remove: bool,
    log: LogPlan,
    timeout_seconds: u32,
    #[serde(default)]
    lenient_sysctl: Vec<String>,
    join: Option<JoinPlan>,
}

/// Nothing, whatever is there.
fn unread<'de, D: Deserializer<'de>, T: Default>(deserializer: D) -> Result<T, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| T::default())
}

/// Of what was asked for, the parts that lists show, filter by, or decide by, and the secrets a further process gets.
fn request<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ContainerRequest, D::Error> {
    #[derive(Default, serde::Deserialize)]
    #[serde(default)]
    struct Asked {
        remove: bool,
        cidfile: Option<PathBuf>,
        holds_namespaces: bool,
        restart: Option<String>,
        init_container: Option<InitContainer>,
        secrets: Vec<SecretRequest>,
    }
    let Asked { remove, cidfile, holds_namespaces, restart, init_container, secrets } =
        Asked::deserialize(deserializer)?;
    let rest = ContainerRequest::default();
    Ok(ContainerRequest { remove, cidfile, holds_namespaces, restart, init_container, secrets, ..rest })
}

/// A specification that has a process, and no more.
fn process_only<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Spec, D::Error> {
    #[derive(serde::Deserialize)]
    struct ProcessOnly {
        process: Option<Process>,
    }
    /// The usual specification has hundreds of words that are of no use here.
    static BARE: LazyLock<Spec> = LazyLock::new(|| {
        let mut spec = Spec::default();
        spec.set_mounts(None).set_linux(None).set_process(None);
        spec
    });
    let ProcessOnly { process } = ProcessOnly::deserialize(deserializer)?;
    let mut spec = BARE.clone();
    spec.set_process(process);
    Ok(spec)
}
