//! Makes sequences of operations from a seed.
//!
//! A rough model of the tree steers the choice of names, so that most operations meet something; it need not be right. In
//! [`Range::Common`] it also keeps away from what an unprivileged kernel overlay is known to do unlike any other file system:
//!
//! * a directory that (partly) lies below cannot be renamed: EXDEV, since `redirect_dir` is not for unprivileged mounts
//!   (Documentation/filesystems/overlayfs.rst, "renaming directories");
//! * one of several names of a file below is changed: the others keep the old file, since `index` needs file handles, which
//!   an unprivileged mount cannot decode (`ovl_can_decode_fh`);
//! * a second name is given to a file that was copied up: the two names show different inode numbers, for the same reason.

use super::fixture::{self, CAPABILITY, EntryKind, MODIFIED};
use super::operation::{NodeKind, Operation, SLOTS};
use std::collections::{BTreeMap, BTreeSet};

/// What may be generated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// Only what the kernel's overlay and a plain directory do alike.
    Common,
    /// Everything.
    Free,
}

/// splitmix64, for sequences that are the same everywhere and for ever.
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }
    /// Below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
    /// True `percent` times of a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
    /// One of `choices`.
    pub fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }
}

/// What the model knows of a name.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Known {
    directory: bool,
    /// It, or something of it, lies in the layers.
    below: bool,
    /// It has (or had) several names.
    shared: bool,
}

struct Generator {
    random: Random,
    range: Range,
    known: BTreeMap<String, Known>,
    /// Names under which something of the layers ever was, and may still be: an operation can fail unexpectedly.
    ever_below: BTreeSet<String>,
    /// The same of directories alone.
    directories_below: BTreeSet<String>,
    made: usize,
}

/// A sequence of `length` operations.
pub fn sequence(seed: u64, range: Range, length: usize) -> Vec<Operation> {
    let mut known = BTreeMap::new();
    for entry in fixture::layers().into_iter().flatten() {
        let directory = matches!(entry.kind, EntryKind::Directory { .. });
        let shared = entry.path.starts_with("h/");
        match entry.kind {
            EntryKind::Whiteout => {
                known.retain(|path: &String, _| *path != entry.path && !path.starts_with(&format!("{}/", entry.path)));
            }
            _ => {
                known.insert(entry.path, Known { directory, below: true, shared });
            }
        }
    }
    known.retain(|path, _| !path.starts_with("opaque/old") && path != "was-directory/f");
    let ever_below = known.keys().cloned().collect();
    let directories_below = known.iter().filter(|(_, known)| known.directory).map(|(path, _)| path.clone()).collect();
    let mut generator = Generator { random: Random(seed), range, known, ever_below, directories_below, made: 0 };
    (0..length).map(|_| generator.operation()).collect()
}

/// The same without what a FUSE server is never asked, whoever writes it:
///
/// * O_TMPFILE, which a kernel before Linux 6.2 does not ask FUSE for (`FUSE_TMPFILE`);
/// * fallocate(2) that moves what follows: the kernel refuses it itself (`fuse_file_fallocate`);
/// * whether who writes to a set-group-ID file is in its group, which matters where the group may not execute it (a bit
///   without a meaning then): the kernel only says that rights are to be dropped (`FUSE_WRITE_KILL_SUIDGID`);
/// * truncate(2) to the size a file has, which POSIX lets leave the time as it is, and of which the kernel tells the server no
///   time: the time is set after it;
/// * chown(2) with neither user nor group, which elsewhere drops set-id bits if its caller may: the kernel sends only a time.
pub fn within_fuse(operations: Vec<Operation>) -> Vec<Operation> {
    let mut kept = Vec::new();
    for mut operation in operations {
        match &mut operation {
            Operation::Temporary { .. } if !asks_for_unnamed_files() => continue,
            Operation::ChangeOwner { uid: u32::MAX, gid: u32::MAX, .. } => continue,
            Operation::Allocate { mode, .. } if *mode & (8 | 32) != 0 => continue,
            Operation::Open { mode, .. }
            | Operation::Temporary { mode, .. }
            | Operation::MakeNode { mode, .. }
            | Operation::ChangeMode { mode, .. }
            | Operation::ChangeModeOpen { mode, .. } => *mode &= !0o2000,
            _ => {}
        }
        let touched = match &operation {
            Operation::Truncate { path, .. } => Some(path.clone()),
            _ => None,
        };
        kept.push(operation);
        kept.extend(touched.map(|path| Operation::ChangeTimes { path, seconds: None, follow: true }));
    }
    kept
}

/// Whether this kernel knows `FUSE_TMPFILE`.
fn asks_for_unnamed_files() -> bool {
    let name = rustix::system::uname();
    let release = name.release().to_string_lossy();
    let mut numbers = release.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    (numbers.next(), numbers.next()) >= (Some(6), Some(2))
}

impl Generator {
    fn existing(&mut self, wanted: impl Fn(&str, &Known) -> bool) -> Option<String> {
        // The hundred small files would be most of it.
        let fits = |path: &String, known: &Known| wanted(path, known) && (!path.starts_with("many/") || path.len() < 7);
        let found: Vec<&String> =
            self.known.iter().filter(|(path, known)| fits(path, known)).map(|(path, _)| path).collect();
        if found.is_empty() { None } else { Some(found[self.random.below(found.len())].clone()) }
    }

    fn directory(&mut self) -> String {
        if self.random.chance(12) {
            return ".".to_owned();
        }
        self.existing(|_, known| known.directory).unwrap_or_else(|| ".".to_owned())
    }

    /// A name that is most likely free.
    fn fresh(&mut self) -> String {
        let directory = self.directory();
        self.made += 1;
        let name = match self.random.below(12) {
            0 => format!("{}{}", "n".repeat(200), self.made % 7),
            1 => format!("\u{e9}\u{ff}{}", self.made % 9),
            2 => "n".repeat(256),
            _ => format!("n{}", self.made % 23),
        };
        if directory == "." { name } else { format!("{directory}/{name}") }
    }

    /// A name that something may or may not have.
    fn any(&mut self) -> String {
        match self.random.below(20) {
            0 => self.fresh(),
            1 => self
                .random
                .pick(&["", "/", ".", "..", "nothing", "d/a/x", "loop/x", "empty/no/way", "gone", "d/c", "many/7"])
                .to_owned(),
            2 | 3 => self.directory(),
            _ => self.existing(|_, _| true).unwrap_or_else(|| ".".to_owned()),
        }
    }

    /// A name of something to be changed.
    fn target(&mut self) -> String {
        let common = self.range == Range::Common;
        for _ in 0..50 {
            let path = self.any();
            if !common || !self.known.get(&path).is_some_and(|known| known.shared && known.below) {
                return path;
            }
        }
        ".".to_owned()
    }

    fn file(&mut self) -> String {
        if self.random.chance(15) {
            return self.target();
        }
        let common = self.range == Range::Common;
        self.existing(|_, known| !(known.directory || common && known.shared && known.below)).unwrap_or_default()
    }

    /// A name whose object is gone or replaced afterwards.
    fn victim(&mut self) -> String {
        let common = self.range == Range::Common;
        for _ in 0..50 {
            let path = self.target();
            let hides = |known: &Known| common && known.below && known.shared;
            if !self.known.get(&path).is_some_and(hides) {
                return path;
            }
        }
        "nothing".to_owned()
    }

    fn offset(&mut self) -> u64 {
        let page = 4096;
        match self.random.below(8) {
            0 => 0,
            1 => page * self.random.below(20) as u64,
            2 => 10_000_000 + self.random.below(1000) as u64,
            3 => page * self.random.below(5000) as u64,
            _ => self.random.below(20_000) as u64,
        }
    }

    fn length(&mut self) -> usize {
        match self.random.below(8) {
            0 => 0,
            1 => 1,
            2 => 4096 * (1 + self.random.below(8)),
            3 => 200_000 + self.random.below(200_000),
            _ => self.random.below(9000),
        }
    }

    fn mode(&mut self) -> u32 {
        self.random
            .pick(&[0o644, 0o600, 0o755, 0o777, 0o4755, 0o2755, 0o6755, 0o1777, 0, 0o444, 0o2644, 0o711, 0o070, 0o7777])
    }

    fn slot(&mut self) -> usize {
        self.random.below(SLOTS)
    }

    fn operation(&mut self) -> Operation {
        match self.random.below(100) {
            0..=15 => self.open(),
            16..=43 => self.through_descriptor(),
            44..=60 => self.names(),
            61..=74 => self.change(),
            75..=81 => self.attribute(),
            82..=95 => self.look(),
            _ => self.circumstance(),
        }
    }

    fn open(&mut self) -> Operation {
        let slot = self.slot();
        let access = self.random.pick(&[libc::O_RDONLY, libc::O_WRONLY, libc::O_RDWR, libc::O_RDWR, libc::O_RDWR]);
        let mut flags = access;
        let chances = [
            (libc::O_CREAT, 35),
            (libc::O_APPEND, 12),
            (libc::O_TRUNC, 15),
            (libc::O_EXCL, 8),
            (libc::O_NOFOLLOW, 5),
            (libc::O_DIRECTORY, 3),
            (libc::O_NOATIME, 3),
            (libc::O_SYNC, 3),
        ];
        for (flag, percent) in chances {
            if self.random.chance(percent) {
                flags |= flag;
            }
        }
        if self.random.chance(5) {
            let directory = self.directory();
            let (mode, length) = (self.mode(), self.length());
            let name = self.fresh();
            self.learn(&name, false);
            return Operation::Temporary { directory, name, mode, length };
        }
        let path = if flags & libc::O_CREAT != 0 && self.random.chance(60) { self.fresh() } else { self.file() };
        if flags & libc::O_CREAT != 0 {
            self.learn(&path, false);
        }
        Operation::Open { slot, path, flags: flags as u32, mode: self.mode() }
    }

    fn through_descriptor(&mut self) -> Operation {
        let slot = self.slot();
        let (offset, length, seed) = (self.offset(), self.length(), self.random.below(256) as u8);
        match self.random.below(30) {
            0..=2 => Operation::Read { slot, length },
            3..=7 => Operation::Write { slot, length, seed },
            8..=10 => Operation::ReadAt { slot, offset, length },
            11..=15 => Operation::WriteAt { slot, offset, length, seed },
            16 => Operation::Seek { slot, whence: self.random.below(3) as u8, offset: offset as i64 - 3000 },
            17 => Operation::Holes { slot },
            18 => Operation::TruncateOpen { slot, size: offset },
            19 | 20 => self.allocate(slot, offset),
            21 => Operation::Sync { slot, data_only: self.random.chance(50) },
            22 | 23 => Operation::WriteMapped {
                slot,
                offset: offset / 4096 * 4096,
                length,
                seed,
                shared: self.random.chance(80),
            },
            24 => Operation::CopyRange {
                from: slot,
                from_offset: offset,
                to: self.slot(),
                to_offset: self.offset(),
                length,
            },
            25 => Operation::Lock { slot, kind: self.random.below(3) as u8 },
            26 | 27 => Operation::StatusOpen { slot },
            28 => Operation::ChangeModeOpen { slot, mode: self.mode() },
            _ => Operation::Close { slot },
        }
    }

    fn allocate(&mut self, slot: usize, offset: u64) -> Operation {
        // linux/falloc.h: keep size 1, punch hole 2 (with 1), collapse 8, zero 16, insert 32.
        let mode = self.random.pick(&[0, 0, 1, 3, 3, 16, 17, 8, 32, 2]);
        let whole_pages = mode & 40 != 0 && self.random.chance(80);
        let length = if whole_pages { 4096 * (1 + self.random.below(5) as u64) } else { self.length() as u64 };
        Operation::Allocate { slot, mode, offset: if whole_pages { offset / 4096 * 4096 } else { offset }, length }
    }

    fn names(&mut self) -> Operation {
        match self.random.below(20) {
            0..=6 => self.rename(),
            7 | 8 => {
                let common = self.range == Range::Common;
                let from = if common {
                    {
                        let below = self.ever_below.clone();
                        self.existing(|path, known| !known.directory && !below.contains(path))
                    }
                    .unwrap_or_else(|| "nothing".to_owned())
                } else {
                    self.target()
                };
                let to = if self.random.chance(85) { self.fresh() } else { self.any() };
                self.learn(&to, false);
                for path in [&from, &to] {
                    if let Some(known) = self.known.get_mut(path) {
                        known.shared = true;
                    }
                }
                Operation::Link { from, to, follow: !common && self.random.chance(20) }
            }
            9..=11 => {
                let path = self.victim();
                if self.known.get(&path).is_some_and(|known| !known.directory) {
                    self.known.remove(&path);
                }
                Operation::Unlink { path }
            }
            12 => {
                let path = self.directory();
                let inside = format!("{path}/");
                if !self.known.keys().any(|other| other.starts_with(&inside)) {
                    self.known.remove(&path);
                }
                Operation::RemoveDirectory { path }
            }
            13 | 14 => {
                let path = if self.random.chance(80) { self.fresh() } else { self.any() };
                self.learn(&path, true);
                Operation::MakeDirectory { path, mode: self.mode() | 0o700 }
            }
            15 => {
                let path = self.fresh();
                self.learn(&path, false);
                let target =
                    if self.random.chance(70) { self.target() } else { "x".repeat(1 + self.random.below(500)) };
                Operation::MakeLink { target, path }
            }
            16 | 17 => {
                let path = if self.random.chance(80) { self.fresh() } else { self.any() };
                let kind = self.random.pick(&[NodeKind::Fifo, NodeKind::Socket, NodeKind::File, NodeKind::Device]);
                self.learn(&path, false);
                Operation::MakeNode { path, kind, mode: self.mode() }
            }
            18 => {
                let path = self.sweepable();
                let inside = format!("{path}/");
                self.known.retain(|other, known| known.directory || !other.starts_with(&inside));
                Operation::Sweep { path }
            }
            _ => Operation::Crowd { path: self.directory(), count: 1 + self.random.below(40) },
        }
    }

    /// A directory without names the kernel's overlay would lose track of.
    fn sweepable(&mut self) -> String {
        let path = self.directory();
        if path == "h" || path == "." { "many".to_owned() } else { path }
    }

    fn rename(&mut self) -> Operation {
        // RENAME_NOREPLACE 1, RENAME_EXCHANGE 2, RENAME_WHITEOUT 4 (not for users).
        let flags = self.random.pick(&[0, 0, 0, 0, 0, 1, 1, 2, 2, 3]);
        let movable = |generator: &mut Self| {
            let common = generator.range == Range::Common;
            for _ in 0..50 {
                let path = generator.victim();
                if !common || (generator.known.contains_key(&path) && !generator.directories_below.contains(&path)) {
                    return path;
                }
            }
            "nothing".to_owned()
        };
        let from = movable(self);
        let to = match (flags, self.random.below(10)) {
            (2, _) => movable(self),
            (_, 0..=5) => self.fresh(),
            _ => self.victim(),
        };
        self.renamed(&from, &to, flags);
        Operation::Rename { from, to, flags }
    }

    fn renamed(&mut self, from: &str, to: &str, flags: u32) {
        let Some(one) = self.known.get(from).copied() else { return };
        if one.below {
            self.ever_below.insert(to.to_owned());
        }
        if self.directories_below.contains(from) {
            self.directories_below.insert(to.to_owned());
        }
        let other = self.known.get(to).copied();
        let inside = format!("{from}/");
        if to.starts_with(&inside) || from.starts_with(&format!("{to}/")) || (flags == 2 && other.is_none()) {
            return;
        }
        if flags == 2 {
            // Who lies where is no longer known; nobody cares about files.
            if let Some(other) = other {
                self.known.insert(from.to_owned(), other);
                self.ever_below.extend([from.to_owned(), to.to_owned()]);
                if self.directories_below.contains(to) {
                    self.directories_below.insert(from.to_owned());
                }
                self.known.insert(to.to_owned(), one);
            }
            return;
        }
        if other.is_some_and(|other| other.directory != one.directory) {
            return;
        }
        let moved: Vec<_> = self
            .known
            .iter()
            .filter(|(path, _)| path.starts_with(&inside))
            .map(|(path, known)| (path.clone(), *known))
            .collect();
        for (path, known) in moved {
            self.known.remove(&path);
            let path = format!("{to}/{}", &path[inside.len()..]);
            self.ever_below.insert(path.clone());
            if known.directory {
                self.directories_below.insert(path.clone());
            }
            self.known.insert(path, known);
        }
        self.known.remove(from);
        self.known.insert(to.to_owned(), one);
    }

    fn learn(&mut self, path: &str, directory: bool) {
        if path
            .rsplit('/')
            .next()
            .is_some_and(|name| !name.is_empty() && name.len() < 256 && name != "." && name != "..")
        {
            let known = Known { directory, below: self.ever_below.contains(path), shared: path.starts_with("h/") };
            self.known.entry(path.to_owned()).or_insert(known);
        }
    }

    fn change(&mut self) -> Operation {
        let path = if self.random.chance(60) { self.file() } else { self.target() };
        let ids = [0, 1000, 1001, u32::MAX, 65534, 50];
        let follow = self.range == Range::Free
            || !self.known.get(&path).is_some_and(|known| known.below)
            || self.random.chance(50);
        match self.random.below(10) {
            0..=3 => Operation::ChangeMode { path, mode: self.mode() },
            4..=6 => Operation::ChangeOwner { path, uid: self.random.pick(&ids), gid: self.random.pick(&ids), follow },
            7 => Operation::Truncate { path, size: self.offset() },
            _ => {
                let seconds = self.random.pick(&[None, Some(0), Some(1), Some(MODIFIED - 5), Some(1_000_000_000)]);
                Operation::ChangeTimes { path, seconds, follow }
            }
        }
    }

    fn attribute(&mut self) -> Operation {
        let path = if self.random.chance(70) { self.file() } else { self.target() };
        let names = [
            "user.note",
            "user.a",
            "user.b",
            "user.other",
            "security.capability",
            "system.posix_acl_access",
            "system.posix_acl_default",
            "trusted.no",
            "user.",
            "nonsense",
            "user.long",
        ];
        let name = self.random.pick(&names).to_owned();
        let follow = self.random.chance(80);
        match self.random.below(10) {
            0..=4 => {
                let value = match name.as_str() {
                    "security.capability" => CAPABILITY.to_vec(),
                    "system.posix_acl_access" | "system.posix_acl_default" => self.access_list(),
                    "user.long" => vec![b'l'; 300],
                    _ => vec![b'v'; self.random.below(20)],
                };
                Operation::SetAttribute { path, name, value, flags: self.random.pick(&[0, 0, 0, 1, 2]), follow }
            }
            5 | 6 => Operation::GetAttribute { path, name, follow },
            7 => Operation::ListAttributes { path, follow },
            _ => Operation::RemoveAttribute { path, name, follow },
        }
    }

    /// linux/posix_acl_xattr.h: version 2, then tag, permissions and id of each entry.
    fn access_list(&mut self) -> Vec<u8> {
        let mut list = 2u32.to_le_bytes().to_vec();
        let mut add = |tag: u16, permissions: usize, id: u32| {
            list.extend_from_slice(&tag.to_le_bytes());
            list.extend_from_slice(&(permissions as u16).to_le_bytes());
            list.extend_from_slice(&id.to_le_bytes());
        };
        add(1, self.random.below(8), u32::MAX);
        if self.random.chance(70) {
            add(2, self.random.below(8), 1000);
        }
        add(4, self.random.below(8), u32::MAX);
        add(0x10, self.random.below(8), u32::MAX);
        add(0x20, self.random.below(8), u32::MAX);
        list
    }

    fn look(&mut self) -> Operation {
        let path = self.any();
        match self.random.below(14) {
            0..=3 => Operation::Status { path, follow: self.random.chance(50) },
            4 => Operation::Access { path, mode: self.random.below(8) as u8 },
            5 => Operation::ReadLink { path },
            6..=8 => Operation::List { path: self.directory() },
            9 => Operation::ListAgain { path: self.directory(), back_to: self.random.below(20) },
            10 => Operation::FileSystem { path },
            11 => Operation::Same { one: path, other: self.any() },
            _ => Operation::StatusOpen { slot: self.slot() },
        }
    }

    fn circumstance(&mut self) -> Operation {
        match self.random.below(9) {
            0 | 1 => Operation::As { id: self.random.pick(&[1000, 1001, 2000]) },
            2..=4 => Operation::As { id: 0 },
            // Starting a container takes as long as a hundred operations.
            5..=7 if self.random.chance(6) => Operation::Restart,
            5..=7 => Operation::Forget,
            _ => Operation::Mask { mask: self.random.pick(&[0, 0o022, 0o077, 0o027]) },
        }
    }
}
