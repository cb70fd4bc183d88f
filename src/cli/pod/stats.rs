//! `pod stats`.

use crate::cli::container::stats::{History, Line};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::{self, JsonLayout, Listing};
use crate::cli::tree::{Arity, Verb};
use crate::engine::Engine;
use crate::engine::lifecycle::Container;
use clap::Args;
use rustix::termios::isatty;
use serde_json::Value;
use std::process::ExitCode;
use std::time::Duration;

/// Seconds between two looks, as in podman.
const INTERVAL_SECONDS: u64 = 5;

/// `pod stats [POD...]`.
#[derive(Args, Debug)]
pub(crate) struct Stats {
    /// Show all pods that run; so without names
    #[arg(short, long)]
    all: bool,
    /// Print as JSON (json), by a Go template, or as a table of template columns (table ...)
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Show the most recently created pod
    #[arg(short, long)]
    latest: bool,
    /// Print each look below the one before instead of clearing the screen
    #[arg(long)]
    no_reset: bool,
    /// Look once
    #[arg(long)]
    no_stream: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Stats {
    const NAME: &'static str = "stats";
    const ABOUT: &'static str = "Show what the containers of pods use of the machine";
    const DETAILS: &'static str = "Shows what stats shows, of the running containers of the named pods, or of all, again and again \
        until interrupted.";
    const ARGUMENTS: &'static str = "[POD...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle pod stats --no-stream\n\
        coracle pod stats --no-stream --format '{{.Pod}} {{.Name}} {{.MemUsage}}' web";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let given = [self.all, self.latest, !self.arguments.is_empty()];
        if given.into_iter().filter(|given| *given).count() > 1 {
            let complaint = "--all, --latest and arguments cannot be used together";
            return Err(Failure::Arguments(complaint.to_owned()));
        }
        let engine = context.engine();
        let clears = isatty(std::io::stdout()) && !self.no_stream && !self.no_reset;
        let mut history = History::default();
        loop {
            let found = self.chosen(&engine)?;
            let lines: Vec<(String, Line)> =
                found.iter().map(|(pod, container)| (pod.clone(), history.look(container))).collect();
            if clears {
                // Cursor home, clear the screen (ECMA-48 CUP and ED).
                output::print("\u{1b}[H\u{1b}[2J")?;
            }
            self.print(&lines)?;
            if self.no_stream {
                return Ok(ExitCode::SUCCESS);
            }
            std::thread::sleep(Duration::from_secs(INTERVAL_SECONDS));
        }
    }
}

impl Stats {
    /// Running containers, with the IDs of their pods.
    fn chosen(&self, engine: &Engine) -> Result<Vec<(String, Container)>, Failure> {
        let pods = match (self.latest, self.arguments.is_empty()) {
            (true, _) => engine.list_pods().pop().into_iter().collect(),
            (false, true) => engine.list_pods(),
            (false, false) => self.arguments.iter().map(|name| engine.pod(name)).collect::<Result<Vec<_>, _>>()?,
        };
        let members = pods.into_iter().flat_map(|summary| {
            let alive = summary.members.into_iter().filter(|member| member.state.status.is_alive());
            let id = output::human::short_id(&summary.pod.id).to_owned();
            alive.map(move |member| (id.clone(), member))
        });
        Ok(members.collect())
    }

    fn print(&self, lines: &[(String, Line)]) -> Result<ExitCode, Failure> {
        let rows: Vec<Value> = lines.iter().map(|(pod, line)| line.pod_row(pod)).collect();
        Listing {
            format: self.format.as_deref(),
            default: "table {{.Pod}}\t{{.CID}}\t{{.Name}}\t{{.CPU}}\t{{.MemUsage}}\t{{.Mem}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDS}}",
            headers: &[
                ("Pod", "POD"),
                ("CID", "CID"),
                ("CPU", "CPU %"),
                ("MemUsage", "MEM USAGE / LIMIT"),
                ("MemUsageBytes", "MEM USAGE / LIMIT"),
                ("Mem", "MEM %"),
                ("NetIO", "NET IO"),
                ("BlockIO", "BLOCK IO"),
                ("PIDS", "PIDS"),
            ],
            no_heading: false,
            json: rows.clone(),
            rows,
            layout: JsonLayout::Indented(5),
        }
        .print()
    }
}
