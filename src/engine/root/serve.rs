//! The keeper's half: serving the lower file system.

use super::{LowerPlan, RootPlan};
use crate::overlay::Error;
use crate::overlay::server::{Changes, DirectoryLower, Lower, Server, ServerOptions, serve, serve_writable};
use crate::overlay::tree::Tree;
use crate::runtime::failure::{Failure, FailureKind, Step};
use crate::runtime::id_map::IdMaps;
use crate::runtime::subordinate::IdKind;
use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// The keeper's half: serves the FUSE device of `plan` until its mount is gone. `directory` is the container's.
pub fn serve_root(plan: &RootPlan, directory: &Path, id_maps: &IdMaps, device: OwnedFd) -> Step<Server> {
    let lower = match plan.lower() {
        Some(LowerPlan::Image { tree, layers }) => {
            let (tree, layers) = open_tree(tree, layers)?;
            Lower::Image { tree, layers }
        }
        Some(LowerPlan::Directory { path, masked }) => {
            Lower::Directory(DirectoryLower::open(path, masked.clone()).map_err(message)?)
        }
        None => return Err(Failure::message("this root file system needs no FUSE server")),
    };
    let options = server_options(id_maps);
    let RootPlan::Fuse { size_bytes, volatile, .. } = plan else {
        return serve(lower, device, options).map_err(message);
    };
    let changes = Changes::open(&directory.join("upper"), &directory.join("work"), *size_bytes).map_err(message)?;
    let changes = changes.volatile(*volatile);
    serve_writable(lower, changes, device, options).map_err(|error| match error {
        // No other driver would find these changes.
        Error::Journal { .. } => Failure::message(error.to_string()),
        error => message(error),
    })
}

/// Which ids exist in the container.
pub(super) fn server_options(id_maps: &IdMaps) -> ServerOptions {
    let ranges = |kind| {
        id_maps.container_ranges(kind).into_iter().map(|range| range.start..range.end().min(u64::from(u32::MAX)) as u32)
    };
    ServerOptions {
        uids: ranges(IdKind::Uid).collect(),
        gids: ranges(IdKind::Gid).collect(),
        ..ServerOptions::default()
    }
}

/// Opens an image's merged tree and its layers.
pub(in crate::engine) fn open_tree(tree: &Path, layers: &[PathBuf]) -> Step<(Tree, Vec<File>)> {
    let open = |path: &Path| {
        rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
            .map(File::from)
            .map_err(|error| Failure::setup(format_args!("open \"{}\"", path.display()), error))
    };
    let tree = Tree::open(&open(tree)?).map_err(message)?;
    let layers = layers.iter().map(|layer| open(layer)).collect::<Step<_>>()?;
    Ok((tree, layers))
}

/// An error of the overlay as one that lets the next driver be tried.
pub(super) fn message(error: impl std::fmt::Display) -> Failure {
    Failure::message(error.to_string()).of_kind(FailureKind::RootFileSystem)
}
