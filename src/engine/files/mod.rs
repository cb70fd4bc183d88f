//! File trees in and out of containers: what `cp`, `export`, `diff` and `commit` share.
//!
//! A *worker* (`worker`) is a process of ours that sees a container's files as the container does: for one that runs it
//! joins the container's user and mount namespaces, as `exec` does; for one that does not, it mounts the container's root for
//! itself alone, with the same driver. It takes `Request`s over a socket and streams tar archives over pipes; this side
//! ([`Files`]) never opens a path of a container itself.
//!
//! ```text
//! command ── requests, replies ── worker (container's user and mount namespace)      worker, container that does not run
//!    └────────── tar by pipe ──────┘                                                      └ server (this user: FUSE threads)
//! ```
//!
//! What must stay true: every path in a container is resolved beneath its root by the kernel ([`crate::runtime::rooted`]),
//! again at each use, so links that are swapped meanwhile lead nowhere else; names from archives are normalised before
//! anybody uses them; on the host, what comes out of a container is written beneath the destination in the same
//! way, without set-id bits and devices.

pub mod changes;
pub mod copy;
mod pack;
mod resolve;
mod unpack;
mod worker;

pub use changes::{Change, ChangeKind};
pub use pack::{Owner, PackOptions, pack};
pub use resolve::{Resolved, resolve};
pub use unpack::{UnpackOptions, unpack};

use super::error::Error;
use crate::runtime::failure::{Failure, Step};
use crate::sys::message;
use rustix::pipe::{PipeFlags, pipe_with};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};

/// Longest message in bytes: replies quote a path of `PATH_MAX` bytes as a list of numbers.
const LONGEST: usize = 64 << 10;

/// What a worker is asked to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Request {
    /// Find out what a path leads to.
    Resolve {
        /// Absolute.
        path: String,
    },
    /// Write a tar to the descriptor that comes along.
    Pack {
        /// Absolute.
        path: Vec<u8>,
        /// How.
        options: PackOptions,
    },
    /// Unpack the tar from the descriptor that comes along.
    Unpack {
        /// The directory, absolute.
        path: Vec<u8>,
        /// How.
        options: UnpackOptions,
    },
    /// Write the names in a directory to the descriptor that comes along, each ended by a NUL, those of directories with a slash.
    List {
        /// Absolute.
        path: String,
    },
    /// Who the container's process is.
    User,
    /// Write what differs from the image to the descriptor that comes along, as lines of JSON.
    Changes,
    /// Write a layer of what differs from the image to the descriptor that comes along.
    Layer,
}

/// What a worker answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Reply {
    /// It sees the container's files.
    Ready,
    /// It is done.
    Done,
    /// What a path leads to.
    Resolved(Resolved),
    /// User and group.
    User(u32, u32),
    /// It could not be done.
    Failed(Failure),
    /// The path does not exist, or another error of the system.
    Errno(i32),
}

/// A name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name.
    pub name: Vec<u8>,
    /// A directory is there, and not a link to one.
    pub is_directory: bool,
}

/// A connection to a worker. The worker ends, and what it mounted vanishes, when this is dropped.
#[derive(Debug)]
pub struct Files {
    socket: OwnedFd,
    /// Of a container that does not run: nobody starts it meanwhile.
    _lock: Option<OwnedFd>,
    process: OwnedFd,
}

/// Something a worker is doing; [`Task::wait`] says how it went.
#[derive(Debug)]
#[must_use]
pub struct Task<'a> {
    files: &'a Files,
}

impl Task<'_> {
    /// Waits until it is done.
    pub fn wait(self) -> Step<()> {
        match self.files.hear()? {
            Reply::Done => Ok(()),
            Reply::Failed(failure) => Err(failure),
            _ => Err(Failure::message("unexpected answer from the process in the container")),
        }
    }
}

impl Files {
    fn ask(&self, request: &Request, descriptor: Option<OwnedFd>) -> Step<()> {
        let failed = |error| Failure::setup("ask the process in the container", error);
        let bytes = serde_json::to_vec(request).map_err(|_| failed(rustix::io::Errno::INVAL))?;
        let descriptor = descriptor.as_ref().map(AsFd::as_fd);
        message::send(&self.socket, &bytes, descriptor.as_slice()).map_err(failed)
    }

    fn hear(&self) -> Step<Reply> {
        self.hear_with_descriptor().map(|(reply, _)| reply)
    }

    fn hear_with_descriptor(&self) -> Step<(Reply, Option<OwnedFd>)> {
        let failed = |error| Failure::setup("hear from the process in the container", error);
        match message::receive(&self.socket, LONGEST).map_err(failed)? {
            Some(message) => {
                let reply = serde_json::from_slice(&message.bytes).map_err(|_| failed(rustix::io::Errno::BADMSG))?;
                Ok((reply, message.descriptors.into_iter().next()))
            }
            None => Err(Failure::message("the process in the container ended unexpectedly")),
        }
    }

    /// What `path` leads to in the container, links followed. `None` when it, or a directory on the way, does not exist.
    pub fn resolve(&self, path: &str) -> Step<Option<Resolved>> {
        self.ask(&Request::Resolve { path: path.to_owned() }, None)?;
        match self.hear()? {
            Reply::Resolved(resolved) => Ok(Some(resolved)),
            Reply::Errno(code) => match rustix::io::Errno::from_raw_os_error(code) {
                rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR => Ok(None),
                error => Err(Failure::message(crate::runtime::failure::in_words(&error.into()))),
            },
            Reply::Failed(failure) => Err(failure),
            _ => Err(Failure::message("unexpected answer from the process in the container")),
        }
    }

    /// The entries of the directory that `path` leads to in the container, links followed. `None` when it leads to none.
    ///
    /// # Errors
    /// The process in the container has ended.
    pub fn list(&self, path: &str) -> Step<Option<Vec<Entry>>> {
        if !self.resolve(path)?.is_some_and(|resolved| resolved.is_directory()) {
            return Ok(None);
        }
        let (reader, writer) = pipe()?;
        self.ask(&Request::List { path: path.to_owned() }, Some(writer))?;
        let mut bytes = Vec::new();
        let failed = |error: std::io::Error| Failure::message(crate::runtime::failure::in_words(&error));
        File::from(reader).read_to_end(&mut bytes).map_err(failed)?;
        Task { files: self }.wait()?;
        let names = bytes.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        let entry = |name: &[u8]| match name.strip_suffix(b"/") {
            Some(name) => Entry { name: name.to_vec(), is_directory: true },
            None => Entry { name: name.to_vec(), is_directory: false },
        };
        Ok(Some(names.map(entry).collect()))
    }

    /// User and group of the container's process.
    pub fn user(&self) -> Step<(u32, u32)> {
        self.ask(&Request::User, None)?;
        match self.hear()? {
            Reply::User(uid, gid) => Ok((uid, gid)),
            Reply::Failed(failure) => Err(failure),
            _ => Err(Failure::message("unexpected answer from the process in the container")),
        }
    }

    /// Begins to pack what is at `path`; the archive is to be read from the file.
    pub fn pack(&self, path: &[u8], options: PackOptions) -> Step<(Task<'_>, File)> {
        let (reader, writer) = pipe()?;
        self.ask(&Request::Pack { path: path.to_vec(), options }, Some(writer))?;
        Ok((Task { files: self }, reader.into()))
    }

    /// Begins to unpack the archive that `input` is open on in the directory `path`.
    pub fn unpack_from(&self, path: &[u8], options: UnpackOptions, input: OwnedFd) -> Step<Task<'_>> {
        self.ask(&Request::Unpack { path: path.to_vec(), options }, Some(input))?;
        Ok(Task { files: self })
    }

    /// Begins to unpack an archive that is to be written to the file.
    pub fn unpack(&self, path: &[u8], options: UnpackOptions) -> Step<(Task<'_>, File)> {
        let (reader, writer) = pipe()?;
        Ok((self.unpack_from(path, options, reader)?, writer.into()))
    }

    /// What differs from the image.
    pub fn changes(&self) -> Result<Vec<Change>, Error> {
        let (reader, writer) = pipe()?;
        self.ask(&Request::Changes, Some(writer))?;
        let changes = changes::read(File::from(reader));
        Task { files: self }.wait()?;
        Ok(changes?)
    }

    /// Begins to write a layer of what differs from the image.
    pub fn layer(&self) -> Step<(Task<'_>, File)> {
        let (reader, writer) = pipe()?;
        self.ask(&Request::Layer, Some(writer))?;
        Ok((Task { files: self }, reader.into()))
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // The worker ends with its socket; its mounts must be gone before somebody else makes them.
        let _ = rustix::net::shutdown(&self.socket, rustix::net::Shutdown::Both);
        crate::runtime::guard::exit_code(self.process.as_fd());
    }
}

fn pipe() -> Step<(OwnedFd, OwnedFd)> {
    pipe_with(PipeFlags::CLOEXEC).map_err(|error| Failure::setup("make a pipe", error))
}
