//! Networks with names on disk.
//!
//! ```text
//! networks/<name>.json     one network, in the words of podman's `network inspect`
//! networks/<name>.leases   who is on it now, see [`leases`]
//! networks/<name>.lock     empty; flock(2) orders the changes of one network's leases and holder
//! networks/lock            empty; flock(2) orders making and removing networks
//! ```
//!
//! A network exists when its `.json` does. One is always there without a file: [`DEFAULT_NAME`], which podman calls
//! `podman` and Docker `bridge`.
//!
//! What must stay true: names and subnets of two networks differ (checked under the common lock); the addresses of two
//! containers differ (checked under the network's lock). A file's text is replaced as a whole, so readers need no lock.

mod error;
mod leases;
mod record;
mod subnet;

pub use error::Error;
pub use leases::{Lease, LeasedAddress, Leases};
pub use record::{
    DEFAULT_NAME, ISOLATE_OPTION, LeaseRange, MTU_OPTION, NO_DEFAULT_ROUTE_OPTION, Network, NetworkSubnet, host_local,
};
pub use subnet::{InvalidSubnet, Subnet, next as next_address};

use super::containers::{self, Durability, make_directories, read_json, write_json};
use super::locks;
use super::paths::Paths;

use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Longest name of a network, in bytes: a file name with its ending must fit in 255.
const LONGEST_NAME: usize = 200;

/// The networks of one store.
#[derive(Clone, Debug)]
pub struct Networks {
    directory: PathBuf,
}

/// A lock on networks, released when dropped.
#[derive(Debug)]
pub struct Lock(#[allow(dead_code, reason = "closing it releases the lock")] OwnedFd);

impl Networks {
    /// The networks of the store at `paths`; touches nothing.
    pub fn new(paths: &Paths) -> Self {
        Networks { directory: paths.networks() }
    }

    /// The directory all files of networks are in.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn file(&self, name: &str, ending: &str) -> PathBuf {
        self.directory.join(format!("{name}.{ending}"))
    }

    /// Orders making and removing networks. Blocks while another process does.
    pub fn lock_all(&self) -> Result<Lock, Error> {
        self.lock_file(self.directory.join("lock"))
    }

    /// Orders changes of one network's members and holder. Blocks while another process makes some.
    pub fn lock(&self, name: &str) -> Result<Lock, Error> {
        self.lock_file(self.file(name, "lock"))
    }

    fn lock_file(&self, path: PathBuf) -> Result<Lock, Error> {
        let lock = match locks::wait_for(&path) {
            Err(rustix::io::Errno::NOENT) => {
                make_directories(&self.directory)?;
                locks::wait_for(&path)
            }
            other => other,
        };
        Ok(Lock(lock.map_err(|error| containers::Error::io("lock", &path, error.into()))?))
    }

    /// All networks, by name.
    pub fn list(&self) -> Vec<Network> {
        let entries = fs::read_dir(&self.directory).into_iter().flatten();
        let names = entries.filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            name.strip_suffix(".json").filter(|name| check_name(name).is_ok()).map(str::to_owned)
        });
        let mut networks: Vec<Network> = names.filter_map(|name| self.read(&name).ok()).collect();
        if !networks.iter().any(|network| network.name == DEFAULT_NAME) {
            networks.push(Network::default_network());
        }
        networks.sort_by(|left, right| left.name.cmp(&right.name));
        networks
    }

    fn read(&self, name: &str) -> Result<Network, Error> {
        let path = self.file(name, "json");
        match read_json::<Network>(&path) {
            // A copy under another name is not that network.
            Ok(network) if network.name == name => Ok(network),
            Ok(_) => Err(Error::NoSuchNetwork { name: name.to_owned() }),
            Err(containers::Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => match name {
                DEFAULT_NAME => Ok(Network::default_network()),
                _ => Err(Error::NoSuchNetwork { name: name.to_owned() }),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// The network of this name or ID, or whose ID begins so; `bridge` is the default network.
    pub fn find(&self, name_or_id: &str) -> Result<Network, Error> {
        let missing = || Error::NoSuchNetwork { name: name_or_id.to_owned() };
        if check_name(name_or_id).is_err() {
            return Err(missing());
        }
        match self.read(name_or_id) {
            Err(error) if error.is_not_found() => {}
            other => return other,
        }
        if matches!(name_or_id, "bridge" | "default") {
            return self.read(DEFAULT_NAME);
        }
        let mut matches = self.list().into_iter().filter(|network| network.id.starts_with(name_or_id));
        let first = matches.next().ok_or_else(missing)?;
        match matches.next() {
            None => Ok(first),
            Some(_) => Err(Error::Ambiguous { name: name_or_id.to_owned() }),
        }
    }

    /// Writes a network, new or changed. The caller holds [`Networks::lock_all`].
    pub fn write(&self, network: &Network) -> Result<(), Error> {
        check_name(&network.name)?;
        make_directories(&self.directory)?;
        Ok(write_json(&self.file(&network.name, "json"), network, Durability::Durable)?)
    }

    /// Removes a network's files. The caller holds [`Networks::lock_all`] and knows that nobody uses it.
    pub fn delete(&self, name: &str) -> Result<(), Error> {
        if name == DEFAULT_NAME {
            return Err(Error::Default { name: name.to_owned() });
        }
        let path = self.file(name, "json");
        fs::remove_file(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Error::NoSuchNetwork { name: name.to_owned() },
            _ => containers::Error::io("remove", &path, error).into(),
        })?;
        for ending in ["leases", "lock"] {
            let _ = fs::remove_file(self.file(name, ending)); // without its network it says nothing
        }
        Ok(())
    }

    /// Who is on a network now; nobody when the file is missing or damaged.
    pub fn leases(&self, name: &str) -> Leases {
        let mut leases: Leases = read_json(&self.file(name, "leases")).unwrap_or_default();
        leases.settle(&containers::boot_id());
        leases
    }

    /// The leases as they were last written, those of the dead included: for a process that may not look at others.
    pub fn written_leases(&self, name: &str) -> Vec<Lease> {
        read_json::<Leases>(&self.file(name, "leases")).map(|leases| leases.members).unwrap_or_default()
    }

    /// Replaces the leases of a network. The caller holds [`Networks::lock`].
    pub fn write_leases(&self, name: &str, leases: &Leases) -> Result<(), Error> {
        make_directories(&self.directory)?;
        Ok(write_json(&self.file(name, "leases"), leases, Durability::Volatile)?)
    }
}

/// podman's rule for the names of networks.
pub fn check_name(name: &str) -> Result<(), Error> {
    let mut bytes = name.bytes();
    let is_good = name.len() <= LONGEST_NAME
        && bytes.next().is_some_and(|first| first.is_ascii_alphanumeric())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
    if is_good { Ok(()) } else { Err(Error::BadName { name: name.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks() -> (tempfile::TempDir, Networks) {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths { root: home.path().join("store"), run_root: home.path().join("run"), additional: vec![] };
        let networks = Networks::new(&paths);
        (home, networks)
    }

    #[test]
    fn the_default_network_is_always_there() {
        let (_home, networks) = networks();
        for name in ["podman", "bridge", "default", "2f259bab93aa"] {
            assert_eq!(networks.find(name).unwrap(), Network::default_network(), "{name}");
        }
        assert_eq!(networks.list(), [Network::default_network()]);
        assert!(matches!(networks.delete("podman"), Err(Error::Default { .. })));
    }

    #[test]
    fn a_network_is_found_by_name_and_start_of_its_id() {
        let (_home, networks) = networks();
        for (name, id) in [("web", "aa11"), ("db", "aa22")] {
            let _lock = networks.lock_all().unwrap();
            let network = Network { name: name.to_owned(), id: id.repeat(16), ..Network::default_network() };
            networks.write(&network).unwrap();
        }
        assert_eq!(networks.find("web").unwrap().name, "web");
        assert_eq!(networks.find("aa2").unwrap().name, "db");
        assert!(matches!(networks.find("aa"), Err(Error::Ambiguous { .. })));
        for missing in ["", "..", "a/b", "we", "ffff"] {
            assert!(networks.find(missing).unwrap_err().is_not_found(), "{missing}");
        }
        networks.delete("web").unwrap();
        assert!(networks.delete("web").unwrap_err().is_not_found());
        let names: Vec<String> = networks.list().into_iter().map(|network| network.name).collect();
        assert_eq!(names, ["db", "podman"]);
    }

    #[test]
    fn names_are_as_podman_has_them() {
        for good in ["a", "web-1_2.x", "0"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", ".a", "a/b", "a b", "ä", &"x".repeat(201)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
