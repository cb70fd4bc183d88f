//! The layers all sides start from, written three ways from one description: as tars for coracle, as directories with
//! overlayfs's own whiteouts for the kernel, and merged into one plain directory.
//!
//! The two last are made by plain system calls and share no code with the program under test.

use super::operation::bytes;
use crate::support::{Image, Layer};
use rustix::fs::{AtFlags, CWD, FileType, Gid, Mode, Timespec, Timestamps, Uid, XattrFlags};
use serde::{Deserialize, Serialize};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// The modification time of everything in the layers.
pub const MODIFIED: i64 = 1_700_000_000;
/// All files of the layers lie below this directory of the image.
pub const TOP: &str = "t";

/// One thing in a layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Relative to the top, as in an operation.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// User and group, the same number.
    pub owner: u32,
    /// What it is.
    pub kind: EntryKind,
    /// Extended attributes.
    pub attributes: Vec<(String, Vec<u8>)>,
}

/// What can be in a layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EntryKind {
    /// Directory; an opaque one hides what lower layers have in it.
    Directory { opaque: bool },
    /// Regular file: this many bytes that depend on the seed.
    File { length: usize, seed: u64 },
    /// Regular file with pieces of data (offset and length in pages) and holes.
    Sparse { pages: u64, pieces: Vec<(u64, u64)> },
    /// Symbolic link.
    Link(String),
    /// Another name of a file of the same layer.
    Hard(String),
    /// FIFO.
    Fifo,
    /// What lower layers have under this name is gone.
    Whiteout,
}

fn entry(path: &str, mode: u32, owner: u32, kind: EntryKind) -> Entry {
    Entry { path: path.to_owned(), mode, owner, kind, attributes: Vec::new() }
}

const PLAIN: EntryKind = EntryKind::Directory { opaque: false };

fn file(path: &str, length: usize) -> Entry {
    entry(path, 0o644, 0, EntryKind::File { length, seed: path.len() as u64 + length as u64 })
}

/// The layers, bottom first.
pub fn layers() -> Vec<Vec<Entry>> {
    vec![bottom(), middle(), vec![entry("d", 0o755, 0, PLAIN), file("d/top", 10), file("d/b", 9999)]]
}

fn bottom() -> Vec<Entry> {
    let long = "l".repeat(255);
    let mut entries = vec![
        entry("d", 0o755, 0, PLAIN),
        file("d/a", 5000),
        file("d/b", 100),
        file("d/c", 0),
        entry("d/sub", 0o755, 0, PLAIN),
        file("d/sub/x", 70_000),
        file("d/sub/y", 1),
        entry("d/sub/in", 0o700, 1000, PLAIN),
        file("d/sub/in/z", 4096),
        entry("h", 0o755, 0, PLAIN),
        file("h/one", 3000),
        entry("h/two", 0o644, 0, EntryKind::Hard("h/one".into())),
        entry("h/three", 0o644, 0, EntryKind::Hard("h/one".into())),
        entry("sparse", 0o644, 0, EntryKind::Sparse { pages: 4000, pieces: vec![(100, 2), (3999, 1)] }),
        entry("hole", 0o644, 0, EntryKind::Sparse { pages: 2000, pieces: vec![] }),
        file("big", 3_000_000),
        entry("set", 0o6755, 0, EntryKind::File { length: 64, seed: 5 }),
        entry("others", 0o4755, 1000, EntryKind::File { length: 64, seed: 6 }),
        entry("secret", 0o600, 1000, EntryKind::File { length: 640, seed: 7 }),
        entry("open", 0o666, 1001, EntryKind::File { length: 1640, seed: 8 }),
        entry("readonly", 0o444, 0, EntryKind::File { length: 10, seed: 9 }),
        entry("link", 0o777, 0, EntryKind::Link("d/a".into())),
        entry("dangling", 0o777, 0, EntryKind::Link("nowhere/at/all".into())),
        entry("to-directory", 0o777, 1000, EntryKind::Link("d".into())),
        entry("loop", 0o777, 0, EntryKind::Link("loop".into())),
        entry("long-target", 0o777, 0, EntryKind::Link("x".repeat(1000))),
        entry("pipe", 0o644, 0, EntryKind::Fifo),
        entry("sticky", 0o1777, 0, PLAIN),
        entry("sticky/mine", 0o666, 1000, EntryKind::File { length: 5, seed: 1 }),
        entry("sticky/yours", 0o666, 1001, EntryKind::File { length: 5, seed: 1 }),
        entry("group", 0o2775, 1000, PLAIN),
        entry("group/f", 0o664, 1000, EntryKind::File { length: 5, seed: 1 }),
        entry("locked", 0o700, 0, PLAIN),
        file("locked/inside", 77),
        entry("\u{ff}\u{fe}\u{80}", 0o644, 0, EntryKind::File { length: 5, seed: 1 }),
        file("new\nline", 8),
        file(&long, 9),
        entry("opaque", 0o755, 0, PLAIN),
        file("opaque/old", 11),
        entry("opaque/olddir", 0o755, 0, PLAIN),
        file("opaque/olddir/f", 12),
        entry("gone", 0o755, 0, PLAIN),
        file("gone/f", 13),
        file("gone-file", 14),
        entry("was-directory", 0o755, 0, PLAIN),
        file("was-directory/f", 15),
        file("was-file", 16),
        entry("empty", 0o755, 0, PLAIN),
        entry("many", 0o755, 0, PLAIN),
    ];
    let mut noted = file("noted", 20);
    noted.attributes = vec![("user.note".into(), b"kept".to_vec()), ("user.other".into(), vec![0, 1, 255])];
    let mut able = entry("able", 0o755, 0, EntryKind::File { length: 20, seed: 3 });
    able.attributes = vec![("security.capability".into(), CAPABILITY.to_vec())];
    entries.extend([noted, able]);
    entries.extend((0..120).map(|number| file(&format!("many/{number}"), number)));
    let mut deep = "deep".to_owned();
    for _ in 0..12 {
        entries.push(entry(&deep, 0o755, 0, PLAIN));
        deep += "/directory-of-some-length";
    }
    entries.push(file(&deep, 17));
    entries
}

fn middle() -> Vec<Entry> {
    vec![
        entry("opaque", 0o750, 0, EntryKind::Directory { opaque: true }),
        file("opaque/new", 21),
        entry("gone", 0, 0, EntryKind::Whiteout),
        entry("gone-file", 0, 0, EntryKind::Whiteout),
        file("was-directory", 22),
        entry("was-file", 0o711, 0, PLAIN),
        file("was-file/f", 23),
        entry("d", 0o755, 0, PLAIN),
        entry("d/c", 0, 0, EntryKind::Whiteout),
        entry("d/sub", 0o775, 1001, PLAIN),
        file("d/sub/middle", 24),
        entry("many", 0o755, 0, PLAIN),
        entry("many/7", 0, 0, EntryKind::Whiteout),
    ]
}

/// VFS_CAP_REVISION_2 with CAP_NET_RAW permitted and effective (capabilities(7)).
pub const CAPABILITY: [u8; 20] = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const PAGE: u64 = 4096;

fn content(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..length).map(next).collect()
}

/// As an image.
pub fn image() -> Image {
    Image::new(layers().iter().map(|entries| tar(entries)).collect())
}

fn tar(entries: &[Entry]) -> Layer {
    let mut layer = Layer::new().directory(TOP, 0o755);
    for entry in entries {
        let path = bytes(&entry.path);
        let name = [TOP.as_bytes(), b"/", &path].concat();
        layer = layer.owned_by(u64::from(entry.owner), u64::from(entry.owner));
        for (key, value) in &entry.attributes {
            layer = layer.xattr(key, value);
        }
        layer = match &entry.kind {
            EntryKind::Directory { opaque } => {
                let layer = layer.directory(&name, entry.mode);
                if *opaque { layer.file([name.as_slice(), b"/.wh..wh..opq"].concat(), 0o644, "") } else { layer }
            }
            EntryKind::File { length, seed } => layer.file(name, entry.mode, content(*length, *seed)),
            EntryKind::Sparse { pages, pieces } => {
                // GNU's sparse format 0.1: the map in pax records, the pieces one after the other.
                let map: Vec<String> =
                    pieces.iter().map(|(at, count)| format!("{},{}", at * PAGE, count * PAGE)).collect();
                let map = if map.is_empty() { format!("{},0", pages * PAGE) } else { map.join(",") };
                let data: Vec<u8> =
                    pieces.iter().flat_map(|(at, count)| content((count * PAGE) as usize, *at)).collect();
                layer
                    .record(b"GNU.sparse.size", (pages * PAGE).to_string().as_bytes())
                    .record(b"GNU.sparse.numblocks", pieces.len().max(1).to_string().as_bytes())
                    .record(b"GNU.sparse.map", map.as_bytes())
                    .file(name, entry.mode, data)
            }
            EntryKind::Link(target) => layer.symlink(name, target),
            EntryKind::Hard(target) => layer.hardlink(name, format!("{TOP}/{target}")),
            EntryKind::Fifo => layer.fifo(name),
            EntryKind::Whiteout => {
                let cut = path.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
                layer.file([TOP.as_bytes(), b"/", &path[..cut], b".wh.", &path[cut..]].concat(), 0o644, "")
            }
        };
    }
    layer
}

/// As directories `0`, `1`, ... below `place`, in the form the kernel's overlayfs reads; and merged, as `plain`.
pub fn unpack(place: &Path) {
    for (number, entries) in layers().iter().enumerate() {
        write(&place.join(number.to_string()), entries, true);
    }
}

/// All layers as one directory at `place`, which must not exist yet.
pub fn unpack_merged(place: &Path) {
    for entries in layers() {
        write(place, &entries, false);
    }
}

fn write(place: &Path, entries: &[Entry], as_layer: bool) {
    std::fs::create_dir_all(place).unwrap();
    let at = |path: &str| -> PathBuf { place.join(std::ffi::OsStr::from_bytes(&bytes(path))) };
    for entry in entries {
        let path = at(&entry.path);
        if !as_layer && !matches!(entry.kind, EntryKind::Directory { opaque: false }) {
            remove(&path);
        }
        match &entry.kind {
            EntryKind::Directory { opaque } => {
                if !path.is_dir() {
                    remove(&path);
                    std::fs::create_dir(&path).unwrap();
                }
                if *opaque && as_layer {
                    rustix::fs::setxattr(&path, "user.overlay.opaque", b"y", XattrFlags::empty()).unwrap();
                }
            }
            EntryKind::File { length, seed } => std::fs::write(&path, content(*length, *seed)).unwrap(),
            EntryKind::Sparse { pages, pieces } => sparse(&path, *pages, pieces),
            EntryKind::Link(target) => rustix::fs::symlink(target, &path).unwrap(),
            EntryKind::Hard(target) => std::fs::hard_link(at(target), &path).unwrap(),
            EntryKind::Fifo => rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::RUSR, 0).unwrap(),
            EntryKind::Whiteout if as_layer => {
                // Since Linux 5.8 anybody may make one.
                rustix::fs::mknodat(CWD, &path, FileType::CharacterDevice, Mode::empty(), 0).unwrap();
            }
            EntryKind::Whiteout => continue,
        }
        dress(&path, entry);
    }
    // Directories got new times when things were made in them.
    for entry in entries.iter().filter(|entry| matches!(entry.kind, EntryKind::Directory { .. })) {
        touch(&at(&entry.path));
    }
    touch(place);
}

fn remove(path: &Path) {
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(path).unwrap(),
        Ok(_) => std::fs::remove_file(path).unwrap(),
        Err(_) => {}
    }
}

fn sparse(path: &Path, pages: u64, pieces: &[(u64, u64)]) {
    use std::os::unix::fs::FileExt as _;
    let file = std::fs::File::create(path).unwrap();
    file.set_len(pages * PAGE).unwrap();
    for (at, count) in pieces {
        file.write_all_at(&content((count * PAGE) as usize, *at), at * PAGE).unwrap();
    }
}

/// Owner, mode, attributes and time.
fn dress(path: &Path, entry: &Entry) {
    if matches!(entry.kind, EntryKind::Hard(_) | EntryKind::Whiteout) {
        return;
    }
    let (uid, gid) = (Uid::from_raw(entry.owner), Gid::from_raw(entry.owner));
    rustix::fs::chownat(CWD, path, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW).unwrap();
    if !matches!(entry.kind, EntryKind::Link(_)) {
        rustix::fs::chmod(path, Mode::from_raw_mode(entry.mode)).unwrap();
    }
    for (name, value) in &entry.attributes {
        rustix::fs::setxattr(path, name.as_str(), value, XattrFlags::empty()).unwrap();
    }
    touch(path);
}

fn touch(path: &Path) {
    let time = Timespec { tv_sec: MODIFIED, tv_nsec: 0 };
    let times = Timestamps { last_access: time, last_modification: time };
    rustix::fs::utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
}

/// Mode and time of the top directory itself.
pub fn dress_root(root: &Path) {
    rustix::fs::chmod(root, Mode::from_raw_mode(0o755)).unwrap();
    touch(root);
}
