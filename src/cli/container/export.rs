//! `export`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use clap::{Args, ValueHint};
use std::fs::File;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

/// `export CONTAINER`.
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
    const ABOUT: &'static str = "Write a container's root file system as a tar";
    const DETAILS: &'static str =
        "Writes the files of a container, running or not, as an uncompressed tar, without what is mounted in it.";
    const ARGUMENTS: &'static str = "CONTAINER";
    const ARITY: Arity = Arity::Exactly(1);
    const EXAMPLES: &'static str = "coracle export -o web.tar web\ncoracle export web | gzip > web.tar.gz";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        // A container that is not there must not cost the file.
        engine.container(&self.arguments[0])?;
        match self.output {
            Some(path) => {
                let file = File::create(&path).map_err(|source| Failure::File { what: "write", path, source })?;
                engine.export(&self.arguments[0], file)?;
            }
            None if std::io::stdout().is_terminal() => {
                return Err(Failure::Arguments("refusing to export to terminal. Use -o flag or redirect".to_owned()));
            }
            None => engine.export(&self.arguments[0], std::io::stdout().lock())?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
