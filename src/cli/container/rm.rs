//! `rm`.

use super::selection::Selection;
use super::selection::{IdFiles, Latest};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::cli::values;
use crate::cli::{failure, output};
use crate::engine::lifecycle::RemoveOptions;
use crate::engine::{Engine, Error, Kind};
use clap::Args;
use std::process::ExitCode;

/// `rm CONTAINER...`.
#[derive(Args, Debug)]
pub(crate) struct Rm {
    /// Remove all containers
    #[arg(short, long)]
    all: bool,
    /// Remove running containers too: they are stopped first
    #[arg(short, long)]
    force: bool,
    /// Do not complain about containers that do not exist
    #[arg(short, long)]
    ignore: bool,
    /// Seconds to wait for a running container to stop before it is killed [default: the container's own]
    #[arg(short, long, alias = "timeout", value_name = "SECONDS", value_parser = values::seconds, allow_negative_numbers = true)]
    time: Option<u32>,
    /// Remove the containers' anonymous volumes
    #[arg(short, long)]
    volumes: bool,
    /// Remove containers that fit, e.g. label=tier=db; may be repeated
    #[arg(long, value_name = "FILTER")]
    filter: Vec<String>,
    #[command(flatten)]
    files: IdFiles,
    #[command(flatten)]
    latest: Latest,
    /// Remove containers that use its namespaces as well, before it
    #[arg(long)]
    depend: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Rm {
    const NAME: &'static str = "rm";
    const ABOUT: &'static str = "Remove one or more containers";
    const DETAILS: &'static str = "Removes containers with everything they have written. A running container is not removed \
        without --force. The exit code is 1 when a container does not exist and 2 when one is running.";
    const ARGUMENTS: &'static str = "CONTAINER [CONTAINER...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle rm web\ncoracle rm --force --all";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        if self.time.is_some() && !self.force {
            return Err(Failure::Arguments("--force option must be specified to use the --time option".to_owned()));
        }
        let engine = context.engine();
        // podman's --force does not complain about containers that are not there either.
        let ignore = self.ignore || self.force;
        let selection = Selection {
            names: self.arguments,
            all: self.all,
            latest: self.latest.latest,
            id_files: self.files.cidfile,
            filters: self.filter,
            ignore,
        };
        let names = selection.names(&engine, |_| true)?;
        // As elsewhere, nothing is done when one of them is not there.
        let is_missing = |name: &&String| engine.check_exists(name).is_err_and(|error| error.kind() == Kind::NotFound);
        if let Some(name) = names.iter().find(is_missing).filter(|_| !ignore) {
            return Err(Failure::NothingToRemove(name.clone()));
        }
        let options = RemoveOptions { force: self.force, timeout_seconds: self.time, volumes: self.volumes };
        let names = if self.depend { with_dependents(&engine, names) } else { in_order(&engine, names) };
        // The container that holds a pod's namespaces goes with its pod, or when the others have gone before it.
        let keeps_pods = !self.depend && !self.all;
        failure::each(&names, Failure::removal_code, |name| match remove(&engine, name, options, keeps_pods) {
            Ok(_) => output::print(&format!("{name}\n")).map(|_| ()),
            Err(error) if ignore && error.kind() == Kind::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        })
    }
}

fn remove(engine: &Engine, name: &str, options: RemoveOptions, keeps_pods: bool) -> Result<String, Error> {
    match engine.check_infra(name) {
        Err(error) if keeps_pods || error.kind() == Kind::NotFound => Err(error),
        // Those that depend on it have gone before it: so does the pod.
        Err(_) => engine.remove(name, RemoveOptions { force: true, ..options }),
        Ok(()) => engine.remove(name, options),
    }
}

/// Containers that others depend on after all others, the newest of them first: a container is younger than what it needs.
fn in_order(engine: &Engine, names: Vec<String>) -> Vec<String> {
    if names.len() < 2 {
        return names;
    }
    let needed = |name: &String| {
        let container = engine.container(name).ok()?;
        engine.has_dependents(&container.record.id).then_some(container.record.created)
    };
    let (mut late, mut first) = (Vec::new(), Vec::new());
    for name in names {
        match needed(&name) {
            Some(created) => late.push((created, name)),
            None => first.push(name),
        }
    }
    late.sort_by_key(|(created, _)| std::cmp::Reverse(*created));
    first.extend(late.into_iter().map(|(_, name)| name));
    first
}

/// Each container with those that depend on it before it; none twice.
fn with_dependents(engine: &Engine, names: Vec<String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for name in names {
        // One that is not there is complained about when it is removed.
        let id = engine.container(&name).map_or(name, |container| container.record.id);
        let dependents = engine.dependents(&id).unwrap_or_default();
        for name in dependents.into_iter().chain([id]) {
            if !all.contains(&name) {
                all.push(name);
            }
        }
    }
    all
}
