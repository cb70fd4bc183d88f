//! `events`, also called `system events`.

mod filter;
mod shown;

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::{self, JsonLayout};
use crate::cli::template::Template;
use crate::cli::tree::Verb;
use crate::store::events::{self, Event, Reader};
use clap::Args;
use filter::Filters;
use jiff::Timestamp;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// `events`.
#[derive(Args, Debug)]
pub(crate) struct Events {
    /// Show events that fit, e.g. event=died or container=web; may be repeated
    #[arg(short, long, value_name = "FILTER")]
    filter: Vec<String>,
    /// Print as JSON, one object a line (json), or by a Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Print whole IDs [default: true]
    #[arg(long, default_value = "true")]
    no_trunc: bool,
    /// Begin with what was done after this time: a date, a Unix time, or a time ago such as 10m
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Go on printing events as they come [default: true]
    #[arg(long, default_value = "true")]
    stream: bool,
    /// End with what was done before this time; 10m is in ten minutes
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

impl Verb for Events {
    const NAME: &'static str = "events";
    const ABOUT: &'static str = "Show what was done to containers, images, volumes and networks";
    const DETAILS: &'static str = "Prints events as they come, until interrupted; with --since or --until those of the past \
        first, with --stream=false only those. Filters are container, event (also called status), image, label, network, pod, \
        type and volume: several of one key are alternatives, different keys must all fit. The log is a file in the store that \
        every command and every container's keeper appends to; it holds the last few thousand events.";
    const EXAMPLES: &'static str = "coracle events --filter event=died --format '{{.Name}} {{.ContainerExitCode}}'\n\
        coracle events --since 1h --stream=false --filter type=container\n\
        coracle events --filter container=web --filter event=health_status --format json";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        if events::is_off() {
            return Err(Failure::Arguments("cannot read events with the \"none\" backend".to_owned()));
        }
        let now = Timestamp::now();
        let filters = Filters::parse(&self.filter, self.since.as_deref(), self.until.as_deref(), now)?;
        let form = Form::parse(self.format.as_deref(), self.no_trunc)?;
        let paths = context.paths();
        let from_start = !self.stream || self.since.is_some() || self.until.is_some();
        let mut reader = if from_start { Reader::from_start(&paths) } else { Reader::from_end(&paths) };
        // A time that has passed leaves nothing to wait for.
        let deadline = filters.until().map(|until| {
            let left = until.duration_since(now);
            Instant::now() + Duration::try_from(left).unwrap_or_default()
        });
        loop {
            while let Some(event) = reader.next() {
                if filters.accept(&event) {
                    output::print(&form.line(&event)?)?;
                }
            }
            if !self.stream || !reader.wait(deadline) {
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
}

/// How an event is printed.
enum Form {
    Text { whole_ids: bool },
    Json,
    Template(Template),
}

impl Form {
    fn parse(format: Option<&str>, whole_ids: bool) -> Result<Form, Failure> {
        Ok(match format {
            None => Form::Text { whole_ids },
            Some(format) if output::is_json(format) => Form::Json,
            Some(format) => Form::Template(Template::parse_named("events", format)?),
        })
    }

    /// With a newline at the end.
    fn line(&self, event: &Event) -> Result<String, Failure> {
        Ok(match self {
            Form::Text { whole_ids } => crate::cli::output::one_line(&shown::text(event, *whole_ids)) + "\n",
            Form::Json => output::json(&shown::Json::of(event), JsonLayout::Line) + "\n",
            Form::Template(template) => template.render_rows(&[shown::row(event)])?,
        })
    }
}
