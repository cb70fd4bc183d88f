//! The mounts of the specification, made beneath the new root.
//!
//! Sources on the host are opened first, while this process still has the user's own id (so that what the user can
//! reach can be mounted under any id map). Each mount is made detached, given its attributes, and only then attached
//! to a handle that was resolved beneath the root: no path is looked up twice, and none can lead outside.

use super::options::{MountOptions, parse};
use super::view::{MAP_OPTION, Shown, VIEW};
use crate::runtime::failure::{Failure, Step};
use crate::runtime::rooted::{Rooted, descriptor_path};
use crate::sys::mount::{MountAttributes, set_attributes, set_propagation};
use oci_spec::runtime::Mount;
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags, fsconfig_create, fsconfig_set_flag,
    fsconfig_set_string, fsmount, fsopen, move_mount, open_tree,
};
use std::cell::{Cell, RefCell};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

/// A mount of the plan with what had to be opened before the ids changed.
#[derive(Debug)]
pub struct PreparedMount {
    kind: String,
    source: PathBuf,
    destination: PathBuf,
    options: MountOptions,
    /// Of a bind mount, the source; of an overlay, the lower directory.
    opened: Option<OwnedFd>,
    /// Of a mount that was made elsewhere, the detached tree.
    tree: Option<OwnedFd>,
    /// Of an overlay: option name and directory.
    layers: Vec<(&'static str, OwnedFd)>,
    /// Of an overlay: its top layer takes owner and mode from the lower directory.
    takes_top: bool,
    /// Of an overlay that becomes the user's, once it is mounted.
    overlay: RefCell<Option<OwnedFd>>,
    /// Of a view, whose files it shows.
    view: Option<Shown>,
    /// It is a volume's first use, at a place that the image does not have: the volume becomes the container's user's.
    becomes_users: Cell<bool>,
    /// Of a memory file system: its mode is that of what it covers.
    takes_mode: bool,
}

/// An option of bind mounts that is ours: the source lies beneath this directory, and no link may lead out of it.
pub const BENEATH_OPTION: &str = "x-coracle.beneath=";

/// An option of overlays that is ours: the top layer takes owner and mode from the lower directory, whose they are to seem.
pub const TOP_OPTION: &str = "x-coracle.top-of-lower";

/// Type of a mount that is one of the container's whose namespaces are joined, at the place that is its source.
pub const BORROWED: &str = "coracle.borrowed";

/// Opens the sources of `mounts` with the caller's present rights.
pub fn prepare(mounts: &[Mount]) -> Step<Vec<PreparedMount>> {
    mounts.iter().map(prepare_one).collect()
}

fn prepare_one(mount: &Mount) -> Step<PreparedMount> {
    let mut options = parse(mount.options().as_deref().unwrap_or_default());
    let source = mount.source().clone().unwrap_or_default();
    let kind = mount.typ().clone().unwrap_or_else(|| "none".to_owned());
    if kind == "bind" || kind == VIEW {
        options.bind = options.bind.or(Some(true));
    }
    let needs_source = (options.bind.is_some() && kind != BORROWED) || kind == "overlay";
    let opened = needs_source.then(|| open_source(mount)).transpose()?;
    let view = match kind == VIEW {
        true => Some(Shown::of(&options.data)?),
        false => None,
    };
    let takes_top = options.data.iter().any(|option| option == TOP_OPTION);
    options.data.retain(|option| option != TOP_OPTION);
    options.data.retain(|option| !option.starts_with(BENEATH_OPTION) && !option.starts_with(MAP_OPTION));
    let mut layers = Vec::new();
    if kind == "overlay" {
        for name in ["upperdir", "workdir"] {
            let prefix = format!("{name}=");
            if let Some(at) = options.data.iter().position(|option| option.starts_with(&prefix)) {
                let path = options.data.remove(at).split_off(prefix.len());
                layers.push((name, open_handle(Path::new(&path))?));
            }
        }
    }
    Ok(PreparedMount {
        kind,
        source,
        destination: mount.destination().clone(),
        options,
        opened,
        tree: None,
        layers,
        takes_top,
        overlay: RefCell::new(None),
        view,
        becomes_users: Cell::new(false),
        takes_mode: false,
    })
}

/// Opens the source of a mount of the plan, where its options say not to leave a directory, beneath that.
pub fn open_source(mount: &Mount) -> Step<OwnedFd> {
    let source = mount.source().clone().unwrap_or_default();
    let mut options = mount.options().iter().flatten();
    match options.find_map(|option| option.strip_prefix(BENEATH_OPTION)) {
        Some(directory) => open_beneath(Path::new(directory), &source),
        None => open_handle(&source),
    }
}

/// Opens a host path as a handle.
pub fn open_handle(path: &Path) -> Step<OwnedFd> {
    rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
        .map_err(|error| Failure::setup(format_args!("open \"{}\"", path.display()), error))
}

/// Opens `path`, which starts with `directory`, as a handle; what lies between is not trusted to stay beneath it.
fn open_beneath(directory: &Path, untrusted_path: &Path) -> Step<OwnedFd> {
    let base = open_handle(directory)?;
    let inside = untrusted_path.strip_prefix(directory).unwrap_or(untrusted_path);
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    rustix::fs::openat2(base, inside, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), resolve)
        .map_err(|error| Failure::setup(format_args!("open \"{}\"", untrusted_path.display()), error))
}

impl PreparedMount {
    /// Where it goes, as written in the plan.
    pub fn destination(&self) -> &Path {
        &self.destination
    }

    /// Gives the source to the container's user: with all below it when the mount asks for that (`U`), alone when it is a
    /// volume without a place in the image. Of an overlay only what is above changes hands.
    pub fn give_to(&self, uid: u32, gid: u32) -> Step<()> {
        let overlay = self.overlay.borrow();
        let source = if self.kind == "overlay" { overlay.as_ref() } else { self.opened.as_ref() };
        let Some(source) = source else { return Ok(()) };
        let given = match (self.options.chown, self.becomes_users.get()) {
            (true, _) => super::copy_up::give_to(source, uid, gid),
            (false, true) => super::copy_up::give_top_to(source, uid, gid),
            (false, false) => Ok(()),
        };
        given.map_err(|error| Failure::setup(format_args!("change the owner of \"{}\"", self.source.display()), error))
    }

    /// The place in the container whose namespaces are joined, when this is a mount of that one's.
    pub(super) fn borrowed(&self) -> Option<&Path> {
        (self.kind == BORROWED).then_some(self.source.as_path())
    }

    /// Has a memory file system without a mode take that of the directory it covers, as runc and crun do.
    pub fn take_mode_of_place(&mut self) {
        self.takes_mode = self.kind == "tmpfs" && !self.options.data.iter().any(|option| option.starts_with("mode="));
    }

    /// Leaves a memory file system writable for what is still to be made in it; whether it is to be read-only in the end.
    pub fn put_off_read_only(&mut self) -> bool {
        let is_put_off = self.kind == "tmpfs" && self.options.set.contains(MountAttributes::READ_ONLY);
        if is_put_off {
            self.options.set.remove(MountAttributes::READ_ONLY);
        }
        is_put_off
    }

    /// The kind of file system.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Attaches this detached tree instead of making one.
    pub fn use_tree(&mut self, tree: OwnedFd) {
        self.tree = Some(tree);
    }

    /// Whether this is a bind mount.
    pub fn is_bind(&self) -> bool {
        self.options.bind.is_some()
    }

    /// Whose files it shows, when it is a view.
    pub(super) fn view(&self) -> Option<Shown> {
        self.view
    }

    /// The handle of a bind mount's or view's source.
    pub(super) fn source(&self) -> Option<&OwnedFd> {
        self.opened.as_ref()
    }

    /// Attaches the mount of a view that is served by now.
    pub(super) fn attach_view(&self, mount: &OwnedFd, root: &Rooted) -> Step<()> {
        let failed = |error: Errno| {
            Failure::setup(format_args!("mount {} on \"{}\"", self.described(), self.destination.display()), error)
        };
        set_attributes(mount, self.options.set, MountAttributes::empty(), false).map_err(failed)?;
        let target = self.target(root).map_err(failed)?;
        if self.options.copy_up {
            super::copy_up::fill(mount, &target, true).map_err(|error| {
                Failure::setup(format_args!("fill \"{}\" from the image", self.destination.display()), error)
            })?;
        }
        attach(mount, &target).map_err(failed)
    }

    /// Makes the mount beneath `root`.
    pub fn mount(&self, root: &Rooted) -> Step<()> {
        self.mount_where(root, &|_| Ok(()))
    }

    /// The same where `judge` has no objection to the place, of which it gets a handle.
    pub fn mount_where(&self, root: &Rooted, judge: &dyn Fn(&OwnedFd) -> Step<()>) -> Step<()> {
        let failed = |error: Errno| {
            Failure::setup(format_args!("mount {} on \"{}\"", self.described(), self.destination.display()), error)
        };
        if self.options.is_fresh && root.handle(&self.destination).is_err() {
            self.becomes_users.set(true);
        }
        let target = self.target(root).map_err(failed)?;
        judge(&target)?;
        let mount = match self.takes_mode {
            true => {
                let mode = fstat(&target).map_err(failed)?.st_mode & 0o7777;
                let mut options = self.options.clone();
                options.data.push(format!("mode={mode:o}"));
                self.new_instance(&self.kind, &options)
            }
            false => self.make_detached(),
        }
        .map_err(failed)?;
        if self.options.copy_up {
            self.fill_from_image(&mount, &target)?;
        }
        if let Some((propagation, recursive)) = self.options.propagation {
            set_propagation(&mount, propagation, recursive).map_err(failed)?;
        }
        attach(&mount, &target).map_err(failed)?;
        if self.kind == "overlay" && self.options.chown {
            self.overlay.replace(Some(mount));
        }
        Ok(())
    }

    fn described(&self) -> String {
        match self.is_bind() {
            true => format!("\"{}\"", self.source.display()),
            false => self.kind.clone(),
        }
    }

    /// The place to mount on, made when missing: a file for a file, else a directory.
    fn target(&self, root: &Rooted) -> rustix::io::Result<OwnedFd> {
        let is_directory = match &self.opened {
            Some(source) if self.is_bind() => is_directory(source)?,
            _ => true,
        };
        if matches!(self.kind.as_str(), "proc" | "sysfs") {
            return root.make_plain_directory(&self.destination);
        }
        if is_directory { root.make_directories(&self.destination) } else { root.make_file(&self.destination) }
    }

    /// Copies what the image has at the destination into what is mounted there, when that is empty: volumes at their
    /// first use, and memory file systems. A volume mounted read-only is filled through its source.
    fn fill_from_image(&self, mount: &OwnedFd, target: &OwnedFd) -> Step<()> {
        super::copy_up::fill(self.opened.as_ref().unwrap_or(mount), target, self.options.is_fresh)
            .map_err(|error| {
                Failure::setup(format_args!("fill \"{}\" from the image", self.destination.display()), error)
            })
            .map(drop)
    }

    fn make_detached(&self) -> rustix::io::Result<OwnedFd> {
        let Some(recursive) = self.options.bind else {
            return self.make_file_system();
        };
        if let Some(tree) = &self.tree {
            let tree = rustix::io::fcntl_dupfd_cloexec(tree, 3)?;
            apply_attributes(&tree, &self.options)?;
            return Ok(tree);
        }
        let source = self.opened.as_ref().ok_or(Errno::NOENT)?;
        bind(source, recursive, &self.options)
    }

    fn make_file_system(&self) -> rustix::io::Result<OwnedFd> {
        match self.kind.as_str() {
            "overlay" => self.make_overlay(),
            "proc" => self.new_instance("proc", &self.options).or_else(|error| self.instead("/proc", error)),
            "sysfs" => self.new_instance("sysfs", &self.options).or_else(|error| self.instead("/sys", error)),
            "cgroup" | "cgroup2" => {
                self.new_instance("cgroup2", &self.options).or_else(|error| self.instead("/sys/fs/cgroup", error))
            }
            "mqueue" => self.new_instance("mqueue", &self.options).or_else(|error| self.instead("/dev/mqueue", error)),
            "devpts" => self.make_devpts(),
            kind => self.new_instance(kind, &self.options),
        }
    }

    /// A new instance, called in the list of mounts what the configuration calls its source.
    fn new_instance(&self, kind: &str, options: &MountOptions) -> rustix::io::Result<OwnedFd> {
        let name = self.source.to_str().filter(|name| !name.is_empty()).unwrap_or(kind);
        new_file_system(kind, name, options)
    }

    /// Where the kernel refuses a new instance (because part of the host's is covered, as in nested containers, or
    /// because the namespace is shared), a view of the host's serves.
    fn instead(&self, host_path: &str, error: Errno) -> rustix::io::Result<OwnedFd> {
        if !matches!(error, Errno::PERM | Errno::BUSY | Errno::INVAL | Errno::NODEV) {
            return Err(error);
        }
        let source = rustix::fs::open(host_path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).map_err(|_| error)?;
        // What is mounted below comes along, and must be no more writable than the top.
        let options = MountOptions { set_below: self.options.set | self.options.set_below, ..self.options.clone() };
        bind(&source, true, &options)
    }

    /// Group 5 (tty) may not be mapped; the instance then keeps the mounter's.
    fn make_devpts(&self) -> rustix::io::Result<OwnedFd> {
        self.new_instance("devpts", &self.options).or_else(|_| {
            let mut options = self.options.clone();
            options.data.retain(|option| !option.starts_with("gid="));
            self.new_instance("devpts", &options)
        })
    }

    fn make_overlay(&self) -> rustix::io::Result<OwnedFd> {
        let mut options = self.options.clone();
        let lower = self.opened.as_ref().ok_or(Errno::NOENT)?;
        if let Some((_, upper)) = self.layers.iter().find(|(name, _)| self.takes_top && *name == "upperdir") {
            super::copy_up::match_top(lower, upper)?;
        }
        options.data.push(format!("lowerdir={}", descriptor_path(lower)));
        options.data.extend(self.layers.iter().map(|(name, layer)| format!("{name}={}", descriptor_path(layer))));
        options.data.push("userxattr".to_owned());
        new_file_system("overlay", "overlay", &options)
    }
}

/// A detached copy of the mount at `source` with the attributes of `options`; with `recursive` of those below it too.
pub fn bind(source: &OwnedFd, recursive: bool, options: &MountOptions) -> rustix::io::Result<OwnedFd> {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    if recursive {
        flags |= OpenTreeFlags::AT_RECURSIVE;
    }
    let tree = open_tree(source, "", flags)?;
    apply_attributes(&tree, options)?;
    Ok(tree)
}

fn apply_attributes(tree: &OwnedFd, options: &MountOptions) -> rustix::io::Result<()> {
    change_attributes(tree, options.set_below, options.clear_below, true)?;
    change_attributes(tree, options.set, options.clear, false)
}

/// Clearing may be forbidden (the host locked `nosuid`, say): then the host's word stands.
fn change_attributes(
    tree: &OwnedFd,
    set: MountAttributes,
    clear: MountAttributes,
    recursive: bool,
) -> rustix::io::Result<()> {
    if (set | clear).is_empty() {
        return Ok(());
    }
    match set_attributes(tree, set, clear, recursive) {
        Err(_) if set.is_empty() => Ok(()),
        Err(_) if !clear.is_empty() => set_attributes(tree, set, MountAttributes::empty(), recursive),
        result => result,
    }
}

/// A detached mount of a new instance of file system `kind`, whose source is called `name`.
pub fn new_file_system(kind: &str, name: &str, options: &MountOptions) -> rustix::io::Result<OwnedFd> {
    let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_set_string(context.as_fd(), "source", name)?;
    for option in &options.data {
        match option.split_once('=') {
            Some((key, value)) => fsconfig_set_string(context.as_fd(), key, value)?,
            None => fsconfig_set_flag(context.as_fd(), option.as_str())?,
        }
    }
    fsconfig_create(context.as_fd())?;
    let attributes = MountAttrFlags::from_bits_retain(options.set.bits() as u32);
    fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)
}

/// Attaches a detached mount at the place `target` is a handle of.
pub fn attach(mount: impl AsFd, target: impl AsFd) -> rustix::io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(mount.as_fd(), "", target.as_fd(), "", flags)
}

/// Mounts the file or directory `source` is open on at `untrusted_target`, made when missing.
pub fn bind_at(root: &Rooted, source: &OwnedFd, untrusted_target: impl AsRef<Path>) -> rustix::io::Result<()> {
    bind_with(root, source, untrusted_target.as_ref(), MountAttributes::empty())
}

/// The same for a device node: nothing can be executed through it.
pub fn bind_device_at(root: &Rooted, source: &OwnedFd, untrusted_target: impl AsRef<Path>) -> rustix::io::Result<()> {
    bind_with(root, source, untrusted_target.as_ref(), MountAttributes::NO_SUID | MountAttributes::NO_EXEC)
}

fn bind_with(root: &Rooted, source: &OwnedFd, untrusted_target: &Path, set: MountAttributes) -> rustix::io::Result<()> {
    let target = if is_directory(source)? {
        root.make_directories(untrusted_target)?
    } else {
        root.make_file(untrusted_target)?
    };
    attach(bind(source, true, &MountOptions { set, ..Default::default() })?, target)
}

/// Whether the handle is of a directory.
pub fn is_directory(handle: &OwnedFd) -> rustix::io::Result<bool> {
    Ok(FileType::from_raw_mode(fstat(handle)?.st_mode) == FileType::Directory)
}

/// Makes the tree at `untrusted_path` read-only (runtime specification, `readonlyPaths`); nothing when it is missing.
pub fn make_read_only(root: &Rooted, untrusted_path: &str) -> rustix::io::Result<()> {
    let target = match root.handle(untrusted_path) {
        Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => return Ok(()),
        other => other?,
    };
    let options = MountOptions { set_below: MountAttributes::READ_ONLY, ..Default::default() };
    attach(bind(&target, true, &options)?, target)
}

/// Hides `untrusted_path` (runtime specification, `maskedPaths`): a file behind `/dev/null`, a directory behind an
/// empty read-only one; nothing when it is missing.
pub fn mask(root: &Rooted, untrusted_path: &str, null: &OwnedFd) -> rustix::io::Result<()> {
    let target = match root.handle(untrusted_path) {
        Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => return Ok(()),
        other => other?,
    };
    let inert = MountAttributes::READ_ONLY | MountAttributes::NO_SUID | MountAttributes::NO_EXEC;
    if !is_directory(&target)? {
        return attach(bind(null, false, &MountOptions { set: inert, ..Default::default() })?, target);
    }
    let options = MountOptions {
        set: inert | MountAttributes::NO_DEV,
        data: vec!["size=0k".to_owned(), "nr_inodes=1".to_owned()],
        ..Default::default()
    };
    attach(new_file_system("tmpfs", "tmpfs", &options)?, target)
}
