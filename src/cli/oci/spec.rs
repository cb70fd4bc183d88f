//! `oci spec` and `oci features`.

use super::OciOptions;
use super::state::document;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use crate::runtime::oci::{default_spec, features};
use clap::Args;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// `oci spec`.
#[derive(Args, Debug)]
pub(crate) struct Spec {
    /// Directory of the bundle [default: .]
    #[arg(short, long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    bundle: Option<PathBuf>,
    #[command(flatten)]
    common: OciOptions,
}

impl Verb for Spec {
    const NAME: &'static str = "spec";
    const ABOUT: &'static str = "Write a config.json to begin with";
    const DETAILS: &'static str = "With --rootless one that an ordinary user can run, with the user's own id as root.";
    const ARITY: Arity = Arity::None;

    fn run(self, _: &Context) -> Result<ExitCode, Failure> {
        let path = self.bundle.unwrap_or_default().join("config.json");
        let rootless = self.common.rootless.as_deref().is_some_and(|word| word != "false");
        let failed = |source| Failure::File { what: "write", path: path.clone(), source };
        let mut file =
            File::options().write(true).create_new(true).open(&path).map_err(|source| match source.kind() {
                std::io::ErrorKind::AlreadyExists => {
                    Failure::Arguments(format!("File {} exists. Remove it first", path.display()))
                }
                _ => failed(source),
            })?;
        file.write_all(default_spec(rootless).as_bytes()).map_err(failed)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// `oci features`.
#[derive(Args, Debug)]
pub(crate) struct Features {
    #[command(flatten)]
    common: OciOptions,
}

impl Verb for Features {
    const NAME: &'static str = "features";
    const ABOUT: &'static str = "Print what this runtime can do, as JSON";
    const DETAILS: &'static str = "In the form of the runtime specification's features document.";
    const ARITY: Arity = Arity::None;

    fn run(self, _: &Context) -> Result<ExitCode, Failure> {
        let _ = self.common; // nothing here depends on them
        output::print(&document(&features()))
    }
}
