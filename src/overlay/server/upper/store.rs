//! The container's writable directories on the host, and where attributes are kept.
//!
//! ```text
//! upper/              the changes: files and directories by name, `.wh.<name>` for what is hidden
//! work/tmp/           copies being made; emptied at every start
//! work/links/         files that are getting several names at once, each with a note of these names
//! work/attributes/    one file per inode, for symbolic links and where the file system has no user attributes
//! ```

use super::handle::Handle;
use super::links::{self, Links};
use super::target::Target;
use super::whiteout;
use crate::sys::file_system;
use rustix::fs::{FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};

/// The attribute of a [`super::record::Record`].
const RECORD: &[u8] = b"user.coracle";
/// In front of attributes that we may not set under their own name.
const FOREIGN: &[u8] = b"user.coracle.";

/// The directories.
#[derive(Debug)]
pub(super) struct Store {
    pub upper: Handle,
    tmp: Handle,
    links: Handle,
    /// Where attributes are that are not at the files.
    beside: Handle,
    /// Whether files can have attributes.
    has_attributes: bool,
    /// Whether the directories are a journal's, where symbolic links have attributes as well.
    is_journalled: bool,
    /// Whether files that are removed while they are open keep a name until they are closed (NFS).
    pub keeps_open_names: bool,
    next: AtomicU64,
}

impl Store {
    /// Opens the directories and throws away what an earlier server left behind.
    pub(super) fn open(upper: Handle, work: &Handle) -> Result<Store, Errno> {
        let tmp = cleared(work, "tmp")?;
        let is_journalled = upper.is_journalled();
        let has_attributes = match Target::opened(tmp.clone()).set_xattr(RECORD, b"0:0:40700") {
            Ok(()) => true,
            Err(Errno::OPNOTSUPP | Errno::PERM | Errno::NOSYS) => false,
            Err(error) => return Err(error),
        };
        let beside = made(work, "attributes")?;
        let links = made(work, "links")?;
        links::finish(&links, &upper)?;
        let keeps_open_names = !is_journalled && file_system::kind_of(upper.anchor())? == file_system::NFS;
        let next = AtomicU64::new(0);
        Ok(Store { upper, tmp, links, beside, has_attributes, is_journalled, keeps_open_names, next })
    }

    /// Whether a name cannot be a container's.
    pub(super) fn is_reserved(&self, name: &[u8]) -> bool {
        whiteout::is_reserved(name) || self.keeps_open_names && whiteout::is_silly(name)
    }

    /// Handles of all directories that files are opened in.
    pub(super) fn directories(&self) -> io::Result<Vec<OwnedFd>> {
        let mut places = Vec::new();
        for directory in [&self.upper, &self.tmp, &self.links, &self.beside] {
            places.extend(directory.places()?);
        }
        Ok(places)
    }

    /// A fresh name in the directory for copies.
    pub(super) fn temporary(&self) -> (Handle, Box<[u8]>) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (self.tmp.clone(), format!("{number:x}").into_bytes().into())
    }

    /// Notes that the temporary file is to get the names `paths`, so that a crash cannot leave some of them with the file from
    /// below. Gives the file's place until then.
    pub(super) fn begin_links(&self, temporary: (&Handle, &[u8]), paths: &[Vec<u8>]) -> Result<Links, Errno> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        links::begin(&self.links, number, temporary, paths)
    }

    /// Whether the attributes of a file are not at the file.
    pub(super) fn is_beside(&self, target: &Target) -> bool {
        !self.is_journalled && (target.is_link || !self.has_attributes)
    }

    /// The file is new or gone: its inode number may be that of another file, before or after.
    pub(super) fn forget_attributes(&self, target: &Target) {
        if self.is_beside(target) {
            // Absent in the usual case.
            let _ = self.beside.unlink(beside_name(target).as_bytes());
        }
    }

    pub(super) fn record(&self, target: &Target) -> Result<Option<Vec<u8>>, Errno> {
        self.get(target, RECORD)
    }

    pub(super) fn set_record(&self, target: &Target, text: &[u8]) -> Result<(), Errno> {
        self.set(target, RECORD, text)
    }

    pub(super) fn remove_record(&self, target: &Target) -> Result<(), Errno> {
        self.remove(target, RECORD).map(drop)
    }

    /// The value of the attribute that the container calls `name`.
    pub(super) fn xattr(&self, target: &Target, name: &[u8]) -> Result<Option<Vec<u8>>, Errno> {
        self.get(target, &backing_name(name))
    }

    pub(super) fn set_xattr(&self, target: &Target, name: &[u8], value: &[u8]) -> Result<(), Errno> {
        self.set(target, &backing_name(name), value)
    }

    /// True when it was there.
    pub(super) fn remove_xattr(&self, target: &Target, name: &[u8]) -> Result<bool, Errno> {
        self.remove(target, &backing_name(name))
    }

    /// Names of the container's attributes.
    pub(super) fn xattr_names(&self, target: &Target) -> Result<Vec<Vec<u8>>, Errno> {
        let names = match self.is_beside(target) {
            false => target.xattr_names()?,
            true => self.read_beside(target)?.into_iter().map(|(name, _)| name).collect(),
        };
        Ok(names.into_iter().filter_map(|name| container_name(&name)).collect())
    }

    fn get(&self, target: &Target, name: &[u8]) -> Result<Option<Vec<u8>>, Errno> {
        if !self.is_beside(target) {
            return target.xattr(name);
        }
        let found = self.read_beside(target)?;
        Ok(found.into_iter().find(|(known, _)| known == name).map(|(_, value)| value))
    }

    fn set(&self, target: &Target, name: &[u8], value: &[u8]) -> Result<(), Errno> {
        if !self.is_beside(target) {
            return target.set_xattr(name, value);
        }
        let mut all = self.read_beside(target)?;
        all.retain(|(known, _)| known != name);
        all.push((name.to_vec(), value.to_vec()));
        self.write_beside(target, &all)
    }

    fn remove(&self, target: &Target, name: &[u8]) -> Result<bool, Errno> {
        if !self.is_beside(target) {
            return target.remove_xattr(name);
        }
        let mut all = self.read_beside(target)?;
        let before = all.len();
        all.retain(|(known, _)| known != name);
        if all.len() == before {
            return Ok(false);
        }
        self.write_beside(target, &all).map(|()| true)
    }

    fn write_beside(&self, target: &Target, all: &[Xattr]) -> Result<(), Errno> {
        if all.is_empty() {
            self.forget_attributes(target);
            return Ok(());
        }
        let mut bytes = Vec::new();
        for (name, value) in all {
            bytes.extend((name.len() as u32).to_le_bytes());
            bytes.extend((value.len() as u32).to_le_bytes());
            bytes.extend(name);
            bytes.extend(value);
        }
        let (tmp, name) = self.temporary();
        let file = tmp.create(&name, Mode::from_raw_mode(0o600))?;
        write_all(file.contents()?, &bytes, 0)?;
        tmp.rename(&name, &self.beside, beside_name(target).as_bytes())
    }

    fn read_beside(&self, target: &Target) -> Result<Vec<Xattr>, Errno> {
        let file = match Target::named(&self.beside, beside_name(target).as_bytes()).open(OFlags::RDONLY) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let bytes = read_all(&file, LARGEST_BESIDE)?;
        let mut rest = &bytes[..];
        Ok(std::iter::from_fn(|| split_xattr(&mut rest)).collect())
    }
}

type Xattr = (Vec<u8>, Vec<u8>);

fn beside_name(target: &Target) -> String {
    format!("{:x}", target.backing)
}

/// All attributes of one file together, as the common file systems limit them.
const LARGEST_BESIDE: u64 = 1 << 20;

fn split_xattr(rest: &mut &[u8]) -> Option<Xattr> {
    let (name_length, after) = rest.split_first_chunk::<4>()?;
    let (value_length, after) = after.split_first_chunk::<4>()?;
    let (name, after) = after.split_at_checked(u32::from_le_bytes(*name_length) as usize)?;
    let (value, after) = after.split_at_checked(u32::from_le_bytes(*value_length) as usize)?;
    *rest = after;
    Some((name.to_vec(), value.to_vec()))
}

/// What an attribute is called on the backing file. `user.*` keeps its name, except where ours would be met.
fn backing_name(name: &[u8]) -> Vec<u8> {
    if name.starts_with(b"user.") && !name.starts_with(RECORD) {
        return name.to_vec();
    }
    [FOREIGN, name].concat()
}

/// What the container calls an attribute of the backing file; `None` for those it is not shown.
fn container_name(name: &[u8]) -> Option<Vec<u8>> {
    if let Some(foreign) = name.strip_prefix(FOREIGN) {
        return Some(foreign.to_vec());
    }
    (name.starts_with(b"user.") && name != RECORD).then(|| name.to_vec())
}

/// Opens a directory of the work directory, making it if need be.
fn made(work: &Handle, name: &str) -> Result<Handle, Errno> {
    match work.make_directory(name.as_bytes(), Mode::from_raw_mode(0o700)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error),
    }
    work.open_directory(name.as_bytes())
}

/// The same, emptied. It holds files and directories that are empty but for whiteouts.
fn cleared(work: &Handle, name: &str) -> Result<Handle, Errno> {
    let directory = made(work, name)?;
    for (name, kind) in directory.names()? {
        if kind != FileType::Directory {
            directory.unlink(&name)?;
        } else {
            remove_emptied(&directory, &name)?;
        }
    }
    Ok(directory)
}

/// Removes a directory in which there are at most whiteouts, and files that an NFS client keeps until they are closed: then
/// it stays for the next start.
pub(super) fn remove_emptied(parent: &Handle, name: &[u8]) -> Result<(), Errno> {
    let removed = parent.remove_directory(name);
    if removed != Err(Errno::NOTEMPTY) && removed != Err(Errno::EXIST) {
        return removed;
    }
    let directory = parent.open_directory(name)?;
    for (name, _) in directory.names()? {
        let is_silly = whiteout::is_silly(&name);
        if is_silly || whiteout::is_reserved(&name) {
            match directory.unlink(&name) {
                Err(Errno::BUSY) if is_silly => return Ok(()),
                result => result?,
            }
        }
    }
    parent.remove_directory(name)
}

/// All of a file, at most `limit` bytes.
pub(super) fn read_all(file: &Handle, limit: u64) -> Result<Vec<u8>, Errno> {
    let contents = file.contents()?;
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    while (bytes.len() as u64) < limit {
        match rustix::io::pread(contents, &mut chunk, bytes.len() as u64) {
            Ok(0) => break,
            Ok(length) => bytes.extend_from_slice(chunk.get(..length).unwrap_or_default()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

/// Writes all of `bytes`.
pub(super) fn write_all(file: impl AsFd, mut bytes: &[u8], mut offset: u64) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match rustix::io::pwrite(&file, bytes, offset) {
            Ok(0) => return Err(Errno::IO),
            Ok(written) => {
                offset += written as u64;
                bytes = bytes.get(written..).unwrap_or_default();
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Renames unless there is a file of that name.
pub(super) fn rename_new(from: (&Handle, &[u8]), to: (&Handle, &[u8])) -> Result<(), Errno> {
    match from.0.rename_with(from.1, to.0, to.1, RenameFlags::NOREPLACE) {
        // Not every file system knows the flag; no one else writes here.
        Err(Errno::INVAL | Errno::NOSYS) => from.0.rename(from.1, to.0, to.1),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_keep_their_names_or_are_moved_aside() {
        for name in
            [&b"user.mine"[..], b"user.coracle", b"user.coracle.x", b"security.capability", b"trusted.overlay.x"]
        {
            let backing = backing_name(name);
            assert!(backing.starts_with(b"user.") && backing != RECORD);
            assert_eq!(container_name(&backing).as_deref(), Some(name));
        }
        assert_eq!(container_name(RECORD), None);
        assert_eq!(container_name(b"security.selinux"), None);
    }

    #[test]
    fn attributes_beside_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let open = |name: &str| {
            std::fs::create_dir_all(directory.path().join(name)).unwrap();
            Handle::from(OwnedFd::from(std::fs::File::open(directory.path().join(name)).unwrap()))
        };
        let work = open("work");
        let mut store = Store::open(open("upper"), &work).unwrap();
        store.has_attributes = false;
        std::fs::write(directory.path().join("upper/f"), "").unwrap();
        let target = Target::named(&store.upper, b"f");
        let target = target.clone().with(&target.stat().unwrap());
        assert_eq!(store.record(&target), Ok(None));
        store.set_record(&target, b"1:2:100644").unwrap();
        store.set_xattr(&target, b"security.capability", b"\0\x01").unwrap();
        store.set_xattr(&target, b"user.x", b"").unwrap();
        assert_eq!(store.record(&target).unwrap().unwrap(), b"1:2:100644");
        assert_eq!(store.xattr_names(&target).unwrap(), [&b"security.capability"[..], b"user.x"]);
        assert_eq!(store.remove_xattr(&target, b"user.x"), Ok(true));
        assert_eq!(store.remove_xattr(&target, b"user.x"), Ok(false));
        store.forget_attributes(&target);
        assert_eq!(store.record(&target), Ok(None));
    }
}
