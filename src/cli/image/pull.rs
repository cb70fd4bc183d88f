//! `pull`.

use super::outside;
use crate::cli::compatibility;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::options::{RegistryOptions, check_authfile, pull_policy};
use crate::cli::output::{self, PullProgress};
use crate::cli::tree::{Arity, Verb};
use crate::engine::pull::{self, PullRequest};
use crate::engine::request::PullPolicy;
use clap::Args;
use std::process::ExitCode;

/// `pull IMAGE...`.
#[derive(Args, Debug)]
pub(crate) struct Pull {
    /// Pull every tag of the repository
    #[arg(short, long)]
    all_tags: bool,
    /// When to ask the registry: always, missing, never or newer [default: always]
    #[arg(long, value_name = "POLICY")]
    policy: Option<String>,
    #[command(flatten)]
    registry: RegistryOptions,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Pull {
    const NAME: &'static str = "pull";
    const FOREIGN: &'static [compatibility::Row] = compatibility::PULL;
    const ABOUT: &'static str = "Pull images from a registry";
    const DETAILS: &'static str = "Fetches images and prints their IDs. A name without a registry is looked up as registries.conf \
        says, by default at docker.io; a name without a tag means latest. Layers that are in the store already are not fetched \
        again, and what was fetched is verified while it comes in. An interrupted pull leaves nothing half done: the next one \
        goes on from the layers that are complete.";
    const ARGUMENTS: &'static str = "IMAGE [IMAGE...]";
    const ARITY: Arity = Arity::AtLeast(1);
    const EXAMPLES: &'static str = "coracle pull debian\n\
        coracle pull --platform linux/arm64 docker.io/library/alpine:3.20\n\
        coracle pull --quiet --creds user:password registry.example.org/team/app@sha256:...\n\
        # A registry on this machine that speaks plain HTTP\n\
        coracle pull --tls-verify=false localhost:5000/app";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        check_authfile(self.registry.authfile.as_deref())?;
        let progress = PullProgress::new(self.registry.quiet);
        let platform = self.registry.platform()?;
        let policy = self.policy.as_deref().map_or(Ok(PullPolicy::Always), pull_policy)?;
        for name in self.arguments {
            if let Some(loaded) = outside::load(context, &name, self.registry.quiet)? {
                output::print(&format!("{}\n", loaded.id.hex()))?;
                continue;
            }
            let request = PullRequest {
                name,
                policy,
                platform: platform.clone(),
                all_tags: self.all_tags,
                authfile: self.registry.authfile.clone(),
                creds: self.registry.creds.clone(),
                tls_verify: self.registry.tls_verify,
            };
            for pulled in pull::pull(&context.paths(), &request, &progress)? {
                output::print(&format!("{}\n", pulled.image.record.id.hex()))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
