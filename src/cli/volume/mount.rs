//! `volume mount`, `volume unmount` and `volume reload`: a volume is a directory, so there is little to do.

use crate::cli::context::Context;
use crate::cli::failure::{self, Failure};
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use crate::runtime::id_map::HostIds;
use clap::Args;
use std::process::ExitCode;

/// As podman: the paths are of use to those who may enter them.
pub(crate) fn check_rights(context: &Context) -> Result<(), Failure> {
    let is_inside = std::env::var_os("_CONTAINERS_USERNS_CONFIGURED").is_some_and(|value| value == "done");
    match is_inside || HostIds::detect().privileged {
        true => Ok(()),
        false => Err(Failure::Arguments(format!(
            "cannot run command {:?} in rootless mode, must execute `{} unshare` first",
            context.path, context.program
        ))),
    }
}

/// `volume mount VOLUME...`.
#[derive(Args, Debug)]
pub(crate) struct Mount {
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Mount {
    const NAME: &'static str = "mount";
    const ABOUT: &'static str = "Print where volumes are";
    const DETAILS: &'static str = "Prints the directory of each volume. An ordinary user does this inside `coracle unshare`, where its files can be changed.";
    const ARGUMENTS: &'static str = "VOLUME [VOLUME...]";
    const ARITY: Arity = Arity::AtLeast(1);
    const EXAMPLES: &'static str = "coracle unshare sh -c 'ls -l $(coracle volume mount data)'";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        check_rights(context)?;
        let engine = context.engine();
        failure::each(&self.arguments, Failure::exit_code, |name| {
            output::print(&format!("{}\n", engine.volume(name)?.mountpoint)).map(|_| ())
        })
    }
}

/// `volume unmount VOLUME...`.
#[derive(Args, Debug)]
pub(crate) struct Unmount {
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Unmount {
    const NAME: &'static str = "unmount";
    const ALIASES: &'static [&'static str] = &["umount"];
    const ABOUT: &'static str = "Undo mount; nothing has to be done";
    const DETAILS: &'static str = "Prints the names of the volumes. A volume is a directory that needs no unmounting.";
    const ARGUMENTS: &'static str = "VOLUME [VOLUME...]";
    const ARITY: Arity = Arity::AtLeast(1);
    const EXAMPLES: &'static str = "coracle unshare coracle volume unmount data";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        check_rights(context)?;
        let engine = context.engine();
        failure::each(&self.arguments, Failure::exit_code, |name| {
            output::print(&format!("{}\n", engine.volume(name)?.volume.name)).map(|_| ())
        })
    }
}

/// `volume reload`.
#[derive(Args, Debug)]
pub(crate) struct Reload {}

impl Verb for Reload {
    const NAME: &'static str = "reload";
    const ABOUT: &'static str = "Look for volumes of plugins; there are none";
    const DETAILS: &'static str = "Does nothing: volumes are local, and the store is looked at every time.";
    const EXAMPLES: &'static str = "coracle volume reload";

    fn run(self, _context: &Context) -> Result<ExitCode, Failure> {
        Ok(ExitCode::SUCCESS)
    }
}
