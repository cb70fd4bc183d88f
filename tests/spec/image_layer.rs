//! image-spec, "Image Layer Filesystem Changeset" (layer.md).

use crate::support::{Image, Layer, Sandbox, skip};

/// Section, layers from the lowest, and what `cd /t && find . | sort` shows.
struct Case {
    section: &'static str,
    layers: Vec<Layer>,
    shows: &'static [&'static str],
}

fn base() -> Layer {
    Layer::new()
        .directory("t", 0o755)
        .directory("t/d", 0o755)
        .file("t/d/a", 0o644, "a")
        .file("t/d/b", 0o644, "b")
        .file("t/f", 0o644, "f")
}

fn cases() -> Vec<Case> {
    vec![
        Case {
            section: "Initial Root Filesystem",
            layers: vec![base()],
            shows: &[".", "./d", "./d/a", "./d/b", "./f"],
        },
        Case {
            section: "Change Types: additions and modifications",
            layers: vec![base(), Layer::new().file("t/new", 0o644, "n").file("t/f", 0o600, "changed")],
            shows: &[".", "./d", "./d/a", "./d/b", "./f", "./new"],
        },
        Case {
            section: "Change Types: a file replaces a directory",
            layers: vec![base(), Layer::new().file("t/d", 0o644, "now a file")],
            shows: &[".", "./d", "./f"],
        },
        Case {
            section: "Change Types: a directory replaces a file",
            layers: vec![base(), Layer::new().directory("t/f", 0o755).file("t/f/x", 0o644, "")],
            shows: &[".", "./d", "./d/a", "./d/b", "./f", "./f/x"],
        },
        Case {
            section: "Change Types: a directory over a directory changes its attributes only",
            layers: vec![base(), Layer::new().directory("t/d", 0o700)],
            shows: &[".", "./d", "./d/a", "./d/b", "./f"],
        },
        Case {
            section: "Whiteouts: a file",
            layers: vec![base(), Layer::new().file("t/d/.wh.a", 0o644, "")],
            shows: &[".", "./d", "./d/b", "./f"],
        },
        Case {
            section: "Whiteouts: a directory and all below it",
            layers: vec![base(), Layer::new().file("t/.wh.d", 0o644, "")],
            shows: &[".", "./f"],
        },
        Case {
            section: "Whiteouts: apply to lower layers only",
            layers: vec![base(), Layer::new().file("t/.wh.f", 0o644, "").file("t/f", 0o644, "again")],
            shows: &[".", "./d", "./d/a", "./d/b", "./f"],
        },
        Case {
            section: "Whiteouts: apply to lower layers only, in either order",
            layers: vec![base(), Layer::new().file("t/f", 0o644, "again").file("t/.wh.f", 0o644, "")],
            shows: &[".", "./d", "./d/a", "./d/b", "./f"],
        },
        Case {
            section: "Whiteouts: removed, then added in a later layer",
            layers: vec![
                base(),
                Layer::new().file("t/.wh.d", 0o644, ""),
                Layer::new().directory("t/d", 0o755).file("t/d/c", 0o644, ""),
            ],
            shows: &[".", "./d", "./d/c", "./f"],
        },
        Case {
            section: "Opaque Whiteout: hides what lower layers have",
            layers: vec![base(), Layer::new().file("t/d/.wh..wh..opq", 0o644, "").file("t/d/c", 0o644, "")],
            shows: &[".", "./d", "./d/c", "./f"],
        },
        Case {
            section: "Opaque Whiteout: its place in the layer does not matter",
            layers: vec![base(), Layer::new().file("t/d/c", 0o644, "").file("t/d/.wh..wh..opq", 0o644, "")],
            shows: &[".", "./d", "./d/c", "./f"],
        },
        Case {
            section: "Opaque Whiteout: leaves other layers' siblings alone",
            layers: vec![
                base(),
                Layer::new().file("t/d/.wh..wh..opq", 0o644, ""),
                Layer::new().file("t/d/later", 0o644, ""),
            ],
            shows: &[".", "./d", "./d/later", "./f"],
        },
        Case {
            section: "Hardlinks: within a layer",
            layers: vec![base(), Layer::new().file("t/h1", 0o644, "h").hardlink("t/h2", "t/h1")],
            shows: &[".", "./d", "./d/a", "./d/b", "./f", "./h1", "./h2"],
        },
        Case {
            section: "Hardlinks: to a file of a lower layer",
            layers: vec![base(), Layer::new().hardlink("t/h", "t/f")],
            shows: &[".", "./d", "./d/a", "./d/b", "./f", "./h"],
        },
        Case {
            section: "Layer entries: names with ./ in front, and a directory for the root",
            layers: vec![Layer::new().directory("./", 0o755).directory("./t/", 0o755).file("./t/x", 0o644, "")],
            shows: &[".", "./x"],
        },
        Case {
            section: "Layer entries: directories that are not in the archive are made",
            layers: vec![Layer::new().file("t/deep/er/x", 0o644, "")],
            shows: &[".", "./deep", "./deep/er", "./deep/er/x"],
        },
        Case {
            section: "Layer entries: of two with one name the later counts",
            layers: vec![
                Layer::new().directory("t", 0o755).file("t/x", 0o644, "1").symlink("t/x", "y").file("t/x", 0o644, "2"),
            ],
            shows: &[".", "./x"],
        },
    ]
}

#[test]
fn changesets_are_applied() {
    let Ok(busybox) = Layer::busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
    for driver in ["fuse+overlay", "fuse", "copy"] {
        let mut sandbox = Sandbox::new();
        sandbox.set("CORACLE_STORAGE_DRIVER", driver);
        for case in cases() {
            let layers = [vec![busybox.clone()], case.layers].concat();
            sandbox.add("case", &Image::new(layers));
            let outcome = sandbox.run(["run", "--rm", "case", "sh", "-c", "cd /t && find . | LC_ALL=C sort"]);
            if driver.starts_with("fuse") && outcome.code() == 125 && outcome.errors().contains("/dev/fuse") {
                break;
            }
            assert_eq!(outcome.succeeds().lines(), case.shows, "{driver}: {}", case.section);
        }
    }
}

#[test]
fn contents_and_attributes_are_those_of_the_highest_layer() {
    let Ok(busybox) = Layer::busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
    let upper = Layer::new()
        .file("t/f", 0o4711, "changed")
        .directory("t/d", 0o1700)
        .file("t/h1", 0o640, "h")
        .hardlink("t/h2", "t/h1")
        .fifo("t/p");
    let sandbox = Sandbox::new();
    sandbox.add("case", &Image::new(vec![busybox, base(), upper]));
    let script = "cd /t; cat f d/a; echo; stat -c '%n %a %h %s %Y' f d/a h1 h2 p; stat -c %a d; test h1 -ef h2 && echo same; test -p p && echo fifo";
    sandbox.run(["run", "--rm", "case", "sh", "-c", script]).succeeds().prints(
        "changeda\nf 4711 1 7 1700000000\nd/a 644 1 1 1700000000\nh1 640 2 1 1700000000\nh2 640 2 1 1700000000\np 644 1 0 1700000000\n1700\nsame\nfifo",
    );
}
