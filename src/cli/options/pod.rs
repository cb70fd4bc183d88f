//! Options of `pod create`: what makes its infra container, and what is the pod's own.

use super::mounts::MountOptions;
use super::namespaces::NamespaceOptions;
use super::network::NetworkOptions;
use super::security::SecurityOptions;
use super::{OptionError, Surroundings, lifecycle};
use crate::engine::pods::{DEFAULT_SHARED, PodRequest};
use crate::engine::request::{ContainerRequest, NamespaceMode, RootSource};
use clap::{Args, ValueHint};
use std::path::PathBuf;

#[derive(Args, Debug)]
pub(crate) struct PodOptions {
    /// Name of the pod; made up when absent
    #[arg(short, long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Remove a pod that has the same name first
    #[arg(long)]
    replace: bool,
    /// Label the pod; may be repeated
    #[arg(short, long, value_name = "KEY=VALUE")]
    label: Vec<String>,
    /// Read labels from this file, one a line
    #[arg(long, value_name = "FILE", value_delimiter = ',', value_hint = ValueHint::FilePath)]
    label_file: Vec<PathBuf>,
    /// Namespaces that the containers share: ipc, net, uts, pid, cgroup, or none; +pid adds to the default [default: ipc,net,uts]
    #[arg(long, value_name = "NAMES")]
    share: Option<String>,
    /// What happens when the last container exits: continue, or stop the pod [default: continue]
    #[arg(long, value_name = "POLICY", default_value = "continue", hide_default_value = true)]
    exit_policy: String,
    /// When containers of the pod that have no policy of their own are started again after they have ended [default: no]
    #[arg(long, value_name = "POLICY")]
    restart: Option<String>,
    /// Make a container that holds the shared namespaces [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = crate::cli::values::boolean)]
    infra: Option<bool>,
    /// Name of the container that holds the namespaces
    #[arg(long, value_name = "NAME")]
    infra_name: Option<String>,
    /// Write the process ID of that container's keeper to this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    infra_conmon_pidfile: Option<PathBuf>,
    #[command(flatten, next_help_heading = "Network")]
    network: NetworkOptions,
    #[command(flatten, next_help_heading = "Namespaces")]
    namespaces: NamespaceOptions,
    /// Mount a directory or a volume into every container; may be repeated
    #[arg(short, long, value_name = "[SOURCE:]DIR[:OPTIONS]", help_heading = "Files and devices")]
    volume: Vec<String>,
    /// Mount all volumes of another container into every container; may be repeated
    #[arg(long, value_name = "CONTAINER[:OPTIONS]", value_delimiter = ',', help_heading = "Files and devices")]
    volumes_from: Vec<String>,
    /// Size of /dev/shm, e.g. 64m [default: 64m]
    #[arg(long, value_name = "SIZE", help_heading = "Files and devices")]
    shm_size: Option<String>,
    /// Give every container a device; may be repeated
    #[arg(long, value_name = "HOST[:CONTAINER[:rwm]]", value_delimiter = ',', help_heading = "Files and devices")]
    device: Vec<String>,
    /// Security option; may be repeated
    #[arg(long, value_name = "OPTION", help_heading = "Security")]
    security_opt: Vec<String>,
    /// Kernel parameter of the shared namespaces; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_delimiter = ',', help_heading = "Security")]
    sysctl: Vec<String>,
}

impl PodOptions {
    /// The pod these options ask for.
    ///
    /// # Errors
    /// The first option whose value cannot be used, or that needs an infra container when there is to be none.
    pub(crate) fn into_request(self, surroundings: &Surroundings) -> Result<PodRequest, OptionError> {
        let shares_nothing = matches!(self.share.as_deref(), Some("" | "none"));
        let with_infra = self.infra.unwrap_or(!shares_nothing);
        let invalid = |line: String| Err(OptionError::Pod(line));
        if self.replace && self.name.is_none() {
            return invalid("cannot replace pod without --name being set".to_owned());
        }
        if !matches!(self.exit_policy.as_str(), "continue" | "stop") {
            return invalid(format!("running pod create option: invalid pod exit policy: {:?}", self.exit_policy));
        }
        if let (false, Some(share), false) = (with_infra, &self.share, shares_nothing) {
            return invalid(format!("cannot set share({share}) namespaces without an infra container"));
        }
        let mut pod = PodRequest {
            replace: self.replace,
            labels: lifecycle::labels(self.label_file, &self.label, surroundings)?.into_iter().collect(),
            shared: if with_infra { shared(self.share.as_deref())? } else { Vec::new() },
            exit_policy: self.exit_policy,
            restart: self
                .restart
                .map(|policy| lifecycle::restart_policy(policy, false))
                .transpose()?
                .unwrap_or_default(),
            ..PodRequest::default()
        };
        let mut infra = ContainerRequest::new(RootSource::Nothing);
        self.network.apply(&mut infra)?;
        self.namespaces.apply(&mut infra)?;
        let (volume, volumes_from, shm_size, device) = (self.volume, self.volumes_from, self.shm_size, self.device);
        MountOptions { volume, volumes_from, shm_size, device, ..MountOptions::default() }
            .apply(&mut infra, surroundings)?;
        SecurityOptions { security_opt: self.security_opt, sysctl: self.sysctl, ..SecurityOptions::default() }
            .apply(&mut infra)?;
        infra.keeper_pidfile = self.infra_conmon_pidfile;
        if infra.pid != NamespaceMode::Private && !pod.shared.iter().any(|shared| shared == "pid") {
            // `--pid host` is for the containers, too.
            pod.shared.push("pid".to_owned());
        }
        match with_infra {
            true => {
                infra.name = self.infra_name;
                pod.infra = Some(infra);
            }
            false if self.infra_name.is_some() => {
                return invalid("cannot set infra-name without an infra container".to_owned());
            }
            false => without_infra(&infra)?,
        }
        pod.name = self.name;
        Ok(pod)
    }
}

/// Refuses what only an infra container could have.
fn without_infra(request: &ContainerRequest) -> Result<(), OptionError> {
    if !request.publish.is_empty() {
        let line = "you must have an infra container to publish port bindings to the host";
        return Err(OptionError::Pod(line.to_owned()));
    }
    let given = [
        ("DNSServer", !request.dns.is_empty()),
        ("DNSSearch", !request.dns_search.is_empty()),
        ("DNSOption", !request.dns_option.is_empty()),
        ("HostAdd", !request.add_host.is_empty()),
        ("NoManageHosts", request.no_hosts),
        ("StaticIP", request.ip.is_some()),
        ("StaticMAC", request.mac_address.is_some()),
    ];
    match given.iter().find(|(_, is_given)| *is_given) {
        Some((option, _)) => {
            Err(OptionError::Pod(format!("NoInfra and {option} are mutually exclusive pod options: invalid pod spec")))
        }
        None => Ok(()),
    }
}

/// `--share`.
fn shared(text: Option<&str>) -> Result<Vec<String>, OptionError> {
    let (text, more) = match text {
        None => return Ok(DEFAULT_SHARED.map(str::to_owned).to_vec()),
        Some("" | "none") => return Ok(Vec::new()),
        Some(text) => text.strip_prefix('+').map_or((text, false), |rest| (rest, true)),
    };
    let mut shared: Vec<String> = if more { DEFAULT_SHARED.map(str::to_owned).to_vec() } else { Vec::new() };
    for name in text.split(',').filter(|name| !name.is_empty()) {
        if !["cgroup", "ipc", "net", "pid", "uts", "user"].contains(&name) {
            return Err(OptionError::Pod(format!(
                "invalid kernel namespace to share: {name}. Options are: cgroup, ipc, net, pid, uts or none"
            )));
        }
        if !shared.iter().any(|known| known == name) {
            shared.push(name.to_owned());
        }
    }
    Ok(shared)
}
