//! `--filter` of container commands: parsed once, then asked for each container.
//!
//! Values of one key are alternatives, except labels, which must all be there; different keys must all fit.

use crate::cli::failure::Failure;
use crate::cli::moment;
use crate::cli::pattern::Pattern;
use crate::engine::health::{self, Results};
use crate::engine::lifecycle::Container;
use crate::engine::network::exposed;
use jiff::Timestamp;

/// A filter as typed.
#[derive(Debug)]
enum Filter {
    Network(String),
    Id(String),
    IdPattern(Pattern),
    Name(Pattern),
    Label {
        key: String,
        value: Option<String>,
        wanted: bool,
    },
    Status(String),
    Exited(i32),
    Ancestor(String),
    Created {
        before: bool,
        time: Timestamp,
    },
    Volume(String),
    Command(String),
    Pod(String),
    Health(String),
    RestartPolicy(String),
    /// It is to run after a reboot.
    StartsAtBoot(bool),
    /// A port, published or exposed, of these numbers.
    Port {
        published: bool,
        first: u16,
        last: u16,
        protocol: String,
    },
    /// docker's `is-task`: nothing here is one.
    Task(bool),
}

/// The filters of one command.
#[derive(Debug, Default)]
pub(crate) struct Filters {
    by_key: Vec<(&'static str, Vec<Filter>)>,
}

/// Restart policies a container can be asked for, in podman's words.
const POLICIES: [&str; 5] = ["none", "no", "on-failure", "always", "unless-stopped"];

/// States a container can be asked for; coracle's own are among them.
const STATES: [&str; 10] = [
    "created",
    "initialized",
    "running",
    "paused",
    "stopping",
    "stopped",
    "exited",
    "removing",
    "restarting",
    "unknown",
];

impl Filters {
    /// Parses filters. `before` and `since` are looked up among `all`.
    ///
    /// # Errors
    /// An unknown key or a value that makes no sense for its key.
    pub(crate) fn parse(texts: &[String], all: &[Container], now: Timestamp) -> Result<Filters, Failure> {
        let mut filters = Filters::default();
        check_policies(texts)?;
        for text in texts {
            let (key, value) = text.split_once('=').ok_or_else(|| invalid(format!("invalid filter {text:?}")))?;
            let (key, filter) = parse_one(key, value, all, now)?;
            match filters.by_key.iter_mut().find(|(known, _)| *known == key) {
                Some((_, alternatives)) => alternatives.push(filter),
                None => filters.by_key.push((key, vec![filter])),
            }
        }
        Ok(filters)
    }

    /// Whether one was given for this key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.by_key.iter().any(|(known, _)| *known == key)
    }

    /// Whether `container` fits all of them.
    pub(crate) fn accept(&self, container: &Container) -> bool {
        self.by_key.iter().all(|(key, filters)| match *key {
            "label" | "label!" => filters.iter().all(|filter| filter.accepts(container)),
            _ => filters.iter().any(|filter| filter.accepts(container)),
        })
    }
}

/// All restart policies that are none are named at once, as podman does.
fn check_policies(texts: &[String]) -> Result<(), Failure> {
    let given = texts.iter().filter_map(|text| text.strip_prefix("restart-policy="));
    let wrong: Vec<&str> = given.filter(|policy| !POLICIES.contains(policy)).collect();
    match wrong.len() {
        0 => Ok(()),
        1 => Err(invalid(format!("{} invalid restart policy", wrong[0]))),
        _ => Err(invalid(format!("{} invalid restart policies", wrong.join(", ")))),
    }
}

/// A text of hexadecimal digits is the beginning of an ID, any other an expression.
fn id_filter(text: &str) -> Filter {
    match text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Filter::Id(text.to_ascii_lowercase()),
        false => Filter::IdPattern(Pattern::new(&text.to_ascii_lowercase())),
    }
}

fn invalid(text: String) -> Failure {
    Failure::Arguments(text)
}

fn parse_one(key: &str, value: &str, all: &[Container], now: Timestamp) -> Result<(&'static str, Filter), Failure> {
    let label = |wanted| {
        let (key, value) = value.split_once('=').map_or((value, None), |(key, value)| (key, Some(value.to_owned())));
        Filter::Label { key: key.to_owned(), value, wanted }
    };
    Ok(match key {
        "id" => ("id", id_filter(value)),
        "name" | "names" => ("name", Filter::Name(Pattern::new(&value.replace('/', "")))),
        "label" => ("label", label(true)),
        "label!" => ("label!", label(false)),
        "status" if STATES.contains(&value) => ("status", Filter::Status(value.to_owned())),
        "status" => return Err(invalid(format!("unknown container state: {value}: invalid argument"))),
        "exited" => {
            let code = value.parse().map_err(|_| invalid(format!("exited code out of range {value:?}")))?;
            ("exited", Filter::Exited(code))
        }
        "ancestor" => ("ancestor", Filter::Ancestor(value.to_owned())),
        "before" => ("before", Filter::Created { before: true, time: created(value, all)? }),
        "since" => ("since", Filter::Created { before: false, time: created(value, all)? }),
        "until" => {
            let time = moment::parse(value, now).ok_or_else(|| invalid(format!("unable to parse time {value:?}")))?;
            ("until", Filter::Created { before: true, time })
        }
        "volume" => ("volume", Filter::Volume(value.to_owned())),
        "command" => ("command", Filter::Command(value.to_owned())),
        "network" => ("network", Filter::Network(value.to_owned())),
        "pod" => ("pod", Filter::Pod(value.to_owned())),
        "health" => ("health", Filter::Health(value.to_owned())),
        // Checked with all others.
        "restart-policy" => ("restart-policy", Filter::RestartPolicy(value.to_owned())),
        "should-start-on-boot" => {
            let wanted = crate::cli::values::boolean(value)
                .map_err(|_| invalid(format!("invalid boolean value {value:?} for filter {key:?}")))?;
            ("should-start-on-boot", Filter::StartsAtBoot(wanted))
        }
        // docker's.
        "publish" => ("publish", port(value, true)?),
        "expose" => ("expose", port(value, false)?),
        "is-task" => {
            let wanted = crate::cli::values::boolean(value)
                .map_err(|_| invalid(format!("invalid boolean value {value:?} for filter {key:?}")))?;
            ("is-task", Filter::Task(wanted))
        }
        _ => return Err(invalid(format!("{key} is an invalid filter"))),
    })
}

/// `PORT[-PORT][/PROTOCOL]`.
fn port(text: &str, published: bool) -> Result<Filter, Failure> {
    let (numbers, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
    match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) => Ok(Filter::Port { published, first, last, protocol: protocol.to_owned() }),
        _ => Err(invalid(format!("invalid port {text:?}"))),
    }
}

/// When the container called `name` was created.
fn created(name: &str, all: &[Container]) -> Result<Timestamp, Failure> {
    let found = all.iter().find(|container| container.record.name == name || container.record.id.starts_with(name));
    let missing = || invalid(format!("no container with name or ID {name:?} found: no such container"));
    found.map(|container| container.record.created).ok_or_else(missing)
}

impl Filter {
    fn accepts(&self, container: &Container) -> bool {
        let Container { record, state } = container;
        match self {
            Filter::Network(name) => {
                record.network.mode.word() == *name
                    || record.networks.iter().any(|attachment| attachment.network == *name)
            }
            Filter::Id(prefix) => record.id.starts_with(prefix.as_str()),
            Filter::IdPattern(pattern) => pattern.matches(&record.id),
            Filter::Name(pattern) => pattern.matches(&record.name),
            Filter::Label { key, value, wanted } => {
                let fits = |found: &String| value.as_ref().is_none_or(|value| value == found);
                record.labels.get(key).is_some_and(fits) == *wanted
            }
            Filter::Status(word) if word == "stopped" => state.status.word() == "exited",
            Filter::Status(word) => state.status.word() == word,
            Filter::Exited(code) => state.status.word() == "exited" && state.exit_code == *code,
            Filter::Ancestor(image) => is_ancestor(image, &record.image, &record.image_id),
            Filter::Created { before: true, time } => record.created < *time,
            Filter::Created { before: false, time } => record.created > *time,
            Filter::Volume(wanted) => {
                record.mounts.iter().any(|mount| [&mount.name, &mount.source, &mount.destination].contains(&wanted))
            }
            Filter::Pod(wanted) => record
                .pod
                .as_ref()
                .is_some_and(|pod| pod.name == *wanted || (!wanted.is_empty() && pod.id.starts_with(wanted.as_str()))),
            Filter::Health(word) => {
                let is_checked = health::active(record).is_some() && state.status.is_alive();
                let word = if word == "none" { "" } else { word };
                let found = is_checked.then(|| Results::read(&record.plan.directory).unwrap_or_default());
                found.map_or("", |results| results.status.word()) == word
            }
            Filter::StartsAtBoot(wanted) => container.starts_at_boot() == *wanted,
            // Without a policy a container has `no`, which filters call `none` as well.
            Filter::RestartPolicy(name) => {
                record.restart_policy().parts().0 == if name == "none" { "no" } else { name.as_str() }
            }
            Filter::Port { published, first, last, protocol } => {
                let fits = |start: u16, count: u16, of: &str| {
                    of == protocol && start <= *last && start.saturating_add(count.saturating_sub(1)) >= *first
                };
                let mappings = &record.network.ports;
                mappings.iter().any(|mapping| fits(mapping.container_port, mapping.count, &mapping.protocol))
                    || (!published
                        && record
                            .exposed_ports
                            .iter()
                            .flat_map(|text| exposed(text))
                            .any(|(port, of)| fits(port, 1, of)))
            }
            Filter::Task(wanted) => !wanted,
            Filter::Command(word) => record.command().first() == Some(word),
        }
    }
}

/// Whether an image as typed is the one a container was made of: by ID, by whole name, or by the end of the name.
fn is_ancestor(typed: &str, name: &str, id: &str) -> bool {
    let typed_id = typed.strip_prefix("sha256:").unwrap_or(typed);
    let without_tag = match name.rfind(':') {
        Some(colon) if !name[colon..].contains('/') => &name[..colon],
        _ => name,
    };
    let ends = |name: &str| name == typed || name.strip_suffix(typed).is_some_and(|rest| rest.ends_with('/'));
    (!typed_id.is_empty() && id.starts_with(typed_id)) || ends(name) || ends(without_tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ancestors_are_named_in_any_way() {
        let name = "docker.io/library/debian:12";
        for (typed, expected) in [
            ("debian", true),
            ("debian:12", true),
            ("debian:11", false),
            ("library/debian:12", true),
            ("docker.io/library/debian:12", true),
            ("bian:12", false),
            ("abc", true),
            ("sha256:abcd", true),
            ("", false),
        ] {
            assert_eq!(is_ancestor(typed, name, "abcdef"), expected, "{typed}");
        }
    }
}
