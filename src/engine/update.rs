//! `update`: other limits, another restart policy, variables or health check for a container that exists.
//!
//! The record is changed under the container's lock and replaced as a whole, so the next start has everything. What a
//! running container sees at once: limits, as far as it has a control group; the restart policy, which its keeper reads when
//! its process has ended; the command and the limits of a health check, which each check reads (its interval only from the next
//! start, since the keeper has set its clock); variables, for processes that `exec` starts.

use super::error::Error;
use super::plan::ImageDefaults;
use super::record::ContainerRecord;
use super::request::ContainerRequest;
use super::{Engine, events, health};
use crate::runtime::cgroup::Group;
use crate::store::containers::{Durability, State};
use std::collections::BTreeSet;

/// Variables to be set and to be removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnvironmentChange {
    /// `NAME=value`, later ones win.
    pub set: Vec<String>,
    /// Names.
    pub unset: Vec<String>,
}

/// A container that was changed.
#[derive(Clone, Debug)]
pub struct Updated {
    /// Its ID.
    pub id: String,
    /// Lines worth showing.
    pub warnings: Vec<String>,
}

impl Engine {
    /// Changes what was asked for when a container was created, by `change`, and its variables.
    ///
    /// # Errors
    /// There is no such container; `change` refuses; the limits cannot be, or the kernel refuses them. Nothing is changed then.
    pub fn update<E: From<Error>>(
        &self,
        name: &str,
        environment: &EnvironmentChange,
        change: impl FnOnce(&mut ContainerRequest, &ContainerRecord) -> Result<(), E>,
    ) -> Result<Updated, E> {
        let containers = self.containers();
        let id = containers.find(name).map_err(Error::from)?;
        let _lock = containers.lock(&id).map_err(Error::from)?;
        let before: ContainerRecord = containers.read_config(&id).map_err(Error::from)?;
        let mut record = before.clone();
        change(&mut record.request, &before)?;
        settle(&mut record, environment)?;
        let mut warnings = Vec::new();
        let state = containers.read_state(&id).map_err(Error::from)?;
        if record.request.limits != before.request.limits && state.status.is_alive() {
            warnings = apply_now(&record, &state)?;
        }
        let durability = if record.request.remove { Durability::Volatile } else { Durability::Durable };
        containers.write_config(&id, &record, durability).map_err(Error::from)?;
        events::tell(&self.paths, &[events::container(&record, "update")]);
        Ok(Updated { id, warnings })
    }
}

/// What follows from a changed request.
fn settle(record: &mut ContainerRecord, environment: &EnvironmentChange) -> Result<(), Error> {
    let image = ImageDefaults { healthcheck: record.health.take(), ..ImageDefaults::default() };
    record.health = health::resolve(&record.request, &image)?;
    record.plan.group.asked = record.request.limits.asked();
    let resources = record.request.limits.resources()?;
    if let Some(linux) = record.plan.spec.linux_mut() {
        linux.set_resources(Some(resources));
    }
    if let Some(process) = record.plan.spec.process_mut() {
        let variables = process.env().clone().unwrap_or_default();
        process.set_env(Some(changed(variables, environment)));
    }
    record.request.env.extend(environment.set.iter().cloned());
    Ok(())
}

/// `variables` with those of `environment` in their places, or at the end.
fn changed(variables: Vec<String>, environment: &EnvironmentChange) -> Vec<String> {
    let name_of = |text: &str| text.split('=').next().unwrap_or_default().to_owned();
    let gone: BTreeSet<String> =
        environment.unset.iter().cloned().chain(environment.set.iter().map(|text| name_of(text))).collect();
    let mut changed: Vec<String> = variables.into_iter().filter(|text| !gone.contains(&name_of(text))).collect();
    for (at, text) in environment.set.iter().enumerate() {
        let is_last = !environment.set[at + 1..].iter().any(|later| name_of(later) == name_of(text));
        if is_last {
            changed.push(text.clone());
        }
    }
    changed
}

/// Writes the limits to the control group of a container that runs; says what does not hold.
fn apply_now(record: &ContainerRecord, state: &State) -> Result<Vec<String>, Error> {
    let resources = record.plan.spec.linux().as_ref().and_then(|linux| linux.resources().as_ref());
    match (&state.group, resources) {
        (Some(group), Some(resources)) => {
            let notes = Group::at(group.clone()).apply(resources);
            let notes = notes.map_err(|error| Error::Conflict(format!("updating container {}: {error}", record.id)))?;
            Ok(notes.into_iter().map(|note| format!("Warning: {note}")).collect())
        }
        _ => Ok(vec![format!(
            "Warning: resource limits are not enforced: {}: the running container has no control group of its own",
            record.plan.group.asked.join(", ")
        )]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_added_and_removed() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let change = EnvironmentChange { set: texts(&["A=3", "C=1", "A=4"]), unset: texts(&["B"]) };
        assert_eq!(changed(texts(&["A=1", "B=2", "AB=x"]), &change), ["AB=x", "C=1", "A=4"]);
        assert_eq!(changed(texts(&["A=1"]), &EnvironmentChange::default()), ["A=1"]);
    }
}
