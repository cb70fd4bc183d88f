//! Tars right and wrong, by table, and damage by the thousand.

use super::writer::{TarWriter, index};
use super::*;

/// One line per entry, for comparison.
fn lines(index: &[u8]) -> Vec<String> {
    let index = LayerIndex::parse(index).unwrap();
    let entries: Result<Vec<_>, _> = index.entries().collect();
    entries.unwrap().iter().map(line).collect()
}

fn line(entry: &EntryView<'_>) -> String {
    let kind = format!("{:?}", entry.kind);
    let mut line = format!("{kind} {} {:o} {}:{}", entry.path.escape_ascii(), entry.mode, entry.uid, entry.gid);
    if entry.kind == EntryKind::File {
        line += &format!(" {}", entry.size);
    }
    if !entry.link.is_empty() {
        line += &format!(" -> {}", entry.link.escape_ascii());
    }
    if entry.device != (0, 0) {
        line += &format!(" {:?}", entry.device);
    }
    for xattr in entry.xattrs() {
        line += &format!(" {}={}", xattr.name.escape_ascii(), xattr.value.escape_ascii());
    }
    line
}

/// Contents as the index finds them.
fn contents(tar: &[u8], entry: &EntryView<'_>) -> Vec<u8> {
    let mut contents = vec![0; entry.size as usize];
    for extent in entry.extents() {
        let (file, tar_at, length) = (extent.file_offset as usize, extent.tar_offset as usize, extent.length as usize);
        contents[file..file + length].copy_from_slice(&tar[tar_at..tar_at + length]);
    }
    contents
}

fn put(at: usize, text: &'static [u8]) -> impl Fn(&mut [u8; 512]) {
    move |header| header[at..at + text.len()].copy_from_slice(text)
}

#[test]
fn entries_of_every_kind_and_dialect() {
    let long = "d/".repeat(80) + "name";
    let long_link = "t".repeat(300);
    let binary: &[u8] = b"\x01\0\0\x02\n=";
    let cases: Vec<(&str, TarWriter, Vec<String>)> = vec![
        ("file", TarWriter::new().file("a", "text"), vec!["File a 644 0:0 4".into()]),
        ("root", TarWriter::new().directory("./", 0o1777), vec!["Directory  1777 0:0".into()]),
        ("absolute", TarWriter::new().file("/etc/./x", ""), vec!["File etc/x 644 0:0 0".into()]),
        (
            "links",
            TarWriter::new().link(b'2', "s", "/a/../b").link(b'1', "h", "./x/../a"),
            vec!["Symlink s 644 0:0 -> /a/../b".into(), "HardLink h 644 0:0 -> a".into()],
        ),
        ("device", TarWriter::new().device("null", 1, 3), vec!["CharacterDevice null 644 0:0 (1, 3)".into()]),
        ("fifo", TarWriter::new().raw(b'6', b"p", b"", |_| {}), vec!["Fifo p 644 0:0".into()]),
        ("contiguous", TarWriter::new().raw(b'7', b"c", b"xy", |_| {}), vec!["File c 644 0:0 2".into()]),
        (
            "v7 directory",
            TarWriter::new().raw(0, b"old/", b"", |header| header[257..].fill(0)),
            vec!["Directory old 644 0:0".into()],
        ),
        (
            "ustar prefix",
            TarWriter::new().raw(b'0', b"name", b"", put(345, b"some/prefix")),
            vec!["File some/prefix/name 644 0:0 0".into()],
        ),
        (
            "gnu header has no prefix",
            TarWriter::new().raw(b'0', b"name", b"", |header| {
                header[257..265].copy_from_slice(b"ustar  \0");
                header[345..350].copy_from_slice(b"01234");
            }),
            vec!["File name 644 0:0 0".into()],
        ),
        (
            "gnu long name and link",
            TarWriter::new()
                .raw(b'L', b"././@LongLink", format!("{long}\0").as_bytes(), |_| {})
                .raw(b'K', b"././@LongLink", format!("{long_link}\0").as_bytes(), |_| {})
                .link(b'2', "short", "short")
                .file("next", ""),
            vec![format!("Symlink {long} 644 0:0 -> {long_link}"), "File next 644 0:0 0".into()],
        ),
        (
            "base-256 owner",
            TarWriter::new().raw(b'0', b"big", b"", put(108, b"\x80\0\0\0\x12\x34\x56\x78")),
            vec!["File big 644 305419896:0 0".into()],
        ),
        (
            "pax",
            TarWriter::new()
                .pax(
                    b'x',
                    &[
                        ("path", b"real/\xff"),
                        ("uid", b"70000"),
                        ("gid", b"5"),
                        ("SCHILY.xattr.security.capability", binary),
                        ("SCHILY.xattr.user.overlay.opaque", b"y"),
                    ],
                )
                .file("ignored", "1")
                .file("plain", ""),
            vec![
                "File real/\\xff 644 70000:5 1 security.capability=\\x01\\x00\\x00\\x02\\n=".into(),
                "File plain 644 0:0 0".into(),
            ],
        ),
        (
            "global",
            TarWriter::new()
                .pax(b'g', &[("uid", b"9"), ("comment", b"x")])
                .pax(b'x', &[("gid", b"3")])
                .file("a", "")
                .pax(b'x', &[("uid", b"")])
                .file("b", ""),
            vec!["File a 644 9:3 0".into(), "File b 644 0:0 0".into()],
        ),
        ("names with newline", TarWriter::new().file("a\nb", ""), vec!["File a\\nb 644 0:0 0".into()]),
        (
            "volume label and dump directory",
            TarWriter::new().raw(b'V', b"label", b"", |_| {}).raw(b'D', b"dump", b"Yname\0\0", |_| {}).file("z", "z"),
            vec!["Directory dump 644 0:0".into(), "File z 644 0:0 1".into()],
        ),
        (
            "a size on a directory means nothing",
            TarWriter::new().raw(b'5', b"d", b"", put(124, b"00000001000")).file("z", "z"),
            vec!["Directory d 644 0:0".into(), "File z 644 0:0 1".into()],
        ),
    ];
    for (name, tar, expected) in cases {
        let bytes = tar.end();
        let whole = index(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(lines(&whole), expected, "{name}");
        for chunk in [1, 7, 511, 512, 513, 1000] {
            let mut indexer = LayerIndexer::new();
            bytes.chunks(chunk).for_each(|chunk| indexer.push(chunk).unwrap());
            assert_eq!(indexer.finish().unwrap(), whole, "{name} in chunks of {chunk}");
        }
    }
}

#[test]
fn archives_that_are_refused() {
    let huge = TarWriter::new().raw(b'0', b"huge", b"", put(124, b"\x80\0\0\0\0\x7f\xff\xff\xff\xff\xff\xff"));
    let claimed = TarWriter::new().raw(b'x', b"pax", b"", put(124, b"77777777777\0"));
    let cases: Vec<(&str, TarWriter)> = vec![
        ("outside", TarWriter::new().file("../x", "")),
        ("outside by pax", TarWriter::new().pax(b'x', &[("path", b"a/../../x")]).file("x", "")),
        ("hard link outside", TarWriter::new().link(b'1', "h", "../../etc/passwd")),
        ("hard link to the root", TarWriter::new().link(b'1', "h", "/")),
        ("file as root", TarWriter::new().file("./", "x")),
        ("link as root", TarWriter::new().link(b'2', "/", "elsewhere")),
        ("empty link", TarWriter::new().link(b'2', "s", "")),
        ("name too long", TarWriter::new().pax(b'x', &[("path", &[b'n'; 256])]).file("x", "")),
        ("NUL in pax path", TarWriter::new().pax(b'x', &[("path", b"a\0b")]).file("x", "")),
        ("absurd size", huge),
        ("absurd pax size", TarWriter::new().pax(b'x', &[("size", b"99999999999999999999")]).file("x", "")),
        ("absurd pax header", claimed),
        ("negative size", TarWriter::new().raw(b'0', b"n", b"", put(124, &[0xff; 12]))),
        ("negative owner", TarWriter::new().raw(b'0', b"n", b"", put(108, &[0xff; 8]))),
        ("owner -1", TarWriter::new().pax(b'x', &[("uid", b"4294967295")]).file("x", "")),
        ("unknown type", TarWriter::new().raw(b'Z', b"z", b"", |_| {})),
        ("multi-volume", TarWriter::new().raw(b'M', b"m", b"", |_| {})),
        ("octal with letters", TarWriter::new().raw(b'0', b"n", b"", put(100, b"06x4"))),
        ("device number", TarWriter::new().device("d", 1 << 12, 0)),
        ("long xattr", TarWriter::new().pax(b'x', &[("SCHILY.xattr.user.a", &[0; 65537])]).file("x", "")),
        ("xattr name with NUL", TarWriter::new().pax(b'x', &[("SCHILY.xattr.user.a\0b", b"")]).file("x", "")),
        ("pax record", TarWriter::new().raw(b'x', b"pax", b"99 path=x\n", |_| {}).file("x", "")),
        (
            "map does not add up",
            TarWriter::new().pax(b'x', &[("GNU.sparse.size", b"9"), ("GNU.sparse.map", b"0,2")]).file("x", "123"),
        ),
        (
            "map beyond the end",
            TarWriter::new().pax(b'x', &[("GNU.sparse.size", b"2"), ("GNU.sparse.map", b"0,3")]).file("x", "123"),
        ),
        (
            "absurd sparse size",
            TarWriter::new()
                .pax(b'x', &[("GNU.sparse.size", b"9223372036854775807"), ("GNU.sparse.map", b"")])
                .file("x", ""),
        ),
        ("header without entry", TarWriter::new().pax(b'x', &[("path", b"x")])),
    ];
    for (name, tar) in cases {
        let result = match name {
            // The end marks would be a valid end; here the archive simply stops.
            "header without entry" => index(&tar.bytes),
            _ => tar.index(),
        };
        let error = result.err().unwrap_or_else(|| panic!("{name}: accepted"));
        let text = error.to_string();
        assert!(!text.contains('\n') && !text.contains('\0') && text.len() < 2000, "{name}: {text}");
    }
}

#[test]
fn where_an_archive_may_end() {
    let tar = TarWriter::new().file("a", "text");
    let bytes = tar.bytes.clone();
    assert!(index(&[]).is_ok());
    assert!(index(&[0; 1024]).is_ok());
    assert!(index(&bytes).is_ok(), "no end marks");
    assert!(index(&bytes[..516]).is_ok(), "last padding missing");
    assert!(index(&[&bytes[..], &[0; 512]].concat()).is_ok(), "one end mark");
    let trailing = [&tar.clone().end()[..], b"anything at all, not even a multiple of 512"].concat();
    let index_bytes = index(&trailing).unwrap();
    assert_eq!(LayerIndex::parse(&index_bytes).unwrap().tar_size(), trailing.len() as u64);
    for cut in (1..512).chain(513..516) {
        assert!(matches!(index(&bytes[..cut]), Err(TarError::Truncated { .. })), "cut at {cut}");
    }
    let lone_zero = [&bytes[..], &[0; 512], &bytes[..]].concat();
    assert!(matches!(index(&lone_zero), Err(TarError::Checksum { offset: 1536 })));
    assert!(matches!(
        index(b"not a tar at all, but long enough to be one".repeat(20).as_slice()),
        Err(TarError::Checksum { offset: 0 })
    ));
}

#[test]
fn times_have_nanoseconds_and_signs() {
    let tar = TarWriter::new().pax(b'x', &[("mtime", b"-1.25")]).file("a", "").file("b", "");
    let bytes = tar.index().unwrap();
    let index = LayerIndex::parse(&bytes).unwrap();
    let times: Vec<_> = index.entries().map(|entry| entry.unwrap().modified).collect();
    let at = |seconds, nanoseconds| Timestamp { seconds, nanoseconds };
    assert_eq!(times, [at(-2, 750_000_000), at(15, 0)]);
}

/// Every way in which GNU tar writes a sparse file, and Python's writer, against the file itself.
#[test]
fn sparse_files_as_real_archivers_write_them() {
    let directory = tempfile::tempdir().unwrap();
    let run = |program: &str, arguments: &[&str]| {
        let status = std::process::Command::new(program).args(arguments).current_dir(directory.path()).status();
        assert!(status.unwrap().success(), "{program} {arguments:?}");
    };
    // Enough pieces for several old GNU extension blocks and for a long pax map.
    let script = "i=0; while [ $i -lt 200 ]; do printf data$i | dd of=s bs=1 seek=$((i*65536+9)) conv=notrunc status=none; \
                  i=$((i+1)); done; truncate -s 20M s; truncate -s 3M hole; echo plain >plain";
    run("sh", &["-euc", script]);
    let formats: &[&[&str]] = &[
        &["--format=gnu", "--sparse"],
        &["--format=oldgnu", "--sparse"],
        &["--format=posix", "--sparse", "--sparse-version=0.0"],
        &["--format=posix", "--sparse", "--sparse-version=0.1"],
        &["--format=posix", "--sparse", "--sparse-version=1.0"],
        &["--format=ustar"],
        &["--format=v7"],
    ];
    for format in formats {
        let mut arguments = vec!["-cf", "t.tar", "s", "hole", "plain"];
        arguments.extend_from_slice(format);
        run("tar", &arguments);
        let tar = std::fs::read(directory.path().join("t.tar")).unwrap();
        let bytes = index(&tar).unwrap_or_else(|error| panic!("{format:?}: {error}"));
        let parsed = LayerIndex::parse(&bytes).unwrap();
        let entries: Vec<_> = parsed.entries().map(Result::unwrap).collect();
        assert_eq!(entries.len(), 3, "{format:?}");
        for entry in entries {
            let name = std::str::from_utf8(entry.path).unwrap();
            let real = std::fs::read(directory.path().join(name)).unwrap();
            assert!(contents(&tar, &entry) == real, "{format:?} {name}");
            if format.contains(&"--sparse") && name == "s" {
                assert!(entry.extents().len() > 100, "{format:?} has holes");
            }
        }
    }
}

/// A generator good enough to spread damage (Marsaglia's xorshift).
pub(crate) fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// Flips, copies and cuts; deterministic.
pub(crate) fn damage(bytes: &mut Vec<u8>, state: &mut u64) {
    for _ in 0..=random(state) % 4 {
        if bytes.is_empty() {
            return;
        }
        let at = random(state) as usize % bytes.len();
        match random(state) % 5 {
            0 => bytes[at] ^= 1 << (random(state) % 8),
            1 => bytes[at] = random(state) as u8,
            2 => bytes[at] = [0, 0xff, 0x80, b'0', b'7', b'/', b'.'][random(state) as usize % 7],
            3 => bytes.truncate(at),
            _ => {
                let from = random(state) as usize % bytes.len();
                let length = (random(state) as usize % 64).min(bytes.len() - at.max(from));
                bytes.copy_within(from..from + length, at);
            }
        }
    }
}

#[test]
fn damaged_tars_and_indexes_never_panic() {
    let tar = TarWriter::new()
        .pax(b'g', &[("uid", b"9")])
        .pax(b'x', &[("path", b"long/name"), ("SCHILY.xattr.user.a", b"value"), ("mtime", b"1.5")])
        .file("short", "contents")
        .pax(b'x', &[("GNU.sparse.size", b"900"), ("GNU.sparse.map", b"0,2,800,2")])
        .file("sparse", "1234")
        .raw(b'L', b"././@LongLink", b"another/long/name\0", |_| {})
        .directory("d/", 0o755)
        .link(b'1', "hard", "short")
        .link(b'2', "soft", "../x")
        .end();
    let good = index(&tar).unwrap();
    let mut state = 0x2545_f491_4f6c_dd1d;
    let mut accepted = 0;
    for _ in 0..20_000 {
        let mut bad = tar.clone();
        damage(&mut bad, &mut state);
        // Checksums keep most damage from getting far: repair them.
        let mut at = 0;
        while let Some(block) = bad.get_mut(at..at + 512) {
            if block.iter().any(|&byte| byte != 0) && &block[257..262] == b"ustar" {
                block[148..156].fill(b' ');
                let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
                block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            }
            at += 512;
        }
        if let Ok(index) = index(&bad) {
            lines(&index);
            accepted += 1;
        }
        let mut bad = good.clone();
        damage(&mut bad, &mut state);
        if let Some(body) = bad.get(64..) {
            let checksum = crate::store::record::checksum(body);
            bad[40..48].copy_from_slice(&checksum.to_le_bytes());
        }
        if let Ok(index) = LayerIndex::parse(&bad) {
            index.entries().flatten().for_each(|entry| drop(line(&entry)));
        }
    }
    assert!(accepted > 1000, "the damage is so coarse that nothing is tested: {accepted}");
}
