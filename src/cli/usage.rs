//! clap's complaints in podman's words.

use super::failure::Failure;
use super::tree::{Action, Entry};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, Error};

/// What clap complains about, for the arguments `words` (without the program's name).
pub(crate) fn translate(error: &Error, words: &[String], program: &str, entries: &[Entry]) -> Failure {
    let path = typed_path(words, program, entries);
    let message = match error.kind() {
        ErrorKind::InvalidSubcommand => return unknown_command(error, words, program, entries),
        ErrorKind::UnknownArgument => unknown_flag(error, words),
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => invalid_value(error, words, &path),
        ErrorKind::TooManyValues => invalid_value(error, words, &path),
        _ => format!("invalid command line: {}", first_line(error)),
    };
    Failure::Syntax { message, path }
}

fn text(error: &Error, kind: ContextKind) -> &str {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text,
        _ => "",
    }
}

fn first_line(error: &Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// The program's name and the commands typed, in the table's words.
fn typed_path(words: &[String], program: &str, entries: &[Entry]) -> String {
    let mut path = program.to_owned();
    let mut owned: Vec<Entry>;
    let mut entries = entries;
    for word in words {
        let Some(entry) = find(entries, word) else { continue };
        path = format!("{path} {}", entry.name);
        match entry.action {
            Action::Group(inner) => owned = inner(),
            Action::Verb { .. } => break,
        }
        entries = &owned;
    }
    path
}

/// The row called `name`.
pub(crate) fn find<'a>(entries: &'a [Entry], name: &str) -> Option<&'a Entry> {
    entries.iter().find(|entry| entry.name == name || entry.aliases.contains(&name))
}

fn unknown_command(error: &Error, words: &[String], program: &str, entries: &[Entry]) -> Failure {
    let word = text(error, ContextKind::InvalidSubcommand).to_owned();
    if let Some(flag) = unknown_root_flag(words) {
        return Failure::Syntax { message: format!("unknown flag: {flag}"), path: program.to_owned() };
    }
    // What follows the unknown word says nothing about where it stands: `coracle imagse rm`.
    let before = words.iter().take_while(|typed| **typed != word).count();
    let parent = typed_path(&words[..before], program, entries);
    let siblings = match parent == program {
        true => entries.iter().filter(|entry| !entry.hidden).map(|entry| entry.name).collect(),
        false => Vec::new(),
    };
    Failure::UnknownCommand { path: format!("{parent} {word}"), parent, similar: similar(&word, siblings) }
}

/// The first long flag among `words` that the program itself does not have: what follows an unknown command is judged so.
fn unknown_root_flag(words: &[String]) -> Option<String> {
    let flags = words.iter().take_while(|word| *word != "--").filter(|word| word.len() > 2 && word.starts_with("--"));
    let names = flags.map(|word| word.split('=').next().unwrap_or_default());
    let parser = super::tree::parser();
    let is_known = |name: &str| parser.get_arguments().any(|arg| arg.get_long() == name.strip_prefix("--"));
    names.filter(|name| !is_known(name)).map(str::to_owned).next()
}

/// Names at most two edits away, or that begin so, as podman's library suggests them.
fn similar(word: &str, names: Vec<&'static str>) -> Vec<&'static str> {
    let near = |name: &str| distance(word, name) <= 2 || name.starts_with(word);
    names.into_iter().filter(|name| near(name)).collect()
}

/// Levenshtein's distance.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    // Nobody means a command by a word this long, and the work is the product of both lengths.
    let from: Vec<char> = from.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, left) in from.iter().enumerate() {
        let mut diagonal = index;
        row[0] = index + 1;
        for (column, right) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

/// `unknown flag: --foo`, `unknown shorthand flag: 'x' in -xyz`.
fn unknown_flag(error: &Error, words: &[String]) -> String {
    let flag = text(error, ContextKind::InvalidArg);
    match flag.strip_prefix("--") {
        Some(long) => format!("unknown flag: --{}", long.split('=').next().unwrap_or_default()),
        None => {
            let short = flag.trim_start_matches('-').chars().next().unwrap_or('-');
            format!("unknown shorthand flag: '{short}' in {}", cluster(words, short).unwrap_or_else(|| flag.to_owned()))
        }
    }
}

/// The rest of the word of combined short flags in which `short` stands: `-xyz` of `-ixyz`.
fn cluster(words: &[String], short: char) -> Option<String> {
    let flags = words.iter().filter(|word| word.starts_with('-') && !word.starts_with("--"));
    flags.filter_map(|word| word.find(short).map(|at| format!("-{}", &word[at..]))).next()
}

/// A value that cannot be parsed, or none where one is needed.
fn invalid_value(error: &Error, words: &[String], path: &str) -> String {
    let flag = text(error, ContextKind::InvalidArg);
    let value = text(error, ContextKind::InvalidValue);
    let flag = flag.split([' ', '[', '=']).next().unwrap_or_default();
    let cause = std::error::Error::source(error).map(ToString::to_string);
    match cause {
        Some(cause) => format!("invalid argument {value:?} for {:?} flag: {cause}", both_names(flag, path)),
        None => match words.last() {
            Some(last) if last.starts_with('-') && !last.starts_with("--") => {
                let short = last.chars().last().unwrap_or('-');
                format!("flag needs an argument: '{short}' in -{short}")
            }
            _ => format!("flag needs an argument: {flag}"),
        },
    }
}

/// `-m, --memory` of `--memory`.
fn both_names(flag: &str, path: &str) -> String {
    let mut tree = super::tree::documentation("");
    let mut command: &mut Command = &mut tree;
    for word in path.split(' ').skip(1) {
        match command.find_subcommand_mut(word) {
            Some(inner) => command = inner,
            None => return flag.to_owned(),
        }
    }
    let long = flag.trim_start_matches("--");
    match command.get_arguments().find(|arg| arg.get_long() == Some(long)).and_then(Arg::get_short) {
        Some(short) => format!("-{short}, --{long}"),
        None => flag.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        for (from, to, expected) in [("", "abc", 3), ("imagse", "images", 2), ("image", "images", 1), ("run", "run", 0)]
        {
            assert_eq!(distance(from, to), expected, "{from} {to}");
        }
    }
}
