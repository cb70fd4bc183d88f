//! Merging by table and against a model, and damaged trees.

use super::*;
use crate::overlay::Error;
use crate::store::layer_index::tests::{damage, random};
use crate::store::layer_index::writer::TarWriter;
use crate::store::layer_index::{EntryKind, LayerIndex};
use crate::store::record;
use std::collections::BTreeMap;

fn merge_layers(layers: Vec<TarWriter>) -> Result<Vec<u8>, Error> {
    let indexes: Vec<_> = layers.into_iter().map(|layer| layer.index().unwrap()).collect();
    let indexes: Vec<_> = indexes.iter().map(|index| LayerIndex::parse(index).unwrap()).collect();
    merge(&indexes)
}

/// Every name with what it is: `d755`, `f0+4` (layer and size), `l>target`; more than one link as `*2`.
fn listing(tree: &Tree) -> String {
    let mut lines = Vec::new();
    let mut waiting = vec![(String::new(), ROOT)];
    let mut seen = 0;
    while let Some((path, number)) = waiting.pop() {
        seen += 1;
        assert!(seen < 100_000, "the tree goes in circles");
        let Some(node) = tree.node(number) else { continue };
        let mut line = match node.kind {
            NodeKind::Directory => format!("d{:o}", node.permissions),
            NodeKind::File => format!("f{}+{}", node.layer, node.size),
            NodeKind::Symlink => format!("l>{}", tree.link_target(&node).unwrap_or(b"?").escape_ascii()),
            kind => format!("{kind:?}"),
        };
        if node.kind != NodeKind::Directory && node.links != 1 {
            line += &format!("*{}", node.links);
        }
        for xattr in tree.xattrs(&node) {
            line += &format!(" {}", xattr.name.escape_ascii());
        }
        lines.push(format!("{path}={line}"));
        for at in 0..tree.child_count(&node) {
            let Some((name, child)) = tree.child(&node, at) else { break };
            tree.lookup(&node, name);
            waiting.push((format!("{path}/{}", name.escape_ascii()), child));
        }
    }
    lines.sort();
    lines.join(" ")
}

#[test]
fn layers_are_applied_as_the_specification_says() {
    let new = TarWriter::new;
    let base = || new().directory("d/", 0o700).file("d/a", "1").file("d/b", "22").file("top", "333");
    let cases: Vec<(&str, Vec<TarWriter>, &str)> = vec![
        ("nothing", vec![], "=d755"),
        ("one layer", vec![base()], "=d755 /d/a=f0+1 /d/b=f0+2 /d=d700 /top=f0+3"),
        ("replace", vec![base(), new().file("top", "4444")], "=d755 /d/a=f0+1 /d/b=f0+2 /d=d700 /top=f1+4"),
        ("whiteout", vec![base(), new().file("d/.wh.a", "")], "=d755 /d/b=f0+2 /d=d700 /top=f0+3"),
        ("whiteout of a directory", vec![base(), new().file(".wh.d", "")], "=d755 /top=f0+3"),
        (
            "a whiteout spares its own layer, in either order",
            vec![base(), new().file("d/a", "4444").file("d/.wh.a", "").file("d/.wh.b", "").file("d/b", "55555")],
            "=d755 /d/a=f1+4 /d/b=f1+5 /d=d700 /top=f0+3",
        ),
        (
            "opaque, after its siblings",
            vec![base(), new().file("d/c", "4444").file("d/.wh..wh..opq", "")],
            "=d755 /d/c=f1+4 /d=d700 /top=f0+3",
        ),
        ("opaque root", vec![base(), new().file(".wh..wh..opq", "").file("only", "1")], "=d755 /only=f1+1"),
        (
            "a directory that was whited out and comes back is empty",
            vec![base(), new().directory("d", 0o711).file(".wh.d", "")],
            "=d755 /d=d711 /top=f0+3",
        ),
        (
            "a directory that merely comes again keeps its children",
            vec![base(), new().directory("d", 0o711)],
            "=d755 /d/a=f0+1 /d/b=f0+2 /d=d711 /top=f0+3",
        ),
        ("directory becomes file", vec![base(), new().file("d", "4444")], "=d755 /d=f1+4 /top=f0+3"),
        (
            "and directory again, without the old children",
            vec![base(), new().file("d", "4444"), new().directory("d", 0o755)],
            "=d755 /d=d755 /top=f0+3",
        ),
        (
            "file becomes directory",
            vec![base(), new().file("top/x", "1")],
            "=d755 /d/a=f0+1 /d/b=f0+2 /d=d700 /top/x=f1+1 /top=d755",
        ),
        ("implicit parents", vec![new().file("x/y/z", "1")], "=d755 /x/y/z=f0+1 /x/y=d755 /x=d755"),
        ("described later", vec![new().file("x/y", "1").directory("x", 0o500)], "=d755 /x/y=f0+1 /x=d500"),
        ("root described", vec![new().directory("./", 0o1777)], "=d1777"),
        ("later duplicates win", vec![new().file("a", "1").file("a", "22")], "=d755 /a=f0+2"),
        (
            "hard link in a layer, to a layer below, and its original replaced",
            vec![new().file("a", "1").link(b'1', "b", "a"), new().link(b'1', "c", "a").file("a", "22")],
            "=d755 /a=f1+2 /b=f0+1*2 /c=f0+1*2",
        ),
        (
            "hard link resolved in its own layer first",
            vec![new().file("a", "1"), new().file("a", "22").link(b'1', "b", "a")],
            "=d755 /a=f1+2*2 /b=f1+2*2",
        ),
        ("hard link before its target", vec![new().link(b'1', "b", "a").file("a", "1")], "=d755 /a=f0+1*2 /b=f0+1*2"),
        (
            "hard link to a symbolic link",
            vec![new().link(b'2', "s", "t").link(b'1', "h", "s")],
            "=d755 /h=l>t*2 /s=l>t*2",
        ),
        (
            "harmless whiteouts",
            vec![
                base(),
                new()
                    .file(".wh.", "")
                    .file("d/.wh..", "")
                    .file("d/.wh...", "")
                    .file(".wh.nothing", "")
                    .file("nowhere/.wh.x", "")
                    .file(".wh..wh.plnk", "")
                    .file("d/.wh.a/x", ""),
            ],
            "=d755 /d/a=f0+1 /d/b=f0+2 /d=d700 /top=f0+3",
        ),
        ("overlay's own whiteout", vec![base(), new().device("d/a", 0, 0)], "=d755 /d/b=f0+2 /d=d700 /top=f0+3"),
        (
            "a link of the same layer leads on, one of a lower layer is replaced",
            vec![
                new().directory("usr/lib", 0o755).link(b'2', "lib", "usr/lib").file("lib/a", "1"),
                new().file("lib/b", "1"),
            ],
            "=d755 /lib/b=f1+1 /lib=d755 /usr/lib/a=f0+1 /usr/lib=d755 /usr=d755",
        ),
        (
            "links that lead up, round and outside stay inside",
            vec![new().link(b'2', "up", "../../..").file("up/x", "1").link(b'2', "loop", "loop").file("loop/y", "1")],
            "=d755 /loop/y=f0+1 /loop=d755 /x=f0+1 /up=l>../../..",
        ),
        (
            "an absolute link is one of the image",
            vec![new().link(b'2', "a", "/b/c").file("a/x", "1")],
            "=d755 /a=l>/b/c /b/c/x=f0+1 /b/c=d755 /b=d755",
        ),
        (
            "attributes that can be used",
            vec![
                new()
                    .pax(
                        b'x',
                        &[
                            ("SCHILY.xattr.user.a", b"1"),
                            ("SCHILY.xattr.security.capability", b"2"),
                            ("SCHILY.xattr.security.selinux", b"3"),
                            ("SCHILY.xattr.trusted.x", b"4"),
                            ("SCHILY.xattr.system.posix_acl_access", b"5"),
                        ],
                    )
                    .file("a", ""),
            ],
            "=d755 /a=f0+0 security.capability user.a",
        ),
    ];
    for (name, layers, expected) in cases {
        let bytes = merge_layers(layers).unwrap_or_else(|error| panic!("{name}: {error}"));
        let tree = Tree::from_bytes(bytes).unwrap();
        assert!(tree.verify(), "{name}");
        let mut expected: Vec<_> = expected.split(' ').collect();
        expected.sort_unstable();
        let found = listing(&tree);
        let mut found: Vec<_> = found.split(' ').collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn hard_links_to_nothing_are_refused() {
    for layer in [
        TarWriter::new().link(b'1', "h", "missing"),
        TarWriter::new().link(b'1', "h", "h"),
        TarWriter::new().directory("d", 0o755).link(b'1', "h", "d"),
    ] {
        assert!(matches!(merge_layers(vec![layer]), Err(Error::HardLink { layer: 0, .. })));
    }
}

#[test]
fn directories_count_their_subdirectories_and_files_their_names() {
    let layer = TarWriter::new().file("a/b/x", "1").directory("a/c", 0o755).link(b'1', "a/y", "a/b/x");
    let tree = Tree::from_bytes(merge_layers(vec![layer]).unwrap()).unwrap();
    let node = |path: &str| {
        let mut node = tree.node(ROOT).unwrap();
        for name in path.split('/').filter(|name| !name.is_empty()) {
            node = tree.node(tree.lookup(&node, name.as_bytes()).unwrap()).unwrap();
        }
        node
    };
    assert_eq!([node("").links, node("a").links, node("a/b").links, node("a/y").links], [3, 4, 2, 2]);
    assert_eq!(node("a/b/x"), node("a/y"));
    let a = tree.lookup(&node(""), b"a").unwrap();
    assert_eq!(tree.parent(&node("a/b")), a);
    assert_eq!(tree.parent(&node("")), ROOT);
    assert_eq!(tree.lookup(&node("a"), b"nothing"), None);
    assert_eq!(tree.content_bytes(), 1);
}

#[test]
fn ranges_of_a_sparse_file() {
    let map = b"10,5,20,5,40,2";
    let layer = TarWriter::new()
        .pax(b'x', &[("GNU.sparse.size", b"50"), ("GNU.sparse.map", map)])
        .file("s", "aaaaabbbbbcc")
        .pax(b'x', &[("GNU.sparse.size", b"50"), ("GNU.sparse.map", b"")])
        .file("t", "")
        .file("u", "0123456789");
    let tree = Tree::from_bytes(merge_layers(vec![layer]).unwrap()).unwrap();
    let root = tree.node(ROOT).unwrap();
    let node = |name: &[u8]| tree.node(tree.lookup(&root, name).unwrap()).unwrap();
    let ranges = |name: &[u8], start, end| -> Vec<(u64, u64)> {
        tree.extents(&node(name), start..end).map(|extent| (extent.file_offset, extent.length)).collect()
    };
    assert_eq!(ranges(b"s", 0, 50), [(10, 5), (20, 5), (40, 2)]);
    assert_eq!(ranges(b"s", 12, 22), [(12, 3), (20, 2)]);
    assert_eq!(ranges(b"s", 15, 20), []);
    assert_eq!(ranges(b"s", 41, u64::MAX), [(41, 1)]);
    assert_eq!(ranges(b"t", 0, 50), []);
    assert_eq!(ranges(b"u", 3, 7), [(3, 4)]);
    assert_eq!(ranges(b"u", 10, 20), []);
    assert_eq!(ranges(b"u", 20, 10), []);
    assert_eq!([node(b"s").size, node(b"t").size], [50, 50]);
    assert_eq!([b"s", b"t", b"u"].map(|name| tree.data_bytes(&node(name))), [12, 0, 10]);
}

/// What merging means, said as simply as possible: a map of paths.
fn model(layers: &[Vec<(EntryKind, String)>]) -> BTreeMap<String, (EntryKind, usize)> {
    let mut paths: BTreeMap<String, (EntryKind, usize)> = BTreeMap::new();
    let below = |path: &str, candidate: &str| candidate.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
    for (number, layer) in layers.iter().enumerate() {
        for (_, path) in layer {
            let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
            let Some(hidden) = name.strip_prefix(".wh.") else { continue };
            let prefix = if parent.is_empty() { String::new() } else { format!("{parent}/") };
            if hidden == ".wh..opq" {
                paths.retain(|candidate, _| parent.is_empty() || !below(parent, candidate));
                if parent.is_empty() {
                    paths.clear();
                }
            } else {
                let target = format!("{prefix}{hidden}");
                paths.retain(|candidate, _| *candidate != target && !below(&target, candidate));
            }
        }
        for (kind, path) in layer.iter().filter(|(_, path)| !path.contains(".wh.")) {
            for (at, _) in path.match_indices('/') {
                let parent = &path[..at];
                if paths.get(parent).is_none_or(|known| known.0 != EntryKind::Directory) {
                    paths.insert(parent.to_owned(), (EntryKind::Directory, number));
                }
            }
            let keep =
                *kind == EntryKind::Directory && paths.get(path).is_some_and(|known| known.0 == EntryKind::Directory);
            if !keep {
                paths.retain(|candidate, _| !below(path, candidate));
            }
            paths.insert(path.clone(), (*kind, number));
        }
    }
    paths
}

#[test]
fn random_layers_merge_as_the_model_says() {
    let mut state = 0x9e37_79b9_7f4a_7c15;
    for round in 0..2000 {
        let layers: Vec<Vec<(EntryKind, String)>> = (0..1 + random(&mut state) % 4)
            .map(|_| {
                let entry = |state: &mut u64| {
                    let depth = 1 + random(state) % 3;
                    let mut names: Vec<_> =
                        (0..depth).map(|_| ["a", "b", "c"][random(state) as usize % 3].to_owned()).collect();
                    let last = names.pop().unwrap_or_default();
                    names.push(match random(state) % 8 {
                        0 => format!(".wh.{last}"),
                        1 => ".wh..wh..opq".to_owned(),
                        _ => last,
                    });
                    let kind = if random(state).is_multiple_of(2) { EntryKind::Directory } else { EntryKind::File };
                    (kind, names.join("/"))
                };
                (0..random(&mut state) % 8).map(|_| entry(&mut state)).collect()
            })
            .collect();
        let tars = layers.iter().map(|layer| {
            layer.iter().fold(TarWriter::new(), |tar, (kind, path)| match kind {
                EntryKind::Directory if !path.contains(".wh.") => tar.directory(path, 0o755),
                _ => tar.file(path, ""),
            })
        });
        let tree = Tree::from_bytes(merge_layers(tars.collect()).unwrap()).unwrap();
        let expected: Vec<String> = std::iter::once("=d755".to_owned())
            .chain(model(&layers).iter().map(|(path, (kind, layer))| match kind {
                EntryKind::Directory => format!("/{path}=d755"),
                _ => format!("/{path}=f{layer}+0"),
            }))
            .collect();
        let mut expected = expected;
        expected.sort_unstable();
        assert_eq!(listing(&tree), expected.join(" "), "round {round}: {layers:?}");
    }
}

#[test]
fn damaged_trees_never_panic() {
    let good = merge_layers(vec![
        TarWriter::new().file("a/b/c", "123").link(b'2', "s", "a/b").directory("e", 0o755),
        TarWriter::new()
            .pax(b'x', &[("GNU.sparse.size", b"900"), ("GNU.sparse.map", b"0,2,800,2"), ("SCHILY.xattr.user.a", b"v")])
            .file("a/sparse", "1234")
            .link(b'1', "hard", "a/b/c"),
    ])
    .unwrap();
    let mut state = 0x2545_f491_4f6c_dd1d;
    let mut opened = 0;
    for _ in 0..30_000 {
        let mut bad = good.clone();
        damage(&mut bad, &mut state);
        // Without this nearly all damage would be noticed when opening.
        if let Some(header) = bad.get_mut(..128) {
            let checksum = record::checksum(&header[..120]);
            header[120..].copy_from_slice(&checksum.to_le_bytes());
        }
        let Ok(tree) = Tree::from_bytes(bad) else { continue };
        opened += 1;
        tree.verify();
        for number in 0..tree.node_count().min(100) {
            let Some(node) = tree.node(number) else { continue };
            tree.lookup(&node, b"a");
            tree.link_target(&node);
            tree.parent(&node);
            tree.xattrs(&node).take(1000).count();
            tree.extents(&node, 0..u64::MAX).take(1000).count();
            tree.extents(&node, 5..6).take(1000).count();
            (0..tree.child_count(&node).min(1000)).filter_map(|at| tree.child(&node, at)).count();
        }
    }
    assert!(opened > 10_000, "hardly any damage is tested: {opened}");
}
