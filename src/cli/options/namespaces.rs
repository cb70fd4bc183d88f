//! Which namespaces the container has of its own, and how ids are mapped.

use super::OptionError;
use crate::cli::configuration::Containers;
use crate::cli::values;
use crate::engine::request::{ContainerRequest, NamespaceMode, UserNamespaceMode};
use clap::Args;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub(crate) struct NamespaceOptions {
    /// User namespace: host (the caller is root), keep-id[:uid=N,gid=N], nomap, auto[:size=N], container:NAME or ns:PATH
    #[arg(long, value_name = "MODE")]
    userns: Option<String>,
    /// Map user ids: CONTAINER:HOST:COUNT, with podman's + and @; may be repeated
    #[arg(long, value_name = "MAP", value_delimiter = ',')]
    uidmap: Vec<String>,
    /// Map group ids likewise; may be repeated
    #[arg(long, value_name = "MAP", value_delimiter = ',')]
    gidmap: Vec<String>,
    /// Take ids from this name's range in /etc/subuid
    #[arg(long, value_name = "NAME")]
    subuidname: Option<String>,
    /// Take ids from this name's range in /etc/subgid
    #[arg(long, value_name = "NAME")]
    subgidname: Option<String>,
    /// PID namespace: private, host, container:NAME or ns:PATH
    #[arg(long, value_name = "MODE")]
    pid: Option<String>,
    /// IPC namespace: private, shareable, none, host, container:NAME or ns:PATH
    #[arg(long, value_name = "MODE")]
    ipc: Option<String>,
    /// UTS namespace: private, host, container:NAME or ns:PATH
    #[arg(long, value_name = "MODE")]
    uts: Option<String>,
    /// Cgroup namespace: private, host, container:NAME or ns:PATH
    #[arg(long, value_name = "MODE")]
    cgroupns: Option<String>,
}

impl NamespaceOptions {
    pub(super) fn fill(&mut self, defaults: &Containers, is_in_pod: bool) {
        let has_maps = !self.uidmap.is_empty()
            || !self.gidmap.is_empty()
            || self.subuidname.is_some()
            || self.subgidname.is_some();
        let joins = |mode: &Option<String>| mode.as_deref().is_some_and(|mode| mode.starts_with("container:"));
        // A namespace of another container brings its user namespace along.
        let has_users = has_maps || is_in_pod || joins(&self.pid) || joins(&self.ipc) || joins(&self.uts);
        for (given, default, applies) in [
            (&mut self.userns, &defaults.userns, !has_users),
            (&mut self.pid, &defaults.pidns, !is_in_pod),
            (&mut self.ipc, &defaults.ipcns, !is_in_pod),
            (&mut self.uts, &defaults.utsns, !is_in_pod),
            (&mut self.cgroupns, &defaults.cgroupns, !is_in_pod),
        ] {
            if given.is_none() && applies {
                *given = default.clone().filter(|mode| !mode.is_empty());
            }
        }
    }

    pub(super) fn apply(self, request: &mut ContainerRequest) -> Result<(), OptionError> {
        let maps = !self.uidmap.is_empty()
            || !self.gidmap.is_empty()
            || self.subuidname.is_some()
            || self.subgidname.is_some();
        if self.userns.is_some() && maps {
            return Err(OptionError::UserNamespaceTwice);
        }
        request.userns = self.userns.as_deref().map(user_namespace).transpose()?.unwrap_or_default();
        request.uid_map = self.uidmap;
        request.gid_map = self.gidmap;
        request.subuid_name = self.subuidname;
        request.subgid_name = self.subgidname;
        request.pid = namespace(self.pid.as_deref(), &[])?;
        let ipc_words = [("none", NamespaceMode::None), ("shareable", NamespaceMode::Shareable)];
        request.ipc = namespace(Some(self.ipc.as_deref().unwrap_or("shareable")), &ipc_words)?;
        request.uts = namespace(self.uts.as_deref(), &[])?;
        request.cgroup = namespace(self.cgroupns.as_deref(), &[])?;
        Ok(())
    }
}

/// A namespace mode; `more` are words only this namespace knows.
fn namespace(text: Option<&str>, more: &[(&str, NamespaceMode)]) -> Result<NamespaceMode, OptionError> {
    let Some(text) = text else { return Ok(NamespaceMode::Private) };
    if let Some((_, mode)) = more.iter().find(|(word, _)| *word == text) {
        return Ok(mode.clone());
    }
    match (text, text.split_once(':')) {
        ("" | "private", _) => Ok(NamespaceMode::Private),
        ("host", _) => Ok(NamespaceMode::Host),
        (_, Some(("container", name))) if !name.is_empty() => Ok(NamespaceMode::Container(name.to_owned())),
        (_, Some(("ns", path))) if !path.is_empty() => Ok(NamespaceMode::Path(PathBuf::from(path))),
        _ => Err(OptionError::NamespaceMode(text.to_owned())),
    }
}

/// `--userns`.
fn user_namespace(text: &str) -> Result<UserNamespaceMode, OptionError> {
    let unknown = || OptionError::NamespaceMode(text.to_owned());
    let (mode, rest) = text.split_once(':').unwrap_or((text, ""));
    match (mode, rest.is_empty()) {
        ("" | "host" | "private", true) => Ok(UserNamespaceMode::Host),
        ("nomap", true) => Ok(UserNamespaceMode::NoMap),
        ("keep-id", _) => keep_id(rest),
        ("auto", _) => auto(rest),
        ("container", false) => Ok(UserNamespaceMode::Container(rest.to_owned())),
        ("ns", false) => Ok(UserNamespaceMode::Path(PathBuf::from(rest))),
        _ => Err(unknown()),
    }
}

/// The `KEY=VALUE` parts of a mode.
fn mode_options(rest: &str) -> impl Iterator<Item = Result<(&str, &str), OptionError>> {
    rest.split(',')
        .filter(|option| !option.is_empty())
        .map(|option| option.split_once('=').ok_or_else(|| OptionError::UserNamespaceOption(option.to_owned())))
}

fn id(value: &str) -> Result<Option<u32>, OptionError> {
    values::unsigned(value).map(Some).map_err(|_| OptionError::UserNamespaceOption(value.to_owned()))
}

fn keep_id(rest: &str) -> Result<UserNamespaceMode, OptionError> {
    let (mut uid, mut gid, mut size) = (None, None, None);
    for option in mode_options(rest) {
        match option? {
            ("uid", value) => uid = id(value)?,
            ("gid", value) => gid = id(value)?,
            ("size", value) => size = id(value)?,
            (key, _) => return Err(OptionError::UserNamespaceOption(key.to_owned())),
        }
    }
    Ok(UserNamespaceMode::KeepId { uid, gid, size })
}

fn auto(rest: &str) -> Result<UserNamespaceMode, OptionError> {
    let (mut size, mut uid_mapping, mut gid_mapping) = (None, Vec::new(), Vec::new());
    for option in mode_options(rest) {
        match option? {
            ("size", value) => size = id(value)?,
            ("uidmapping", value) => uid_mapping.push(value.to_owned()),
            ("gidmapping", value) => gid_mapping.push(value.to_owned()),
            (key, _) => return Err(OptionError::UserNamespaceOption(key.to_owned())),
        }
    }
    Ok(UserNamespaceMode::Auto { size, uid_mapping, gid_mapping })
}
