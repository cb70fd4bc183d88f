//! From an error to what is printed and to the exit code; the only place where that is decided.
//!
//! Exit codes: 125 coracle failed, 126 the command cannot be invoked, 127 it was not found; 1 where podman uses 1 (`rm`,
//! `rmi` and `volume rm` of what does not exist). A broken pipe on standard output is a quiet end.

use super::options::OptionError;
use super::template::TemplateError;
use crate::engine::unshare::UnshareError;
use crate::engine::{self, Kind, images};
use std::io::Write;
use std::process::ExitCode;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command line cannot be parsed; help is mentioned.
    #[error("{message}")]
    Syntax {
        /// In podman's words.
        message: String,
        /// The command whose help is of use, e.g. `coracle run`.
        path: String,
    },
    /// There is no such command.
    #[error("unrecognized command `{path}`")]
    UnknownCommand {
        /// All words, e.g. `coracle imagse`.
        path: String,
        /// The words before the unknown one, e.g. `coracle`.
        parent: String,
        /// Commands with similar names.
        similar: Vec<&'static str>,
    },
    /// A noun without a verb.
    #[error("missing command '{0} COMMAND'")]
    MissingCommand(String),
    /// `--log-level`.
    #[error("Log Level {level:?} is not supported, choose from: {}", super::values::LOG_LEVELS.join(", "))]
    LogLevel {
        /// As typed.
        level: String,
    },
    /// `--debug` is a log level, too.
    #[error("Setting --log-level and --debug is not allowed")]
    DebugAndLevel,
    /// The wrong number of words, or words that do not go together; the text is the verb's own, in podman's words.
    #[error("{0}")]
    Arguments(String),
    /// An option's value.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// `containers.conf`.
    #[error(transparent)]
    Configuration(#[from] super::configuration::ConfigurationError),
    /// Containers and volumes.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// Images.
    #[error(transparent)]
    Image(#[from] images::Error),
    /// `network inspect` of what does not exist.
    #[error("network {0}: unable to find network with name or ID {0}: network not found")]
    NoSuchNetwork(String),
    /// `inspect` of a container, a pod or a volume that does not exist.
    #[error("no such {0} {1}")]
    NoSuch(&'static str, String),
    /// `rm` of a container that does not exist.
    #[error("no container with ID or name {0:?} found: no such container")]
    NothingToRemove(String),
    /// `unshare`.
    #[error(transparent)]
    Unshare(#[from] UnshareError),
    /// The process that keeps a container was killed, and the container with it.
    #[error("container {container:?} was killed: its keeper is gone")]
    Killed {
        /// The container's name.
        container: String,
        /// Exit code.
        code: u8,
    },
    /// `system check` has found damage.
    #[error("damage detected in local storage")]
    Damaged,
    /// What was named is neither a container nor an image nor a volume.
    #[error("no such object: {0:?}")]
    NoSuchObject(String),
    /// One of several objects cannot be inspected.
    #[error("{doing}{cause}")]
    Inspect {
        /// `inspecting secret: `, or nothing.
        doing: &'static str,
        /// Why not.
        cause: Box<Failure>,
    },
    /// `--format`.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Standard input.
    #[error("cannot read standard input: {}", describe(.0))]
    Input(#[source] std::io::Error),
    /// Standard output.
    #[error("cannot write to standard output: {}", describe(.0))]
    Output(#[source] std::io::Error),
    /// A file the user named.
    #[error("cannot {what} {:?}: {}", .path.display().to_string(), describe(.source))]
    File {
        /// What was tried, e.g. `write`.
        what: &'static str,
        /// The file as typed.
        path: std::path::PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// `--cidfile` of a command about containers that exist.
    #[error("reading CIDFile: open {}: {}", .path.display(), describe(.source))]
    IdFile {
        /// The file as typed.
        path: std::path::PathBuf,
        /// Why it cannot be read.
        #[source]
        source: std::io::Error,
    },
    /// The runtime interface, whose callers know 1 for every failure (255 for `exec`).
    #[error("{error}")]
    Oci {
        /// Why.
        #[source]
        error: Box<crate::runtime::oci::OciError>,
        /// Exit code.
        code: u8,
    },
    /// A command line of the runtime interface that cannot be carried out; its callers know 1 for that, too.
    #[error("{0}")]
    OciArguments(Box<Failure>),
    /// Everything was reported already, one line per object.
    #[error("an object failed")]
    Reported(u8),
}

/// The text of the operating system for an error, without Rust's `(os error 2)`.
pub(crate) fn describe(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut characters = text.chars();
    match (error.raw_os_error(), characters.next()) {
        (Some(_), Some(first)) => first.to_lowercase().chain(characters).collect(),
        _ => text.to_owned(),
    }
}

impl Failure {
    /// The exit code.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Failure::Unshare(error) => error.exit_code(),
            Failure::LogLevel { .. } | Failure::DebugAndLevel => 1,
            Failure::OciArguments(_) | Failure::NothingToRemove(_) => 1,
            Failure::Reported(code) | Failure::Killed { code, .. } | Failure::Oci { code, .. } => *code,
            Failure::Engine(error) => match error.kind() {
                Kind::CannotInvoke => 126,
                Kind::CommandNotFound => 127,
                _ => 125,
            },
            Failure::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe => 0,
            _ => 125,
        }
    }

    /// The exit code of commands that tell what is missing (1) and what is in use (2) from other failures: `rm`, `rmi`,
    /// `volume rm`.
    pub(crate) fn removal_code(&self) -> u8 {
        match self {
            Failure::Image(error) if error.is_conflict() => 2,
            Failure::Engine(error) if error.kind() == Kind::Conflict => 2,
            _ if self.is_not_found() => 1,
            _ => self.exit_code(),
        }
    }

    /// The failure to look at `name`, as `inspect` of this kind of object tells it.
    pub(crate) fn inspecting(self, kind: &'static str, name: &str) -> Failure {
        if self.is_not_found() { Failure::NoSuch(kind, name.to_owned()) } else { self }
    }

    /// Whether what was named does not exist.
    pub(crate) fn is_not_found(&self) -> bool {
        match self {
            Failure::Image(error) => error.is_not_found(),
            Failure::Engine(error) => error.kind() == Kind::NotFound,
            Failure::NoSuchObject(_) | Failure::NoSuchNetwork(_) | Failure::NoSuch(..) => true,
            Failure::NothingToRemove(_) => true,
            _ => false,
        }
    }

    /// What the user can do about it.
    fn hint(&self) -> Option<String> {
        match self {
            Failure::Image(error) => error.hint(),
            Failure::OciArguments(failure) => failure.hint(),
            Failure::Unshare(error) => error.hint().map(str::to_owned),
            Failure::Engine(error) => error.hint(),
            Failure::Damaged => Some("fetch what is damaged again with: coracle system check --repair".to_owned()),
            _ => None,
        }
    }

    /// Lines that follow the error, as podman writes them.
    fn advice(&self) -> String {
        match self {
            Failure::OciArguments(failure) => failure.advice(),
            Failure::Syntax { path, .. } => format!("See '{path} --help'\n"),
            Failure::UnknownCommand { parent, similar, .. } => {
                let mut text = String::new();
                if !similar.is_empty() {
                    text.push_str("\nDid you mean this?\n");
                    for name in similar {
                        text.push_str(&format!("\t{name}\n"));
                    }
                    text.push('\n');
                }
                text + &format!("Try '{parent} --help' for more information\n")
            }
            _ => String::new(),
        }
    }

    /// Prints the error, if there is something left to print, and returns the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        let quiet = match self {
            Failure::Reported(_) => true,
            Failure::Output(error) => error.kind() == std::io::ErrorKind::BrokenPipe,
            _ => false,
        };
        if !quiet {
            let prefix = if matches!(self, Failure::LogLevel { .. } | Failure::DebugAndLevel) { "" } else { "Error: " };
            let mut text = format!("{prefix}{}\n{}", one_line(&self.to_string()), self.advice());
            if let Some(hint) = self.hint() {
                text.push_str(&format!("Hint: {hint}\n"));
            }
            // Nothing can be done about an error that cannot be printed.
            let _ = std::io::stderr().write_all(text.as_bytes());
        }
        ExitCode::from(self.exit_code())
    }
}

/// Does `action` for each item, reports what fails, and goes on. The exit code is the greatest that `code` gives.
///
/// # Errors
/// [`Failure::Reported`], when an item failed.
pub(crate) fn each<Item>(
    items: impl IntoIterator<Item = Item>,
    code: fn(&Failure) -> u8,
    mut action: impl FnMut(Item) -> Result<(), Failure>,
) -> Result<ExitCode, Failure> {
    let mut worst = 0;
    for item in items {
        if let Err(failure) = action(item) {
            failure.report();
            worst = worst.max(code(&failure));
        }
    }
    match worst {
        0 => Ok(ExitCode::SUCCESS),
        code => Err(Failure::Reported(code)),
    }
}

/// `text` with control characters escaped, so that hostile text can neither forge lines nor drive the terminal.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_control() {
            true => line.extend(character.escape_default()),
            false => line.push(character),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(one_line("a\nb\u{1b}[31mc\u{9b}ü"), "a\\nb\\u{1b}[31mc\\u{9b}ü");
    }

    #[test]
    fn system_errors_read_in_lower_case() {
        assert_eq!(describe(&std::io::Error::from_raw_os_error(2)), "no such file or directory");
    }

    #[test]
    fn a_broken_pipe_is_a_quiet_end() {
        assert_eq!(Failure::Output(std::io::ErrorKind::BrokenPipe.into()).exit_code(), 0);
        assert_eq!(Failure::Output(std::io::ErrorKind::StorageFull.into()).exit_code(), 125);
    }
}
