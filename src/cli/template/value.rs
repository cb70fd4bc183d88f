//! The values a template works on: JSON data seen the way Go sees the structs and maps it came from.
//!
//! JSON does not tell a struct from a map, and templates do: a field a struct lacks is an error, a key a map lacks prints
//! `<no value>`. An object is taken for a struct when every key could be the name of a field, and for a map when the
//! name it is found under is one that podman and docker use for maps ([`MAP_FIELDS`]) or when it has other keys or
//! none. The top of the data is always a struct.
//!
//! The data carries podman's JSON names, so that `{{json .Host}}` prints them. A template uses the Go names of the same
//! fields; these differ by capitals (`.Host.OCIRuntime` is `ociRuntime`, `.ID` is `Id`), apart from [`GO_NAMES`].

use serde_json::{Map, Value};
use std::rc::Rc;

/// Fields that hold maps whatever their keys look like.
const MAP_FIELDS: [&str; 22] = [
    "Annotations",
    "ContainerNames",
    "Containers",
    "Data",
    "DriverOpts",
    "EndpointSettings",
    "ExposedPorts",
    "GraphOptions",
    "GraphStatus",
    "Labels",
    "LogOpts",
    "Networks",
    "Options",
    "Ports",
    "PortBindings",
    "Registries",
    "StorageOpt",
    "Sysctls",
    "Tmpfs",
    "UnitFiles",
    "Volumes",
    "VolumesNamed",
];

/// Fields that hold a time of Go's: as JSON in the form of RFC 3339, printed in Go's own.
const TIME_FIELDS: [&str; 5] = ["Created", "StartedAt", "FinishedAt", "CheckpointedAt", "RestoredAt"];

/// Fields of health checks that hold a length of time of Go's: as JSON in nanoseconds, printed as `1m30s`.
const DURATION_FIELDS: [&str; 4] = ["Interval", "Timeout", "StartPeriod", "StartInterval"];

/// `Timeout` is a number of seconds elsewhere; no check has one as short as this many nanoseconds.
const SHORTEST_TIMEOUT: i64 = 1_000_000;

/// Structs that are printed as Go prints them, values only in the order of the fields; JSON has lost the order of others.
const STRUCTS: [&[&str]; 2] = [
    &["HostIp", "HostPort"],
    &["Type", "Name", "Source", "Destination", "Driver", "Mode", "Options", "RW", "Propagation", "SubPath"],
];

/// Go names that differ from the JSON name of the same field by more than capitals (podman's `libpod/define`).
const GO_NAMES: [(&str, &str); 4] = [
    ("CgroupsVersion", "cgroupVersion"),
    ("CgroupsControllers", "cgroupControllers"),
    ("DefaultCapabilities", "capabilities"),
    ("DistributionInfo", "distribution"),
];

/// Fields that podman's JSON leaves out when they have nothing to say, and templates know all the same: a field that tells the
/// struct, the field, and what it is then.
const OMITTED: [(&str, &str, Zero); 12] = [
    ("InfraContainerID", "RestartPolicy", Zero::Text),
    ("Destination", "Name", Zero::Text),
    ("Destination", "SubPath", Zero::Text),
    ("OOMKilled", "Health", Zero::Nil),
    ("OOMKilled", "Healthcheck", Zero::Nil),
    ("OOMKilled", "ConmonPid", Zero::Number),
    ("CreateCommand", "Secrets", Zero::Nil),
    ("CreateCommand", "SystemdMode", Zero::No),
    ("CreateCommand", "Healthcheck", Zero::Nil),
    ("CreateCommand", "ExposedPorts", Zero::Nil),
    ("Mountpoint", "Anonymous", Zero::No),
    ("Mountpoint", "UID", Zero::Number),
];

/// A Go type's value when nothing was given.
#[derive(Clone, Copy)]
enum Zero {
    Text,
    Number,
    No,
    Nil,
}

/// What an object was in Go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Struct,
    Map,
}

/// One value. Cloning is cheap: text and lists are borrowed or shared.
#[derive(Clone, Debug)]
pub(super) enum Item<'a> {
    /// Nothing was found; prints `<no value>`.
    Missing,
    Nil,
    Bool(bool),
    Integer(i128),
    /// A length of time in nanoseconds.
    Duration(i64),
    Float(f64),
    Text(&'a str),
    /// A time, as JSON has it.
    Time(&'a str),
    /// Text made by a function.
    Made(Rc<str>),
    Array(&'a [Value]),
    /// A list made by a function.
    List(Rc<[Item<'a>]>),
    Object(&'a Map<String, Value>, Shape),
    /// The data while a table's header line is made: each field is the header of its column.
    Headers,
}

fn is_duration(name: &str, value: i64) -> bool {
    DURATION_FIELDS.contains(&name) && (name != "Timeout" || value >= SHORTEST_TIMEOUT)
}

impl<'a> Item<'a> {
    /// The value found under `name` (empty: an element of a list, or no field).
    pub(super) fn of(value: &'a Value, name: &str) -> Self {
        match value {
            Value::Null if MAP_FIELDS.iter().any(|known| known.eq_ignore_ascii_case(name)) => Item::Missing,
            Value::Null => Item::Nil,
            Value::Bool(value) => Item::Bool(*value),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(value), _) if is_duration(name, value) => Item::Duration(value),
                (Some(value), _) => Item::Integer(value.into()),
                (None, Some(value)) => Item::Integer(value.into()),
                (None, None) => Item::Float(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => match TIME_FIELDS.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                true if is_time(text) => Item::Time(text),
                _ => Item::Text(text),
            },
            Value::Array(items) => Item::Array(items),
            Value::Object(map) => Item::Object(map, shape(map, name)),
        }
    }

    /// The data a template is rendered with.
    pub(super) fn top(value: &'a Value) -> Self {
        match value {
            Value::Object(map) => Item::Object(map, Shape::Struct),
            other => Item::of(other, ""),
        }
    }

    pub(super) fn made(text: impl Into<Rc<str>>) -> Self {
        Item::Made(text.into())
    }

    /// The number, of integers and lengths of time.
    pub(super) fn integer(&self) -> Option<i128> {
        match self {
            Item::Integer(value) => Some(*value),
            Item::Duration(value) => Some((*value).into()),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Item::Text(text) => Some(text),
            Item::Made(text) => Some(text),
            _ => None,
        }
    }

    /// Go's truth: not the zero value, not empty.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Item::Missing | Item::Nil => false,
            Item::Bool(value) => *value,
            Item::Integer(value) => *value != 0,
            Item::Duration(value) => *value != 0,
            Item::Float(value) => *value != 0.0,
            Item::Text(text) => !text.is_empty(),
            Item::Made(text) => !text.is_empty(),
            Item::Array(items) => !items.is_empty(),
            Item::List(items) => !items.is_empty(),
            Item::Object(map, shape) => *shape == Shape::Struct || !map.is_empty(),
            Item::Time(_) | Item::Headers => true,
        }
    }

    /// Number of elements of a list.
    pub(super) fn list_length(&self) -> Option<usize> {
        match self {
            Item::Array(items) => Some(items.len()),
            Item::List(items) => Some(items.len()),
            _ => None,
        }
    }

    /// Element `index` of a list.
    pub(super) fn element(&self, index: usize) -> Option<Item<'a>> {
        match self {
            Item::Array(items) => items.get(index).map(|item| Item::of(item, "")),
            Item::List(items) => items.get(index).cloned(),
            _ => None,
        }
    }

    /// The elements of a list; empty for anything else.
    pub(super) fn elements(&self) -> impl Iterator<Item = Item<'a>> + '_ {
        (0..self.list_length().unwrap_or(0)).filter_map(|index| self.element(index))
    }

    /// Go's name of the type.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Item::Missing | Item::Nil => "<nil>",
            Item::Bool(_) => "bool",
            Item::Integer(_) => "int",
            Item::Duration(_) => "time.Duration",
            Item::Float(_) => "float64",
            Item::Time(_) => "time.Time",
            Item::Text(_) | Item::Made(_) => "string",
            Item::Array(_) | Item::List(_) if self.elements().all(|item| item.text().is_some()) => "[]string",
            Item::Array(_) | Item::List(_) => "[]interface {}",
            Item::Object(map, Shape::Map) if map.values().all(Value::is_string) => "map[string]string",
            Item::Object(_, Shape::Map) => "map[string]interface {}",
            Item::Object(_, Shape::Struct) | Item::Headers => "struct",
        }
    }

    /// As JSON.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Item::Missing | Item::Nil | Item::Headers => Value::Null,
            Item::Bool(value) => Value::from(*value),
            Item::Duration(value) => Value::from(*value),
            Item::Integer(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => Value::from(value),
                (_, Ok(value)) => Value::from(value),
                _ => Value::Null,
            },
            Item::Float(value) => Value::from(*value),
            Item::Text(text) | Item::Time(text) => Value::from(*text),
            Item::Made(text) => Value::from(&**text),
            Item::Array(items) => Value::from(*items),
            Item::List(items) => items.iter().map(Item::to_json).collect(),
            Item::Object(map, _) => Value::Object((*map).clone()),
        }
    }

    /// Finds the field or key `name`; a struct's field also by a name that differs in capitals only, or by its Go name.
    pub(super) fn field(&self, name: &str) -> Result<Item<'a>, String> {
        let (map, shape) = match self {
            Item::Missing => return Ok(Item::Missing),
            Item::Nil => return Err(format!("nil pointer evaluating interface {{}}.{name}")),
            Item::Object(map, shape) => (*map, *shape),
            other => return Err(format!("can't evaluate field {name} in type {}", other.type_name())),
        };
        if let Some(value) = map.get(name) {
            let is_entry = shape == Shape::Map && value.is_string();
            return Ok(Item::of(value, if is_entry { "" } else { name }));
        }
        if shape == Shape::Map {
            return Ok(Item::Missing);
        }
        let known = GO_NAMES.iter().find(|(go, _)| *go == name).map_or(name, |(_, json)| json);
        let mut alike = map.iter().filter(|(key, _)| key.eq_ignore_ascii_case(known));
        match (alike.next(), alike.next()) {
            (Some((key, value)), None) => Ok(Item::of(value, key)),
            _ => match OMITTED.iter().find(|(of, omitted, _)| *omitted == name && map.contains_key(*of)) {
                Some((_, _, Zero::Text)) => Ok(Item::Text("")),
                Some((_, _, Zero::Number)) => Ok(Item::Integer(0)),
                Some((_, _, Zero::No)) => Ok(Item::Bool(false)),
                Some((_, _, Zero::Nil)) => Ok(Item::Nil),
                None => Err(format!("can't evaluate field {name} in type struct")),
            },
        }
    }
}

/// Whether text is a time in UTC as we write it (RFC 3339).
fn is_time(text: &str) -> bool {
    text.ends_with('Z') && text.as_bytes().get(10) == Some(&b'T') && text.parse::<jiff::Timestamp>().is_ok()
}

/// A time as Go's `time.Time` prints itself. Called as docker, whose times are text, as it is.
pub(super) fn printed_time(text: &str) -> String {
    match crate::cli::is_docker() {
        true => text.to_owned(),
        false => text.trim_end_matches('Z').replacen('T', " ", 1) + " +0000 UTC",
    }
}

/// The fields of a struct whose order in Go is known.
pub(super) fn ordered_fields(map: &Map<String, Value>) -> Option<&'static [&'static str]> {
    let fits = |fields: &&&[&str]| {
        map.contains_key(fields[0])
            && map.len() + 2 > fields.len()
            && map.keys().all(|key| fields.contains(&key.as_str()))
    };
    STRUCTS.iter().find(fits).copied()
}

fn shape(map: &Map<String, Value>, name: &str) -> Shape {
    let fields = !map.is_empty() && map.keys().all(|key| is_field_name(key));
    let held_in_map = MAP_FIELDS.iter().any(|known| known.eq_ignore_ascii_case(name));
    if fields && !held_in_map { Shape::Struct } else { Shape::Map }
}

fn is_field_name(key: &str) -> bool {
    key.starts_with(|first: char| first.is_ascii_alphabetic())
        && key.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}
