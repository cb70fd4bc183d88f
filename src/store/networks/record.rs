//! One network as created; the fields and their order are those of podman's `network inspect`.

use super::subnet::Subnet;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Name of the network that is always there, as in podman. Docker calls it `bridge`.
pub const DEFAULT_NAME: &str = "podman";
/// Its ID, as in podman: the SHA-256 of the name.
const DEFAULT_ID: &str = "2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9";
/// Option for the largest packet, in bytes.
pub const MTU_OPTION: &str = "mtu";
/// Option that keeps a network from reaching others, which ours never can.
pub const ISOLATE_OPTION: &str = "isolate";
/// Option that leaves containers without a default route.
pub const NO_DEFAULT_ROUTE_OPTION: &str = "no_default_route";

/// One network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// Its name.
    pub name: String,
    /// 64 hexadecimal digits.
    pub id: String,
    /// `bridge`.
    pub driver: String,
    /// Name of the bridge in the network's own namespace.
    pub network_interface: String,
    /// When it was made.
    pub created: jiff::Timestamp,
    /// Its ranges of addresses; a container gets one of each.
    #[serde(default)]
    pub subnets: Vec<NetworkSubnet>,
    /// Whether one of them is IPv6.
    pub ipv6_enabled: bool,
    /// No way out.
    pub internal: bool,
    /// Containers find each other by name.
    pub dns_enabled: bool,
    /// Resolvers asked for other names; empty is the host's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub network_dns_servers: Vec<IpAddr>,
    /// Labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Options of the driver: `mtu`, `isolate`, `no_default_route`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
    /// How addresses are given out.
    #[serde(default)]
    pub ipam_options: BTreeMap<String, String>,
}

/// One range of addresses of a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkSubnet {
    /// The range.
    pub subnet: Subnet,
    /// The stack's address in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
    /// The part of it that containers get addresses from; all of it when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_range: Option<LeaseRange>,
}

/// A part of a subnet, first and last address included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseRange {
    /// First address.
    pub start_ip: IpAddr,
    /// Last address.
    pub end_ip: IpAddr,
}

impl NetworkSubnet {
    /// First and last address that containers get; `None` when the subnet has no room for hosts.
    pub fn range(&self) -> Option<(IpAddr, IpAddr)> {
        let (first, last) = self.subnet.first_host().zip(self.subnet.last_host())?;
        let range = self.lease_range.unwrap_or(LeaseRange { start_ip: first, end_ip: last });
        // A range may have been given up to the broadcast address.
        let (start, end) = (range.start_ip.max(first), range.end_ip.min(last));
        (start <= end).then_some((start, end))
    }
}

impl Network {
    /// The network that is always there.
    pub fn default_network() -> Self {
        let subnet = Subnet::new(IpAddr::from([10, 88, 0, 0]), 16);
        let subnets = subnet.map(|subnet| NetworkSubnet { subnet, gateway: subnet.first_host(), lease_range: None });
        Network {
            name: DEFAULT_NAME.to_owned(),
            id: DEFAULT_ID.to_owned(),
            driver: "bridge".to_owned(),
            network_interface: "podman0".to_owned(),
            created: jiff::Timestamp::UNIX_EPOCH,
            subnets: subnets.into_iter().collect(),
            ipv6_enabled: false,
            internal: false,
            dns_enabled: false,
            network_dns_servers: Vec::new(),
            labels: BTreeMap::new(),
            options: BTreeMap::new(),
            ipam_options: host_local(),
        }
    }

    /// The largest packet, in bytes, when one was asked for.
    pub fn mtu(&self) -> Option<u32> {
        self.options.get(MTU_OPTION)?.parse().ok().filter(|mtu| *mtu > 0)
    }

    /// Whether containers send what is for other networks through this one.
    pub fn has_default_route(&self) -> bool {
        !self.internal && self.options.get(NO_DEFAULT_ROUTE_OPTION).is_none_or(|value| value != "true")
    }
}

/// The one way addresses are given out, in podman's words.
pub fn host_local() -> BTreeMap<String, String> {
    BTreeMap::from([("driver".to_owned(), "host-local".to_owned())])
}
