//! Open files and directories.

use super::names::{component, io_errno, own_umask, status};
use super::table::Version;
use super::{OpenFile, View, descriptor_path, errno};
use crate::overlay::server::adapter::{Add, Allocation, CopyRange, Listed, Opened, Place as Named, Totals};
use crate::overlay::server::directory::file_type;
use fuser::{Errno, FileAttr, FopenFlags, INodeNo};
use rustix::fs::{FileType, Mode, OFlags, RawDir, SeekFrom, Stat};
use rustix::io::ReadWriteFlags;
use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Buffer for one getdents64(2), on the stack.
const LISTING_BYTES: usize = 16 << 10;
/// What is passed on of the flags a file is opened with. Not O_APPEND: the kernel writes mapped pages through any
/// descriptor, at their places. Not O_DIRECT: our buffers are not aligned.
const PASSED: OFlags =
    OFlags::from_bits_retain((libc::O_ACCMODE | libc::O_SYNC | libc::O_DSYNC | libc::O_TRUNC) as u32);

impl View {
    pub(super) fn open_file(&self, number: u64, flags: i32) -> Result<Opened, Errno> {
        let flags = OFlags::from_bits_retain(flags as u32);
        // Not waiting for the writer of a FIFO that the host has put in the file's place.
        let safe = OFlags::NONBLOCK | OFlags::NOCTTY;
        let (opened, stat) = self.open_inode(number, (flags & PASSED) | safe)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(Errno::ESTALE);
        }
        let is_unchanged = !flags.contains(OFlags::TRUNC) && self.is_as_told(number, &stat);
        let mut answer = FopenFlags::empty();
        answer.set(FopenFlags::FOPEN_KEEP_CACHE, is_unchanged);
        // What was only read has nothing to report when it is closed.
        answer.set(FopenFlags::FOPEN_NOFLUSH, flags & OFlags::RWMODE == OFlags::RDONLY);
        Ok(Opened { handle: self.keep(opened, number), flags: answer })
    }

    /// Whether the file is as the kernel knows it; when not, the kernel is made to ask before it reads.
    fn is_as_told(&self, number: u64, stat: &Stat) -> bool {
        let told = self.table().get(number).and_then(|inode| inode.told);
        let is_unchanged = told == Some(Version::of(stat));
        if !is_unchanged && let Some(notifier) = self.notifier.get() {
            // A negative offset means the attributes alone: contents are dropped by the open itself.
            let _ = notifier.inval_inode(INodeNo(number), -1, 0); // then the lifetime has to end first
        }
        is_unchanged
    }

    pub(super) fn create_file(&self, place: Named<'_>, mode: u32, flags: i32) -> Result<(FileAttr, Opened), Errno> {
        let (directory, name) = (self.directory(place.directory)?, component(place.name)?);
        let flags = OFlags::from_bits_retain(flags as u32);
        let passed = flags & (PASSED | OFlags::EXCL);
        let safe = OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        own_umask();
        let mode = Mode::from_raw_mode(mode & 0o7777);
        let opened = rustix::fs::openat(&directory.opened, name, passed | safe, mode).map_err(errno)?;
        let stat = rustix::fs::fstat(&opened).map_err(errno)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(Errno::EEXIST);
        }
        let attributes = self.remembered(&directory.place, name, &stat);
        let handle = self.keep(opened, attributes.ino.0);
        Ok((attributes, Opened { handle, flags: FopenFlags::empty() }))
    }

    /// Makes a file without a name where the host can (open(2), O_TMPFILE), else EOPNOTSUPP, which programs fall back from. It is
    /// reached by its handle; an inode is remembered under the directory it was made in until it has a name.
    pub(super) fn create_unnamed_file(&self, number: u64, mode: u32, flags: i32) -> Result<(FileAttr, Opened), Errno> {
        let directory = self.directory(number)?;
        let flags = OFlags::from_bits_retain(flags as u32) & (PASSED | OFlags::EXCL);
        own_umask();
        let mode = Mode::from_raw_mode(mode & 0o7777);
        let flags = flags | OFlags::TMPFILE | OFlags::CLOEXEC;
        let opened = rustix::fs::open(descriptor_path(&directory.opened), flags, mode).map_err(errno)?;
        let stat = rustix::fs::fstat(&opened).map_err(errno)?;
        let attributes = self.remembered(&directory.place, b"", &stat);
        let handle = self.keep(opened, attributes.ino.0);
        Ok((attributes, Opened { handle, flags: FopenFlags::empty() }))
    }

    pub(super) fn check_readable(&self, number: u64) -> Result<(), Errno> {
        self.open_inode(number, OFlags::RDONLY | OFlags::DIRECTORY).map(drop)
    }

    fn keep(&self, opened: OwnedFd, inode: u64) -> u64 {
        let handle = self.next_handle.fetch_add(1, Ordering::Relaxed);
        let file = Arc::new(File::from(opened));
        if let Some(known) = self.table().get_mut(inode) {
            known.open.push((handle, Arc::clone(&file)));
        }
        self.handles().insert(handle, OpenFile { file, inode });
        handle
    }

    pub(super) fn close(&self, handle: u64) {
        let Some(opened) = self.handles().remove(&handle) else { return };
        if let Some(known) = self.table().get_mut(opened.inode) {
            known.open.retain(|(known, _)| *known != handle);
        }
    }

    fn file(&self, handle: u64) -> Result<Arc<File>, Errno> {
        self.handles().get(&handle).map(|opened| Arc::clone(&opened.file)).ok_or(Errno::EBADF)
    }

    /// Fills `buffer` from `offset` on; less than asked is the end of the file.
    pub(super) fn read_file(&self, handle: u64, offset: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
        let file = self.file(handle)?;
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, offset + filled as u64) {
                Ok(0) => break,
                Ok(length) => filled += length,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(io_errno(&error)),
            }
        }
        Ok(filled)
    }

    /// Writes at `offset`, or at the end the file has on the host now.
    pub(super) fn write_file(&self, handle: u64, offset: u64, data: &[u8], appends: bool) -> Result<(), Errno> {
        let file = self.file(handle)?;
        let mut rest = data;
        while appends && !rest.is_empty() {
            let parts = [std::io::IoSlice::new(rest)];
            match rustix::io::pwritev2(&*file, &parts, offset, ReadWriteFlags::APPEND) {
                Ok(length) => rest = rest.get(length..).unwrap_or_default(),
                Err(rustix::io::Errno::INTR) => {}
                // Before Linux 4.16: at the end that the kernel in the container knows.
                Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => break,
                Err(error) => return Err(errno(error)),
            }
        }
        if appends && rest.is_empty() {
            return Ok(());
        }
        let at = offset + (data.len() - rest.len()) as u64;
        file.write_all_at(rest, at).map_err(|error| io_errno(&error))
    }

    /// What closing would report: a file system that learns of errors late tells them when a descriptor is closed.
    pub(super) fn flush_file(&self, handle: u64) -> Result<(), Errno> {
        let copy = self.file(handle)?.try_clone().map_err(|error| io_errno(&error))?;
        crate::sys::process::close_and_report(copy.into()).map_err(errno)
    }

    pub(super) fn sync_file(&self, handle: u64, data_only: bool) -> Result<(), Errno> {
        let file = self.file(handle)?;
        if data_only { file.sync_data() } else { file.sync_all() }.map_err(|error| io_errno(&error))
    }

    pub(super) fn sync_opened_directory(&self, number: u64) -> Result<(), Errno> {
        let (opened, _) = self.open_inode(number, OFlags::RDONLY | OFlags::DIRECTORY)?;
        rustix::fs::fsync(opened).map_err(errno)
    }

    pub(super) fn allocate_range(&self, allocation: &Allocation) -> Result<(), Errno> {
        let mode = rustix::fs::FallocateFlags::from_bits_retain(allocation.mode as u32);
        let file = self.file(allocation.handle)?;
        rustix::fs::fallocate(&*file, mode, allocation.offset, allocation.length).map_err(errno)
    }

    pub(super) fn seek_file(&self, handle: u64, offset: u64, hole: bool) -> Result<u64, Errno> {
        let position = if hole { SeekFrom::Hole(offset) } else { SeekFrom::Data(offset) };
        rustix::fs::seek(&*self.file(handle)?, position).map_err(errno)
    }

    pub(super) fn copy_between(&self, copy: &CopyRange) -> Result<u64, Errno> {
        let (source, target) = (self.file(copy.from.1)?, self.file(copy.to.1)?);
        let (mut read_at, mut write_at) = (copy.from.2, copy.to.2);
        let length = usize::try_from(copy.length).unwrap_or(usize::MAX);
        rustix::fs::copy_file_range(&*source, Some(&mut read_at), &*target, Some(&mut write_at), length)
            .map(|copied| copied as u64)
            .map_err(errno)
    }

    /// Lists a directory from `offset` on (0, or what an earlier name said).
    pub(super) fn list_directory(
        &self,
        number: u64,
        offset: u64,
        with_attributes: bool,
        add: &mut Add<'_>,
    ) -> Result<(), Errno> {
        let (listing, stat, place) = self.open_place(number, OFlags::RDONLY | OFlags::DIRECTORY)?;
        let own = self.shown(number, &stat);
        rustix::fs::seek(&listing, SeekFrom::Start(offset)).map_err(errno)?;
        let mut buffer = [MaybeUninit::uninit(); LISTING_BYTES];
        let mut entries = RawDir::new(&listing, &mut buffer);
        while let Some(entry) = entries.next() {
            let entry = entry.map_err(errno)?;
            let name = entry.file_name().to_bytes();
            let next = entry.next_entry_cookie();
            let more = if matches!(name, b"." | b"..") {
                add(&Listed { name, next, inode: number, kind: fuser::FileType::Directory }, Some(&own))
            } else if with_attributes {
                // A name that vanished meanwhile is left out.
                let Ok(stat) = status(listing.as_fd(), name) else { continue };
                let attributes = self.remembered(&place, name, &stat);
                let listed = Listed { name, next, inode: attributes.ino.0, kind: attributes.kind };
                let taken = add(&listed, Some(&attributes));
                if !taken {
                    self.table().forget(attributes.ino.0, 1);
                }
                taken
            } else {
                add(&Listed { name, next, inode: entry.ino().max(2), kind: file_type(entry.file_type()) }, None)
            };
            if !more {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn file_system_totals(&self) -> Totals {
        let Ok(found) = rustix::fs::fstatvfs(self.root.descriptor()) else { return Totals::default() };
        let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
        Totals {
            bytes: bytes(found.f_blocks),
            free_bytes: bytes(found.f_bfree),
            available_bytes: bytes(found.f_bavail),
            files: found.f_files,
            free_files: found.f_ffree,
            name_bytes: u32::try_from(found.f_namemax).unwrap_or(255),
        }
    }
}
