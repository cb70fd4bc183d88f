//! `coracle doctor`: every condition of this host that matters, what coracle makes of it, and the command that improves
//! it.
//!
//! Each area examines its part and returns [`Condition`]s: `identity` (ids and the programs that map them),
//! `namespaces` (what the kernel and its security modules permit), `devices` (FUSE, tap, overlayfs), `resources` (control
//! groups, session), `storage` (file systems, space) and `kernel` (version, filters, surroundings). What files cannot
//! tell is tried in a child process (`trial`), which undoes itself by ending.
//!
//! What must stay true: nothing on the host changes (one empty directory is made beside the store for the overlayfs
//! trial and removed again), no network, and the whole takes well below 200 ms.

mod apparmor;
mod devices;
mod identity;
mod kernel;
mod namespaces;
mod resources;
mod storage;
#[cfg(test)]
mod tests;
mod trial;

pub use apparmor::{PROFILE_PATH, profile};

use crate::engine::host::cgroups::{self, Cgroups};
use crate::engine::host::distribution::{self, Distribution};
use crate::engine::host::mounts::{self, Mount};
use crate::engine::host::nesting::{self, Nesting};
use crate::runtime::id_map::HostIds;
use crate::store::paths::Paths;
use serde::Serialize;
use std::path::PathBuf;

/// How good a condition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// There is a second best, and coracle uses it.
    Degraded,
    /// Something will not work.
    Missing,
}

/// Who must run a remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// The user.
    User,
    /// The administrator.
    Admin,
}

/// A command that improves a condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remedy {
    /// Who runs it.
    pub by: By,
    /// The exact command; several lines for a here-document.
    pub command: String,
}

/// One condition of the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// A name for scripts, e.g. `subordinate-uids`.
    pub name: &'static str,
    /// How good it is.
    pub state: State,
    /// What was found.
    pub found: String,
    /// What coracle does about it; empty when there is nothing to do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub effect: String,
    /// Commands that improve it; alternatives, the best first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remedies: Vec<Remedy>,
    /// Whether no container can run because of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub fatal: bool,
}

impl Condition {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Condition::new(name, State::Ok, found)
    }

    fn degraded(name: &'static str, found: impl Into<String>) -> Self {
        Condition::new(name, State::Degraded, found)
    }

    fn missing(name: &'static str, found: impl Into<String>) -> Self {
        Condition::new(name, State::Missing, found)
    }

    fn new(name: &'static str, state: State, found: impl Into<String>) -> Self {
        Condition { name, state, found: found.into(), effect: String::new(), remedies: Vec::new(), fatal: false }
    }

    fn effect(mut self, effect: impl Into<String>) -> Self {
        self.effect = effect.into();
        self
    }

    fn admin(mut self, command: impl Into<String>) -> Self {
        self.remedies.push(Remedy { by: By::Admin, command: command.into() });
        self
    }

    /// By the user who starts the outer container, else by the administrator.
    fn by(self, user: bool, command: impl Into<String>) -> Self {
        if user { self.user(command) } else { self.admin(command) }
    }

    fn user(mut self, command: impl Into<String>) -> Self {
        self.remedies.push(Remedy { by: By::User, command: command.into() });
        self
    }

    fn fatal(mut self) -> Self {
        self.fatal = true;
        self
    }
}

/// Everything found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnosis {
    /// Whether containers can run here.
    pub can_run: bool,
    /// coracle's version.
    pub version: &'static str,
    /// The program examined.
    pub executable: PathBuf,
    /// Every condition, in an order that reads from the ground up.
    pub conditions: Vec<Condition>,
}

/// What the areas look at, read once.
struct Surroundings<'a> {
    paths: &'a Paths,
    uid: u32,
    user: String,
    ids: HostIds,
    distribution: Distribution,
    nesting: Option<Nesting>,
    mounts: Vec<Mount>,
    cgroups: Cgroups,
    status: String,
    executable: PathBuf,
    trial: trial::Findings,
}

/// Examines this host for the user running this process and the store at `paths`.
///
/// Forks once (twice with subordinate ids, for newuidmap and newgidmap), so it must be called while the process has one
/// thread; otherwise the trials are reported as not made. Takes a few milliseconds.
pub fn examine(paths: &Paths) -> Diagnosis {
    let ids = HostIds::detect();
    let uid = rustix::process::getuid().as_raw();
    let executable = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/usr/bin/coracle"));
    let surroundings = Surroundings {
        paths,
        uid,
        user: crate::runtime::subordinate::user_name(uid).unwrap_or_else(|| uid.to_string()),
        trial: trial::make(paths, &ids),
        ids,
        distribution: distribution::detect(),
        nesting: nesting::detect(),
        mounts: mounts::all(),
        cgroups: cgroups::detect(),
        status: std::fs::read_to_string("/proc/self/status").unwrap_or_default(),
        executable,
    };
    diagnose(&surroundings)
}

fn diagnose(surroundings: &Surroundings<'_>) -> Diagnosis {
    let areas: [fn(&Surroundings<'_>) -> Vec<Condition>; 6] = [
        kernel::conditions,
        namespaces::conditions,
        identity::conditions,
        devices::conditions,
        storage::conditions,
        resources::conditions,
    ];
    let conditions: Vec<Condition> = areas.iter().flat_map(|area| area(surroundings)).collect();
    Diagnosis {
        can_run: !conditions.iter().any(|condition| condition.fatal),
        version: env!("CARGO_PKG_VERSION"),
        executable: surroundings.executable.clone(),
        conditions,
    }
}

/// A number of bytes for people, e.g. `12.5 GB` (powers of ten, as podman and docker count).
pub(crate) fn size_text(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}
