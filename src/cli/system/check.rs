//! `system check`.

use crate::cli::compatibility;
use crate::cli::container::Users;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::{self, PullProgress};
use crate::cli::tree::Verb;
use crate::engine::Engine;
use crate::engine::images::check::{self, Finding, Report};
use crate::engine::images::remove;
use crate::image::registry::client::Options;
use clap::Args;
use std::process::ExitCode;

/// `system check`.
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// Fetch or make again what is damaged; remove images for which that fails, and what nobody needs
    #[arg(short, long)]
    repair: bool,
    /// With --repair, remove containers of images that have to be removed too
    #[arg(short, long)]
    force: bool,
}

impl Verb for Check {
    const NAME: &'static str = "check";
    const FOREIGN: &'static [compatibility::Row] = compatibility::CHECK;
    const ABOUT: &'static str = "Check the store for damage";
    const DETAILS: &'static str = "Reads every object of the store and compares it with its digest. With --repair what is damaged \
        is fetched again or, where that is impossible, removed. Fails when there is damage and it is not repaired.";
    const EXAMPLES: &'static str = "coracle system check --repair";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let report = check::check(&engine.paths)?;
        if !self.repair {
            output::print(&describe(&report))?;
            return match report.is_clean() {
                true => Ok(ExitCode::SUCCESS),
                false => Err(Failure::Damaged),
            };
        }
        engine.sweep();
        let progress = PullProgress::new(false);
        let mut damaged = false;
        for repair in check::repair(&engine.paths, &report, &Options::default(), &progress) {
            match repair.result {
                Ok(()) => output::print(&format!("repaired: {}\n", repair.finding)).map(|_| ())?,
                Err(error) => {
                    Failure::from(error).report();
                    damaged |= !self.remove_users(context, &engine, &report, &repair.finding)?;
                }
            }
        }
        match damaged {
            true => Err(Failure::Damaged),
            false => Ok(ExitCode::SUCCESS),
        }
    }
}

/// One line per finding, with the images that suffer from it.
fn describe(report: &Report) -> String {
    let mut text = String::new();
    for (finding, images) in &report.findings {
        let images: Vec<&str> = images.iter().map(String::as_str).collect();
        match images.is_empty() {
            true => text.push_str(&format!("{finding}\n")),
            false => text.push_str(&format!("{finding} (needed by {})\n", images.join(", "))),
        }
    }
    text
}

impl Check {
    /// Removes the images that suffer from a finding; whether all of them are gone.
    fn remove_users(
        &self,
        context: &Context,
        engine: &Engine,
        report: &Report,
        finding: &Finding,
    ) -> Result<bool, Failure> {
        let images = report.findings.get(finding).into_iter().flatten();
        let mut gone = true;
        for name in images {
            match remove::remove(&engine.paths, name, self.force, &Users::new(context)) {
                Ok(_) => output::print(&format!("removed: {name}\n")).map(|_| ())?,
                Err(error) if error.is_not_found() => {}
                Err(error) => {
                    Failure::from(error).report();
                    gone = false;
                }
            }
        }
        remove::free_space(&engine.paths)?;
        Ok(gone)
    }
}
