//! The OCI runtime specification of a container.

use super::{ImageDefaults, bad, namespaces, process};
use crate::engine::error::Error;
use crate::engine::network::NetworkMode;
use crate::engine::request::{ContainerRequest, UlimitRequest};
use crate::runtime::id_map::IdMaps;
use crate::runtime::security::SecurityOptions;
use crate::runtime::subordinate::IdKind;
use crate::runtime::{rlimits, sysctl};
use oci_spec::runtime::{
    LinuxBuilder, LinuxNamespaceType, Mount, PosixRlimit, PosixRlimitBuilder, PosixRlimitType, Process, ProcessBuilder,
    RootBuilder, Spec, SpecBuilder, UserBuilder,
};
use std::collections::HashMap;
use std::path::PathBuf;

/// What the specification is made of.
pub(super) struct Parts<'a> {
    pub request: &'a ContainerRequest,
    pub image: &'a ImageDefaults,
    pub network: &'a NetworkMode,
    pub security: &'a SecurityOptions,
    pub hostname: &'a str,
    pub arguments: Vec<String>,
    /// `container_uuid`, when its process is systemd.
    pub uuid: Option<&'a str>,
    pub mounts: Vec<Mount>,
    pub maps: &'a IdMaps,
}

pub(super) fn build(parts: &Parts<'_>) -> Result<Spec, Error> {
    let request = parts.request;
    let listed = namespaces::listed(request, parts.network)?;
    let own = |kind| listed.iter().any(|namespace| namespace.typ() == kind);
    let own_network = own(LinuxNamespaceType::Network);
    let own_ipc = own(LinuxNamespaceType::Ipc);
    let own_uts = own(LinuxNamespaceType::Uts);
    let own_namespaces = sysctl::OwnNamespaces { network: own_network, ipc: own_ipc, uts: own_uts };
    let mut settings = sysctl::check(&request.sysctl, own_namespaces).map_err(bad)?;
    let defaults = request.default_sysctl.iter();
    settings.extend(defaults.filter_map(|one| sysctl::check(std::slice::from_ref(one), own_namespaces).ok()).flatten());
    let linux = LinuxBuilder::default()
        .namespaces(listed)
        .uid_mappings(parts.maps.to_spec(IdKind::Uid))
        .gid_mappings(parts.maps.to_spec(IdKind::Gid))
        .sysctl(settings.into_iter().map(|setting| (setting.name, setting.value)).collect::<HashMap<_, _>>())
        .masked_paths(parts.security.masked_paths(request.privileged))
        .readonly_paths(parts.security.read_only_paths(request.privileged))
        .resources(request.limits.resources()?)
        .build()
        .map_err(bad)?;
    let root = RootBuilder::default().path("root").readonly(request.read_only).build().map_err(bad)?;
    let mut spec = SpecBuilder::default()
        .version("1.2.0".to_owned())
        .process(process(parts)?)
        .root(root)
        .mounts(parts.mounts.clone())
        .annotations(request.annotations.iter().cloned().collect::<HashMap<_, _>>())
        .linux(linux);
    if own_uts {
        spec = spec.hostname(parts.hostname.to_owned());
    }
    spec.build().map_err(bad)
}

fn process(parts: &Parts<'_>) -> Result<Process, Error> {
    let request = parts.request;
    let workdir = request.workdir.as_deref().unwrap_or(&parts.image.workdir);
    let workdir = if workdir.is_empty() { "/" } else { workdir };
    if !workdir.starts_with('/') && request.workdir.is_some() {
        return Err(Error::BadRequest(format!(
            "the working directory \"{workdir}\" is invalid, it needs to be an absolute path"
        )));
    }
    let mut user = UserBuilder::default().uid(0u32).gid(0u32);
    if let Some(mask) = &request.umask {
        let mask = u32::from_str_radix(mask, 8)
            .ok()
            .filter(|mask| *mask <= 0o777)
            .ok_or_else(|| Error::BadRequest(format!("invalid umask \"{mask}\": it is octal, from 0000 to 0777")))?;
        user = user.umask(mask);
    }
    let mut process = ProcessBuilder::default()
        .terminal(request.tty)
        .args(parts.arguments.clone())
        .env(process::environment(request, parts.image, parts.hostname, parts.uuid))
        .cwd(PathBuf::from("/").join(workdir))
        .user(user.build().map_err(bad)?)
        .rlimits(resource_limits(request)?)
        .no_new_privileges(parts.security.no_new_privileges)
        .build()
        .map_err(bad)?;
    process.set_capabilities(None);
    process.set_apparmor_profile(parts.security.apparmor_profile().map_err(bad)?.map(str::to_owned));
    process.set_selinux_label(parts.security.selinux_context().map_err(bad)?);
    if let Some(score) = request.oom_score_adj {
        if !(-1000..=1000).contains(&score) {
            return Err(Error::BadRequest(format!("invalid oom-score-adj {score}: it must be from -1000 to 1000")));
        }
        process.set_oom_score_adj(Some(score));
    }
    Ok(process)
}

/// `--ulimit` and the defaults, as far as this user may have them.
pub(in crate::engine) fn resource_limits(request: &ContainerRequest) -> Result<Vec<PosixRlimit>, Error> {
    let known = |limit: &UlimitRequest| {
        rlimits::Limit::new(&limit.name, limit.soft, limit.hard).ok_or_else(|| {
            Error::BadRequest(format!(
                "ulimit option \"{}\" requires name=SOFT:HARD, failed to be parsed: invalid ulimit type",
                limit.name
            ))
        })
    };
    let wish = match request.ulimits.as_slice() {
        [] => rlimits::Wish::Default,
        [only] if only.name == "host" => rlimits::Wish::Host,
        limits => rlimits::Wish::Limits(limits.iter().map(known).collect::<Result<_, _>>()?),
    };
    let (limits, _clamped) = rlimits::resolve(&wish, false);
    limits
        .iter()
        .map(|limit| {
            let name = format!("\"RLIMIT_{}\"", limit.name.to_ascii_uppercase());
            let kind: PosixRlimitType = serde_json::from_str(&name).map_err(bad)?;
            PosixRlimitBuilder::default().typ(kind).soft(limit.soft).hard(limit.hard).build().map_err(bad)
        })
        .collect()
}
