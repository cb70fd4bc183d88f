//! `image tree`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::{self, human};
use crate::cli::tree::{Arity, Verb};
use crate::engine::images;
use clap::Args;
use std::process::ExitCode;

/// `image tree IMAGE`.
#[derive(Args, Debug)]
pub(crate) struct Tree {
    /// Show all images that share layers; not supported
    #[arg(long, hide = true)]
    whatrequires: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Tree {
    const NAME: &'static str = "tree";
    const ABOUT: &'static str = "Show the layers of an image";
    const DETAILS: &'static str = "Lists the layers of an image, the lowest first, with their uncompressed sizes.";
    const ARGUMENTS: &'static str = "IMAGE";
    const ARITY: Arity = Arity::Exactly(1);
    const EXAMPLES: &'static str = "coracle image tree debian";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        if self.whatrequires {
            return Err(Failure::Arguments(
                "cannot use --whatrequires: it is not available in this release".to_owned(),
            ));
        }
        let paths = context.paths();
        let found = images::expect(&paths, &self.arguments[0])?;
        let inspected = images::inspect::inspect(&paths, &found)?;
        let tags = inspected.repo_tags.join(" ");
        let mut text = format!(
            "Image ID: {}\nTags:     [{tags}]\nSize:     {}\nImage Layers\n",
            human::short_id(&inspected.id),
            human::size(inspected.size, 4)
        );
        let layers = &found.image.record.layers;
        for (number, layer) in layers.iter().enumerate() {
            let is_last = number + 1 == layers.len();
            let branch = if is_last { "└──" } else { "├──" };
            let top = if is_last { format!(" Top Layer of: [{tags}]") } else { String::new() };
            let id = layer.diff_id.hex();
            text += &format!("{branch} ID: {} Size: {}{top}\n", human::short_id(&id), human::size(layer.size_bytes, 4));
        }
        output::print(&text)
    }
}
