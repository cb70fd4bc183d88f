//! `pod top`.

use super::selection::one;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use crate::engine::processes::descriptors;
use clap::Args;
use std::process::ExitCode;

/// `pod top POD [DESCRIPTOR...]`.
#[derive(Args, Debug)]
pub(crate) struct Top {
    /// Act on the most recently created pod
    #[arg(short, long)]
    latest: bool,
    #[arg(hide = true, trailing_var_arg = true)]
    arguments: Vec<String>,
}

impl Verb for Top {
    const NAME: &'static str = "top";
    const ABOUT: &'static str = "Display the running processes of a pod's containers";
    const DETAILS: &'static str = "Shows the processes of all running containers of the pod; DESCRIPTORS choose the columns as for \
        top.";
    const ARGUMENTS: &'static str = "POD [DESCRIPTOR...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle pod top web\ncoracle pod top web pid user args";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let (name, words) = match self.latest {
            true => (None, self.arguments.as_slice()),
            false => (self.arguments.first(), self.arguments.get(1..).unwrap_or_default()),
        };
        let summary = engine.pod(&one(&engine, self.latest, name)?)?;
        let asked = words.iter().flat_map(|word| word.split([',', ' '])).filter(|word| !word.is_empty());
        let unknown = |word: &str| Failure::Arguments(format!("{word:?}: unknown descriptor"));
        let mut columns =
            asked.map(|word| descriptors::find(word).ok_or_else(|| unknown(word))).collect::<Result<Vec<_>, _>>()?;
        if columns.is_empty() {
            columns = descriptors::DEFAULT.iter().filter_map(|name| descriptors::find(name)).collect();
        }
        let mut rows = vec![columns.iter().map(|(_, header)| (*header).to_owned()).collect::<Vec<_>>()];
        let mut shown = Vec::new();
        for member in summary.members.iter().filter(|member| member.state.status.is_alive()) {
            // One that ends meanwhile has no processes.
            let Ok(processes) = engine.processes(&member.record.id) else { continue };
            for process in &processes.all {
                // Containers that share a pid namespace have the same processes.
                let host_pid = processes.value(process, "hpid");
                if !shown.contains(&host_pid) {
                    let value = |(name, _): &(&str, &str)| output::one_line(&processes.value(process, name));
                    rows.push(columns.iter().map(value).collect());
                    shown.push(host_pid);
                }
            }
        }
        output::print(&output::columns(rows))
    }
}
