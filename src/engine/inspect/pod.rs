//! What `pod inspect` shows, in podman's words and order.

use super::document::{Document, IntoDocument, object};
use crate::engine::lifecycle::Container;
use crate::engine::network::MacText;
use crate::engine::pods::PodSummary;
use serde_json::Value;

/// Everything about a pod.
pub fn pod(summary: &PodSummary) -> Document {
    let pod = &summary.pod;
    let mut fields = vec![
        ("Id", pod.id.as_str().into_document()),
        ("Name", pod.name.as_str().into_document()),
        ("Created", pod.created.to_string().into_document()),
        ("CreateCommand", (&pod.create_command).into_document()),
        ("ExitPolicy", pod.exit_policy.as_str().into_document()),
        ("State", summary.status().into_document()),
        ("Hostname", pod.hostname.as_str().into_document()),
        ("Labels", (&pod.labels).into_document()),
        ("CreateCgroup", false.into_document()),
        ("CgroupParent", "".into_document()),
        ("CgroupPath", "".into_document()),
        ("CreateInfra", pod.infra.is_some().into_document()),
    ];
    if let Some(infra) = summary.infra() {
        fields.extend([
            ("InfraContainerID", infra.record.id.as_str().into_document()),
            ("InfraConfig", infra_config(infra)),
            ("SharedNamespaces", (&pod.shared).into_document()),
        ]);
    }
    fields.push(("NumContainers", summary.members.len().into_document()));
    if !summary.members.is_empty() {
        fields.push(("Containers", summary.members.iter().map(member).collect::<Vec<_>>().into_document()));
    }
    if !pod.restart.is_empty() && pod.restart != "no" {
        fields.push(("RestartPolicy", pod.restart.as_str().into_document()));
    }
    fields.push(("LockNumber", 0_u32.into_document()));
    Document::Object(fields)
}

fn member(member: &Container) -> Document {
    object! {
        "Id" => member.record.id.as_str(),
        "Name" => member.record.name.as_str(),
        "State" => member.state.status.word(),
    }
}

fn infra_config(infra: &Container) -> Document {
    let request = &infra.record.request;
    let listed = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
    let networks = infra.record.networks.iter().map(|attachment| attachment.network.clone()).collect();
    object! {
        "PortBindings" => super::network::bindings(&infra.record.network.ports),
        "HostNetwork" => infra.record.network.mode.word() == "host",
        "StaticIP" => request.ip.map(|address| address.to_string()).unwrap_or_default(),
        "StaticMAC" => request.mac_address.map(|mac| MacText(mac).to_string()).unwrap_or_default(),
        "NoManageResolvConf" => matches!(request.dns.as_slice(), [only] if only == "none"),
        "DNSServer" => listed(&request.dns),
        "DNSSearch" => listed(&request.dns_search),
        "DNSOption" => listed(&request.dns_option),
        "NoManageHostname" => request.no_hostname,
        "NoManageHosts" => request.no_hosts,
        "HostAdd" => listed(&request.add_host),
        "HostsFile" => "",
        "Networks" => listed(&networks),
        "NetworkOptions" => Value::Null,
        "pid_ns" => super::host_config::mode(&request.pid),
        "userns" => super::host_config::user_mode_or_host(request),
        "uts_ns" => super::host_config::mode(&request.uts),
    }
}
