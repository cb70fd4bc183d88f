//! The upper as the adapter sees it.

use super::Upper;
use super::record::TYPE;
use crate::overlay::server::adapter::{
    Add, Allocation, Change, CopyRange, New, Opened, Place, Source, Totals, UNCHANGING_FLAGS, Write,
};
use crate::overlay::server::image::FOREVER;
use crate::sys::landlock::Access;
use fuser::{Errno, FileAttr, FopenFlags, InitFlags};
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// What a writable tree wants besides what every unchanging one does: we apply umask and default access lists, we take set-id
/// bits away (so the kernel need not ask for attributes at every write), the kernel checks access lists.
const FLAGS: InitFlags = UNCHANGING_FLAGS
    .union(InitFlags::FUSE_DONT_MASK)
    .union(InitFlags::FUSE_POSIX_ACL)
    .union(InitFlags::FUSE_HANDLE_KILLPRIV_V2)
    .union(InitFlags::FUSE_ASYNC_DIO);

impl Source for Upper {
    fn places(&self) -> io::Result<Vec<(OwnedFd, Access)>> {
        let mut places = self.lower.places()?;
        places.extend(self.store.directories()?.into_iter().map(|directory| (directory, Access::Change)));
        Ok(places)
    }

    fn lifetime(&self) -> Duration {
        FOREVER
    }

    fn flags(&self) -> InitFlags {
        match self.space.is_limited() {
            true => FLAGS,
            false => FLAGS | InitFlags::FUSE_WRITEBACK_CACHE,
        }
    }

    fn lookup(&self, directory: u64, name: &[u8]) -> Result<Option<FileAttr>, Errno> {
        let parent = self.inode(directory).map_err(errno)?;
        let _names = self.names_shared();
        self.find_attributes(&parent, name).map_err(errno)
    }

    fn attributes(&self, inode: u64) -> Result<FileAttr, Errno> {
        if self.table().is_untouched(inode) {
            return self.lower.attributes(inode);
        }
        let inode = self.inode(inode).map_err(errno)?;
        let _names = self.names_shared();
        self.attributes_of(&inode).map_err(errno)
    }

    fn forget(&self, inode: u64, count: u64) {
        self.forget_inode(inode, count);
    }

    fn link_target(&self, inode: u64) -> Result<Vec<u8>, Errno> {
        self.link_text(inode).map_err(errno)
    }

    fn read(&self, inode: u64, _handle: u64, offset: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
        self.read_at(inode, offset, buffer).map_err(errno)
    }

    fn list(&self, directory: u64, offset: u64, with_attributes: bool, add: &mut Add<'_>) -> Result<(), Errno> {
        self.list_directory(directory, offset, with_attributes, add).map_err(errno)
    }

    fn xattrs(&self, inode: u64, visit: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), Errno> {
        self.visit_xattrs(inode, visit).map_err(errno)
    }

    fn xattr(&self, inode: u64, name: &[u8]) -> Result<Vec<u8>, Errno> {
        self.get_xattr(inode, name).map_err(errno)
    }

    fn seeks_written_pages(&self) -> bool {
        // In a file that is still below, too: the kernel may have pages for it that nobody has sent yet. Under a size limit it
        // writes through, but not what is written to a mapping.
        true
    }

    fn seek(&self, inode: u64, _handle: u64, offset: u64, hole: bool) -> Result<u64, Errno> {
        self.seek_in(inode, offset, hole).map_err(errno)
    }

    fn totals(&self) -> Totals {
        self.space.totals(&self.store.upper)
    }

    fn change(&self, inode: u64, change: &Change) -> Result<FileAttr, Errno> {
        self.change_attributes(inode, change).map_err(errno)
    }

    fn make_node(&self, new: &New<'_>) -> Result<FileAttr, Errno> {
        // Without a type, mknod(2) makes a regular file.
        let mode = if new.mode & TYPE == 0 { new.mode | libc::S_IFREG } else { new.mode };
        self.make(&New { mode, ..*new }).map_err(errno)
    }

    fn make_directory(&self, new: &New<'_>) -> Result<FileAttr, Errno> {
        self.make(new).map_err(errno)
    }

    fn make_symlink(&self, new: &New<'_>, target: &[u8]) -> Result<FileAttr, Errno> {
        self.make_link(new, target).map_err(errno)
    }

    fn create(&self, new: &New<'_>, _flags: i32) -> Result<(FileAttr, Opened), Errno> {
        let attributes = self.make(new).map_err(errno)?;
        // As the kernel does for itself where OPEN is answered with ENOSYS.
        Ok((attributes, Opened { handle: 0, flags: FopenFlags::FOPEN_KEEP_CACHE }))
    }

    fn create_unnamed(&self, new: &New<'_>, _flags: i32) -> Result<(FileAttr, Opened), Errno> {
        let attributes = self.make_unnamed(new).map_err(errno)?;
        Ok((attributes, Opened { handle: 0, flags: FopenFlags::FOPEN_KEEP_CACHE }))
    }

    fn link(&self, inode: u64, place: Place<'_>) -> Result<FileAttr, Errno> {
        self.link_to(inode, place).map_err(errno)
    }

    fn unlink(&self, place: Place<'_>) -> Result<(), Errno> {
        self.unlink_name(place).map_err(errno)
    }

    fn remove_directory(&self, place: Place<'_>) -> Result<(), Errno> {
        self.remove_empty_directory(place).map_err(errno)
    }

    fn rename(&self, from: Place<'_>, to: Place<'_>, flags: u32) -> Result<(), Errno> {
        self.rename_name(from, to, flags).map_err(errno)
    }

    fn write(&self, write: &Write<'_>) -> Result<(), Errno> {
        self.write_at(write).map_err(errno)
    }

    fn sync(&self, inode: u64, _handle: u64, only_data: bool) -> Result<(), Errno> {
        if self.volatile {
            return Err(Errno::ENOSYS);
        }
        self.sync_file(inode, only_data).map_err(errno)
    }

    fn sync_directory(&self, inode: u64, _handle: u64) -> Result<(), Errno> {
        if self.volatile {
            return Err(Errno::ENOSYS);
        }
        self.sync_names(inode).map_err(errno)
    }

    fn allocate(&self, allocation: &Allocation) -> Result<(), Errno> {
        self.allocate_range(allocation).map_err(errno)
    }

    fn copy_range(&self, copy: &CopyRange) -> Result<u64, Errno> {
        self.copy_between(copy).map_err(errno)
    }

    fn set_xattr(&self, inode: u64, name: &[u8], value: &[u8], flags: i32) -> Result<(), Errno> {
        self.put_xattr(inode, name, value, flags).map_err(errno)
    }

    fn remove_xattr(&self, inode: u64, name: &[u8]) -> Result<(), Errno> {
        self.drop_xattr(inode, name).map_err(errno)
    }
}

fn errno(error: rustix::io::Errno) -> Errno {
    Errno::from_i32(error.raw_os_error())
}
