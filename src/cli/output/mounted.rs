//! Lists of what is mounted: `container mount` and `image mount` without names, which podman prints alike.

use super::{JsonLayout, Listing};
use crate::cli::failure::Failure;
use serde::Serialize;
use serde_json::json;
use std::process::ExitCode;

/// One thing that is mounted.
pub(crate) struct Row<T> {
    /// What the table calls it.
    pub(crate) name: String,
    /// Where its files are.
    pub(crate) path: String,
    /// It in JSON.
    pub(crate) json: T,
}

/// The format, of which there is one besides the table.
pub(crate) fn format(asked: Option<&str>) -> Result<Option<&str>, Failure> {
    match asked.filter(|format| !format.is_empty()) {
        Some(format) if format != "json" => Err(Failure::Arguments(format!("unknown --format argument: {format:?}"))),
        format => Ok(format),
    }
}

/// Prints `rows` in a format from [`format()`].
pub(crate) fn print<T: Serialize>(format: Option<&str>, rows: Vec<Row<T>>) -> Result<ExitCode, Failure> {
    Listing {
        format,
        default: "table {{.ID}}\t{{.Path}}",
        headers: &[],
        no_heading: true,
        rows: rows.iter().map(|row| json!({ "ID": row.name, "Path": row.path })).collect(),
        json: rows.into_iter().map(|row| row.json).collect(),
        layout: JsonLayout::Indented(1),
    }
    .print()
}
