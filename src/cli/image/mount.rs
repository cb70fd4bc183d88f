//! `image mount` and `image unmount`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::{self, mounted};
use crate::cli::tree::{Arity, Verb};
use crate::cli::{failure, volume};
use crate::engine::Engine;
use crate::engine::images::{self, LocalImage, list};
use clap::Args;
use serde::Serialize;
use std::process::ExitCode;

/// `image mount [IMAGE...]`.
#[derive(Args, Debug)]
pub(crate) struct Mount {
    /// Mount all images
    #[arg(short, long)]
    all: bool,
    /// How to list what is mounted: json
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

/// An image that is mounted, with the names podman's JSON has.
#[derive(Serialize)]
struct Mounted {
    id: String,
    #[serde(rename = "Names")]
    names: Vec<String>,
    #[serde(rename = "Repositories")]
    repositories: Vec<String>,
    mountpoint: String,
}

impl Verb for Mount {
    const NAME: &'static str = "mount";
    const ABOUT: &'static str = "Mount the files of one or more images, read-only";
    const DETAILS: &'static str = "Mounts the files of images and prints where; without names lists what is mounted. An ordinary user \
        does this inside `coracle unshare`, and what is mounted is gone when that ends.";
    const ARGUMENTS: &'static str = "[IMAGE...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle unshare sh -c 'cat $(coracle image mount debian)/etc/os-release'";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        volume::check_rights(context)?;
        if self.all && !self.arguments.is_empty() {
            let complaint = "when using the --all switch, you may not pass any image names or IDs";
            return Err(Failure::Arguments(complaint.to_owned()));
        }
        let format = mounted::format(self.format.as_deref())?;
        let (engine, paths) = (context.engine(), context.paths());
        let all = list::list(&paths, &list::ListOptions::default())?;
        let mut chosen: Vec<String> = Vec::new();
        for name in &self.arguments {
            let image = images::expect(&paths, name)?;
            let path = engine.mount_image(&image)?;
            if self.arguments.len() == 1 && self.format.is_none() {
                return output::print(&format!("{}\n", path.display()));
            }
            chosen.push(image.image.record.id.hex());
        }
        if self.all {
            for image in &all {
                engine.mount_image(&images::expect(&paths, &image.id)?)?;
            }
        }
        let row = |image: &list::ImageSummary| {
            let mountpoint = engine.mounted_image(&image.id)?.display().to_string();
            let is_chosen = chosen.is_empty() || chosen.contains(&image.id);
            let repositories = image.repo_tags.clone().unwrap_or_default();
            let names = vec![repositories.first().cloned().unwrap_or_default()];
            let name = repositories.first().unwrap_or(&image.id).clone();
            let json = Mounted { id: image.id.clone(), names, repositories, mountpoint: mountpoint.clone() };
            is_chosen.then_some(mounted::Row { name, path: mountpoint, json })
        };
        mounted::print(format, all.iter().filter_map(row).collect())
    }
}

/// `image unmount IMAGE...`.
#[derive(Args, Debug)]
pub(crate) struct Unmount {
    /// Unmount all images
    #[arg(short, long)]
    all: bool,
    /// Also when files are in use
    #[arg(short, long)]
    force: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Unmount {
    const NAME: &'static str = "unmount";
    const ALIASES: &'static [&'static str] = &["umount"];
    const ABOUT: &'static str = "Unmount the files of one or more images";
    const DETAILS: &'static str = "Undoes image mount and prints the IDs of what was mounted.";
    const ARGUMENTS: &'static str = "IMAGE [IMAGE...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle image unmount debian\ncoracle image umount --all";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        volume::check_rights(context)?;
        match (self.all, self.arguments.is_empty()) {
            (false, true) => {
                return Err(Failure::Arguments("image name or ID must be specified".to_owned()));
            }
            (true, false) => {
                let complaint = "when using the --all switch, you may not pass any image names or IDs";
                return Err(Failure::Arguments(complaint.to_owned()));
            }
            _ => {}
        }
        let (engine, paths) = (context.engine(), context.paths());
        if self.all {
            let all = list::list(&paths, &list::ListOptions::default())?;
            return failure::each(&all, Failure::exit_code, |image| self.unmount(&engine, &image.id));
        }
        failure::each(&self.arguments, Failure::exit_code, |name| match images::resolve(&paths, name)? {
            Some(LocalImage { image, .. }) => self.unmount(&engine, &image.record.id.hex()),
            None => Err(Failure::Arguments(format!("{name}: image not known"))),
        })
    }
}

impl Unmount {
    fn unmount(&self, engine: &Engine, id: &str) -> Result<(), Failure> {
        match engine.unmount_image(id, self.force)? {
            true => output::print(&format!("{id}\n")).map(|_| ()),
            false => Ok(()),
        }
    }
}
