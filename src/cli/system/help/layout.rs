//! How the help of a command is laid out.
//!
//! The order and the headings are those of podman's own help, because scripts and tests read them: the lines between
//! `Available Commands:` and `Options:` are the commands, and the line after `Usage:` says by `[options]` and by names in
//! capitals what a command takes. Options of one subject follow under a heading of their own.

use crate::cli::tree;
use clap::{Arg, ArgAction, Command};

/// Columns of a line, so that text is readable in a wide terminal and does not break in most.
const WIDTH: usize = 100;

/// Widest column of option names; a longer one has its text begin on the next line.
const NAMES_LIMIT: usize = 30;

/// The help of `command`, a command of [`tree::documentation`].
pub(super) fn render(command: &mut Command) -> String {
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    let mut text = String::new();
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    text.push_str(&format!("{about}\n"));
    let long = command.get_long_about().map(ToString::to_string).unwrap_or_default();
    let details = long.strip_prefix(&about).map_or(long.as_str(), str::trim_start);
    if !details.is_empty() {
        text.push_str("\nDescription:\n");
        for paragraph in details.split('\n') {
            wrap(&mut text, paragraph, 2, 2);
        }
    }
    text.push_str(&format!("\nUsage:\n  {usage}\n"));
    let aliases: Vec<&str> = command.get_visible_aliases().collect();
    if !aliases.is_empty() {
        text.push_str(&format!("\nAliases:\n  {}, {}\n", command.get_name(), aliases.join(", ")));
    }
    if let Some(examples) = command.get_after_help() {
        text.push_str(&format!("\n{examples}\n"));
    }
    commands(&mut text, command);
    if tree::has_options(command) {
        options(&mut text, command);
    }
    text
}

fn commands(text: &mut String, command: &Command) {
    let rows: Vec<&Command> = command.get_subcommands().filter(|command| !command.is_hide_set()).collect();
    let Some(width) = rows.iter().map(|row| row.get_name().len()).max() else { return };
    text.push_str("\nAvailable Commands:\n");
    for row in rows {
        let about = row.get_about().map(ToString::to_string).unwrap_or_default();
        text.push_str(&format!("  {:width$}  {about}\n", row.get_name()));
    }
}

fn options(text: &mut String, command: &Command) {
    let shown = |arg: &&Arg| !arg.is_positional() && !arg.is_hide_set();
    let args: Vec<&Arg> = command.get_arguments().filter(shown).collect();
    let mut headings: Vec<Option<&str>> = vec![None];
    for arg in &args {
        if !headings.contains(&arg.get_help_heading()) {
            headings.push(arg.get_help_heading());
        }
    }
    for heading in headings {
        let rows: Vec<(String, String)> =
            args.iter().filter(|arg| arg.get_help_heading() == heading).map(|arg| (names(arg), about(arg))).collect();
        let widths = rows.iter().map(|(names, _)| names.len()).filter(|width| *width <= NAMES_LIMIT);
        let column = widths.max().unwrap_or(0) + 4;
        text.push_str(&format!("\n{}:\n", heading.unwrap_or("Options")));
        for (names, about) in rows {
            let mut line = format!("  {names}");
            match line.len() + 2 <= column {
                true => line.push_str(&" ".repeat(column - line.len())),
                false => {
                    text.push_str(&format!("{line}\n"));
                    line = " ".repeat(column);
                }
            }
            text.push_str(&line);
            wrap(text, &about, 0, column);
        }
    }
}

/// `-l, --label KEY=VALUE`.
fn names(arg: &Arg) -> String {
    let long = arg.get_long().unwrap_or_default();
    let mut names = match arg.get_short() {
        Some(short) => format!("-{short}, --{long}"),
        None => format!("    --{long}"),
    };
    let values = arg.get_value_names().unwrap_or_default();
    if !matches!(arg.get_action(), ArgAction::SetTrue | ArgAction::Help | ArgAction::Version) {
        for value in values {
            names.push_str(&format!(" {value}"));
        }
    }
    names
}

fn about(arg: &Arg) -> String {
    arg.get_help().map(ToString::to_string).unwrap_or_default()
}

/// Appends `paragraph` in lines of at most [`WIDTH`] columns: the first begins after `first` spaces, the others after
/// `rest`, and the text so far stands in `rest` columns already when `first` is 0.
fn wrap(text: &mut String, paragraph: &str, first: usize, rest: usize) {
    text.push_str(&" ".repeat(if paragraph.is_empty() { 0 } else { first }));
    let mut column = rest;
    for (index, word) in paragraph.split(' ').enumerate() {
        let width = word.chars().count();
        if index > 0 && column + 1 + width > WIDTH {
            text.push_str(&format!("\n{}", " ".repeat(rest)));
            column = rest;
        } else if index > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += width;
    }
    text.push('\n');
}
