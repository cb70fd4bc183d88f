//! Errors as values that cross process borders.
//!
//! A failure happens in init or the guard, behind two forks and an exec; it travels to the caller over a socket, so it
//! is plain data: what the caller must decide on (the exit code) and the finished line.

use crate::sys::errno::Words;
use serde::{Deserialize, Serialize};

/// What went wrong, as far as the exit code depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureKind {
    /// coracle or the host cannot do it: exit code 125.
    Setup,
    /// The root file system cannot be made this way; another may work. Exit code 125.
    RootFileSystem,
    /// The container's own network cannot be made; it may do without. Exit code 125.
    Network,
    /// The command exists but cannot be invoked: exit code 126.
    CannotInvoke,
    /// The command does not exist: exit code 127.
    CommandNotFound,
}

/// A failure to set a container up or to start its process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// For the exit code.
    pub kind: FailureKind,
    /// One line, without `Error: `.
    pub message: String,
    /// What the user can do, when there is something.
    pub hint: Option<String>,
}

impl Failure {
    /// `what`, then the cause in words.
    pub fn setup(what: impl std::fmt::Display, cause: impl Into<std::io::Error>) -> Self {
        Failure::message(format!("{what}: {}", in_words(&cause.into())))
    }

    /// A finished line.
    pub fn message(message: impl Into<String>) -> Self {
        Failure { kind: FailureKind::Setup, message: message.into(), hint: None }
    }

    /// The same with advice.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same as another kind.
    pub fn of_kind(mut self, kind: FailureKind) -> Self {
        self.kind = kind;
        self
    }
}

/// An operating system error in words.
pub fn in_words(error: &std::io::Error) -> String {
    Words(error).to_string()
}

/// Result of a setup step.
pub type Step<T> = Result<T, Failure>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_in_words() {
        let failure = Failure::setup("mount \"/x\"", rustix::io::Errno::ACCESS);
        assert_eq!(failure.to_string(), "mount \"/x\": permission denied");
    }
}
