//! A host directory, or one file, with a view of ownership: bind mounts with `map=user` or `map=UID:GID`.
//!
//! The server runs as the host user in the user's own namespaces. What it does on the host it does with the user's rights and
//! as the user's own: a file made through the view belongs to the user, whoever in the container made it, and no
//! owner on the host is ever changed. What it shows belongs to the container's process, or to who was asked for
//! (`owners`). Changing an owner succeeds where it changes nothing in the view and is EPERM otherwise.
//!
//! An inode is remembered as the names that led to it (`table`), not as an open descriptor, so the host may delete, move
//! and unmount as if nobody looked. Every request resolves the path again from the root's descriptor, in the kernel, with no
//! symbolic link followed and nothing above the root reachable (`openat2`), and checks that what is found is what was
//! meant; else ESTALE makes the kernel look the name up again. Open files are open on the host.
//!
//! Coherence. Every write goes to the host at once. A regular file is looked up each time a path leads to it, so stat(2) and
//! open(2) see what the host has now; names that are not there are asked for each time, directories are believed for
//! [`LIFETIME`]. Cached contents are dropped when a file's times or size on the host are not what they were. Locks (flock, fcntl) are the kernel's and hold between the
//! processes of one container; neither they nor inotify events cross to the host.
//!
//! Access is judged twice: by the kernel from what is shown (`default_permissions`), then by the host. Attributes
//! `user.*` pass; `security.*`, `trusted.*` and ACLs, whose ids would need translation, are not shown.
//!
//! What must stay true: no request makes a thread panic, blocks on a FIFO or device, or touches anything outside the
//! root; a request for a device node is refused.

mod files;
mod names;
mod owners;
mod source;
mod table;

pub use owners::{IdRun, Owners};

use super::directory::Root;
use super::{Error, Server};
use fuser::{Errno, FileAttr, INodeNo, Notifier};
use rustix::fs::{OFlags, Stat};
use std::collections::HashMap;
use std::fs::File;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use table::{Place, Table};

/// How long the kernel may believe names and attributes. Long enough that one program asks once (a walk, a compile),
/// short enough that nobody waits for what the host changed.
const LIFETIME: Duration = Duration::from_millis(100);
/// Threads that answer: builds are parallel, and a disk can be slow.
const THREADS: usize = 4;

/// Serves the directory or file that `source` is a handle of, on a `/dev/fuse` descriptor that has been mounted.
///
/// Waits for the kernel's INIT request, which is there once the mount is; starts threads. Raises the process's own limit
/// of open descriptors, since each file open in the container is one here.
///
/// # Errors
/// The source cannot be examined, or the connection not be started.
pub fn serve_view(source: OwnedFd, owners: Owners, device: OwnedFd) -> Result<Server, Error> {
    raise_descriptor_limit();
    let view = View::new(source, owners).map_err(|source| Error::Serve { source: source.into() })?;
    super::adapter::start(view, device, THREADS)
}

/// A view being served.
struct View {
    root: Root,
    /// The source is a directory, not a single file.
    is_directory: bool,
    owners: Owners,
    table: Mutex<Table>,
    open: Mutex<HashMap<u64, OpenFile>>,
    next_handle: AtomicU64,
    /// Tells the kernel what has changed; there once the session is.
    notifier: Arc<OnceLock<Notifier>>,
}

/// A file or directory the container has open.
#[derive(Clone)]
struct OpenFile {
    file: Arc<File>,
    inode: u64,
}

impl View {
    fn new(source: OwnedFd, owners: Owners) -> rustix::io::Result<View> {
        let stat = rustix::fs::fstat(&source)?;
        Ok(View {
            root: Root::new(source, &[]),
            is_directory: rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::Directory,
            owners,
            table: Mutex::new(Table::new(&stat)),
            open: Mutex::default(),
            next_handle: AtomicU64::new(1),
            notifier: Arc::default(),
        })
    }

    /// Nothing that holds the lock can panic half-way, so a poisoned table is a whole one.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handles(&self) -> MutexGuard<'_, HashMap<u64, OpenFile>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens an inode by one of its names, if it still is the file it was.
    fn open_inode(&self, number: u64, flags: OFlags) -> Result<(OwnedFd, Stat), Errno> {
        self.open_place(number, flags).map(|(opened, stat, _)| (opened, stat))
    }

    /// The same, and the name that led to it; the last known where none does.
    fn open_place(&self, number: u64, flags: OFlags) -> Result<(OwnedFd, Stat, Arc<Place>), Errno> {
        let inode = self.table().get(number).ok_or(Errno::ESTALE)?;
        let mut reason = Errno::ESTALE;
        for place in inode.places.iter().rev() {
            match self.open_path(&place.path(), flags) {
                Ok((opened, stat)) if super::directory::identity(&stat) == inode.identity => {
                    return Ok((opened, stat, Arc::clone(place)));
                }
                Ok(_) | Err(rustix::io::Errno::NOENT | rustix::io::Errno::LOOP | rustix::io::Errno::NOTDIR) => {}
                Err(error) => reason = errno(error),
            }
        }
        // No name is left, or it was moved by the host: a file that is open is still there.
        let (_, file) = inode.open.first().ok_or(reason)?;
        let opened = rustix::fs::open(descriptor_path(file), flags | OFlags::CLOEXEC, rustix::fs::Mode::empty());
        let opened = opened.map_err(errno)?;
        let stat = rustix::fs::fstat(&opened).map_err(errno)?;
        let place = inode.place().ok_or(Errno::ESTALE)?;
        Ok((opened, stat, Arc::clone(place)))
    }

    fn open_path(&self, path: &[u8], flags: OFlags) -> rustix::io::Result<(OwnedFd, Stat)> {
        let opened = match path.is_empty() && !self.is_directory {
            // The single file, wherever the host has moved it.
            true => rustix::fs::open(
                descriptor_path(&self.root.descriptor()),
                flags | OFlags::CLOEXEC,
                rustix::fs::Mode::empty(),
            )?,
            false => self.root.open(path, flags)?,
        };
        let stat = rustix::fs::fstat(&opened)?;
        Ok((opened, stat))
    }

    /// What the kernel is told of a file; remembered, so that a later open sees whether it has changed.
    fn attributes_of(&self, number: u64, stat: &Stat) -> FileAttr {
        if let Some(inode) = self.table().get_mut(number) {
            inode.told = Some(table::Version::of(stat));
        }
        self.shown(number, stat)
    }

    fn shown(&self, number: u64, stat: &Stat) -> FileAttr {
        let (uid, gid) = self.owners.show(stat);
        FileAttr { uid, gid, ..super::directory::host_attributes(INodeNo(number), stat) }
    }
}

/// A path to what a descriptor is open on, whatever its name.
fn descriptor_path(descriptor: &impl std::os::fd::AsFd) -> String {
    format!("/proc/self/fd/{}", descriptor.as_fd().as_raw_fd())
}

fn errno(error: rustix::io::Errno) -> Errno {
    Errno::from_i32(error.raw_os_error())
}

/// Makes room for as many open files as the host lets this process have.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // What is refused costs the container open files, which it is told by EMFILE.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}
