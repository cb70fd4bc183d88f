//! `--filter` of volume commands.

use crate::cli::failure::Failure;
use crate::cli::pattern::Pattern;
use crate::cli::{moment, values};
use crate::engine::Engine;
use crate::engine::volumes::VolumeSummary;
use jiff::Timestamp;

/// A filter as typed.
#[derive(Debug)]
enum Filter {
    Name(Pattern),
    Driver(String),
    Label {
        key: String,
        value: Option<String>,
        wanted: bool,
    },
    Dangling(bool),
    Anonymous(bool),
    Option {
        key: String,
        value: Option<String>,
    },
    Scope(String),
    Until(Timestamp),
    /// After another volume was made.
    Since(Timestamp),
    Anything,
}

/// The filters of one command; all must fit.
#[derive(Debug, Default)]
pub(crate) struct Filters(Vec<Filter>);

impl Filters {
    /// Parses filters; the volume of `since` is looked up by `created`.
    ///
    /// # Errors
    /// An unknown key or a value that makes no sense for its key.
    fn parse(texts: &[String], now: Timestamp, created: CreatedAt<'_>) -> Result<Filters, Failure> {
        texts.iter().map(|text| parse_one(text, now, created)).collect::<Result<_, _>>().map(Filters)
    }

    /// Parses filters about the volumes of `engine`, now.
    ///
    /// # Errors
    /// As of [`Filters::parse`].
    pub(crate) fn of(texts: &[String], engine: &Engine) -> Result<Filters, Failure> {
        Filters::parse(texts, Timestamp::now(), &|name| Ok(engine.volume(name)?.volume.created))
    }

    /// Whether a volume fits all of them.
    pub(crate) fn accept(&self, summary: &VolumeSummary) -> bool {
        self.0.iter().all(|filter| filter.accepts(summary))
    }
}

/// When the volume of this name was made.
type CreatedAt<'a> = &'a dyn Fn(&str) -> Result<Timestamp, Failure>;

fn parse_one(text: &str, now: Timestamp, created: CreatedAt<'_>) -> Result<Filter, Failure> {
    let invalid = |text: String| Failure::Arguments(text);
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| invalid(format!("filter input must be in the form of filter=value: {text} is invalid")))?;
    let boolean =
        || values::boolean(value).map_err(|_| invalid(format!("{value:?} is not a valid value for filter {key:?}")));
    let pair = || value.split_once('=').map_or((value, None), |(key, value)| (key, Some(value.to_owned())));
    let label = |wanted| {
        let (key, value) = pair();
        Filter::Label { key: key.to_owned(), value, wanted }
    };
    Ok(match key {
        "name" => Filter::Name(Pattern::new(value)),
        "driver" => Filter::Driver(value.to_owned()),
        "label" => label(true),
        "label!" => label(false),
        "dangling" => Filter::Dangling(boolean()?),
        "anonymous" => Filter::Anonymous(boolean()?),
        "until" => {
            Filter::Until(moment::parse(value, now).ok_or_else(|| invalid(format!("unable to parse time {value:?}")))?)
        }
        "opt" => {
            let (key, value) = pair();
            Filter::Option { key: key.to_owned(), value }
        }
        "scope" => Filter::Scope(value.to_owned()),
        "after" | "since" => Filter::Since(created(value)?),
        // docker's "also those that have a name": always so here.
        "all" => Filter::Anything,
        _ => return Err(invalid(format!("{key:?} is an invalid volume filter"))),
    })
}

impl Filter {
    fn accepts(&self, summary: &VolumeSummary) -> bool {
        let volume = &summary.volume;
        match self {
            Filter::Name(pattern) => pattern.matches(&volume.name),
            Filter::Driver(driver) => driver == "local",
            Filter::Label { key, value, wanted } => {
                let fits = |found: &String| value.as_ref().is_none_or(|value| value == found);
                volume.labels.get(key).is_some_and(fits) == *wanted
            }
            Filter::Dangling(wanted) => summary.containers.is_empty() == *wanted,
            Filter::Anonymous(wanted) => volume.anonymous == *wanted,
            Filter::Option { key, value } => {
                let fits = |found: &String| value.as_ref().is_none_or(|value| value == found);
                volume.options.get(key).is_some_and(fits)
            }
            Filter::Scope(scope) => scope == "local",
            Filter::Until(time) => volume.created < *time,
            Filter::Since(time) => volume.created > *time,
            Filter::Anything => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::volumes::Volume;

    #[test]
    fn all_filters_must_fit() {
        let now: Timestamp = "2026-01-02T00:00:00Z".parse().expect("a time");
        let volume = Volume {
            name: "data".to_owned(),
            created: "2026-01-01T12:00:00Z".parse().expect("a time"),
            labels: [("tier".to_owned(), "db".to_owned())].into(),
            options: [("type".to_owned(), "tmpfs".to_owned())].into(),
            ..Volume::new("data")
        };
        let summary = VolumeSummary {
            volume,
            mountpoint: String::new(),
            containers: vec!["c".to_owned()],
            needs_copy: false,
            needs_owner: false,
        };
        let made = |name: &str| match name {
            "older" => Ok("2026-01-01T00:00:00Z".parse().expect("a time")),
            _ => Err(Failure::NoSuch("volume", name.to_owned())),
        };
        let cases: [(&[&str], Option<bool>); 16] = [
            (&["since=older"], Some(true)),
            (&["after=nothing"], None),
            (&["scope=local"], Some(true)),
            (&["opt=type"], Some(true)),
            (&["opt=type=nfs"], Some(false)),
            (&[], Some(true)),
            (&["name=at"], Some(true)),
            (&["name=x"], Some(false)),
            (&["label=tier", "label=tier=db"], Some(true)),
            (&["label!=tier"], Some(false)),
            (&["dangling=false"], Some(true)),
            (&["dangling=maybe"], None),
            (&["anonymous=true"], Some(false)),
            (&["until=1h"], Some(true)),
            (&["until=24h"], Some(false)),
            (&["foo"], None),
        ];
        for (texts, expected) in cases {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            let accepted = Filters::parse(&texts, now, &made).ok().map(|filters| filters.accept(&summary));
            assert_eq!(accepted, expected, "{texts:?}");
        }
    }
}
