//! The container's root file system: the plan for it, init's half (mounting) and the keeper's half (serving).

use crate::overlay::mount::{OverlayMount, mount_fuse, mount_overlay, open_fuse_device};
use crate::overlay::server::{DirectoryLower, Lower, Server, ServerOptions, serve};
use crate::overlay::tree::Tree;
use crate::runtime::failure::{Failure, FailureKind, Step};
use crate::runtime::handshake::{Report, report};
use crate::runtime::id_map::IdMaps;
use crate::runtime::init::{MountOptions, RootFileSystem, attach, open_handle};
use crate::runtime::rooted::descriptor_path;
use crate::runtime::subordinate::IdKind;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

/// What lies below the writable layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LowerPlan {
    /// An image.
    Image {
        /// Its merged tree.
        tree: PathBuf,
        /// Its layers' tars, bottom first.
        layers: Vec<PathBuf>,
    },
    /// A host directory.
    Directory {
        /// The directory.
        path: PathBuf,
        /// Directories shown empty, as absolute paths inside it.
        masked: Vec<PathBuf>,
    },
}

/// How the root comes to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RootPlan {
    /// The lower is served by FUSE, the kernel's overlay on it takes the writes (`fuse+overlay`).
    FuseOverlay {
        /// What is served.
        lower: LowerPlan,
        /// The writes need not survive a crash of the machine.
        volatile: bool,
    },
    /// The kernel's overlay over layers extracted to directories (`overlay`).
    Overlay {
        /// What is extracted, once.
        lower: LowerPlan,
        /// Where extracted trees are kept.
        extracted: PathBuf,
        /// The writes need not survive a crash of the machine.
        volatile: bool,
    },
    /// A copy of the image in the container's own directory (`copy`).
    Copy {
        /// What is copied.
        lower: LowerPlan,
    },
    /// A host directory as it is (`--rootfs DIR`).
    Directory {
        /// The directory.
        path: PathBuf,
    },
}

impl RootPlan {
    /// The driver's name as in `--storage-driver` and `info`.
    pub fn driver(&self) -> &'static str {
        match self {
            RootPlan::FuseOverlay { .. } => "fuse+overlay",
            RootPlan::Overlay { .. } => "overlay",
            RootPlan::Copy { .. } => "copy",
            RootPlan::Directory { .. } => "directory",
        }
    }

    /// What lies below, where there is such a thing.
    pub fn lower(&self) -> Option<&LowerPlan> {
        match self {
            RootPlan::FuseOverlay { lower, .. } | RootPlan::Overlay { lower, .. } | RootPlan::Copy { lower } => Some(lower),
            RootPlan::Directory { .. } => None,
        }
    }
}

/// init's half.
#[derive(Debug)]
pub struct RootMounter<'a> {
    plan: &'a RootPlan,
    directory: &'a Path,
    opened: Vec<OwnedFd>,
}

/// Directories of a container that its root is made of, in the order in which they are opened.
const PARTS: [&str; 4] = ["root", "lower", "upper", "work"];

impl<'a> RootMounter<'a> {
    /// For the container whose directory is `directory`.
    pub fn new(plan: &'a RootPlan, directory: &'a Path) -> Self {
        RootMounter { plan, directory, opened: Vec::new() }
    }

    fn part(&self, name: &str) -> Step<PathBuf> {
        let at = PARTS.iter().position(|part| *part == name);
        let opened = at.and_then(|at| self.opened.get(at)).ok_or_else(|| Failure::setup(name, Errno::NOENT))?;
        Ok(PathBuf::from(descriptor_path(opened)))
    }

    fn mount_fuse_overlay(&self, keeper: &OwnedFd, volatile: bool) -> Step<OwnedFd> {
        let lower = self.part("lower")?;
        let device = open_fuse_device().map_err(message)?;
        mount_fuse(&device, &lower).map_err(message)?;
        report(keeper, &Report::FuseDevice, Some(device.as_fd()))
            .map_err(|error| Failure::setup("hand over the FUSE device", error))?;
        drop(device);
        self.mount_overlay_on(&self.reopened("lower")?, volatile)
    }

    fn mount_overlay_on(&self, lower: &Path, volatile: bool) -> Step<OwnedFd> {
        let root = self.part("root")?;
        self.take_over_upper(lower)?;
        let (upper, work) = (self.part("upper")?, self.part("work")?);
        let overlay =
            OverlayMount { lower, upper: &upper, work: &work, target: &root, volatile, read_only: false };
        mount_overlay(&overlay).map_err(message)?;
        open_handle(&self.reopened("root")?)
    }

    /// The path of a part as it is now: what was mounted on it included, which the handle from before does not show.
    fn reopened(&self, name: &str) -> Step<PathBuf> {
        // `..` of the handle is the container's directory, whatever is mounted on the part itself.
        Ok(self.part(name)?.join("..").join(name))
    }

    /// The root directory's owner and mode come from the writable layer: make them those of the image's root.
    fn take_over_upper(&self, lower: &Path) -> Step<()> {
        let failed = |error: Errno| Failure::setup("prepare the writable layer", error);
        let status = rustix::fs::stat(lower).map_err(failed)?;
        for name in ["upper", "work"] {
            let part = self.part(name)?;
            let (uid, gid) = (rustix::fs::Uid::from_raw(status.st_uid), rustix::fs::Gid::from_raw(status.st_gid));
            // Under a one-id map everything has that one owner already.
            let _ = rustix::fs::chown(&part, Some(uid), Some(gid));
        }
        rustix::fs::chmod(self.part("upper")?, Mode::from_raw_mode(status.st_mode & 0o7777)).map_err(failed)
    }

    fn bind_directory(&self) -> Step<OwnedFd> {
        let failed = |error: Errno| Failure::setup(format_args!("use \"{}\" as root", self.directory.display()), error);
        let source = self.opened.last().ok_or_else(|| failed(Errno::NOENT))?;
        let tree = crate::runtime::init::bind(source, true, &MountOptions::default()).map_err(failed)?;
        let target = &self.opened[0];
        attach(&tree, target).map_err(failed)?;
        Ok(tree)
    }
}

impl RootFileSystem for RootMounter<'_> {
    fn open(&mut self) -> Step<()> {
        self.opened = PARTS.iter().map(|part| open_handle(&self.directory.join(part))).collect::<Step<_>>()?;
        if let RootPlan::Directory { path } = self.plan {
            self.opened.push(open_handle(path)?);
        }
        Ok(())
    }

    fn mount(&mut self, keeper: &OwnedFd) -> Step<OwnedFd> {
        match self.plan {
            RootPlan::FuseOverlay { volatile, .. } => self.mount_fuse_overlay(keeper, *volatile),
            RootPlan::Directory { .. } => self.bind_directory(),
            RootPlan::Overlay { .. } | RootPlan::Copy { .. } => Err(Failure::message("not available")),
        }
    }
}

/// The keeper's half: serves the FUSE device of `plan` until its mount is gone.
pub fn serve_root(plan: &RootPlan, id_maps: &IdMaps, device: OwnedFd) -> Step<Server> {
    let lower = match plan.lower() {
        Some(LowerPlan::Image { tree, layers }) => open_image(tree, layers)?,
        Some(LowerPlan::Directory { path, masked }) => {
            Lower::Directory(DirectoryLower::open(path, masked.clone()).map_err(message)?)
        }
        None => return Err(Failure::message("this root file system needs no FUSE server")),
    };
    let ranges = |kind| {
        id_maps.container_ranges(kind).into_iter().map(|range| range.start..range.end().min(u64::from(u32::MAX)) as u32)
    };
    let options = ServerOptions {
        uids: ranges(IdKind::Uid).collect(),
        gids: ranges(IdKind::Gid).collect(),
        ..ServerOptions::default()
    };
    serve(lower, device, options).map_err(message)
}

fn open_image(tree: &Path, layers: &[PathBuf]) -> Step<Lower> {
    let open = |path: &Path| {
        rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
            .map(File::from)
            .map_err(|error| Failure::setup(format_args!("open \"{}\"", path.display()), error))
    };
    let tree = Tree::open(&open(tree)?).map_err(message)?;
    let layers = layers.iter().map(|layer| open(layer)).collect::<Step<_>>()?;
    Ok(Lower::Image { tree, layers })
}

fn message(error: impl std::fmt::Display) -> Failure {
    Failure::message(error.to_string()).of_kind(FailureKind::RootFileSystem)
}
