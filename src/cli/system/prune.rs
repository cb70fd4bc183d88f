//! `system prune`.

use crate::cli::compatibility;
use crate::cli::container::{self, Users};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::{self, human};
use crate::cli::tree::Verb;
use crate::cli::{network, pod, volume};
use crate::engine::images::remove::{self, PruneOptions};
use clap::Args;
use jiff::Timestamp;
use std::collections::HashMap;
use std::process::ExitCode;

/// `system prune`.
#[derive(Args, Debug)]
pub(crate) struct Prune {
    /// Remove all images no container uses, not only those without a name
    #[arg(short, long)]
    all: bool,
    /// Do not ask
    #[arg(short, long)]
    force: bool,
    /// Remove volumes no container uses too
    #[arg(long)]
    volumes: bool,
    /// Remove the build cache too; there is none
    #[arg(long, hide = true)]
    build: bool,
    /// Remove only what fits: label=KEY[=VALUE], until=TIME; may be repeated
    #[arg(long, value_name = "FILTER")]
    filter: Vec<String>,
}

impl Verb for Prune {
    const NAME: &'static str = "prune";
    const FOREIGN: &'static [compatibility::Row] = compatibility::PRUNE;
    const ABOUT: &'static str = "Remove unused data";
    const DETAILS: &'static str = "Removes pods and containers that are not running, networks nothing uses, images without a name, and layers nothing refers to.";
    const EXAMPLES: &'static str = "coracle system prune --all --volumes";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        if !self.force && !output::confirm(&self.warning())? {
            return Ok(ExitCode::SUCCESS);
        }
        let engine = context.engine();
        let written: HashMap<String, u64> = engine
            .list_containers()
            .into_iter()
            .map(|container| (container.record.id.clone(), engine.written_bytes(&container.record.id)))
            .collect();
        engine.sweep();
        // With filters only what has such labels or such an age is meant, which pods are not asked for.
        let pods = if self.filter.is_empty() { pod::prune::prune(&engine)? } else { Vec::new() };
        let containers = container::prune::prune(&engine, &self.filter)?;
        let mut bytes: u64 = containers.iter().filter_map(|id| written.get(id)).sum();
        let mut volumes = Vec::new();
        if self.volumes {
            let filters = volume::filter::Filters::of(&self.filter, &engine)?;
            let unused = volume::prune::unused(&engine, &filters);
            bytes += unused.iter().map(|name| engine.volume_bytes(name)).sum::<u64>();
            volumes = volume::prune::remove(&engine, &unused)?;
        }
        let networks =
            network::prune::remove_unused(&engine, &network::filter::Filters::parse(&self.filter, Timestamp::now())?)?;
        let options = PruneOptions { all: self.all, filters: self.filter };
        let images = remove::prune(&engine.paths, &options, &Users::new(context))?;
        let deleted: Vec<String> = images.images.iter().filter_map(|image| image.deleted.map(|id| id.hex())).collect();
        let mut text = String::new();
        section(&mut text, "Deleted Pods", &pods);
        section(&mut text, "Deleted Containers", &containers);
        section(&mut text, "Deleted Volumes", &volumes);
        section(&mut text, "Deleted Networks", &networks);
        section(&mut text, "Deleted Images", &deleted);
        text.push_str(&format!("Total reclaimed space: {}\n", human::size(bytes + images.bytes, 4)));
        output::print(&text)
    }
}

impl Prune {
    fn warning(&self) -> String {
        let mut text = "WARNING! This command removes:\n\t- all stopped containers\n".to_owned();
        if self.volumes {
            text.push_str("\t- all volumes not used by at least one container\n");
        }
        text.push_str("\t- all networks not used by at least one container\n");
        text.push_str(match self.all {
            true => "\t- all images without at least one container associated with them\n",
            false => "\t- all dangling images\n",
        });
        text
    }
}

fn section(text: &mut String, title: &str, lines: &[String]) {
    if !lines.is_empty() {
        text.push_str(&format!("{title}\n{}\n", lines.join("\n")));
    }
}
