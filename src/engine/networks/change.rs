//! `network connect`, `disconnect` and `reload`: containers come onto networks and off them while they exist, running or
//! not.
//!
//! What is changed is the container's record, which holds for later starts; a running container is plugged in or
//! unplugged at once, from outside, by the command itself. Published ports stay where they were at the start.

use super::attachment::{Attachment, free_interface};
use super::join::{LeaseRequest, Who, lease_one, leave, plug_in_for};
use super::prepare::attachment_of;
use crate::engine::Engine;
use crate::engine::error::Error;
use crate::engine::lifecycle::open_process;
use crate::engine::network::NetworkMode;
use crate::engine::record::ContainerRecord;
use crate::network::networks::open_inside;
use crate::runtime::failure::Failure;
use crate::store::containers::{self, Durability, ProcessId, State};
use crate::store::networks;
use std::os::fd::AsFd;

impl Engine {
    /// Brings a container onto one more network. The caller must have one thread.
    ///
    /// # Errors
    /// Unknown network or container; the container has no networks with names, or is on this one already; an address is
    /// taken; the network cannot be made.
    pub fn connect_network(&self, container: &str, mut attachment: Attachment) -> Result<(), Error> {
        attachment.network = self.networks().find(&attachment.network)?.name;
        let (id, _lock, mut record, state) = self.open_container(container)?;
        check_mode(&record)?;
        if record.networks.iter().any(|known| known.network == attachment.network) {
            return Err(networks::Error::Connected { container: id, network: attachment.network }.into());
        }
        if let Some(running) = running(&state) {
            self.plug(&record, &attachment, running)?;
        }
        record.networks.push(attachment);
        self.note_networks(&record)
    }

    /// Takes a container off a network. With `force`, one that is not on it, or is gone, is no error.
    ///
    /// # Errors
    /// Unknown network or container; the container is not on it.
    pub fn disconnect_network(&self, network: &str, container: &str, force: bool) -> Result<(), Error> {
        let network = self.networks().find(network)?.name;
        let (id, _lock, mut record, state) = match self.open_container(container) {
            Err(error) if force && error.kind() == crate::engine::Kind::NotFound => return Ok(()),
            other => other?,
        };
        check_mode(&record)?;
        let before = record.networks.len();
        record.networks.retain(|known| known.network != network);
        if record.networks.len() == before {
            return match force {
                true => Ok(()),
                false => Err(Error::BadRequest(format!(
                    "container {id} is not connected to network {network}: network is not connected"
                ))),
            };
        }
        if running(&state).is_some() {
            leave(&self.paths, &network, &id)?;
        }
        self.note_networks(&record)
    }

    /// Makes the networks of a running container anew: after their process was killed.
    ///
    /// # Errors
    /// Unknown container; it does not run; a network cannot be made.
    pub fn reload_networks(&self, container: &str) -> Result<String, Error> {
        let (id, _lock, record, state) = self.open_container(container)?;
        let Some(running) = running(&state) else {
            return Err(Error::Conflict(format!(
                "cannot reload container {id} network unless container has been configured: container state improper"
            )));
        };
        if record.network.mode != NetworkMode::Named {
            return Ok(id);
        }
        for attachment in &record.networks {
            let known = self.lease_of(&attachment.network, &id);
            let _ = leave(&self.paths, &attachment.network, &id); // it may be gone
            // The addresses it had are what others know.
            let kept = known.map(|lease| Attachment {
                addresses: lease.addresses.iter().map(|leased| leased.address).collect(),
                mac: Some(lease.mac),
                interface: Some(lease.interface),
                ..attachment.clone()
            });
            self.plug(&record, kept.as_ref().unwrap_or(attachment), running)?;
        }
        self.note_networks(&record)?;
        Ok(id)
    }

    /// The interfaces of a container on networks with names, as they are now.
    pub fn named_attachments(&self, record: &ContainerRecord) -> Vec<containers::Attachment> {
        let attached = |attachment: &Attachment| {
            let lease = self.lease_of(&attachment.network, &record.id)?;
            Some(attachment_of(&attachment.network, &lease))
        };
        record.networks.iter().filter_map(attached).collect()
    }

    fn lease_of(&self, network: &str, id: &str) -> Option<networks::Lease> {
        self.networks().leases(network).members.into_iter().find(|lease| lease.container == id)
    }

    fn open_container(&self, name: &str) -> Result<(String, std::os::fd::OwnedFd, ContainerRecord, State), Error> {
        let containers = self.containers();
        let id = containers.find(name)?;
        let lock = containers.lock(&id)?;
        Ok((id.clone(), lock, containers.read_config(&id)?, containers.read_state(&id)?))
    }

    fn plug(&self, record: &ContainerRecord, attachment: &Attachment, running: Running) -> Result<(), Error> {
        let gone = || Error::Conflict(format!("container {} has just ended: container state improper", record.id));
        let process = open_process(running.process).ok_or_else(gone)?;
        let route = open_inside(process.as_fd()).map_err(|error| Failure::message(error.to_string()))?;
        let store = self.networks();
        let leased = |other: &Attachment| self.lease_of(&other.network, &record.id);
        let current: Vec<networks::Lease> =
            record.networks.iter().filter(|other| other.network != attachment.network).filter_map(leased).collect();
        let taken: Vec<String> = current.iter().map(|lease| lease.interface.clone()).collect();
        let wanted = attachment.interface.clone().filter(|wanted| !taken.contains(wanted));
        let has_way_out = |other: &&Attachment| {
            other.network != attachment.network
                && store.find(&other.network).is_ok_and(|network| network.has_default_route())
        };
        let request = LeaseRequest {
            who: Who { id: &record.id, name: &record.name, hostname: &record.hostname },
            attachment,
            interface: &wanted.unwrap_or_else(|| free_interface(&taken)),
            others: Vec::new(),
            is_way_out: !record.networks.iter().any(|other| has_way_out(&other))
                && store.find(&attachment.network)?.has_default_route(),
            owner: running.keeper,
        };
        let joining = lease_one(&self.paths, &store, &request)?;
        let plugged = plug_in_for(&self.paths, vec![joining], &route, running.keeper);
        if plugged.is_err() {
            let _ = leave(&self.paths, &attachment.network, &record.id); // the first error is the one worth telling
        }
        Ok(plugged?)
    }

    /// Writes the record, and for a running container which networks it is on to the leases of each.
    fn note_networks(&self, record: &ContainerRecord) -> Result<(), Error> {
        let durability = if record.request.remove { Durability::Volatile } else { Durability::Durable };
        self.containers().write_config(&record.id, record, durability)?;
        let store = self.networks();
        for attachment in &record.networks {
            let _lock = store.lock(&attachment.network)?;
            let mut leases = store.leases(&attachment.network);
            let Some(lease) = leases.members.iter_mut().find(|lease| lease.container == record.id) else { continue };
            let others = record.networks.iter().filter(|other| other.network != attachment.network);
            lease.others = others.map(|other| other.network.clone()).collect();
            store.write_leases(&attachment.network, &leases)?;
        }
        Ok(())
    }
}

/// The processes of a container that runs.
#[derive(Clone, Copy, Debug)]
struct Running {
    process: ProcessId,
    keeper: ProcessId,
}

fn running(state: &State) -> Option<Running> {
    let is_running = state.status.is_alive();
    Some(Running { process: state.process.filter(|_| is_running)?, keeper: state.keeper? })
}

fn check_mode(record: &ContainerRecord) -> Result<(), Error> {
    match &record.network.mode {
        NetworkMode::Named => Ok(()),
        mode => Err(Error::BadRequest(format!("{:?} is not supported: invalid network mode", mode.word()))),
    }
}
