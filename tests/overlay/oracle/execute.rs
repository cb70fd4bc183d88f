//! Carries operations out and says what came of each, in words that are the same wherever the same happened.
//!
//! What may differ between file systems that behave alike is left out on purpose, and only that: inode and device numbers
//! (their relations are kept), times within the last year ("now"), sizes and link counts of directories, block counts (whether
//! a large hole is one is kept), the order of names.

use super::mapped;
use super::operation::{NodeKind, Operation, SLOTS, bytes, text};
use rustix::fs::{
    AtFlags, CWD, FallocateFlags, FileType, FlockOperation, Gid, Mode, OFlags, RawDir, RenameFlags, SeekFrom, Stat,
    Timespec, Timestamps, Uid, XattrFlags,
};
use rustix::io::Errno;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;

/// Times after this are called "now": 2025, later than all that is set on purpose.
const NOW_BEGINS: i64 = 1_735_689_600;
/// More of a file is never read or written by one operation.
const LARGEST: usize = 1 << 20;

/// How the answer to an operation ends after which its path leads to another inode.
pub const ANOTHER_INODE: &str = " and another inode";

/// How a line of [`dump`] begins that says which names lead to one inode.
pub const SAME_INODE: &str = "same inode: ";

type Answer = Result<String, Errno>;

/// Takes away what a container's root does not have. The process keeps its identity.
pub fn drop_rights() {
    use rustix::thread::{CapabilitySet, CapabilitySets};
    let kept = CapabilitySet::CHOWN
        | CapabilitySet::DAC_OVERRIDE
        | CapabilitySet::FOWNER
        | CapabilitySet::FSETID
        | CapabilitySet::SETGID
        | CapabilitySet::SETUID
        | CapabilitySet::SETPCAP
        | CapabilitySet::SETFCAP;
    let held = rustix::thread::capabilities(None).expect("a process may look at its rights").permitted & kept;
    let sets = CapabilitySets { effective: held, permitted: held, inheritable: CapabilitySet::empty() };
    rustix::thread::set_capabilities(None, sets).expect("rights can be given up");
}

/// The state of a sequence: descriptors that stay open from one operation to the next.
pub struct Executor<'a> {
    slots: [Option<File>; SLOTS],
    forget: &'a dyn Fn(),
}

impl Executor<'_> {
    /// One with no descriptors; `forget` makes the kernel forget what it knows of the tree.
    pub fn new(forget: &dyn Fn()) -> Executor<'_> {
        Executor { slots: Default::default(), forget }
    }

    /// Carries one operation out. `-` is "nothing to do it with".
    pub fn run(&mut self, operation: &Operation) -> String {
        let before = stable_path(operation).and_then(|path| rustix::fs::lstat(path.as_slice()).ok());
        let mut answer = match self.answer(operation) {
            Ok(text) => text,
            Err(error) => format!("{:?}", nix::errno::Errno::from_raw(error.raw_os_error())),
        };
        if let (Some(path), Some(before)) = (stable_path(operation), before)
            && let Ok(after) = rustix::fs::lstat(path.as_slice())
            && (before.st_ino, before.st_dev) != (after.st_ino, after.st_dev)
        {
            answer += ANOTHER_INODE;
        }
        answer
    }

    fn slot(&self, slot: usize) -> Result<&File, Errno> {
        self.slots[slot].as_ref().ok_or(Errno::BADF)
    }

    fn answer(&mut self, operation: &Operation) -> Answer {
        use Operation::*;
        match operation {
            Open { slot, path, flags, mode } => {
                // Never a controlling terminal, never a wait for the other end of a FIFO.
                let flags = OFlags::from_bits_retain(*flags) | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
                self.slots[*slot] = None;
                let file = rustix::fs::open(bytes(path), flags, Mode::from_raw_mode(*mode))?;
                self.slots[*slot] = Some(file.into());
                done()
            }
            Close { slot } => {
                self.slots[*slot] = None;
                done()
            }
            Temporary { directory, name, mode, length } => temporary(directory, name, *mode, *length),
            As { id } => become_user(*id),
            Forget => {
                (self.forget)();
                done()
            }
            // What is left to do is done outside.
            Restart => done(),
            Mask { mask } => {
                rustix::process::umask(Mode::from_raw_mode(*mask));
                done()
            }
            CopyRange { from, from_offset, to, to_offset, length } => {
                let (from, to) = (self.slot(*from)?, self.slot(*to)?);
                let (mut from_offset, mut to_offset, mut left) = (*from_offset, *to_offset, *length);
                while left > 0 {
                    let copied = copy_range((from, &mut from_offset), (to, &mut to_offset), left)?;
                    if copied == 0 {
                        break;
                    }
                    left -= copied;
                }
                Ok(format!("{}", length - left))
            }
            Read { .. } | Write { .. } | ReadAt { .. } | WriteAt { .. } | Seek { .. } | Holes { .. } => {
                self.contents(operation)
            }
            TruncateOpen { .. }
            | Allocate { .. }
            | Sync { .. }
            | WriteMapped { .. }
            | Lock { .. }
            | StatusOpen { .. }
            | ChangeModeOpen { .. } => self.open_file(operation),
            List { path } => Ok(listing(path)?.join(" ")),
            ListAgain { path, back_to } => list_again(path, *back_to),
            Sweep { path } => sweep(path),
            Crowd { path, count } => crowd(path, *count),
            SetAttribute { .. } | GetAttribute { .. } | ListAttributes { .. } | RemoveAttribute { .. } => {
                attribute(operation)
            }
            _ => by_path(operation),
        }
    }

    fn contents(&mut self, operation: &Operation) -> Answer {
        use Operation::*;
        match operation {
            Read { slot, length } => {
                let mut buffer = vec![0; (*length).min(LARGEST)];
                let read = rustix::io::read(self.slot(*slot)?, &mut buffer)?;
                Ok(format!("{read} bytes {:x}", hash(&buffer[..read])))
            }
            ReadAt { slot, offset, length } => {
                let mut buffer = vec![0; (*length).min(LARGEST)];
                let read = rustix::io::pread(self.slot(*slot)?, &mut buffer, *offset)?;
                Ok(format!("{read} bytes {:x}", hash(&buffer[..read])))
            }
            Write { slot, length, seed } => {
                Ok(rustix::io::write(self.slot(*slot)?, &pattern(*length, *seed))?.to_string())
            }
            WriteAt { slot, offset, length, seed } => {
                Ok(rustix::io::pwrite(self.slot(*slot)?, &pattern(*length, *seed), *offset)?.to_string())
            }
            Seek { slot, whence, offset } => {
                let to = match whence {
                    0 => SeekFrom::Start(u64::try_from(*offset).map_err(|_| Errno::INVAL)?),
                    1 => SeekFrom::Current(*offset),
                    _ => SeekFrom::End(*offset),
                };
                Ok(rustix::fs::seek(self.slot(*slot)?, to)?.to_string())
            }
            Holes { slot } => {
                let file = self.slot(*slot)?;
                if FileType::from_raw_mode(rustix::fs::fstat(file)?.st_mode) != FileType::RegularFile {
                    return Ok("not a file".to_owned());
                }
                if rustix::fs::fcntl_getfl(file)?.intersection(OFlags::ACCMODE) == OFlags::WRONLY {
                    return Ok("not readable".to_owned());
                }
                let position = rustix::fs::seek(file, SeekFrom::Current(0))?;
                let found = holes(file);
                rustix::fs::seek(file, SeekFrom::Start(position))?;
                found
            }
            _ => unreachable!("sorted out before"),
        }
    }

    fn open_file(&mut self, operation: &Operation) -> Answer {
        use Operation::*;
        match operation {
            TruncateOpen { slot, size } => rustix::fs::ftruncate(self.slot(*slot)?, *size)?,
            Allocate { slot, mode, offset, length } => {
                rustix::fs::fallocate(self.slot(*slot)?, FallocateFlags::from_bits_retain(*mode), *offset, *length)?;
            }
            Sync { slot, data_only: true } => rustix::fs::fdatasync(self.slot(*slot)?)?,
            Sync { slot, .. } => rustix::fs::fsync(self.slot(*slot)?)?,
            ChangeModeOpen { slot, mode } => rustix::fs::fchmod(self.slot(*slot)?, Mode::from_raw_mode(*mode))?,
            StatusOpen { slot } => return Ok(describe(&rustix::fs::fstat(self.slot(*slot)?)?)),
            Lock { slot, kind } => {
                let kinds = [
                    FlockOperation::NonBlockingLockShared,
                    FlockOperation::NonBlockingLockExclusive,
                    FlockOperation::Unlock,
                ];
                rustix::fs::flock(self.slot(*slot)?, kinds[usize::from(*kind) % 3])?;
            }
            WriteMapped { slot, offset, length, seed, shared } => {
                let file = self.slot(*slot)?;
                let status = rustix::fs::fstat(file)?;
                let there = (status.st_size as u64).saturating_sub(*offset).min(*length as u64) as usize;
                if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile || there == 0 {
                    return Ok("nothing there".to_owned());
                }
                let written = mapped::fill(file, *offset, there, *seed, *shared);
                let written = written.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
                return Ok(format!("{there} mapped, reads back: {written}"));
            }
            _ => unreachable!("sorted out before"),
        }
        done()
    }

    /// What the open descriptors hold at the end, removed files included.
    pub fn open_files(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (number, file) in self.slots.iter().enumerate() {
            let Some(file) = file else { continue };
            let Ok(status) = rustix::fs::fstat(file) else { continue };
            let kind = FileType::from_raw_mode(status.st_mode);
            let content = match kind {
                FileType::RegularFile => content(file, status.st_size as u64),
                _ => String::new(),
            };
            found.push(format!("slot {number}: {} {content}", describe(&status)));
        }
        found
    }
}

fn done() -> Answer {
    Ok("done".to_owned())
}

/// The path whose inode must be the same one afterwards.
fn stable_path(operation: &Operation) -> Option<Vec<u8>> {
    use Operation::*;
    match operation {
        ChangeMode { path, .. }
        | ChangeOwner { path, .. }
        | ChangeTimes { path, .. }
        | Truncate { path, .. }
        | SetAttribute { path, .. }
        | Open { path, .. } => Some(bytes(path)),
        _ => None,
    }
}

fn by_path(operation: &Operation) -> Answer {
    use Operation::*;
    let follow_flag = |follow: bool| if follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
    match operation {
        Truncate { path, size } => {
            // truncate(2) itself: rustix has only the one for descriptors.
            nix::unistd::truncate(bytes(path).as_slice(), *size as i64)
                .map_err(|error| Errno::from_raw_os_error(error as i32))?;
        }
        Status { path, follow: true } => return Ok(describe(&rustix::fs::stat(bytes(path))?)),
        Status { path, .. } => return Ok(describe(&rustix::fs::lstat(bytes(path))?)),
        Access { path, mode } => {
            let access = rustix::fs::Access::from_bits_retain(u32::from(*mode) & 7);
            rustix::fs::accessat(CWD, bytes(path), access, AtFlags::EACCESS)?;
        }
        ReadLink { path } => return Ok(text(rustix::fs::readlink(bytes(path), Vec::new())?.as_bytes())),
        Rename { from, to, flags } => {
            rustix::fs::renameat_with(CWD, bytes(from), CWD, bytes(to), RenameFlags::from_bits_retain(*flags))?;
        }
        Link { from, to, follow } => {
            let flags = if *follow { AtFlags::SYMLINK_FOLLOW } else { AtFlags::empty() };
            rustix::fs::linkat(CWD, bytes(from), CWD, bytes(to), flags)?;
        }
        Unlink { path } => rustix::fs::unlink(bytes(path))?,
        RemoveDirectory { path } => rustix::fs::rmdir(bytes(path))?,
        MakeDirectory { path, mode } => rustix::fs::mkdir(bytes(path), Mode::from_raw_mode(*mode))?,
        MakeLink { target, path } => rustix::fs::symlink(bytes(target), bytes(path))?,
        MakeNode { path, kind, mode } => {
            let (kind, device) = match kind {
                NodeKind::File => (FileType::RegularFile, 0),
                NodeKind::Fifo => (FileType::Fifo, 0),
                NodeKind::Socket => (FileType::Socket, 0),
                NodeKind::Device => (FileType::CharacterDevice, rustix::fs::makedev(1, 3)),
            };
            rustix::fs::mknodat(CWD, bytes(path), kind, Mode::from_raw_mode(*mode), device)?;
        }
        ChangeMode { path, mode } => rustix::fs::chmod(bytes(path), Mode::from_raw_mode(*mode))?,
        ChangeOwner { path, uid, gid, follow } => {
            let uid = (*uid != u32::MAX).then(|| Uid::from_raw(*uid));
            let gid = (*gid != u32::MAX).then(|| Gid::from_raw(*gid));
            rustix::fs::chownat(CWD, bytes(path), uid, gid, follow_flag(*follow))?;
        }
        ChangeTimes { path, seconds, follow } => {
            let time = match seconds {
                Some(seconds) => Timespec { tv_sec: *seconds, tv_nsec: 5000 },
                None => Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW },
            };
            let times = Timestamps { last_access: time, last_modification: time };
            rustix::fs::utimensat(CWD, bytes(path), &times, follow_flag(*follow))?;
        }
        FileSystem { path } => {
            let found = rustix::fs::statvfs(bytes(path))?;
            let sound = found.f_bavail <= found.f_blocks && found.f_bsize > 0 && found.f_bavail > 0;
            return Ok(format!("sound: {sound}, names of {}", found.f_namemax));
        }
        Same { one, other } => {
            let (one, other) = (rustix::fs::lstat(bytes(one))?, rustix::fs::lstat(bytes(other))?);
            return Ok(format!("same: {}", (one.st_ino, one.st_dev) == (other.st_ino, other.st_dev)));
        }
        _ => unreachable!("sorted out before"),
    }
    done()
}

fn attribute(operation: &Operation) -> Answer {
    use Operation::*;
    let mut buffer = vec![0u8; 1 << 16];
    let room = buffer.len();
    match operation {
        SetAttribute { path, name, value, flags, follow } => {
            let set = if *follow { rustix::fs::setxattr } else { rustix::fs::lsetxattr };
            set(bytes(path), name.as_str(), value, XattrFlags::from_bits_retain(*flags))?;
            done()
        }
        GetAttribute { path, name, follow } => {
            let get = if *follow { rustix::fs::getxattr } else { rustix::fs::lgetxattr };
            let length = get(bytes(path), name.as_str(), &mut buffer[..])?;
            let mut small = [0u8; 1];
            let short = get(bytes(path), name.as_str(), &mut small[..]);
            let short = short.map_or_else(|error| format!("{error:?}"), |length| format!("{length}"));
            Ok(format!("{length} bytes {:x}, into one: {short}", hash(&buffer[..length])))
        }
        ListAttributes { path, follow } => {
            let list = if *follow { rustix::fs::listxattr } else { rustix::fs::llistxattr };
            let length = list(bytes(path), &mut buffer[..room])?;
            Ok(names(&buffer[..length]).join(" "))
        }
        RemoveAttribute { path, name, follow } => {
            let remove = if *follow { rustix::fs::removexattr } else { rustix::fs::lremovexattr };
            remove(bytes(path), name.as_str())?;
            done()
        }
        _ => unreachable!("sorted out before"),
    }
}

/// Names of attributes, sorted, without those of a security module, which some machines put on every file.
fn names(list: &[u8]) -> Vec<String> {
    let mut names: Vec<_> = list.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(text).collect();
    names.retain(|name| name != "security.selinux" && name != "security.apparmor");
    names.sort();
    names
}

fn become_user(id: u32) -> Answer {
    let (root, user, group) = (Uid::from_raw(0), Uid::from_raw(id), Gid::from_raw(id));
    // Root again first: only it may take on another identity.
    rustix::thread::set_thread_res_uid(root, root, root)?;
    rustix::thread::set_thread_res_gid(Gid::from_raw(0), group, Gid::from_raw(0))?;
    rustix::thread::set_thread_groups(&[])?;
    rustix::thread::set_thread_res_uid(root, user, root)?;
    done()
}

fn temporary(directory: &str, name: &str, mode: u32, length: usize) -> Answer {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = rustix::fs::open(bytes(directory), flags, Mode::from_raw_mode(mode))?;
    rustix::io::write(&file, &pattern(length, 7))?;
    let unnamed = rustix::fs::fstat(&file)?.st_nlink;
    // Kernels before 6.10 want CAP_DAC_READ_SEARCH for this, on every file system.
    let linked = rustix::fs::linkat(&file, "", CWD, bytes(name), AtFlags::EMPTY_PATH);
    let linked = linked.map_or_else(|error| format!("{error:?}"), |()| "linked".to_owned());
    let same = rustix::fs::lstat(bytes(name)).is_ok_and(|found| {
        rustix::fs::fstat(&file).is_ok_and(|file| (file.st_ino, file.st_nlink) == (found.st_ino, found.st_nlink))
    });
    Ok(format!("{unnamed} links, {linked}, same: {same}"))
}

/// copy_file_range(2) and, as `cp` and the libraries of languages do, reading and writing where that is EXDEV: the kernel's
/// overlay asks the file systems of the layers, and those of an image and of the changes may be two.
fn copy_range(from: (&File, &mut u64), to: (&File, &mut u64), length: usize) -> Result<usize, Errno> {
    match rustix::fs::copy_file_range(from.0, Some(from.1), to.0, Some(to.1), length) {
        Err(Errno::XDEV) => {}
        other => return other,
    }
    let mut buffer = vec![0; length.min(LARGEST)];
    let read = rustix::io::pread(from.0, &mut buffer, *from.1)?;
    let written = if read == 0 { 0 } else { rustix::io::pwrite(to.0, &buffer[..read], *to.1)? };
    (*from.1, *to.1) = (*from.1 + written as u64, *to.1 + written as u64);
    Ok(written)
}

/// Bytes that tell where they belong.
fn pattern(length: usize, seed: u8) -> Vec<u8> {
    (0..length.min(LARGEST)).map(|at| (at as u8).wrapping_mul(31).wrapping_add(seed) | 1).collect()
}

/// FNV-1a: not to be attacked, only to differ.
pub fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The attributes that must agree.
fn describe(status: &Stat) -> String {
    let kind = FileType::from_raw_mode(status.st_mode);
    let is_directory = kind == FileType::Directory;
    let (size, links) = if is_directory { (0, 0) } else { (status.st_size, status.st_nlink) };
    let time = match status.st_mtime {
        // Only file systems that hold FIFOs themselves see writes to them.
        _ if kind == FileType::Fifo => String::new(),
        time if time > NOW_BEGINS => "now".to_owned(),
        time => time.to_string(),
    };
    let device = match kind {
        FileType::CharacterDevice | FileType::BlockDevice => status.st_rdev,
        _ => 0,
    };
    let mode = status.st_mode & 0o7777;
    // A file of which more than 2 MiB are holes.
    let sparse = if is_directory {
        ""
    } else if status.st_blocks as u64 * 512 + (2 << 20) < status.st_size as u64 {
        " sparse"
    } else {
        ""
    };
    format!(
        "{kind:?} {mode:o} {}:{} {size} bytes {links} links {time} {device:x}{sparse}",
        status.st_uid, status.st_gid
    )
}

fn content(file: &File, size: u64) -> String {
    let mut buffer = vec![0; 1 << 18];
    let (mut sum, mut at) = (0u64, 0u64);
    while at < size {
        match file.read_at(&mut buffer, at) {
            Ok(0) => return format!("ends at {at}"),
            Ok(read) => {
                // Holes are long and hashing is not free.
                if buffer[..read].iter().any(|byte| *byte != 0) {
                    sum = sum.rotate_left(1) ^ hash(&buffer[..read]) ^ at;
                }
                at += read as u64;
            }
            Err(error) if error.raw_os_error() == Some(libc::EBADF) => return "not readable".to_owned(),
            Err(error) => return format!("fails at {at}: {error}"),
        }
    }
    format!("content {sum:x}")
}

/// Follows SEEK_DATA and SEEK_HOLE through the file, and reads what lies between.
fn holes(file: &File) -> Answer {
    let size = rustix::fs::fstat(file)?.st_size as u64;
    let mut at = 0;
    let mut buffer = vec![0; 1 << 18];
    while at < size {
        let data = match rustix::fs::seek(file, SeekFrom::Data(at)) {
            Ok(data) => data.min(size),
            Err(Errno::NXIO) => size,
            Err(error) => return Err(error),
        };
        if data < at {
            return Ok(format!("data at {data}, before {at}"));
        }
        while at < data {
            let piece = (data - at).min(buffer.len() as u64) as usize;
            match rustix::io::pread(file, &mut buffer[..piece], at) {
                Ok(0) => return Ok(format!("ends at {at} in a hole")),
                Ok(read) if buffer[..read].iter().all(|byte| *byte == 0) => at += read as u64,
                Ok(_) => return Ok(format!("a hole at {at} is none")),
                Err(Errno::BADF) => return Ok("not readable".to_owned()),
                Err(error) => return Err(error),
            }
        }
        if at < size {
            let hole = rustix::fs::seek(file, SeekFrom::Hole(at))?;
            if hole <= at || hole > size {
                return Ok(format!("data at {at} ends at {hole} of {size}"));
            }
            at = hole;
        }
    }
    let beyond = rustix::fs::seek(file, SeekFrom::Data(size));
    Ok(format!(
        "holes are holes, beyond the end {:?}",
        beyond.map_err(|error| nix::errno::Errno::from_raw(error.raw_os_error()))
    ))
}

fn directory(path: &str) -> Result<OwnedFd, Errno> {
    rustix::fs::open(bytes(path), OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// Reads on from where the directory stands, in small pieces, and gives each entry to `visit` until it returns false.
fn read_directory(open: &OwnedFd, mut visit: impl FnMut(Vec<u8>, FileType, u64) -> bool) -> Result<(), Errno> {
    let mut space = [MaybeUninit::uninit(); 640];
    let mut entries = RawDir::new(open, &mut space);
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name().to_bytes().to_vec();
        if name != b"." && name != b".." && !visit(name, entry.file_type(), entry.next_entry_cookie()) {
            break;
        }
    }
    Ok(())
}

fn listing(path: &str) -> Result<Vec<String>, Errno> {
    let open = directory(path)?;
    let mut names = Vec::new();
    read_directory(&open, |name, kind, _| {
        names.push(format!("{}:{kind:?}", text(&name)));
        true
    })?;
    names.sort();
    Ok(names)
}

fn list_again(path: &str, back_to: usize) -> Answer {
    let open = directory(path)?;
    let mut seen = Vec::new();
    read_directory(&open, |name, _, next| {
        seen.push((name, next));
        true
    })?;
    let Some((_, place)) = seen.get(back_to % seen.len().max(1)) else { return Ok("empty".to_owned()) };
    rustix::fs::seek(&open, SeekFrom::Start(*place))?;
    let mut again = Vec::new();
    read_directory(&open, |name, _, _| {
        again.push(name);
        true
    })?;
    let rest: Vec<_> = seen.iter().skip(back_to % seen.len() + 1).map(|(name, _)| name.clone()).collect();
    Ok(format!("{} names, the rest is the same: {}", seen.len(), rest == again))
}

fn sweep(path: &str) -> Answer {
    let open = directory(path)?;
    let mut failed = Vec::new();
    let mut removed = 0;
    read_directory(&open, |name, kind, _| {
        if kind != FileType::Directory {
            match rustix::fs::unlinkat(&open, name.as_slice(), AtFlags::empty()) {
                Ok(()) => removed += 1,
                Err(error) => {
                    failed.push(format!("{}:{:?}", text(&name), nix::errno::Errno::from_raw(error.raw_os_error())))
                }
            }
        }
        true
    })?;
    failed.sort();
    let left = listing(path)?;
    Ok(format!("{removed} removed, failed: {failed:?}, left: {left:?}"))
}

fn crowd(path: &str, count: usize) -> Answer {
    let mut old = BTreeMap::new();
    for name in listing(path)? {
        old.insert(name.rsplit_once(':').expect("a type").0.to_owned(), 0);
    }
    let open = directory(path)?;
    let mut outcome = "made".to_owned();
    let mut make = |number: usize| {
        let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC;
        if let Err(error) = rustix::fs::openat(&open, format!("crowd{number}"), flags, Mode::from_raw_mode(0o644)) {
            outcome = format!("{error:?}");
        }
    };
    let mut made = 0;
    read_directory(&open, |name, _, _| {
        if let Some(seen) = old.get_mut(&text(&name)) {
            *seen += 1;
        }
        if made < count {
            make(made);
            made += 1;
        }
        true
    })?;
    (made..count).for_each(make);
    let others: Vec<_> = old.iter().filter(|(_, seen)| **seen != 1).collect();
    Ok(format!("{outcome}, old names not seen once: {others:?}, now {}", listing(path)?.len()))
}

/// The whole tree below the working directory, a line each.
pub fn dump() -> Vec<String> {
    let mut lines = Vec::new();
    let mut inodes: HashMap<u64, String> = HashMap::new();
    let mut waiting = vec![".".to_owned()];
    while let Some(path) = waiting.pop() {
        let Ok(status) = rustix::fs::lstat(bytes(&path)) else {
            lines.push(format!("{path}: no status"));
            continue;
        };
        let kind = FileType::from_raw_mode(status.st_mode);
        let mut line = format!("{path}: {}", describe(&status));
        if kind == FileType::Directory {
            match listing(&path) {
                Ok(names) => {
                    // Sorted, so that the first of several names is the same one everywhere.
                    for name in names.iter().rev() {
                        waiting.push(format!("{path}/{}", name.rsplit_once(':').expect("a type").0));
                    }
                }
                Err(error) => line += &format!(" list {error:?}"),
            }
        } else if status.st_nlink > 1 {
            let first = inodes.entry(status.st_ino).or_insert_with(|| path.clone());
            if *first != path {
                lines.push(format!("{SAME_INODE}{path} and {first}"));
            }
        }
        match kind {
            FileType::RegularFile => match File::open(std::ffi::OsStr::from_bytes(&bytes(&path))) {
                Ok(file) => line += &format!(" {}", content(&file, status.st_size as u64)),
                Err(error) => line += &format!(" open {error}"),
            },
            FileType::Symlink => {
                let target = rustix::fs::readlink(bytes(&path), Vec::new());
                line += &format!(" -> {:?}", target.map(|target| text(target.as_bytes())));
            }
            _ => {}
        }
        line += &attributes(&path);
        lines.push(line);
    }
    lines
}

fn attributes(path: &str) -> String {
    let mut buffer = vec![0u8; 1 << 16];
    let Ok(length) = rustix::fs::llistxattr(bytes(path), &mut buffer[..]) else { return String::new() };
    let mut found = String::new();
    for name in names(&buffer[..length]) {
        let mut value = vec![0u8; 1 << 16];
        let length = rustix::fs::lgetxattr(bytes(path), name.as_str(), &mut value[..]);
        found += &match length {
            Ok(length) => format!(" {name}={:x}", hash(&value[..length])),
            Err(error) => format!(" {name}: {error:?}"),
        };
    }
    found
}
