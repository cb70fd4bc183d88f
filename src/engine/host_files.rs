//! Files that the engine makes for a container: hosts, resolv.conf, hostname, .containerenv, localtime.

use super::error::Error;
use super::hosts;
use super::network::NameAddresses;
use super::record::ContainerRecord;
use super::request::{ContainerRequest, NamespaceMode};
use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The names of the files in the container's directory, and where each goes.
pub fn names(request: &ContainerRequest) -> Vec<(&'static str, &'static str)> {
    let mut names = Vec::with_capacity(5);
    if !request.no_hosts {
        names.push(("hosts", "/etc/hosts"));
    }
    if !matches!(request.dns.as_slice(), [only] if only == "none") {
        names.push(("resolv.conf", "/etc/resolv.conf"));
    }
    if !request.no_hostname && request.uts != NamespaceMode::Host {
        names.push(("hostname", "/etc/hostname"));
    }
    names.push(("containerenv", "/run/.containerenv"));
    if request.timezone.is_some() {
        names.push(("localtime", "/etc/localtime"));
    }
    names
}

/// Which files to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// All.
    All,
    /// Those that hold addresses of the container's network.
    WithAddresses,
    /// The others.
    WithoutAddresses,
}

/// Writes files of `record` into its directory. `addresses` are those of its network, as far as they are known.
pub(super) fn write(record: &ContainerRecord, addresses: &NameAddresses, which: Which) -> Result<(), Error> {
    let request = &record.request;
    let is_wanted = |name: &str| match which {
        Which::All => true,
        Which::WithAddresses => matches!(name, "hosts" | "resolv.conf"),
        Which::WithoutAddresses => !matches!(name, "hosts" | "resolv.conf"),
    };
    for (name, _) in names(request).into_iter().filter(|(name, _)| is_wanted(name)) {
        let path = record.plan.directory.join(name);
        let content = match name {
            "hosts" => hosts::content(record, addresses)?.into_bytes(),
            "resolv.conf" => resolver(request, addresses).into_bytes(),
            "hostname" => format!("{}\n", record.hostname).into_bytes(),
            "localtime" => zone(request.timezone.as_deref().unwrap_or_default())?,
            _ => container_environment(record).into_bytes(),
        };
        write_file(&path, &content)?;
    }
    Ok(())
}

fn write_file(path: &Path, content: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::File { operation: "write", path: path.to_owned(), source };
    fs::write(path, content).map_err(failed)?;
    // Whatever the umask: every user inside must be able to read it.
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).map_err(failed)
}

/// The host's resolver configuration with the request's words in place of its own, and the forwarder in place of its
/// servers where there is one.
///
/// A server that was asked for is the container's own to reach, but for one on loopback: that one the forwarder asks.
fn resolver(request: &ContainerRequest, addresses: &NameAddresses) -> String {
    let is_loopback = |text: &String| text.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let servers = match addresses.name_server {
        Some(server) if addresses.knows_containers => std::iter::once(server)
            .chain(addresses.servers_inside.iter().copied())
            .map(|server| server.to_string())
            .collect(),
        Some(server) if request.dns.is_empty() || request.dns.iter().any(is_loopback) => vec![server.to_string()],
        _ => request.dns.clone(),
    };
    let host = fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let keep = |keyword: &str, replaced: bool| -> Vec<String> {
        let matching = host.lines().filter(|line| line.split_whitespace().next() == Some(keyword));
        if replaced { Vec::new() } else { matching.map(str::to_owned).collect() }
    };
    let mut lines = match request.dns_search.as_slice() {
        [] => [keep("search", false), keep("domain", false)].concat(),
        [only] if only == "." => Vec::new(),
        domains => vec![format!("search {}", domains.join(" "))],
    };
    lines.extend(keep("nameserver", !servers.is_empty()));
    lines.extend(servers.iter().map(|server| format!("nameserver {server}")));
    lines.extend(keep("options", !request.dns_option.is_empty()));
    if !request.dns_option.is_empty() {
        lines.push(format!("options {}", request.dns_option.join(" ")));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// The time zone file of `--tz`: a name below the host's zoneinfo, or `local`.
fn zone(name: &str) -> Result<Vec<u8>, Error> {
    let path = match name {
        "local" => PathBuf::from("/etc/localtime"),
        name => Path::new("/usr/share/zoneinfo").join(name),
    };
    let is_plain = !name.starts_with('/') && !name.split('/').any(|part| part == "..");
    let content = is_plain.then(|| fs::read(&path).ok()).flatten();
    content.ok_or_else(|| {
        Error::BadRequest(format!("running container create option: finding timezone: unknown time zone {name}"))
    })
}

/// What programs inside look for to learn that they are in a container (podman-run(1), `/run/.containerenv`).
fn container_environment(record: &ContainerRecord) -> String {
    if !record.request.privileged {
        return String::new();
    }
    let rootless = u8::from(!rustix::process::geteuid().is_root());
    let engine = if record.request.is_made_by_podman() { "podman" } else { "coracle" };
    format!(
        "engine=\"{engine}-{}\"\nname=\"{}\"\nid=\"{}\"\nimage=\"{}\"\nimageid=\"{}\"\nrootless={rootless}\n",
        env!("CARGO_PKG_VERSION"),
        record.name,
        record.id,
        record.image,
        record.image_id,
    )
}
