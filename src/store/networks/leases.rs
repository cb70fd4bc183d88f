//! Who is on a network now, with which addresses and names: `networks/<name>.leases`.
//!
//! A lease belongs to a process: the command that starts a container, then its keeper. When that process is gone, the
//! lease is void, whoever killed it; the next change of the file drops it. Readers must therefore look at
//! [`Lease::is_live`], and nothing ever has to be cleaned up.

use super::error::Error;
use super::record::Network;
use super::subnet::{Subnet, next};
use crate::store::containers::ProcessId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leases {
    /// `/proc/sys/kernel/random/boot_id` when it was written: process numbers mean nothing after a reboot.
    pub boot_id: String,
    /// The process that holds the bridge.
    #[serde(default)]
    pub holder: Option<ProcessId>,
    /// Containers on the network.
    #[serde(default)]
    pub members: Vec<Lease>,
    /// The address last given out in each subnet: the next one given is the one after it, so that an address that has
    /// just become free is not soon somebody else's.
    #[serde(default)]
    pub last: BTreeMap<String, IpAddr>,
}

/// One container on a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The container's ID.
    pub container: String,
    /// The container's name.
    pub name: String,
    /// Everything it can be called on this network, lower case: name, aliases, short ID, host name.
    pub names: Vec<String>,
    /// The interface inside.
    pub interface: String,
    /// The cable's other end, at the bridge.
    #[serde(default)]
    pub port: String,
    /// Its addresses, one per subnet.
    pub addresses: Vec<LeasedAddress>,
    /// The interface's hardware address, `xx:xx:xx:xx:xx:xx`.
    pub mac: String,
    /// Other networks the container is on: their names are resolved for it too.
    #[serde(default)]
    pub others: Vec<String>,
    /// The process this lease lives as long as.
    pub owner: ProcessId,
}

/// One address of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeasedAddress {
    /// The address.
    pub address: IpAddr,
    /// The subnet it is in.
    pub subnet: Subnet,
    /// The gateway there.
    pub gateway: Option<IpAddr>,
}

impl Lease {
    /// Whether the process it belongs to lives.
    pub fn is_live(&self) -> bool {
        self.owner.is_alive()
    }

    /// The address of a family.
    pub fn address(&self, is_ipv6: bool) -> Option<&LeasedAddress> {
        self.addresses.iter().find(|leased| leased.address.is_ipv6() == is_ipv6)
    }
}

impl Leases {
    /// Drops what is void: leases of processes that are gone, and all of another boot.
    pub(super) fn settle(&mut self, boot_id: &str) {
        if self.boot_id != boot_id {
            self.members.clear();
            self.holder = None;
            self.boot_id = boot_id.to_owned();
        }
        self.members.retain(Lease::is_live);
        self.holder = self.holder.filter(|holder| holder.is_alive());
    }

    /// Addresses for one more container: those in `wanted`, else the next free ones, one of each subnet.
    ///
    /// # Errors
    /// An address wanted is in no subnet, or somebody's already; a subnet is full.
    pub fn assign(&mut self, network: &Network, wanted: &[IpAddr]) -> Result<Vec<LeasedAddress>, Error> {
        let outside = |address: &&IpAddr| !network.subnets.iter().any(|subnet| subnet.subnet.contains(**address));
        if let Some(address) = wanted.iter().find(outside) {
            return Err(Error::OutsideSubnets { address: *address, network: network.name.clone() });
        }
        let mut assigned = Vec::with_capacity(network.subnets.len());
        for subnet in &network.subnets {
            let is_wanted = wanted.iter().find(|address| subnet.subnet.contains(**address));
            let address = match is_wanted {
                Some(address) => self.claim(network, *address)?,
                None => self.next_free(network, subnet)?,
            };
            if is_wanted.is_none() {
                self.last.insert(subnet.subnet.to_string(), address);
            }
            assigned.push(LeasedAddress { address, subnet: subnet.subnet, gateway: subnet.gateway });
        }
        Ok(assigned)
    }

    fn claim(&self, network: &Network, address: IpAddr) -> Result<IpAddr, Error> {
        if network.subnets.iter().any(|subnet| subnet.gateway == Some(address)) {
            return Err(Error::AddressInUse { address, owner: format!("the gateway of network {}", network.name) });
        }
        match self.members.iter().find(|member| member.addresses.iter().any(|leased| leased.address == address)) {
            Some(member) => Err(Error::AddressInUse { address, owner: format!("container ID {}", member.container) }),
            None => Ok(address),
        }
    }

    fn next_free(&self, network: &Network, subnet: &super::record::NetworkSubnet) -> Result<IpAddr, Error> {
        let first = subnet.subnet.address();
        let (start, end) = subnet.range().ok_or(Error::Full { start: first, end: subnet.subnet.last() })?;
        let after_last = self.last.get(&subnet.subnet.to_string()).copied().and_then(next);
        let begin = after_last.filter(|address| (start..=end).contains(address)).unwrap_or(start);
        let mut address = begin;
        // At most one more candidate than there are addresses taken: a free one is found by then, or all are seen.
        loop {
            if self.claim(network, address).is_ok() {
                return Ok(address);
            }
            address = next(address).filter(|address| *address <= end).unwrap_or(start);
            if address == begin {
                return Err(Error::Full { start, end });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::networks::NetworkSubnet;

    fn network(subnets: &[&str]) -> Network {
        let subnets = subnets.iter().map(|text| {
            let subnet: Subnet = text.parse().unwrap();
            NetworkSubnet { subnet, gateway: subnet.first_host(), lease_range: None }
        });
        Network { subnets: subnets.collect(), name: "net".to_owned(), ..Network::default_network() }
    }

    fn join(leases: &mut Leases, network: &Network, wanted: &[&str]) -> Result<Vec<String>, String> {
        let wanted: Vec<IpAddr> = wanted.iter().map(|text| text.parse().unwrap()).collect();
        let addresses = leases.assign(network, &wanted).map_err(|error| error.to_string())?;
        let shown = addresses.iter().map(|leased| leased.address.to_string()).collect();
        leases.members.push(Lease {
            container: format!("c{}", leases.members.len()),
            name: String::new(),
            names: Vec::new(),
            interface: "eth0".to_owned(),
            port: String::new(),
            addresses,
            mac: String::new(),
            others: Vec::new(),
            owner: ProcessId::of(std::process::id() as i32).unwrap(),
        });
        Ok(shown)
    }

    #[test]
    fn an_address_is_given_once_and_not_soon_again() {
        let network = network(&["10.89.0.0/29", "fd00::/64"]);
        let mut leases = Leases::default();
        assert_eq!(join(&mut leases, &network, &[]).unwrap(), ["10.89.0.2", "fd00::2"]);
        assert_eq!(join(&mut leases, &network, &["10.89.0.4"]).unwrap(), ["10.89.0.4", "fd00::3"]);
        assert_eq!(join(&mut leases, &network, &[]).unwrap(), ["10.89.0.3", "fd00::4"]);
        leases.members.remove(0);
        assert_eq!(join(&mut leases, &network, &[]).unwrap()[0], "10.89.0.5");
        assert_eq!(join(&mut leases, &network, &[]).unwrap()[0], "10.89.0.6");
        assert_eq!(join(&mut leases, &network, &[]).unwrap()[0], "10.89.0.2", "once round");
        let full = join(&mut leases, &network, &[]).unwrap_err();
        assert_eq!(full, "failed to find free IP in range: 10.89.0.1 - 10.89.0.6");
    }

    #[test]
    fn a_wanted_address_is_free_and_inside() {
        let network = network(&["10.89.0.0/24"]);
        let mut leases = Leases::default();
        join(&mut leases, &network, &["10.89.0.9"]).unwrap();
        for (wanted, expected) in [
            ("10.89.0.9", "requested ip address 10.89.0.9 is already allocated to container ID c0"),
            ("10.89.0.1", "requested ip address 10.89.0.1 is already allocated to the gateway of network net"),
            ("10.90.0.1", "requested static ip 10.90.0.1 not in any subnet on network net"),
            ("fd00::1", "requested static ip fd00::1 not in any subnet on network net"),
        ] {
            assert_eq!(join(&mut leases, &network, &[wanted]).unwrap_err(), expected);
        }
    }

    #[test]
    fn leases_of_the_dead_are_void() {
        let network = network(&["10.89.0.0/24"]);
        let mut leases = Leases { boot_id: "this".to_owned(), ..Leases::default() };
        join(&mut leases, &network, &[]).unwrap();
        leases.settle("this");
        assert_eq!(leases.members.len(), 1);
        leases.members[0].owner.start_time += 1;
        leases.settle("this");
        assert_eq!(leases.members.len(), 0);
        join(&mut leases, &network, &[]).unwrap();
        leases.settle("another");
        assert_eq!(leases.members.len(), 0);
    }
}
