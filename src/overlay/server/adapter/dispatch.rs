//! From requests to a [`Source`]: fields into plain values, answers into replies. No decisions.

use super::reply::Reply;
use super::request::{Fields, Request, opcode};
use super::{Allocation, Change, CopyRange, LARGEST_REQUEST_BYTES, Listed, New, NewTime, Source, Write};
use crate::overlay::server::directory::system_time;
use fuser::{Errno, FileAttr, WriteFlags};

/// Bits of `fuse_setattr_in.valid`: which fields are meant.
mod valid {
    pub(super) const MODE: u32 = 1 << 0;
    pub(super) const UID: u32 = 1 << 1;
    pub(super) const GID: u32 = 1 << 2;
    pub(super) const SIZE: u32 = 1 << 3;
    pub(super) const ACCESSED: u32 = 1 << 4;
    pub(super) const MODIFIED: u32 = 1 << 5;
    pub(super) const HANDLE: u32 = 1 << 6;
    pub(super) const ACCESSED_NOW: u32 = 1 << 7;
    pub(super) const MODIFIED_NOW: u32 = 1 << 8;
    pub(super) const CHANGED: u32 = 1 << 10;
}

/// Bit of `fuse_fsync_in.fsync_flags`.
const FSYNC_DATA: u32 = 1 << 0;
/// Most that copy_file_range(2) may do at once: the answer has 32 bits for what was copied, and who wants more asks again.
const MOST_COPIED_BYTES: u64 = 1 << 30;

/// What is to happen after a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Next {
    /// The reply is sent.
    Answer,
    /// The kernel waits for no answer.
    Silence,
    /// The reply is sent when the kernel has written its pages of the file back.
    Seek(Seek),
    /// The reply is sent, and was the last.
    End,
}

/// lseek(2) with SEEK_DATA or SEEK_HOLE.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seek {
    pub unique: u64,
    pub inode: u64,
    handle: u64,
    offset: u64,
    hole: bool,
}

impl Seek {
    pub(super) fn answer(&self, source: &impl Source, reply: &mut Reply) -> Result<(), Errno> {
        let offset = source.seek(self.inode, self.handle, self.offset, self.hole)?;
        reply.longs([offset]);
        Ok(())
    }
}

/// Does what a request asks for. With an error, what is in the reply means nothing.
pub(super) fn handle(source: &impl Source, request: &Request<'_>, reply: &mut Reply) -> Result<Next, Errno> {
    let (inode, mut fields) = (request.inode, request.fields);
    match request.opcode {
        opcode::LOOKUP => look_up(source, inode, fields, reply)?,
        opcode::GETATTR => reply.attributes(source.lifetime(), &source.attributes(inode)?),
        opcode::SETATTR => {
            let change = change(request)?;
            reply.attributes(source.lifetime(), &source.change(inode, &change)?);
        }
        opcode::READLINK => reply.put(&source.link_target(inode)?),
        opcode::READ => read(source, inode, fields, reply)?,
        opcode::WRITE => write(source, inode, fields, reply)?,
        opcode::GETXATTR => {
            let [size, _] = fields.words()?;
            reply.xattr(size, &source.xattr(inode, fields.text()?)?)?;
        }
        opcode::LISTXATTR => {
            let [size, _] = fields.words()?;
            let mut names = Vec::new();
            source.xattrs(inode, &mut |name, _| {
                names.extend_from_slice(name);
                names.push(0);
            })?;
            reply.xattr(size, &names)?;
        }
        opcode::SETXATTR => {
            let [size, flags] = fields.words()?;
            let name = fields.text()?;
            source.set_xattr(inode, name, fields.bytes(size)?, flags as i32)?;
        }
        opcode::REMOVEXATTR => source.remove_xattr(inode, fields.text()?)?,
        opcode::OPEN => {
            let [flags, _] = fields.words()?;
            reply.opened(source.open(request.caller, inode, flags as i32)?);
        }
        opcode::OPENDIR => reply.opened(source.open_directory(request.caller, inode)?),
        opcode::READDIR => list(source, inode, fields, false, reply)?,
        opcode::READDIRPLUS => list(source, inode, fields, true, reply)?,
        opcode::RELEASE => {
            let [handle] = fields.longs()?;
            source.release(inode, handle);
        }
        opcode::RELEASEDIR => {
            let [handle] = fields.longs()?;
            source.release_directory(inode, handle);
        }
        opcode::FLUSH => {
            let [handle] = fields.longs()?;
            source.flush(inode, handle)?;
        }
        opcode::FSYNC | opcode::FSYNCDIR => {
            let ([handle], [flags, _]) = (fields.longs()?, fields.words()?);
            match request.opcode {
                opcode::FSYNC => source.sync(inode, handle, flags & FSYNC_DATA != 0)?,
                _ => source.sync_directory(inode, handle)?,
            }
        }
        opcode::STATFS => reply.totals(&source.totals()),
        opcode::FALLOCATE => {
            let ([handle, offset, length], [mode, _]) = (fields.longs()?, fields.words()?);
            source.allocate(&Allocation { inode, handle, offset, length, mode: mode as i32 })?;
        }
        opcode::COPY_FILE_RANGE => {
            let [handle, offset, to, to_handle, to_offset, length, _] = fields.longs()?;
            let (from, to) = ((inode, handle, offset), (to, to_handle, to_offset));
            let copied = source.copy_range(&CopyRange { from, to, length: length.min(MOST_COPIED_BYTES) })?;
            reply.words([copied as u32, 0]);
        }
        opcode::LSEEK => return seek(source, request, reply),
        opcode::FORGET => {
            let [count] = fields.longs()?;
            source.forget(inode, count);
            return Ok(Next::Silence);
        }
        opcode::BATCH_FORGET => {
            let [count, _] = fields.words()?;
            for _ in 0..count {
                let [inode, lookups] = fields.longs()?;
                source.forget(inode, lookups);
            }
            return Ok(Next::Silence);
        }
        opcode::NOTIFY_REPLY => return Ok(Next::Silence),
        opcode::DESTROY => return Ok(Next::End),
        _ => change_names(source, request, reply)?,
    }
    Ok(Next::Answer)
}

/// What makes, removes or moves names; ENOSYS for what nobody knows, after which the kernel does without it.
fn change_names(source: &impl Source, request: &Request<'_>, reply: &mut Reply) -> Result<(), Errno> {
    let (inode, mut fields) = (request.inode, request.fields);
    let caller = request.caller;
    match request.opcode {
        opcode::CREATE | opcode::TMPFILE => {
            let [flags, mode, umask, _] = fields.words()?;
            let mode = libc::S_IFREG | (mode & 0o7777);
            let new = New { caller, place: fields.place(inode)?, mode, umask, device: 0 };
            let (attributes, opened) = match request.opcode {
                opcode::CREATE => source.create(&new, flags as i32)?,
                _ => source.create_unnamed(&new, flags as i32)?,
            };
            reply.entry((source.lifetime(), source.lifetime()), &attributes);
            reply.opened(opened);
        }
        opcode::MKNOD => {
            let [mode, device, umask, _] = fields.words()?;
            let new = New { caller, place: fields.place(inode)?, mode, umask, device };
            entry(source, &source.make_node(&new)?, reply);
        }
        opcode::MKDIR => {
            let [mode, umask] = fields.words()?;
            let mode = libc::S_IFDIR | (mode & 0o7777);
            let new = New { caller, place: fields.place(inode)?, mode, umask, device: 0 };
            entry(source, &source.make_directory(&new)?, reply);
        }
        opcode::SYMLINK => {
            let place = fields.place(inode)?;
            let new = New { caller, place, mode: libc::S_IFLNK | 0o777, umask: 0, device: 0 };
            entry(source, &source.make_symlink(&new, fields.text()?)?, reply);
        }
        opcode::LINK => {
            let [file] = fields.longs()?;
            entry(source, &source.link(file, fields.place(inode)?)?, reply);
        }
        opcode::UNLINK => source.unlink(fields.place(inode)?)?,
        opcode::RMDIR => source.remove_directory(fields.place(inode)?)?,
        opcode::RENAME | opcode::RENAME2 => {
            let [to] = fields.longs()?;
            let [flags, _] = if request.opcode == opcode::RENAME2 { fields.words()? } else { [0; 2] };
            let from = fields.place(inode)?;
            source.rename(from, fields.place(to)?, flags)?;
        }
        _ => return Err(Errno::ENOSYS),
    }
    Ok(())
}

fn entry(source: &impl Source, attributes: &FileAttr, reply: &mut Reply) {
    reply.entry((source.lifetime(), source.name_lifetime(attributes)), attributes);
}

fn look_up(source: &impl Source, inode: u64, mut fields: Fields<'_>, reply: &mut Reply) -> Result<(), Errno> {
    match source.lookup(inode, fields.text()?)? {
        Some(attributes) => entry(source, &attributes, reply),
        None => reply.no_entry(source.lifetime()),
    }
    Ok(())
}

fn change(request: &Request<'_>) -> Result<Change, Errno> {
    let mut fields = request.fields;
    let [which, _] = fields.words()?;
    let [handle, size, _owner, accessed, modified, changed] = fields.longs()?;
    let [accessed_part, modified_part, changed_part, mode, _, uid, gid, _] = fields.words()?;
    let has = |bit: u32| which & bit != 0;
    let time = |seconds: u64, part: u32| system_time(seconds as i64, part.into());
    let new_time = |now: u32, bit: u32, seconds: u64, part: u32| match (has(bit), has(now)) {
        (false, _) => None,
        (true, true) => Some(NewTime::Now),
        (true, false) => Some(NewTime::At(time(seconds, part))),
    };
    Ok(Change {
        caller: request.caller,
        handle: has(valid::HANDLE).then_some(handle),
        mode: has(valid::MODE).then_some(mode),
        uid: has(valid::UID).then_some(uid),
        gid: has(valid::GID).then_some(gid),
        size: has(valid::SIZE).then_some(size),
        accessed: new_time(valid::ACCESSED_NOW, valid::ACCESSED, accessed, accessed_part),
        modified: new_time(valid::MODIFIED_NOW, valid::MODIFIED, modified, modified_part),
        changed: has(valid::CHANGED).then(|| time(changed, changed_part)),
    })
}

fn read(source: &impl Source, inode: u64, mut fields: Fields<'_>, reply: &mut Reply) -> Result<(), Errno> {
    let ([handle, offset], [size, _]) = (fields.longs()?, fields.words()?);
    if size as usize > LARGEST_REQUEST_BYTES {
        // A shorter answer would mean the end of the file.
        return Err(Errno::EINVAL);
    }
    reply.fill(size as usize, |room| source.read(inode, handle, offset, room))
}

fn write(source: &impl Source, inode: u64, mut fields: Fields<'_>, reply: &mut Reply) -> Result<(), Errno> {
    let ([handle, offset], [size, flags]) = (fields.longs()?, fields.words()?);
    let ([_owner], [open_flags, _]) = (fields.longs()?, fields.words()?);
    let flags = WriteFlags::from_bits_retain(flags);
    let write = Write {
        inode,
        handle,
        offset,
        data: fields.bytes(size)?,
        drops_set_id: flags.contains(WriteFlags::FUSE_WRITE_KILL_SUIDGID),
        appends: open_flags & libc::O_APPEND as u32 != 0,
        is_cached: flags.contains(WriteFlags::FUSE_WRITE_CACHE),
    };
    source.write(&write)?;
    reply.words([size, 0]);
    Ok(())
}

fn list(
    source: &impl Source,
    inode: u64,
    mut fields: Fields<'_>,
    with_attributes: bool,
    reply: &mut Reply,
) -> Result<(), Errno> {
    let ([_handle, offset], [size, _]) = (fields.longs()?, fields.words()?);
    let (size, lifetime) = ((size as usize).min(LARGEST_REQUEST_BYTES), source.lifetime());
    let mut add = |listed: &Listed<'_>, attributes: Option<&FileAttr>| match (with_attributes, attributes) {
        (false, _) => reply.listed(listed, None, size),
        (true, Some(attributes)) => reply.listed(listed, Some((lifetime, lifetime, attributes)), size),
        (true, None) => true,
    };
    source.list(inode, offset, with_attributes, &mut add)
}

fn seek(source: &impl Source, request: &Request<'_>, reply: &mut Reply) -> Result<Next, Errno> {
    let (inode, mut fields) = (request.inode, request.fields);
    let ([handle, offset], [whence, _]) = (fields.longs()?, fields.words()?);
    if i64::try_from(offset).is_err() {
        return Err(Errno::ENXIO);
    }
    let hole = match whence as i32 {
        libc::SEEK_DATA => false,
        libc::SEEK_HOLE => true,
        _ => return Err(Errno::EINVAL),
    };
    let seek = Seek { unique: request.unique, inode, handle, offset, hole };
    if source.seeks_written_pages() {
        return Ok(Next::Seek(seek));
    }
    seek.answer(source, reply)?;
    Ok(Next::Answer)
}
