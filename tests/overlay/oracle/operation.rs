//! One operation on a file system, as data: made by the generator, carried out by the executor, printed when it failed.
//!
//! Paths are relative to the root of the tree. A character of a name is one byte (ISO 8859-1), so that names that are not
//! UTF-8 can be written down.

use serde::{Deserialize, Serialize};

/// How many descriptors a sequence may hold open.
pub const SLOTS: usize = 6;

/// What can be done. `slot` names one of [`SLOTS`] descriptors; an operation on an empty slot does nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Operation {
    /// open(2) with the raw flags of this architecture.
    Open { slot: usize, path: String, flags: u32, mode: u32 },
    /// close(2).
    Close { slot: usize },
    /// read(2) at the descriptor's position.
    Read { slot: usize, length: usize },
    /// write(2) at the descriptor's position, or at the end with O_APPEND.
    Write { slot: usize, length: usize, seed: u8 },
    /// pread(2).
    ReadAt { slot: usize, offset: u64, length: usize },
    /// pwrite(2).
    WriteAt { slot: usize, offset: u64, length: usize, seed: u8 },
    /// lseek(2) with SEEK_SET, SEEK_CUR or SEEK_END.
    Seek { slot: usize, whence: u8, offset: i64 },
    /// Every SEEK_DATA and SEEK_HOLE of the file: what is called a hole must read as zeros.
    Holes { slot: usize },
    /// ftruncate(2).
    TruncateOpen { slot: usize, size: u64 },
    /// truncate(2).
    Truncate { path: String, size: u64 },
    /// fallocate(2) with the raw mode.
    Allocate { slot: usize, mode: u32, offset: u64, length: u64 },
    /// fsync(2) or fdatasync(2).
    Sync { slot: usize, data_only: bool },
    /// Writes through a mapping (mmap(2)), as far as the file goes.
    WriteMapped { slot: usize, offset: u64, length: usize, seed: u8, shared: bool },
    /// copy_file_range(2).
    CopyRange { from: usize, from_offset: u64, to: usize, to_offset: u64, length: usize },
    /// flock(2), never waiting.
    Lock { slot: usize, kind: u8 },
    /// stat(2), or lstat(2).
    Status { path: String, follow: bool },
    /// fstat(2).
    StatusOpen { slot: usize },
    /// access(2) as the effective user.
    Access { path: String, mode: u8 },
    /// readlink(2).
    ReadLink { path: String },
    /// renameat2(2) with the raw flags.
    Rename { from: String, to: String, flags: u32 },
    /// link(2), or with AT_SYMLINK_FOLLOW.
    Link { from: String, to: String, follow: bool },
    /// unlink(2).
    Unlink { path: String },
    /// rmdir(2).
    RemoveDirectory { path: String },
    /// mkdir(2).
    MakeDirectory { path: String, mode: u32 },
    /// symlink(2).
    MakeLink { target: String, path: String },
    /// mknod(2) of a FIFO, a socket, an empty file, or a device.
    MakeNode { path: String, kind: NodeKind, mode: u32 },
    /// chmod(2).
    ChangeMode { path: String, mode: u32 },
    /// fchmod(2).
    ChangeModeOpen { slot: usize, mode: u32 },
    /// chown(2) or lchown(2); 4294967295 leaves an id as it is.
    ChangeOwner { path: String, uid: u32, gid: u32, follow: bool },
    /// utimensat(2): these seconds, or now.
    ChangeTimes { path: String, seconds: Option<i64>, follow: bool },
    /// setxattr(2), lsetxattr(2).
    SetAttribute { path: String, name: String, value: Vec<u8>, flags: u32, follow: bool },
    /// getxattr(2).
    GetAttribute { path: String, name: String, follow: bool },
    /// listxattr(2), sorted.
    ListAttributes { path: String, follow: bool },
    /// removexattr(2).
    RemoveAttribute { path: String, name: String, follow: bool },
    /// O_TMPFILE, a write, linkat(2) of it.
    Temporary { directory: String, name: String, mode: u32, length: usize },
    /// The names in a directory, sorted, read through a buffer so small that it takes many calls.
    List { path: String },
    /// Reads a directory, goes back to a place it was at before (telldir(3)), and reads the rest again.
    ListAgain { path: String, back_to: usize },
    /// Removes everything but directories while reading the directory, as `rm -r` does.
    Sweep { path: String },
    /// Makes names while reading the directory: the old ones must come exactly once.
    Crowd { path: String, count: usize },
    /// statfs(2): that there is an answer and it adds up.
    FileSystem { path: String },
    /// Whether two names lead to one inode.
    Same { one: String, other: String },
    /// umask(2).
    Mask { mask: u32 },
    /// All later operations as this user and group with no other groups (0 is root with a container's capabilities).
    As { id: u32 },
    /// The kernel drops every name and inode of the root that nobody uses, and the server is told (FORGET).
    Forget,
    /// Descriptors are closed, the process ends, and a new one goes on after the tree was mounted again (the container started again).
    Restart,
}

/// What mknod(2) makes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum NodeKind {
    /// Regular and empty.
    File,
    /// FIFO.
    Fifo,
    /// Socket.
    Socket,
    /// Character device 1:3, which needs a right that containers do not have.
    Device,
}

/// Operations, one a line: what a failure prints and `CORACLE_TEST_OPERATIONS` reads.
pub fn to_lines(operations: &[Operation]) -> String {
    let line = |operation| serde_json::to_string(operation).expect("operations are plain data") + "\n";
    operations.iter().map(line).collect()
}

/// The reverse of [`to_lines`].
pub fn from_lines(text: &str) -> Vec<Operation> {
    text.lines().filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).expect("an operation")).collect()
}

/// The bytes of a path as written in an operation.
pub fn bytes(path: &str) -> Vec<u8> {
    path.chars().map(|character| character as u8).collect()
}

/// The reverse of [`bytes`].
pub fn text(path: &[u8]) -> String {
    path.iter().map(|byte| char::from(*byte)).collect()
}
