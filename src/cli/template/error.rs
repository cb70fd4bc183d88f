//! What can be wrong with a template, in the words of Go's `text/template`.

use thiserror::Error;

/// Why a template could not be parsed or rendered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// The text is not a template.
    #[error("template: {name}:{line}: {}", crate::cli::template::error::one_line(.reason))]
    Syntax {
        /// The template's name: the command that evaluates it.
        name: String,
        /// Line of the template, from 1.
        line: usize,
        /// Go's wording of the cause.
        reason: String,
    },
    /// The template does not fit the data.
    #[error("template: {name}:{line}:{column}: executing \"{executing}\" at <{}>: {}",
        crate::cli::template::error::one_line(.action), crate::cli::template::error::one_line(.reason))]
    Execution {
        /// The template's name: the command that evaluates it.
        name: String,
        /// Line of the template, from 1.
        line: usize,
        /// Byte in that line, from 0 (as Go counts).
        column: usize,
        /// The defined template being executed; `name` itself outside of any.
        executing: String,
        /// The part of the template that failed, as typed.
        action: String,
        /// Go's wording of the cause.
        reason: String,
    },
}

/// `text` with control characters escaped, so that a message stays on one line and cannot drive a terminal.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}
