//! `create`.

use crate::cli::compatibility;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::image::outside;
use crate::cli::options::CreateOptions;
use crate::cli::output::{self, PullProgress};
use crate::cli::pod;
use crate::cli::tree::{Arity, Verb};
use clap::Args;
use std::process::ExitCode;

/// `create IMAGE [COMMAND [ARG...]]`.
#[derive(Args, Debug)]
pub(crate) struct Create {
    #[command(flatten)]
    create: CreateOptions,
    #[arg(hide = true, trailing_var_arg = true)]
    arguments: Vec<String>,
}

impl Verb for Create {
    const NAME: &'static str = "create";
    const FOREIGN: &'static [compatibility::Row] = compatibility::CREATE;
    const ABOUT: &'static str = "Create a container without starting it";
    const DETAILS: &'static str = "Makes a container as run does and prints its ID; start runs it.";
    const ARGUMENTS: &'static str = "IMAGE [COMMAND [ARG...]]";
    const ARITY: Arity = Arity::AtLeast(1);
    const EXAMPLES: &'static str = "coracle create --name web -v site:/srv nginx\ncoracle start web";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let mut request = self.create.into_request(self.arguments, &context.surroundings_with_defaults()?)?;
        context.fill(&mut request);
        let engine = context.engine();
        outside::settle(context, &mut request)?;
        let created = pod::with_new_pod(&engine, &mut request, |request| {
            let image = engine.image_defaults(request, &PullProgress::new(request.quiet))?;
            Ok(engine.create(request, &image)?)
        })?;
        created.warnings.iter().for_each(|warning| output::note(warning));
        output::print(&format!("{}\n", created.record.id))
    }
}
