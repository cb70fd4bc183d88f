//! Options shared by `run` and `create`, and their conversion to a [`ContainerRequest`].
//!
//! One struct per subject, each with an `apply` that fills its part of the request. The conversion is pure: what it
//! needs from the process (environment, files named by options, the name it was called by) comes in as [`Surroundings`],
//! so it is tested as tables. What needs the image or the host to be understood is left to the engine.

mod egress;
mod environment;
mod error;
mod health;
mod image;
mod lifecycle;
mod limits;
pub(crate) mod mounts;
mod namespaces;
mod network;
mod pod;
mod ports;
mod process;
mod secrets;
mod security;
#[cfg(test)]
mod tests;

pub(crate) use environment::variables;
pub(crate) use error::OptionError;
pub(crate) use health::HealthOptions;
pub(crate) use image::{RegistryOptions, check_authfile, pull_policy};
pub(crate) use lifecycle::{is_valid_name, label, restart_policy};
pub(crate) use limits::LimitOptions;
pub(crate) use pod::PodOptions;

use crate::cli::configuration::Configuration;
use crate::engine::request::{ContainerRequest, RootSource};
use crate::runtime::option_error::OptionError as OptionProblem;
use crate::runtime::signals;
use clap::Args;
use std::collections::BTreeMap;
use std::path::Path;

/// What the conversion needs from the process.
pub(crate) struct Surroundings<'a> {
    /// The caller's environment; variables that are not UTF-8 are left out.
    pub(crate) environment: BTreeMap<String, String>,
    /// Reads a file named by an option.
    pub(crate) read: &'a dyn Fn(&Path) -> std::io::Result<String>,
    /// Called as `docker`: `-v` makes a missing host directory.
    pub(crate) as_docker: bool,
    /// `containers.conf`, for commands that create containers.
    pub(crate) defaults: Configuration,
}

/// Options shared by `run` and `create`.
#[derive(Args, Debug)]
pub(crate) struct CreateOptions {
    #[command(flatten, next_help_heading = "Life cycle")]
    lifecycle: lifecycle::LifecycleOptions,
    #[command(flatten, next_help_heading = "Image")]
    image: image::ImageOptions,
    #[command(flatten, next_help_heading = "Process")]
    process: process::ProcessOptions,
    #[command(flatten, next_help_heading = "Environment")]
    environment: environment::EnvironmentOptions,
    #[command(flatten, next_help_heading = "Files and devices")]
    mounts: mounts::MountOptions,
    #[command(flatten, next_help_heading = "Files and devices")]
    secrets: secrets::SecretOptions,
    #[command(flatten, next_help_heading = "Network")]
    network: network::NetworkOptions,
    #[command(flatten, next_help_heading = "Network")]
    egress: egress::EgressOptions,
    #[command(flatten, next_help_heading = "Namespaces")]
    namespaces: namespaces::NamespaceOptions,
    #[command(flatten, next_help_heading = "Health")]
    health: health::HealthOptions,
    #[command(flatten, next_help_heading = "Security")]
    security: security::SecurityOptions,
    #[command(flatten, next_help_heading = "Limits")]
    limits: LimitOptions,
    #[command(flatten, next_help_heading = "Limits")]
    groups: limits::GroupOptions,
}

impl CreateOptions {
    /// The request these options and the words after them ask for. `words` is not empty: its first is the image.
    ///
    /// # Errors
    /// The first option whose value cannot be used.
    pub(crate) fn into_request(
        mut self,
        words: Vec<String>,
        surroundings: &Surroundings,
    ) -> Result<ContainerRequest, OptionError> {
        self.fill(&surroundings.defaults);
        let mut words = words.into_iter();
        let first = words.next().unwrap_or_default();
        let mut request = ContainerRequest::new(RootSource::Image(first));
        request.base_env.clone_from(&surroundings.defaults.containers.env);
        request.command = words.collect();
        self.image.apply(&mut request)?;
        self.lifecycle.apply(&mut request, surroundings)?;
        self.process.apply(&mut request)?;
        self.environment.apply(&mut request, surroundings)?;
        self.mounts.apply(&mut request, surroundings)?;
        self.secrets.apply(&mut request)?;
        self.network.apply(&mut request)?;
        self.egress.apply(&mut request)?;
        self.namespaces.apply(&mut request)?;
        self.health.apply(&mut request)?;
        self.security.apply(&mut request)?;
        self.limits.apply(&mut request.limits)?;
        self.groups.apply(&mut request)?;
        request.detach_keys = surroundings.defaults.engine.detach_keys.clone();
        Ok(request)
    }

    /// What `containers.conf` says, where the command line says nothing.
    fn fill(&mut self, defaults: &Configuration) {
        if *defaults == Configuration::default() {
            return;
        }
        let Configuration { containers, engine } = defaults;
        let is_in_pod = self.lifecycle.is_in_pod();
        self.network.fill(containers, is_in_pod);
        self.namespaces.fill(containers, is_in_pod);
        self.lifecycle.fill(containers, engine);
        self.image.fill(engine);
        self.process.fill(containers);
        self.environment.fill(containers);
        self.mounts.fill(containers);
        let shares_network = self.network.is_shared();
        self.security.fill(containers, shares_network || is_in_pod);
        self.limits.fill(containers);
        self.groups.fill(containers);
    }
}

/// Reads a signal of `kill`; a dash in front is not part of it.
///
/// # Errors
/// A word or a number that is none.
pub(crate) fn signal(text: &str) -> Result<i32, OptionError> {
    signals::parse(text).map_err(|error| match error {
        OptionProblem::SignalNumber => OptionError::SignalNumber,
        _ => OptionError::Signal(text.strip_prefix('-').unwrap_or(text).to_owned()),
    })
}

/// Splits `KEY=VALUE`.
fn key_value(text: &str) -> Option<(String, String)> {
    let (key, value) = text.split_once('=')?;
    Some((key.to_owned(), value.to_owned()))
}
