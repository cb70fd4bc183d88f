//! `inspect` of any kind of object: a JSON array, or a template for each.

use super::{JsonLayout, is_json, json, print};
use crate::cli::failure::Failure;
use crate::cli::template::Template;
use crate::engine::images::inspect::ImageInspect;
use crate::engine::inspect::Document;
use serde::Serialize;
use serde_json::Value;
use std::process::ExitCode;

/// Spaces per level, as podman has it.
const INDENT: usize = 5;

/// Something that can be inspected.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Object {
    /// An image.
    Image(Box<ImageInspect>),
    /// A container or a volume.
    Document(Document),
    /// A network.
    Network(Box<crate::cli::network::View>),
}

impl Object {
    /// What templates see. All kinds have text for keys and plain values: nothing here can fail to become JSON.
    fn value(&self) -> Value {
        match self {
            Object::Network(network) => network.template_value(),
            _ => {
                let mut value = serde_json::to_value(self).unwrap_or_default();
                // podman's templates know it by this name, too.
                if let Some(health) = value.pointer("/State/Health").cloned() {
                    value["State"]["Healthcheck"] = health;
                }
                value
            }
        }
    }
}

/// Prints the objects called `names`, each as `look` finds it. What is found is printed although others are not.
///
/// # Errors
/// A bad template; a name that is not found, as [`Failure::Inspect`]; standard output cannot be written.
pub(crate) fn inspect(
    format: Option<&str>,
    names: &[String],
    look: impl Fn(&str) -> Result<Object, Failure>,
) -> Result<ExitCode, Failure> {
    inspect_as("", INDENT, format, names, look)
}

/// The same; `doing` begins its error lines, `indent` are the spaces per level.
///
/// # Errors
/// As of [`inspect`].
pub(crate) fn inspect_as(
    doing: &'static str,
    indent: usize,
    format: Option<&str>,
    names: &[String],
    look: impl Fn(&str) -> Result<Object, Failure>,
) -> Result<ExitCode, Failure> {
    let template = match format {
        None => None,
        Some(format) if is_json(format) && !format.contains("{{") => None,
        Some(format) => Some(Template::parse_named("inspect", format)?),
    };
    let (found, mut failures): (Vec<_>, Vec<_>) = names.iter().map(|name| look(name)).partition(Result::is_ok);
    let found: Vec<Object> = found.into_iter().flatten().collect();
    let values = || found.iter().map(Object::value).collect::<Vec<_>>();
    match template {
        None => print(&(json(&found, JsonLayout::Indented(indent)) + "\n"))?,
        Some(template) if template.is_table() => {
            print(&template.render_table(&crate::cli::template::header_of, &values())?)?
        }
        Some(template) => {
            // Each object by itself, also when the template begins with a `range`, which then is over one of its fields.
            for value in values() {
                print(&template.render_line(&value)?)?;
            }
            ExitCode::SUCCESS
        }
    };
    if failures.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let mut failures =
        failures.drain(..).filter_map(Result::err).map(|cause| Failure::Inspect { doing, cause: Box::new(cause) });
    let first = failures.next();
    for failure in failures {
        failure.report();
    }
    Err(first.unwrap_or(Failure::Reported(125)))
}
