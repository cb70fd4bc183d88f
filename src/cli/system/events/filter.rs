//! `--filter`, `--since` and `--until` of `events`.

use crate::cli::failure::Failure;
use crate::cli::{moment, values};
use crate::store::events::{Event, EventType};
use jiff::Timestamp;

/// One filter.
#[derive(Debug)]
enum Filter {
    /// Events of this type whose name is this or whose ID begins so.
    Named(EventType, String),
    Status(String),
    Type(String),
    Label {
        key: String,
        value: Option<String>,
    },
    /// Volumes whose name begins so, for consistency with docker.
    Volume(String),
    Network(String),
}

/// The filters of one command.
#[derive(Debug, Default)]
pub(super) struct Filters {
    by_key: Vec<(String, Vec<Filter>)>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Filters {
    /// Parses filters as typed.
    ///
    /// # Errors
    /// An unknown key, or a time that is none; in podman's words.
    pub(super) fn parse(
        texts: &[String],
        since: Option<&str>,
        until: Option<&str>,
        now: Timestamp,
    ) -> Result<Filters, Failure> {
        let refused = |reason: String| Failure::Arguments(format!("failed to parse event filters: {reason}"));
        let mut filters = Filters::default();
        for text in texts {
            let (key, value) = text.split_once('=').ok_or_else(|| refused(format!("{text} is an invalid filter")))?;
            let filter = parse_one(key, value).ok_or_else(|| refused(format!("{key} is an invalid filter")))?;
            match filters.by_key.iter_mut().find(|(known, _)| known == key) {
                Some((_, alternatives)) => alternatives.push(filter),
                None => filters.by_key.push((key.to_owned(), vec![filter])),
            }
        }
        let time = |option: &str, text: Option<&str>, parse: fn(&str, Timestamp) -> Option<Timestamp>| match text {
            None | Some("") => Ok(None),
            Some(text) => parse(text, now).map(Some).ok_or_else(|| {
                refused(format!("unable to convert {option} time of {text}: unable to interpret time value"))
            }),
        };
        filters.since = time("since", since, moment::parse)?;
        filters.until = time("until", until, later)?;
        Ok(filters)
    }

    /// `--until`.
    pub(super) fn until(&self) -> Option<Timestamp> {
        self.until
    }

    /// Whether an event fits all of them.
    pub(super) fn accept(&self, event: &Event) -> bool {
        self.since.is_none_or(|since| event.time > since)
            && self.until.is_none_or(|until| event.time < until)
            && self.by_key.iter().all(|(_, filters)| filters.iter().any(|filter| filter.accepts(event)))
    }
}

/// A time as `--since` takes it, except that a length of time is one from now on.
fn later(text: &str, now: Timestamp) -> Option<Timestamp> {
    let is_time = text.parse::<f64>().is_ok();
    match values::duration(text) {
        Ok(duration) if !is_time => now.checked_add(jiff::SignedDuration::try_from(duration).ok()?).ok(),
        _ => moment::parse(text, now),
    }
}

fn parse_one(key: &str, value: &str) -> Option<Filter> {
    Some(match key.to_ascii_lowercase().as_str() {
        "container" => Filter::Named(EventType::Container, value.to_owned()),
        "image" => Filter::Named(EventType::Image, value.to_owned()),
        "pod" => Filter::Named(EventType::Pod, value.to_owned()),
        // docker's words for the same.
        "event" | "status" => Filter::Status(
            match value {
                "die" => "died",
                "destroy" => "remove",
                _ => value,
            }
            .to_owned(),
        ),
        "type" => Filter::Type(value.to_owned()),
        "label" => {
            let (key, value) = value.split_once('=').map_or((value, None), |(key, value)| (key, Some(value)));
            Filter::Label { key: key.to_owned(), value: value.map(str::to_owned) }
        }
        "volume" => Filter::Volume(value.to_owned()),
        "network" => Filter::Network(value.to_owned()),
        _ => return None,
    })
}

impl Filter {
    fn accepts(&self, event: &Event) -> bool {
        match self {
            Filter::Named(kind, wanted) => {
                event.kind == *kind && (event.name == *wanted || event.id.starts_with(wanted.as_str()))
            }
            Filter::Status(wanted) => event.status == wanted.as_str(),
            Filter::Type(wanted) => event.kind.word() == wanted,
            Filter::Label { key, value } => event
                .attributes
                .as_ref()
                .and_then(|attributes| attributes.get(key))
                .is_some_and(|found| value.as_ref().is_none_or(|wanted| found == wanted)),
            Filter::Volume(wanted) => event.kind == EventType::Volume && event.name.starts_with(wanted.as_str()),
            Filter::Network(wanted) => event.kind == EventType::Network && event.network == *wanted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn now() -> Timestamp {
        "2026-01-02T00:00:00Z".parse().expect("a time")
    }

    fn accepts(texts: &[&str], event: &Event) -> bool {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        Filters::parse(&texts, None, None, now()).expect("they parse").accept(event)
    }

    #[test]
    fn values_of_a_key_are_alternatives_and_keys_must_all_fit() {
        let event = Event {
            id: "abcdef".into(),
            name: "web".into(),
            status: "died".into(),
            attributes: Some(BTreeMap::from([("a".to_owned(), "b=c".to_owned())])),
            ..Event::default()
        };
        let cases: &[(&[&str], bool)] = &[
            (&[], true),
            (&["container=web"], true),
            (&["CONTAINER=abc"], true),
            (&["container=we"], false),
            (&["container=x", "container=web"], true),
            (&["container=web", "event=start"], false),
            (&["event=die"], true),
            (&["status=died", "type=container"], true),
            (&["type=image"], false),
            (&["label=a"], true),
            (&["label=a=b=c"], true),
            (&["label=a=b"], false),
            (&["image=abc"], false),
            (&["event=nonsense"], false),
        ];
        for (texts, expected) in cases {
            assert_eq!(accepts(texts, &event), *expected, "{texts:?}");
        }
    }

    #[test]
    fn times_and_mistakes_are_podmans() {
        let message = |texts: &[&str], since, until| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            Filters::parse(&texts, since, until, now()).map(|_| ()).expect_err("refused").to_string()
        };
        assert_eq!(message(&["foo"], None, None), "failed to parse event filters: foo is an invalid filter");
        assert_eq!(message(&["foo=bar"], None, None), "failed to parse event filters: foo is an invalid filter");
        assert_eq!(
            message(&[], Some("bar"), None),
            "failed to parse event filters: unable to convert since time of bar: unable to interpret time value"
        );
        let filters = Filters::parse(&[], Some("1h"), Some("1h"), now()).expect("they parse");
        assert_eq!(filters.since.map(|time| time.to_string()).as_deref(), Some("2026-01-01T23:00:00Z"));
        assert_eq!(filters.until.map(|time| time.to_string()).as_deref(), Some("2026-01-02T01:00:00Z"));
    }
}
