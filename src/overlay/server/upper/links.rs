//! Giving a copied-up file all its names, in spite of crashes.
//!
//! The file waits as `work/links/<n>`, the names it is to get are in `<n>.names`, one after the other, each ended by a
//! NUL. A note that the next start finds is carried out again; a file without a note was not yet or not any more needed.

use super::store::{names, write_all};
use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// Behind the name of a note.
const SUFFIX: &[u8] = b".names";
/// A note longer than this is none of ours.
const LARGEST_NOTE: u64 = 64 << 20;

/// A file that is getting its names.
#[derive(Debug)]
pub(super) struct Links {
    pub directory: Arc<OwnedFd>,
    pub name: Box<[u8]>,
}

pub(super) fn begin(
    directory: &Arc<OwnedFd>,
    number: u64,
    (temporary, temporary_name): (&OwnedFd, &[u8]),
    paths: &[Vec<u8>],
) -> Result<Links, Errno> {
    let name: Box<[u8]> = format!("{number:x}").into_bytes().into();
    let mut text = paths.join(&0);
    text.push(0);
    let unfinished = [&name, &b".new"[..]].concat();
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC;
    let file = rustix::fs::openat(directory, &*unfinished, flags, Mode::from_raw_mode(0o600))?;
    write_all(&file, &text, 0)?;
    rustix::fs::renameat(temporary, temporary_name, directory, &*name)?;
    rustix::fs::renameat(directory, &*unfinished, directory, [&name, SUFFIX].concat())?;
    Ok(Links { directory: Arc::clone(directory), name })
}

impl Links {
    /// All names are there.
    pub(super) fn end(&self) -> Result<(), Errno> {
        rustix::fs::unlinkat(&self.directory, [&self.name, SUFFIX].concat(), AtFlags::empty())?;
        rustix::fs::unlinkat(&self.directory, &*self.name, AtFlags::empty())
    }
}

/// Carries out what a crash interrupted.
pub(super) fn finish(links: &Arc<OwnedFd>, upper: &OwnedFd) -> Result<(), Errno> {
    let found = names(links)?;
    for (note, _) in &found {
        let Some(name) = note.strip_suffix(SUFFIX) else { continue };
        let file = rustix::fs::openat(links, &**note, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        let mut text = Vec::new();
        let mut file = std::fs::File::from(file).take(LARGEST_NOTE);
        file.read_to_end(&mut text).map_err(|_| Errno::IO)?;
        for path in text.split(|&byte| byte == 0).filter(|path| !path.is_empty()) {
            link(links, name, upper, path)?;
        }
        rustix::fs::unlinkat(links, &**note, AtFlags::empty())?;
    }
    for (name, _) in found.iter().filter(|(name, _)| !name.ends_with(SUFFIX)) {
        rustix::fs::unlinkat(links, &**name, AtFlags::empty())?;
    }
    Ok(())
}

fn link(links: &OwnedFd, file: &[u8], upper: &OwnedFd, path: &[u8]) -> Result<(), Errno> {
    let (parent, name) = match path.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (&b"."[..], path),
    };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let parent = rustix::fs::openat2(upper, parent, flags, Mode::empty(), resolve)?;
    match rustix::fs::linkat(links, file, &parent, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error),
    }
}
