//! The container's environment: `-e`, `--env-file` and their kin.
//!
//! Files come first, in the order given, then `-e`, so that the command line wins. In both, `NAME=value` sets, `NAME`
//! copies the caller's value when there is one, `PREFIX*` copies all that begin so.

use super::{OptionError, Surroundings};
use crate::cli::configuration::Containers;
use crate::engine::request::ContainerRequest;
use clap::{Args, ValueHint};
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub(crate) struct EnvironmentOptions {
    /// Set a variable, or copy the caller's (NAME, or PREFIX* for all that begin so); may be repeated
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// Read variables from this file, one a line; may be repeated
    #[arg(long, value_name = "FILE", value_delimiter = ',', value_hint = ValueHint::FilePath)]
    env_file: Vec<PathBuf>,
    /// Copy the caller's whole environment
    #[arg(long)]
    env_host: bool,
    /// Set a variable from the image's environment, e.g. PATH=${PATH}:/opt/bin; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    env_merge: Vec<String>,
    /// Remove a variable of the image; may be repeated
    #[arg(long, value_name = "NAME")]
    unsetenv: Vec<String>,
    /// Remove all variables of the image
    #[arg(long)]
    unsetenv_all: bool,
    /// Pass the caller's proxy variables on [default: true]
    #[arg(long, default_value = "true")]
    http_proxy: bool,
}

impl EnvironmentOptions {
    pub(super) fn fill(&mut self, defaults: &Containers) {
        self.env_host |= defaults.env_host;
        self.http_proxy &= defaults.http_proxy != Some(false);
    }

    pub(super) fn apply(self, request: &mut ContainerRequest, surroundings: &Surroundings) -> Result<(), OptionError> {
        request.env.extend(variables(&self.env_file, &self.env, surroundings)?);
        for text in &self.env_merge {
            if text.split_once('=').is_none_or(|(name, _)| name.is_empty()) {
                return Err(OptionError::Environment(text.clone()));
            }
        }
        request.env_host = self.env_host;
        request.env_merge = self.env_merge;
        request.unset_env = self.unsetenv;
        request.unset_env_all = self.unsetenv_all;
        request.http_proxy = self.http_proxy;
        Ok(())
    }
}

/// What `--env-file` and `--env` set, in that order.
///
/// # Errors
/// A file that cannot be read; a variable without a name.
pub(crate) fn variables(
    files: &[PathBuf],
    given: &[String],
    surroundings: &Surroundings,
) -> Result<Vec<String>, OptionError> {
    let mut variables = Vec::new();
    for path in files {
        let text =
            (surroundings.read)(path).map_err(|source| OptionError::EnvironmentFile { path: path.clone(), source })?;
        for line in env_file_lines(&text) {
            add(&mut variables, line, &surroundings.environment)?;
        }
    }
    for text in given {
        add(&mut variables, text, &surroundings.environment)?;
    }
    Ok(variables)
}

/// The lines of an environment file that set something. Values are taken as they are: quotes are not special.
fn env_file_lines(text: &str) -> impl Iterator<Item = &str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn add(env: &mut Vec<String>, text: &str, caller: &BTreeMap<String, String>) -> Result<(), OptionError> {
    if text.is_empty() || text.starts_with('=') || text.contains('\0') {
        return Err(OptionError::Environment(text.to_owned()));
    }
    if text.contains('=') {
        env.push(text.to_owned());
    } else if let Some(prefix) = text.strip_suffix('*') {
        let copied = caller.iter().filter(|(name, _)| name.starts_with(prefix));
        env.extend(copied.map(|(name, value)| format!("{name}={value}")));
    } else if let Some(value) = caller.get(text) {
        env.push(format!("{text}={value}"));
    }
    Ok(())
}
