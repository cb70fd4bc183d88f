//! `inspect`: containers, images, volumes and networks.

use crate::cli::container::inspect_container;
use crate::cli::container::selection::Selection;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::image::inspect_image;
use crate::cli::network::inspect_network;
use crate::cli::output::{self, Object};
use crate::cli::pod::inspect_pod;
use crate::cli::tree::{Arity, Verb};
use crate::cli::volume::inspect_volume;
use crate::engine::Engine;
use clap::Args;
use std::process::ExitCode;

/// `inspect`: containers, images, volumes and networks.
#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// Print as JSON (json) or by a Go template
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Add how much containers have written
    #[arg(short, long)]
    size: bool,
    /// What to look at: container, image, volume, network or all [default: all]
    #[arg(short = 't', long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Act on the most recently created container
    #[arg(short, long)]
    latest: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Inspect {
    const NAME: &'static str = "inspect";
    const ABOUT: &'static str = "Display the configuration of a container, image, volume or network";
    const DETAILS: &'static str = "Prints everything about the named objects as a JSON array, or by a template for each. A name is looked for among containers, then images, then volumes, then networks.";
    const ARGUMENTS: &'static str = "{CONTAINER|IMAGE|VOLUME|NETWORK} [...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle inspect web\n\
        coracle inspect --type image debian\n\
        coracle inspect --format '{{.State.Pid}}' web";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let kind = self.kind.as_deref().unwrap_or("all");
        if !["image", "container", "pod", "network", "volume", "all"].contains(&kind) {
            let choice = "\"image\", \"container\", \"pod\", \"network\", \"volume\", or \"all\"";
            return Err(Failure::Arguments(format!("invalid type {kind:?}: must be {choice}")));
        }
        if self.arguments.is_empty() && !self.latest {
            return Err(Failure::Arguments("no names or ids specified".to_owned()));
        }
        let names = Selection { names: self.arguments, latest: self.latest, ..Selection::default() }
            .names(&engine, |_| true)?;
        output::inspect(self.format.as_deref(), &names, |name| look(&engine, kind, name, self.size))
    }
}

/// The first kind of object that has this name.
fn look(engine: &Engine, kind: &str, name: &str, with_sizes: bool) -> Result<Object, Failure> {
    match kind {
        "container" => return inspect_container(engine, name, with_sizes),
        "image" => return inspect_image(&engine.paths, name),
        "volume" => return inspect_volume(engine, name),
        "network" => return inspect_network(engine, name),
        "pod" => return inspect_pod(engine, name),
        _ => {}
    }
    let missing = |found: &Result<Object, Failure>| found.as_ref().is_err_and(Failure::is_not_found);
    let container = inspect_container(engine, name, with_sizes);
    if !missing(&container) {
        return container;
    }
    match inspect_image(&engine.paths, name) {
        Ok(image) => Ok(image),
        // What cannot be the name of an image may be the name of a volume.
        Err(_) => {
            let volume = inspect_volume(engine, name);
            if !missing(&volume) {
                return volume;
            }
            let network = inspect_network(engine, name);
            if !missing(&network) {
                return network;
            }
            let pod = inspect_pod(engine, name);
            if missing(&pod) { Err(Failure::NoSuchObject(name.to_owned())) } else { pod }
        }
    }
}
