//! `rmi`, also called `image rm`.

use crate::cli::container::Users;
use crate::cli::context::Context;
use crate::cli::failure;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use crate::engine::images::remove::{self, Removed};
use crate::store::paths::Paths;
use clap::Args;
use std::process::ExitCode;

/// `rmi`, also called `image rm`.
#[derive(Args, Debug)]
pub(crate) struct Rm {
    /// Remove all images
    #[arg(short, long)]
    all: bool,
    /// Remove images containers were made of, and those containers
    #[arg(short, long)]
    force: bool,
    /// Do not complain about images that do not exist
    #[arg(short, long)]
    ignore: bool,
    /// Leave parents without a name in the store
    #[arg(long)]
    no_prune: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Rm {
    const NAME: &'static str = "rmi";
    const ABOUT: &'static str = "Remove one or more images from the store";
    const DETAILS: &'static str = "Takes the name from the image, and removes the image when that was its last name. The exit code is 1 when an image does not exist and 2 when one is used by a container.";
    const ARGUMENTS: &'static str = "IMAGE [IMAGE...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle rmi debian:12\n\
        coracle rmi --all --force";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let paths = context.paths();
        let containers = Users::new(context);
        let outcome = match self.all {
            true if !self.arguments.is_empty() => {
                let complaint = "when using the --all switch, you may not pass any images names or IDs";
                return Err(Failure::Arguments(complaint.to_owned()));
            }
            true => remove_all(&paths, self.force, &containers),
            false if self.arguments.is_empty() => {
                return Err(Failure::Arguments("image name or ID must be specified".to_owned()));
            }
            false => failure::each(&self.arguments, Failure::removal_code, |name| {
                match remove::remove(&paths, name, self.force, &containers) {
                    Ok(removed) => print(&removed),
                    Err(error) if (self.ignore || self.force) && error.is_not_found() => Ok(()),
                    Err(error) => Err(error.into()),
                }
            }),
        };
        remove::free_space(&paths)?;
        outcome
    }
}

fn remove_all(paths: &Paths, force: bool, containers: &Users) -> Result<ExitCode, Failure> {
    let (removed, errors) = remove::remove_all(paths, force, containers)?;
    removed.iter().try_for_each(print)?;
    failure::each(errors, Failure::removal_code, |error| Err(error.into()))
}

/// `Untagged: NAME` and `Deleted: ID`.
fn print(removed: &Removed) -> Result<(), Failure> {
    let mut text = String::new();
    for name in &removed.untagged {
        text.push_str(&format!("Untagged: {name}\n"));
    }
    if let Some(id) = removed.deleted {
        text.push_str(&format!("Deleted: {}\n", id.hex()));
    }
    output::print(&text).map(|_| ())
}
