//! The container's writable directories on the host, and where attributes are kept.
//!
//! ```text
//! upper/              the changes: files and directories by name, `.wh.<name>` for what is hidden
//! work/tmp/           copies being made; emptied at every start
//! work/links/         files that are getting several names at once, each with a note of these names
//! work/attributes/    one file per inode, for symbolic links and where the file system has no user attributes
//! ```

use super::links::{self, Links};
use super::target::Target;
use super::whiteout;
use crate::sys::file_system;
use rustix::fs::{AtFlags, Mode, OFlags, RawDir, RenameFlags};
use rustix::io::Errno;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The attribute of a [`super::record::Record`].
const RECORD: &[u8] = b"user.coracle";
/// In front of attributes that we may not set under their own name.
const FOREIGN: &[u8] = b"user.coracle.";
/// Buffer for one getdents64(2), on the stack.
const LISTING_BYTES: usize = 16 << 10;

/// The directories.
#[derive(Debug)]
pub(super) struct Store {
    pub upper: Arc<OwnedFd>,
    tmp: Arc<OwnedFd>,
    links: Arc<OwnedFd>,
    /// Where attributes are that are not at the files.
    beside: OwnedFd,
    /// Whether files can have attributes.
    has_attributes: bool,
    /// Whether files that are removed while they are open keep a name until they are closed (NFS).
    pub keeps_open_names: bool,
    next: AtomicU64,
}

/// The flags every directory is opened with.
pub(super) const DIRECTORY: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl Store {
    /// Opens the directories and throws away what an earlier server left behind.
    pub(super) fn open(upper: OwnedFd, work: &OwnedFd) -> Result<Store, Errno> {
        let tmp = cleared(work, "tmp")?;
        let tmp = Arc::new(tmp);
        let has_attributes = match Target::opened(Arc::clone(&tmp)).set_xattr(RECORD, b"0:0:40700") {
            Ok(()) => true,
            Err(Errno::OPNOTSUPP | Errno::PERM | Errno::NOSYS) => false,
            Err(error) => return Err(error),
        };
        let beside = made(work, "attributes")?;
        let links = Arc::new(made(work, "links")?);
        links::finish(&links, &upper)?;
        let upper = Arc::new(upper);
        let keeps_open_names = file_system::kind_of(&upper)? == file_system::NFS;
        Ok(Store { upper, tmp, links, beside, has_attributes, keeps_open_names, next: AtomicU64::new(0) })
    }

    /// Whether a name cannot be a container's.
    pub(super) fn is_reserved(&self, name: &[u8]) -> bool {
        whiteout::is_reserved(name) || self.keeps_open_names && whiteout::is_silly(name)
    }

    /// Handles of all directories that files are opened in.
    pub(super) fn directories(&self) -> io::Result<[OwnedFd; 4]> {
        Ok([self.upper.try_clone()?, self.tmp.try_clone()?, self.links.try_clone()?, self.beside.try_clone()?])
    }

    /// A fresh name in the directory for copies.
    pub(super) fn temporary(&self) -> (Arc<OwnedFd>, Box<[u8]>) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (Arc::clone(&self.tmp), format!("{number:x}").into_bytes().into())
    }

    /// Notes that the temporary file is to get the names `paths`, so that a crash cannot leave some of them with the file from
    /// below. Gives the file's place until then.
    pub(super) fn begin_links(&self, temporary: (&OwnedFd, &[u8]), paths: &[Vec<u8>]) -> Result<Links, Errno> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        links::begin(&self.links, number, temporary, paths)
    }

    /// Whether the attributes of a file are not at the file.
    pub(super) fn is_beside(&self, target: &Target) -> bool {
        target.is_link || !self.has_attributes
    }

    /// The file is new or gone: its inode number may be that of another file, before or after.
    pub(super) fn forget_attributes(&self, target: &Target) {
        if self.is_beside(target) {
            // Absent in the usual case.
            let _ = rustix::fs::unlinkat(&self.beside, beside_name(target), AtFlags::empty());
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
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&tmp, &*name, flags, Mode::from_raw_mode(0o600))?;
        write_all(&file, &bytes, 0)?;
        rustix::fs::renameat(&tmp, &*name, &self.beside, beside_name(target))
    }

    fn read_beside(&self, target: &Target) -> Result<Vec<Xattr>, Errno> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&self.beside, beside_name(target), flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        let mut reader = std::io::Read::take(std::fs::File::from(file), LARGEST_BESIDE);
        std::io::Read::read_to_end(&mut reader, &mut bytes).map_err(|_| Errno::IO)?;
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
fn made(work: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
    match rustix::fs::mkdirat(work, name, Mode::from_raw_mode(0o700)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error),
    }
    rustix::fs::openat(work, name, DIRECTORY, Mode::empty())
}

/// The same, emptied. It holds files and directories that are empty but for whiteouts.
fn cleared(work: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
    let directory = made(work, name)?;
    for (name, kind) in names(&directory)? {
        if kind != rustix::fs::FileType::Directory {
            rustix::fs::unlinkat(&directory, name, AtFlags::empty())?;
        } else {
            remove_emptied(&directory, &name)?;
        }
    }
    Ok(directory)
}

/// Removes a directory in which there are at most whiteouts, and files that an NFS client keeps until they are closed: then
/// it stays for the next start.
pub(super) fn remove_emptied(parent: impl AsFd, name: &[u8]) -> Result<(), Errno> {
    let removed = rustix::fs::unlinkat(&parent, name, AtFlags::REMOVEDIR);
    if removed != Err(Errno::NOTEMPTY) && removed != Err(Errno::EXIST) {
        return removed;
    }
    let directory = rustix::fs::openat(&parent, name, DIRECTORY, Mode::empty())?;
    for (name, _) in names(&directory)? {
        let is_silly = whiteout::is_silly(&name);
        if is_silly || whiteout::is_reserved(&name) {
            match rustix::fs::unlinkat(&directory, name, AtFlags::empty()) {
                Err(Errno::BUSY) if is_silly => return Ok(()),
                result => result?,
            }
        }
    }
    rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR)
}

/// Names and types in a directory, without the dots.
pub(super) fn names(directory: impl AsFd) -> Result<Vec<(Vec<u8>, rustix::fs::FileType)>, Errno> {
    // A descriptor of its own, because the position belongs to the descriptor.
    let listing = rustix::fs::openat(directory, c".", DIRECTORY, Mode::empty())?;
    let mut buffer = [MaybeUninit::uninit(); LISTING_BYTES];
    let mut entries = RawDir::new(&listing, &mut buffer);
    let mut found = Vec::new();
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if !matches!(name, b"." | b"..") {
            found.push((name.to_vec(), entry.file_type()));
        }
    }
    Ok(found)
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
pub(super) fn rename_new(from: (&OwnedFd, &[u8]), to: (&OwnedFd, &[u8])) -> Result<(), Errno> {
    match rustix::fs::renameat_with(from.0, from.1, to.0, to.1, RenameFlags::NOREPLACE) {
        // Not every file system knows the flag; no one else writes here.
        Err(Errno::INVAL | Errno::NOSYS) => rustix::fs::renameat(from.0, from.1, to.0, to.1),
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
            rustix::fs::open(directory.path().join(name), DIRECTORY, Mode::empty()).unwrap()
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
