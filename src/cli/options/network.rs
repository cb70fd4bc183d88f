//! Network, names and published ports.

use super::{OptionError, ports};
use crate::cli::configuration::Containers;
use crate::engine::request::ContainerRequest;
use clap::Args;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[derive(Args, Debug)]
pub(crate) struct NetworkOptions {
    /// Network of the container: private, fast, host, none, container:NAME, slirp4netns or pasta (with :OPTIONS), or a
    /// network by its name [default: private]
    #[arg(long, alias = "net", value_name = "MODE")]
    network: Vec<String>,
    /// Publish a port or a range of ports of the container on the host; may be repeated
    #[arg(short, long, value_name = "[[IP:]HOST:]CONTAINER", value_delimiter = ',')]
    publish: Vec<String>,
    /// Publish all ports that the image or --expose names, on random ports of the host
    #[arg(short = 'P', long)]
    publish_all: bool,
    /// Note that the container listens on a port or a range of ports; may be repeated
    #[arg(long, value_name = "PORT[/PROTOCOL]", value_delimiter = ',')]
    expose: Vec<String>,
    /// IPv4 address of the container
    #[arg(long, value_name = "IP")]
    ip: Option<String>,
    /// IPv6 address of the container
    #[arg(long, value_name = "IPV6")]
    ip6: Option<String>,
    /// Hardware address of the container's interface
    #[arg(long, value_name = "MAC")]
    mac_address: Option<String>,
    /// Further name of the container in its network; may be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    network_alias: Vec<String>,
    /// Host name in the container
    #[arg(short = 'h', long, value_name = "NAME")]
    hostname: Option<String>,
    /// Add a line to /etc/hosts; may be repeated
    #[arg(long, value_name = "HOST:IP", value_delimiter = ',')]
    add_host: Vec<String>,
    /// Leave the image's /etc/hosts as it is
    #[arg(long)]
    no_hosts: bool,
    /// Build /etc/hosts on this file instead of the host's, or on none
    #[arg(long, value_name = "PATH|none")]
    hosts_file: Option<String>,
    /// Where the host is said to be; from containers.conf
    #[arg(skip)]
    host_internal_ip: Option<String>,
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
    /// Whether the network's settings are the host's or another container's.
    pub(super) fn is_shared(&self) -> bool {
        let is_shared = |mode: &String| mode == "host" || mode.starts_with("container:") || mode.starts_with("ns:");
        self.network.iter().any(is_shared)
    }

    pub(super) fn fill(&mut self, defaults: &Containers, is_in_pod: bool) {
        if is_in_pod {
            return;
        }
        if self.network.is_empty() {
            self.network.extend(defaults.netns.clone().filter(|mode| !mode.is_empty()));
        }
        let has_resolver = !self.network.iter().any(|mode| mode == "none") && !self.is_shared();
        for (given, default) in [
            (&mut self.dns, &defaults.dns_servers),
            (&mut self.dns_search, &defaults.dns_searches),
            (&mut self.dns_option, &defaults.dns_options),
        ] {
            if has_resolver && given.is_empty() {
                given.clone_from(default);
            }
        }
        self.no_hosts |= defaults.no_hosts && self.add_host.is_empty() && self.hosts_file.is_none();
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if self.hosts_file.is_none() && !self.no_hosts {
            self.hosts_file = given(&defaults.base_hosts_file);
        }
        self.host_internal_ip = given(&defaults.host_containers_internal_ip);
    }

    pub(super) fn apply(self, request: &mut ContainerRequest) -> Result<(), OptionError> {
        if self.no_hosts && !self.add_host.is_empty() {
            return Err(OptionError::Together("--no-hosts and --add-host"));
        }
        if self.no_hosts && self.hosts_file.is_some() {
            return Err(OptionError::Together("--no-hosts and --hosts-file"));
        }
        if let Some(address) = self.host_internal_ip.as_deref().filter(|text| *text != "none")
            && address.parse::<IpAddr>().is_err()
        {
            return Err(OptionError::AddHostAddress(address.to_owned()));
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
        request.publish_all = self.publish_all;
        request.ip = self.ip.as_deref().map(ipv4).transpose()?;
        request.ip6 = self.ip6.as_deref().map(ipv6).transpose()?;
        request.mac_address = self.mac_address.as_deref().map(hardware_address).transpose()?;
        request.network_alias = self.network_alias;
        for text in &self.expose {
            ports::check_expose(text)?;
        }
        request.network = self.network;
        request.expose = self.expose;
        request.hostname = self.hostname;
        request.add_host = self.add_host;
        request.no_hosts = self.no_hosts;
        request.base_hosts = self.hosts_file;
        request.host_internal_ip = self.host_internal_ip;
        request.no_hostname = self.no_hostname;
        request.dns = self.dns;
        request.dns_search = self.dns_search;
        request.dns_option = self.dns_option;
        Ok(())
    }
}

fn ipv4(text: &str) -> Result<Ipv4Addr, OptionError> {
    text.parse().map_err(|_| OptionError::StaticAddress(text.to_owned()))
}

fn ipv6(text: &str) -> Result<Ipv6Addr, OptionError> {
    text.parse().map_err(|_| OptionError::StaticAddress(text.to_owned()))
}

fn hardware_address(text: &str) -> Result<[u8; 6], OptionError> {
    crate::engine::network::mac_address(text).ok_or_else(|| OptionError::HardwareAddress(text.to_owned()))
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
