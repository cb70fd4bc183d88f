//! `image tree`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::{self, human};
use crate::cli::tree::{Arity, Verb};
use crate::engine::images::{self, ListOptions, list};
use crate::store::digest::Digest;
use crate::store::paths::Paths;
use clap::Args;
use std::process::ExitCode;

/// `image tree IMAGE`.
#[derive(Args, Debug)]
pub(crate) struct Tree {
    /// Show the images that are made on top of it instead of its own layers
    #[arg(long)]
    whatrequires: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Tree {
    const NAME: &'static str = "tree";
    const ABOUT: &'static str = "Show the layers of an image";
    const DETAILS: &'static str = "Lists the layers of an image, the lowest first, with their uncompressed sizes; with --whatrequires the layers of other images above them.";
    const ARGUMENTS: &'static str = "IMAGE";
    const ARITY: Arity = Arity::Exactly(1);
    const EXAMPLES: &'static str = "coracle image tree debian";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
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
        if self.whatrequires {
            let own: Vec<Digest> = layers.iter().map(|layer| layer.diff_id).collect();
            return output::print(&(text + &branches(&above(&paths, &own)?, "")));
        }
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

/// A layer of images above another one.
#[derive(Default)]
struct Branch {
    id: String,
    size_bytes: u64,
    /// Names of the images that end here.
    tags: Vec<String>,
    children: Vec<Branch>,
}

/// The layers of other images that begin with the layers `own`.
fn above(paths: &Paths, own: &[Digest]) -> Result<Vec<Branch>, Failure> {
    let mut top = Branch::default();
    for summary in list::list(paths, &ListOptions::default())? {
        let image = images::expect(paths, &summary.id)?.image;
        let layers = &image.record.layers;
        let is_above = layers.len() > own.len() && layers.iter().zip(own).all(|(layer, own)| layer.diff_id == *own);
        if !is_above {
            continue;
        }
        let mut branch = &mut top;
        for layer in &layers[own.len()..] {
            let id = layer.diff_id.hex();
            let at = branch.children.iter().position(|child| child.id == id).unwrap_or(branch.children.len());
            if at == branch.children.len() {
                branch.children.push(Branch { id, size_bytes: layer.size_bytes, ..Branch::default() });
            }
            branch = &mut branch.children[at];
        }
        branch.tags.extend(summary.repo_tags.unwrap_or_default());
    }
    Ok(top.children)
}

/// The lines of branches, each after `indent`. An image has at most 1,024 layers.
fn branches(all: &[Branch], indent: &str) -> String {
    let mut text = String::new();
    for (number, branch) in all.iter().enumerate() {
        let (mark, below) = if number + 1 == all.len() { ("└──", "    ") } else { ("├──", "│   ") };
        let tags = branch.tags.join(" ");
        let tags = if tags.is_empty() { tags } else { format!(" Top Layer of: [{tags}]") };
        let (id, size) = (human::short_id(&branch.id), human::size(branch.size_bytes, 4));
        text += &format!("{indent}{mark} ID: {id} Size: {size}{tags}\n");
        text += &branches(&branch.children, &format!("{indent}{below}"));
    }
    text
}
