//! `container clone` and `container cleanup`: the engine's part.

use super::Engine;
use super::error::Error;
use super::network::NetworkMode;
use super::networks;
use super::record::ContainerRecord;
use super::request::{ContainerRequest, NamespaceMode, UserNamespaceMode};

/// What a copy's name ends with, before a number.
const SUFFIX: &str = "-clone";

impl Engine {
    /// The request that makes another container like the one of `record`, without what only one container can have: its
    /// name, fixed addresses, files that tell its ID.
    pub fn request_of(&self, record: &ContainerRecord) -> ContainerRequest {
        let mut request = record.request.clone();
        (request.name, request.replace, request.start_at_once) = (None, false, false);
        (request.cidfile, request.pidfile, request.keeper_pidfile) = (None, None, None);
        (request.ip, request.ip6, request.mac_address) = (None, None, None);
        if record.network.mode == NetworkMode::Named {
            request.network = record.networks.iter().map(|attachment| attachment.network.clone()).collect();
        }
        if let Some(infra) = self.infra_of(&request) {
            // Given back, so that it is taken from the pod again.
            let of_pod = |mode: &NamespaceMode| matches!(mode, NamespaceMode::Container(id) if *id == infra);
            for mode in [&mut request.ipc, &mut request.uts, &mut request.pid, &mut request.cgroup] {
                if of_pod(mode) {
                    *mode = NamespaceMode::Private;
                }
            }
            request.userns = UserNamespaceMode::Host;
            request.network.clear();
            request.volumes_from.retain(|source| *source != infra);
        }
        request
    }

    fn infra_of(&self, request: &ContainerRequest) -> Option<String> {
        self.pods().get(request.pod.as_deref()?)?.infra
    }

    /// The first free name for a copy of the container `name`: `NAME-clone`, `NAME-clone1` and so on.
    pub fn name_of_clone(&self, name: &str) -> String {
        let (base, mut number) = match name.rsplit_once(SUFFIX) {
            Some((base, "")) => (base, 1),
            Some((base, digits)) => digits.parse::<u64>().map_or((name, 0), |number| (base, number + 1)),
            None => (name, 0),
        };
        loop {
            let candidate = match number {
                0 => format!("{base}{SUFFIX}"),
                number => format!("{base}{SUFFIX}{number}"),
            };
            if self.containers().find(&candidate).is_err() {
                return candidate;
            }
            number += 1;
        }
    }

    /// Gives back what a container that does not run still holds because its keeper was killed: control group, addresses,
    /// socket. Returns its ID.
    ///
    /// # Errors
    /// No such container.
    pub fn clean_up(&self, name: &str) -> Result<String, Error> {
        let containers = self.containers();
        let id = containers.find(name)?;
        let _lock = containers.lock(&id)?;
        let state = containers.read_state(&id)?;
        if !state.status.is_alive() {
            let record: ContainerRecord = containers.read_config(&id)?;
            super::lifecycle::remove_group(&state, &id);
            networks::leave_all(&self.paths, &record);
            let _ = std::fs::remove_dir_all(self.paths.container_run(&id)); // usually there is none
        }
        Ok(id)
    }
}
