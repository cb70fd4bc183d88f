//! Which pods a command is about: names, `--all`, `--latest`, `--pod-id-file`.

use crate::cli::failure::Failure;
use crate::engine::Engine;
use crate::engine::pods::PodSummary;
use clap::{Args, ValueHint};
use std::path::PathBuf;

/// All pods, or the latest, instead of names.
#[derive(Args, Debug, Default)]
pub(super) struct Which {
    /// Act on all pods
    #[arg(short, long)]
    pub(super) all: bool,
    /// Act on the most recently created pod
    #[arg(short, long)]
    pub(super) latest: bool,
}

/// Files that hold pod IDs.
#[derive(Args, Debug, Default)]
pub(super) struct IdFiles {
    /// Read the pod's ID from this file; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) pod_id_file: Vec<PathBuf>,
}

impl Which {
    /// Names of the pods chosen, as typed where they were typed; of `--all` those that `eligible` accepts.
    ///
    /// # Errors
    /// Nothing was chosen, or in contradicting ways; a file that cannot be read.
    pub(super) fn names(
        &self,
        engine: &Engine,
        mut names: Vec<String>,
        files: &[PathBuf],
        eligible: fn(&PodSummary) -> bool,
    ) -> Result<Vec<String>, Failure> {
        let complaint = match (self.all, self.latest, names.is_empty(), files.is_empty()) {
            (true, true, ..) => "--all and --latest cannot be used together",
            (true, _, false, _) => "no arguments are needed with --all",
            (_, true, false, _) => "--latest and pods cannot be used together",
            (true, _, _, false) | (_, true, _, false) => "--all, --latest, and --pod-id-file cannot be used together",
            (false, false, true, true) => "you must provide at least one name or id",
            _ => "",
        };
        if !complaint.is_empty() {
            return Err(Failure::Arguments(complaint.to_owned()));
        }
        for path in files {
            match std::fs::read_to_string(path) {
                Ok(text) => names.push(text.lines().next().unwrap_or_default().trim().to_owned()),
                Err(source) => return Err(Failure::File { what: "read", path: path.clone(), source }),
            }
        }
        if self.latest {
            let latest = engine.list_pods().pop().ok_or_else(|| Failure::Arguments("no pods to act on".to_owned()))?;
            names.push(latest.pod.id);
        }
        if self.all {
            names.extend(engine.list_pods().into_iter().filter(eligible).map(|summary| summary.pod.id));
        }
        Ok(names)
    }
}

/// The pod of a command that takes one: by name, or the latest.
///
/// # Errors
/// Neither or both were given.
pub(super) fn one(engine: &Engine, latest: bool, name: Option<&String>) -> Result<String, Failure> {
    let which = Which { all: false, latest };
    let names = which.names(engine, name.into_iter().cloned().collect(), &[], |_| true)?;
    Ok(names.into_iter().next().unwrap_or_default())
}
