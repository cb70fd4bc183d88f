//! fuser's callbacks: arguments into plain values, answers into replies. No decisions.

use super::{
    Adapter, Add, Allocation, Caller, Change, CopyRange, LARGEST_REQUEST_BYTES, Listed, New, NewTime, Opened, Place,
    Source, Write, greet, with_buffer,
};
use fuser::{
    BsdFileFlags, CopyFileRangeFlags, Errno, FileAttr, FileHandle, Filesystem, Generation, INodeNo, KernelConfig,
    LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyDirectoryPlus,
    ReplyEmpty, ReplyEntry, ReplyLseek, ReplyOpen, ReplyStatfs, ReplyWrite, ReplyXattr, Request, TimeOrNow, WriteFlags,
};
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

impl<S: Source> Filesystem for Adapter<S> {
    fn init(&mut self, _request: &Request, config: &mut KernelConfig) -> io::Result<()> {
        greet(&self.source, config);
        Ok(())
    }

    fn lookup(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let lifetime = self.source.lifetime();
        match self.source.lookup(parent.0, name.as_bytes()) {
            Ok(Some(attributes)) => self.answer_entry(Ok(attributes), reply),
            // Inode 0 is how FUSE says "no such file, and you may remember it".
            Ok(None) => reply.entry(&lifetime, &absent(), Generation(0)),
            Err(error) => reply.error(error),
        }
    }

    fn forget(&self, _request: &Request, inode: INodeNo, count: u64) {
        self.source.forget(inode.0, count);
    }

    fn getattr(&self, _request: &Request, inode: INodeNo, _handle: Option<FileHandle>, reply: ReplyAttr) {
        self.answer_attributes(self.source.attributes(inode.0), reply);
    }

    fn setattr(
        &self,
        request: &Request,
        inode: INodeNo,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        accessed: Option<TimeOrNow>,
        modified: Option<TimeOrNow>,
        changed: Option<SystemTime>,
        handle: Option<FileHandle>,
        _created: Option<SystemTime>,
        _change_time: Option<SystemTime>,
        _backup_time: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let change = Change {
            caller: caller(request),
            handle: handle.map(|handle| handle.0),
            mode,
            uid,
            gid,
            size,
            accessed: accessed.map(new_time),
            modified: modified.map(new_time),
            changed,
        };
        self.answer_attributes(self.source.change(inode.0, &change), reply);
    }

    fn readlink(&self, _request: &Request, inode: INodeNo, reply: ReplyData) {
        match self.source.link_target(inode.0) {
            Ok(target) => reply.data(&target),
            Err(error) => reply.error(error),
        }
    }

    fn mknod(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        device: u32,
        reply: ReplyEntry,
    ) {
        let new = New { caller: caller(request), place: place(parent, name), mode, umask, device };
        self.answer_entry(self.source.make_node(&new), reply);
    }

    fn mkdir(&self, request: &Request, parent: INodeNo, name: &OsStr, mode: u32, umask: u32, reply: ReplyEntry) {
        let mode = libc::S_IFDIR | (mode & 0o7777);
        let new = New { caller: caller(request), place: place(parent, name), mode, umask, device: 0 };
        self.answer_entry(self.source.make_directory(&new), reply);
    }

    fn unlink(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        answer(self.source.unlink(place(parent, name)), reply);
    }

    fn rmdir(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        answer(self.source.remove_directory(place(parent, name)), reply);
    }

    fn symlink(&self, request: &Request, parent: INodeNo, name: &OsStr, target: &Path, reply: ReplyEntry) {
        let place = place(parent, name);
        let new = New { caller: caller(request), place, mode: libc::S_IFLNK | 0o777, umask: 0, device: 0 };
        self.answer_entry(self.source.make_symlink(&new, target.as_os_str().as_bytes()), reply);
    }

    fn rename(
        &self,
        _request: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let renamed = self.source.rename(place(parent, name), place(new_parent, new_name), flags.bits());
        answer(renamed, reply);
    }

    fn link(&self, _request: &Request, inode: INodeNo, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        self.answer_entry(self.source.link(inode.0, place(parent, name)), reply);
    }

    fn open(&self, request: &Request, inode: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        answer_open(self.source.open(caller(request), inode.0, flags.0), reply);
    }

    fn read(
        &self,
        _request: &Request,
        inode: INodeNo,
        handle: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        if size as usize > LARGEST_REQUEST_BYTES {
            // A shorter answer would mean the end of the file.
            return reply.error(Errno::EINVAL);
        }
        with_buffer(size as usize, |buffer| match self.source.read(inode.0, handle.0, offset, buffer) {
            Ok(filled) => reply.data(buffer.get(..filled).unwrap_or_default()),
            Err(error) => reply.error(error),
        });
    }

    fn write(
        &self,
        _request: &Request,
        inode: INodeNo,
        handle: FileHandle,
        offset: u64,
        data: &[u8],
        write_flags: WriteFlags,
        flags: OpenFlags,
        _owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let appends = flags.0 & libc::O_APPEND != 0;
        let drops_set_id = write_flags.contains(WriteFlags::FUSE_WRITE_KILL_SUIDGID);
        let is_cached = write_flags.contains(WriteFlags::FUSE_WRITE_CACHE);
        let write = Write { inode: inode.0, handle: handle.0, offset, data, drops_set_id, appends, is_cached };
        match self.source.write(&write) {
            // A request is a few MiB at most.
            Ok(()) => reply.written(data.len() as u32),
            Err(error) => reply.error(error),
        }
    }

    fn flush(&self, _request: &Request, inode: INodeNo, handle: FileHandle, _owner: LockOwner, reply: ReplyEmpty) {
        answer(self.source.flush(inode.0, handle.0), reply);
    }

    fn release(
        &self,
        _request: &Request,
        inode: INodeNo,
        handle: FileHandle,
        _flags: OpenFlags,
        _owner: Option<LockOwner>,
        _flush: bool,
        reply: ReplyEmpty,
    ) {
        self.source.release(inode.0, handle.0);
        reply.ok();
    }

    fn fsync(&self, _request: &Request, inode: INodeNo, handle: FileHandle, only_data: bool, reply: ReplyEmpty) {
        answer(self.source.sync(inode.0, handle.0, only_data), reply);
    }

    fn opendir(&self, request: &Request, inode: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        answer_open(self.source.open_directory(caller(request), inode.0), reply);
    }

    fn readdir(&self, _request: &Request, inode: INodeNo, _handle: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let mut add = |listed: &Listed<'_>, _: Option<&FileAttr>| {
            !reply.add(INodeNo(listed.inode), listed.next, listed.kind, OsStr::from_bytes(listed.name))
        };
        match self.list(inode, offset, false, &mut add) {
            Ok(()) => reply.ok(),
            Err(error) => reply.error(error),
        }
    }

    fn readdirplus(
        &self,
        _request: &Request,
        inode: INodeNo,
        _handle: FileHandle,
        offset: u64,
        mut reply: ReplyDirectoryPlus,
    ) {
        let lifetime = self.source.lifetime();
        let mut add = |listed: &Listed<'_>, attributes: Option<&FileAttr>| {
            let Some(attributes) = attributes else { return true };
            let name = OsStr::from_bytes(listed.name);
            !reply.add(attributes.ino, listed.next, name, &lifetime, attributes, Generation(0))
        };
        match self.list(inode, offset, true, &mut add) {
            Ok(()) => reply.ok(),
            Err(error) => reply.error(error),
        }
    }

    fn releasedir(&self, _request: &Request, inode: INodeNo, handle: FileHandle, _flags: OpenFlags, reply: ReplyEmpty) {
        self.source.release_directory(inode.0, handle.0);
        reply.ok();
    }

    fn fsyncdir(&self, _request: &Request, inode: INodeNo, handle: FileHandle, _only_data: bool, reply: ReplyEmpty) {
        answer(self.source.sync_directory(inode.0, handle.0), reply);
    }

    fn statfs(&self, _request: &Request, _inode: INodeNo, reply: ReplyStatfs) {
        const BLOCK: u32 = 4096;
        let totals = self.source.totals();
        let blocks = |bytes: u64| bytes / u64::from(BLOCK);
        reply.statfs(
            totals.bytes.div_ceil(u64::from(BLOCK)),
            blocks(totals.free_bytes),
            blocks(totals.available_bytes),
            totals.files,
            totals.free_files,
            BLOCK,
            totals.name_bytes,
            BLOCK,
        );
    }

    fn setxattr(
        &self,
        _request: &Request,
        inode: INodeNo,
        name: &OsStr,
        value: &[u8],
        flags: i32,
        _position: u32,
        reply: ReplyEmpty,
    ) {
        answer(self.source.set_xattr(inode.0, name.as_bytes(), value, flags), reply);
    }

    fn getxattr(&self, _request: &Request, inode: INodeNo, name: &OsStr, size: u32, reply: ReplyXattr) {
        match self.source.xattr(inode.0, name.as_bytes()) {
            Ok(value) => answer_xattr(reply, size, &value),
            Err(error) => reply.error(error),
        }
    }

    fn listxattr(&self, _request: &Request, inode: INodeNo, size: u32, reply: ReplyXattr) {
        let mut names = Vec::new();
        let visited = self.source.xattrs(inode.0, &mut |name, _| {
            names.extend_from_slice(name);
            names.push(0);
        });
        match visited {
            Ok(()) => answer_xattr(reply, size, &names),
            Err(error) => reply.error(error),
        }
    }

    fn removexattr(&self, _request: &Request, inode: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        answer(self.source.remove_xattr(inode.0, name.as_bytes()), reply);
    }

    fn create(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        flags: i32,
        reply: ReplyCreate,
    ) {
        let mode = libc::S_IFREG | (mode & 0o7777);
        let new = New { caller: caller(request), place: place(parent, name), mode, umask, device: 0 };
        match self.source.create(&new, flags) {
            Ok((attributes, opened)) => {
                let lifetime = self.source.lifetime();
                reply.created(&lifetime, &attributes, Generation(0), FileHandle(opened.handle), opened.flags);
            }
            Err(error) => reply.error(error),
        }
    }

    fn fallocate(
        &self,
        _request: &Request,
        inode: INodeNo,
        handle: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        let allocation = Allocation { inode: inode.0, handle: handle.0, offset, length, mode };
        answer(self.source.allocate(&allocation), reply);
    }

    fn lseek(
        &self,
        _request: &Request,
        inode: INodeNo,
        handle: FileHandle,
        offset: i64,
        whence: i32,
        reply: ReplyLseek,
    ) {
        let result = match (whence, u64::try_from(offset)) {
            (_, Err(_)) => Err(Errno::ENXIO),
            (libc::SEEK_DATA, Ok(offset)) => self.source.seek(inode.0, handle.0, offset, false),
            (libc::SEEK_HOLE, Ok(offset)) => self.source.seek(inode.0, handle.0, offset, true),
            _ => Err(Errno::EINVAL),
        };
        match result {
            Ok(offset) => reply.offset(i64::try_from(offset).unwrap_or(i64::MAX)),
            Err(error) => reply.error(error),
        }
    }

    fn copy_file_range(
        &self,
        _request: &Request,
        from: INodeNo,
        from_handle: FileHandle,
        from_offset: u64,
        to: INodeNo,
        to_handle: FileHandle,
        to_offset: u64,
        length: u64,
        _flags: CopyFileRangeFlags,
        reply: ReplyWrite,
    ) {
        // The reply has 32 bits for what was copied; who wants more asks again.
        let length = length.min(1 << 30);
        let copy = CopyRange { from: (from.0, from_handle.0, from_offset), to: (to.0, to_handle.0, to_offset), length };
        match self.source.copy_range(&copy) {
            Ok(copied) => reply.written(copied as u32),
            Err(error) => reply.error(error),
        }
    }
}

impl<S: Source> Adapter<S> {
    fn answer_attributes(&self, result: Result<FileAttr, Errno>, reply: ReplyAttr) {
        match result {
            Ok(attributes) => reply.attr(&self.source.lifetime(), &attributes),
            Err(error) => reply.error(error),
        }
    }

    fn answer_entry(&self, result: Result<FileAttr, Errno>, reply: ReplyEntry) {
        match result {
            Ok(attributes) => {
                let names = self.source.name_lifetime(&attributes);
                reply.entry_with_ttls(&self.source.lifetime(), &names, &attributes, Generation(0));
            }
            Err(error) => reply.error(error),
        }
    }

    fn list(&self, inode: INodeNo, offset: u64, with_attributes: bool, add: &mut Add<'_>) -> Result<(), Errno> {
        self.source.list(inode.0, offset, with_attributes, add)
    }
}

fn answer(result: Result<(), Errno>, reply: ReplyEmpty) {
    match result {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}

fn answer_open(result: Result<Opened, Errno>, reply: ReplyOpen) {
    match result {
        Ok(Opened { handle, flags }) => reply.opened(FileHandle(handle), flags),
        Err(error) => reply.error(error),
    }
}

/// Answers in the way of getxattr(2): size 0 asks how much there is.
fn answer_xattr(reply: ReplyXattr, size: u32, value: &[u8]) {
    match u32::try_from(value.len()) {
        Ok(length) if size == 0 => reply.size(length),
        Ok(length) if length <= size => reply.data(value),
        _ => reply.error(Errno::ERANGE),
    }
}

fn caller(request: &Request) -> Caller {
    Caller { uid: request.uid(), gid: request.gid() }
}

fn place(directory: INodeNo, name: &OsStr) -> Place<'_> {
    let name = name.as_bytes();
    // The kernel sends single names. Should it ever not, an empty one leads nowhere (ENOENT) instead of out of the directory.
    let is_single = !matches!(name, b"." | b"..") && !name.contains(&b'/');
    Place { directory: directory.0, name: if is_single { name } else { b"" } }
}

fn new_time(time: TimeOrNow) -> NewTime {
    match time {
        TimeOrNow::Now => NewTime::Now,
        TimeOrNow::SpecificTime(time) => NewTime::At(time),
    }
}

/// Attributes of nothing.
fn absent() -> FileAttr {
    FileAttr {
        ino: INodeNo(0),
        size: 0,
        blocks: 0,
        atime: UNIX_EPOCH,
        mtime: UNIX_EPOCH,
        ctime: UNIX_EPOCH,
        crtime: UNIX_EPOCH,
        kind: fuser::FileType::RegularFile,
        perm: 0,
        nlink: 0,
        uid: 0,
        gid: 0,
        rdev: 0,
        blksize: 0,
        flags: 0,
    }
}
