//! `load`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use crate::engine::images::load::{self, Loaded};
use clap::{Args, ValueHint};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

/// `load`.
#[derive(Args, Debug)]
pub(crate) struct Load {
    /// Read a file, a directory or what a web server has at http://... or https://... [default: standard input]
    #[arg(short, long, value_name = "FILE|URL", value_hint = ValueHint::AnyPath)]
    input: Option<PathBuf>,
    /// Print no progress; none is printed
    #[arg(short, long)]
    quiet: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Load {
    const NAME: &'static str = "load";
    const ABOUT: &'static str = "Load images from an archive";
    const DETAILS: &'static str = "Puts the images of an archive, compressed or not, into the store under the names they have in it: archives and directories of \
        docker save, podman save, skopeo and buildx, in Docker's and in the OCI layout.";
    const ARITY: Arity = Arity::None;
    const EXAMPLES: &'static str = "coracle load -i debian.tar\nzcat debian.tar.gz | coracle load\ncoracle load -i https://example.com/debian.tar.zst";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let paths = context.paths();
        let from = self.input.clone().unwrap_or_else(|| "/dev/stdin".into());
        let url = self.input.as_deref().and_then(std::path::Path::to_str).filter(|text| load::is_url(text));
        let loaded = match &self.input {
            Some(_) if let Some(url) = url => load::from_stream(&paths, load::open_url(url)?)?,
            Some(path) => {
                if let Err(error) = std::fs::metadata(path) {
                    let text = format!("stat {}: {}", path.display(), crate::cli::failure::describe(&error));
                    return Err(Failure::Arguments(text));
                }
                load::from_path(&paths, path)?
            }
            None if std::io::stdin().is_terminal() => {
                return Err(Failure::Arguments(
                    "cannot read from terminal, use command-line redirection or the --input flag".to_owned(),
                ));
            }
            None => load::from_stream(&paths, std::io::stdin().lock())?,
        };
        context.engine().tell_loaded(&loaded, &from);
        output::print(&loaded.iter().map(lines).collect::<String>())
    }
}

fn lines(image: &Loaded) -> String {
    if image.names.is_empty() {
        return format!("Loaded image: {}\n", image.id);
    }
    image.names.iter().map(|name| format!("Loaded image: {name}\n")).collect()
}
