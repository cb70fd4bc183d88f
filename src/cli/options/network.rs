//! Network, names and published ports.

use super::{OptionError, ports};
use crate::engine::request::ContainerRequest;
use clap::Args;
use std::net::IpAddr;

#[derive(Args, Debug)]
pub(crate) struct NetworkOptions {
    /// Network of the container: host or none; without this option it shares the host's
    #[arg(long, alias = "net", value_name = "MODE")]
    network: Vec<String>,
    /// Publish a port or a range of ports; may be repeated (from the next release)
    #[arg(short, long, value_name = "[[IP:]HOST:]CONTAINER", value_delimiter = ',')]
    publish: Vec<String>,
    /// Note that the container listens on a port or a range of ports; may be repeated
    #[arg(long, value_name = "PORT[/PROTOCOL]", value_delimiter = ',')]
    expose: Vec<String>,
    /// Host name in the container
    #[arg(short = 'h', long, value_name = "NAME")]
    hostname: Option<String>,
    /// Add a line to /etc/hosts; may be repeated
    #[arg(long, value_name = "HOST:IP", value_delimiter = ',')]
    add_host: Vec<String>,
    /// Leave the image's /etc/hosts as it is
    #[arg(long)]
    no_hosts: bool,
    /// Leave the image's /etc/hostname as it is
    #[arg(long)]
    no_hostname: bool,
    /// Name server, or none; may be repeated
    #[arg(long, value_name = "IP", value_delimiter = ',')]
    dns: Vec<String>,
    /// Domain to search names in, or . for none; may be repeated
    #[arg(long, value_name = "DOMAIN", value_delimiter = ',')]
    dns_search: Vec<String>,
    /// Option of the resolver; may be repeated
    #[arg(long, alias = "dns-opt", value_name = "OPTION", value_delimiter = ',')]
    dns_option: Vec<String>,
}

impl NetworkOptions {
    pub(super) fn apply(self, request: &mut ContainerRequest) -> Result<(), OptionError> {
        if self.no_hosts && !self.add_host.is_empty() {
            return Err(OptionError::Together("--no-hosts and --add-host"));
        }
        for mode in &self.network {
            check_network(mode)?;
        }
        for host in &self.add_host {
            check_add_host(host)?;
        }
        for address in &self.dns {
            if address != "none" && address.parse::<IpAddr>().is_err() {
                return Err(OptionError::Dns(address.clone()));
            }
        }
        request.publish = self.publish.iter().map(|text| ports::publish(text)).collect::<Result<_, _>>()?;
        if !request.publish.is_empty() {
            let reason = "ports are published from the next release; use --network host";
            return Err(OptionError::Refused { option: "publish", reason });
        }
        for text in &self.expose {
            ports::check_expose(text)?;
        }
        request.network = self.network;
        request.expose = self.expose;
        request.hostname = self.hostname;
        request.add_host = self.add_host;
        request.no_hosts = self.no_hosts;
        request.no_hostname = self.no_hostname;
        request.dns = self.dns;
        request.dns_search = self.dns_search;
        request.dns_option = self.dns_option;
        Ok(())
    }
}

fn check_network(mode: &str) -> Result<(), OptionError> {
    match mode {
        "host" | "none" => Ok(()),
        _ => Err(OptionError::RefusedValue {
            option: "network",
            value: mode.to_owned(),
            reason: "other networks come with the next release; use host or none",
        }),
    }
}

/// `HOST[;HOST...]:IP`, where IP may be `host-gateway`.
fn check_add_host(text: &str) -> Result<(), OptionError> {
    let (name, address) = text.split_once(':').ok_or_else(|| OptionError::AddHost(text.to_owned()))?;
    if name.is_empty() {
        return Err(OptionError::AddHost(text.to_owned()));
    }
    let bare = address.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(address);
    match bare == "host-gateway" || bare.parse::<IpAddr>().is_ok() {
        true => Ok(()),
        false => Err(OptionError::AddHostAddress(address.to_owned())),
    }
}
