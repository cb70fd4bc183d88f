//! A [`View`] as a source of the FUSE server.

use super::names::Change as ViewChange;
use super::{LIFETIME, View};
use crate::overlay::server::adapter::{
    Add, Allocation, Caller, Change, CopyRange, New, Opened, Place, Source, Totals, Write,
};
use crate::sys::landlock::Access;
use fuser::{Errno, FileAttr, FopenFlags, InitFlags, Notifier};
use rustix::fs::AtFlags;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// What is asked of the kernel. Opening is always told: every open file is one on the host, and an open is the moment at which
/// what the host changed must be seen.
const FLAGS: InitFlags = InitFlags::FUSE_DO_READDIRPLUS
    .union(InitFlags::FUSE_READDIRPLUS_AUTO)
    .union(InitFlags::FUSE_PARALLEL_DIROPS)
    .union(InitFlags::FUSE_AUTO_INVAL_DATA)
    .union(InitFlags::FUSE_ATOMIC_O_TRUNC)
    .union(InitFlags::FUSE_ASYNC_DIO);

impl Source for View {
    fn places(&self) -> io::Result<Vec<(OwnedFd, Access)>> {
        Ok(vec![(self.root.descriptor().try_clone_to_owned()?, Access::Change)])
    }

    fn lifetime(&self) -> Duration {
        LIFETIME
    }

    /// A file is looked up each time, which tells its size and times: some ways to read (sendfile) do not ask for them.
    fn name_lifetime(&self, attributes: &FileAttr) -> Duration {
        if attributes.kind == fuser::FileType::RegularFile { Duration::ZERO } else { LIFETIME }
    }

    fn flags(&self) -> InitFlags {
        // The host takes set-id bits from what an unprivileged user writes; the kernel need not ask before each write.
        match rustix::process::geteuid().is_root() {
            true => FLAGS,
            false => FLAGS.union(InitFlags::FUSE_HANDLE_KILLPRIV_V2),
        }
    }

    fn notifier(&self) -> Option<Arc<OnceLock<Notifier>>> {
        Some(Arc::clone(&self.notifier))
    }

    fn lookup(&self, directory: u64, name: &[u8]) -> Result<Option<FileAttr>, Errno> {
        // ENOENT and not "none": the kernel must not remember that, since the host may make it.
        self.look_up(directory, name).map(Some)
    }

    fn attributes(&self, inode: u64) -> Result<FileAttr, Errno> {
        self.examine(inode)
    }

    fn forget(&self, inode: u64, count: u64) {
        self.table().forget(inode, count);
    }

    fn link_target(&self, inode: u64) -> Result<Vec<u8>, Errno> {
        self.read_link(inode)
    }

    fn read(&self, _inode: u64, handle: u64, offset: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
        self.read_file(handle, offset, buffer)
    }

    fn list(&self, directory: u64, offset: u64, with_attributes: bool, add: &mut Add<'_>) -> Result<(), Errno> {
        self.list_directory(directory, offset, with_attributes, add)
    }

    fn xattrs(&self, inode: u64, visit: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), Errno> {
        // Only the names are asked for here.
        for name in self.xattr_names(inode)?.split(|&byte| byte == 0).filter(|name| !name.is_empty()) {
            visit(name, &[]);
        }
        Ok(())
    }

    fn xattr(&self, inode: u64, name: &[u8]) -> Result<Vec<u8>, Errno> {
        self.read_xattr(inode, name)
    }

    fn seeks_written_pages(&self) -> bool {
        // What is written to a mapping comes later.
        true
    }

    fn seek(&self, _inode: u64, handle: u64, offset: u64, hole: bool) -> Result<u64, Errno> {
        self.seek_file(handle, offset, hole)
    }

    fn totals(&self) -> Totals {
        self.file_system_totals()
    }

    fn open(&self, _caller: Caller, inode: u64, flags: i32) -> Result<Opened, Errno> {
        self.open_file(inode, flags)
    }

    fn release(&self, _inode: u64, handle: u64) {
        self.close(handle);
    }

    fn flush(&self, _inode: u64, handle: u64) -> Result<(), Errno> {
        self.flush_file(handle)
    }

    fn open_directory(&self, _caller: Caller, inode: u64) -> Result<Opened, Errno> {
        self.check_readable(inode)?;
        // No flags: the kernel must not keep a listing, for the host may add to the directory within one tick of its clock.
        Ok(Opened { handle: 0, flags: FopenFlags::empty() })
    }

    fn change(&self, inode: u64, change: &Change) -> Result<FileAttr, Errno> {
        let Change { handle, mode, uid, gid, size, accessed, modified, .. } = *change;
        self.change_attributes(inode, &ViewChange { mode, uid, gid, size, accessed, modified, handle })
    }

    fn make_node(&self, new: &New<'_>) -> Result<FileAttr, Errno> {
        self.add_node(new.place, new.mode)
    }

    fn make_directory(&self, new: &New<'_>) -> Result<FileAttr, Errno> {
        self.add_directory(new.place, new.mode)
    }

    fn make_symlink(&self, new: &New<'_>, target: &[u8]) -> Result<FileAttr, Errno> {
        self.add_symlink(new.place, target)
    }

    fn create(&self, new: &New<'_>, flags: i32) -> Result<(FileAttr, Opened), Errno> {
        self.create_file(new.place, new.mode, flags)
    }

    fn create_unnamed(&self, new: &New<'_>, flags: i32) -> Result<(FileAttr, Opened), Errno> {
        self.create_unnamed_file(new.place.directory, new.mode, flags)
    }

    fn link(&self, inode: u64, place: Place<'_>) -> Result<FileAttr, Errno> {
        self.add_link(inode, place)
    }

    fn unlink(&self, place: Place<'_>) -> Result<(), Errno> {
        self.remove(place, AtFlags::empty())
    }

    fn remove_directory(&self, place: Place<'_>) -> Result<(), Errno> {
        self.remove(place, AtFlags::REMOVEDIR)
    }

    fn rename(&self, from: Place<'_>, to: Place<'_>, flags: u32) -> Result<(), Errno> {
        self.move_name(from, to, flags)
    }

    fn write(&self, write: &Write<'_>) -> Result<(), Errno> {
        // Mapped pages have their place, however the file they are written through was opened.
        self.write_file(write.handle, write.offset, write.data, write.appends && !write.is_cached)
    }

    fn sync(&self, _inode: u64, handle: u64, only_data: bool) -> Result<(), Errno> {
        self.sync_file(handle, only_data)
    }

    fn sync_directory(&self, inode: u64, _handle: u64) -> Result<(), Errno> {
        self.sync_opened_directory(inode)
    }

    fn allocate(&self, allocation: &Allocation) -> Result<(), Errno> {
        self.allocate_range(allocation)
    }

    fn copy_range(&self, copy: &CopyRange) -> Result<u64, Errno> {
        self.copy_between(copy)
    }

    fn set_xattr(&self, inode: u64, name: &[u8], value: &[u8], flags: i32) -> Result<(), Errno> {
        self.write_xattr(inode, name, value, flags)
    }

    fn remove_xattr(&self, inode: u64, name: &[u8]) -> Result<(), Errno> {
        self.clear_xattr(inode, name)
    }
}
