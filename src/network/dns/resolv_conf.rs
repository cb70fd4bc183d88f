//! The host's name servers, followed as they change (resolv.conf(5)).

use super::PORT;
use rustix::fs::{Mode, OFlags, Stat};
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV6};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How often the file is looked at, at most.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Name servers used at most; the C library uses three.
const MOST_SERVERS: usize = 8;
/// How much of the file is read, in bytes.
const LARGEST: u64 = 64 * 1024;

/// The name servers in a text of resolv.conf, port 53.
pub fn name_servers(text: &str) -> Vec<SocketAddr> {
    let server = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        (words.next()? == "nameserver").then_some(())?;
        parse(words.next()?)
    };
    text.lines().filter_map(server).take(MOST_SERVERS).collect()
}

/// An address; an IPv6 one may name its link after a percent sign, by number or by interface.
fn parse(text: &str) -> Option<SocketAddr> {
    let Some((address, scope)) = text.split_once('%') else {
        return Some(SocketAddr::new(text.parse().ok()?, PORT));
    };
    let scope = scope.parse().ok().or_else(|| crate::network::link::interface_index(scope).ok())?;
    Some(SocketAddrV6::new(address.parse().ok()?, PORT, 0, scope).into())
}

/// The servers to ask, in order.
#[derive(Debug)]
pub(super) struct Upstreams {
    path: PathBuf,
    servers: Vec<SocketAddr>,
    /// Asked first: the last that answered.
    preferred: usize,
    is_fixed: bool,
    stamp: Option<Stamp>,
    looked_at: Option<Instant>,
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    modified: (i64, i64),
    size: i64,
}

impl Upstreams {
    /// Those of `servers`, or of the file at `path` when there are none.
    pub(super) fn new(servers: &[SocketAddr], path: PathBuf) -> Self {
        let is_fixed = !servers.is_empty();
        Upstreams { path, servers: servers.to_vec(), preferred: 0, is_fixed, stamp: None, looked_at: None }
    }

    /// The servers, the preferred one first; reads the file again when it has changed.
    pub(super) fn list(&mut self, now: Instant) -> Vec<SocketAddr> {
        if !self.is_fixed && self.looked_at.is_none_or(|time| now.duration_since(time) >= LOOK_AGAIN) {
            self.looked_at = Some(now);
            self.look();
        }
        let mut servers = self.servers.clone();
        if self.preferred < servers.len() {
            servers.rotate_left(self.preferred);
        }
        servers
    }

    /// Notes that `server` answered.
    pub(super) fn prefer(&mut self, server: SocketAddr) {
        if let Some(index) = self.servers.iter().position(|known| *known == server) {
            self.preferred = index;
        }
    }

    fn look(&mut self) {
        let stamp = rustix::fs::stat(&self.path).ok().map(|stat| stamp(&stat));
        if stamp == self.stamp && !self.servers.is_empty() {
            return;
        }
        self.stamp = stamp;
        self.preferred = 0;
        self.servers = name_servers(&self.read().unwrap_or_default());
        if self.servers.is_empty() {
            // What the C library asks then.
            self.servers.push(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), PORT));
        }
    }

    fn read(&self) -> Option<String> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file: OwnedFd = rustix::fs::open(&self.path, flags, Mode::empty()).ok()?;
        let mut bytes = Vec::new();
        std::fs::File::from(file).take(LARGEST).read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn stamp(stat: &Stat) -> Stamp {
    Stamp {
        device: stat.st_dev,
        inode: stat.st_ino,
        modified: (stat.st_mtime, stat.st_mtime_nsec as i64),
        size: stat.st_size,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_of_a_text() {
        let text = "# x\nsearch a b\nnameserver 127.0.0.53\n nameserver\t::1 # no\nnameserver fe80::1%3\nnameserver x\nnameserver\n";
        let shown: Vec<String> = name_servers(text).iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["127.0.0.53:53", "[::1]:53", "[fe80::1%3]:53"]);
        let lo = name_servers("nameserver fe80::1%lo");
        assert!(matches!(lo.as_slice(), [SocketAddr::V6(address)] if address.scope_id() == 1), "{lo:?}");
        assert_eq!(name_servers(&"nameserver 1.1.1.1\n".repeat(100)).len(), MOST_SERVERS);
    }

    #[test]
    fn a_changed_file_is_read_again_and_an_answer_changes_the_order() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("resolv.conf");
        std::fs::write(&path, "nameserver 10.0.0.1\nnameserver 10.0.0.2\n").unwrap();
        let mut upstreams = Upstreams::new(&[], path.clone());
        let start = Instant::now();
        let first = upstreams.list(start);
        assert_eq!(first.len(), 2);
        upstreams.prefer(first[1]);
        assert_eq!(upstreams.list(start), [first[1], first[0]]);
        std::fs::write(directory.path().join("new"), "nameserver 10.0.0.3\n").unwrap();
        std::fs::rename(directory.path().join("new"), &path).unwrap();
        assert_eq!(upstreams.list(start), [first[1], first[0]], "looked at once a second");
        assert_eq!(upstreams.list(start + LOOK_AGAIN), ["10.0.0.3:53".parse().unwrap()]);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(upstreams.list(start + 2 * LOOK_AGAIN), ["127.0.0.1:53".parse().unwrap()]);
        let given = Upstreams::new(&["9.9.9.9:53".parse().unwrap()], path).list(start);
        assert_eq!(given, ["9.9.9.9:53".parse().unwrap()]);
    }
}
