//! `volume export` and `volume import`: what is in a volume as a tar.
//!
//! A volume's files may belong to subordinate ids, so a child process that has them does it; owners in the tar are those
//! that containers see under the usual id map.

use crate::engine::Engine;
use crate::engine::error::Error;
use crate::engine::files::{PackOptions, UnpackOptions, pack, unpack};
use crate::image::decompress::Decompressor;
use crate::runtime::failure::{Failure, Step};
use crate::runtime::guard::{exit, exit_code};
use crate::runtime::id_map::{self, HostIds};
use crate::runtime::rooted::Rooted;
use crate::store::layer_index::begins_as_tar;
use crate::sys::message;
use crate::sys::process::{Fork, NewNamespaces, fork_into};
use rustix::fs::{Mode, OFlags};
use std::io::{BufWriter, Cursor, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;

/// Longest message of the child, in bytes: a line that quotes a path.
const LONGEST: usize = 64 << 10;

impl Engine {
    /// Writes what is in a volume to `out`. The caller must have one thread.
    ///
    /// # Errors
    /// There is no such volume; its files cannot be read; `out` cannot be written.
    pub fn export_volume(&self, name: &str, out: impl Write) -> Result<(), Error> {
        let root = self.volume_root(name)?;
        Ok(with_ids(|| pack(&root, Path::new("/"), &PackOptions::default(), BufWriter::new(out)))?)
    }

    /// Unpacks an archive, compressed or not, in a volume. The caller must have one thread.
    ///
    /// # Errors
    /// There is no such volume; it is no archive; the volume cannot be written.
    pub fn import_volume(&self, name: &str, input: impl Read) -> Result<(), Error> {
        let root = self.volume_root(name)?;
        Ok(with_ids(|| {
            let failed = |error: std::io::Error| Failure::setup("read the archive", error);
            let mut input = Decompressor::new(input).map_err(failed)?;
            let mut first = Vec::new();
            input.by_ref().take(512).read_to_end(&mut first).map_err(failed)?;
            if !begins_as_tar(&first) {
                return Err(Failure::message("source must be a (compressed) tar archive"));
            }
            let options = UnpackOptions { overwrite: true, ..UnpackOptions::default() };
            unpack(&root, Path::new("/"), &options, Cursor::new(first).chain(input))
        })?)
    }

    fn volume_root(&self, name: &str) -> Result<Rooted, Error> {
        let path = self.volumes().data(&self.volumes().find(name)?.name);
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::open(&path, flags, Mode::empty()).map(Rooted::new).map_err(|error| Error::File {
            operation: "open",
            path,
            source: error.into(),
        })
    }
}

/// Runs `action` in a child that has all of the user's ids, for real root in this process.
fn with_ids(action: impl FnOnce() -> Step<()>) -> Step<()> {
    let host = HostIds::detect();
    if host.privileged {
        rustix::process::umask(Mode::empty());
        return action();
    }
    let failed = |error| Failure::setup("start a process with the volume's ids", error);
    let (parent, child) = message::pair().map_err(failed)?;
    match fork_into(NewNamespaces::USER).map_err(failed)? {
        Fork::Child => {
            drop(parent);
            let is_mapped = matches!(message::receive(&child, 1), Ok(Some(_)));
            rustix::process::umask(Mode::empty());
            let done = if is_mapped { action() } else { exit(1) };
            if let Err(failure) = done {
                let bytes = serde_json::to_vec(&failure).unwrap_or_default();
                let _ = message::send(&child, &bytes, &[]); // a parent that is gone needs no answer
                exit(1)
            }
            exit(0)
        }
        Fork::Parent { pid, pidfd } => {
            drop(child);
            let mapped = id_map::write(pid.as_raw_nonzero().get() as u32, &host.intermediate, &host);
            if mapped.is_ok() {
                let _ = message::send(&parent, b"m", &[]); // a dead child shows in its exit code
            }
            let said = match &mapped {
                Ok(()) => message::receive(&parent, LONGEST).ok().flatten(),
                Err(_) => None,
            };
            drop(parent);
            let code = exit_code(pidfd.as_fd());
            mapped.map_err(|error| Failure::message(error.to_string()))?;
            match said.and_then(|message| serde_json::from_slice::<Failure>(&message.bytes).ok()) {
                Some(failure) => Err(failure),
                None if code == 0 => Ok(()),
                None => Err(Failure::message("the process with the volume's ids ended unexpectedly")),
            }
        }
    }
}
