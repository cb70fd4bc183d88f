//! `oci update`.

use super::OciOptions;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::runtime::oci::Runtime;
use clap::Args;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// `oci update`.
#[derive(Args, Debug)]
pub(crate) struct Update {
    /// Take limits from this file, in the form of the specification; - is standard input
    #[arg(short, long, value_name = "FILE")]
    resources: Option<PathBuf>,
    /// Weight of block I/O, from 10 to 1000
    #[arg(long, value_name = "WEIGHT")]
    blkio_weight: Option<u16>,
    /// Time of processors in a period, in microseconds
    #[arg(long, value_name = "MICROSECONDS")]
    cpu_quota: Option<i64>,
    /// The period, in microseconds
    #[arg(long, value_name = "MICROSECONDS")]
    cpu_period: Option<u64>,
    /// Time that may be saved up, in microseconds
    #[arg(long, value_name = "MICROSECONDS")]
    cpu_burst: Option<u64>,
    /// Share of processors relative to other containers
    #[arg(long, visible_alias = "cpu-shares", value_name = "SHARES")]
    cpu_share: Option<u64>,
    /// Only when nothing else wants to run: 1
    #[arg(long, value_name = "0|1")]
    cpu_idle: Option<i64>,
    /// Processors to use, e.g. 0-2,7
    #[arg(long, value_name = "LIST")]
    cpuset_cpus: Option<String>,
    /// Memory nodes to use
    #[arg(long, value_name = "LIST")]
    cpuset_mems: Option<String>,
    /// Most memory, in bytes or with a unit; -1 is no limit
    #[arg(long, value_name = "BYTES")]
    memory: Option<String>,
    /// Memory that is kept from being taken away first
    #[arg(long, value_name = "BYTES")]
    memory_reservation: Option<String>,
    /// Most memory and swap together; -1 is no limit
    #[arg(long, value_name = "BYTES")]
    memory_swap: Option<String>,
    /// Most processes; -1 is no limit
    #[arg(long, value_name = "COUNT")]
    pids_limit: Option<i64>,
    /// Ignored: the kernel has no limit of its own memory any more
    #[arg(long, value_name = "BYTES", hide = true)]
    kernel_memory: Option<String>,
    /// Ignored likewise
    #[arg(long, value_name = "BYTES", hide = true)]
    kernel_memory_tcp: Option<String>,
    /// Ignored: version 2 has no time for real-time processes
    #[arg(long, value_name = "MICROSECONDS", hide = true)]
    cpu_rt_period: Option<u64>,
    /// Ignored likewise
    #[arg(long, value_name = "MICROSECONDS", hide = true)]
    cpu_rt_runtime: Option<i64>,
    #[command(flatten)]
    common: OciOptions,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Update {
    const NAME: &'static str = "update";
    const ABOUT: &'static str = "Change the limits of a running container";
    const DETAILS: &'static str = "Limits that the host cannot enforce are told, and are no failure.";
    const ARGUMENTS: &'static str = "ID";
    const ARITY: Arity = Arity::Exactly(1);

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let document = self.document().map_err(Failure::Arguments)?;
        let given = serde_json::to_vec(&document).unwrap_or_default(); // of plain strings and numbers
        self.common.act(context, 1, |runtime| {
            let resources = match &self.resources {
                Some(path) => Runtime::read_resources(path)?,
                None => Runtime::decode_resources(&given)?,
            };
            runtime.update(&self.arguments[0], &resources)
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Update {
    /// The options as the specification writes limits.
    fn document(&self) -> Result<Value, String> {
        let bytes = |text: &Option<String>| text.as_deref().map(bytes).transpose();
        let memory = table([
            ("limit", bytes(&self.memory)?.into()),
            ("reservation", bytes(&self.memory_reservation)?.into()),
            ("swap", bytes(&self.memory_swap)?.into()),
        ]);
        let cpu = table([
            ("shares", self.cpu_share.into()),
            ("quota", self.cpu_quota.into()),
            ("period", self.cpu_period.into()),
            ("burst", self.cpu_burst.into()),
            ("idle", self.cpu_idle.into()),
            ("cpus", self.cpuset_cpus.clone().into()),
            ("mems", self.cpuset_mems.clone().into()),
        ]);
        let mut document = json!({"memory": memory, "cpu": cpu});
        if let Some(limit) = self.pids_limit {
            document["pids"] = json!({"limit": limit});
        }
        if let Some(weight) = self.blkio_weight {
            document["blockIO"] = json!({"weight": weight});
        }
        Ok(document)
    }
}

/// An object without the fields that were not given.
fn table<const COUNT: usize>(fields: [(&str, Value); COUNT]) -> Map<String, Value> {
    let given = fields.into_iter().filter(|(_, value)| !value.is_null());
    given.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A size in bytes, also with one of the units b, k, m, g, t; -1 is no limit.
fn bytes(text: &str) -> Result<i64, String> {
    let wrong = || format!("invalid value for size: {text:?}");
    if text == "-1" {
        return Ok(-1);
    }
    let lower = text.to_ascii_lowercase();
    let lower = lower.strip_suffix('b').unwrap_or(&lower);
    let lower = lower.strip_suffix('i').unwrap_or(lower);
    let (digits, shift) = match lower.chars().last() {
        Some('k') => (&lower[..lower.len() - 1], 10),
        Some('m') => (&lower[..lower.len() - 1], 20),
        Some('g') => (&lower[..lower.len() - 1], 30),
        Some('t') => (&lower[..lower.len() - 1], 40),
        _ => (lower, 0),
    };
    let number: i64 = digits.trim().parse().map_err(|_| wrong())?;
    number.checked_mul(1 << shift).filter(|number| *number >= 0).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, expected) in
            [("67108864", 67_108_864), ("50M", 52_428_800), ("1g", 1 << 30), ("2KiB", 2048), ("-1", -1)]
        {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for text in ["", "x", "-2", "9999999999t", "1kk"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
