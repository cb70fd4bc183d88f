//! The FUSE server: answers the kernel's questions about a read-only lower directory.
//!
//! [`serve`] runs in the keeper, in the caller's user namespace and with no capability; the file system it serves was mounted by
//! the container's init in the container's user namespace (see [`crate::overlay::mount`]), so owners in replies are
//! container ids and need no translation. Ids the container has no mapping for are shown as 0, because the kernel can
//! neither change nor copy up a file whose owner it cannot express.
//!
//! `adapter` speaks to fuser and holds the policy that is the same for every lower: everything the kernel may cache it is
//! told to cache; OPEN, OPENDIR, FLUSH and the like are answered with ENOSYS once, after which the kernel does without
//! them; FUSE_PASSTHROUGH is never negotiated, because the kernel refuses to overlay a file system that did ("maximum fs
//! stacking depth exceeded"). `image` and `directory` give the answers; `view` those of a writable bind mount.
//!
//! What must stay true: no request makes a thread panic or block on anything but the disk; an idle server never wakes up;
//! memory is a few hundred KiB whatever the image's size. Protocol: linux/fuse.h and Documentation/filesystems/fuse.

mod adapter;
mod directory;
mod image;
mod upper;
mod view;

pub use directory::DirectoryLower;
pub use upper::{Changes, replay_operations};
pub use view::{IdRun, Owners, serve_view};

use super::{Error, tree::Tree};
use adapter::Source;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::thread::JoinHandle;

/// What is served.
#[derive(Debug)]
pub enum Lower {
    /// The layers of an image.
    Image {
        /// The merged index.
        tree: Tree,
        /// The layers' tars, bottom first.
        layers: Vec<File>,
    },
    /// A directory of the host.
    Directory(DirectoryLower),
}

/// How it is served.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// User ids that exist in the container. Others are shown as 0.
    pub uids: Vec<Range<u32>>,
    /// Group ids that exist in the container. Others are shown as 0.
    pub gids: Vec<Range<u32>>,
    /// Threads that answer requests; at least one runs.
    pub threads: usize,
}

impl Default for ServerOptions {
    /// All ids, and two threads: one can wait for the disk while the other answers.
    fn default() -> Self {
        let all = 0..u32::MAX;
        ServerOptions { uids: vec![all.clone()], gids: vec![all], threads: 2 }
    }
}

/// A running server. Dropping it leaves the threads to end with the connection.
#[derive(Debug)]
pub struct Server {
    thread: JoinHandle<io::Result<()>>,
}

/// Starts to serve `lower` on a `/dev/fuse` descriptor that has been mounted. Waits for the kernel's INIT request, which is
/// there once the mount is; starts threads.
pub fn serve(lower: Lower, device: OwnedFd, options: ServerOptions) -> Result<Server, Error> {
    let threads = options.threads.max(1);
    let ids = Ids::new(&options);
    match lower {
        Lower::Image { tree, layers } => adapter::start(image::Image::new(tree, layers, ids)?, device, threads),
        Lower::Directory(lower) => {
            adapter::start(directory::Directory::new(lower, ids)?.asked_directly(), device, threads)
        }
    }
}

/// The same with the container's changes above `lower`, writable.
pub fn serve_writable(
    lower: Lower,
    changes: Changes,
    device: OwnedFd,
    options: ServerOptions,
) -> Result<Server, Error> {
    let threads = options.threads.max(1);
    let ids = || Ids::new(&options);
    let lower: Box<dyn Source> = match lower {
        Lower::Image { tree, layers } => Box::new(image::Image::new(tree, layers, ids())?),
        Lower::Directory(lower) => Box::new(directory::Directory::new(lower, ids())?),
    };
    adapter::start(upper::Upper::new(lower, changes, ids())?, device, threads)
}

impl Server {
    /// Waits until the file system is unmounted or the connection aborted.
    pub fn wait(self) -> Result<(), Error> {
        let ended = self.thread.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
        ended.map_err(|source| Error::Serve { source })
    }

    /// Whether the connection has ended.
    pub fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }
}

/// The container's ids.
#[derive(Debug)]
pub(super) struct Ids {
    uids: Vec<Range<u32>>,
    gids: Vec<Range<u32>>,
}

impl Ids {
    pub(super) fn new(options: &ServerOptions) -> Ids {
        Ids { uids: options.uids.clone(), gids: options.gids.clone() }
    }

    /// The id, or one the container has when it has none of that number.
    pub(super) fn uid(&self, uid: u32) -> u32 {
        known(&self.uids, uid)
    }

    /// The id, or one the container has when it has none of that number.
    pub(super) fn gid(&self, gid: u32) -> u32 {
        known(&self.gids, gid)
    }
}

/// `id` when it is in `ranges`; else root's, or where there is no root (a map of the user's own id to itself) the first.
fn known(ranges: &[Range<u32>], id: u32) -> u32 {
    let has = |id: u32| ranges.iter().any(|range| range.contains(&id));
    match ranges.first() {
        _ if has(id) => id,
        Some(first) if !has(0) => first.start,
        _ => 0,
    }
}
