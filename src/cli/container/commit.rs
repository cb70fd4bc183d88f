//! `commit`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use crate::engine::commit::CommitRequest;
use crate::engine::images::assemble::Format;
use clap::{Args, ValueHint};
use std::path::PathBuf;
use std::process::ExitCode;

/// `commit CONTAINER [IMAGE]`.
#[derive(Args, Debug)]
pub(crate) struct Commit {
    /// Who made the image
    #[arg(short, long, value_name = "AUTHOR", default_value = "")]
    author: String,
    /// Apply an instruction: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, SHELL, STOPSIGNAL, USER, VOLUME or WORKDIR; may be repeated
    #[arg(short, long, value_name = "INSTRUCTION")]
    change: Vec<String>,
    /// Run configuration; not supported
    #[arg(long, hide = true)]
    config: Option<PathBuf>,
    /// Format of the image: oci or docker [default: oci]
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Write the image's ID to a file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    iidfile: Option<PathBuf>,
    /// Note the container's volumes in the image
    #[arg(long)]
    include_volumes: bool,
    /// A remark; docker format only
    #[arg(short, long, value_name = "TEXT", default_value = "")]
    message: String,
    /// Pause a running container while its changes are read
    #[arg(short, long)]
    pause: bool,
    /// Print nothing but the ID; nothing else is printed
    #[arg(short, long)]
    quiet: bool,
    /// Make one layer of everything
    #[arg(short, long)]
    squash: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Commit {
    const NAME: &'static str = "commit";
    const ABOUT: &'static str = "Make an image of a container";
    const DETAILS: &'static str = "Makes an image of a container, running or not: its image with what it has changed as a further layer, without what is \
        in volumes. Prints the image's ID.";
    const ARGUMENTS: &'static str = "CONTAINER [IMAGE]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle commit web web:patched\n\
        coracle commit --change 'CMD [\"nginx\"]' --change 'EXPOSE 80' --author me web";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let (container, name) = match self.arguments.as_slice() {
            [container] => (container, None),
            [container, name] => (container, Some(name.clone())),
            [] => return Err(Failure::Arguments("requires at least 1 arg(s), only received 0".to_owned())),
            more => return Err(Failure::Arguments(format!("accepts at most 2 arg(s), received {}", more.len()))),
        };
        // docker's images are docker's.
        let default = if context.program == "docker" { "docker" } else { "oci" };
        let format = match self.format.as_deref().unwrap_or(default) {
            "oci" => Format::Oci,
            "docker" => Format::Docker,
            other => return Err(Failure::Arguments(format!("unrecognized image format {other:?}"))),
        };
        if !self.message.is_empty() && format != Format::Docker {
            return Err(Failure::Arguments(
                "messages are only compatible with the docker image format (-f docker)".to_owned(),
            ));
        }
        if self.config.is_some() {
            return Err(Failure::Arguments("cannot use --config: instructions are given with --change".to_owned()));
        }
        let request = CommitRequest {
            name,
            author: self.author,
            message: self.message,
            changes: self.change,
            format,
            squash: self.squash,
            include_volumes: self.include_volumes,
            pause: self.pause,
        };
        let id = context.engine().commit(container, &request)?.hex();
        if let Some(path) = self.iidfile {
            std::fs::write(&path, &id).map_err(|source| Failure::File { what: "write", path, source })?;
        }
        match context.program.as_str() {
            "docker" => output::print(&format!("sha256:{id}\n")),
            _ => output::print(&format!("{id}\n")),
        }
    }
}
