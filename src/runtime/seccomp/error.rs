//! What can go wrong with a seccomp filter.

use crate::sys::errno::Words;
use std::io;
use std::path::PathBuf;

/// A profile that cannot be read, compiled or installed.
#[derive(Debug, thiserror::Error)]
pub enum SeccompError {
    /// `--security-opt seccomp=FILE`: the file cannot be read.
    #[error("opening seccomp profile failed: open {}: {}", .path.display().to_string().escape_debug(), Words(.source))]
    Open {
        /// The file as typed.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is not a profile.
    #[error("decoding seccomp profile failed: {0}")]
    Decode(#[source] serde_json::Error),
    /// A word that is no action.
    #[error("unknown seccomp action {0:?}")]
    UnknownAction(String),
    /// A word that is no comparison.
    #[error("unknown seccomp operator {0:?}")]
    UnknownOperator(String),
    /// A word that is no architecture.
    #[error("unknown seccomp architecture {0:?}")]
    UnknownArchitecture(String),
    /// A word that is no flag of seccomp(2).
    #[error("unknown seccomp flag {0:?}")]
    UnknownFlag(String),
    /// System calls have six arguments.
    #[error("seccomp rule for {syscall:?} has argument {index}: there are six, from 0")]
    ArgumentIndex {
        /// The system call.
        syscall: String,
        /// The index in the profile.
        index: u64,
    },
    /// `architectures` and `archMap` at once.
    #[error(
        "both 'architectures' and 'archMap' are specified in the seccomp profile, use either 'architectures' or 'archMap'"
    )]
    BothArchitectures,
    /// A capability in a condition that does not exist.
    #[error("unknown capability {0:?} in the seccomp profile")]
    UnknownCapability(String),
    /// The program is longer than the kernel takes.
    #[error("seccomp profile needs {0} instructions: the kernel takes at most 4096")]
    TooLong(usize),
    /// Every call would wait for an answer.
    #[error("SCMP_ACT_NOTIFY cannot be used as default action")]
    NotifiedByDefault,
    /// The call by which the agent is asked would have to be allowed by the agent.
    #[error("SCMP_ACT_NOTIFY cannot be used for the {0} syscall")]
    NotifiedOwn(&'static str),
    /// Nobody would answer.
    #[error("SCMP_ACT_NOTIFY needs \"seccomp.listenerPath\"")]
    NoAgent,
    /// No numbers for the machine's architecture.
    #[error("no seccomp filter can be made for this architecture")]
    Unsupported,
    /// seccomp(2) refused.
    #[error("cannot install the seccomp filter: {}", Words(.0))]
    Install(#[source] io::Error),
}
