//! What is told to the log of events, in podman's words; see [`crate::store::events`].

use super::record::ContainerRecord;
use crate::runtime::keeper::Milestone;
use crate::store::containers::Containers;
use crate::store::events::{self, Event, EventType};
use crate::store::paths::Paths;
use crate::store::pods::Pod;
use std::collections::BTreeMap;

/// Appends events to the log. One that cannot be written (a full disk) is lost, never what it tells of.
pub fn tell(paths: &Paths, told: &[Event]) {
    let _ = events::write(paths, told); // see above
}

/// Something happened to a container.
pub fn container(record: &ContainerRecord, status: &'static str) -> Event {
    Event {
        id: record.id.clone(),
        name: record.name.clone(),
        image: record.image.clone(),
        attributes: Some(record.labels.clone()),
        pod_id: record.pod.as_ref().map(|pod| pod.id.clone()).unwrap_or_default(),
        ..Event::new(EventType::Container, status)
    }
}

/// The same of a container that may have been renamed since its record was read.
pub fn container_now(paths: &Paths, record: &ContainerRecord, status: &'static str) -> Event {
    let mut event = container(record, status);
    // The name's own small file says whether the whole record has to be read again.
    let containers = Containers::new(paths);
    if !containers.has_name(&record.name, &record.id)
        && let Ok(now) = containers.read_config::<ContainerRecord>(&record.id)
    {
        event.name = now.name;
    }
    event
}

/// What a container's keeper has to tell.
pub fn milestone(paths: &Paths, record: &ContainerRecord, milestone: Milestone) -> Vec<Event> {
    match milestone {
        Milestone::Prepared => vec![container(record, "init")],
        Milestone::Started { attached, prepared } => {
            let init = (!prepared).then(|| container(record, "init"));
            let mut told: Vec<Event> = init.into_iter().chain([container(record, "start")]).collect();
            told.extend(attached.then(|| container(record, "attach")));
            told
        }
        Milestone::OutOfMemory => vec![container_now(paths, record, "oom")],
        Milestone::Ended(code) => {
            vec![Event { container_exit_code: Some(code), ..container_now(paths, record, "died") }]
        }
        Milestone::CleanedUp => vec![container_now(paths, record, "cleanup")],
        Milestone::Removed(code) => removal(record, Some(code), true),
    }
}

/// A container was removed, and its anonymous volumes with it where `with_volumes`.
pub fn removal(record: &ContainerRecord, exit_code: Option<i32>, with_volumes: bool) -> Vec<Event> {
    let mut told = vec![Event { container_exit_code: exit_code, ..container(record, "remove") }];
    if with_volumes {
        told.extend(record.anonymous_volumes.iter().map(|name| volume(name, "remove")));
    }
    told
}

/// Something happened to a volume.
pub fn volume(name: &str, status: &'static str) -> Event {
    Event { name: name.to_owned(), ..Event::new(EventType::Volume, status) }
}

/// Something happened to a pod.
pub fn pod(pod: &Pod, status: &'static str) -> Event {
    Event {
        id: pod.id.clone(),
        name: pod.name.clone(),
        attributes: Some(pod.labels.clone()),
        ..Event::new(EventType::Pod, status)
    }
}

/// A secret was made or removed.
pub fn secret(id: &str, status: &'static str) -> Event {
    Event { id: id.to_owned(), ..Event::new(EventType::Secret, status) }
}

/// Something happened to an image (`id` in hexadecimal digits) under a name.
pub fn image(id: &str, name: &str, status: &'static str) -> Event {
    Event { id: id.to_owned(), name: name.to_owned(), ..Event::new(EventType::Image, status) }
}

/// A network was made or removed.
pub fn network(id: &str, name: &str, driver: &str, status: &'static str) -> Event {
    Event {
        id: id.to_owned(),
        network: name.to_owned(),
        attributes: Some(BTreeMap::from([("driver".to_owned(), driver.to_owned())])),
        ..Event::new(EventType::Network, status)
    }
}

/// A container came onto a network or off it.
pub fn plugging(container: &str, network: &str, status: &'static str) -> Event {
    Event { id: container.to_owned(), network: network.to_owned(), ..Event::new(EventType::Network, status) }
}
