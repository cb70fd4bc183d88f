//! Name, labels, log, end of life.

use super::{OptionError, Surroundings, key_value};
use crate::cli::configuration::{Containers, EngineDefaults};
use crate::cli::values;
use crate::engine::plan::JOURNAL_SOCKET;
use crate::engine::request::{ContainerRequest, InitContainer, NotifyMode, SystemdMode};
use crate::engine::restart::RestartPolicy;
use clap::{Args, ValueHint};
use std::path::{Path, PathBuf};

#[derive(Args, Debug)]
pub(crate) struct LifecycleOptions {
    /// Name of the container; a random one is chosen when absent
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Remove a container that has the same name first
    #[arg(long)]
    replace: bool,
    /// Remove the container when it exits
    #[arg(long)]
    rm: bool,
    /// Put the container into a pod, or into a new one: new:NAME
    #[arg(long, value_name = "POD")]
    pod: Option<String>,
    /// Put the container into the pod whose ID is in this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pod_id_file: Option<PathBuf>,
    /// Write the container's ID to this file, which goes with the container
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    cidfile: Option<PathBuf>,
    /// Write the process ID of the container's first process to this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pidfile: Option<PathBuf>,
    /// Write the process ID of the container's keeper to this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    conmon_pidfile: Option<PathBuf>,
    /// Label the container; may be repeated
    #[arg(short, long, value_name = "KEY=VALUE")]
    label: Vec<String>,
    /// Read labels from this file, one a line
    #[arg(long, value_name = "FILE", value_delimiter = ',', value_hint = ValueHint::FilePath)]
    label_file: Vec<PathBuf>,
    /// Annotate the container; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    annotation: Vec<String>,
    /// Signal that asks the container to stop [default: the image's, or SIGTERM]
    #[arg(long, value_name = "SIGNAL")]
    stop_signal: Option<String>,
    /// Seconds a container has to stop before it is killed [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = values::unsigned)]
    stop_timeout: Option<u32>,
    /// When to start the container again after it has ended: no, on-failure, on-failure:N, always or unless-stopped [default: no]
    #[arg(long, value_name = "POLICY")]
    restart: Option<String>,
    /// Containers that are started before this one; may be repeated
    #[arg(long, value_name = "CONTAINER", value_delimiter = ',')]
    requires: Vec<String>,
    /// Prepare the container for systemd as its process: true (when its command is systemd or an init), always or false [default: true]
    #[arg(long, value_name = "MODE", value_parser = systemd_mode)]
    systemd: Option<SystemdMode>,
    /// Kill the container after so many seconds; 0 is never
    #[arg(long, value_name = "SECONDS", value_parser = values::unsigned, default_value = "0", hide_default_value = true)]
    timeout: u32,
    /// Run to the end before the other containers of the pod are started: always, at each start of the pod, or once and be
    /// removed then
    #[arg(long, value_name = "TYPE")]
    init_ctr: Option<String>,
    /// When a service manager ($NOTIFY_SOCKET) is told that the container runs: conmon (at its start), healthy, container
    /// (which is shown the socket and tells by itself) or ignore [default: ignore]
    #[arg(long, value_name = "MODE")]
    sdnotify: Option<String>,
    /// What keeps the container's output: k8s-file, json-file, journald, none or passthrough [default: k8s-file]
    #[arg(long, value_name = "DRIVER")]
    log_driver: Option<String>,
    /// Option of the log driver, e.g. max-size=10m, max-file=3 or tag=NAME; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',')]
    log_opt: Vec<String>,
}

impl LifecycleOptions {
    pub(super) fn is_in_pod(&self) -> bool {
        self.pod.is_some() || self.pod_id_file.is_some()
    }

    pub(super) fn fill(&mut self, defaults: &Containers, engine: &EngineDefaults) {
        self.annotation.splice(0..0, defaults.annotations.iter().cloned());
        self.stop_timeout = self.stop_timeout.or(engine.stop_timeout);
        if self.log_driver.is_none() {
            // A file shared with podman may name journald, for which k8s-file stands in where there is no journal.
            let known = |driver: &String| {
                LOG_DRIVERS.contains(&driver.as_str()) || driver == "journald" && Path::new(JOURNAL_SOCKET).exists()
            };
            self.log_driver = defaults.log_driver.clone().filter(known);
        }
        let has_size = self.log_opt.iter().any(|option| option.starts_with("max-size="));
        if let Some(size) = defaults.log_size_max.filter(|size| *size > 0 && !has_size) {
            self.log_opt.push(format!("max-size={size}"));
        }
    }

    pub(super) fn apply(self, request: &mut ContainerRequest, surroundings: &Surroundings) -> Result<(), OptionError> {
        // docker shows names with a slash in front, and scripts give them back so.
        request.name = self.name.map(|name| name.strip_prefix('/').map_or(name.clone(), str::to_owned));
        if request.name.as_deref().is_some_and(|name| !is_valid_name(name)) {
            return Err(OptionError::ContainerName);
        }
        request.replace = self.replace;
        if request.replace && request.name.is_none() {
            return Err(OptionError::ReplaceWithoutName);
        }
        request.pod = self.pod.filter(|pod| !pod.is_empty());
        if let Some(path) = self.pod_id_file {
            let id = (surroundings.read)(&path).map_err(|source| OptionError::PodIdFile { path, source })?;
            request.pod = Some(id.lines().next().unwrap_or_default().trim().to_owned());
        }
        request.init_container = self.init_ctr.map(|text| init_container(&text, request.pod.is_some())).transpose()?;
        request.remove = self.rm;
        request.restart = self.restart.map(|text| restart_policy(text, self.rm)).transpose()?;
        // Removed with the container, by whoever does that, wherever they are.
        request.cidfile = self.cidfile.map(|path| std::path::absolute(&path).unwrap_or(path));
        request.pidfile = self.pidfile;
        request.keeper_pidfile = self.conmon_pidfile;
        request.labels = labels(self.label_file, &self.label, surroundings)?;
        request.annotations = annotations(&self.annotation)?;
        request.requires = self.requires;
        request.systemd = self.systemd.unwrap_or_default();
        request.stop_signal = self.stop_signal;
        request.stop_timeout_seconds = self.stop_timeout;
        request.timeout_seconds = self.timeout;
        request.sdnotify = self.sdnotify.map(sdnotify).transpose()?.unwrap_or_default();
        request.log_driver = self.log_driver.map(log_driver).transpose()?;
        request.log_options = log_options(&self.log_opt)?;
        Ok(())
    }
}

fn init_container(text: &str, is_in_pod: bool) -> Result<InitContainer, OptionError> {
    match text {
        _ if !is_in_pod => Err(OptionError::Pod("must specify pod value with init-ctr".to_owned())),
        "always" => Ok(InitContainer::Always),
        "once" => Ok(InitContainer::Once),
        _ => Err(OptionError::Pod("init-ctr value must be 'always' or 'once'".to_owned())),
    }
}

fn sdnotify(mode: String) -> Result<NotifyMode, OptionError> {
    match mode.as_str() {
        "conmon" => Ok(NotifyMode::Started),
        "healthy" => Ok(NotifyMode::Healthy),
        "ignore" => Ok(NotifyMode::Ignore),
        "container" if crate::engine::notify::is_wanted() && crate::engine::notify::socket().is_none() => {
            Err(OptionError::RefusedValue {
                option: "sdnotify",
                value: mode,
                reason: "the manager's socket is an abstract one, which no container reaches; use conmon or healthy",
            })
        }
        "container" => Ok(NotifyMode::Container),
        _ => Err(OptionError::Notify(mode)),
    }
}

/// The policy as typed, once it is known to be one. What is removed when it ends can be retried but not kept.
///
/// # Errors
/// There is no such policy; it does not go with `--rm`.
pub(crate) fn restart_policy(text: String, removes: bool) -> Result<String, OptionError> {
    match RestartPolicy::parse(&text) {
        Ok(RestartPolicy::Always | RestartPolicy::UnlessStopped) if removes => Err(OptionError::RestartAndRemove),
        Ok(_) => Ok(text),
        Err(complaint) => Err(OptionError::RestartPolicy(complaint)),
    }
}

fn systemd_mode(text: &str) -> Result<SystemdMode, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Ok(SystemdMode::Detect),
        "always" => Ok(SystemdMode::Always),
        "false" => Ok(SystemdMode::Never),
        _ => Err(format!("invalid value {text:?} systemd option requires 'true, false, always': invalid argument")),
    }
}

/// Whether `name` may name a container or a volume: `[a-zA-Z0-9][a-zA-Z0-9_.-]*`.
pub(crate) fn is_valid_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.chars().all(|character| character.is_ascii_alphanumeric() || "_.-".contains(character))
}

/// Labels of files come first, so that those of the command line win.
pub(super) fn labels(
    files: Vec<PathBuf>,
    given: &[String],
    surroundings: &Surroundings,
) -> Result<Vec<(String, String)>, OptionError> {
    let mut labels = Vec::new();
    for path in files {
        let text = (surroundings.read)(&path).map_err(|source| OptionError::LabelFile { path, source })?;
        for line in text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            labels.push(label(line)?);
        }
    }
    for text in given {
        labels.push(label(text)?);
    }
    Ok(labels)
}

/// `KEY`, `KEY=` and `KEY=VALUE`.
pub(crate) fn label(text: &str) -> Result<(String, String), OptionError> {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    match key.is_empty() {
        true => Err(OptionError::Label(text.to_owned())),
        false => Ok((key.to_owned(), value.to_owned())),
    }
}

fn annotations(given: &[String]) -> Result<Vec<(String, String)>, OptionError> {
    given.iter().map(|text| key_value(text).ok_or(OptionError::Annotation)).collect()
}

/// What can keep a container's output.
const LOG_DRIVERS: [&str; 4] = ["k8s-file", "json-file", "none", "passthrough"];

fn log_driver(driver: String) -> Result<String, OptionError> {
    match driver.as_str() {
        known if LOG_DRIVERS.contains(&known) => Ok(driver),
        "journald" if Path::new(JOURNAL_SOCKET).exists() => Ok(driver),
        "journald" => Err(OptionError::RefusedValue {
            option: "log-driver",
            value: driver,
            reason: "there is no journal here: /run/systemd/journal/socket does not exist",
        }),
        "syslog" | "local" => Err(OptionError::RefusedValue {
            option: "log-driver",
            value: driver,
            reason: "use k8s-file, json-file, journald, none or passthrough",
        }),
        _ => Err(OptionError::LogDriver),
    }
}

fn log_options(given: &[String]) -> Result<Vec<(String, String)>, OptionError> {
    given.iter().map(|text| key_value(text).ok_or_else(|| OptionError::LogOption(text.clone()))).collect()
}
