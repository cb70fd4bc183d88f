//! `container mount` and `container unmount`.

use super::selection::{Latest, Selection};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::{self, human, mounted};
use crate::cli::tree::{Arity, Verb};
use crate::cli::{failure, volume};
use crate::engine::lifecycle::Container;
use clap::Args;
use serde::Serialize;
use std::process::ExitCode;

/// `container mount [CONTAINER...]`.
#[derive(Args, Debug)]
pub(crate) struct Mount {
    /// Mount all containers
    #[arg(short, long)]
    all: bool,
    /// How to list what is mounted: json
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Show IDs in full
    #[arg(long, alias = "notruncate")]
    no_trunc: bool,
    #[command(flatten)]
    latest: Latest,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

/// A container that is mounted, with the names podman's JSON has.
#[derive(Serialize)]
struct Mounted {
    id: String,
    #[serde(rename = "Names")]
    names: Vec<String>,
    mountpoint: String,
}

impl Verb for Mount {
    const NAME: &'static str = "mount";
    const ABOUT: &'static str = "Mount the root file system of one or more containers";
    const DETAILS: &'static str = "Mounts the files of containers and prints where; without names lists what is mounted. An ordinary \
        user does this inside `coracle unshare`, with containers that do not run (cp reaches those that do), and what is \
        mounted is gone when that ends. What a container does after it was mounted and started may not be seen through the \
        mount.";
    const ARGUMENTS: &'static str = "[CONTAINER...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle unshare sh -c 'ls $(coracle mount web)/etc'";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        volume::check_rights(context)?;
        let engine = context.engine();
        if self.arguments.is_empty() && !self.all && !self.latest.latest {
            return self.list(&engine.list_containers(), &|id| engine.mounted_container(id));
        }
        let selection =
            Selection { names: self.arguments, all: self.all, latest: self.latest.latest, ..Selection::default() };
        let names = selection.names(&engine, |_| true)?;
        failure::each(&names, Failure::exit_code, |name| {
            let path = engine.mount_container(&engine.container(name)?)?;
            output::print(&format!("{}\n", path.display())).map(|_| ())
        })
    }
}

impl Mount {
    fn list(
        &self,
        containers: &[Container],
        place: &dyn Fn(&str) -> Option<std::path::PathBuf>,
    ) -> Result<ExitCode, Failure> {
        let format = mounted::format(self.format.as_deref())?;
        let row = |container: &Container| {
            let record = &container.record;
            let mountpoint = place(&record.id)?.display().to_string();
            let id = if self.no_trunc { record.id.clone() } else { human::short_id(&record.id).to_owned() };
            let json =
                Mounted { id: record.id.clone(), names: vec![record.name.clone()], mountpoint: mountpoint.clone() };
            Some(mounted::Row { name: id, path: mountpoint, json })
        };
        mounted::print(format, containers.iter().filter_map(row).collect())
    }
}

/// `container unmount CONTAINER...`.
#[derive(Args, Debug)]
pub(crate) struct Unmount {
    /// Unmount all containers
    #[arg(short, long)]
    all: bool,
    /// Also when files are in use
    #[arg(short, long)]
    force: bool,
    #[command(flatten)]
    latest: Latest,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Unmount {
    const NAME: &'static str = "unmount";
    const ALIASES: &'static [&'static str] = &["umount"];
    const ABOUT: &'static str = "Unmount the root file system of one or more containers";
    const DETAILS: &'static str = "Undoes mount. An ordinary user does this inside the same `coracle unshare`.";
    const ARGUMENTS: &'static str = "CONTAINER [CONTAINER...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle unmount web\ncoracle umount --all";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        volume::check_rights(context)?;
        let engine = context.engine();
        let all = self.all;
        let selection = Selection { names: self.arguments, all, latest: self.latest.latest, ..Selection::default() };
        let names = selection.names(&engine, |_| true)?;
        failure::each(&names, Failure::exit_code, |name| {
            let id = engine.container(name)?.record.id;
            match engine.unmount_container(&id, self.force)? {
                true => output::print(&format!("{name}\n")).map(|_| ()),
                false if all => Ok(()),
                false => Err(Failure::Arguments(format!("unmounting container {id}: layer is not mounted"))),
            }
        })
    }
}
