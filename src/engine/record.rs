//! What is remembered of a container: `config.json` in its directory.

use super::network::NetworkPlan;
use super::request::ContainerRequest;
use super::root::RootPlan;
use crate::runtime::plan::RuntimePlan;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A container as created.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContainerRecord {
    /// 64 hexadecimal digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it was created.
    pub created: jiff::Timestamp,
    /// The image's name, or its ID when it was asked for by ID; empty for `--rootfs`.
    pub image: String,
    /// The image's ID, hexadecimal; empty when there is none.
    pub image_id: String,
    /// The image's manifest digest, when known.
    pub image_digest: String,
    /// What was asked for.
    pub request: ContainerRequest,
    /// Everything to be done at start.
    pub plan: RuntimePlan,
    /// Ways to make the root file system; the first that works is taken.
    pub roots: Vec<RootPlan>,
    /// Labels of image and request.
    pub labels: BTreeMap<String, String>,
    /// The words of its command that are its entry point.
    #[serde(default)]
    pub entrypoint: Vec<String>,
    /// Mounts as `inspect` shows them.
    pub mounts: Vec<MountRecord>,
    /// Volumes that were made for this container alone.
    pub anonymous_volumes: Vec<String>,
    /// Host name inside.
    pub hostname: String,
    /// IDs of the containers that have to run when it starts.
    #[serde(default)]
    pub requires: Vec<String>,
    /// It is prepared for systemd as its process.
    #[serde(default)]
    pub is_systemd: bool,
    /// Signal that `stop` sends.
    pub stop_signal: i32,
    /// Seconds that `stop` waits.
    pub stop_timeout_seconds: u32,
    /// Keys that detach a client, in podman's notation.
    pub detach_keys: String,
    /// Ports the image or the request exposes, e.g. `80/tcp`.
    pub exposed_ports: Vec<String>,
    /// Networks with names the container is on, in the order of its interfaces.
    #[serde(default)]
    pub networks: Vec<super::networks::Attachment>,
    /// Its network.
    #[serde(default)]
    pub network: NetworkPlan,
    /// The pod it belongs to.
    #[serde(default)]
    pub pod: Option<Membership>,
    /// Its health check.
    #[serde(default)]
    pub health: Option<crate::store::images::Healthcheck>,
    /// Secrets it was given.
    #[serde(default)]
    pub secrets: Vec<SecretRecord>,
    /// Capability names the process has when it is root.
    pub capabilities: Vec<String>,
}

impl ContainerRecord {
    /// The words of the container's process, the entry point first.
    pub fn command(&self) -> &[String] {
        self.plan.spec.process().as_ref().and_then(|process| process.args().as_deref()).unwrap_or_default()
    }
}

/// The pod a container belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The pod's ID.
    pub id: String,
    /// The pod's name.
    pub name: String,
    /// The container holds the pod's namespaces.
    pub is_infra: bool,
}

/// A secret that a container was given; its bytes are elsewhere (see [`super::secrets`]).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretRecord {
    /// Its ID.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// One mount as `inspect` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MountRecord {
    /// `bind`, `volume` or `tmpfs`.
    pub kind: String,
    /// Volume name.
    pub name: String,
    /// Host path.
    pub source: String,
    /// Path inside.
    pub destination: String,
    /// Options.
    pub options: Vec<String>,
    /// Propagation.
    pub propagation: String,
    /// Whether it can be written.
    pub writable: bool,
}
