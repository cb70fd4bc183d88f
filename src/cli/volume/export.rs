//! `volume export` and `volume import`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use clap::{Args, ValueHint};
use std::fs::File;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

/// `volume export VOLUME`.
#[derive(Args, Debug)]
pub(crate) struct Export {
    /// Write to a file [default: standard output]
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Export {
    const NAME: &'static str = "export";
    const ABOUT: &'static str = "Write what is in a volume as a tar";
    const DETAILS: &'static str = "Writes an uncompressed tar with the owners that containers see.";
    const ARGUMENTS: &'static str = "VOLUME";
    const ARITY: Arity = Arity::Exactly(1);
    const EXAMPLES: &'static str = "coracle volume export -o data.tar data";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        // A volume that is not there must not cost the file.
        engine.volume(&self.arguments[0])?;
        match self.output {
            Some(path) => {
                let file = File::create(&path).map_err(|source| Failure::File { what: "write", path, source })?;
                engine.export_volume(&self.arguments[0], file)?;
            }
            None if std::io::stdout().is_terminal() => {
                return Err(Failure::Arguments("refusing to export to terminal. Use -o flag or redirect".to_owned()));
            }
            None => engine.export_volume(&self.arguments[0], std::io::stdout().lock())?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// `volume import VOLUME [FILE]`.
#[derive(Args, Debug)]
pub(crate) struct Import {
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Import {
    const NAME: &'static str = "import";
    const ABOUT: &'static str = "Unpack a tar in a volume";
    const DETAILS: &'static str = "Unpacks an archive, compressed with gzip or zstd or not at all, in a volume that exists; - is standard input. What \
        is there already stays unless the archive has something of the same name.";
    const ARGUMENTS: &'static str = "VOLUME FILE|-";
    const ARITY: Arity = Arity::Exactly(2);
    const EXAMPLES: &'static str = "coracle volume import data data.tar\n\
        coracle volume export one | coracle volume import two -";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let [name, path] = self.arguments.as_slice() else { return Ok(ExitCode::FAILURE) };
        let engine = context.engine();
        match path.as_str() {
            "-" => engine.import_volume(name, std::io::stdin().lock())?,
            path => {
                let file = File::open(path).map_err(|error| {
                    Failure::Arguments(format!("open {path}: {}", crate::cli::failure::describe(&error)))
                })?;
                engine.import_volume(name, file)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
