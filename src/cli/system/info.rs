//! `info`: this host and this store, as YAML, JSON or by a template.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::template::Template;
use crate::cli::tree::Verb;
use crate::cli::yaml;
use crate::engine::info::{self, ContainerCounts, Question};
use clap::Args;
use serde_json::Value;
use std::process::ExitCode;

/// `info`.
#[derive(Args, Debug)]
pub(crate) struct Info {
    /// Print as JSON (json) or by a Go template
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
}

impl Verb for Info {
    const NAME: &'static str = "info";
    const ABOUT: &'static str = "Display information about this host and this store";
    const DETAILS: &'static str = "Prints what coracle found on this host, where it keeps images and containers, and which \
                                   storage driver it uses and why. Templates may use the fields of podman's and of \
                                   docker's info.";
    const EXAMPLES: &'static str = "coracle info\ncoracle info --format '{{.Store.GraphDriverName}}'";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let paths = context.paths();
        let forced = context.global.storage_driver.clone().or_else(|| std::env::var("CORACLE_STORAGE_DRIVER").ok());
        let containers = ContainerCounts::of(&paths);
        let question = Question { paths: &paths, storage_driver: forced.as_deref(), containers };
        let info = info::info(&question);
        match self.format.as_deref() {
            None => output::print(&yaml::to_yaml(&info)),
            Some(format) => output::print(&formatted("info", format, &info, &info::with_docker_names)?),
        }
    }
}

/// `value` as `--format` asks: `json`, or a template over what `for_templates` makes of the value.
///
/// # Errors
/// What is wrong with the template.
pub(crate) fn formatted(
    name: &str,
    format: &str,
    value: &Value,
    for_templates: &dyn Fn(Value) -> Value,
) -> Result<String, Failure> {
    if format.trim() == "json" {
        // Made of strings, numbers and lists by this program: it always becomes JSON.
        return Ok(serde_json::to_string_pretty(value).unwrap_or_default() + "\n");
    }
    let rendered =
        Template::parse_named(name, format).and_then(|template| template.render(&for_templates(value.clone())));
    let mut text = rendered?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}
