//! Which namespaces are the container's own, which are the host's or another container's.

use super::{Others, bad};
use crate::engine::error::Error;
use crate::engine::network::{self, NetworkMode};
use crate::engine::request::{ContainerRequest, NamespaceMode, UserNamespaceMode};
use crate::runtime::plan::JoinPlan;
use oci_spec::runtime::{LinuxNamespace, LinuxNamespaceBuilder, LinuxNamespaceType};

/// The namespaces to make new.
pub(super) fn listed(request: &ContainerRequest, network: &NetworkMode) -> Result<Vec<LinuxNamespace>, Error> {
    let own = |mode: &NamespaceMode| match mode {
        NamespaceMode::Private | NamespaceMode::None | NamespaceMode::Shareable => Ok(true),
        NamespaceMode::Host | NamespaceMode::Container(_) => Ok(false),
        NamespaceMode::Path(path) => Err(Error::BadRequest(format!(
            "cannot join namespace \"{}\": joining a namespace by path needs privileges over it that a user does not have",
            path.display()
        ))),
    };
    let mut kinds = vec![LinuxNamespaceType::Mount];
    for (mode, kind) in [
        (&request.pid, LinuxNamespaceType::Pid),
        (&request.ipc, LinuxNamespaceType::Ipc),
        (&request.uts, LinuxNamespaceType::Uts),
        (&request.cgroup, LinuxNamespaceType::Cgroup),
    ] {
        if own(mode)? {
            kinds.push(kind);
        }
    }
    if network::namespaces(network) == network::Namespaces::New {
        kinds.push(LinuxNamespaceType::Network);
    }
    kinds.into_iter().map(|kind| LinuxNamespaceBuilder::default().typ(kind).build().map_err(bad)).collect()
}

/// The host name inside: as given, else the host's where that is shared, else the start of the ID.
pub(super) fn hostname(request: &ContainerRequest, others: &Others, id: &str) -> Result<String, Error> {
    let shares_host = request.uts == NamespaceMode::Host || request.network.first().is_some_and(|mode| mode == "host");
    if let Some(name) = &request.hostname {
        if request.uts == NamespaceMode::Host {
            return Err(bad("cannot set hostname when running in the host UTS namespace: invalid configuration"));
        }
        return Ok(name.clone());
    }
    if let (NamespaceMode::Container(_), Some(name)) = (&request.uts, &others.hostname) {
        return Ok(name.clone());
    }
    if shares_host {
        return Ok(rustix::system::uname().nodename().to_string_lossy().into_owned());
    }
    Ok(id.chars().take(12).collect())
}

/// Namespaces of one other container; joining them means joining its user namespace.
pub(super) fn join(
    request: &ContainerRequest,
    network: &NetworkMode,
    others: &Others,
) -> Result<Option<JoinPlan>, Error> {
    let mut joined: Option<(String, JoinPlan)> = None;
    let mut add = |name: &str, namespace: Option<&str>| {
        let found =
            others.joined.get(name).ok_or_else(|| Error::NotFound { kind: "container", name: name.to_owned() })?;
        match &mut joined {
            Some((known, _)) if known != name => {
                return Err(bad(
                    "namespaces of two different containers cannot be joined: each has its own user namespace",
                ));
            }
            Some(_) => {}
            None => joined = Some((name.to_owned(), JoinPlan { namespaces: Vec::new(), ..found.clone() })),
        }
        if let (Some((_, plan)), Some(namespace)) = (&mut joined, namespace) {
            plan.namespaces.push(namespace.to_owned());
        }
        Ok(())
    };
    for (mode, namespace) in
        [(&request.pid, "pid"), (&request.ipc, "ipc"), (&request.uts, "uts"), (&request.cgroup, "cgroup")]
    {
        if let NamespaceMode::Container(name) = mode {
            add(name, Some(namespace))?;
        }
    }
    if let UserNamespaceMode::Container(name) = &request.userns {
        add(name, None)?;
    }
    if let NetworkMode::Container(id) = network
        && let Some((name, _)) = others.ids.iter().find(|(_, known)| *known == id)
    {
        add(name, Some("net"))?;
    }
    if let NetworkMode::Path(path) = network {
        add(&format!("ns:{}", path.display()), Some("net"))?;
    }
    Ok(joined.map(|(_, plan)| plan))
}
