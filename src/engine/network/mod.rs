//! The container's network: what was asked for, what is planned, and what is done at start.
//!
//! ```text
//! create   --network, -p, ... -> [`NetworkPlan`] (in the record; random host ports are chosen here)
//! start    a subnet that collides with nothing, addresses, sockets of published ports  -> [`Prepared`]
//! keeper   forks the net process, which inherits those sockets
//! init     makes the tap in its own network namespace ([`Joint`]); its descriptor goes over the keeper to net
//! ```
//!
//! Ports are bound by the command itself, before anything is forked: a port in use is an error of the command and leaves
//! nothing behind, and clients that connect before the container listens wait in the socket's queue.

mod egress;
mod joint;
mod mode;
mod namespace_path;
mod options;
mod plan;
mod ports;
mod start;

pub use egress::EgressPlan;
pub(super) use egress::{fast_settings, fast_settings_of, is_fast, prepare_egress, rules_of_running};
pub use joint::{Joint, NamespacePlan};
pub use mode::{MacText, mac_address};
pub(super) use namespace_path::{Found, find as find_namespace};
pub use plan::without_own_network;
pub(super) use plan::{Namespaces, namespaces, plan};
pub(super) use ports::{Bound, bind_all, choose_random_ports};
pub use ports::{exposed, published_text};
pub(super) use start::{NameAddresses, Prepared, prepare};

use crate::network::link::subnet::{Subnet4, Subnet6};
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

/// What is planned for a container's network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkPlan {
    /// Which network.
    pub mode: NetworkMode,
    /// Published ports, random ones chosen.
    pub ports: Vec<PortMapping>,
    /// Rules for outgoing traffic.
    pub egress: Option<EgressPlan>,
}

/// Which network a container has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NetworkMode {
    /// The caller's.
    #[default]
    Host,
    /// Its own, empty but for loopback.
    None,
    /// Its own, with a way out through the user-mode stack.
    Private(PrivateNetwork),
    /// Its own, on the networks with names that its record lists.
    Named,
    /// That of another container, by ID.
    Container(String),
    /// A namespace file.
    Path(PathBuf),
}

impl NetworkMode {
    /// The word shown by `inspect`, as podman has it.
    pub fn word(&self) -> String {
        match self {
            NetworkMode::Host => "host".to_owned(),
            NetworkMode::None => "none".to_owned(),
            NetworkMode::Private(network) => network.kind.word().to_owned(),
            NetworkMode::Named => "bridge".to_owned(),
            NetworkMode::Container(id) => format!("container:{id}"),
            NetworkMode::Path(path) => format!("ns:{}", path.display()),
        }
    }
}

/// By which name a private network was asked for: its defaults differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrivateKind {
    /// `private`, or nothing said.
    #[default]
    Private,
    /// `slirp4netns`.
    Slirp4netns,
    /// `pasta`.
    Pasta,
    /// `fast`: TCP connections are made as the host's own sockets.
    Fast,
}

impl PrivateKind {
    /// The name on the command line.
    pub fn word(self) -> &'static str {
        match self {
            PrivateKind::Private => "private",
            PrivateKind::Slirp4netns => "slirp4netns",
            PrivateKind::Pasta => "pasta",
            PrivateKind::Fast => "fast",
        }
    }
}

/// A private network, as far as it was asked to differ from the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PrivateNetwork {
    /// How it was asked for.
    pub kind: PrivateKind,
    /// The gateway's address reaches the host's loopback.
    pub host_loopback: bool,
    /// MTU, in bytes.
    pub mtu: Option<u16>,
    /// The IPv4 subnet.
    pub subnet4: Option<Subnet4>,
    /// The IPv6 subnet.
    pub subnet6: Option<Subnet6>,
    /// The container's IPv4 address.
    pub address4: Option<Ipv4Addr>,
    /// The gateway's IPv4 address.
    pub gateway4: Option<Ipv4Addr>,
    /// Where the name server is, when that is not the gateway.
    pub name_server4: Option<Ipv4Addr>,
    /// The container's IPv6 address.
    pub address6: Option<Ipv6Addr>,
    /// Without IPv4.
    pub without_ipv4: bool,
    /// Without IPv6.
    pub without_ipv6: bool,
    /// Address or interface of the host that IPv4 connections leave from.
    pub outbound4: Option<String>,
    /// Likewise for IPv6.
    pub outbound6: Option<String>,
    /// Hardware address.
    pub mac: Option<[u8; 6]>,
    /// The interface's name; `eth0` when none is given.
    pub interface: Option<String>,
}

/// One published port, or a range of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortMapping {
    /// Host address as typed; empty is all.
    pub host_ip: String,
    /// First host port.
    pub host_port: u16,
    /// First port in the container.
    pub container_port: u16,
    /// Number of ports.
    pub count: u16,
    /// `tcp` or `udp`.
    pub protocol: String,
    /// The host port was left to chance: another may be taken when it is in use.
    pub random: bool,
}
