//! An event as podman prints it: a line of text, JSON, or what templates see.

use crate::cli::output::human;
use crate::store::events::{Event, EventType};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The fields of podman's `events --format json`, in its order.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Json<'e> {
    #[serde(skip_serializing_if = "Option::is_none")]
    container_exit_code: Option<i32>,
    #[serde(rename = "ID", skip_serializing_if = "str::is_empty")]
    id: &'e str,
    #[serde(skip_serializing_if = "str::is_empty")]
    image: &'e str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'e str,
    #[serde(rename = "network", skip_serializing_if = "str::is_empty")]
    network: &'e str,
    status: &'e str,
    #[serde(rename = "time")]
    seconds: i64,
    #[serde(rename = "timeNano")]
    nanoseconds: i64,
    #[serde(rename = "Type")]
    kind: EventType,
    #[serde(rename = "health_status", skip_serializing_if = "str::is_empty")]
    health_status: &'e str,
    #[serde(skip_serializing_if = "str::is_empty")]
    error: &'e str,
    #[serde(rename = "PodID", skip_serializing_if = "str::is_empty")]
    pod_id: &'e str,
    attributes: Option<&'e BTreeMap<String, String>>,
}

impl<'e> Json<'e> {
    /// The fields of `event`.
    pub(super) fn of(event: &'e Event) -> Self {
        Json {
            container_exit_code: event.container_exit_code,
            id: &event.id,
            image: &event.image,
            name: &event.name,
            network: &event.network,
            status: &event.status,
            seconds: event.time.as_second(),
            nanoseconds: nanoseconds(event),
            kind: event.kind,
            health_status: &event.health_status,
            error: &event.error,
            pod_id: &event.pod_id,
            attributes: event.attributes.as_ref(),
        }
    }
}

/// Since 1970; a time that does not fit (after 2262) shows as the last that does.
fn nanoseconds(event: &Event) -> i64 {
    i64::try_from(event.time.as_nanosecond()).unwrap_or(i64::MAX)
}

/// What templates see.
pub(super) fn row(event: &Event) -> Value {
    json!({
        "ContainerExitCode": event.container_exit_code,
        "ID": event.id,
        "Image": event.image,
        "Name": event.name,
        "Network": event.network,
        "Status": event.status,
        "Time": event.time.as_second(),
        "TimeNano": nanoseconds(event),
        "Type": event.kind,
        "HealthStatus": event.health_status,
        "Error": event.error,
        "PodID": event.pod_id,
        "Attributes": event.attributes.clone().unwrap_or_default(),
        // docker's names of the same.
        "Action": event.status,
        "Actor": { "ID": event.id, "Attributes": docker_attributes(event) },
    })
}

/// docker keeps the name, the image and the exit code among the attributes.
fn docker_attributes(event: &Event) -> BTreeMap<String, String> {
    let mut attributes = event.attributes.clone().unwrap_or_default();
    let code = event.container_exit_code.map(|code| code.to_string());
    for (name, value) in [("name", Some(event.name.clone())), ("image", Some(event.image.clone())), ("exitCode", code)]
    {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            attributes.entry(name.to_owned()).or_insert(value);
        }
    }
    attributes
}

/// One line, without its end.
pub(super) fn text(event: &Event, whole_id: bool) -> String {
    let id = if whole_id { event.id.as_str() } else { human::short_id(&event.id) };
    let start = format!("{} {} {}", time(event), event.kind.word(), event.status);
    match event.kind {
        EventType::Container | EventType::Pod => container(event, &start, id),
        EventType::Network => match event.attributes.as_ref().and_then(|attributes| attributes.get("driver")) {
            Some(driver) => format!("{start} {} (name={}, type={driver})", event.id, event.network),
            None => format!("{start} {id} (container={id}, name={})", event.network),
        },
        EventType::Image => match event.error.as_str() {
            "" => format!("{start} {id} {}", event.name),
            error => format!("{start} {id} {} {error}", event.name),
        },
        EventType::System if event.name.is_empty() => start,
        EventType::System | EventType::Volume => format!("{start} {}", event.name),
        EventType::Secret => format!("{start} {id}"),
    }
}

fn container(event: &Event, start: &str, id: &str) -> String {
    let mut line = format!("{start} {id} (image={}, name={}", event.image, event.name);
    // Writing to memory cannot fail.
    if !event.pod_id.is_empty() {
        let _ = write!(line, ", pod_id={}", event.pod_id);
    }
    if !event.health_status.is_empty() {
        let _ = write!(line, ", health_status={}", event.health_status);
    }
    for (key, value) in event.attributes.iter().flatten() {
        let _ = write!(line, ", {key}={value}");
    }
    line.push(')');
    line
}

/// `2026-01-02 03:04:05.678 +0100 CET`: as Go prints a time.
fn time(event: &Event) -> String {
    let zoned = event.time.to_zoned(jiff::tz::TimeZone::system());
    zoned.strftime("%Y-%m-%d %H:%M:%S%.f %z %Z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_podmans() {
        let base = Event { id: "0123456789abcdef".into(), name: "web".into(), ..Event::default() };
        let labels = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        let driver = BTreeMap::from([("driver".to_owned(), "bridge".to_owned())]);
        let cases = [
            (
                Event { status: "start".into(), image: "i".into(), attributes: Some(labels), ..base.clone() },
                "container start 0123456789ab (image=i, name=web, a=b)",
            ),
            (
                Event { status: "health_status".into(), health_status: "healthy".into(), ..base.clone() },
                "container health_status 0123456789ab (image=, name=web, health_status=healthy)",
            ),
            (Event { kind: EventType::Image, status: "tag".into(), ..base.clone() }, "image tag 0123456789ab web"),
            (Event { kind: EventType::Volume, status: "create".into(), ..base.clone() }, "volume create web"),
            (
                Event {
                    kind: EventType::Network,
                    status: "create".into(),
                    network: "n".into(),
                    attributes: Some(driver),
                    ..base.clone()
                },
                "network create 0123456789abcdef (name=n, type=bridge)",
            ),
            (
                Event { kind: EventType::Network, status: "connect".into(), network: "n".into(), ..base.clone() },
                "network connect 0123456789ab (container=0123456789ab, name=n)",
            ),
            (Event { kind: EventType::System, status: "refresh".into(), ..Event::default() }, "system refresh"),
        ];
        for (event, expected) in cases {
            let line = text(&event, false);
            let words = line.splitn(5, ' ').nth(4);
            assert_eq!(words, Some(expected), "{line}");
        }
    }

    #[test]
    fn json_has_podmans_fields_in_its_order() {
        let event = Event {
            container_exit_code: Some(0),
            id: "i".into(),
            name: "web".into(),
            status: "died".into(),
            time: "1970-01-01T00:00:01.5Z".parse().expect("a time"),
            attributes: Some(BTreeMap::new()),
            ..Event::default()
        };
        assert_eq!(
            serde_json::to_string(&Json::of(&event)).expect("plain values"),
            r#"{"ContainerExitCode":0,"ID":"i","Name":"web","Status":"died","time":1,"timeNano":1500000000,"Type":"container","Attributes":{}}"#
        );
    }
}
