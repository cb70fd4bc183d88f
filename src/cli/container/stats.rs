//! `stats`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::human::go_duration;
use crate::cli::output::{self, JsonLayout, Listing, human};
use crate::cli::tree::{Arity, Verb};
use crate::cli::values;
use crate::engine::Engine;
use crate::engine::lifecycle::Container;
use crate::engine::usage::{Usage, usage};
use clap::Args;
use jiff::Timestamp;
use rustix::termios::isatty;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::selection::Latest;

/// Samples a line of bars shows.
const BARS: usize = 12;

/// `stats [CONTAINER...]`.
#[derive(Args, Debug)]
pub(crate) struct Stats {
    /// Show all containers, not only running ones
    #[arg(short, long)]
    all: bool,
    /// Print as JSON (json), by a Go template, or as a table of template columns (table ...)
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Seconds between two looks
    #[arg(short, long, value_name = "SECONDS", value_parser = values::unsigned, default_value = "5")]
    interval: u32,
    #[command(flatten)]
    latest: Latest,
    /// Print each look below the one before instead of clearing the screen
    #[arg(long)]
    no_reset: bool,
    /// Look once
    #[arg(long)]
    no_stream: bool,
    /// Print whole IDs
    #[arg(long)]
    no_trunc: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Stats {
    const NAME: &'static str = "stats";
    const ABOUT: &'static str = "Show what containers use of the machine";
    const DETAILS: &'static str = "Shows processor time, memory, network and disk traffic and the number of processes of the \
        named containers, or of all that run, again and again until interrupted. Figures are those of a container's own control \
        group where it has one, else those of its processes: memory is then their proportional share of the pages they use. On a \
        terminal, two more columns draw the last looks. The first look has no earlier one to compare with: its CPU % is the \
        average since the container was started.";
    const ARGUMENTS: &'static str = "[CONTAINER...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle stats\n\
        coracle stats --no-stream --format 'table {{.Name}} {{.CPUPerc}} {{.MemUsage}}'\n\
        coracle stats --no-stream --format json web";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let given = [self.all, self.latest.latest, !self.arguments.is_empty()];
        if given.into_iter().filter(|given| *given).count() > 1 {
            let complaint = "--all, --latest and containers cannot be used together";
            return Err(Failure::Arguments(complaint.to_owned()));
        }
        let engine = context.engine();
        let on_terminal = isatty(std::io::stdout());
        let mut history = History::default();
        loop {
            let lines: Vec<Line> = self.chosen(&engine)?.iter().map(|container| history.look(container)).collect();
            if on_terminal && !self.no_stream && !self.no_reset {
                // Cursor home, clear the screen (ECMA-48 CUP and ED).
                output::print("\u{1b}[H\u{1b}[2J")?;
            }
            self.print(&lines, on_terminal && !self.no_stream)?;
            if self.no_stream {
                return Ok(ExitCode::SUCCESS);
            }
            std::thread::sleep(Duration::from_secs(self.interval.max(1).into()));
        }
    }
}

impl Stats {
    fn chosen(&self, engine: &Engine) -> Result<Vec<Container>, Failure> {
        if !self.arguments.is_empty() {
            let find = |name: &String| {
                engine.container(name).map_err(|error| {
                    let text = format!("unable to get list of containers: unable to look up container {name}: {error}");
                    Failure::Arguments(text)
                })
            };
            return self.arguments.iter().map(find).collect();
        }
        let mut all = engine.list_containers();
        match (self.latest.latest, self.all) {
            (true, _) => Ok(all.split_off(all.len().saturating_sub(1))),
            (false, true) => Ok(all),
            (false, false) => Ok(all.into_iter().filter(|container| container.state.status.is_alive()).collect()),
        }
    }

    fn print(&self, lines: &[Line], with_bars: bool) -> Result<ExitCode, Failure> {
        let mut default =
            "table {{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t\
                           {{.PIDS}}\t{{.UpTime}}\t{{.AVGCPU}}"
                .to_owned();
        if with_bars {
            default.push_str("\t{{.CPUBars}}\t{{.MemBars}}");
        }
        let rows: Vec<Value> = lines.iter().map(|line| line.row(self.no_trunc)).collect();
        Listing {
            format: self.format.as_deref(),
            default: &default,
            headers: &[
                ("ID", "ID"),
                ("CPUPerc", "CPU %"),
                ("AVGCPU", "AVG CPU %"),
                ("MemUsage", "MEM USAGE / LIMIT"),
                ("MemUsageBytes", "MEM USAGE / LIMIT"),
                ("MemPerc", "MEM %"),
                ("NetIO", "NET IO"),
                ("BlockIO", "BLOCK IO"),
                ("PIDS", "PIDS"),
                ("UpTime", "CPU TIME"),
                ("CPUBars", "CPU"),
                ("MemBars", "MEMORY"),
            ],
            no_heading: false,
            json: lines.iter().map(|line| Json::of(line, self.no_trunc)).collect(),
            rows,
            layout: JsonLayout::Indented(1),
        }
        .print()
    }
}

/// What earlier looks have found, by container.
#[derive(Default)]
pub(crate) struct History {
    before: HashMap<String, (Instant, Usage)>,
    bars: HashMap<String, (VecDeque<f64>, VecDeque<f64>)>,
}

/// One container at one look.
pub(crate) struct Line {
    id: String,
    name: String,
    usage: Usage,
    cpu_percent: f64,
    average_percent: f64,
    memory_percent: f64,
    up: Duration,
    bars: (String, String),
}

impl History {
    /// Looks at a container, and compares it with the last look.
    pub(crate) fn look(&mut self, container: &Container) -> Line {
        let (now, used) = (Instant::now(), usage(container));
        let id = container.record.id.clone();
        let started = container.state.started_at.filter(|_| used.tasks > 0);
        let up = started.map_or(Duration::ZERO, |started| Timestamp::now().duration_since(started).unsigned_abs());
        let average_percent = percent(used.cpu.as_secs_f64(), up.as_secs_f64());
        let cpu_percent = match self.before.insert(id.clone(), (now, used)) {
            // A container that was started again meanwhile has used less than before.
            Some((then, before)) if before.cpu <= used.cpu => {
                percent((used.cpu - before.cpu).as_secs_f64(), now.duration_since(then).as_secs_f64())
            }
            _ => average_percent,
        };
        let memory_percent = percent(used.memory_bytes as f64, used.memory_limit_bytes as f64);
        let (cpu_bars, memory_bars) = self.bars.entry(id.clone()).or_default();
        let bars = (bars(cpu_bars, cpu_percent, 100.0), bars(memory_bars, memory_percent, 0.0));
        let name = container.record.name.clone();
        Line { id, name, usage: used, cpu_percent, average_percent, memory_percent, up, bars }
    }
}

fn percent(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole * 100.0 } else { 0.0 }
}

/// The last values as bars, the highest of them (but at least `least`) the whole height.
fn bars(values: &mut VecDeque<f64>, value: f64, least: f64) -> String {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    values.push_back(value);
    values.drain(..values.len().saturating_sub(BARS));
    let highest = values.iter().copied().fold(least, f64::max);
    let height = |value: &f64| {
        let share = if highest > 0.0 { value / highest } else { 0.0 };
        HEIGHTS[((share * 7.0).round() as usize).min(7)]
    };
    values.iter().map(height).collect()
}

impl Line {
    fn shown_id(&self, whole: bool) -> &str {
        if whole { &self.id } else { human::short_id(&self.id) }
    }

    /// What templates and JSON of `pod stats` see.
    pub(crate) fn pod_row(&self, pod: &str) -> Value {
        let usage = &self.usage;
        json!({
            "CPU": percentage(self.cpu_percent),
            "MemUsage": pair(usage.memory_bytes, usage.memory_limit_bytes),
            "MemUsageBytes":
                format!("{} / {}", binary_size(usage.memory_bytes), binary_size(usage.memory_limit_bytes)),
            "Mem": percentage(self.memory_percent),
            "NetIO": pair(usage.received_bytes, usage.sent_bytes),
            "BlockIO": pair(usage.read_bytes, usage.written_bytes),
            "PIDS": usage.tasks.to_string(),
            "Pod": pod,
            "CID": human::short_id(&self.id),
            "Name": self.name,
        })
    }

    fn row(&self, whole_id: bool) -> Value {
        let usage = &self.usage;
        json!({
            "ID": self.shown_id(whole_id),
            "Container": self.shown_id(whole_id),
            "ContainerID": self.id,
            "Name": self.name,
            "CPUPerc": percentage(self.cpu_percent),
            "CPU": self.cpu_percent,
            "AVGCPU": percentage(self.average_percent),
            "AvgCPU": self.average_percent,
            "CPUNano": u64::try_from(usage.cpu.as_nanos()).unwrap_or(u64::MAX),
            "UpTime": go_duration(usage.cpu),
            "Up": go_duration(usage.cpu),
            "Duration": u64::try_from(self.up.as_nanos()).unwrap_or(u64::MAX),
            "MemUsage": pair(usage.memory_bytes, usage.memory_limit_bytes),
            "MemUsageBytes":
                format!("{} / {}", binary_size(usage.memory_bytes), binary_size(usage.memory_limit_bytes)),
            "MemLimit": usage.memory_limit_bytes,
            "MemPerc": percentage(self.memory_percent),
            "NetIO": pair(usage.received_bytes, usage.sent_bytes),
            "NetInput": usage.received_bytes,
            "NetOutput": usage.sent_bytes,
            "BlockIO": pair(usage.read_bytes, usage.written_bytes),
            "BlockInput": usage.read_bytes,
            "BlockOutput": usage.written_bytes,
            "PIDS": usage.tasks.to_string(),
            "PIDs": usage.tasks,
            "CPUBars": self.bars.0,
            "MemBars": self.bars.1,
        })
    }
}

/// The fields of podman's `stats --format json`.
#[derive(Serialize)]
struct Json {
    id: String,
    name: String,
    cpu_time: String,
    cpu_percent: String,
    avg_cpu: String,
    mem_usage: String,
    mem_percent: String,
    net_io: String,
    block_io: String,
    pids: String,
}

impl Json {
    fn of(line: &Line, whole_id: bool) -> Json {
        let usage = &line.usage;
        Json {
            id: line.shown_id(whole_id).to_owned(),
            name: line.name.clone(),
            cpu_time: go_duration(usage.cpu),
            cpu_percent: percentage(line.cpu_percent),
            avg_cpu: percentage(line.average_percent),
            mem_usage: pair(usage.memory_bytes, usage.memory_limit_bytes),
            mem_percent: percentage(line.memory_percent),
            net_io: pair(usage.received_bytes, usage.sent_bytes),
            block_io: pair(usage.read_bytes, usage.written_bytes),
            pids: usage.tasks.to_string(),
        }
    }
}

fn percentage(value: f64) -> String {
    format!("{value:.2}%")
}

fn pair(first: u64, second: u64) -> String {
    format!("{} / {}", human::size(first, 4), human::size(second, 4))
}

/// `1.5GiB`: in units of 1024 with four significant digits.
fn binary_size(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] {
        if value < 1024.0 {
            break;
        }
        (value, unit) = (value / 1024.0, larger);
    }
    let whole = if value < 1.0 { 1 } else { value.log10().floor() as usize + 1 };
    let text = format!("{value:.*}", 4_usize.saturating_sub(whole));
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_podmans() {
        let times = [
            (0, "0s"),
            (1_500, "1.5µs"),
            (12_500_000, "12.5ms"),
            (1_234_567_000, "1.234567s"),
            (61_000_000_000, "1m1s"),
            (3_600_000_000_000, "1h0m0s"),
        ];
        for (nanoseconds, expected) in times {
            assert_eq!(go_duration(Duration::from_nanos(nanoseconds)), expected);
        }
        let sizes = [(0, "0B"), (1023, "1023B"), (1536, "1.5KiB"), (25_222_377_472, "23.49GiB")];
        for (bytes, expected) in sizes {
            assert_eq!(binary_size(bytes), expected);
        }
        assert_eq!(percentage(percent(1.0, 3.0)), "33.33%");
        assert_eq!(percentage(percent(1.0, 0.0)), "0.00%");
    }

    #[test]
    fn bars_show_the_last_values() {
        let mut values = VecDeque::new();
        let drawn: Vec<String> = [0.0, 50.0, 100.0, 200.0].map(|value| bars(&mut values, value, 100.0)).into();
        assert_eq!(drawn, ["▁", "▁▅", "▁▅█", "▁▃▅█"]);
        for _ in 0..40 {
            bars(&mut values, 1.0, 100.0);
        }
        assert_eq!(values.len(), BARS);
    }
}
