//! `oci ps`.

use super::OciOptions;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::process::{Command, ExitCode, Stdio};

/// `oci ps`.
#[derive(Args, Debug)]
pub(crate) struct Ps {
    /// table, or json for the process IDs alone
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    format: String,
    #[command(flatten)]
    common: OciOptions,
    #[arg(hide = true, trailing_var_arg = true)]
    arguments: Vec<String>,
}

impl Verb for Ps {
    const NAME: &'static str = "ps";
    const ABOUT: &'static str = "List the processes of a container";
    const DETAILS: &'static str = "The table is that of the host's ps(1), with the options given (-ef unless given), without \
        other processes.";
    const ARGUMENTS: &'static str = "ID [PS OPTION...]";
    const ARITY: Arity = Arity::AtLeast(1);

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        if !matches!(self.format.as_str(), "table" | "json") {
            return Err(Failure::Arguments(format!("invalid format option {:?}: table or json", self.format)));
        }
        let pids = self.common.act(context, 1, |runtime| runtime.processes(&self.arguments[0]))?;
        if self.format == "json" {
            let words: Vec<String> = pids.iter().map(ToString::to_string).collect();
            return output::print(&format!("[{}]\n", words.join(",")));
        }
        let options = match self.arguments.get(1..) {
            Some([]) | None => vec!["-ef".to_owned()],
            Some(options) => options.to_vec(),
        };
        let listed = Command::new("ps").args(&options).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
        let listed = listed.map_err(|source| Failure::File { what: "execute", path: "ps".into(), source })?;
        if !listed.status.success() {
            return Err(Failure::Reported(1));
        }
        output::print(&of_processes(&String::from_utf8_lossy(&listed.stdout), &pids).map_err(Failure::Arguments)?)
    }
}

/// The lines of a table of ps(1) that are about some processes, with its title.
fn of_processes(table: &str, pids: &[i32]) -> Result<String, String> {
    let mut lines = table.lines();
    let title = lines.next().unwrap_or_default();
    let column = title.split_ascii_whitespace().position(|word| word == "PID");
    let column = column.ok_or("couldn't find PID field in ps output")?;
    let is_listed = |line: &&str| {
        let pid = line.split_ascii_whitespace().nth(column).and_then(|word| word.parse().ok());
        pid.is_some_and(|pid| pids.contains(&pid))
    };
    Ok(std::iter::once(title).chain(lines.filter(is_listed)).map(|line| format!("{line}\n")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_processes_asked_for() {
        let table = "UID          PID CMD\nroot           1 init\nroot          12 sleep 1\n";
        assert_eq!(of_processes(table, &[12]).unwrap(), "UID          PID CMD\nroot          12 sleep 1\n");
        assert!(of_processes("USER\n", &[1]).unwrap_err().contains("PID field"));
    }
}
