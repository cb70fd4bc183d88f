//! Which containers a command is about: names, `--all`, `--latest`, `--cidfile`, `--filter`.

use super::filter::Filters;
use crate::cli::failure::Failure;
use crate::engine::Engine;
use crate::engine::lifecycle::Container;
use clap::{Args, ValueHint};
use jiff::Timestamp;
use std::path::PathBuf;

/// The most recently created container instead of a name.
#[derive(Args, Debug, Default)]
pub(crate) struct Latest {
    /// Act on the most recently created container
    #[arg(short, long)]
    pub(crate) latest: bool,
}

/// Files that hold container IDs.
#[derive(Args, Debug, Default)]
pub(crate) struct IdFiles {
    /// Read the container's ID from this file; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) cidfile: Vec<PathBuf>,
}

/// What was given to choose containers.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// Words after the options.
    pub(crate) names: Vec<String>,
    /// `--all`.
    pub(crate) all: bool,
    /// `--latest`.
    pub(crate) latest: bool,
    /// `--cidfile`.
    pub(crate) id_files: Vec<PathBuf>,
    /// `--filter`.
    pub(crate) filters: Vec<String>,
    /// A missing ID file, or a container that does not exist, is no error.
    pub(crate) ignore: bool,
}

impl Selection {
    /// Names of the containers chosen, as typed where they were typed. Those of `--all` and `--filter` are narrowed by
    /// `eligible`. An empty list comes only from `--all`, `--filter` and `--ignore`.
    ///
    /// # Errors
    /// Nothing was chosen, or in contradicting ways; a filter or file that cannot be used.
    pub(crate) fn names(self, engine: &Engine, eligible: fn(&Container) -> bool) -> Result<Vec<String>, Failure> {
        self.check()?;
        let mut names = self.names;
        for path in self.id_files {
            match std::fs::read_to_string(&path) {
                Ok(text) => names.push(text.lines().next().unwrap_or_default().trim().to_owned()),
                Err(error) if self.ignore && error.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => return Err(Failure::IdFile { path, source }),
            }
        }
        if !self.all && !self.latest && self.filters.is_empty() {
            return Ok(names);
        }
        let all = engine.list_containers();
        if self.latest {
            let latest = all.last().ok_or_else(|| Failure::Arguments("no containers to act on".to_owned()))?;
            return Ok(vec![latest.record.id.clone()]);
        }
        let filters = Filters::parse(&self.filters, &all, Timestamp::now())?;
        let chosen = all.iter().filter(|container| eligible(container) && filters.accept(container));
        names.extend(chosen.map(|container| container.record.id.clone()));
        Ok(names)
    }

    /// As [`Selection::names`]; all containers that were typed exist, else nothing is to be done to any.
    ///
    /// # Errors
    /// As there; a container does not exist.
    pub(crate) fn existing(self, engine: &Engine, eligible: fn(&Container) -> bool) -> Result<Vec<String>, Failure> {
        let is_checked = !self.ignore && self.names.len() > 1;
        let names = self.names(engine, eligible)?;
        if is_checked {
            names.iter().try_for_each(|name| engine.check_exists(name))?;
        }
        Ok(names)
    }

    /// podman's rules, in its order.
    fn check(&self) -> Result<(), Failure> {
        let (named, filed) = (!self.names.is_empty(), !self.id_files.is_empty());
        if !self.filters.is_empty() {
            return match named {
                true => Err(Failure::Arguments("--filter takes no arguments".to_owned())),
                false => Ok(()),
            };
        }
        let complaint = match (self.all, self.latest) {
            (true, _) | (_, true) if filed => "--all, --latest, and --cidfile cannot be used together",
            (true, true) => "--all and --latest cannot be used together",
            (true, false) if named => "no arguments are needed with --all",
            (false, true) if named => "--latest and containers cannot be used together",
            (false, false) if named && filed => "no arguments are needed with --latest or --cidfile",
            (false, false) if !named && !filed => "you must provide at least one name or id",
            _ => return Ok(()),
        };
        Err(Failure::Arguments(complaint.to_owned()))
    }
}
