//! init's half: mounting the root file system.

use super::serve::{message, open_tree, server_options};
use super::{LowerPlan, RootPlan};
use crate::overlay::extract::extract;
use crate::overlay::mount::{
    OverlayMount, make_fuse, mount_fuse, mount_overlay, mount_writable_fuse, open_fuse_device,
};
use crate::overlay::tree::Tree;
use crate::runtime::failure::{Failure, FailureKind, Step, in_words};
use crate::runtime::handshake::{Report, report};
use crate::runtime::id_map::IdMaps;
use crate::runtime::init::{MountOptions, RootFileSystem, attach, bind, open_handle};
use crate::runtime::rooted::descriptor_path;
use rustix::fs::{AtFlags, FlockOperation, Gid, Mode, OFlags, Uid, flock};
use rustix::io::{Errno, retry_on_intr};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Directories of a container that its root is made of, in the order in which they are opened.
const PARTS: [&str; 4] = ["root", "lower", "upper", "work"];

/// Mounts the root of one container.
#[derive(Debug)]
pub struct RootMounter<'a> {
    plan: &'a RootPlan,
    directory: &'a Path,
    id_maps: &'a IdMaps,
    /// Where `root` and `lower` are instead of in `directory`.
    place: Option<&'a Path>,
    opened: Vec<OwnedFd>,
    /// A host directory, or the directory of extracted images.
    source: Option<OwnedFd>,
    image: Option<(Tree, Vec<File>)>,
    /// The image's directory in the store, which is locked by who extracts the image.
    place_of_lock: Option<OwnedFd>,
}

impl<'a> RootMounter<'a> {
    /// For the container whose directory is `directory`.
    pub fn new(plan: &'a RootPlan, directory: &'a Path, id_maps: &'a IdMaps) -> Self {
        RootMounter {
            plan,
            directory,
            id_maps,
            place: None,
            opened: Vec::new(),
            source: None,
            image: None,
            place_of_lock: None,
        }
    }

    /// Mounts on the directory `root` of `place`, not on the container's own.
    pub fn at(self, place: &'a Path) -> Self {
        RootMounter { place: Some(place), ..self }
    }

    fn directory_of(&self, part: &str) -> &Path {
        self.place.filter(|_| matches!(part, "root" | "lower")).unwrap_or(self.directory)
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
        self.mount_overlay_on(keeper, &self.reopened("lower")?, volatile)
    }

    fn mount_fuse_root(&self, keeper: &OwnedFd) -> Step<OwnedFd> {
        let device = open_fuse_device().map_err(message)?;
        mount_writable_fuse(&device, &self.part("root")?).map_err(message)?;
        report(keeper, &Report::FuseDevice, Some(device.as_fd()))
            .map_err(|error| Failure::setup("hand over the FUSE device", error))?;
        drop(device);
        open_handle(&self.reopened("root")?)
    }

    /// Unless it is volatile, the kernel writes the whole file system below `upper` back to the disk when the overlay is
    /// unmounted (`ovl_sync_fs` in fs/overlayfs/super.c), other programs' files included. With the last process of the
    /// container holding the last reference, its end would be known only after that: the keeper holds one, too.
    fn mount_overlay_on(&self, keeper: &OwnedFd, lower: &Path, volatile: bool) -> Step<OwnedFd> {
        let root = self.part("root")?;
        let (upper, work) = (self.part("upper")?, self.part("work")?);
        let before = rustix::fs::stat(&upper);
        self.take_over_upper(lower)?;
        let overlay = OverlayMount { lower, upper: &upper, work: &work, target: &root, volatile, read_only: false };
        if let Err(error) = mount_overlay(&overlay) {
            // The next driver may be one that writes as the user.
            if let Ok(before) = before {
                let (uid, gid) = (Uid::from_raw(before.st_uid), Gid::from_raw(before.st_gid));
                let _ = [&upper, &work].map(|part| rustix::fs::chown(part, Some(uid), Some(gid)));
            }
            return Err(message(error));
        }
        let mounted = open_handle(&self.reopened("root")?)?;
        if !volatile {
            report(keeper, &Report::Root, Some(mounted.as_fd()))
                .map_err(|error| Failure::setup("hand over the root file system", error))?;
        }
        Ok(mounted)
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
            let (uid, gid) = (Uid::from_raw(status.st_uid), Gid::from_raw(status.st_gid));
            // Under a one-id map everything has that one owner already.
            let _ = rustix::fs::chown(self.part(name)?, Some(uid), Some(gid));
        }
        rustix::fs::chmod(self.part("upper")?, Mode::from_raw_mode(status.st_mode & 0o7777)).map_err(failed)
    }

    /// The kernel's overlay on the image, extracted once for all containers with these id maps; or on a host directory.
    fn mount_extracted_overlay(&self, keeper: &OwnedFd, lower: &LowerPlan, volatile: bool) -> Step<OwnedFd> {
        let source = self.source.as_ref().ok_or_else(|| Failure::setup("extract the image", Errno::NOENT))?;
        match lower {
            LowerPlan::Directory { .. } => self.mount_overlay_on(keeper, Path::new(&descriptor_path(source)), volatile),
            LowerPlan::Image { tree, .. } => {
                let name = self.extracted_name(tree);
                let path = PathBuf::from(descriptor_path(source)).join(&name);
                if !path.is_dir() {
                    self.extract_into(source, &name)?;
                }
                self.mount_overlay_on(keeper, &path, volatile)
            }
        }
    }

    /// Owners on disk depend on the id maps, so trees of other maps are other directories.
    fn extracted_name(&self, tree: &Path) -> String {
        let image = tree.parent().and_then(Path::file_name).unwrap_or_default().display();
        let maps = serde_json::to_vec(self.id_maps).unwrap_or_default();
        let digest = ring::digest::digest(&ring::digest::SHA256, &maps);
        let maps: String = digest.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{image}-{maps}")
    }

    /// Extracts into a directory that gets its name only when it is whole. Of many containers that start at once, one
    /// extracts and the others wait; where the file system knows no locks, who comes second throws its own away.
    fn extract_into(&self, parent: &OwnedFd, name: &str) -> Step<()> {
        let failed = |error: Errno| Failure::setup("extract the image", error);
        let temporary = format!(".{name}.{}", self.directory.file_name().unwrap_or_default().display());
        let lock = self.place_of_lock.as_ref().and_then(|image| open_directory(image, ".").ok());
        let _ = lock.as_ref().map(|lock| retry_on_intr(|| flock(lock, FlockOperation::LockExclusive)));
        if rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW).is_ok() {
            return Ok(());
        }
        rustix::fs::mkdirat(parent, &temporary, Mode::from_raw_mode(0o755)).map_err(failed)?;
        let target = open_directory(parent, &temporary).map_err(failed)?;
        self.extract(&target)?;
        rustix::fs::syncfs(&target).map_err(failed)?;
        match rustix::fs::renameat(parent, &temporary, parent, name) {
            Ok(()) => Ok(()),
            Err(Errno::EXIST | Errno::NOTEMPTY) => {
                let path = PathBuf::from(descriptor_path(parent)).join(&temporary);
                crate::engine::removal::remove_tree(&path).map_err(failed)
            }
            Err(error) => Err(failed(error)),
        }
    }

    fn extract(&self, target: &OwnedFd) -> Step<()> {
        let (tree, layers) = self.image.as_ref().ok_or_else(|| Failure::setup("extract the image", Errno::NOENT))?;
        extract(tree, layers, target, &server_options(self.id_maps)).map(drop).map_err(message)
    }

    /// The container's own copy of the image, made at its first start; one that was interrupted is begun anew.
    fn mount_copy(&self) -> Step<OwnedFd> {
        let failed = |error: Errno| Failure::setup("copy the image", error);
        let upper = self.part("upper")?;
        let done = self.part("work")?.join("copied");
        if !done.exists() {
            empty(&upper).map_err(failed)?;
            let target = open_directory(&self.opened[2], ".").map_err(failed)?;
            self.extract(&target)?;
            std::fs::write(&done, "")
                .map_err(|error| Failure::message(format!("copy the image: {}", in_words(&error))))?;
        }
        self.bind_as_root(&self.opened[2])
    }

    fn bind_as_root(&self, source: &OwnedFd) -> Step<OwnedFd> {
        let failed = |error: Errno| Failure::setup("mount the root directory", error);
        let tree = bind(source, true, &MountOptions::default()).map_err(failed)?;
        attach(&tree, &self.opened[0]).map_err(failed)?;
        Ok(tree)
    }

    /// Opens what the plan needs besides the container's own directories.
    fn open_source(&mut self) -> Step<()> {
        match self.plan {
            RootPlan::Directory { path } => self.source = Some(open_handle(path)?),
            RootPlan::FuseOverlay { .. } | RootPlan::Fuse { .. } => {}
            RootPlan::Overlay { lower: LowerPlan::Image { tree, layers }, extracted, .. } => {
                self.image = Some(open_tree(tree, layers)?);
                self.place_of_lock = tree.parent().and_then(|image| open_directory(rustix::fs::CWD, image).ok());
                std::fs::create_dir_all(extracted).map_err(|error| Failure::setup("extract the image", error))?;
                self.source = Some(open_handle(extracted)?);
            }
            RootPlan::Copy { lower: LowerPlan::Image { tree, layers } } => self.image = Some(open_tree(tree, layers)?),
            RootPlan::Overlay { lower: LowerPlan::Directory { path, masked }, .. } if masked.is_empty() => {
                self.source = Some(open_handle(path)?);
            }
            RootPlan::Overlay { lower: LowerPlan::Directory { .. }, .. } | RootPlan::Copy { .. } => {
                return Err(Failure::message("a view of a host directory needs FUSE, which cannot be used here")
                    .of_kind(FailureKind::RootFileSystem)
                    .with_hint("`coracle doctor` shows how to make /dev/fuse available"));
            }
        }
        Ok(())
    }
}

impl RootFileSystem for RootMounter<'_> {
    fn open(&mut self) -> Step<()> {
        self.opened = PARTS.iter().map(|part| open_handle(&self.directory_of(part).join(part))).collect::<Step<_>>()?;
        self.open_source()
    }

    fn mount(&mut self, keeper: &OwnedFd) -> Step<OwnedFd> {
        match (self.plan, &self.source) {
            (RootPlan::FuseOverlay { volatile, .. }, _) => self.mount_fuse_overlay(keeper, *volatile),
            (RootPlan::Fuse { .. }, _) => self.mount_fuse_root(keeper),
            (RootPlan::Overlay { lower, volatile, .. }, _) => self.mount_extracted_overlay(keeper, lower, *volatile),
            (RootPlan::Copy { .. }, _) => self.mount_copy(),
            (RootPlan::Directory { .. }, Some(source)) => self.bind_as_root(source),
            (RootPlan::Directory { .. }, None) => Err(Failure::setup("mount the root directory", Errno::NOENT)),
        }
    }

    fn make_view(&self, source: &OwnedFd) -> Step<(OwnedFd, OwnedFd)> {
        let failed = |error: crate::overlay::Error| Failure::message(error.to_string());
        let status = rustix::fs::fstat(source).map_err(|error| Failure::setup("examine the source", error))?;
        let device = open_fuse_device().map_err(failed)?;
        let mount = make_fuse(&device, status.st_mode).map_err(failed)?;
        Ok((mount, device))
    }
}

fn open_directory(parent: impl AsFd, name: impl rustix::path::Arg) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(parent, name, flags, Mode::empty())
}

/// Removes what an interrupted copy left in `directory`.
fn empty(directory: &Path) -> Result<(), Errno> {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => crate::engine::removal::remove_tree(&path)?,
            _ => rustix::fs::unlink(&path)?,
        }
    }
    Ok(())
}
