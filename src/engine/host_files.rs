//! Files that the engine makes for a container: hosts, resolv.conf, hostname, .containerenv, localtime.

use super::error::Error;
use super::record::ContainerRecord;
use super::request::{ContainerRequest, NamespaceMode};
use std::fs;
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

/// Writes the files of `record` into its directory.
pub fn write(record: &ContainerRecord) -> Result<(), Error> {
    let request = &record.request;
    for (name, _) in names(request) {
        let path = record.plan.directory.join(name);
        let content = match name {
            "hosts" => hosts(record)?.into_bytes(),
            "resolv.conf" => resolver(request).into_bytes(),
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

/// The host's names (they hold in a shared network), then those of the request, then the container's own.
fn hosts(record: &ContainerRecord) -> Result<String, Error> {
    let request = &record.request;
    let is_isolated = request.network.first().is_some_and(|mode| mode == "none");
    let mut text = match is_isolated {
        true => String::new(),
        false => fs::read_to_string("/etc/hosts").unwrap_or_default(),
    };
    if !text.contains("localhost") {
        text.push_str("127.0.0.1\tlocalhost localhost.localdomain\n::1\tlocalhost localhost.localdomain\n");
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    for entry in &request.add_host {
        let (names, address) = entry
            .split_once(':')
            .ok_or_else(|| Error::BadRequest(format!("unable to parse host entry \"{entry}\": incorrect format")))?;
        let address = match address {
            // In the host's network the host is here.
            "host-gateway" => "127.0.0.1",
            address => address.trim_start_matches('[').trim_end_matches(']'),
        };
        if address.parse::<std::net::IpAddr>().is_err() {
            return Err(Error::BadRequest(format!("invalid IP address in add-host: \"{address}\"")));
        }
        text.push_str(&format!("{address}\t{}\n", names.replace(';', " ")));
    }
    if !text.contains("host.containers.internal") && !is_isolated {
        text.push_str("127.0.0.1\thost.containers.internal host.docker.internal\n");
    }
    text.push_str(&format!("127.0.0.1\t{} {}\n", record.hostname, record.name));
    Ok(text)
}

/// The host's resolver configuration with the request's words in place of its own.
fn resolver(request: &ContainerRequest) -> String {
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
    lines.extend(keep("nameserver", !request.dns.is_empty()));
    lines.extend(request.dns.iter().map(|server| format!("nameserver {server}")));
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
    content.ok_or_else(|| Error::BadRequest(format!("finding timezone {name}: unknown time zone {name}")))
}

/// What programs inside look for to learn that they are in a container (podman-run(1), `/run/.containerenv`).
fn container_environment(record: &ContainerRecord) -> String {
    if !record.request.privileged {
        return String::new();
    }
    let rootless = u8::from(!rustix::process::geteuid().is_root());
    format!(
        "engine=\"coracle-{}\"\nname=\"{}\"\nid=\"{}\"\nimage=\"{}\"\nimageid=\"{}\"\nrootless={rootless}\n",
        env!("CARGO_PKG_VERSION"),
        record.name,
        record.id,
        record.image,
        record.image_id,
    )
}
