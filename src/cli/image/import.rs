//! `import`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use crate::engine::commit::ImportRequest;
use crate::engine::images::load;
use clap::Args;
use std::fs::File;
use std::process::ExitCode;

/// `import PATH [NAME]`.
#[derive(Args, Debug)]
pub(crate) struct Import {
    /// Apply an instruction: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, SHELL, STOPSIGNAL, USER, VOLUME or WORKDIR; may be repeated
    #[arg(short, long, value_name = "INSTRUCTION")]
    change: Vec<String>,
    /// A remark
    #[arg(short, long, value_name = "TEXT", default_value = "")]
    message: String,
    /// Print nothing but the ID; nothing else is printed
    #[arg(short, long)]
    quiet: bool,
    /// Operating system of the image
    #[arg(long, value_name = "OS")]
    os: Option<String>,
    /// Processor architecture of the image
    #[arg(long, value_name = "ARCH")]
    arch: Option<String>,
    /// Variant of the architecture
    #[arg(long, value_name = "VARIANT")]
    variant: Option<String>,
    /// Platform of the image
    #[arg(long, value_name = "OS/ARCH[/VARIANT]", hide = true)]
    platform: Option<String>,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Import {
    const NAME: &'static str = "import";
    const ABOUT: &'static str = "Make an image of a tar";
    const DETAILS: &'static str = "Makes an image of one layer from a tar of a root file system, compressed with gzip or zstd or not at all; - is standard \
        input, and what begins with http:// or https:// is fetched. Prints the image's ID.";
    const ARGUMENTS: &'static str = "PATH|URL|- [NAME]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle import web.tar web:imported\n\
        tar -c -C rootfs . | coracle import --change CMD=/bin/sh - mine";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let (path, name) = match self.arguments.as_slice() {
            [path] => (path, None),
            [path, name] => (path, Some(name.clone())),
            [] => {
                return Err(Failure::Arguments(
                    "need to give the path to the tarball, or must specify a tarball of '-' for stdin".to_owned(),
                ));
            }
            _ => return Err(Failure::Arguments("too many arguments. Usage TARBALL [REFERENCE]".to_owned())),
        };
        let platform = match (self.platform, self.os.is_some() || self.arch.is_some() || self.variant.is_some()) {
            (Some(platform), _) => Some(platform),
            (None, false) => None,
            (None, true) => {
                let host = crate::image::platform::Platform::host();
                let variant = self.variant.map(|variant| format!("/{variant}")).unwrap_or_default();
                Some(format!("{}/{}{variant}", self.os.unwrap_or(host.os), self.arch.unwrap_or(host.architecture)))
            }
        };
        let request = ImportRequest { name, message: self.message, changes: self.change, platform };
        let engine = context.engine();
        let id = match path.as_str() {
            "-" => engine.import(std::io::stdin().lock(), &request)?,
            url if load::is_url(url) => {
                let file = load::open_url(url)?;
                output::note(&format!("Downloading from {url:?}"));
                engine.import(file, &request)?
            }
            path => {
                let file = File::open(path).map_err(|error| {
                    Failure::Arguments(format!("open {path}: {}", crate::cli::failure::describe(&error)))
                })?;
                engine.import(file, &request)?
            }
        };
        output::print(&format!("{id}\n"))
    }
}
