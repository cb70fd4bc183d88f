//! What is in files.

use super::copy_up::Purpose;
use super::handle::Handle;
use super::record::TYPE;
use super::table::{Inode, Known};
use super::target::Target;
use super::{Held, Step, Upper, lower_errno, space, store};
use crate::overlay::server::adapter::{Allocation, CopyRange, Write};
use rustix::fs::{FallocateFlags, OFlags, SeekFrom};
use rustix::io::Errno;
use std::sync::Arc;

/// The attribute that a write takes away.
const CAPABILITY: &[u8] = b"security.capability";

impl Upper {
    /// The backing file of a regular file that has one.
    pub(super) fn file(&self, inode: &Arc<Inode>) -> Step<Handle> {
        if let Some(known) = self.files.get(inode.number) {
            return Ok(known);
        }
        let record = inode.record().ok_or(Errno::STALE)?;
        if record.mode & TYPE != libc::S_IFREG {
            return Err(Errno::INVAL);
        }
        let _names = self.names_shared();
        let target = self.target(inode)?;
        if let Some(orphan) = target.descriptor() {
            return Ok(orphan.clone());
        }
        let opened = self.with_descriptors(|| match target.open(OFlags::RDWR | OFlags::NOATIME) {
            Err(Errno::PERM) => target.open(OFlags::RDWR),
            result => result,
        });
        let opened = opened?;
        self.files.insert(inode.number, opened.clone());
        Ok(opened)
    }

    /// The backing file, which is made if there is none.
    fn file_to_write(&self, number: u64) -> Step<(Arc<Inode>, Handle)> {
        let inode = self.inode(number)?;
        self.raise(&inode, Purpose::WHOLE)?;
        self.fetch_contents(&inode, u64::MAX)?;
        let file = self.file(&inode)?;
        Ok((inode, file))
    }

    pub(super) fn read_at(&self, number: u64, offset: u64, buffer: &mut [u8]) -> Step<usize> {
        let inode = match self.contents(number)? {
            Held::Below(lower) => return self.lower.read(lower, 0, offset, buffer).map_err(lower_errno),
            Held::Above(inode) => inode,
        };
        let file = self.file(&inode)?;
        let contents = file.contents()?;
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match rustix::io::pread(contents, rest, offset + filled as u64) {
                Ok(0) => break,
                Ok(length) => filled += length,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    pub(super) fn write_at(&self, write: &Write<'_>) -> Step<()> {
        let (inode, file) = self.file_to_write(write.inode)?;
        // Rights go when somebody writes, of which the kernel takes care for its pages, not when it writes these back, which may be
        // after somebody has given the file new ones.
        if !write.is_cached || write.drops_set_id {
            self.before_write(&inode, write.drops_set_id)?;
        }
        self.within_limit(&inode, &file, write.offset, write.data.len() as u64, || {
            store::write_all(file.contents()?, write.data, write.offset)?;
            file.changed()
        })
    }

    /// Runs a change of `length` bytes from `offset` on, if the limit allows it, and counts what it took.
    fn within_limit<T>(
        &self,
        inode: &Arc<Inode>,
        file: &Handle,
        offset: u64,
        length: u64,
        change: impl FnOnce() -> Step<T>,
    ) -> Step<T> {
        if !self.space.is_limited() {
            return change();
        }
        if !self.space.fits(length) && !is_allocated(file, offset, length) {
            self.space.check(length)?;
        }
        let result = change();
        self.count(inode, file)?;
        result
    }

    /// Counts what a file takes now.
    pub(super) fn count(&self, inode: &Arc<Inode>, file: &Handle) -> Step<()> {
        if self.space.is_limited() {
            let mut state = inode.state();
            let now = space::allocated(&file.stat()?);
            self.space.charge(state.charged, now);
            state.charged = now;
        }
        Ok(())
    }

    /// What every write does to rights (FUSE_HANDLE_KILLPRIV_V2 leaves it to us).
    pub(super) fn before_write(&self, inode: &Arc<Inode>, drops_set_id: bool) -> Step<()> {
        if drops_set_id && inode.record().is_some_and(|mut record| record.drop_set_id()) {
            self.update_record(inode, &|record| _ = record.drop_set_id())?;
        }
        if inode.state().capability == Known::Perhaps {
            let _names = self.names_shared();
            self.store.remove_xattr(&self.target(inode)?, CAPABILITY)?;
            inode.state().capability = Known::Absent;
        }
        Ok(())
    }

    pub(super) fn truncate(&self, inode: &Arc<Inode>, size: u64) -> Step<()> {
        self.before_write(inode, true)?;
        self.fetch_contents(inode, size)?;
        let file = self.file(inode)?;
        rustix::fs::ftruncate(file.contents()?, size)?;
        file.changed()?;
        self.count(inode, &file)
    }

    pub(super) fn allocate_range(&self, allocation: &Allocation) -> Step<()> {
        let (inode, file) = self.file_to_write(allocation.inode)?;
        self.before_write(&inode, true)?;
        let flags = FallocateFlags::from_bits_retain(allocation.mode as u32);
        let frees = flags.intersects(FallocateFlags::PUNCH_HOLE.union(FallocateFlags::COLLAPSE_RANGE));
        let needed = if frees { 0 } else { allocation.length };
        self.within_limit(&inode, &file, allocation.offset, needed, || {
            rustix::fs::fallocate(file.contents()?, flags, allocation.offset, allocation.length)?;
            file.changed()
        })
    }

    pub(super) fn copy_between(&self, copy: &CopyRange) -> Step<u64> {
        // The kernel reads and writes instead, this time.
        let Held::Above(from) = self.contents(copy.from.0)? else { return Err(Errno::XDEV) };
        let from_file = self.file(&from)?;
        let (inode, file) = self.file_to_write(copy.to.0)?;
        self.before_write(&inode, true)?;
        let (mut from_offset, mut to_offset) = (copy.from.2, copy.to.2);
        let length = usize::try_from(copy.length).map_err(|_| Errno::INVAL)?;
        let copied = self.within_limit(&inode, &file, to_offset, copy.length, || {
            let (from, to) = (from_file.contents()?, file.contents()?);
            let copied = rustix::fs::copy_file_range(from, Some(&mut from_offset), to, Some(&mut to_offset), length)?;
            file.changed().map(|()| copied)
        });
        match copied {
            // What the backing file system cannot do: a plain copy, now and always.
            Err(Errno::NOSYS | Errno::OPNOTSUPP) => Err(Errno::OPNOTSUPP),
            result => result.map(|copied| copied as u64),
        }
    }

    pub(super) fn seek_in(&self, number: u64, offset: u64, hole: bool) -> Step<u64> {
        let lower = match self.contents(number)? {
            Held::Below(lower) => lower,
            Held::Above(inode) => {
                let file = self.file(&inode)?;
                let from = if hole { SeekFrom::Hole(offset) } else { SeekFrom::Data(offset) };
                return rustix::fs::seek(file.contents()?, from);
            }
        };
        match self.lower.seek(lower, 0, offset, hole) {
            // No holes below: but ENOSYS would end the question for files above, too.
            Err(error) if error.code() == libc::ENOSYS => {
                let size = self.lower.attributes(lower).map_err(lower_errno)?.size;
                match hole {
                    _ if offset >= size => Err(Errno::NXIO),
                    true => Ok(size),
                    false => Ok(offset),
                }
            }
            result => result.map_err(lower_errno),
        }
    }

    pub(super) fn sync_file(&self, number: u64, only_data: bool) -> Step<()> {
        let Held::Above(inode) = self.held(number)? else { return Ok(()) };
        let file = self.file(&inode)?;
        file.sync(only_data)
    }

    pub(super) fn sync_names(&self, number: u64) -> Step<()> {
        let Held::Above(inode) = self.held(number)? else { return Ok(()) };
        let _names = self.names_shared();
        self.directory(&inode)?.sync(false)
    }

    pub(super) fn link_text(&self, number: u64) -> Step<Vec<u8>> {
        let inode = match self.held(number)? {
            Held::Below(lower) => return self.lower.link_target(lower).map_err(lower_errno),
            Held::Above(inode) => inode,
        };
        let _names = self.names_shared();
        let target: Target = self.target(&inode)?;
        target.link_text()
    }
}

/// Whether a write there needs no new blocks.
fn is_allocated(file: &Handle, offset: u64, length: u64) -> bool {
    let end = offset.saturating_add(length);
    let size = file.stat().map_or(0, |stat| u64::try_from(stat.st_size).unwrap_or(0));
    end <= size
        && file.contents().and_then(|file| rustix::fs::seek(file, SeekFrom::Hole(offset))).is_ok_and(|hole| hole >= end)
}
