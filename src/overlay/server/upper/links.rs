//! Giving a copied-up file all its names, in spite of crashes.
//!
//! The file waits as `work/links/<n>`, the names it is to get are in `<n>.names`, one after the other, each ended by a
//! NUL. A note that the next start finds is carried out again; a file without a note was not yet or not any more needed.

use super::handle::Handle;
use super::store::{read_all, write_all};
use super::target::Target;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// Behind the name of a note.
const SUFFIX: &[u8] = b".names";
/// A note longer than this is none of ours.
const LARGEST_NOTE: u64 = 64 << 20;

/// A file that is getting its names.
#[derive(Debug)]
pub(super) struct Links {
    pub directory: Handle,
    pub name: Box<[u8]>,
}

pub(super) fn begin(
    directory: &Handle,
    number: u64,
    (temporary, temporary_name): (&Handle, &[u8]),
    paths: &[Vec<u8>],
) -> Result<Links, Errno> {
    let name: Box<[u8]> = format!("{number:x}").into_bytes().into();
    let mut text = paths.join(&0);
    text.push(0);
    let unfinished = [&name, &b".new"[..]].concat();
    let file = directory.create(&unfinished, Mode::from_raw_mode(0o600))?;
    write_all(file.contents()?, &text, 0)?;
    temporary.rename(temporary_name, directory, &name)?;
    directory.rename(&unfinished, directory, &[&name, SUFFIX].concat())?;
    Ok(Links { directory: directory.clone(), name })
}

impl Links {
    /// All names are there.
    pub(super) fn end(&self) -> Result<(), Errno> {
        self.directory.unlink(&[&self.name, SUFFIX].concat())?;
        self.directory.unlink(&self.name)
    }
}

/// Carries out what a crash interrupted.
pub(super) fn finish(links: &Handle, upper: &Handle) -> Result<(), Errno> {
    let found = links.names()?;
    for (note, _) in &found {
        let Some(name) = note.strip_suffix(SUFFIX) else { continue };
        let text = read_all(&Target::named(links, note).open(OFlags::RDONLY)?, LARGEST_NOTE)?;
        for path in text.split(|&byte| byte == 0).filter(|path| !path.is_empty()) {
            link(links, name, upper, path)?;
        }
        links.unlink(note)?;
    }
    for (name, _) in found.iter().filter(|(name, _)| !name.ends_with(SUFFIX)) {
        links.unlink(name)?;
    }
    Ok(())
}

fn link(links: &Handle, file: &[u8], upper: &Handle, path: &[u8]) -> Result<(), Errno> {
    let mut names = path.split(|&byte| byte == b'/');
    let name = names.next_back().unwrap_or_default();
    let mut parent = upper.clone();
    for directory in names {
        // A note is ours, and a path in it has no such names.
        if matches!(directory, b"" | b"." | b"..") {
            return Err(Errno::INVAL);
        }
        parent = parent.open_directory(directory)?;
    }
    match links.link(file, &parent, name) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error),
    }
}
