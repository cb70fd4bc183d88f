//! `update`.

use super::selection::{Latest, Selection};
use crate::cli::context::Context;
use crate::cli::failure::{self, Failure};
use crate::cli::options::{HealthOptions, LimitOptions, restart_policy, variables};
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use crate::engine::update::EnvironmentChange;
use clap::Args;
use std::process::ExitCode;

/// `update CONTAINER...`.
#[derive(Args, Debug)]
pub(crate) struct Update {
    /// When to start the container again after it has ended: no, on-failure, on-failure:N, always or unless-stopped
    #[arg(long, value_name = "POLICY")]
    restart: Option<String>,
    /// Set a variable, or copy the caller's; may be repeated
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// Remove a variable; may be repeated
    #[arg(long, value_name = "NAME")]
    unsetenv: Vec<String>,
    #[command(flatten)]
    latest: Latest,
    #[command(flatten, next_help_heading = "Limits")]
    limits: LimitOptions,
    #[command(flatten, next_help_heading = "Health")]
    health: HealthOptions,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Update {
    const NAME: &'static str = "update";
    const ABOUT: &'static str = "Update the configuration of one or more containers";
    const DETAILS: &'static str = "Changes limits, restart policy, variables and health check of containers, running or not; what is \
        not given stays as it was. Limits hold at once where the running container has a control group, else one line says so and \
        they are tried at the next start; the interval of a health check and variables of the container's own process count from \
        the next start. Prints the IDs.";
    const ARGUMENTS: &'static str = "CONTAINER [CONTAINER...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str =
        "coracle update --restart unless-stopped web\ncoracle update --memory 512m --cpus 2 db";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        if !self.latest.latest {
            Arity::AtLeast(1).check(self.arguments.len(), &context.path)?;
        }
        let engine = context.engine();
        let names = Selection { names: self.arguments, latest: self.latest.latest, ..Selection::default() }
            .names(&engine, |_| true)?;
        let environment =
            EnvironmentChange { set: variables(&[], &self.env, &context.surroundings())?, unset: self.unsetenv };
        failure::each(&names, Failure::exit_code, |name| {
            let updated = engine.update(name, &environment, |request, record| {
                if let Some(policy) = &self.restart {
                    request.restart = Some(restart_policy(policy.clone(), request.remove)?);
                }
                self.limits.clone().apply(&mut request.limits)?;
                let has_check = crate::engine::health::active(record).is_some();
                self.health.clone().update(&mut request.health, has_check)?;
                Ok::<(), Failure>(())
            })?;
            updated.warnings.iter().for_each(|warning| output::note(warning));
            output::print(&format!("{}\n", updated.id)).map(|_| ())
        })
    }
}
