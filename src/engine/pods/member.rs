//! Containers of a pod: what they take from it when they are created and when they start.

use crate::engine::Engine;
use crate::engine::error::Error;
use crate::engine::network::{self, NetworkMode};
use crate::engine::record::{ContainerRecord, Membership};
use crate::engine::request::{ContainerRequest, NamespaceMode, UserNamespaceMode};
use crate::engine::start::StartOptions;
use crate::store::containers::ProcessId;
use crate::store::paths::Paths;
use crate::store::pods::Pods;

impl Engine {
    /// `request` with what it takes from its pod; `None` when it is for no pod, or for the infra container itself.
    pub(in crate::engine) fn in_pod(&self, request: &ContainerRequest) -> Result<Option<ContainerRequest>, Error> {
        let Some(name) = request.pod.as_deref().filter(|_| !request.holds_namespaces) else { return Ok(None) };
        let pod = self.pods().find(name)?;
        let mut request = ContainerRequest { pod: Some(pod.id.clone()), ..request.clone() };
        if request.restart.is_none() && !request.remove && !pod.restart.is_empty() {
            request.restart = Some(pod.restart.clone());
        }
        let Some(infra) = pod.infra.filter(|_| !pod.shared.is_empty()) else { return Ok(Some(request)) };
        let record: ContainerRecord = self.containers().read_config(&infra)?;
        let shares = |name: &str| pod.shared.iter().any(|shared| shared == name);
        if shares("net") {
            check_network(&request)?;
            request.network = match record.network.mode {
                NetworkMode::Host => vec!["host".to_owned()],
                _ => vec![format!("container:{infra}")],
            };
            request.no_hosts |= record.request.no_hosts;
        }
        for (name, mode, infras) in [
            ("ipc", &mut request.ipc, &record.request.ipc),
            ("uts", &mut request.uts, &record.request.uts),
            ("pid", &mut request.pid, &record.request.pid),
            ("cgroup", &mut request.cgroup, &record.request.cgroup),
        ] {
            let is_open = matches!(mode, NamespaceMode::Private | NamespaceMode::Shareable);
            match infras {
                NamespaceMode::Host if shares(name) && is_open => *mode = NamespaceMode::Host,
                _ if shares(name) && is_open => *mode = NamespaceMode::Container(infra.clone()),
                _ => {}
            }
        }
        // Whoever has a namespace of the infra container must be in the user namespace that owns it.
        request.userns = UserNamespaceMode::Container(infra.clone());
        if !record.mounts.is_empty() {
            request.volumes_from.push(infra);
        }
        Ok(Some(request))
    }

    /// The pod a container of `request` is to belong to; a request for a pod has its ID by now.
    pub(in crate::engine) fn membership(&self, request: &ContainerRequest) -> Option<Membership> {
        let pod = self.pods().get(request.pod.as_deref()?)?;
        Some(Membership { id: pod.id, name: pod.name, is_infra: request.holds_namespaces })
    }

    /// Finds the process whose namespaces a container that is about to start joins: its container may have been started anew
    /// since this one was made. One that does not run is started first.
    pub(in crate::engine) fn find_joined(&self, record: &mut ContainerRecord) -> Result<(), Error> {
        if let Some(join) = &mut record.plan.join
            && let Some(path) = &join.path
            && let network::Found::Process(found, _) = network::find_namespace(path)?
        {
            (join.pid, join.start_time) = (found.pid, found.start_time);
        }
        let Some(join) = record.plan.join.as_mut().filter(|join| !join.container.is_empty()) else { return Ok(()) };
        let name = &join.container;
        let process = match self.running_process(name)? {
            Some(process) => Some(process),
            None => {
                // Another command may have started it meanwhile; what counts is whether it runs now.
                let started = self.start(name, StartOptions::default(), None);
                let process = self.running_process(name)?;
                if let (None, Err(error)) = (process, started) {
                    return Err(error);
                }
                process
            }
        };
        let process = process.ok_or_else(|| {
            Error::Conflict(format!(
                "cannot join namespaces of container {name}: it has ended: container state improper"
            ))
        })?;
        (join.pid, join.start_time) = (process.pid, process.start_time);
        Ok(())
    }

    /// Starts the containers that `record` requires, unless they run.
    pub(in crate::engine) fn start_required(&self, record: &ContainerRecord) -> Result<(), Error> {
        for id in &record.requires {
            if self.running_process(id)?.is_none() {
                let started = self.start(id, StartOptions::default(), None);
                // Another command may have started it meanwhile.
                if let (None, Err(error)) = (self.running_process(id)?, started) {
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// The first process of a container, once nobody is starting or stopping it.
    fn running_process(&self, id: &str) -> Result<Option<ProcessId>, Error> {
        let state = self.containers().read_state(id)?;
        if let Some(process) = state.process.filter(|_| state.status.is_alive()) {
            return Ok(Some(process));
        }
        // A container that is being started has its starter holding the lock.
        let _lock = self.containers().lock(id)?;
        let state = self.containers().read_state(id)?;
        Ok(state.process.filter(|_| state.status.is_alive()))
    }
}

/// What concerns a network that is the pod's.
fn check_network(request: &ContainerRequest) -> Result<(), Error> {
    let shared = "network cannot be configured when it is shared with a pod";
    if !request.publish.is_empty() || request.publish_all {
        let what = "published or exposed ports must be defined when the pod is created";
        return Err(Error::BadRequest(format!("{what}: {shared}")));
    }
    let has_addresses = request.ip.is_some() || request.ip6.is_some() || request.mac_address.is_some();
    if has_addresses || !request.network.is_empty() || !request.network_alias.is_empty() {
        return Err(Error::BadRequest(format!("networks must be defined when the pod is created: {shared}")));
    }
    Ok(())
}

/// Called by the keeper of a container that has ended: with the exit policy `stop`, the last one takes the infra
/// container along.
pub(in crate::engine) fn after_end(paths: &Paths, record: &ContainerRecord) {
    let Some(member) = record.pod.as_ref().filter(|member| !member.is_infra) else { return };
    let Some(pod) = Pods::new(paths).get(&member.id).filter(|pod| pod.exit_policy == "stop") else { return };
    let Some(infra) = pod.infra else { return };
    let engine = Engine::new(paths.clone(), None);
    let others = engine.list_containers();
    let is_alive = |id: &str| others.iter().any(|other| other.record.id == id && other.state.status.is_alive());
    let is_last = !others.iter().any(|other| {
        let is_member = other.record.pod.as_ref().is_some_and(|pod| pod.id == member.id && !pod.is_infra);
        is_member && other.record.id != record.id && other.state.status.is_alive()
    });
    if is_last && is_alive(&infra) {
        let _ = engine.kill(&infra, record_stop_signal(&others, &infra)); // it may be ending by itself
    }
}

fn record_stop_signal(containers: &[crate::engine::lifecycle::Container], id: &str) -> i32 {
    containers.iter().find(|container| container.record.id == id).map_or(15, |container| container.record.stop_signal)
}
