//! `oci list`.

use super::OciOptions;
use super::state::document;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use crate::runtime::oci::{Container, StateDocument};
use clap::Args;
use std::process::ExitCode;

/// `oci list`.
#[derive(Args, Debug)]
pub(crate) struct List {
    /// table or json
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    format: String,
    /// IDs alone
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    common: OciOptions,
}

impl Verb for List {
    const NAME: &'static str = "list";
    const ALIASES: &'static [&'static str] = &["ls"];
    const ABOUT: &'static str = "List containers of this directory of states";
    const DETAILS: &'static str = "Those that --root names, or the default directory's.";
    const ARITY: Arity = Arity::None;

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let states = self.common.act(context, 1, |runtime| {
            Ok(Container::all(&runtime.root).iter().map(Container::state).collect::<Vec<_>>())
        })?;
        let text = match (self.quiet, self.format.as_str()) {
            (true, _) => states.iter().map(|state| format!("{}\n", state.id)).collect(),
            (false, "json") => one_line(&states),
            (false, "table") => table(&states),
            (false, other) => {
                return Err(Failure::Arguments(format!("invalid format option {other:?}: table or json")));
            }
        };
        output::print(&text)
    }
}

fn one_line(states: &[StateDocument]) -> String {
    serde_json::to_string(states).map_or_else(|_| document(&states), |text| text + "\n")
}

fn table(states: &[StateDocument]) -> String {
    let row = |state: &StateDocument| {
        [
            state.id.clone(),
            state.pid.to_string(),
            state.status.clone(),
            state.bundle.display().to_string(),
            state.created.clone(),
            state.owner.clone(),
        ]
    };
    let title = ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(title).chain(states.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0).max(11) + 1;
    let widths: Vec<usize> = (0..6).map(width).collect();
    let line = |row: &[String; 6]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("{}\n", cells.collect::<String>().trim_end())
    };
    rows.iter().map(line).collect()
}
