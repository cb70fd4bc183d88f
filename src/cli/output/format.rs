//! `--format`: the usual table, JSON, a Go template, or a table of template columns.

use super::{Failure, print};
use crate::cli::template::{Template, align, header_of};
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};
use std::process::ExitCode;

/// A list of things to print.
pub(crate) struct Listing<'a, Row> {
    /// `--format` as typed.
    pub(crate) format: Option<&'a str>,
    /// The format used without one: `table {{.ID}}\t...`, or plain columns.
    pub(crate) default: &'a str,
    /// Headers of fields where they are not just the field's words in capitals.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    /// `--noheading`.
    pub(crate) no_heading: bool,
    /// What templates see: one value per line.
    pub(crate) rows: Vec<Value>,
    /// What `--format json` prints.
    pub(crate) json: Vec<Row>,
    /// How JSON is laid out.
    pub(crate) layout: JsonLayout,
}

/// How JSON is laid out; podman's commands differ.
#[derive(Clone, Copy, Debug)]
pub(crate) enum JsonLayout {
    /// On one line.
    Line,
    /// With so many spaces per level.
    Indented(usize),
}

impl<Row: Serialize> Listing<'_, Row> {
    /// Prints the list.
    ///
    /// # Errors
    /// A bad template; standard output cannot be written.
    pub(crate) fn print(self) -> Result<ExitCode, Failure> {
        let format = self.format.unwrap_or(self.default);
        if is_json(format) && crate::cli::is_docker() {
            return print(&self.rows.iter().map(|row| docker_line(row) + "\n").collect::<String>());
        }
        if is_json(format) {
            return print(&(json(&self.json, self.layout) + "\n"));
        }
        // `--format table` alone is the usual table.
        let format = if format.trim() == "table" { self.default } else { format };
        let template = Template::parse_list(crate::cli::verb(), format)?;
        let header = |field: &str| match self.headers.iter().find(|(name, _)| *name == field) {
            Some((_, header)) => (*header).to_owned(),
            None => header_of(field),
        };
        let text = match (template.is_table(), self.no_heading) {
            (true, false) => template.render_table(&header, &self.rows)?,
            (true, true) => template.render_columns(&self.rows)?,
            (false, _) => template.render_rows(&self.rows)?,
        };
        print(&text)
    }
}

/// Whether a format asks for JSON, in the spellings podman takes.
pub(crate) fn is_json(format: &str) -> bool {
    matches!(format.trim(), "json" | "{{json .}}" | "{{ json . }}" | "{{json . }}" | "{{ json .}}")
}

/// docker prints an object a line, where everything is text: lists and labels with commas.
fn docker_line(row: &Value) -> String {
    let text = |value: &Value| match value {
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        Value::Object(map) => {
            map.iter().map(|(key, value)| format!("{key}={}", plain(value))).collect::<Vec<_>>().join(",")
        }
        other => plain(other),
    };
    match row {
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), Value::from(text(value)))).collect::<Value>().to_string()
        }
        other => other.to_string(),
    }
}

/// A value without the quotes of text; `null` is nothing.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// JSON without a newline at the end.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T, layout: JsonLayout) -> String {
    let mut bytes = Vec::new();
    let written = match layout {
        JsonLayout::Line => value.serialize(&mut Serializer::new(&mut bytes)),
        JsonLayout::Indented(width) => {
            let spaces = vec![b' '; width];
            value.serialize(&mut Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(&spaces)))
        }
    };
    // Writing to memory cannot fail, and what is printed has text for keys; an empty text would be seen at once.
    debug_assert!(written.is_ok());
    String::from_utf8(bytes).unwrap_or_default()
}

/// Lines of cells in aligned columns.
pub(crate) fn columns<Cell: AsRef<str>>(lines: impl IntoIterator<Item = Vec<Cell>>) -> String {
    let mut text = String::new();
    for line in lines {
        let cells: Vec<&str> = line.iter().map(AsRef::as_ref).collect();
        text.push_str(&cells.join("\t"));
        text.push('\n');
    }
    align(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_the_indentation_asked_for() {
        let value = serde_json::json!([{"a": {}, "b": [1]}]);
        assert_eq!(
            json(&value, JsonLayout::Indented(2)),
            "[\n  {\n    \"a\": {},\n    \"b\": [\n      1\n    ]\n  }\n]"
        );
    }

    #[test]
    fn docker_has_an_object_a_line_and_all_of_it_is_text() {
        let row = serde_json::json!({"Names": "web", "Labels": {"a": "b", "c": "d"}, "Mounts": ["/x", "/y"], "Pid": 7});
        assert_eq!(docker_line(&row), r#"{"Labels":"a=b,c=d","Mounts":"/x,/y","Names":"web","Pid":"7"}"#);
    }

    #[test]
    fn columns_are_at_least_twelve_wide() {
        let lines = [vec!["A", "LONGER THAN TWELVE", "C"], vec!["1", "2", "3"]];
        assert_eq!(columns(lines), "A           LONGER THAN TWELVE  C\n1           2                   3\n");
    }
}
