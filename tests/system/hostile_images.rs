//! Images that try to reach the host: links where directories are expected, FIFOs where files are, and worse.

use crate::support::{Image, Layer, Sandbox, skip};
use serde_json::json;
use std::fs;

/// An image of busybox with one more layer on top.
fn image(top: Layer) -> Result<Image, String> {
    Ok(Image::busybox()?.layer(top))
}

/// A directory of the host that nothing may touch, and a check that nothing did.
struct Bait {
    path: String,
    before: Vec<(String, Vec<u8>)>,
}

impl Bait {
    fn new(sandbox: &Sandbox) -> Bait {
        let path = sandbox.directory("bait");
        for name in [
            "passwd",
            "group",
            "hosts",
            "hostname",
            "resolv.conf",
            "null",
            "shm/x",
            "self/x",
            ".containerenv",
            "etc/passwd",
        ] {
            sandbox.file(&format!("bait/{name}"), "root:x:0:0:bait:/:/bin/sh\n");
        }
        let before = Bait::list(&path);
        Bait { path, before }
    }
    fn list(path: &str) -> Vec<(String, Vec<u8>)> {
        let (mut found, mut waiting) = (Vec::new(), vec![path.to_owned()]);
        while let Some(directory) = waiting.pop() {
            for entry in fs::read_dir(&directory).unwrap().flatten() {
                let name = entry.path().display().to_string();
                if entry.file_type().unwrap().is_dir() {
                    waiting.push(name.clone());
                    found.push((name, Vec::new()));
                } else {
                    let content = if entry.file_type().unwrap().is_file() {
                        fs::read(&name).unwrap()
                    } else {
                        b"special".to_vec()
                    };
                    found.push((name, content));
                }
            }
        }
        found.sort();
        found
    }
    fn check(&self) {
        assert!(Bait::list(&self.path) == self.before, "the host was written to: {:#?}", Bait::list(&self.path));
    }
}

#[test]
fn links_in_the_image_lead_nowhere_on_the_host() {
    let sandbox = Sandbox::new();
    let bait = Bait::new(&sandbox);
    let escape = format!("../../../../../../../../../..{}", bait.path);
    for place in ["etc", "dev", "proc", "sys", "run", "tmp", "var", "root", "home"] {
        for target in [bait.path.as_str(), escape.as_str(), "/", "/proc/self/root", "/proc/1/cwd", ".", "etc", "loop"] {
            let top = Layer::new().file(format!(".wh.{place}"), 0o644, "").symlink("loop", "loop");
            let Ok(image) = image(top.symlink(place, target)) else {
                skip!("needs a static busybox (Debian package busybox-static)")
            };
            let sandbox = Sandbox::new();
            sandbox.add("evil", &image);
            // It may start or be refused; it may not touch the host, crash or hang.
            let outcome = sandbox.words("run --rm --hostname h --add-host a:192.0.2.1 --init evil true");
            assert!(matches!(outcome.code(), 0 | 125 | 126 | 127), "/{place} -> {target}: {outcome:?}");
            bait.check();
            sandbox.assert_nothing_left();
        }
    }
}

#[test]
fn a_working_directory_that_is_a_link_stays_inside() {
    let sandbox = Sandbox::new();
    let bait = Bait::new(&sandbox);
    for directory in
        ["/link/made", "/link", "/proc/self/fd/3", "/proc/1/cwd/../../..", "/../../../..", "/dir/../link/../made"]
    {
        let top = Layer::new().symlink("link", &bait.path).directory("dir", 0o755);
        let Ok(image) = image(top) else { skip!("needs a static busybox (Debian package busybox-static)") };
        let sandbox = Sandbox::new();
        sandbox.add("evil", &image.with("WorkingDir", json!(directory)));
        // CVE-2024-21626: a working directory reached through a leaked descriptor would show the host's root.
        let outcome = sandbox.words("run --rm evil sh -c ls\u{a0}../../..;pwd");
        assert!(!outcome.text().contains("lost+found"), "{directory}: {outcome:?}");
        sandbox.words("run --rm -w /link/other evil true");
        bait.check();
        sandbox.assert_nothing_left();
    }
}

#[test]
fn mount_targets_that_are_links_stay_inside() {
    let sandbox = Sandbox::new();
    let bait = Bait::new(&sandbox);
    let Ok(image) = image(
        Layer::new()
            .symlink("link", &bait.path)
            .symlink("up", "../../../../../../../..")
            .symlink("etc/mtab", &bait.path),
    ) else {
        skip!("needs a static busybox (Debian package busybox-static)")
    };
    sandbox.add("evil", &image);
    let source = sandbox.directory("source");
    for target in ["/link", "/link/deep", "/link/passwd", &format!("/up{}", bait.path)] {
        let volume = format!("{source}:{target}");
        sandbox.run(["run", "--rm", "-v", &volume, "evil", "touch", &format!("{target}/touched")]);
        sandbox.run(["run", "--rm", "--tmpfs", target, "evil", "touch", &format!("{target}/touched")]);
        sandbox.run(["run", "--rm", "-v", &format!("named:{target}"), "evil", "touch", &format!("{target}/touched")]);
        bait.check();
    }
    sandbox.assert_nothing_left();
}

#[test]
fn special_files_in_place_of_passwd_do_not_hang() {
    let too_big = vec![b'x'; 70 << 20];
    let tops: Vec<(&str, Layer)> = vec![
        ("fifo", Layer::new().fifo("etc/passwd").fifo("etc/group")),
        ("link to zero", Layer::new().symlink("etc/passwd", "/dev/zero").symlink("etc/group", "/dev/zero")),
        ("device", Layer::new().device("etc/passwd", 1, 5).device("etc/group", 1, 5)),
        ("directory", Layer::new().file("etc/.wh.passwd", 0o644, "").directory("etc/passwd", 0o755)),
        ("huge", Layer::new().file("etc/passwd", 0o644, &too_big)),
        ("garbage", Layer::new().file("etc/passwd", 0o644, b"\xff\xfe::\n:::::::::\nroot\n\0\0".as_slice())),
        ("fifo hosts", Layer::new().fifo("etc/hosts").fifo("etc/hostname").fifo("etc/resolv.conf")),
    ];
    for (what, top) in tops {
        let Ok(image) = image(top) else { skip!("needs a static busybox (Debian package busybox-static)") };
        let sandbox = Sandbox::new();
        sandbox.add("evil", &image);
        for options in ["", "--user=tester", "--user=0:extra", "--group-add=extra", "--user=1"] {
            let words: Vec<&str> =
                ["run", "--rm", options, "evil", "true"].into_iter().filter(|word| !word.is_empty()).collect();
            let outcome = sandbox.run(words);
            assert!(matches!(outcome.code(), 0 | 125 | 126), "{what}, {options}: {outcome:?}");
            assert!(outcome.took.as_secs() < 20, "{what}, {options}: took {:?}", outcome.took);
        }
        sandbox.assert_nothing_left();
    }
}

#[test]
fn strange_names_work() {
    let long = vec![b'n'; 255];
    let deep = b"d/".repeat(300);
    let Ok(image) = image(
        Layer::new()
            .file(b"\xff\xfe name", 0o644, "bytes")
            .file("new\nline", 0o644, "line")
            .file(&long, 0o644, "long")
            .file([&deep[..], b"f"].concat(), 0o644, "deep"),
    ) else {
        skip!("needs a static busybox (Debian package busybox-static)")
    };
    let sandbox = Sandbox::new();
    sandbox.add("strange", &image);
    let script = "cat /\u{1}* /new* /nnn*; cd /; i=0; while [ $i -lt 300 ]; do cd d || exit 3; i=$((i+1)); done; cat f"
        .replace('\u{1}', "[!a-z]");
    let outcome = sandbox.run(["run", "--rm", "strange", "sh", "-c", &script]).succeeds();
    for part in ["bytes", "line", "long", "deep"] {
        assert!(outcome.text().contains(part), "{part}: {outcome:?}");
    }
}

#[test]
fn whiteouts_hide_lower_layers_only() {
    let lower = Layer::new()
        .directory("a", 0o755)
        .file("a/one", 0o644, "1")
        .file("a/two", 0o644, "2")
        .directory("b", 0o755)
        .file("b/x", 0o644, "x")
        .file("gone", 0o644, "");
    let upper = Layer::new()
        .file("a/new", 0o644, "n")
        .file("a/.wh..wh..opq", 0o644, "")
        .file(".wh.gone", 0o644, "")
        .file("b/.wh.x", 0o644, "")
        .file("b/x", 0o644, "again")
        .file(".wh.no-such", 0o644, "")
        .file("b/.wh.", 0o644, "")
        .file("b/.wh..", 0o644, "")
        .file("b/.wh...", 0o644, "");
    let Ok(image) = Image::busybox().map(|image| image.layer(lower).layer(upper)) else {
        skip!("needs a static busybox (Debian package busybox-static)")
    };
    for driver in ["fuse+overlay", "fuse", "copy"] {
        let sandbox = Sandbox::new();
        sandbox.add("white", &image);
        let arguments = [
            "run",
            "--rm",
            "white",
            "sh",
            "-c",
            "ls /a; cat /b/x; test -e /gone || echo hidden; ls -A / | grep -c '^.wh'",
        ];
        let outcome = sandbox.command(arguments).env("CORACLE_STORAGE_DRIVER", driver).run();
        if driver.starts_with("fuse") && outcome.code() == 125 {
            continue;
        }
        outcome.exits(1).prints("new\nagainhidden\n0");
    }
}

#[test]
fn hostile_configurations_are_refused_or_harmless() {
    let Ok(image) = Image::busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
    for (name, value) in [
        ("User", json!("root\nevil")),
        ("User", json!("99999999999")),
        ("User", json!("../..")),
        ("Env", json!(["=x", "A", "B=\u{0}", "LD_PRELOAD=/x"])),
        ("WorkingDir", json!("relative/../..")),
        ("Entrypoint", json!([""])),
        ("Volumes", json!({"../../etc": {}, "relative": {}, "/": {}})),
        ("StopSignal", json!("NONSENSE")),
        ("Labels", json!({"\u{1b}[31m": "\u{1b}]0;title\u{7}"})),
        ("ExposedPorts", json!({"nonsense": {}})),
    ] {
        let sandbox = Sandbox::new();
        sandbox.add("odd", &image.clone().with(name, value.clone()));
        let outcome = sandbox.words("run --rm odd true");
        assert!(matches!(outcome.code(), 0 | 125 | 126 | 127), "{name}: {value}: {outcome:?}");
        assert!(!outcome.errors().contains('\u{1b}') && !outcome.errors().contains("panicked"), "{outcome:?}");
        sandbox.assert_nothing_left();
    }
}
