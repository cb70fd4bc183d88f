//! `container mount` and `image mount`: files of containers and images in this mount namespace, below `ROOT/mounts/`.
//!
//! ```text
//! command (root here: of the host, or of the namespaces of `unshare`)
//!  └ server    in a mount namespace of its own, without the mount it serves: it ends with the mount,
//!              which ends with the last process of the namespace it was made in, if nobody unmounts it
//! ```
//!
//! The root of a container that does not run is mounted as its init would mount it. Of one that runs, the mount its
//! processes have is taken over: it shows what they see. An image is shown read-only; without `/dev/fuse` its files are
//! extracted, and removed by unmounting. What is mounted is read from the kernel, so nothing has to be remembered.
//!
//! What must stay true: the command has the ids that the container's files have, so only containers with the usual id
//! map can be mounted; no process keeps another mount namespace alive.

use super::Engine;
use super::error::Error;
use super::images::{self, LocalImage};
use super::lifecycle::Container;
use super::record::ContainerRecord;
use super::root::{LowerPlan, RootMounter, RootPlan, serve_root};
use super::start::{keep_driver, usable_roots};
use crate::overlay::extract::extract;
use crate::overlay::mount::{FUSE_DEVICE, mount_fuse, open_fuse_device};
use crate::overlay::server::ServerOptions;
use crate::runtime::failure::{Failure, FailureKind, Step};
use crate::runtime::guard::{exit, exit_code};
use crate::runtime::handshake::{Report, receive, report};
use crate::runtime::id_map::{HostIds, IdMaps};
use crate::runtime::init;
use crate::runtime::subordinate::IdKind;
use crate::store::containers::ProcessId;
use crate::sys::message;
use crate::sys::process::{Fork, NewNamespaces, close_all_except, duplicate_to, fork_into};
use nix::mount::{MntFlags, MsFlags, umount2};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// What the place of an image begins with; containers have just their ID.
const IMAGE: &str = "image-";

impl Engine {
    /// Where the object of this place is mounted, whether it is or not.
    fn place(&self, name: &str) -> PathBuf {
        self.paths.root.join("mounts").join(name)
    }

    /// The directory where the container's root is mounted; `None` when it is not.
    pub fn mounted_container(&self, id: &str) -> Option<PathBuf> {
        self.mounted(id)
    }

    /// The directory where an image is mounted or extracted; `None` when it is not.
    pub fn mounted_image(&self, id: &str) -> Option<PathBuf> {
        let name = format!("{IMAGE}{id}");
        let extracted = self.place(&name).join("extracted");
        self.mounted(&name).or_else(|| extracted.is_dir().then_some(extracted))
    }

    fn mounted(&self, name: &str) -> Option<PathBuf> {
        let root = self.place(name).join("root");
        // Asked of the kernel only where there is a directory.
        (root.is_dir() && is_mounted(&root)).then_some(root)
    }

    /// Mounts a container's root in this mount namespace and returns where. Nothing is done when it is mounted already.
    ///
    /// The caller must have one thread, and be root of the namespace its files' ids are in.
    ///
    /// # Errors
    /// It has an id map of its own; its root cannot be mounted here.
    pub fn mount_container(&self, container: &Container) -> Result<PathBuf, Error> {
        let record = &container.record;
        if let Some(path) = self.mounted(&record.id) {
            return Ok(path);
        }
        check_maps(record)?;
        let place = self.place(&record.id);
        make_places(&place)?;
        let running = container.state.process.filter(|_| container.state.status.is_alive());
        let mounted = match running {
            Some(process) => take_over(record, process, &container.state.driver, &place.join("root")),
            None => mount_root(record, &place),
        };
        if mounted.is_err() {
            remove_places(&place);
        }
        mounted.map(|()| place.join("root"))
    }

    /// Mounts an image read-only in this mount namespace and returns where. Nothing is done when it is mounted already.
    ///
    /// # Errors
    /// Its layers are not there; it can neither be mounted nor extracted.
    pub fn mount_image(&self, image: &LocalImage) -> Result<PathBuf, Error> {
        let id = image.image.record.id.hex();
        if let Some(path) = self.mounted_image(&id) {
            return Ok(path);
        }
        let root =
            images::root::open(&self.paths, &image.image).map_err(|error| Error::BadRequest(error.to_string()))?;
        let lower = LowerPlan::Image { tree: root.tree_path.clone(), layers: root.layers.clone() };
        let plan = RootPlan::FuseOverlay { lower, volatile: true };
        let place = self.place(&format!("{IMAGE}{id}"));
        make_places(&place)?;
        let target = place.join("root");
        let with_fuse = rustix::fs::access(FUSE_DEVICE, rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK);
        let made = match with_fuse {
            Ok(()) => serve_for(&place, &plan, |server| mount_image_on(&target, server)).map(|()| target),
            Err(_) => extract_image(&root, &place),
        };
        if made.is_err() {
            remove_places(&place);
        }
        Ok(made?)
    }

    /// Unmounts a container; false when it was not mounted. With `force` also while it is in use.
    ///
    /// # Errors
    /// It is in use.
    pub fn unmount_container(&self, id: &str, force: bool) -> Result<bool, Error> {
        self.unmount(id, force)
    }

    /// Unmounts an image; false when it was not mounted. With `force` also while it is in use.
    ///
    /// # Errors
    /// It is in use.
    pub fn unmount_image(&self, id: &str, force: bool) -> Result<bool, Error> {
        let extracted = self.place(&format!("{IMAGE}{id}")).join("extracted");
        if !extracted.is_dir() {
            return self.unmount(&format!("{IMAGE}{id}"), force);
        }
        super::removal::remove_tree(&extracted)
            .map_err(|error| Failure::setup(format_args!("remove \"{}\"", extracted.display()), error))?;
        remove_places(&self.place(&format!("{IMAGE}{id}")));
        Ok(true)
    }

    /// What is left of a container's mount when the container goes: in another namespace it may have ended without a word.
    pub(super) fn forget_mount(&self, id: &str) {
        let place = self.place(id);
        if place.is_dir() {
            let _ = self.unmount(id, true); // in use, or of another namespace: the container goes nevertheless
        }
    }

    fn unmount(&self, name: &str, force: bool) -> Result<bool, Error> {
        let place = self.place(name);
        let Some(root) = self.mounted(name) else {
            remove_places(&place);
            return Ok(false);
        };
        let flags = if force { MntFlags::MNT_DETACH } else { MntFlags::empty() };
        umount2(&root, flags).map_err(|error| {
            Failure::setup(format_args!("unmount \"{}\"", root.display()), Errno::from_raw_os_error(error as i32))
        })?;
        let _ = umount2(&place.join("lower"), MntFlags::MNT_DETACH); // of `fuse+overlay` only
        remove_places(&place);
        Ok(true)
    }
}

fn is_mounted(path: &Path) -> bool {
    super::host::mounts::all().iter().any(|mount| mount.point == path)
}

fn make_places(place: &Path) -> Result<(), Error> {
    ["root", "lower"].iter().try_for_each(|part| crate::store::containers::make_directories(&place.join(part)))?;
    Ok(())
}

/// Empty directories only: what is mounted, or not ours, stays.
fn remove_places(place: &Path) {
    for part in ["root", "lower"] {
        let _ = std::fs::remove_dir(place.join(part)); // see above
    }
    let _ = std::fs::remove_dir(place); // likewise
    let _ = place.parent().map(std::fs::remove_dir); // likewise
}

/// The ids of this process's namespace must be the container's.
fn check_maps(record: &ContainerRecord) -> Result<(), Error> {
    let own = HostIds::detect().intermediate;
    let has_usual = record.request.uid_map.is_empty()
        && record.request.gid_map.is_empty()
        && matches!(record.request.userns, super::request::UserNamespaceMode::Host);
    let fits = |kind| record.plan.id_maps.container_ranges(kind).iter().all(|range| covers(&own, kind, range.start));
    if has_usual && fits(IdKind::Uid) && fits(IdKind::Gid) {
        return Ok(());
    }
    Err(Error::BadRequest(format!(
        "container {} has an id map of its own: its files cannot be shown with the ids of this namespace; use cp or export",
        record.name
    )))
}

fn covers(maps: &IdMaps, kind: IdKind, id: u32) -> bool {
    maps.container_ranges(kind).iter().any(|range| range.start <= id && u64::from(id) < range.end())
}

/// Mounts the root of a container that does not run.
fn mount_root(record: &ContainerRecord, place: &Path) -> Result<(), Error> {
    let mut roots = usable_roots(record).into_iter().peekable();
    while let Some(root) = roots.next() {
        let mounted = serve_for_container(record, place, root);
        match mounted {
            Err(failure) if failure.kind == FailureKind::RootFileSystem && roots.peek().is_some() => {}
            Err(failure) => return Err(failure.into()),
            Ok(()) => {
                keep_driver(record, root);
                return Ok(());
            }
        }
    }
    Err(Error::BadRequest(format!("container {} has no root file system", record.id)))
}

fn serve_for_container(record: &ContainerRecord, place: &Path, root: &RootPlan) -> Step<()> {
    let plan = &record.plan;
    serve_for(&plan.directory, root, |server| {
        use crate::runtime::init::RootFileSystem;
        let mut mounter = RootMounter::new(root, &plan.directory, &plan.id_maps).at(place);
        mounter.open()?;
        mounter.mount(server).map(drop)
    })
}

fn mount_image_on(target: &Path, server: &OwnedFd) -> Step<()> {
    let message = |error: crate::overlay::Error| Failure::message(error.to_string());
    let device = open_fuse_device().map_err(message)?;
    mount_fuse(&device, target).map_err(message)?;
    report(server, &Report::FuseDevice, Some(device.as_fd()))
        .map_err(|error| Failure::setup("hand over the FUSE device", error))
}

fn extract_image(root: &images::root::ImageRoot, place: &Path) -> Step<PathBuf> {
    let failed = |error: Errno| Failure::setup("extract the image", error);
    let path = place.join("extracted");
    rustix::fs::mkdir(&path, Mode::RWXU | Mode::from_raw_mode(0o055)).map_err(failed)?;
    let target = rustix::fs::open(&path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
    let open = |path: &PathBuf| std::fs::File::open(path).map_err(|error| Failure::setup("open a layer", error));
    let layers = root.layers.iter().map(open).collect::<Step<Vec<_>>>()?;
    extract(&root.tree, &layers, &target.map_err(failed)?, &ServerOptions::default())
        .map_err(|error| Failure::message(error.to_string()))?;
    Ok(path)
}

/// Forks a server for the FUSE devices that `mount` hands over, and calls that. `directory` is the container's.
fn serve_for(directory: &Path, root: &RootPlan, mount: impl FnOnce(&OwnedFd) -> Step<()>) -> Step<()> {
    let failed = |error| Failure::setup("start a process for the files", error);
    let (socket, inside) = message::pair().map_err(failed)?;
    match fork_into(NewNamespaces::MOUNT).map_err(failed)? {
        Fork::Child => {
            drop(socket);
            let _ = serve(directory, root, &inside); // the mount then fails with a reason of its own
            exit(0)
        }
        Fork::Parent { .. } => {
            drop(inside);
            // From then on what is mounted here is not mounted there.
            message::receive(&socket, 1).map_err(failed)?;
            mount(&socket)
        }
    }
}

/// The server's life: as long as there is a mount that it serves.
fn serve(directory: &Path, root: &RootPlan, client: &OwnedFd) -> Step<()> {
    let failed = |error| Failure::setup("serve the files", error);
    let _ = rustix::thread::set_name(c"coracle-files"); // only cosmetic
    let _ = rustix::process::setsid(); // the terminal's signals are for the command
    let nothing = None::<&str>;
    nix::mount::mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)
        .map_err(|error| failed(Errno::from_raw_os_error(error as i32)))?;
    if let Ok(null) = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()) {
        for stream in 0..3 {
            let _ = duplicate_to(null.as_raw_fd(), stream); // then the stream stays as it is
        }
    }
    close_all_except(3, &[client.as_raw_fd()]);
    let _ = rustix::process::chdir("/"); // nothing is kept busy
    message::send(client, b"r", &[]).map_err(failed)?;
    let maps = HostIds::detect().intermediate;
    let mut servers = Vec::new();
    while let Some((report, device)) = receive(client).map_err(failed)? {
        if let (Report::FuseDevice, Some(device)) = (report, device) {
            servers.push(serve_root(root, directory, &maps, device)?);
        }
    }
    for server in servers {
        let _ = server.wait(); // however the connection ends, it has ended
    }
    Ok(())
}

/// Attaches the root that a running container's processes have at `target`.
fn take_over(record: &ContainerRecord, process: ProcessId, driver: &str, target: &Path) -> Result<(), Error> {
    if driver == "fuse" {
        // The kernel shows such a file system to the processes of its own user namespace only.
        return Err(Error::Conflict(format!(
            "container {} runs and its storage driver is fuse: its files can be reached by cp and exec only",
            record.name
        )));
    }
    let failed = |error| Failure::setup("take over the container's root", error);
    let (socket, inside) = message::pair().map_err(failed)?;
    let pidfd = match fork_into(NewNamespaces::empty()).map_err(failed)? {
        Fork::Child => {
            drop(socket);
            let shown = init::join_files(&record.plan, process)
                .and_then(|root| init::bare(&root).map_err(|error| Failure::setup("look at the root alone", error)));
            let _ = match shown {
                Ok(root) => report(&inside, &Report::Prepared, Some(root.as_fd())),
                Err(failure) => report(&inside, &Report::Failed(failure), None),
            }; // a dead command needs no answer
            exit(0)
        }
        Fork::Parent { pidfd, .. } => pidfd,
    };
    drop(inside);
    let answer = receive(&socket).map_err(failed)?;
    exit_code(pidfd.as_fd());
    match answer {
        Some((Report::Prepared, Some(root))) => {
            let place = init::open_handle(target)?;
            Ok(init::attach(&root, &place).map_err(failed)?)
        }
        // `unshare` makes a user namespace beside the container's, from which that cannot be entered.
        Some((Report::Failed(_), _)) => Err(Error::Conflict(format!(
            "container {} runs: from this namespace its files can be reached by cp and exec only",
            record.name
        ))),
        _ => Err(Failure::message("the process in the container ended unexpectedly").into()),
    }
}
