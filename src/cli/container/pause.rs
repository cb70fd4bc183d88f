//! `pause` and `unpause`.

use super::selection::{IdFiles, Latest, Selection};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::cli::{failure, output};
use crate::engine::lifecycle::Container;
use crate::engine::{Engine, Error};
use crate::store::containers::Status;
use clap::Args;
use std::process::ExitCode;

/// Which containers; the options of both commands.
#[derive(Args, Debug)]
pub(crate) struct Which {
    /// Act on all containers it can be done to
    #[arg(short, long)]
    all: bool,
    /// Act on containers that fit, e.g. label=tier=db; may be repeated
    #[arg(short, long, value_name = "FILTER")]
    filter: Vec<String>,
    #[command(flatten)]
    files: IdFiles,
    #[command(flatten)]
    latest: Latest,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Which {
    fn each(
        self,
        context: &Context,
        eligible: fn(&Container) -> bool,
        act: fn(&Engine, &str) -> Result<Container, Error>,
    ) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let names = Selection {
            names: self.arguments,
            all: self.all,
            latest: self.latest.latest,
            id_files: self.files.cidfile,
            filters: self.filter,
            ..Selection::default()
        }
        .existing(&engine, eligible)?;
        failure::each(&names, Failure::exit_code, |name| {
            act(&engine, name)?;
            output::print(&format!("{name}\n")).map(|_| ())
        })
    }
}

/// `pause CONTAINER...`.
#[derive(Args, Debug)]
pub(crate) struct Pause {
    #[command(flatten)]
    which: Which,
}

impl Verb for Pause {
    const NAME: &'static str = "pause";
    const ABOUT: &'static str = "Pause all the processes in one or more containers";
    const DETAILS: &'static str = "Freezes the control group of a container; where it has none of its own, stops every process of it (SIGSTOP, again until \
        none runs), which needs no privilege. unpause continues those that were running.";
    const ARGUMENTS: &'static str = "CONTAINER [CONTAINER...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle pause db\ncoracle pause --all";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        self.which.each(context, |container| container.state.status == Status::Running, Engine::pause)
    }
}

/// `unpause CONTAINER...`.
#[derive(Args, Debug)]
pub(crate) struct Unpause {
    #[command(flatten)]
    which: Which,
}

impl Verb for Unpause {
    const NAME: &'static str = "unpause";
    const ABOUT: &'static str = "Unpause the processes in one or more containers";
    const DETAILS: &'static str = "Continues the processes of paused containers.";
    const ARGUMENTS: &'static str = "CONTAINER [CONTAINER...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle unpause db\ncoracle unpause --all";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        self.which.each(context, |container| container.state.status == Status::Paused, Engine::unpause)
    }
}
