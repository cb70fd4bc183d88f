//! The file system over its journal: against a model of what POSIX says, cut at every length, damaged at every byte.

use super::log::{NAME, replay};
use super::*;
use std::fs::File;
use std::path::Path;

fn begin(place: &Path) -> [Arc<Open>; 2] {
    let open = |name: &str| {
        std::fs::create_dir_all(place.join(name)).unwrap();
        OwnedFd::from(File::open(place.join(name)).unwrap())
    };
    start(open("upper"), open("work"), false).unwrap_or_else(|fault| panic!("{fault:?}"))
}

fn fault(place: &Path) -> Fault {
    let open = |name: &str| OwnedFd::from(File::open(place.join(name)).unwrap());
    start(open("upper"), open("work"), false).map(drop).unwrap_err()
}

fn write(file: &Open, text: &[u8]) {
    rustix::io::pwrite(file.contents().unwrap(), text, 0).unwrap();
    file.changed().unwrap();
}

fn read(file: &Open) -> Vec<u8> {
    let mut bytes = vec![0; 100];
    let length = rustix::io::pread(file.contents().unwrap(), &mut bytes, 0).unwrap();
    bytes.truncate(length);
    bytes
}

/// Everything below a directory, in words.
fn tree(directory: &Arc<Open>) -> Vec<String> {
    let mut lines = Vec::new();
    let mut waiting = vec![(String::new(), Arc::clone(directory))];
    while let Some((path, directory)) = waiting.pop() {
        for (name, kind) in directory.names().unwrap() {
            let child = directory.child(&name).unwrap();
            let stat = child.stat().unwrap();
            let path = format!("{path}/{}", name.escape_ascii());
            let text = child.link_text().unwrap_or_default();
            let attributes: Vec<_> =
                child.xattr_names().unwrap().iter().map(|name| child.xattr(name).unwrap().unwrap()).collect();
            lines.push(format!(
                "{path} {} {:o} {} {} {}.{:09} {text:?} {attributes:?}",
                stat.st_ino, stat.st_mode, stat.st_nlink, stat.st_size, stat.st_mtime, stat.st_mtime_nsec
            ));
            if kind == FileType::Directory {
                waiting.push((path, directory.open_directory(&name).unwrap()));
            }
        }
    }
    lines.sort();
    lines
}

/// One of everything.
fn fill(upper: &Arc<Open>) {
    for name in [&b"Case"[..], b"case", b"a:b*?\"<>|\\", b"end. ", b"\xff\xfe"] {
        write(&upper.create(name, 0o640).unwrap(), name);
    }
    upper.make(b"d", libc::S_IFDIR | 0o1777).unwrap();
    let d = upper.open_directory(b"d").unwrap();
    d.make(b"e", libc::S_IFDIR | 0o700).unwrap();
    upper.make_symlink(b"d/e", b"link").unwrap();
    upper.child(b"link").unwrap().set_xattr(b"user.on.link", b"1").unwrap();
    upper.link(b"case", &d, b"other").unwrap();
    upper.make(b"empty", libc::S_IFREG | 0o600).unwrap();
    upper.child(b"Case").unwrap().set_permissions(0o4755).unwrap();
    upper.child(b"Case").unwrap().set_xattr(b"user.x", &[7; 3000]).unwrap();
    let time = rustix::fs::Timespec { tv_sec: -5, tv_nsec: 123_456_789 };
    upper.child(b"d").unwrap().set_times(&Timestamps { last_access: time, last_modification: time }).unwrap();
    upper.rename(b"end. ", &d, b"moved", RenameFlags::empty()).unwrap();
    upper.rename(b"empty", upper, b"link", RenameFlags::EXCHANGE).unwrap();
}

#[test]
fn everything_is_there_again_after_any_number_of_starts() {
    let place = tempfile::tempdir().unwrap();
    let [upper, work] = begin(place.path());
    fill(&upper);
    let before = tree(&upper);
    assert_eq!(before.len(), 10, "{before:#?}");
    drop((upper, work));
    for _ in 0..2 {
        let [upper, _work] = begin(place.path());
        assert_eq!(tree(&upper), before);
        assert_eq!(read(&upper.child(b"case").unwrap().open().unwrap()), b"case");
        let other = upper.open_directory(b"d").unwrap().child(b"other").unwrap().stat().unwrap();
        assert_eq!((other.st_ino, other.st_nlink), (upper.child(b"case").unwrap().stat().unwrap().st_ino, 2));
    }
}

#[test]
fn what_posix_refuses_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let [upper, _work] = begin(place.path());
    fill(&upper);
    let d = upper.open_directory(b"d").unwrap();
    let before = tree(&upper);
    let none = RenameFlags::empty();
    assert_eq!(upper.make(b"d", libc::S_IFDIR), Err(Errno::EXIST));
    assert_eq!(upper.make(&[b'n'; 256], libc::S_IFREG), Err(Errno::NAMETOOLONG));
    for name in [&b""[..], b".", b"..", b"a/b", b"a\0b"] {
        assert_eq!(upper.make(name, libc::S_IFREG), Err(Errno::INVAL), "{name:?}");
    }
    assert_eq!(upper.remove(b"none", false), Err(Errno::NOENT));
    assert_eq!(upper.remove(b"d", true), Err(Errno::NOTEMPTY));
    assert_eq!(upper.remove(b"d", false), Err(Errno::ISDIR));
    assert_eq!(upper.remove(b"case", true), Err(Errno::NOTDIR));
    assert_eq!(upper.link(b"d", &upper, b"hard"), Err(Errno::PERM));
    assert_eq!(upper.rename(b"d", &d, b"in", none), Err(Errno::INVAL));
    assert_eq!(upper.rename(b"case", &upper, b"d", none), Err(Errno::ISDIR));
    assert_eq!(upper.rename(b"d", &upper, b"case", none), Err(Errno::NOTDIR));
    assert_eq!(upper.rename(b"case", &upper, b"Case", RenameFlags::NOREPLACE), Err(Errno::EXIST));
    assert_eq!(upper.rename(b"case", &upper, b"none", RenameFlags::EXCHANGE), Err(Errno::NOENT));
    let inner = d.open_directory(b"e").unwrap();
    assert_eq!(upper.rename(b"d", &inner, b"x", RenameFlags::EXCHANGE), Err(Errno::NOENT));
    assert_eq!(upper.child(b"case").unwrap().set_xattr(b"user.x", &vec![0; 65537]), Err(Errno::TOOBIG));
    assert_eq!(upper.child(b"case").unwrap().remove_xattr(b"user.x"), Ok(false));
    // Two names of one file: nothing happens (rename(2)).
    assert_eq!(upper.rename(b"case", &d, b"other", none), Ok(()));
    assert_eq!(tree(&upper), before);
    // A directory that is gone takes no more.
    d.remove(b"e", true).unwrap();
    assert_eq!(inner.make(b"late", libc::S_IFREG), Err(Errno::NOENT));
}

#[test]
fn contents_go_with_the_last_name_and_handle() {
    let place = tempfile::tempdir().unwrap();
    let objects = |upper: &Open| upper.tree.objects.all().unwrap().len();
    let [upper, work] = begin(place.path());
    let file = upper.create(b"f", 0o600).unwrap();
    write(&file, b"kept");
    upper.link(b"f", &upper, b"g").unwrap();
    upper.remove(b"f", false).unwrap();
    upper.remove(b"g", false).unwrap();
    assert_eq!((read(&file), file.stat().unwrap().st_nlink, objects(&upper)), (b"kept".to_vec(), 0, 1));
    file.place().set_permissions(0o400).unwrap();
    drop(file);
    assert_eq!(objects(&upper), 0);
    // Killed while it was open, it is removed by the next start.
    let file = upper.create(b"f", 0o600).unwrap();
    write(&file, b"lost");
    upper.remove(b"f", false).unwrap();
    std::mem::forget(file);
    drop((upper, work));
    // The lock is that handle's still.
    std::fs::rename(place.path().join("work"), place.path().join("old")).unwrap();
    std::fs::create_dir(place.path().join("work")).unwrap();
    std::fs::copy(place.path().join("old/journal"), place.path().join("work/journal")).unwrap();
    let [upper, _work] = begin(place.path());
    assert_eq!(objects(&upper), 0);
}

/// A journal's bytes after a few operations.
fn journal(place: &Path) -> Vec<u8> {
    let [upper, _work] = begin(place);
    fill(&upper);
    for number in 0..20 {
        upper.make(format!("n{number}").as_bytes(), libc::S_IFREG | 0o600).unwrap();
    }
    let mut bytes = std::fs::read(place.join("work").join(NAME)).unwrap();
    let end = upper.tree.state().log.length_bytes();
    // Behind it there is room for more.
    assert!(bytes.drain(end as usize..).all(|byte| byte == 0));
    bytes
}

#[test]
fn a_journal_cut_anywhere_is_the_tree_of_some_moment() {
    let place = tempfile::tempdir().unwrap();
    let whole = journal(place.path());
    let mut trees = Vec::new();
    for length in 0..=whole.len() {
        if let Some((nodes, _)) = replay(&whole[..length]).unwrap() {
            assert!(nodes.lookup(nodes::ROOT, b"upper").is_ok());
            if trees.last() != Some(&nodes) {
                trees.push(nodes);
            }
        } else {
            assert!(trees.is_empty(), "once the snapshot is whole, no length is damage: {length}");
        }
    }
    // The snapshot, and then one more for each operation.
    assert!(trees.len() > 40, "{}", trees.len());
    assert!(trees.last() == replay(&whole[..]).unwrap().map(|(nodes, _)| nodes).as_ref());
}

#[test]
fn a_damaged_journal_loses_its_tail_or_is_refused_and_never_more() {
    let place = tempfile::tempdir().unwrap();
    let whole = journal(place.path());
    let (sound, _) = replay(&whole[..]).unwrap().unwrap();
    for at in 0..whole.len() {
        for flip in [1, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            if let Some((nodes, _)) = replay(&bytes[..]).unwrap() {
                assert!(nodes.all.len() <= sound.all.len() + 1, "byte {at}");
            }
        }
    }
}

/// Operations that no request could have led to, with right checksums.
#[test]
fn any_sequence_of_operations_is_a_tree_or_refused() {
    let mut seed = 0x1234_5678_9abc_def0_u64;
    let mut random = |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    let mut accepted = 0;
    for _ in 0..3000 {
        let mut operations = Vec::new();
        for _ in 0..random(12) {
            let id = random(7);
            let name: Box<[u8]> = [&b"a"[..], b"b", b"..", b"", b"x/y", b"c"][random(6) as usize].into();
            let at = (random(7), name.clone());
            let to = (random(7), Box::from(*b"a"));
            let mode = [libc::S_IFDIR, libc::S_IFREG, libc::S_IFLNK, libc::S_IFCHR, 0][random(5) as usize];
            operations.push(match random(12) {
                0 | 1 => Operation::Node { id, mode, times: [Time::default(); 3], text: name },
                2 | 3 => Operation::Entry { at, id },
                4 => Operation::Last { id },
                5 | 6 => Operation::Make { at, id, mode, text: name },
                7 => Operation::Link { id, at },
                8 => Operation::Remove { at },
                9 => Operation::Rename { from: at, to },
                10 => Operation::Exchange { from: at, to },
                _ => Operation::SetXattr { id, name, value: Box::default() },
            });
        }
        operations.push(Operation::Last { id: 100 });
        let bytes: Vec<Vec<u8>> = operations.iter().map(|operation| operation.encode(Time::default())).collect();
        if let Some(is_same) = log::replay_operations(bytes.iter().map(|bytes| &bytes[..])) {
            accepted += 1;
            assert!(is_same, "{operations:?}");
        }
    }
    assert!(accepted > 100, "{accepted}");
}

#[test]
fn a_journal_that_cannot_be_used_is_left_as_it_is() {
    let place = tempfile::tempdir().unwrap();
    let whole = journal(place.path());
    let path = place.path().join("work").join(NAME);
    let kept = || place.path().join("upper/0").exists();
    for damage in [&b""[..], b"coracleJ", b"something else entirely", &whole[..40]] {
        std::fs::write(&path, damage).unwrap();
        assert!(matches!(fault(place.path()), Fault::Damaged), "{damage:?}");
        assert!(kept() && std::fs::read(&path).unwrap() == damage);
    }
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(fault(place.path()), Fault::Damaged), "contents without a journal");
    // Whole under its other name: the rename did not reach the disk.
    std::fs::write(place.path().join("work/journal.new"), &whole).unwrap();
    let [upper, _work] = begin(place.path());
    assert_eq!(tree(&upper).len(), 30);
}

#[test]
fn a_journal_that_has_grown_is_written_anew() {
    let place = tempfile::tempdir().unwrap();
    let [upper, work] = begin(place.path());
    fill(&upper);
    let file = upper.child(b"Case").unwrap();
    upper.tree.state().rewrite_at = 50_000;
    let lost = upper.create(b"lost", 0o600).unwrap();
    upper.remove(b"lost", false).unwrap();
    for number in 0..100 {
        file.set_xattr(b"user.y", &[number; 1000]).unwrap();
    }
    lost.place().set_permissions(0o400).unwrap();
    drop(lost);
    assert!(upper.tree.state().log.length_bytes() < 80_000);
    let before = tree(&upper);
    drop((upper, work));
    let [upper, _work] = begin(place.path());
    assert_eq!(tree(&upper), before);
}
