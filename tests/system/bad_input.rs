//! Whatever is wrong: one line `Error: ...`, the right exit code, nothing left behind.

use crate::busybox;
use crate::support::registry::Fault;
use crate::support::{Image, Layer, Registry, Sandbox, is_root, skip};

fn small() -> Image {
    Image::new(vec![Layer::new().file("a", 0o644, vec![b'a'; 200_000]).file("b", 0o644, "b")])
}

/// Pulls must fail with 125, say `part`, and leave no blob, layer, image or temporary file.
fn fails_to_pull(sandbox: &Sandbox, registry: &Registry, part: &str) {
    let reference = format!("{}/thing:latest", registry.address());
    sandbox.run(["pull", "--tls-verify=false", &reference]).refuses(125, part);
    assert_store_empty(sandbox);
}

fn assert_store_empty(sandbox: &Sandbox) {
    for place in ["layers/sha256", "images", "names", "tmp"] {
        let names: Vec<_> =
            sandbox.store().join(place).read_dir().into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        assert!(names.is_empty(), "left in the store: {names:?}");
    }
    sandbox.words("images -q").succeeds().prints("");
}

#[test]
fn malformed_references_are_refused() {
    let sandbox = Sandbox::new();
    for reference in [
        "UPPER/case",
        "a//b",
        "a:b:c",
        "name@sha256:short",
        "name@md5:d41d8cd98f00b204e9800998ecf8427e",
        "-x",
        "../../etc",
        "a b",
        "host:port/x",
        "n:",
        "",
        "x\u{1b}[31m",
    ] {
        let outcome = sandbox.run(["pull", "--", reference]).exits(125);
        let errors = outcome.errors();
        assert!(errors.contains("Error: ") && !errors.contains('\u{1b}'), "{reference:?}: {errors:?}");
        let outcome = sandbox.run(["run", "--rm", "--", reference, "true"]);
        assert_eq!(outcome.code(), 125, "{reference:?}: {outcome:?}");
    }
    sandbox.assert_nothing_left();
}

#[test]
fn an_unreachable_registry_is_one_line() {
    let sandbox = Sandbox::new();
    let address = crate::support::debian::free_address();
    sandbox.run(["pull", "--tls-verify=false", &format!("{address}/x")]).refuses(125, &address);
    sandbox.run(["run", "--rm", "--tls-verify=false", &format!("{address}/x"), "true"]).refuses(125, "refused");
    sandbox.assert_nothing_left();
}

#[test]
fn an_unknown_image_or_tag_is_one_line() {
    let sandbox = Sandbox::new();
    let registry = Registry::start();
    registry.put("thing", "other", &small());
    fails_to_pull(&sandbox, &registry, "manifest unknown");
    sandbox.run(["run", "--rm", "--tls-verify=false", &format!("{}/nothing", registry.address())]).exits(125);
}

#[test]
fn a_wrong_platform_is_refused() {
    let sandbox = Sandbox::new();
    let registry = Registry::start();
    let mut image = small();
    image.architecture = "s390x".into();
    let digest = registry.put("thing", "part", &image);
    let index = serde_json::json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{"mediaType": image.media_type(), "digest": digest, "size": 1, "platform": {"os": "linux", "architecture": "s390x"}}],
    });
    registry.put_manifest("thing", "latest", "application/vnd.oci.image.index.v1+json", index.to_string().as_bytes());
    fails_to_pull(&sandbox, &registry, crate::support::image::architecture());
}

#[test]
fn changed_bytes_are_refused_and_the_next_pull_succeeds() {
    let image = small();
    let (config, layer) =
        (crate::support::image::digest(&image.config_bytes()), crate::support::image::digest(&image.layers[0].blob()));
    for (path, fault) in [
        (layer.as_str(), Fault::Flip),
        (config.as_str(), Fault::Flip),
        (layer.as_str(), Fault::Grow(512)),
        (config.as_str(), Fault::Grow(1)),
        (layer.as_str(), Fault::Status(404)),
        (layer.as_str(), Fault::Status(403)),
        ("manifests", Fault::Status(400)),
    ] {
        let sandbox = Sandbox::new();
        let registry = Registry::start();
        registry.put("thing", "latest", &image);
        registry.trouble(path, fault.clone(), 1000);
        fails_to_pull(&sandbox, &registry, "");
        let healthy = Registry::start();
        healthy.put("thing", "latest", &image);
        sandbox.run(["pull", "-q", "--tls-verify=false", &format!("{}/thing", healthy.address())]).succeeds();
        sandbox.words("system check").succeeds();
    }
}

#[test]
fn a_manifest_that_is_not_what_was_asked_for_is_refused() {
    let sandbox = Sandbox::new();
    let registry = Registry::start();
    let image = small();
    registry.put("thing", "latest", &image);
    let config = image.config_bytes();
    let other = image.manifest_bytes(&config, &[b"other".to_vec()]);
    let asked = crate::support::image::digest(b"something else");
    registry.put_manifest("thing", &asked, image.media_type(), &other);
    sandbox
        .run(["pull", "--tls-verify=false", &format!("{}/thing@{asked}", registry.address())])
        .refuses(125, "digest");
    assert_store_empty(&sandbox);
}

#[test]
fn broken_connections_are_mended() {
    let sandbox = Sandbox::new();
    let registry = Registry::start();
    let image = Image::new(vec![Layer::new().file("big", 0o644, noise(3_000_000))]);
    registry.put("thing", "latest", &image);
    let layer = crate::support::image::digest(&image.layers[0].blob());
    registry.trouble(&layer, Fault::Cut(1_000_000), 2);
    registry.trouble("manifests", Fault::Busy(503), 1);
    registry.trouble("manifests", Fault::Busy(429), 1);
    sandbox.run(["pull", "-q", "--tls-verify=false", &format!("{}/thing", registry.address())]).succeeds();
    let ranges = registry.requests().into_iter().filter(|request| request.headers.contains_key("range")).count();
    assert!(ranges >= 1, "a cut download goes on where it was");
    sandbox.words("system check").succeeds();
}

/// Bytes that do not compress, the same each time.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    })
    .take(length)
    .collect()
}

#[test]
fn malformed_manifests_are_refused() {
    let manifest_type = "application/vnd.oci.image.manifest.v1+json";
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let huge = vec![b' '; 9 << 20];
    let cases: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"{".to_vec(),
        b"null".to_vec(),
        b"{}".to_vec(),
        deep.into_bytes(),
        huge,
        br#"{"schemaVersion":1,"name":"x","fsLayers":[]}"#.to_vec(),
        br#"{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:../../../../etc/passwd","size":3},"layers":[]}"#.to_vec(),
        br#"{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":-3},"layers":[]}"#.to_vec(),
        br#"{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":18446744073709551615},"layers":[]}"#.to_vec(),
    ];
    for manifest in cases {
        let sandbox = Sandbox::new();
        let registry = Registry::start();
        registry.put_manifest("thing", "latest", manifest_type, &manifest);
        fails_to_pull(&sandbox, &registry, "");
    }
}

#[test]
fn layers_that_are_no_tar_are_refused() {
    for layer in [
        Layer::new().raw(&[0x55; 4096]),
        Layer::new().file("a", 0o644, "a").raw(&noise(1536)),
        Layer::new().record(b"size", b"99999999999999999999").file("a", 0o644, "a"),
        Layer::new().record(b"size", b"9223372036854775807").file("a", 0o644, "a"),
        Layer::new()
            .record(b"GNU.sparse.major", b"1")
            .record(b"GNU.sparse.minor", b"0")
            .record(b"GNU.sparse.realsize", b"9223372036854775807")
            .file("a", 0o644, "9999999999999\n"),
        Layer::new().file("../outside", 0o644, "x").file("/../../outside2", 0o644, "x"),
        Layer::new().hardlink("a", "../../../etc/passwd"),
        Layer::new().hardlink("a", "a"),
    ] {
        let sandbox = Sandbox::new();
        let registry = Registry::start();
        registry.put("thing", "latest", &Image::new(vec![layer]));
        let reference = format!("{}/thing", registry.address());
        let outcome = sandbox.run(["pull", "-q", "--tls-verify=false", &reference]);
        // Refused, or harmless: nothing of it may reach the host either way, and nothing may crash.
        assert!(matches!(outcome.code(), 0 | 125), "{outcome:?}");
        if outcome.code() == 125 {
            assert!(outcome.errors().starts_with("Error: "), "{outcome:?}");
            // A layer that is sound by itself may stay for the next pull; no image may.
            let kept = sandbox.words("images -q").succeeds().text();
            assert_eq!(kept, "", "after {outcome:?}");
        }
        assert!(!sandbox.home().join("outside").exists() && !sandbox.store().join("outside").exists());
    }
}

#[test]
fn truncated_and_bombed_layers_are_refused() {
    let image = small();
    let blob = image.layers[0].blob();
    let tar = image.layers[0].tar();
    // The manifest is honest about bytes that are a bad gzip stream; so digest checks alone do not catch it.
    let cut = blob[..blob.len() - 4].to_vec();
    let mut trailing = blob.clone();
    trailing.extend_from_slice(b"garbage");
    for bytes in [cut, trailing, tar[..tar.len() / 2].to_vec(), Vec::new(), b"\x1f\x8b".to_vec()] {
        let sandbox = Sandbox::new();
        let registry = Registry::start();
        let config = image.config_bytes();
        registry.put_blob(&config);
        registry.put_blob(&bytes);
        let manifest = image.manifest_bytes(&config, &[bytes]);
        registry.put_manifest("thing", "latest", image.media_type(), &manifest);
        fails_to_pull(&sandbox, &registry, "");
    }
}

#[test]
fn a_full_disk_is_one_line_and_leaves_nothing() {
    if !is_root() {
        skip!("needs root to mount a small file system");
    }
    let sandbox = Sandbox::new();
    let small_disk = sandbox.directory("small");
    let mounted =
        std::process::Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "small", &small_disk]).status();
    if !mounted.is_ok_and(|status| status.success()) {
        skip!("this host lets root mount no tmpfs");
    }
    let registry = Registry::start();
    registry.put("thing", "latest", &Image::new(vec![Layer::new().file("big", 0o644, vec![0; 4_000_000])]));
    let reference = format!("{}/thing", registry.address());
    let outcome = sandbox.run(["--root", &small_disk, "pull", "--tls-verify=false", &reference]);
    let images = sandbox.run(["--root", &small_disk, "images", "-q"]);
    let used = rustix::fs::statvfs(&small_disk).map(|stat| (stat.f_blocks - stat.f_bfree) * stat.f_frsize);
    std::process::Command::new("umount").arg(&small_disk).status().unwrap();
    outcome.refuses(125, "no space left on device");
    images.succeeds().prints("");
    assert!(used.unwrap() < 300_000, "{used:?} bytes are still used");
}

#[test]
fn an_unwritable_store_is_one_line() {
    let sandbox = busybox!();
    let place = sandbox.file("not-a-directory", "");
    sandbox.run(["--root", &format!("{place}/store"), "run", "--rm", "hello"]).refuses(125, &place);
    sandbox.run(["--root", "/proc/nonsense/store", "pull", "x"]).exits(125);
}

#[test]
fn options_that_exclude_each_other_are_refused() {
    let sandbox = busybox!();
    for line in [
        "run --rm --detach --restart always busybox true",
        "run --pull sometimes busybox true",
        "run --network none --network host busybox true",
        "run --userns nonsense busybox true",
        "run --userns keep-id:size=nonsense busybox true",
        "run --stop-signal NONSENSE busybox true",
        "run --stop-timeout -5 busybox true",
        "run -e =value busybox true",
        "run --platform nonsense/x/y/z busybox true",
        "run --name a --name b --timeout x busybox true",
        "run --detach-keys nonsense-key busybox true",
        "run --log-driver nonsense busybox true",
    ] {
        let outcome = sandbox.words(line);
        assert_eq!(outcome.code(), 125, "{line}: {outcome:?}");
        assert!(outcome.errors().contains("Error: ") || outcome.errors().contains("error: "), "{line}: {outcome:?}");
    }
    sandbox.assert_nothing_left();
}

#[test]
fn objects_that_do_not_exist_are_named() {
    let sandbox = Sandbox::new();
    for (line, part) in [
        ("start no-such-thing", "no such container"),
        ("stop no-such-thing", "no such container"),
        ("kill no-such-thing", "no such container"),
        ("logs no-such-thing", "no such container"),
        ("wait no-such-thing", "no such container"),
        ("image inspect no-such-thing", "no-such-thing"),
        ("history no-such-thing", "no-such-thing"),
        ("tag no-such-thing other", "no-such-thing"),
    ] {
        sandbox.words(line).refuses(125, part).complains("no-such-thing");
    }
    sandbox.words("rm no-such-thing").refuses(1, "no such container");
    sandbox.words("rmi no-such-thing").refuses(1, "no-such-thing");
    sandbox.words("rm -f no-such-thing").succeeds();
    sandbox.words("rm --ignore no-such-thing").succeeds();
    sandbox.words("image exists no-such-thing").exits(1).prints("").quietly();
}
