//! `start`.

use super::selection::Latest;
use super::selection::Selection;
use super::session;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::cli::{failure, output};
use crate::engine::Engine;
use crate::engine::request::NotifyMode;
use crate::engine::start::StartOptions;
use clap::Args;
use std::process::ExitCode;

/// `start CONTAINER...`.
#[derive(Args, Debug)]
pub(crate) struct Start {
    /// Attach the container's standard output and standard error
    #[arg(short, long)]
    attach: bool,
    /// Keep standard input open
    #[arg(short, long)]
    interactive: bool,
    /// Keys that detach the terminal from the container; "" is none [default: ctrl-p,ctrl-q]
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<String>,
    /// Pass signals coracle receives on to the process [default: true when attached]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = crate::cli::values::boolean)]
    sig_proxy: Option<bool>,
    /// Start all containers that are not running
    #[arg(long)]
    all: bool,
    /// Start containers that fit, e.g. label=tier=db; may be repeated
    #[arg(short, long, value_name = "FILTER")]
    filter: Vec<String>,
    #[command(flatten)]
    latest: Latest,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Start {
    const NAME: &'static str = "start";
    const ABOUT: &'static str = "Start one or more containers";
    const DETAILS: &'static str = "Starts containers that were created or have exited. With --attach the exit code is that of \
        the container's process.";
    const ARGUMENTS: &'static str = "CONTAINER [CONTAINER...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle start web\ncoracle start --attach --interactive shell";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let attached = self.attach || self.interactive;
        let given = self.arguments.len();
        // Unlike elsewhere, filters choose among the containers that are named.
        let mut named = self.arguments;
        let chooses_among_named = !self.filter.is_empty() && given > 0;
        let selection = Selection {
            names: if chooses_among_named { Vec::new() } else { std::mem::take(&mut named) },
            all: self.all,
            latest: self.latest.latest,
            filters: self.filter,
            ..Selection::default()
        };
        if given > 0 && selection.all {
            let complaint = "either start all containers or the container(s) provided in the arguments";
            return Err(Failure::Arguments(complaint.to_owned()));
        }
        if given == 0 && !selection.all && !selection.latest && selection.filters.is_empty() {
            return Err(Failure::Arguments("start requires at least one argument".to_owned()));
        }
        if attached && (given > 1 || selection.all) {
            return Err(Failure::Arguments("you cannot start and attach multiple containers at once".to_owned()));
        }
        let mut names = selection.existing(&engine, |container| !container.state.is_begun())?;
        if chooses_among_named {
            let ids = named.iter().map(|name| engine.container(name).map(|container| container.record.id));
            let ids = ids.collect::<Result<Vec<_>, _>>()?;
            names.retain(|name| ids.contains(name));
        }
        if attached {
            let name = names.first().map(String::as_str).unwrap_or_default();
            let keys = self.detach_keys.as_deref();
            return start_attached(&engine, name, self.interactive, keys, self.sig_proxy.unwrap_or(true));
        }
        // The exit codes 126 and 127 say something about a command that somebody waits for; nobody does here.
        failure::each(
            &names,
            |_| 125,
            |name| {
                let container = engine.container(name)?;
                if !container.state.is_begun() {
                    let started = engine.start(
                        &container.record.id,
                        StartOptions { passes_on: true, ..StartOptions::default() },
                        None,
                    )?;
                    started.warnings.iter().for_each(|warning| output::note(warning));
                    session::notify(&engine, &started, started.record.request.sdnotify != NotifyMode::Ignore, true)?;
                }
                output::print(&format!("{name}\n")).map(|_| ())
            },
        )
    }
}

/// Starts one container and stays until it ends or the user detaches.
fn start_attached(
    engine: &Engine,
    name: &str,
    interactive: bool,
    keys: Option<&str>,
    proxy_signals: bool,
) -> Result<ExitCode, Failure> {
    let container = engine.container(name)?;
    let mut request = container.record.request.clone();
    request.interactive = interactive;
    request.attach = match interactive {
        true => Vec::new(),
        false => vec!["stdout".to_owned(), "stderr".to_owned()],
    };
    request.sig_proxy = proxy_signals;
    let keys = session::detach_keys(keys.or(request.detach_keys.as_deref()))?;
    session::hold_signals(&request);
    if container.state.is_begun() {
        return session::join(engine, &container, &session::options(&request, keys));
    }
    let options = StartOptions {
        foreground: true,
        terminal_size: session::terminal_size(&request),
        passes_on: true,
        ..StartOptions::default()
    };
    let started = engine.start(&container.record.id, options, None)?;
    started.warnings.iter().for_each(|warning| output::note(warning));
    session::attach(engine, &started, &session::options(&request, keys))
}
