//! What hosts and resolv.conf of a running container say of its networks, as those change.
//!
//! The files are changed line by line and in place: a program inside may have written to them, and they are bound into the
//! container as they are.

use crate::engine::error::Error;
use crate::engine::host_files;
use crate::engine::record::ContainerRecord;
use crate::store::networks::Lease;
use std::net::IpAddr;

/// The names of the host, as `host_files` writes them.
const HOST_NAMES: &str = "host.containers.internal host.docker.internal";

/// What has changed.
pub(super) struct Change<'a> {
    /// The container's places on networks with names, as they are now.
    pub leases: &'a [Lease],
    /// The place it has lost.
    pub gone: Option<&'a Lease>,
    /// Where the host is, when that is on a network with a name.
    pub host: Option<IpAddr>,
    /// The name server that knows other containers.
    pub server: Option<IpAddr>,
}

/// Writes the change into the files that this container has from us.
pub(super) fn tell(record: &ContainerRecord, change: &Change<'_>) -> Result<(), Error> {
    for (name, _) in host_files::names(&record.request) {
        let edit: &dyn Fn(&str) -> String = match name {
            "hosts" => &|text| hosts(text, record, change),
            "resolv.conf" => &|text| resolver(text, change),
            _ => continue,
        };
        let path = record.plan.directory.join(name);
        let failed = |operation| {
            let path = path.clone();
            move |source| Error::File { operation, path, source }
        };
        let before = std::fs::read_to_string(&path).map_err(failed("read"))?;
        let after = edit(&before);
        if after != before {
            std::fs::write(&path, after).map_err(failed("write"))?;
        }
    }
    Ok(())
}

/// The container's own names stand behind each of its addresses.
fn hosts(text: &str, record: &ContainerRecord, change: &Change<'_>) -> String {
    let own = format!("{} {}", record.hostname, record.name);
    let line = |address: &IpAddr| format!("{address}\t{own}");
    let gone: Vec<String> = addresses(change.gone.into_iter()).map(|address| line(&address)).collect();
    let mut lines: Vec<String> =
        text.lines().filter(|line| !gone.iter().any(|gone| gone == line)).map(str::to_owned).collect();
    for line in &mut lines {
        if let (Some(host), Some(names)) = (change.host, line.split_once('\t').map(|(_, names)| names))
            && names == HOST_NAMES
        {
            *line = format!("{host}\t{HOST_NAMES}");
        }
    }
    for line in addresses(change.leases.iter()).map(|address| line(&address)) {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    joined(&lines)
}

fn addresses<'a>(leases: impl Iterator<Item = &'a Lease>) -> impl Iterator<Item = IpAddr> {
    leases.flat_map(|lease| &lease.addresses).map(|leased| leased.address)
}

/// The name server stands before all others; those of networks that were left are gone.
fn resolver(text: &str, change: &Change<'_>) -> String {
    let line = |address: &IpAddr| format!("nameserver {address}");
    let gateways = change.gone.iter().flat_map(|lease| &lease.addresses).filter_map(|leased| leased.gateway);
    let gone: Vec<String> = gateways.map(|gateway| line(&gateway)).collect();
    let mut lines: Vec<String> =
        text.lines().filter(|line| !gone.iter().any(|gone| gone == line)).map(str::to_owned).collect();
    if let Some(server) = change.server.map(|server| line(&server)).filter(|server| !lines.contains(server)) {
        let first = lines.iter().position(|line| line.starts_with("nameserver")).unwrap_or(lines.len());
        lines.insert(first, server);
    }
    joined(&lines)
}

fn joined(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}
