//! Which containers a command is about.

use clap::{Args, ValueHint};
use std::path::PathBuf;

/// The most recently created container instead of a name.
#[derive(Args, Debug)]
pub(crate) struct Latest {
    /// Act on the most recently created container
    #[arg(short, long)]
    pub(crate) latest: bool,
}

/// Files that hold container IDs.
#[derive(Args, Debug)]
pub(crate) struct IdFiles {
    /// Read the container's ID from this file; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) cidfile: Vec<PathBuf>,
}
