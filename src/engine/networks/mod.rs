//! Networks with names: make, list, remove; and how containers come onto them.
//!
//! What a network is stands in [`crate::store::networks`]; what carries its packets in [`crate::network::networks`].
//! Here the two are joined to containers: [`attachment`] reads what a container asks for.

pub mod attachment;
mod change;
mod create;
mod files;
mod host;
mod join;
mod prepare;

pub use attachment::Attachment;
pub(super) use change::become_named;
pub use create::NetworkRequest;
pub(super) use join::{Joining, give_back, leave_all, plug_in};
pub(super) use prepare::{prepare, wanted};

use super::Engine;
use super::error::Error;
use super::events;
use super::lifecycle::RemoveOptions;
use crate::store::networks::{DEFAULT_NAME, Lease, Network};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A network and what is known about its use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkSummary {
    /// The network.
    pub network: Network,
    /// IDs of the containers that are configured for it, running or not.
    pub users: Vec<String>,
    /// Who is on it now.
    pub members: Vec<Lease>,
}

impl NetworkSummary {
    /// Whether no container uses it, running or not.
    pub fn is_dangling(&self) -> bool {
        self.users.is_empty() && self.members.is_empty()
    }
}

impl Engine {
    /// All networks, by name.
    pub fn list_networks(&self) -> Vec<NetworkSummary> {
        let mut users = self.network_users();
        let networks = self.networks();
        let summarise = |network: Network| NetworkSummary {
            users: users.remove(&network.name).unwrap_or_default(),
            members: networks.leases(&network.name).members,
            network,
        };
        networks.list().into_iter().map(summarise).collect()
    }

    /// The network of this name or ID, or whose ID begins so.
    ///
    /// # Errors
    /// There is none, or several.
    pub fn network(&self, name: &str) -> Result<NetworkSummary, Error> {
        let network = self.networks().find(name)?;
        Ok(NetworkSummary {
            users: self.network_users().remove(&network.name).unwrap_or_default(),
            members: self.networks().leases(&network.name).members,
            network,
        })
    }

    /// Removes a network; with `force` the containers that use it too, after `timeout_seconds` (their own when absent).
    ///
    /// # Errors
    /// There is no such network; it is in use, or the default one; the store cannot be written.
    pub fn remove_network(&self, name: &str, force: bool, timeout_seconds: Option<u32>) -> Result<(), Error> {
        let NetworkSummary { network, users, .. } = self.network(name)?;
        if network.name == DEFAULT_NAME {
            return Err(crate::store::networks::Error::Default { name: network.name }.into());
        }
        if !users.is_empty() && !force {
            return Err(Error::Conflict(format!(
                "{:?} has associated containers with it. Use -f to forcibly delete containers and pods: network is being used",
                network.name
            )));
        }
        for container in users {
            match self
                .remove_with_dependents(&container, RemoveOptions { force: true, timeout_seconds, volumes: false })
            {
                Err(error) if error.kind() != super::Kind::NotFound => return Err(error),
                _ => {}
            }
        }
        let networks = self.networks();
        let _lock = networks.lock_all()?;
        networks.delete(&network.name)?;
        events::tell(&self.paths, &[events::network(&network.id, &network.name, &network.driver, "remove")]);
        Ok(())
    }

    /// Changes the resolvers that a network asks for names it does not know.
    ///
    /// # Errors
    /// There is no such network; it has no names to resolve; the store cannot be written.
    pub fn update_network(&self, name: &str, add: &[IpAddr], remove: &[IpAddr]) -> Result<(), Error> {
        let networks = self.networks();
        let _lock = networks.lock_all()?;
        let mut network = networks.find(name)?;
        if !network.dns_enabled {
            return Err(Error::BadRequest(
                "cannot set NetworkDNSServers if DNS is not enabled for the network: invalid argument".to_owned(),
            ));
        }
        network.network_dns_servers.retain(|server| !remove.contains(server));
        for server in add {
            if !network.network_dns_servers.contains(server) {
                network.network_dns_servers.push(*server);
            }
        }
        Ok(networks.write(&network)?)
    }

    /// IDs of the containers that are configured for each network.
    fn network_users(&self) -> BTreeMap<String, Vec<String>> {
        let mut users: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for container in self.list_containers() {
            for attachment in &container.record.networks {
                users.entry(attachment.network.clone()).or_default().push(container.record.id.clone());
            }
        }
        users
    }
}
