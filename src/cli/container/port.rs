//! `port`.

use super::selection::Latest;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use crate::engine::network::PortMapping;
use crate::store::containers::Status;
use clap::Args;
use std::fmt::Write;
use std::process::ExitCode;

/// `port CONTAINER [PORT[/PROTOCOL]]`.
#[derive(Args, Debug)]
pub(crate) struct Port {
    /// Show the ports of all running containers
    #[arg(short, long)]
    all: bool,
    #[command(flatten)]
    latest: Latest,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Port {
    const NAME: &'static str = "port";
    const ABOUT: &'static str = "List the published ports of a container";
    const DETAILS: &'static str =
        "Prints where on the host each published port of a running container is, or one of them.";
    const ARGUMENTS: &'static str = "[CONTAINER [PORT[/PROTOCOL]]]";
    const ARITY: Arity = Arity::AtMost(2);
    const EXAMPLES: &'static str = "coracle port web\ncoracle port web 80/tcp\ncoracle port -a";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let mut words = self.arguments.iter();
        let containers = match (self.all, self.latest.latest) {
            (true, true) => return Err(arguments("--all and --latest cannot be used together")),
            (true, false) if !self.arguments.is_empty() => {
                return Err(arguments("no additional arguments can be used with --all"));
            }
            (true, false) => engine.list_containers(),
            (false, true) => engine.list_containers().pop().into_iter().collect(),
            (false, false) => match words.next() {
                Some(name) => vec![engine.container(name)?],
                None => return Err(arguments("you must supply a running container name or id")),
            },
        };
        let typed = words.next();
        let wanted = typed.map(|text| port(text)).transpose()?;
        if words.next().is_some() {
            return Err(arguments("accepts only one port with --latest"));
        }
        let mut text = String::new();
        for container in containers.iter().filter(|container| container.state.status == Status::Running) {
            let id = self.all.then(|| output::human::short_id(&container.record.id));
            list(&engine.published_ports(container), id, wanted.as_deref(), &mut text);
        }
        match typed {
            Some(port) if text.is_empty() => {
                Err(crate::engine::error::Error::BadRequest(format!("failed to find published port {port:?}")).into())
            }
            _ => output::print(&text),
        }
    }
}

fn arguments(text: &str) -> Failure {
    Failure::Arguments(text.to_owned())
}

/// `PORT/PROTOCOL`, TCP when none is said.
fn port(text: &str) -> Result<String, Failure> {
    let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    match number.parse::<u16>() {
        Ok(number) => Ok(format!("{number}/{protocol}")),
        Err(_) => Err(arguments(&format!("invalid port {text:?}"))),
    }
}

/// Adds a line for each of `ports`, with the container's `id` when it is one of several.
fn list(ports: &[PortMapping], id: Option<&str>, wanted: Option<&str>, text: &mut String) {
    for mapping in ports {
        for offset in 0..mapping.count {
            let inside = format!("{}/{}", mapping.container_port.saturating_add(offset), mapping.protocol);
            if wanted.is_some_and(|wanted| wanted != inside) {
                continue;
            }
            let host_ip = if mapping.host_ip.is_empty() { "0.0.0.0" } else { &mapping.host_ip };
            let host_port = mapping.host_port.saturating_add(offset);
            let shown = if host_ip.contains(':') {
                format!("[{host_ip}]:{host_port}")
            } else {
                format!("{host_ip}:{host_port}")
            };
            // Writing to text cannot fail.
            let _ = match (id, wanted) {
                (Some(id), _) => writeln!(text, "{id}\t{inside} -> {shown}"),
                (None, None) => writeln!(text, "{inside} -> {shown}"),
                (None, Some(_)) => writeln!(text, "{shown}"),
            };
        }
    }
}
