//! Archives and copies: what leads out of where it is unpacked or read.

use super::{Host, SECRET, or_skip};
use crate::busybox;
use crate::support::image::digest;
use crate::support::{Image, Layer, Registry, Sandbox};
use serde_json::json;

#[test]
fn nothing_is_loaded_from_a_container() {
    // CVE-2019-14271: the helper of `cp` loaded libraries after it had entered the container. This program loads none:
    // an ELF file without an interpreter (elf(5), PT_INTERP is 3).
    let program = std::fs::read(crate::support::binary()).unwrap();
    let word = |at: usize, size: usize| {
        program[at..at + size].iter().rev().fold(0usize, |sum, byte| sum << 8 | usize::from(*byte))
    };
    let (headers, size, count) = (word(32, 8), word(54, 2), word(56, 2));
    assert!(count > 0 && (0..count).all(|number| word(headers + number * size, 4) != 3));
}

/// What `import`, `volume import` and a layer might be made of to write elsewhere.
fn hostile(host: &Host) -> Vec<(&'static str, Layer)> {
    let secret = host.path("secret");
    let up = format!("../../../../../../../../../..{secret}");
    let written = "overwritten";
    vec![
        ("up", Layer::new().file(&up, 0o644, written)),
        ("absolute", Layer::new().file(&secret, 0o644, written)),
        ("through a link", Layer::new().symlink("l", host.path("")).file("l/secret", 0o644, written)),
        (
            "through a link up",
            Layer::new()
                .symlink("l", format!("../../../../../../../../../..{}", host.path("")))
                .file("l/secret", 0o644, written),
        ),
        (
            "through a chain",
            Layer::new().symlink("a", "/").symlink("b", "a/..").file(format!("b{secret}"), 0o644, written),
        ),
        ("onto a link", Layer::new().symlink("l", &secret).file("l", 0o644, written)),
        ("hard link", Layer::new().hardlink("h", &secret).file("h", 0o644, written)),
        ("hard link up", Layer::new().hardlink("h", &up).file("h", 0o644, written)),
        ("magic link", Layer::new().symlink("m", "/proc/self/root").file(format!("m{secret}"), 0o644, written)),
        ("descriptor", Layer::new().symlink("m", "/proc/self/cwd").file("m/outside/secret", 0o644, written)),
        (
            "whiteout",
            Layer::new().symlink("l", host.path("")).file("l/.wh.secret", 0o644, "").file("l/.wh..wh..opq", 0o644, ""),
        ),
        (
            "directory over a link",
            Layer::new().symlink("l", host.path("sub")).directory("l", 0o777).file("l/file", 0o644, written),
        ),
        ("long name", Layer::new().record(b"path", secret.as_bytes()).file("x", 0o644, written)),
        ("long link", Layer::new().record(b"linkpath", secret.as_bytes()).hardlink("x", "y").file("x", 0o644, written)),
        ("nul in a name", Layer::new().record(b"path", format!("x\0{secret}").as_bytes()).file("x", 0o644, written)),
    ]
}

#[test]
fn archives_write_nowhere_else() {
    let sandbox = busybox!();
    let host = Host::new(&sandbox);
    for (what, archive) in hostile(&host) {
        let path = sandbox.work().join("hostile.tar");
        std::fs::write(&path, archive.tar()).unwrap();
        let file = path.display().to_string();
        let imported = sandbox.run(["import", "-q", &file, "imported"]);
        assert!(matches!(imported.code(), 0 | 125), "{what}: {imported:?}");
        if imported.code() == 0 {
            let outcome = sandbox.run(["run", "--rm", "--network=none", "imported", "/no/such/command"]);
            assert!(matches!(outcome.code(), 125..=127), "{what}: {outcome:?}");
            sandbox.run(["run", "--rm", "--network=none", "--storage-driver", "copy", "imported", "/no/such/command"]);
        }
        host.is_untouched();
        sandbox.run(["volume", "create", "vessel"]).succeeds();
        let volume = sandbox.run(["volume", "import", "vessel", &file]);
        assert!(matches!(volume.code(), 0 | 125), "{what}: {volume:?}");
        host.is_untouched();
        sandbox.run(["volume", "rm", "vessel"]).succeeds();
        // As a layer of an image, over one that has files.
        let image = or_skip!(Image::busybox()).layer(archive);
        let (other, registry) = (Sandbox::new(), Registry::start());
        registry.put("evil", "latest", &image);
        let name = format!("{}/evil:latest", registry.address());
        let outcome = other.run(["run", "--rm", "--network=none", "--tls-verify=false", &name, "true"]);
        assert!(matches!(outcome.code(), 0 | 125..=127), "{what}: {outcome:?}");
        host.is_untouched();
    }
}

/// An archive as `save` makes one, with a manifest that names what it likes.
fn saved(manifest: serde_json::Value, further: Layer) -> Vec<u8> {
    let config = json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}});
    further.file("config.json", 0o644, config.to_string()).file("manifest.json", 0o644, manifest.to_string()).tar()
}

#[test]
fn load_reads_nothing_but_the_archive() {
    let sandbox = Sandbox::new();
    let host = Host::new(&sandbox);
    let (secret, name) = (host.path("secret"), "evil:latest");
    let up = format!("../../../../../../../../../..{secret}");
    let of = |layers: &[&str], config: &str| json!([{"Config": config, "RepoTags": [name], "Layers": layers}]);
    let archives = [
        ("layer outside", saved(of(&[&up], "config.json"), Layer::new())),
        ("layer absolute", saved(of(&[&secret], "config.json"), Layer::new())),
        ("config outside", saved(of(&[], &up), Layer::new())),
        ("layer is a link", saved(of(&["a/layer.tar"], "config.json"), Layer::new().symlink("a/layer.tar", &secret))),
        ("layer is a hard link", saved(of(&["a/layer.tar"], "config.json"), Layer::new().hardlink("a/layer.tar", &secret))),
        ("config is a link", saved(of(&[], "c.json"), Layer::new().symlink("c.json", &secret))),
        ("manifest is a link", Layer::new().symlink("manifest.json", &secret).tar()),
        ("digest with a path", Layer::new().file("oci-layout", 0o644, r#"{"imageLayoutVersion":"1.0.0"}"#).file("index.json", 0o644,
            json!({"schemaVersion": 2, "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 3,
                "digest": format!("sha256:{up}")}]}).to_string()).tar()),
        ("name with a path", saved(json!([{"Config": "config.json", "RepoTags": ["../../../evil", "/etc/passwd", "a\nb"], "Layers": []}]), Layer::new())),
    ];
    for (what, bytes) in archives {
        let path = sandbox.work().join("archive.tar");
        std::fs::write(&path, bytes).unwrap();
        for words in [vec!["load", "-q", "-i", path.to_str().unwrap()], vec!["load", "-q"]] {
            let input = if words.len() == 2 { std::fs::read(&path).unwrap() } else { Vec::new() };
            let outcome = sandbox.command(words).input(input).run();
            assert_eq!(outcome.code(), 125, "{what}: {outcome:?}");
            assert!(
                !outcome.errors().contains(SECRET) && !outcome.errors().contains("panicked"),
                "{what}: {outcome:?}"
            );
        }
        host.is_untouched();
    }
    sandbox.words("images -q").prints("");
    // Nothing of the secret was taken into the store.
    let sum = digest(SECRET.as_bytes()).replace("sha256:", "");
    assert!(!std::fs::exists(sandbox.store().join("layers").join(format!("{sum}.tar"))).unwrap());
}

#[test]
fn a_volume_is_exported_without_what_its_links_lead_to() {
    let sandbox = busybox!();
    let host = Host::new(&sandbox);
    sandbox.words("volume create shared").succeeds();
    // A directory and a link to the host's name of one take turns, and so do a file and a link.
    let script = format!(
        "mkdir /v/d; echo x >/v/f; ln -s {} /v/dl; ln -s {} /v/fl; \
         while :; do mv -T /v/d /v/t; mv -T /v/dl /v/d; mv -T /v/f /v/u; mv -T /v/fl /v/f; \
         mv -T /v/d /v/dl; mv -T /v/t /v/d; mv -T /v/f /v/fl; mv -T /v/u /v/f; done 2>/dev/null",
        host.path(""),
        host.path("secret")
    );
    sandbox
        .run(["run", "-d", "--name", "swapper", "--network=none", "-v", "shared:/v", "busybox", "sh", "-c", &script])
        .succeeds();
    for _ in 0..15 {
        // What vanishes while it is read may be an error; what is written is the volume's.
        let outcome = sandbox.words("volume export shared");
        let holds = |text: &str| outcome.stdout.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!holds(SECRET), "the host's file was exported");
    }
    sandbox.words("rm -f -t 0 swapper").succeeds();
    host.is_untouched();
}
