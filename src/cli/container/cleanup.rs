//! `container cleanup`.

use super::Users;
use super::selection::{Latest, Selection};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::cli::{failure, output};
use crate::engine::images::remove;
use crate::engine::lifecycle::RemoveOptions;
use crate::engine::request::RootSource;
use crate::engine::{Engine, Kind};
use clap::Args;
use std::process::ExitCode;

/// `container cleanup CONTAINER...`.
#[derive(Args, Debug)]
pub(crate) struct Cleanup {
    /// Clean up after all containers that do not run
    #[arg(short, long)]
    all: bool,
    /// Clean up after this process of exec instead of the container
    #[arg(long, value_name = "SESSION", default_value = "", hide_default_value = true)]
    exec: String,
    /// Remove the container afterwards
    #[arg(long)]
    rm: bool,
    /// Remove the container's image afterwards
    #[arg(long)]
    rmi: bool,
    /// Leave out containers that were never started
    #[arg(long)]
    stopped_only: bool,
    #[command(flatten)]
    latest: Latest,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Cleanup {
    const NAME: &'static str = "cleanup";
    const ABOUT: &'static str = "Remove what killed processes left of one or more containers";
    const DETAILS: &'static str = "Gives back the control group, network addresses and sockets of containers that do not run. Their \
        keepers do that when they end; this is for those that were killed. Containers that run, and names that are \
        none, are passed over.";
    const ARGUMENTS: &'static str = "CONTAINER [CONTAINER...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle container cleanup --all";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        self.check()?;
        let engine = context.engine();
        let selection = Selection {
            names: self.arguments.clone(),
            all: self.all,
            latest: self.latest.latest,
            ..Selection::default()
        };
        let names = selection.names(&engine, |container| !container.state.status.is_alive())?;
        if !self.exec.is_empty() {
            // A process of exec leaves nothing: its waiter is this program, and ends with it.
            let missing = format!("no exec session with ID {} found: no such exec session", self.exec);
            return Err(Failure::Arguments(missing));
        }
        failure::each(&names, Failure::exit_code, |name| self.clean(&engine, context, name))
    }
}

impl Cleanup {
    fn check(&self) -> Result<(), Failure> {
        let complaint = match (!self.exec.is_empty(), self.all, self.arguments.len() > 1, self.rmi) {
            (true, true, ..) => "exec and all options conflict",
            (true, _, true, _) => "cannot use exec option when more than one container is given",
            (true, _, _, true) => "exec and rmi options conflict",
            _ => return Ok(()),
        };
        Err(Failure::Arguments(complaint.to_owned()))
    }

    fn clean(&self, engine: &Engine, context: &Context, name: &str) -> Result<(), Failure> {
        let container = match engine.container(name) {
            Err(error) if error.kind() == Kind::NotFound => return Ok(()),
            other => other?,
        };
        if container.state.status.is_alive() || (self.stopped_only && container.state.starts == 0) {
            return Ok(());
        }
        let id = engine.clean_up(&container.record.id)?;
        if self.rm {
            engine.remove(&id, RemoveOptions::default())?;
        }
        if let (true, RootSource::Image(image)) = (self.rmi, &container.record.request.root) {
            let paths = context.paths();
            remove::remove(&paths, image, false, &Users::new(context))?;
            drop(remove::free_space(&paths));
        }
        output::print(&format!("{id}\n")).map(|_| ())
    }
}
