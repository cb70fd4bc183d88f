//! `container clone`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::options::LimitOptions;
use crate::cli::output::{self, PullProgress};
use crate::cli::tree::{Arity, Verb};
use crate::engine::lifecycle::RemoveOptions;
use crate::engine::request::RootSource;
use crate::engine::start::StartOptions;
use clap::Args;
use std::process::ExitCode;

/// `container clone CONTAINER [NAME [IMAGE]]`.
#[derive(Args, Debug)]
pub(crate) struct Clone {
    /// Remove the container that was copied
    #[arg(long)]
    destroy: bool,
    /// With --destroy: also when it is running
    #[arg(short, long)]
    force: bool,
    /// Name of the new container [default: the old one's and -clone]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Pod that the new container belongs to
    #[arg(long, value_name = "POD")]
    pod: Option<String>,
    /// Start the new container
    #[arg(long)]
    run: bool,
    #[command(flatten, next_help_heading = "Limits")]
    limits: LimitOptions,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Clone {
    const NAME: &'static str = "clone";
    const ABOUT: &'static str = "Create a container with the options of another one";
    const DETAILS: &'static str = "Makes a new container as the old one was made: same image (or IMAGE), command, volumes, \
        networks and options; what the old one has written is not copied, and fixed addresses are not taken over. Limits \
        that are given replace the old one's. Prints the new container's ID.";
    const ARGUMENTS: &'static str = "CONTAINER [NAME [IMAGE]]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str =
        "coracle container clone web\ncoracle container clone --destroy --run --memory 1g web web2";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let mut words = self.arguments.into_iter();
        let (old, name, image) = match (words.next(), words.next(), words.next(), words.len()) {
            (Some(old), name, image, 0) => (old, name.or(self.name), image),
            (first, _, _, more) => {
                let count = usize::from(first.is_some()) * 3 + more;
                return Err(Failure::Arguments(format!("accepts between 1 and 3 arg(s), received {count}")));
            }
        };
        if self.force && !self.destroy {
            return Err(Failure::Arguments("cannot set --force without --destroy: invalid argument".to_owned()));
        }
        let engine = context.engine();
        let container = engine.container(&old)?;
        let mut request = engine.request_of(&container.record);
        request.name = Some(name.unwrap_or_else(|| engine.name_of_clone(&container.record.name)));
        if let Some(image) = image {
            request.root = RootSource::Image(image);
        }
        if self.pod.is_some() {
            request.pod = self.pod;
        }
        self.limits.apply(&mut request.limits)?;
        context.fill(&mut request);
        let defaults = engine.image_defaults(&request, &PullProgress::new(request.quiet))?;
        let created = engine.create(&request, &defaults)?;
        created.warnings.iter().for_each(|warning| output::note(warning));
        drop(created.lock);
        let id = created.record.id;
        if self.destroy {
            let options = RemoveOptions { force: self.force, ..RemoveOptions::default() };
            engine.remove(&container.record.id, options)?;
        }
        if self.run {
            let started = engine.start(&id, StartOptions::default(), None)?;
            started.warnings.iter().for_each(|warning| output::note(warning));
        }
        output::print(&format!("{id}\n"))
    }
}
