//! A network as `inspect` and `ls` show it.
//!
//! JSON has podman's names, in lower case. Templates are written with the names of Go's fields instead, podman's
//! (`.Name`, `.ID`, `.Subnets`) or Docker's (`.Id`, `.IPAM.Config`, `.Scope`), so they see all three.

use crate::engine::networks::NetworkSummary;
use crate::store::networks::{Lease, Network};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// Characters of an ID that `ls` shows.
const SHORT_ID: usize = 12;

/// A network in the form that is printed.
pub(crate) struct View {
    network: Network,
    /// `None` leaves the containers out, as `ls` does.
    members: Option<Vec<Lease>>,
}

impl Serialize for View {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Printed<'a> {
            #[serde(flatten)]
            network: &'a Network,
            #[serde(skip_serializing_if = "Option::is_none")]
            containers: Option<Value>,
        }
        Printed { network: &self.network, containers: self.containers() }.serialize(serializer)
    }
}

impl View {
    /// With the containers on it.
    pub(crate) fn of(summary: &NetworkSummary) -> View {
        View { network: summary.network.clone(), members: Some(summary.members.clone()) }
    }

    /// Without them.
    pub(super) fn listed(summary: &NetworkSummary) -> View {
        View { network: summary.network.clone(), members: None }
    }

    fn containers(&self) -> Option<Value> {
        let container = |lease: &Lease| {
            let subnets: Vec<Value> = lease
                .addresses
                .iter()
                .map(|leased| {
                    let mut subnet = json!({"ipnet": format!("{}/{}", leased.address, leased.subnet.prefix())});
                    if let Some(gateway) = leased.gateway {
                        subnet["gateway"] = json!(gateway);
                    }
                    subnet
                })
                .collect();
            let interface = json!({"subnets": subnets, "mac_address": lease.mac});
            (lease.container.clone(), json!({"name": lease.name, "interfaces": {lease.interface.clone(): interface}}))
        };
        Some(Value::Object(self.members.as_ref()?.iter().map(container).collect()))
    }

    /// What templates see.
    pub(crate) fn template_value(&self) -> Value {
        let network = &self.network;
        let mut value = serde_json::to_value(self).unwrap_or_default();
        let subnets: Vec<Value> = network
            .subnets
            .iter()
            .map(|subnet| {
                let mut shown = json!({"Subnet": subnet.subnet, "Gateway": subnet.gateway});
                if let Some(range) = subnet.lease_range {
                    shown["LeaseRange"] = json!({"StartIP": range.start_ip, "EndIP": range.end_ip});
                }
                shown
            })
            .collect();
        let fields = json!({
            "Name": network.name,
            "ID": network.id,
            "Id": network.id,
            "Driver": network.driver,
            "NetworkInterface": network.network_interface,
            "Created": network.created.to_string(),
            "CreatedAt": network.created.to_string(),
            "IPAM": {"Driver": "default", "Config": subnets.clone()},
            "Subnets": subnets,
            "IPv6Enabled": network.ipv6_enabled,
            "EnableIPv6": network.ipv6_enabled,
            "IPv6": network.ipv6_enabled,
            "Internal": network.internal,
            "DNSEnabled": network.dns_enabled,
            "NetworkDNSServers": network.network_dns_servers,
            "Labels": network.labels,
            "Options": network.options,
            "IPAMOptions": network.ipam_options,
            "Scope": "local",
            "Containers": self.docker_containers(),
        });
        if let (Some(value), Value::Object(fields)) = (value.as_object_mut(), fields) {
            value.extend(fields);
        }
        value
    }

    /// Containers with the names of Docker's and podman's fields.
    fn docker_containers(&self) -> Value {
        let container = |lease: &Lease| {
            let address = |is_ipv6| {
                let leased = lease.address(is_ipv6);
                leased.map(|leased| format!("{}/{}", leased.address, leased.subnet.prefix())).unwrap_or_default()
            };
            let subnets: Vec<Value> = lease
                .addresses
                .iter()
                .map(|leased| {
                    let network = format!("{}/{}", leased.address, leased.subnet.prefix());
                    json!({"IPNet": network, "Gateway": leased.gateway})
                })
                .collect();
            let interface = json!({"Subnets": subnets, "MacAddress": lease.mac});
            let shown = json!({
                "Name": lease.name,
                "EndpointID": "",
                "MacAddress": lease.mac,
                "IPv4Address": address(false),
                "IPv6Address": address(true),
                "Interfaces": {lease.interface.clone(): interface},
            });
            (lease.container.clone(), shown)
        };
        Value::Object(self.members.iter().flatten().map(container).collect::<Map<_, _>>())
    }

    /// What templates of `ls` see: the ID short unless asked for, labels as one text.
    pub(super) fn row(&self, full_id: bool) -> Value {
        let mut value = self.template_value();
        if !full_id {
            value["ID"] = json!(self.network.id.chars().take(SHORT_ID).collect::<String>());
        }
        let labels: Vec<String> = self.network.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        value["Labels"] = json!(labels.join(","));
        value
    }
}
