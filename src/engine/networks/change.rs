//! `network connect`, `disconnect` and `reload`: containers come onto networks and off them while they exist, running or
//! not.
//!
//! What is changed is the container's record, which holds for later starts; a running container is plugged in or
//! unplugged at once, from outside, by the command itself. Its way out is the first network that has one: default route
//! and published ports move to the next when it is left.
//!
//! A container that has only the default, private network keeps that until it ends, beside the new one; from its next
//! start on it is on the network `podman` and the new one.

use super::attachment::{Attachment, free_interface};
use super::files;
use super::join::{LeaseRequest, Who, lease_one, leave, plug_in_for, publish, way_out};
use super::prepare::{attachment_of, servers_elsewhere};
use crate::engine::Engine;
use crate::engine::error::Error;
use crate::engine::events;
use crate::engine::lifecycle::open_process;
use crate::engine::network::{NetworkMode, PrivateKind, bind_all, rules_of_running};
use crate::engine::record::ContainerRecord;
use crate::network::networks::{open_inside, route_through};
use crate::runtime::failure::Failure;
use crate::store::containers::{self, Durability, ProcessId, State};
use crate::store::networks::{self, DEFAULT_NAME};
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
        let network = attachment.network.clone();
        match running(&record, &state) {
            Some(running) => {
                self.plug(&record, &attachment, &running)?;
                record.networks.push(attachment);
                if record.networks.len() == 1 && record.network.mode == NetworkMode::Named {
                    self.publish_anew(&mut record)?;
                }
                self.tell_inside(&record, None)?;
            }
            None => {
                record.networks.push(attachment);
                become_named(&mut record);
            }
        }
        self.note_networks(&record)?;
        events::tell(&self.paths, &[events::plugging(&id, &network, "connect")]);
        Ok(())
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
        let way_out_before = self.way_out_of(&record);
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
        if let Some(running) = running(&record, &state) {
            let gone = self.lease_of(&network, &id);
            leave(&self.paths, &network, &id)?;
            let has_lost_its_way = way_out_before.as_deref() == Some(&network);
            if has_lost_its_way && record.network.mode == NetworkMode::Named && !record.networks.is_empty() {
                self.lead_out(&record, &running)?;
                self.publish_anew(&mut record)?;
            }
            self.tell_inside(&record, gone.as_ref())?;
        }
        self.note_networks(&record)?;
        events::tell(&self.paths, &[events::plugging(&id, &network, "disconnect")]);
        Ok(())
    }

    /// The name of the network that the container's default route and published ports lead to.
    fn way_out_of(&self, record: &ContainerRecord) -> Option<String> {
        let index = way_out(&self.networks(), &record.networks).unwrap_or(0);
        record.networks.get(index).map(|attachment| attachment.network.clone())
    }

    /// Gives a running container the default routes of its way out.
    fn lead_out(&self, record: &ContainerRecord, running: &Running) -> Result<(), Error> {
        let Some(name) = self.way_out_of(record) else { return Ok(()) };
        let Some(lease) = self.lease_of(&name, &record.id) else { return Ok(()) };
        if !self.networks().find(&name)?.has_default_route() {
            return Ok(());
        }
        let process = open_process(running.process).ok_or_else(|| gone(record))?;
        let failed = |error: crate::network::networks::Error| Failure::message(error.to_string());
        let route = open_inside(process.as_fd()).map_err(failed)?;
        let gateways: Vec<std::net::IpAddr> = lease.addresses.iter().filter_map(|leased| leased.gateway).collect();
        Ok(route_through(&route, &lease.interface, &gateways).map_err(failed)?)
    }

    /// Binds the published ports again, which nobody holds any more, and has them lead to the container's way out.
    fn publish_anew(&self, record: &mut ContainerRecord) -> Result<(), Error> {
        let Some(name) = self.way_out_of(record).filter(|_| !record.network.ports.is_empty()) else { return Ok(()) };
        let Some(lease) = self.lease_of(&name, &record.id) else { return Ok(()) };
        let bound = bind_all(&mut record.network.ports)?;
        publish(&self.paths, &name, &lease, bound)
    }

    /// The container's own hosts and resolv.conf say where it is now; what else is in them stays.
    fn tell_inside(&self, record: &ContainerRecord, gone: Option<&networks::Lease>) -> Result<(), Error> {
        let store = self.networks();
        let leases: Vec<networks::Lease> =
            record.networks.iter().filter_map(|attachment| self.lease_of(&attachment.network, &record.id)).collect();
        // An internal network knows no names of the outside, which a container with a private network can reach.
        let is_asked = |name: &str| {
            let is_enough =
                |network: &networks::Network| !network.internal || record.network.mode == NetworkMode::Named;
            store.find(name).is_ok_and(|network| network.dns_enabled && is_enough(&network))
        };
        let way_out = self.way_out_of(record);
        let ordered = way_out.iter().chain(record.networks.iter().map(|attachment| &attachment.network));
        let server = ordered.filter(|name| is_asked(name)).find_map(|name| {
            let lease = self.lease_of(name, &record.id)?;
            lease.addresses.iter().find_map(|leased| leased.gateway)
        });
        let outward = way_out.filter(|_| record.network.mode == NetworkMode::Named);
        let outward = outward.filter(|name| store.find(name).is_ok_and(|network| !network.internal));
        let lease = outward.and_then(|name| self.lease_of(&name, &record.id));
        let host = lease.and_then(|lease| lease.addresses.iter().find_map(|leased| leased.gateway));
        files::tell(record, &files::Change { leases: &leases, gone, host, server })
    }

    /// Makes the networks of a running container anew: after their process was killed.
    ///
    /// # Errors
    /// Unknown container; it does not run; a network cannot be made.
    pub fn reload_networks(&self, container: &str) -> Result<String, Error> {
        let (id, _lock, mut record, state) = self.open_container(container)?;
        let Some(running) = running(&record, &state) else {
            return Err(Error::Conflict(format!(
                "cannot reload container {id} network unless container has been configured: container state improper"
            )));
        };
        if record.network.mode != NetworkMode::Named {
            return Ok(id);
        }
        for attachment in &record.networks.clone() {
            let known = self.lease_of(&attachment.network, &id);
            let _ = leave(&self.paths, &attachment.network, &id); // it may be gone
            // The addresses it had are what others know.
            let kept = known.map(|lease| Attachment {
                addresses: lease.addresses.iter().map(|leased| leased.address).collect(),
                mac: Some(lease.mac),
                interface: Some(lease.interface),
                ..attachment.clone()
            });
            self.plug(&record, kept.as_ref().unwrap_or(attachment), &running)?;
        }
        if !record.networks.is_empty() {
            self.publish_anew(&mut record)?;
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

    fn plug(&self, record: &ContainerRecord, attachment: &Attachment, running: &Running) -> Result<(), Error> {
        let process = open_process(running.process).ok_or_else(|| gone(record))?;
        let route = open_inside(process.as_fd()).map_err(|error| Failure::message(error.to_string()))?;
        let store = self.networks();
        let leased = |other: &Attachment| self.lease_of(&other.network, &record.id);
        let current: Vec<networks::Lease> =
            record.networks.iter().filter(|other| other.network != attachment.network).filter_map(leased).collect();
        let mut taken: Vec<String> = current.iter().map(|lease| lease.interface.clone()).collect();
        taken.extend(running.own_interface.clone());
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
            is_way_out: record.network.mode == NetworkMode::Named
                && !record.networks.iter().any(|other| has_way_out(&other))
                && store.find(&attachment.network)?.has_default_route(),
            owner: running.keeper,
        };
        let mut joining = lease_one(&self.paths, &store, &request)?;
        joining.servers = servers_elsewhere(&record.request, &joining.lease.addresses);
        if let Some(egress) = &record.network.egress {
            let (rules, log) = rules_of_running(egress)?;
            joining.guard(rules, log);
        }
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
#[derive(Clone, Debug)]
struct Running {
    process: ProcessId,
    keeper: ProcessId,
    /// The interface of its private network.
    own_interface: Option<String>,
}

fn running(record: &ContainerRecord, state: &State) -> Option<Running> {
    let is_running = state.status.is_alive();
    let has_own = matches!(record.network.mode, NetworkMode::Private(_));
    let own_interface = state.networks.first().filter(|_| has_own).map(|own| own.interface.clone());
    Some(Running { process: state.process.filter(|_| is_running)?, keeper: state.keeper?, own_interface })
}

fn gone(record: &ContainerRecord) -> Error {
    Error::Conflict(format!("container {} has just ended: container state improper", record.id))
}

/// A container with the default network that was brought onto others is from its next start on those and on the network
/// `podman`, as a container made for several networks.
/// Returns whether the record has changed.
pub(in crate::engine) fn become_named(record: &mut ContainerRecord) -> bool {
    if record.network.mode == NetworkMode::Named || record.networks.is_empty() {
        return false;
    }
    record.network.mode = NetworkMode::Named;
    if !record.networks.iter().any(|known| known.network == DEFAULT_NAME) {
        record.networks.insert(0, Attachment { network: DEFAULT_NAME.to_owned(), ..Attachment::default() });
    }
    true
}

/// Which containers can be brought onto networks: those that are on some, and those that left the choice to us. What was
/// asked for in other words, and rules for what leaves, would not hold on another network.
fn check_mode(record: &ContainerRecord) -> Result<(), Error> {
    match &record.network.mode {
        NetworkMode::Named => Ok(()),
        NetworkMode::Private(network) if network.kind == PrivateKind::Private && record.network.egress.is_some() => {
            Err(Error::BadRequest(
                "cannot connect a container with --egress rules: they would not hold there".to_owned(),
            ))
        }
        NetworkMode::Private(network) if network.kind == PrivateKind::Private => Ok(()),
        mode => Err(Error::BadRequest(format!("{:?} is not supported: invalid network mode", mode.word()))),
    }
}
