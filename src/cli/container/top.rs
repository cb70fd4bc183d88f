//! `top`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use crate::engine::Engine;
use crate::engine::attach::AttachOptions;
use crate::engine::exec::{ExecRequest, relay};
use crate::engine::processes::descriptors;
use clap::Args;
use std::process::ExitCode;

/// `top CONTAINER [DESCRIPTOR...]`.
#[derive(Args, Debug)]
pub(crate) struct Top {
    /// Act on the most recently created container
    #[arg(short, long)]
    latest: bool,
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Verb for Top {
    const NAME: &'static str = "top";
    const ABOUT: &'static str = "Display the running processes of a container";
    const DETAILS: &'static str = "Shows the container's processes, read from the host: nothing need be installed in the image. \
        DESCRIPTORS, separated by spaces or commas, choose the columns: args, capamb, capbnd, capeff, capinh, capprm, comm, \
        etime, group, groups, hgroup, hgroups, hpid, huser, label, nice, pcpu, pgid, pid, ppid, rgroup, rss, ruser, seccomp, \
        state, stime, time, tty, user, vsz, wchan. Anything else is given to ps(1) of the container.";
    const ARGUMENTS: &'static str = "CONTAINER [DESCRIPTOR...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle top web\ncoracle top web pid seccomp args\ncoracle top web -eo pid,comm";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let (name, words) = self.target(&engine)?;
        let asked: Vec<&str> =
            words.iter().flat_map(|word| word.split([',', ' '])).filter(|word| !word.is_empty()).collect();
        let known: Option<Vec<_>> = asked.iter().map(|word| descriptors::find(word)).collect();
        let columns = match known {
            Some(columns) if !columns.is_empty() => columns,
            Some(_) => descriptors::DEFAULT.iter().filter_map(|name| descriptors::find(name)).collect(),
            None => return run_ps(&engine, &name, words),
        };
        let processes = engine.processes(&name)?;
        let mut rows = vec![columns.iter().map(|(_, header)| (*header).to_owned()).collect::<Vec<_>>()];
        for process in &processes.all {
            let value = |(name, _): &(&str, &str)| output::one_line(&processes.value(process, name));
            rows.push(columns.iter().map(value).collect());
        }
        output::print(&output::columns(rows))
    }
}

impl Top {
    fn target(&self, engine: &Engine) -> Result<(String, Vec<String>), Failure> {
        if self.latest {
            let all = engine.list_containers();
            let latest = all.last().ok_or_else(|| Failure::Arguments("no containers to act on".to_owned()))?;
            return Ok((latest.record.id.clone(), self.arguments.clone()));
        }
        match self.arguments.split_first() {
            Some((name, words)) => Ok((name.clone(), words.to_vec())),
            None => Err(Failure::Arguments("you must provide the name or id of a running container".to_owned())),
        }
    }
}

/// ps(1) of the container, with the words as its arguments.
fn run_ps(engine: &Engine, name: &str, words: Vec<String>) -> Result<ExitCode, Failure> {
    let command = std::iter::once("ps".to_owned()).chain(words).collect();
    let session = engine.exec(engine.container_to_join(name)?, &ExecRequest { command, ..ExecRequest::default() })?;
    let options = AttachOptions {
        input: false,
        output: true,
        error: true,
        terminal: false,
        proxy_signals: true,
        detach_keys: Vec::new(),
    };
    match relay(session, &options) {
        crate::engine::attach::Outcome::Exited(code) => Ok(ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))),
        _ => Ok(ExitCode::SUCCESS),
    }
}
