//! `--filter` of network commands.

use crate::cli::failure::Failure;
use crate::cli::pattern::Pattern;
use crate::cli::{moment, values};
use crate::engine::networks::NetworkSummary;
use crate::store::networks::DEFAULT_NAME;
use jiff::Timestamp;

/// A filter as typed.
#[derive(Debug)]
enum Filter {
    Name(Pattern),
    Id(String),
    Driver(String),
    Label { key: String, value: Option<String>, wanted: bool },
    Until(Timestamp),
    Dangling(bool),
    Anything,
}

/// The filters of one command; all must fit, of several names or IDs one.
#[derive(Debug, Default)]
pub(crate) struct Filters(Vec<Filter>);

impl Filters {
    /// Parses filters.
    ///
    /// # Errors
    /// An unknown key or a value that makes no sense for its key.
    pub(crate) fn parse(texts: &[String], now: Timestamp) -> Result<Filters, Failure> {
        texts.iter().map(|text| parse_one(text, now)).collect::<Result<_, _>>().map(Filters)
    }

    /// Whether a network fits.
    pub(crate) fn accept(&self, summary: &NetworkSummary) -> bool {
        let fits_one_of = |alternatives: fn(&Filter) -> bool| {
            let mut given = self.0.iter().filter(|filter| alternatives(filter)).peekable();
            given.peek().is_none() || given.any(|filter| filter.accepts(summary))
        };
        fits_one_of(|filter| matches!(filter, Filter::Name(_)))
            && fits_one_of(|filter| matches!(filter, Filter::Id(_)))
            && fits_one_of(|filter| matches!(filter, Filter::Driver(_)))
            && self.0.iter().all(|filter| {
                matches!(filter, Filter::Name(_) | Filter::Id(_) | Filter::Driver(_)) || filter.accepts(summary)
            })
    }
}

fn parse_one(text: &str, now: Timestamp) -> Result<Filter, Failure> {
    let invalid = |text: String| Failure::Arguments(text);
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| invalid(format!("filter input must be in the form of filter=value: {text} is invalid")))?;
    let boolean =
        || values::boolean(value).map_err(|_| invalid(format!("{value:?} is not a valid value for filter {key:?}")));
    let label = |wanted| {
        let (key, value) = value.split_once('=').map_or((value, None), |(key, value)| (key, Some(value.to_owned())));
        Filter::Label { key: key.to_owned(), value, wanted }
    };
    Ok(match key {
        "name" => Filter::Name(Pattern::new(value)),
        "id" => Filter::Id(value.to_owned()),
        "driver" => Filter::Driver(value.to_owned()),
        "label" => label(true),
        "label!" => label(false),
        "until" => {
            Filter::Until(moment::parse(value, now).ok_or_else(|| invalid(format!("unable to parse time {value:?}")))?)
        }
        "dangling" => Filter::Dangling(boolean()?),
        // docker's: all networks here were made by hand and are local.
        "scope" | "type" => Filter::Anything,
        _ => return Err(invalid(format!("invalid filter {key:?}"))),
    })
}

impl Filter {
    fn accepts(&self, summary: &NetworkSummary) -> bool {
        let network = &summary.network;
        match self {
            Filter::Name(pattern) => pattern.matches(&network.name),
            Filter::Id(part) => network.id.starts_with(part.trim_start_matches('^')),
            Filter::Driver(driver) => network.driver == *driver,
            Filter::Label { key, value, wanted } => {
                let fits = |found: &String| value.as_ref().is_none_or(|value| value == found);
                network.labels.get(key).is_some_and(fits) == *wanted
            }
            Filter::Until(time) => network.created < *time,
            // The default network is always wanted.
            Filter::Dangling(wanted) => (summary.is_dangling() && network.name != DEFAULT_NAME) == *wanted,
            Filter::Anything => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::networks::Network;

    #[test]
    fn names_are_alternatives_and_the_rest_must_all_fit() {
        let now: Timestamp = "2026-01-02T00:00:00Z".parse().expect("a time");
        let network = Network {
            name: "backend".to_owned(),
            created: "2026-01-01T12:00:00Z".parse().expect("a time"),
            labels: [("tier".to_owned(), "db".to_owned())].into(),
            ..Network::default_network()
        };
        let summary = NetworkSummary { network, users: vec!["c".to_owned()], members: Vec::new() };
        let cases: [(&[&str], Option<bool>); 15] = [
            (&[], Some(true)),
            (&["name=end"], Some(true)),
            (&["name=^end"], Some(false)),
            (&["name=^backend$"], Some(true)),
            (&["name=^b.*(end|yard)$"], Some(true)),
            (&["name=x", "name=back"], Some(true)),
            (&["id=2f25"], Some(true)),
            (&["driver=macvlan"], Some(false)),
            (&["label=tier", "label=tier=db"], Some(true)),
            (&["label!=tier"], Some(false)),
            (&["dangling=false"], Some(true)),
            (&["dangling=maybe"], None),
            (&["until=1h"], Some(true)),
            (&["until=24h"], Some(false)),
            (&["foo=bar"], None),
        ];
        for (texts, expected) in cases {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            let accepted = Filters::parse(&texts, now).ok().map(|filters| filters.accept(&summary));
            assert_eq!(accepted, expected, "{texts:?}");
        }
    }
}
