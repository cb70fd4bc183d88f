//! `pod logs`.

use super::selection::one;
use crate::cli::container::Logs as ContainerLogs;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::process::ExitCode;

/// `pod logs`.
#[derive(Args, Debug)]
pub(crate) struct PodLogs {
    /// Show this container only
    #[arg(short, long, value_name = "CONTAINER")]
    container: Option<String>,
    #[command(flatten)]
    logs: ContainerLogs,
}

impl Verb for PodLogs {
    const NAME: &'static str = "logs";
    const ABOUT: &'static str = "Fetch the logs of a pod's containers";
    const DETAILS: &'static str = "Prints what the processes of the pod's containers wrote.";
    const ARGUMENTS: &'static str = "POD";
    const ARITY: Arity = Arity::AtMost(1);
    const EXAMPLES: &'static str = "coracle pod logs --names web";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let latest = self.logs.is_latest();
        let summary = engine.pod(&one(&engine, latest, self.logs.given().first())?)?;
        let wanted = match &self.container {
            Some(name) => vec![engine.container(name)?.record.id],
            None => summary
                .members
                .iter()
                .filter(|member| summary.pod.infra.as_ref() != Some(&member.record.id))
                .map(|member| member.record.id.clone())
                .collect(),
        };
        self.logs.of(wanted).run(context)
    }
}
