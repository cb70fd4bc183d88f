//! `--format`: Go's `text/template` with the functions of podman and docker, over JSON data.
//!
//! Other people's scripts pass templates to podman and docker; here they run unchanged. A template is split into words
//! (`lex`), parsed (`parse`, `node`), and walked over a [`serde_json::Value`] with podman's JSON names, found by
//! their Go names too (`execute`, `value`); `print` is Go's `fmt`, `functions` the table of functions, `table` the columns of `table ...`
//! formats.
//!
//! Literal text knows `\t` and `\n` as podman and docker expand them. A format that starts with `table ` has a header
//! line made from the names of its fields, and blanks between its columns count as tabs, as in podman.
//!
//! What must stay true: parsing and rendering never panic, use bounded stack, time and memory whatever the template
//! and the data, and errors read like Go's.
//!
//! Follows <https://pkg.go.dev/text/template> and <https://pkg.go.dev/fmt>.

mod error;
mod execute;
mod functions;
mod lex;
mod literal;
mod node;
mod parse;
mod print;
mod table;
#[cfg(test)]
mod tests;
mod value;

pub use error::TemplateError;
pub use table::{align, header_of};

use parse::{Expansion, Tree};
use serde_json::Value;
use value::Item;

/// A parsed `--format`.
#[derive(Debug)]
pub struct Template {
    name: String,
    text: String,
    tree: Tree,
    is_table: bool,
    is_range: bool,
    /// What rows are made of, as errors call it.
    rows_of: Option<&'static str>,
}

impl Template {
    /// Parses a format; messages call it `format`. See [`Template::parse_named`].
    pub fn parse(text: &str) -> Result<Template, TemplateError> {
        Template::parse_named("format", text)
    }

    /// Parses a format; `name` is the command's, as podman shows in its messages (`template: ps:1: ...`).
    pub fn parse_named(name: &str, text: &str) -> Result<Template, TemplateError> {
        let (body, expansion) = match text.strip_prefix("table ") {
            Some(body) => (body.trim_start_matches(' '), Expansion::Table),
            None => (text, Expansion::Escapes),
        };
        match parse::parse(body, expansion) {
            Ok(tree) => Ok(Template {
                name: name.into(),
                text: body.into(),
                tree,
                is_table: expansion == Expansion::Table,
                is_range: expansion != Expansion::Table && is_list_template(body),
                rows_of: None,
            }),
            Err((at, reason)) => {
                let (line, _) = refusal_position(body, at);
                Err(TemplateError::Syntax { name: name.into(), line, reason })
            }
        }
    }

    /// Parses the format of a command that lists things; errors read as podman's, which wraps the format in a `range` and calls what it
    /// lists by its own type.
    ///
    /// # Errors
    /// It is no template.
    pub fn parse_list(name: &str, text: &str) -> Result<Template, TemplateError> {
        let types = [
            ("ps", "containers.psReporter"),
            ("images", "images.imageReporter"),
            ("stats", "containers.containerStats"),
        ];
        let rows_of = types.iter().find(|(verb, _)| *verb == name).map_or("struct", |(_, of)| of);
        Ok(Template { rows_of: Some(rows_of), ..Template::parse_named(name, text)? })
    }

    /// An error of a row, at its place behind the `range`.
    fn behind_range(&self, error: TemplateError) -> TemplateError {
        match (error, self.rows_of) {
            (TemplateError::Execution { name, line, column, executing, action, reason }, Some(of))
                if !self.is_range =>
            {
                let column = if line == 1 { column + "{{range .}}".len() } else { column };
                let is_own = action.starts_with('.') && !action[1..].contains('.');
                let reason = match reason.strip_suffix("in type struct").filter(|_| is_own) {
                    Some(start) => format!("{start}in type {of}"),
                    None => reason,
                };
                TemplateError::Execution { name, line, column, executing, action, reason }
            }
            (error, _) => error,
        }
    }

    /// Whether the format began with `table `: use [`Template::render_table`].
    pub fn is_table(&self) -> bool {
        self.is_table
    }

    /// Evaluates the template once over `data` (for commands about one thing, such as `info`). Adds no newline.
    pub fn render(&self, data: &Value) -> Result<String, TemplateError> {
        execute::run(self, Item::top(data), None)
    }

    /// Evaluates the template once over `data` and ends the line, as podman and docker do whatever came out of it.
    pub fn render_line(&self, data: &Value) -> Result<String, TemplateError> {
        Ok(self.ended(self.render(data)?))
    }

    /// A newline is added to the template, not to what it makes: values that end with one are followed by another.
    fn ended(&self, mut text: String) -> String {
        if !self.text.ends_with('\n') && !self.text.ends_with("\\n") {
            text.push('\n');
        }
        text
    }

    /// Evaluates the template for each row and ends each with a newline; a template that itself begins with
    /// `{{range` is evaluated once over the whole list, as in podman.
    pub fn render_rows(&self, rows: &[Value]) -> Result<String, TemplateError> {
        if self.is_range {
            return execute::run(self, Item::Array(rows), None).map(|text| self.ended(text));
        }
        let mut text = String::new();
        for row in rows {
            text.push_str(&self.render_line(row).map_err(|error| self.behind_range(error))?);
        }
        Ok(text)
    }

    /// A header line and one line per row in aligned columns; `headers` gives the header of a field
    /// ([`header_of`] is podman's rule for those without a word of their own).
    pub fn render_table(&self, headers: &dyn Fn(&str) -> String, rows: &[Value]) -> Result<String, TemplateError> {
        let header = execute::run(self, Item::Headers, Some(headers))?;
        Ok(align(&(self.ended(header) + &self.render_rows(rows)?)))
    }

    /// The rows of [`Template::render_table`] without the header line (`--noheading`).
    pub fn render_columns(&self, rows: &[Value]) -> Result<String, TemplateError> {
        Ok(align(&self.render_rows(rows)?))
    }
}

/// Whether a format walks the list of rows itself: it begins with a `range` over the dot and not over a field.
fn is_list_template(body: &str) -> bool {
    let action = body.strip_prefix("{{").and_then(|rest| rest.split("}}").next()).unwrap_or_default();
    let words = action.trim_matches(['-', ' ']).strip_prefix("range");
    words.is_some_and(|over| over.split(":=").last().unwrap_or_default().trim() == ".")
}

/// Line (from 1) and byte in the line (from 0) of byte `at`.
fn refusal_position(text: &str, at: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..at.min(text.len())];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    (line, before.len() - start)
}
