//! `image prune`.

use crate::cli::container::Users;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::Verb;
use crate::engine::images::remove::{self, PruneOptions};
use clap::Args;
use std::process::ExitCode;

/// `image prune`.
#[derive(Args, Debug)]
pub(crate) struct Prune {
    /// Remove all images no container uses, not only those without a name
    #[arg(short, long)]
    all: bool,
    /// Remove images used by other tools too; there are none
    #[arg(long, hide = true)]
    external: bool,
    /// Remove the build cache too; there is none
    #[arg(long, hide = true)]
    build_cache: bool,
    /// Do not ask
    #[arg(short, long)]
    force: bool,
    /// Remove only images that fit: label=KEY[=VALUE], until=TIME; may be repeated
    #[arg(long, value_name = "FILTER")]
    filter: Vec<String>,
}

impl Verb for Prune {
    const NAME: &'static str = "prune";
    const ABOUT: &'static str = "Remove unused images";
    const DETAILS: &'static str =
        "Removes images that have no name and are used by no container, and layers nothing refers to.";
    const EXAMPLES: &'static str = "coracle image prune --all --force";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        if !self.force && !output::confirm(self.warning())? {
            return Ok(ExitCode::SUCCESS);
        }
        let options = PruneOptions { all: self.all, filters: self.filter };
        let pruned = remove::prune(&context.paths(), &options, &Users::new(context))?;
        let ids = pruned.images.iter().filter_map(|image| image.deleted);
        output::print(&ids.map(|id| format!("{}\n", id.hex())).collect::<String>())
    }
}

impl Prune {
    fn warning(&self) -> &'static str {
        match self.all {
            true => "WARNING! This command removes all images without at least one container associated with them.",
            false => "WARNING! This command removes all dangling images.",
        }
    }
}
