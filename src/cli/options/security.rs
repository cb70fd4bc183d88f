//! Privileges.

use super::{OptionError, key_value};
use crate::cli::configuration::Containers;
use crate::engine::request::ContainerRequest;
use clap::Args;

#[derive(Args, Debug, Default)]
pub(crate) struct SecurityOptions {
    /// Give the container all privileges its user has
    #[arg(long)]
    pub(super) privileged: bool,
    /// Add a capability, or ALL; may be repeated
    #[arg(long, value_name = "CAPABILITY", value_delimiter = ',')]
    pub(super) cap_add: Vec<String>,
    /// Drop a capability, or ALL; may be repeated
    #[arg(long, value_name = "CAPABILITY", value_delimiter = ',')]
    pub(super) cap_drop: Vec<String>,
    /// Security option: seccomp=FILE|unconfined, no-new-privileges, mask=PATHS, unmask=PATHS|ALL, landlock=PATH:ro|rw,...
    /// (nothing but these places can be used; ro, the default, allows to read and execute), apparmor=PROFILE,
    /// label=disable|type:TYPE|level:LEVEL; may be repeated
    #[arg(long, value_name = "OPTION")]
    pub(super) security_opt: Vec<String>,
    /// Kernel parameter of the container's namespaces; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_delimiter = ',')]
    pub(super) sysctl: Vec<String>,
    /// Rule about devices; needs a control group of root's
    #[arg(long, value_name = "RULE", hide = true)]
    pub(super) device_cgroup_rule: Vec<String>,
    /// Those of containers.conf.
    #[arg(skip)]
    pub(super) default_sysctls: Vec<String>,
    /// Likewise.
    #[arg(skip)]
    pub(super) default_capabilities: Option<Vec<String>>,
}

impl SecurityOptions {
    /// `shares_network` is whether settings of the network namespace are not the container's to make.
    pub(super) fn fill(&mut self, defaults: &Containers, shares_network: bool) {
        self.privileged |= defaults.privileged;
        let has_profile = self.security_opt.iter().any(|option| option.starts_with("seccomp"));
        if let Some(profile) = defaults.seccomp_profile.as_ref().filter(|path| !path.is_empty() && !has_profile) {
            self.security_opt.push(format!("seccomp={profile}"));
        }
        self.default_capabilities.clone_from(&defaults.default_capabilities);
        let name = |text: &str| text.split('=').next().unwrap_or_default().to_owned();
        let given: Vec<String> = self.sysctl.iter().map(|text| name(text)).collect();
        let others = defaults.default_sysctls.iter().filter(|text| !given.contains(&name(text)));
        self.default_sysctls = others.filter(|text| !(shares_network && text.starts_with("net."))).cloned().collect();
    }

    pub(super) fn apply(self, request: &mut ContainerRequest) -> Result<(), OptionError> {
        if !self.device_cgroup_rule.is_empty() {
            return Err(OptionError::DeviceRule);
        }
        request.privileged = self.privileged;
        request.default_capabilities = self.default_capabilities;
        request.cap_add = self.cap_add;
        request.cap_drop = self.cap_drop;
        request.security_opt = self.security_opt;
        request.sysctl = self.sysctl.iter().map(|text| sysctl(text)).collect::<Result<_, _>>()?;
        request.default_sysctl = self.default_sysctls.iter().map(|text| sysctl(text)).collect::<Result<_, _>>()?;
        Ok(())
    }
}

fn sysctl(text: &str) -> Result<(String, String), OptionError> {
    key_value(text).filter(|(name, _)| !name.is_empty()).ok_or_else(|| OptionError::Sysctl(text.to_owned()))
}
