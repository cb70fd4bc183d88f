//! Starting, stopping and removing a pod: what is done to its containers one after the other, the infra container first when
//! starting and last when stopping.

use super::PodSummary;
use crate::engine::error::Error;
use crate::engine::lifecycle::{Condition, Container, NEWS_INTERVAL, RemoveOptions};
use crate::engine::request::InitContainer;
use crate::engine::start::StartOptions;
use crate::engine::{Engine, events};
use crate::store::containers::Status;

/// What was done to a pod.
#[derive(Debug, Default)]
pub struct Done {
    /// The pod's ID.
    pub id: String,
    /// What went wrong with single containers.
    pub failures: Vec<Error>,
    /// Lines worth showing.
    pub warnings: Vec<String>,
}

impl Engine {
    /// Starts the containers of a pod that do not run. The caller must have one thread.
    ///
    /// # Errors
    /// There is no such pod; it has no containers.
    pub fn start_pod(&self, name: &str) -> Result<Done, Error> {
        let summary = self.pod(name)?;
        let mut done = Done { id: summary.pod.id.clone(), ..Done::default() };
        if summary.members.is_empty() {
            return Err(Error::Conflict(format!(
                "no containers in pod {} have no dependencies, cannot start pod: no such container",
                summary.pod.id
            )));
        }
        for member in infra_first(&summary) {
            // The infra container may have been started for another one.
            if self.container(&member.record.id).is_ok_and(|now| now.state.status.is_alive()) {
                continue;
            }
            if let Some(kind) = member.record.request.init_container {
                // What it prepares is not there: nobody else is started.
                self.prepare_pod(&member.record.id, kind)?;
                continue;
            }
            match self.start(&member.record.id, StartOptions::default(), None) {
                Ok(session) => done.warnings.extend(session.warnings),
                Err(error) => done.failures.push(error),
            }
        }
        events::tell(&self.paths, &[events::pod(&summary.pod, "start")]);
        Ok(done)
    }

    /// Runs a container to its end before others of its pod are started.
    fn prepare_pod(&self, id: &str, kind: InitContainer) -> Result<(), Error> {
        drop(self.start(id, StartOptions::default(), None)?);
        match self.wait(id, &[Condition::Exited], NEWS_INTERVAL)? {
            0 => {}
            code => return Err(Error::Conflict(format!("init container {id} exited with code {code}"))),
        }
        match kind {
            InitContainer::Once => self.remove_member(id, RemoveOptions::default()).map(drop),
            InitContainer::Always => Ok(()),
        }
    }

    /// Stops the containers of a pod, each within `timeout_seconds` (its own when absent).
    ///
    /// # Errors
    /// There is no such pod.
    pub fn stop_pod(&self, name: &str, timeout_seconds: Option<u32>) -> Result<Done, Error> {
        let summary = self.pod(name)?;
        let mut done = Done { id: summary.pod.id.clone(), ..Done::default() };
        let (infra, others): (Vec<&Container>, Vec<&Container>) =
            summary.members.iter().partition(|member| Some(&member.record.id) == summary.pod.infra.as_ref());
        let stop = |member: &Container| self.stop(&member.record.id, timeout_seconds).map(drop);
        // All at once, since each may take its whole time; the threads are gone before anything is forked.
        let mut ends: Vec<Result<(), Error>> = std::thread::scope(|scope| {
            let stopping: Vec<_> = others.iter().map(|member| scope.spawn(move || stop(member))).collect();
            stopping.into_iter().filter_map(|stopping| stopping.join().ok()).collect()
        });
        crate::sys::process::wait_for_joined_threads();
        ends.extend(infra.into_iter().map(stop));
        // Disposable containers go when they end.
        let failures = ends.into_iter().filter_map(Result::err);
        done.failures = failures.filter(|error| error.kind() != crate::engine::Kind::NotFound).collect();
        events::tell(&self.paths, &[events::pod(&summary.pod, "stop")]);
        Ok(done)
    }

    /// Sends a signal to every running container of a pod.
    ///
    /// # Errors
    /// There is no such pod.
    pub fn kill_pod(&self, name: &str, signal: i32) -> Result<Done, Error> {
        self.each_of_pod(name, "kill", |engine, member| match member.state.status.is_alive() {
            true => engine.kill(&member.record.id, signal).map(drop),
            false => Ok(()),
        })
    }

    /// Stops every process of every running container of a pod.
    ///
    /// # Errors
    /// There is no such pod.
    pub fn pause_pod(&self, name: &str) -> Result<Done, Error> {
        self.each_of_pod(name, "pause", |engine, member| match member.state.status {
            Status::Running | Status::Stopping => engine.pause(&member.record.id).map(drop),
            _ => Ok(()),
        })
    }

    /// Continues the processes of every paused container of a pod.
    ///
    /// # Errors
    /// There is no such pod.
    pub fn unpause_pod(&self, name: &str) -> Result<Done, Error> {
        self.each_of_pod(name, "unpause", |engine, member| match member.state.status {
            Status::Paused => engine.unpause(&member.record.id).map(drop),
            _ => Ok(()),
        })
    }

    /// Tells the log of events that a pod was restarted.
    pub fn tell_pod_restart(&self, name: &str) {
        if let Ok(pod) = self.pods().find(name) {
            events::tell(&self.paths, &[events::pod(&pod, "restart")]);
        }
    }

    /// Removes a pod with its containers. Those that run are an error unless forced. Returns the pod's ID.
    ///
    /// # Errors
    /// There is no such pod; containers run; files cannot be removed.
    pub fn remove_pod(&self, name: &str, options: RemoveOptions) -> Result<String, Error> {
        let summary = self.pod(name)?;
        let id = summary.pod.id.clone();
        // A running infra container alone is no reason to keep a pod.
        let busy = summary
            .members
            .iter()
            .find(|member| member.state.status.is_alive() && Some(&member.record.id) != summary.pod.infra.as_ref());
        if let Some(busy) = busy.filter(|_| !options.force) {
            return Err(Error::Conflict(format!(
                "not all containers could be removed from pod {id}: removing pod containers: cannot remove container {} as it is \
                 {} - running or paused containers cannot be removed without force: container state improper",
                busy.record.id,
                busy.state.status.word()
            )));
        }
        let options = RemoveOptions { force: true, ..options };
        for member in infra_first(&summary).into_iter().rev() {
            match self.remove_member(&member.record.id, options) {
                Err(error) if error.kind() != crate::engine::Kind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.pods().remove(&id)?;
        events::tell(&self.paths, &[events::pod(&summary.pod, "remove")]);
        Ok(id)
    }

    fn each_of_pod(
        &self,
        name: &str,
        event: &'static str,
        action: impl Fn(&Engine, &Container) -> Result<(), Error>,
    ) -> Result<Done, Error> {
        let summary = self.pod(name)?;
        let mut done = Done { id: summary.pod.id.clone(), ..Done::default() };
        for member in infra_first(&summary).into_iter().rev() {
            match action(self, member) {
                // Disposable containers go when they end.
                Err(error) if error.kind() != crate::engine::Kind::NotFound => done.failures.push(error),
                _ => {}
            }
        }
        events::tell(&self.paths, &[events::pod(&summary.pod, event)]);
        Ok(done)
    }
}

/// The containers, the infra container before those that need it, and those that prepare the pod before the others.
fn infra_first(summary: &PodSummary) -> Vec<&Container> {
    let mut members: Vec<&Container> = summary.members.iter().collect();
    members.sort_by_key(|member| {
        (Some(&member.record.id) != summary.pod.infra.as_ref(), member.record.request.init_container.is_none())
    });
    members
}
