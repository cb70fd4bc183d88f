//! The real binary in an empty HOME with a cleared environment: output compared whole, exit code always.

mod completion;
mod documents;
mod host;
mod program;
mod syntax;
mod verbs;
