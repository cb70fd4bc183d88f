//! `coracle oci ...`: the command line of runc and crun, which engines call.
//!
//! Engines write options of the runtime before the verb; [`arrange`] moves them behind it, where each verb has them
//! ([`OciOptions`]). `--root` is coracle's own global option, here the directory of states. Failures are written to the file
//! of `--log` as well, whose last error is what engines show, and the exit code is 1.

mod create;
mod delete;
mod events;
mod exec;
mod kill;
mod list;
mod log;
mod ps;
mod refused;
mod run;
mod spec;
mod start;
mod state;
mod update;
mod words;

pub(crate) use words::{arrange, help_topic, is_runtime};

use super::context::Context;
use super::failure::Failure;
use super::output;
use super::tree::{Entry, Group, verb};
use crate::runtime::oci::{Manager, OciError, Runtime, SPECIFICATION, default_root};
use clap::Args;
use log::Log;
use std::path::PathBuf;

/// `oci`.
pub(crate) struct Oci;

impl Group for Oci {
    const NAME: &'static str = "oci";
    const ABOUT: &'static str = "Be an OCI runtime for an engine: containerd, podman, Kubernetes, Slurm";

    fn entries() -> Vec<Entry> {
        vec![
            verb::<create::Create>(),
            verb::<start::Start>(),
            verb::<state::State>(),
            verb::<kill::Kill>(),
            verb::<delete::Delete>(),
            verb::<run::Run>(),
            verb::<exec::Exec>(),
            verb::<ps::Ps>(),
            verb::<list::List>(),
            verb::<start::Pause>(),
            verb::<start::Resume>(),
            verb::<update::Update>(),
            verb::<events::Events>(),
            verb::<spec::Spec>(),
            verb::<spec::Features>(),
            verb::<refused::Checkpoint>(),
            verb::<refused::Restore>(),
        ]
    }
}

/// What `runc --version` prints, whose first line engines read.
pub(crate) fn version(program: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!("{program} version {version}\ncommit: v{version}\nspec: {SPECIFICATION}\n")
}

/// Prints the help of a runtime called by its name, under a title in runc's form.
///
/// # Errors
/// There is no such verb.
pub(crate) fn help(program: &str, topic: Option<&str>) -> Result<std::process::ExitCode, Failure> {
    let Some(verb) = topic else {
        output::print(&format!("NAME:\n   {program} - Open Container Initiative runtime\n\n"))?;
        return super::system::help::print("coracle", "coracle oci");
    };
    let entries = Oci::entries();
    let found = entries.iter().find(|entry| entry.name == verb || entry.aliases.contains(&verb));
    let Some(entry) = found else {
        return Err(in_callers_terms(Failure::Arguments(format!("No help topic for '{verb}'"))));
    };
    output::print(&format!("NAME:\n   {program} {verb} - {}\n\n", entry.about))?;
    super::system::help::print("coracle", &format!("coracle oci {}", entry.name))
}

/// Options of every verb; engines write them before it.
#[derive(Args, Clone, Debug)]
pub(crate) struct OciOptions {
    /// Append messages to this file, too
    #[arg(long, value_name = "FILE", help_heading = "Runtime options")]
    pub(crate) log: Option<PathBuf>,
    /// Form of messages: text or json
    #[arg(long, value_name = "FORMAT", help_heading = "Runtime options")]
    pub(crate) log_format: Option<String>,
    /// Write messages that are of use in finding a fault, too
    #[arg(long, help_heading = "Runtime options")]
    pub(crate) debug: bool,
    /// The engine names control groups as SLICE:PREFIX:NAME
    #[arg(long, help_heading = "Runtime options")]
    pub(crate) systemd_cgroup: bool,
    /// Who makes control groups: cgroupfs, systemd or disabled
    #[arg(long, value_name = "MANAGER", help_heading = "Runtime options")]
    pub(crate) cgroup_manager: Option<String>,
    /// Ignored: what the caller may do is found out
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", help_heading = "Runtime options")]
    pub(crate) rootless: Option<String>,
    /// Ignored: checkpoints are not offered
    #[arg(long, value_name = "FILE", hide = true)]
    pub(crate) criu: Option<PathBuf>,
}

/// A failure with the exit code that callers of a runtime expect.
pub(crate) fn in_callers_terms(failure: Failure) -> Failure {
    match failure {
        Failure::Oci { .. } | Failure::Reported(_) | Failure::Output(_) => failure,
        other => Failure::OciArguments(Box::new(other)),
    }
}

impl OciOptions {
    /// Does something with the runtime that these options describe.
    ///
    /// # Errors
    /// Whatever `action` reports; it is in the log by then.
    pub(crate) fn act<Value>(
        &self,
        context: &Context,
        code: u8,
        action: impl FnOnce(&Runtime<'_>) -> Result<Value, OciError>,
    ) -> Result<Value, Failure> {
        let log = Log::open(self);
        let warn = |text: &str| log.warn(text);
        let root = context.global.root.clone().unwrap_or_else(default_root);
        let manager = self.manager().map_err(Failure::Arguments)?;
        log.debug(&format!("{} with state in {}", context.path, root.display()));
        let debug = |text: &str| log.debug(text);
        let runtime = Runtime { root, manager, warn: &warn, debug: &debug };
        action(&runtime).map_err(|error| {
            log.error(&error.to_string());
            Failure::Oci { error: Box::new(error), code }
        })
    }

    fn manager(&self) -> Result<Manager, String> {
        match self.cgroup_manager.as_deref() {
            None if self.systemd_cgroup => Ok(Manager::Systemd),
            None | Some("cgroupfs") => Ok(Manager::Files),
            Some("systemd") => Ok(Manager::Systemd),
            Some("disabled") => Ok(Manager::Disabled),
            Some(other) => Err(format!("unknown cgroup manager {other:?}: cgroupfs, systemd or disabled")),
        }
    }
}
