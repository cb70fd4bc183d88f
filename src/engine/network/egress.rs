//! `--egress` and `--egress-log`: what is planned, and what is opened at start.

use super::{NetworkMode, NetworkPlan, Prepared, PrivateKind};
use crate::engine::error::Error;
use crate::engine::request::ContainerRequest;
use crate::network::egress::{Rules, Settings};
use crate::network::{fast, process};
use crate::store::containers::Attachment;
use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Rules for a container's outgoing traffic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EgressPlan {
    /// What may leave.
    pub rules: Rules,
    /// Where flows are written; `-` is the caller's standard error.
    pub log: Option<PathBuf>,
}

/// Plans the rules; `None` when none were asked for.
///
/// # Errors
/// Rules that make no sense, a network whose traffic does not pass through a stack of its own.
pub(super) fn plan(request: &ContainerRequest, mode: &NetworkMode) -> Result<Option<EgressPlan>, Error> {
    if request.egress.is_empty() && request.egress_log.is_none() {
        return Ok(None);
    }
    let rules = match request.egress.as_slice() {
        [] => Rules::everything(),
        words => Rules::parse(words).map_err(|error| Error::BadRequest(error.to_string()))?,
    };
    let option = if request.egress.is_empty() { "--egress-log" } else { "--egress" };
    if *mode == NetworkMode::Named && may_forge(request) {
        return Err(Error::BadRequest(format!(
            "cannot use {option} on a network with others and the capability NET_ADMIN or NET_RAW: the container could send from \
             another's address"
        )));
    }
    if let Some(reason) = unsuitable(mode) {
        return Err(Error::BadRequest(format!("cannot use {option} with --network {}: {reason}", mode.word())));
    }
    let log = match &request.egress_log {
        // A later start may have another working directory.
        Some(path) if path != Path::new("-") => {
            let path = std::path::absolute(path).map_err(|source| Error::File {
                operation: "find",
                path: path.clone(),
                source,
            })?;
            Some(path)
        }
        other => other.clone(),
    };
    Ok(Some(EgressPlan { rules, log }))
}

/// Whether a process inside could send packets that seem to come from another container on the same bridge.
fn may_forge(request: &ContainerRequest) -> bool {
    let is_one = |name: &String| {
        let name = name.to_ascii_uppercase();
        matches!(name.strip_prefix("CAP_").unwrap_or(&name), "ALL" | "NET_ADMIN" | "NET_RAW")
    };
    request.privileged || request.cap_add.iter().any(is_one)
}

/// Why rules cannot hold in this network.
fn unsuitable(mode: &NetworkMode) -> Option<&'static str> {
    match mode {
        NetworkMode::Private(_) | NetworkMode::Named => None,
        NetworkMode::Host => Some("the container's traffic is the host's own there"),
        NetworkMode::None => Some("nothing leaves it anyway"),
        NetworkMode::Container(_) | NetworkMode::Path(_) => Some("the network belongs to another container"),
    }
}

/// Gives the network's process the rules of the plan.
///
/// # Errors
/// A log that cannot be opened, or `-` with nobody to read it.
pub(in crate::engine) fn prepare_egress(
    plan: &NetworkPlan,
    prepared: &mut Prepared,
    is_foreground: bool,
) -> Result<(), Error> {
    let Some(egress) = &plan.egress else { return Ok(()) };
    for joining in &mut prepared.joinings {
        joining.guard(egress.rules.clone(), open_log(egress.log.as_deref(), is_foreground)?);
    }
    let Some(settings) = &mut prepared.settings else { return Ok(()) };
    let sides = &settings.configuration;
    let gateways = [sides.ipv4.map(|side| side.gateway.into()), sides.ipv6.map(|side| side.gateway.into())];
    settings.egress = Some(Settings {
        rules: egress.rules.clone(),
        host: gateways.into_iter().flatten().collect(),
        log: open_log(egress.log.as_deref(), is_foreground)?,
    });
    Ok(())
}

/// Rules and log for a container that comes onto a network while it runs.
///
/// # Errors
/// A log that cannot be opened.
pub(in crate::engine) fn rules_of_running(egress: &EgressPlan) -> Result<(Rules, Option<OwnedFd>), Error> {
    // The standard error of the container's own start is not ours.
    let path = egress.log.as_deref().filter(|path| *path != Path::new("-"));
    Ok((egress.rules.clone(), open_log(path, false)?))
}

fn open_log(path: Option<&Path>, is_foreground: bool) -> Result<Option<OwnedFd>, Error> {
    let Some(path) = path else { return Ok(None) };
    let failed =
        |error: rustix::io::Errno| Error::File { operation: "open", path: path.to_owned(), source: error.into() };
    if path != Path::new("-") {
        let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::APPEND | OFlags::CLOEXEC | OFlags::NOCTTY;
        return rustix::fs::open(path, flags, Mode::from_raw_mode(0o600)).map(Some).map_err(failed);
    }
    if !is_foreground {
        return Err(Error::BadRequest(
            "cannot use --egress-log - in the background, where nobody sees it: name a file".to_owned(),
        ));
    }
    rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stderr(), 3).map(Some).map_err(failed)
}

/// What a process that makes connections for a further process of a running container is told.
///
/// # Errors
/// A log that cannot be opened.
pub(in crate::engine) fn fast_settings_of(
    plan: &NetworkPlan,
    attachments: &[Attachment],
) -> Result<fast::Settings, Error> {
    let ipv4 = attachments.iter().filter_map(|one| one.ipv4).map(|(address, prefix)| (address.into(), prefix));
    let ipv6 = attachments.iter().filter_map(|one| one.ipv6).map(|(address, prefix)| (address.into(), prefix));
    let egress = plan.egress.as_ref().map(|egress| {
        // The standard error of the container's own start is not ours.
        let path = egress.log.as_deref().filter(|path| *path != Path::new("-"));
        Ok::<_, Error>(Settings { rules: egress.rules.clone(), host: Vec::new(), log: open_log(path, false)? })
    });
    Ok(fast::Settings { inside: fast::Inside(ipv4.chain(ipv6).collect()), egress: egress.transpose()? })
}

/// Whether TCP connections are to be made as the host's own sockets.
pub(in crate::engine) fn is_fast(mode: &NetworkMode) -> bool {
    matches!(mode, NetworkMode::Private(network) if network.kind == PrivateKind::Fast)
}

/// What the process that makes those connections is told, beside a network process that is told `settings`.
///
/// # Errors
/// A log that cannot be shared.
pub(in crate::engine) fn fast_settings(settings: &process::Settings) -> rustix::io::Result<fast::Settings> {
    let sides = &settings.configuration;
    let ipv4 = sides.ipv4.map(|side| (side.gateway.into(), side.prefix));
    let ipv6 = sides.ipv6.map(|side| (side.gateway.into(), side.prefix));
    let egress = settings.egress.as_ref().map(|egress| {
        let log = egress.log.as_ref().map(|log| rustix::io::fcntl_dupfd_cloexec(log, 3)).transpose()?;
        Ok(Settings { rules: egress.rules.clone(), host: egress.host.clone(), log })
    });
    Ok(fast::Settings { inside: fast::Inside(ipv4.into_iter().chain(ipv6).collect()), egress: egress.transpose()? })
}
