//! What is printed, and where: data on standard output, everything else on standard error.

mod confirm;
mod format;
pub(crate) mod human;
mod inspect;
pub(crate) mod mounted;
mod progress;

pub(crate) use confirm::confirm;
pub(crate) use format::{JsonLayout, Listing, columns, is_json, json};
pub(crate) use inspect::{Object, inspect, inspect_as};
pub(crate) use progress::PullProgress;

pub(crate) use super::failure::one_line;

use super::failure::Failure;
use super::tree::RootOptions;
use std::io::Write;
use std::process::ExitCode;

/// Prints `text`, as it is, on standard output.
///
/// # Errors
/// Standard output cannot be written; see [`Failure::Output`] for a reader that went away.
pub(crate) fn print(text: &str) -> Result<ExitCode, Failure> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(Failure::Output)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints one line on standard error.
pub(crate) fn note(line: &str) {
    // Nothing can be done about a note that cannot be printed.
    let _ = std::io::stderr().write_all(format!("{}\n", super::failure::one_line(line)).as_bytes());
}

/// Puts standard output where `--out` or `--noout` wants it, for this process and those it starts.
///
/// # Errors
/// The file cannot be made.
pub(crate) fn redirect(options: &RootOptions) -> Result<(), Failure> {
    let path = match (&options.out, options.noout) {
        (Some(path), _) => path.clone(),
        (None, true) => "/dev/null".into(),
        (None, false) => return Ok(()),
    };
    let open = || {
        let file = std::fs::File::create(&path)?;
        rustix::stdio::dup2_stdout(&file).map_err(std::io::Error::from)
    };
    open().map_err(|source| Failure::File { what: "open", path: path.clone(), source })
}
