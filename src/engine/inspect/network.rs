//! The section `NetworkSettings`, and the port bindings of `HostConfig`.

use super::document::{Document, IntoDocument};
use crate::engine::network::{PortMapping, exposed};
use crate::engine::record::ContainerRecord;
use crate::store::containers::{Attachment, State};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Addresses as they are while the container runs, ports as they are published.
pub(super) fn settings(record: &ContainerRecord, state: &State, published: &[PortMapping]) -> Document {
    let attachments: &[Attachment] = if state.status.is_alive() { &state.networks } else { &[] };
    let nothing = Attachment::default();
    let first = attachments.first().unwrap_or(&nothing);
    let mut fields = vec![("EndpointID", "".into_document())];
    fields.extend(addresses(first));
    fields.extend([
        ("Bridge", "".into_document()),
        ("SandboxID", "".into_document()),
        ("HairpinMode", false.into_document()),
        ("LinkLocalIPv6Address", "".into_document()),
        ("LinkLocalIPv6PrefixLen", 0_u32.into_document()),
        ("Ports", ports(record, published).into_document()),
        ("SandboxKey", sandbox(state).into_document()),
        ("Networks", networks(attachments, record).into_document()),
    ]);
    Document::Object(fields)
}

fn text(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn addresses(attachment: &Attachment) -> Vec<(&'static str, Document)> {
    vec![
        ("Gateway", text(attachment.gateway4).into_document()),
        ("IPAddress", text(attachment.ipv4.map(|own| own.0)).into_document()),
        ("IPPrefixLen", attachment.ipv4.map_or(0, |own| u32::from(own.1)).into_document()),
        ("IPv6Gateway", text(attachment.gateway6).into_document()),
        ("GlobalIPv6Address", text(attachment.ipv6.map(|own| own.0)).into_document()),
        ("GlobalIPv6PrefixLen", attachment.ipv6.map_or(0, |own| u32::from(own.1)).into_document()),
        ("MacAddress", attachment.mac.as_str().into_document()),
    ]
}

/// Addresses in further subnets, of one family; left out when there are none, as podman does.
fn secondary(attachment: &Attachment) -> Vec<(&'static str, Document)> {
    let of = |is_ipv6: bool| {
        let further = attachment.more.iter().filter(move |further| further.0.is_ipv6() == is_ipv6);
        let one = |further: &(std::net::IpAddr, u8)| {
            Document::Object(vec![
                ("Addr", further.0.to_string().into_document()),
                ("PrefixLength", u32::from(further.1).into_document()),
            ])
        };
        further.map(one).collect::<Vec<Document>>()
    };
    let lists = [("SecondaryIPAddresses", of(false)), ("SecondaryIPv6Addresses", of(true))];
    lists.into_iter().filter(|list| !list.1.is_empty()).map(|(name, list)| (name, Document::List(list))).collect()
}

/// The network namespace, by the container's process.
fn sandbox(state: &State) -> String {
    let process = state.process.filter(|_| state.status.is_alive());
    process.map(|process| format!("/proc/{}/ns/net", process.pid)).unwrap_or_default()
}

fn networks(attachments: &[Attachment], record: &ContainerRecord) -> BTreeMap<String, Value> {
    let one = |attachment: &Attachment| {
        let mut fields = vec![("EndpointID", "".into_document())];
        fields.extend(addresses(attachment));
        fields.extend(secondary(attachment));
        fields.extend([
            ("NetworkID", attachment.network.as_str().into_document()),
            ("DriverOpts", Value::Null.into_document()),
            ("IPAMConfig", Value::Null.into_document()),
            ("Links", Value::Null.into_document()),
            ("Aliases", aliases(attachment, record)),
        ]);
        serde_json::to_value(Document::Object(fields)).unwrap_or_default()
    };
    attachments.iter().map(|attachment| (attachment.network.clone(), one(attachment))).collect()
}

/// The container's name is no alias of it: podman and docker do not list it.
fn aliases(attachment: &Attachment, record: &ContainerRecord) -> Document {
    let short: String = record.id.chars().take(12).collect();
    let own = record.name.to_ascii_lowercase();
    let mut aliases: Vec<String> = attachment.aliases.iter().filter(|alias| **alias != own).cloned().collect();
    if !aliases.contains(&short) {
        aliases.push(short);
    }
    aliases.into_document()
}

/// Published ports with their bindings, exposed ones without.
fn ports(record: &ContainerRecord, published: &[PortMapping]) -> BTreeMap<String, Value> {
    let exposed = record.exposed_ports.iter().flat_map(|text| exposed(text));
    let mut ports: BTreeMap<String, Value> =
        exposed.map(|(port, protocol)| (format!("{port}/{protocol}"), Value::Null)).collect();
    ports.extend(bindings(published));
    ports
}

/// `PORT/PROTOCOL` of all ports that are exposed or published.
pub(super) fn exposed_ports(record: &ContainerRecord) -> BTreeMap<String, Value> {
    ports(record, &record.network.ports).into_keys().map(|name| (name, json!({}))).collect()
}

/// `PORT/PROTOCOL` and where it is on the host.
pub(super) fn bindings(mappings: &[PortMapping]) -> BTreeMap<String, Value> {
    let mut bindings: BTreeMap<String, Value> = BTreeMap::new();
    for mapping in mappings {
        for offset in 0..mapping.count {
            let name = format!("{}/{}", mapping.container_port.saturating_add(offset), mapping.protocol);
            let host_ip = if mapping.host_ip.is_empty() { "0.0.0.0" } else { &mapping.host_ip };
            let port = mapping.host_port.saturating_add(offset).to_string();
            let binding = json!({ "HostIp": host_ip, "HostPort": port });
            match bindings.entry(name).or_insert_with(|| Value::Array(Vec::new())) {
                Value::Array(list) => list.push(binding),
                other => *other = binding,
            }
        }
    }
    bindings
}
