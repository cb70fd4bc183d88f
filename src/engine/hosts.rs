//! `/etc/hosts` of a container (hosts(5)): what stands in it when it starts, and the lines of those that share it.
//!
//! Whoever joins another container's network has that one's file, bound into it as it is; so each of them adds its own names
//! when it starts and takes them away when it has ended, all at 127.0.0.1, where they reach one another. The file may
//! have been written to from inside: it is changed line by line and in place, never believed to be short, and locked by
//! a file beside it that no container sees.

use super::error::Error;
use super::network::{NameAddresses, NetworkMode};
use super::record::ContainerRecord;
use rustix::fs::{FlockOperation, flock};
use std::fs;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

/// The names of the host, and those of the loopback interface.
const HOST_NAMES: [&str; 2] = ["host.containers.internal", "host.docker.internal"];
const LOOPBACK_NAMES: [&str; 2] = ["localhost", "localhost.localdomain"];

/// Far more than such a file is long, in bytes: a longer one is some program's, and left to it.
const LIMIT_BYTES: u64 = 1 << 20;

/// Names of one address.
struct Entry {
    address: String,
    names: Vec<String>,
}

impl Entry {
    fn new(address: impl ToString, names: &[&str]) -> Self {
        Self { address: address.to_string(), names: names.iter().copied().map(str::to_owned).collect() }
    }

    /// An entry of a line, if it has one.
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split('#').next()?.split_whitespace();
        let address = words.next()?.to_owned();
        let names: Vec<String> = words.map(str::to_owned).collect();
        (!names.is_empty()).then_some(Self { address, names })
    }

    fn line(&self) -> String {
        format!("{}\t{}\n", self.address, self.names.join(" "))
    }
}

/// The whole file: names that were asked for, those of the file that is built on, then loopback, the host's, and the
/// container's own, each of these as far as nothing before has said what the name means.
pub(super) fn content(record: &ContainerRecord, addresses: &NameAddresses) -> Result<String, Error> {
    let is_isolated = record.network.mode == NetworkMode::None;
    // In the host's network the host is here.
    let gateway = addresses.gateway.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)).to_string();
    let host = match record.request.host_internal_ip.as_deref() {
        Some("none") => None,
        Some(address) => Some(address.to_owned()),
        None => (!is_isolated).then(|| gateway.clone()),
    };
    let mut entries = added(record, host.as_deref().unwrap_or(&gateway))?;
    entries.extend(base(record.request.base_hosts.as_deref(), is_isolated)?);
    if !entries.iter().any(|entry| entry.names.iter().any(|name| name == LOOPBACK_NAMES[0])) {
        entries.push(Entry::new(Ipv4Addr::LOCALHOST, &LOOPBACK_NAMES));
        entries.push(Entry::new(Ipv6Addr::LOCALHOST, &LOOPBACK_NAMES));
    }
    let mut more: Vec<Entry> = Vec::new();
    more.extend(host.map(|address| Entry::new(address, &HOST_NAMES)));
    let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST)];
    let own = if addresses.own.is_empty() { &loopback[..] } else { &addresses.own };
    more.extend(own.iter().map(|address| Entry::new(address, &own_names(record))));
    more.iter_mut().for_each(|entry| keep_new(entry, &entries));
    entries.extend(more);
    Ok(entries.iter().filter(|entry| !entry.names.is_empty()).map(Entry::line).collect())
}

fn own_names(record: &ContainerRecord) -> [&str; 2] {
    [&record.hostname, &record.name]
}

/// Takes out the names that `entries` know.
fn keep_new(entry: &mut Entry, entries: &[Entry]) {
    entry.names.retain(|name| !entries.iter().any(|known| known.names.contains(name)));
}

/// The file that is built on: the host's own unless another was asked for. A container without network has no use for the
/// host's names.
fn base(asked: Option<&str>, is_isolated: bool) -> Result<Vec<Entry>, Error> {
    let (path, must_be_there) = match asked {
        Some("none") => return Ok(Vec::new()),
        None | Some("") if is_isolated => return Ok(Vec::new()),
        None | Some("") => (Path::new("/etc/hosts"), false),
        Some(path) => (Path::new(path), true),
    };
    let text = match read(path) {
        Ok(text) => text,
        Err(source) if must_be_there => return Err(Error::File { operation: "read", path: path.to_owned(), source }),
        Err(_) => String::new(),
    };
    // The host's name for its own host, if it is a container itself, means another machine.
    let is_foreign = |entry: &Entry| entry.names.iter().any(|name| name == HOST_NAMES[0]);
    Ok(text.lines().filter_map(Entry::parse).filter(|entry| must_be_there || !is_foreign(entry)).collect())
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(LIMIT_BYTES + 1).read_to_string(&mut text)?;
    match text.len() as u64 > LIMIT_BYTES {
        true => Err(std::io::ErrorKind::FileTooLarge.into()),
        false => Ok(text),
    }
}

/// The entries of `--add-host`.
fn added(record: &ContainerRecord, gateway: &str) -> Result<Vec<Entry>, Error> {
    let entry = |text: &String| {
        let (names, address) = text
            .split_once(':')
            .ok_or_else(|| Error::BadRequest(format!("unable to parse host entry \"{text}\": incorrect format")))?;
        let address = match address {
            "host-gateway" => gateway,
            address => address.trim_start_matches('[').trim_end_matches(']'),
        };
        if address.parse::<IpAddr>().is_err() {
            return Err(Error::BadRequest(format!("invalid IP address in add-host: \"{address}\"")));
        }
        Ok(Entry { address: address.to_owned(), names: names.split(';').map(str::to_owned).collect() })
    };
    record.request.add_host.iter().map(entry).collect()
}

/// What happens to a container that shares another one's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sharing {
    /// It starts.
    Begins,
    /// It has ended.
    Ends,
}

/// Adds the names of a container that has another one's network to the file that both have, or takes them away.
///
/// # Errors
/// The file cannot be written.
pub(super) fn share(record: &ContainerRecord, sharing: Sharing) -> Result<(), Error> {
    let Some(path) = shared_file(record) else { return Ok(()) };
    let failed = |operation, path: &Path| {
        let path = path.to_owned();
        move |source| Error::File { operation, path, source }
    };
    let lock_path = path.with_extension("lock");
    let lock = fs::File::create(&lock_path).map_err(failed("open", &lock_path))?;
    flock(&lock, FlockOperation::LockExclusive).map_err(|errno| failed("lock", &lock_path)(errno.into()))?;
    // One that programs have made unreadable is theirs.
    let Ok(before) = read(&path) else { return Ok(()) };
    let after = shared(&before, &own_names(record), sharing);
    match after == before {
        true => Ok(()),
        false => fs::write(&path, after).map_err(failed("write", &path)),
    }
}

/// The file, when it is another container's.
fn shared_file(record: &ContainerRecord) -> Option<PathBuf> {
    if !matches!(record.network.mode, NetworkMode::Container(_)) {
        return None;
    }
    let mounts = record.plan.spec.mounts().as_deref().unwrap_or_default();
    let mount = mounts.iter().find(|mount| mount.destination() == Path::new("/etc/hosts"))?;
    let is_another_ones = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name == "hosts") && !path.starts_with(&record.plan.directory)
    };
    mount.source().clone().filter(is_another_ones)
}

/// The text with the line of a container with these names, or without it.
fn shared(text: &str, names: &[&str; 2], sharing: Sharing) -> String {
    let loopback = Ipv4Addr::LOCALHOST.to_string();
    // Its own name is no other container's, a host name may be.
    let is_its_line = |line: &str| {
        Entry::parse(line).is_some_and(|entry| {
            let is_known = |name: &String| names.contains(&name.as_str());
            entry.address == loopback
                && entry.names.iter().all(is_known)
                && entry.names.iter().any(|name| name == names[1])
        })
    };
    let mut lines: String = text.lines().filter(|line| !is_its_line(line)).flat_map(|line| [line, "\n"]).collect();
    if sharing == Sharing::Begins {
        let mut entry = Entry::new(loopback, names);
        entry.names.dedup();
        keep_new(&mut entry, &lines.lines().filter_map(Entry::parse).collect::<Vec<_>>());
        if !entry.names.is_empty() {
            lines.push_str(&entry.line());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_added_once_and_taken_away_again() {
        let pod = "10.88.0.5\tboat boat-infra\n# ours\n127.0.0.1\tlocalhost\n";
        let one = shared(pod, &["boat", "one"], Sharing::Begins);
        assert_eq!(one, format!("{pod}127.0.0.1\tone\n"));
        assert_eq!(shared(&one, &["boat", "one"], Sharing::Begins), one, "a second start");
        let both = shared(&one, &["own", "two"], Sharing::Begins);
        assert_eq!(both, format!("{one}127.0.0.1\town two\n"));
        assert_eq!(shared(&both, &["boat", "one"], Sharing::Ends), format!("{pod}127.0.0.1\town two\n"));
        assert_eq!(shared(&one, &["boat", "one"], Sharing::Ends), pod);
        assert_eq!(shared("", &["same", "same"], Sharing::Begins), "127.0.0.1\tsame\n");
        assert_eq!(shared("no newline", &["a", "b"], Sharing::Ends), "no newline\n");
        let other = "127.0.0.1\tboat boat\n";
        assert_eq!(shared(other, &["boat", "one"], Sharing::Ends), other, "another one's line");
    }

    #[test]
    fn lines_are_read_as_hosts_5_has_them() {
        let names = |line| Entry::parse(line).map(|entry| entry.names);
        assert_eq!(names("192.0.2.1 a\tb # c"), Some(vec!["a".to_owned(), "b".to_owned()]));
        for line in ["", "# 192.0.2.1 a", "192.0.2.1", "192.0.2.1 # a"] {
            assert_eq!(names(line), None, "{line}");
        }
    }
}
