//! `network create`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::options::{OptionError, label};
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use crate::engine::networks::NetworkRequest;
use crate::store::networks::{ISOLATE_OPTION, Subnet};
use clap::Args;
use std::net::IpAddr;
use std::process::ExitCode;

/// `network create`.
#[derive(Args, Debug)]
pub(crate) struct Create {
    /// Range of addresses, e.g. 10.77.0.0/24; may be repeated [default: a free one]
    #[arg(long, value_name = "CIDR", value_delimiter = ',')]
    subnet: Vec<String>,
    /// Gateway of the subnet given in the same place; may be repeated [default: its first address]
    #[arg(long, value_name = "IP", value_delimiter = ',')]
    gateway: Vec<String>,
    /// Part of the subnet that containers get addresses from: CIDR or FIRST-LAST; may be repeated
    #[arg(long, value_name = "RANGE", value_delimiter = ',')]
    ip_range: Vec<String>,
    /// Add an IPv6 subnet
    #[arg(long)]
    ipv6: bool,
    /// No way out of the network
    #[arg(long)]
    internal: bool,
    /// Keep the network from reaching others, which none here can
    #[arg(long)]
    isolate: bool,
    /// Containers do not find each other by name
    #[arg(long)]
    disable_dns: bool,
    /// Resolver for names the network does not know; may be repeated [default: the host's]
    #[arg(long, value_name = "IP", value_delimiter = ',')]
    dns: Vec<String>,
    /// Label the network; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    label: Vec<String>,
    /// Option of the driver: mtu=BYTES, isolate=BOOL, no_default_route=BOOL; may be repeated
    #[arg(short, long, value_name = "KEY=VALUE", value_delimiter = ',')]
    opt: Vec<String>,
    /// Network driver; bridge is the only one
    #[arg(short, long, value_name = "DRIVER", default_value = "bridge", hide_default_value = true)]
    driver: String,
    /// Way addresses are given out; host-local is the only one
    #[arg(long, value_name = "DRIVER")]
    ipam_driver: Option<String>,
    /// Name of the bridge in the network's own namespace
    #[arg(long, value_name = "NAME")]
    interface_name: Option<String>,
    /// Static route; user-mode networks have none
    #[arg(long, value_name = "ROUTE", hide = true)]
    route: Vec<String>,
    /// Do not complain when the network exists
    #[arg(long)]
    ignore: bool,
    /// For docker: always so here
    #[arg(long, hide = true)]
    attachable: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Create {
    const NAME: &'static str = "create";
    const ABOUT: &'static str = "Create a network";
    const DETAILS: &'static str = "Makes a network that containers join by name, and prints the name. Containers on it reach each other by name; nothing runs until the first of them starts. Without a name one is chosen.";
    const ARGUMENTS: &'static str = "[NAME]";
    const ARITY: Arity = Arity::AtMost(1);
    const EXAMPLES: &'static str = "coracle network create backend\n\
        coracle network create --subnet 10.77.0.0/24 --internal db";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        self.check_drivers()?;
        if let Some(route) = self.route.into_iter().next() {
            return Err(refused("route", route, "a network leads out through its one gateway"));
        }
        let labels = self.label.iter().map(|text| label(text)).collect::<Result<_, _>>()?;
        let mut options: std::collections::BTreeMap<String, String> =
            self.opt.iter().map(|text| label(text)).collect::<Result<_, _>>()?;
        if self.isolate {
            options.entry(ISOLATE_OPTION.to_owned()).or_insert_with(|| "true".to_owned());
        }
        let request = NetworkRequest {
            name: self.arguments.into_iter().next(),
            subnets: self.subnet.iter().map(|text| subnet(text)).collect::<Result<_, _>>()?,
            gateways: self.gateway.iter().map(|text| address(text)).collect::<Result<_, _>>()?,
            ranges: self.ip_range,
            ipv6: self.ipv6,
            internal: self.internal,
            disable_dns: self.disable_dns,
            dns: self.dns.iter().map(|text| address(text)).collect::<Result<_, _>>()?,
            labels,
            options,
            interface: self.interface_name,
            ignore: self.ignore,
        };
        let name = context.engine().create_network(request)?;
        output::print(&format!("{name}\n"))
    }
}

impl Create {
    fn check_drivers(&self) -> Result<(), Failure> {
        match self.driver.as_str() {
            "bridge" | "" => {}
            "macvlan" | "ipvlan" => {
                let reason = "an interface of the host cannot be shared without root; use bridge";
                return Err(refused("driver", self.driver.clone(), reason));
            }
            _ => return Err(Failure::Arguments(format!("unsupported driver {}: invalid argument", self.driver))),
        }
        match self.ipam_driver.as_deref() {
            None | Some("host-local" | "default" | "") => Ok(()),
            Some(other) => Err(refused("ipam-driver", other.to_owned(), "addresses are given out by coracle itself")),
        }
    }
}

fn subnet(text: &str) -> Result<Subnet, Failure> {
    text.parse().map_err(|error: crate::store::networks::InvalidSubnet| Failure::Arguments(error.to_string()))
}

/// An address, as Go's `net.ParseIP` complains of it.
pub(super) fn address(text: &str) -> Result<IpAddr, Failure> {
    text.parse().map_err(|_| Failure::Arguments(format!("invalid IP address: {text}")))
}

fn refused(option: &'static str, value: String, reason: &'static str) -> Failure {
    OptionError::RefusedValue { option, value, reason }.into()
}
