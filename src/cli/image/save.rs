//! `save`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::engine::images::save::{self, Layout};
use clap::{Args, ValueHint};
use std::fs::File;
use std::io::{BufWriter, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

/// Bytes written at once.
const BUFFER_BYTES: usize = 128 << 10;

/// `save IMAGE...`.
#[derive(Args, Debug)]
pub(crate) struct Save {
    /// Format: docker-archive, oci-archive, docker-dir or oci-dir [default: docker-archive]
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Write to a file or directory [default: standard output]
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::AnyPath)]
    output: Option<PathBuf>,
    /// Further names are images and not names of the first one; always so when called as docker
    #[arg(short, long)]
    multi_image_archive: bool,
    /// Print nothing; nothing is printed
    #[arg(short, long)]
    quiet: bool,
    /// Compress the layers with gzip; with docker-dir only
    #[arg(long)]
    compress: bool,
    /// Keep layers as they are; always done
    #[arg(long, hide = true)]
    uncompressed: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Save {
    const NAME: &'static str = "save";
    const ABOUT: &'static str = "Write images as an archive";
    const DETAILS: &'static str =
        "Writes an image, with its layers uncompressed, in a form that load, docker and podman read.";
    const ARGUMENTS: &'static str = "IMAGE [IMAGE...]";
    const ARITY: Arity = Arity::AtLeast(1);
    const EXAMPLES: &'static str = "coracle save -o debian.tar debian:12\n\
        coracle save --format oci-archive debian | zstd > debian.oci.tar.zst\n\
        coracle save -m -o both.tar debian alpine";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let layout = match self.format.as_deref().unwrap_or("docker-archive") {
            "docker-archive" => Layout::DockerArchive,
            "oci-archive" => Layout::OciArchive,
            "oci-dir" => Layout::OciDirectory,
            "docker-dir" => Layout::DockerDirectory,
            other => {
                return Err(Failure::Arguments(format!(
                    "unknown format {other:?}: must be one of docker-archive, oci-archive, oci-dir, docker-dir"
                )));
            }
        };
        if self.multi_image_archive && layout != Layout::DockerArchive {
            return Err(Failure::Arguments("--multi-image-archive is only supported for docker-archive".to_owned()));
        }
        if self.compress && layout != Layout::DockerDirectory {
            return Err(Failure::Arguments("--compress can only be set when --format is 'docker-dir'".to_owned()));
        }
        let paths = context.paths();
        let names_only = !self.multi_image_archive && context.program != "docker";
        let images = save::choose(&paths, &self.arguments, names_only)?;
        let shown = self.output.clone().unwrap_or_else(|| "/dev/stdout".into());
        match (self.output.filter(|path| path.as_os_str() != "-"), layout) {
            (Some(path), Layout::OciDirectory | Layout::DockerDirectory) => {
                save::to_directory(&paths, &images, layout, self.compress, &path)?;
            }
            (None, Layout::OciDirectory | Layout::DockerDirectory) => {
                return Err(Failure::Arguments(
                    "--format docker-dir and oci-dir require an output directory: use -o".to_owned(),
                ));
            }
            (Some(path), _) => {
                let file = File::create(&path).map_err(|source| Failure::File {
                    what: "write",
                    path: path.clone(),
                    source,
                })?;
                let written = save::to_archive(&paths, &images, layout, BufWriter::with_capacity(BUFFER_BYTES, file));
                if written.is_err() {
                    // Half an archive is worth nothing; what is not a file stays.
                    let _ = std::fs::metadata(&path).is_ok_and(|found| found.is_file())
                        && std::fs::remove_file(&path).is_ok();
                }
                written?;
            }
            (None, _) if std::io::stdout().is_terminal() => {
                return Err(Failure::Arguments("refusing to save to terminal. Use -o flag or redirect".to_owned()));
            }
            (None, _) => {
                let out = BufWriter::with_capacity(BUFFER_BYTES, std::io::stdout().lock());
                save::to_archive(&paths, &images, layout, out)?;
            }
        }
        save::tell(&paths, &images, &shown);
        Ok(ExitCode::SUCCESS)
    }
}
