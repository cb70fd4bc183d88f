//! `attach`.

use super::selection::{Latest, Selection};
use super::session;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::engine::attach::AttachOptions;
use clap::Args;
use std::process::ExitCode;

/// `attach CONTAINER`.
#[derive(Args, Debug)]
pub(crate) struct Attach {
    /// Keys that detach from the container; "" is none [default: the container's own, usually ctrl-p,ctrl-q]
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<String>,
    #[command(flatten)]
    latest: Latest,
    /// Do not pass standard input on
    #[arg(long)]
    no_stdin: bool,
    /// Pass signals coracle receives on to the process [default: true]
    #[arg(long, default_value = "true")]
    sig_proxy: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Attach {
    const NAME: &'static str = "attach";
    const ABOUT: &'static str = "Attach to a running container";
    const DETAILS: &'static str = "Shows what the container's first process writes from now on and passes it standard input and \
        signals. Several clients may be attached at once; one that does not read misses output, which logs has, and holds \
        up neither the container nor the others. The exit code is that of the container when it ends, 0 after detaching.";
    const ARGUMENTS: &'static str = "CONTAINER";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle attach shell\ncoracle attach --no-stdin --sig-proxy=false web";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let complain = |text: String| Err(Failure::Arguments(text));
        match self.arguments.len() {
            0 if !self.latest.latest => {
                return complain(format!("{:?} requires a name, id, or the \"--latest\" flag", context.path));
            }
            2.. => return complain(format!("`{}` accepts at most one argument", context.path)),
            _ => {}
        }
        let engine = context.engine();
        let names = Selection { names: self.arguments, latest: self.latest.latest, ..Selection::default() }
            .names(&engine, |_| true)?;
        let container = engine.container(names.first().map_or("", String::as_str))?;
        let request = &container.record.request;
        let keys = self.detach_keys.as_deref().or(request.detach_keys.as_deref());
        let options = AttachOptions {
            input: request.interactive && !self.no_stdin,
            output: true,
            error: true,
            terminal: request.tty,
            proxy_signals: self.sig_proxy,
            detach_keys: session::detach_keys(keys)?,
        };
        session::join(&engine, &container, &options)
    }
}
