//! `--filter` of `images` and `image prune` (podman-images(1)).
//!
//! Filters of one name are alternatives, those of different names all have to hold.

use super::list::{ImageSummary, created};
use super::{Error, resolve};
use crate::image::reference::Reference;
use crate::store::paths::Paths;
use jiff::{Span, Timestamp};
use std::collections::BTreeMap;

/// Parsed filters, by name.
#[derive(Debug, Default)]
pub struct Filters {
    by_name: BTreeMap<&'static str, Vec<Filter>>,
}

#[derive(Debug)]
enum Filter {
    Dangling(bool),
    ReadOnly(bool),
    /// No image of ours is intermediate: builds keep layers, not images.
    Intermediate(bool),
    Created(Order, Timestamp),
    Label {
        key: String,
        value: Option<String>,
        wanted: bool,
    },
    Reference(ReferencePattern),
    Id(String),
    Digest(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Before,
    After,
}

impl Filters {
    /// Parses filters as typed. `before` and `since` look their image up.
    pub fn parse(paths: &Paths, typed: &[String]) -> Result<Self, Error> {
        let mut filters = Filters::default();
        for text in typed {
            let (name, filter) = parse_one(paths, text)?;
            filters.by_name.entry(name).or_default().push(filter);
        }
        Ok(filters)
    }

    /// Whether an image passes.
    pub fn accept(&self, image: &ImageSummary) -> bool {
        self.by_name.iter().all(|(name, filters)| match *name {
            // Labels all have to be there.
            "label" | "label!" => filters.iter().all(|filter| filter.accepts(image)),
            _ => filters.iter().any(|filter| filter.accepts(image)),
        })
    }
}

fn parse_one(paths: &Paths, text: &str) -> Result<(&'static str, Filter), Error> {
    let (name, value) = text.split_once('=').ok_or_else(|| Error::Filter(text.to_owned()))?;
    let invalid = || Error::FilterValue { name: name.to_owned(), value: value.to_owned() };
    let boolean = || match value.to_ascii_lowercase().as_str() {
        "true" | "t" | "1" => Ok(true),
        "false" | "f" | "0" => Ok(false),
        _ => Err(invalid()),
    };
    let image_time = || Ok::<_, Error>(created(&resolve::expect(paths, value)?.image.record));
    let label = |wanted| {
        // podman writes `label!=key`; both forms of the negation arrive here.
        let (key, value) = value.split_once('=').map_or((value, None), |(key, value)| (key, Some(value.to_owned())));
        Filter::Label { key: key.to_owned(), value, wanted }
    };
    Ok(match name {
        "dangling" => ("dangling", Filter::Dangling(boolean()?)),
        "readonly" => ("readonly", Filter::ReadOnly(boolean()?)),
        "intermediate" => ("intermediate", Filter::Intermediate(boolean()?)),
        "before" => ("before", Filter::Created(Order::Before, image_time()?)),
        "since" | "after" => ("since", Filter::Created(Order::After, image_time()?)),
        "until" => ("until", Filter::Created(Order::Before, parse_time(value).ok_or_else(invalid)?)),
        "label" => ("label", label(true)),
        "label!" => ("label!", label(false)),
        "reference" => ("reference", Filter::Reference(ReferencePattern::new(value))),
        "id" => ("id", Filter::Id(value.strip_prefix("sha256:").unwrap_or(value).to_owned())),
        "digest" => ("digest", Filter::Digest(value.to_owned())),
        other => return Err(Error::Filter(other.to_owned())),
    })
}

/// A time (RFC 3339, a date, seconds since 1970) or how long ago (`24h`, `10m`, `1h30m`).
fn parse_time(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Timestamp::from_second(seconds).ok();
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    if let Ok(date) = text.parse::<jiff::civil::DateTime>() {
        return date.to_zoned(jiff::tz::TimeZone::system()).ok().map(|zoned| zoned.timestamp());
    }
    let span: Span = text.parse().ok()?;
    Timestamp::now().checked_sub(span).ok()
}

impl Filter {
    fn accepts(&self, image: &ImageSummary) -> bool {
        match self {
            Filter::Dangling(wanted) => image.dangling == *wanted,
            Filter::ReadOnly(wanted) => image.read_only == *wanted,
            Filter::Intermediate(wanted) => !*wanted,
            Filter::Created(Order::Before, time) => image.created < time.as_second(),
            Filter::Created(Order::After, time) => image.created > time.as_second(),
            Filter::Label { key, value, wanted } => {
                let found = image.labels.get(key);
                found.is_some_and(|found| value.as_ref().is_none_or(|value| value == found)) == *wanted
            }
            Filter::Reference(pattern) => {
                image.names.iter().chain(&image.repo_digests).any(|name| pattern.matches(name))
            }
            Filter::Id(prefix) => image.id.starts_with(prefix.as_str()),
            Filter::Digest(prefix) => image
                .repo_digests
                .iter()
                .any(|name| name.split_once('@').is_some_and(|(_, digest)| digest.starts_with(prefix.as_str()))),
        }
    }
}

/// A name with `*` and `?` (which do not match `/`) and perhaps without host, namespace or tag.
#[derive(Clone, Debug)]
pub struct ReferencePattern {
    /// Alternatives for a whole name.
    patterns: Vec<String>,
}

impl ReferencePattern {
    /// A pattern as typed.
    pub fn new(typed: &str) -> Self {
        let has_tag = typed.rsplit('/').next().is_some_and(|last| last.contains([':', '@']));
        let mut patterns = vec![typed.to_owned()];
        if let Ok(reference) = typed.parse::<Reference>() {
            patterns.push(reference.to_string());
        }
        if !has_tag {
            patterns = patterns.iter().flat_map(|pattern| [format!("{pattern}:*"), format!("{pattern}@*")]).collect();
        }
        ReferencePattern { patterns }
    }

    /// Whether a full name is meant: as a whole, or from any of its components on.
    pub fn matches(&self, name: &str) -> bool {
        let starts = std::iter::once(0).chain(name.match_indices('/').map(|(at, _)| at + 1));
        starts.map(|at| &name[at..]).any(|tail| self.patterns.iter().any(|p| matches(p.as_bytes(), tail.as_bytes())))
    }
}

/// Shell patterns without brackets, in time linear in the text for each star.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where the last star was, and the text it has swallowed up to.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(b'?') if text[t] != b'/' => (p, t) = (p + 1, t + 1),
            Some(byte) if *byte == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, swallowed)) if text[swallowed] != b'/' => {
                    star = Some((at, swallowed + 1));
                    (p, t) = (at + 1, swallowed + 1);
                }
                _ => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_names_from_any_component_on() {
        for (pattern, name, expected) in [
            ("nginx", "docker.io/library/nginx:1", true),
            ("nginx:1", "docker.io/library/nginx:1", true),
            ("nginx:2", "docker.io/library/nginx:1", false),
            ("library/nginx", "docker.io/library/nginx:1", true),
            ("docker.io/library/nginx", "docker.io/library/nginx:1", true),
            ("ngin", "docker.io/library/nginx:1", false),
            ("ng*", "docker.io/library/nginx:1", true),
            ("*/nginx", "docker.io/library/nginx:1", true),
            ("docker.io/*", "docker.io/library/nginx:1", false),
            ("docker.io/*/*", "docker.io/library/nginx:1", true),
            ("ngin?:?", "docker.io/library/nginx:1", true),
            ("nginx:*", "docker.io/library/nginx:1.2-x", true),
            ("localhost:5000/x", "localhost:5000/x:latest", true),
            ("", "a/b:1", false),
        ] {
            assert_eq!(ReferencePattern::new(pattern).matches(name), expected, "{pattern} {name}");
        }
        let long = "a".repeat(5000);
        assert!(!matches("*a*a*a*a*a*b".as_bytes(), long.as_bytes()));
    }

    #[test]
    fn times_are_absolute_or_ago() {
        assert_eq!(parse_time("10").unwrap().as_second(), 10);
        assert_eq!(parse_time("2024-01-02T03:04:05Z").unwrap().to_string(), "2024-01-02T03:04:05Z");
        assert!(parse_time("24h").unwrap() < Timestamp::now());
        assert!(parse_time("2024-01-02").is_some());
        assert!(parse_time("soon").is_none());
    }
}
