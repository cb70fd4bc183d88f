//! `coracle doctor`: the conditions of this host as a table for people, or as JSON.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::Verb;
use crate::engine::doctor::{self, By, Condition, Diagnosis, State};
use clap::Args;
use std::process::ExitCode;

/// `doctor`.
#[derive(Args, Debug)]
pub(crate) struct Doctor {
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

impl Verb for Doctor {
    const NAME: &'static str = "doctor";
    const ABOUT: &'static str = "Examine this host and say what would improve it";
    const DETAILS: &'static str = "Looks at every condition of the host that matters to containers, says what coracle makes \
                                   of it, and prints the exact command that improves it. Changes nothing. The exit code is \
                                   0 when containers can run here, else 1.";
    const EXAMPLES: &'static str = "coracle doctor\ncoracle doctor --json";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let diagnosis = doctor::examine(&context.paths());
        output::print(&if self.json { json(&diagnosis) } else { text(&diagnosis) })?;
        Ok(ExitCode::from(exit_code(&diagnosis)))
    }
}

/// Exit code when no container can run here.
const CANNOT_RUN: u8 = 1;

/// 0 when containers can run, else 1.
fn exit_code(diagnosis: &Diagnosis) -> u8 {
    if diagnosis.can_run { 0 } else { CANNOT_RUN }
}

/// The diagnosis as indented JSON, ending with a newline.
fn json(diagnosis: &Diagnosis) -> String {
    // Strings, booleans and lists only: nothing here can fail to become JSON.
    serde_json::to_string_pretty(diagnosis).unwrap_or_default() + "\n"
}

/// The diagnosis as an aligned table, effects and remedies indented below each condition.
fn text(diagnosis: &Diagnosis) -> String {
    let width = diagnosis.conditions.iter().map(|condition| condition.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for condition in &diagnosis.conditions {
        describe(condition, width, &mut text);
    }
    text.push('\n');
    text.push_str(&summary(diagnosis));
    text
}

fn word(state: State) -> &'static str {
    match state {
        State::Ok => "ok",
        State::Degraded => "note",
        State::Missing => "warn",
    }
}

fn describe(condition: &Condition, width: usize, text: &mut String) {
    const STATE_WIDTH: usize = 4;
    let indent = " ".repeat(STATE_WIDTH + 2 + width + 2);
    let Condition { name, found, effect, remedies, state, .. } = condition;
    text.push_str(&format!("{:STATE_WIDTH$}  {name:width$}  {found}\n", word(*state)));
    if !effect.is_empty() {
        text.push_str(&format!("{indent}-> {effect}\n"));
    }
    for (position, remedy) in remedies.iter().enumerate() {
        let by = if remedy.by == By::Admin { "as administrator" } else { "yourself" };
        let or = if position == 0 { "" } else { "or " };
        let mut lines = remedy.command.lines();
        text.push_str(&format!("{indent}{or}{by}:  {}\n", lines.next().unwrap_or_default()));
        // A here-document must be copied as it is: its lines begin at the margin.
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
    }
}

fn summary(diagnosis: &Diagnosis) -> String {
    let count = |state| diagnosis.conditions.iter().filter(|condition| condition.state == state).count();
    let (notes, warnings) = (count(State::Degraded), count(State::Missing));
    let able = if diagnosis.can_run { "Containers can run here" } else { "Containers cannot run here" };
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    match (notes, warnings) {
        (0, 0) => format!("{able}.\n"),
        _ => format!("{able}: {}, {}.\n", plural(warnings, "warning"), plural(notes, "note")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::doctor::Remedy;

    #[test]
    fn remedies_are_indented_and_here_documents_are_not() {
        let condition = |name, state, command: &str| Condition {
            name,
            state,
            found: "found".into(),
            effect: "effect".into(),
            remedies: vec![Remedy { by: By::Admin, command: command.into() }],
            fatal: state == State::Missing,
        };
        let diagnosis = Diagnosis {
            can_run: false,
            version: "0",
            executable: "/x".into(),
            conditions: vec![
                condition("a", State::Degraded, "one"),
                condition("long", State::Missing, "tee <<'EOF'\nx\nEOF"),
            ],
        };
        let expected = "note  a     found\n            -> effect\n            as administrator:  one\n\
                        warn  long  found\n            -> effect\n            as administrator:  tee <<'EOF'\nx\nEOF\n\n\
                        Containers cannot run here: 1 warning, 1 note.\n";
        assert_eq!(text(&diagnosis), expected);
        assert_eq!(exit_code(&diagnosis), 1);
        assert!(json(&diagnosis).contains("\"state\": \"missing\""));
    }
}
