//! Pods: containers that share namespaces, and are started, stopped and removed together.
//!
//! The shared namespaces belong to one more container, the pod's *infra* container, as in podman. It needs no image: its
//! process is init itself, which instead of executing a program waits for signals ([`crate::runtime::init`]), in a root of empty
//! directories. Its keeper has the pod's network and published ports. The other containers join its namespaces as
//! `container:ID` does, so they also have its user namespace. It is started with the first of them and runs until the pod is
//! stopped, or, with the exit policy `stop`, until the last of them has ended.

mod lifecycle;
mod member;

pub use lifecycle::Done;
pub(super) use member::after_end;

use super::error::Error;
use super::lifecycle::{Container, RemoveOptions};
use super::plan::ImageDefaults;
use super::request::{ContainerRequest, RootSource};
use super::{Engine, events, names};
use crate::store::containers::Status;
use crate::store::pods::Pod;
use std::collections::BTreeMap;

/// Namespaces a pod's containers share when nothing is said.
pub const DEFAULT_SHARED: [&str; 3] = ["ipc", "net", "uts"];

/// A pod to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodRequest {
    /// Its name; one is made up when absent.
    pub name: Option<String>,
    /// Remove a pod of this name first.
    pub replace: bool,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Namespaces to share: `ipc`, `net`, `uts`, `pid`, `cgroup`, `user`.
    pub shared: Vec<String>,
    /// What the infra container is to be; `None` is a pod without one.
    pub infra: Option<ContainerRequest>,
    /// What happens when the last container exits: `continue` or `stop`.
    pub exit_policy: String,
    /// Restart policy of its containers.
    pub restart: String,
    /// The words of the command.
    pub create_command: Vec<String>,
}

/// A pod and its containers.
#[derive(Clone, Debug)]
pub struct PodSummary {
    /// The pod.
    pub pod: Pod,
    /// Its containers, the infra container among them, oldest first.
    pub members: Vec<Container>,
}

impl PodSummary {
    /// What it is doing, in podman's words, from what its containers are doing.
    pub fn status(&self) -> &'static str {
        // A container that prepares the pod has ended when all is well.
        let lasting = self.members.iter().filter(|member| member.record.request.init_container.is_none());
        let statuses: Vec<Status> = lasting.map(|member| member.state.status).collect();
        status_of(&statuses)
    }

    /// The infra container.
    pub fn infra(&self) -> Option<&Container> {
        self.members.iter().find(|member| Some(&member.record.id) == self.pod.infra.as_ref())
    }
}

fn status_of(statuses: &[Status]) -> &'static str {
    let count = |wanted: &[Status]| statuses.iter().filter(|status| wanted.contains(status)).count();
    let running = count(&[Status::Running, Status::Stopping, Status::Initialized]);
    let exited = count(&[Status::Exited]);
    match statuses.len() {
        0 => "Created",
        all if running == all => "Running",
        _ if running > 0 => "Degraded",
        all if count(&[Status::Paused]) == all => "Paused",
        all if exited == all => "Exited",
        _ if exited > 0 => "Stopped",
        _ => "Created",
    }
}

impl Engine {
    /// Makes a pod and returns it with lines worth showing. Nothing runs yet.
    ///
    /// # Errors
    /// The name is bad or taken; the infra container cannot be made as asked. Nothing is left then.
    pub fn create_pod(&self, request: PodRequest) -> Result<(Pod, Vec<String>), Error> {
        if let Some(name) = &request.name {
            if !names::is_valid(name) {
                let rule = "names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument";
                return Err(Error::BadRequest(format!("invalid config provided: pod name {name:?}: {rule}")));
            }
            if request.replace {
                self.remove_pod_if_there(name)?;
            }
            if let Ok(id) = self.containers().find(name)
                && self.container(&id).is_ok_and(|container| container.record.name == *name)
            {
                return Err(Error::Conflict(format!(
                    "adding pod to state: name {name:?} is in use: container already exists"
                )));
            }
        }
        let pod = Pod {
            name: request.name.unwrap_or_default(),
            created: jiff::Timestamp::now(),
            labels: request.labels,
            shared: if request.infra.is_some() { request.shared } else { Vec::new() },
            exit_policy: request.exit_policy,
            restart: request.restart,
            create_command: request.create_command,
            ..Pod::default()
        };
        let mut pod = self.pods().create(pod)?;
        let made = request.infra.map_or(Ok(Vec::new()), |infra| self.create_infra(&mut pod, infra));
        match made {
            Ok(warnings) => {
                events::tell(&self.paths, &[events::pod(&pod, "create")]);
                Ok((pod, warnings))
            }
            Err(error) => {
                // The first error is the one worth telling.
                let _ = self.pods().remove(&pod.id);
                Err(error)
            }
        }
    }

    fn create_infra(&self, pod: &mut Pod, infra: ContainerRequest) -> Result<Vec<String>, Error> {
        let request = ContainerRequest {
            root: RootSource::Nothing,
            command: vec!["/pause".to_owned()],
            name: infra.name.or_else(|| Some(format!("{}-infra", pod.id.get(..12).unwrap_or_default()))),
            hostname: infra.hostname.or_else(|| Some(pod.name.clone())),
            pod: Some(pod.id.clone()),
            holds_namespaces: true,
            passwd: false,
            log_driver: Some("none".to_owned()),
            cap_drop: vec!["ALL".to_owned()],
            ..infra
        };
        let created = self.create(&request, &ImageDefaults::default())?;
        pod.hostname = created.record.hostname;
        pod.infra = Some(created.record.id);
        self.pods().write(pod)?;
        Ok(created.warnings)
    }

    fn remove_pod_if_there(&self, name: &str) -> Result<(), Error> {
        match self.remove_pod(name, RemoveOptions { force: true, ..RemoveOptions::default() }) {
            Err(error) if error.kind() != super::Kind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The pod with this name or ID, or whose ID begins so.
    ///
    /// # Errors
    /// There is none, or several.
    pub fn pod(&self, name: &str) -> Result<PodSummary, Error> {
        let pod = self.pods().find(name)?;
        let is_member = |container: &Container| container.record.pod.as_ref().is_some_and(|member| member.id == pod.id);
        let members = self.list_containers().into_iter().filter(is_member);
        // Whole, which those of a list are not; one may be going just now.
        let members = members.filter_map(|member| self.container(&member.record.id).ok()).collect();
        Ok(PodSummary { pod, members })
    }

    /// All pods, oldest first.
    pub fn list_pods(&self) -> Vec<PodSummary> {
        let pods = self.pods().list();
        if pods.is_empty() {
            return Vec::new();
        }
        let mut members: BTreeMap<String, Vec<Container>> = BTreeMap::new();
        for container in self.list_containers() {
            if let Some(member) = &container.record.pod {
                members.entry(member.id.clone()).or_default().push(container);
            }
        }
        let summarise = |pod: Pod| PodSummary { members: members.remove(&pod.id).unwrap_or_default(), pod };
        pods.into_iter().map(summarise).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_does_what_its_containers_do() {
        use Status::{Created, Exited, Paused, Running};
        let cases: [(&[Status], &str); 8] = [
            (&[], "Created"),
            (&[Created, Created], "Created"),
            (&[Running, Running], "Running"),
            (&[Running, Exited], "Degraded"),
            (&[Running, Paused], "Degraded"),
            (&[Paused, Paused], "Paused"),
            (&[Exited, Exited], "Exited"),
            (&[Exited, Created], "Stopped"),
        ];
        for (statuses, expected) in cases {
            assert_eq!(status_of(statuses), expected, "{statuses:?}");
        }
    }
}
