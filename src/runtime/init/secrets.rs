//! Secrets as files: each is copied into memory of the container's own and mounted at its place.
//!
//! The memory is one tmpfs. To mount single files of it, it has to be attached somewhere in this process's mount namespace
//! first (`open_tree(2)` clones only mounts of the caller's): that is the host directory the copies come from, which
//! goes out of sight with all of the host when the root is pivoted.

use super::mounts::{attach, bind_at, new_file_system, open_handle};
use super::options::MountOptions;
use crate::runtime::failure::{Failure, Step};
use crate::runtime::plan::{RuntimePlan, SecretPlan};
use crate::runtime::rooted::Rooted;
use crate::sys::mount::MountAttributes;
use rustix::fs::{Gid, Mode, OFlags, Uid};
use rustix::io::Errno;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::Path;

/// Secrets whose bytes are open.
pub(super) struct Secrets<'a> {
    directory: Option<OwnedFd>,
    files: Vec<(&'a SecretPlan, File)>,
}

impl<'a> Secrets<'a> {
    /// Opens the bytes with the user's own rights.
    pub(super) fn open(plan: &'a RuntimePlan) -> Step<Self> {
        let open = |secret: &'a SecretPlan| {
            let failed = |error| Failure::setup(format_args!("open \"{}\"", secret.source.display()), error);
            File::open(&secret.source).map(|file| (secret, file)).map_err(failed)
        };
        let files = plan.secrets.iter().map(open).collect::<Step<Vec<_>>>()?;
        let directory = files.first().and_then(|(secret, _)| secret.source.parent()).map(open_handle).transpose()?;
        Ok(Secrets { directory, files })
    }

    /// Mounts all of them beneath `root`.
    pub(super) fn show(mut self, root: &Rooted) -> Step<()> {
        let Some(directory) = &self.directory else { return Ok(()) };
        let options = MountOptions {
            set: MountAttributes::NO_SUID | MountAttributes::NO_DEV | MountAttributes::NO_EXEC,
            data: vec!["mode=0700".to_owned()],
            ..Default::default()
        };
        let failed = |error: Errno| Failure::setup("make memory for secrets", error);
        let memory = new_file_system("tmpfs", "tmpfs", &options).map_err(failed)?;
        attach(&memory, directory).map_err(failed)?;
        for (place, (secret, bytes)) in self.files.iter_mut().enumerate() {
            let made = write(&memory, &place.to_string(), secret, bytes)
                .and_then(|file| Ok(bind_at(root, &file, &secret.destination)?));
            made.map_err(|error| {
                Failure::setup(format_args!("show secret \"{}\"", secret.destination.display()), error)
            })?;
        }
        Ok(())
    }
}

fn write(memory: &OwnedFd, name: &str, secret: &SecretPlan, bytes: &mut File) -> std::io::Result<OwnedFd> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
    let file = rustix::fs::openat(memory, Path::new(name), flags, Mode::from_raw_mode(0o600))?;
    let mut file = File::from(file);
    std::io::copy(bytes, &mut file)?;
    match rustix::fs::fchown(&file, Some(Uid::from_raw(secret.uid)), Some(Gid::from_raw(secret.gid))) {
        // Under a one-id map there is nobody else to give it to, nor anybody else to read it.
        Ok(()) | Err(Errno::INVAL | Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    rustix::fs::fchmod(&file, Mode::from_raw_mode(secret.mode))?;
    Ok(file.into())
}
