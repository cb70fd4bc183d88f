//! Pulls that succeed.

use crate::fixture::{Image, Layer, OCI_INDEX, OCI_MANIFEST, Store, noise, request, small, tar};
use crate::server::{Response, Server};
use coracle::engine::images::{ListOptions, list, root};
use coracle::engine::request::PullPolicy;
use coracle::overlay::tree::ROOT;
use coracle::store::digest::Digest;
use serde_json::json;

#[test]
fn every_compression_arrives_byte_for_byte() {
    let big = noise(3 << 20, 1);
    let layers = [
        Layer::gzip(&tar(&[("a", &big)])),
        Layer::zstd(&tar(&[("b", &big)])),
        Layer::plain(&tar(&[("c", &big)])),
        Layer::gzip(&tar(&[("zeros", &vec![0; 5 << 20])])),
        Layer::gzip(&tar(&[])),
        // The same layer twice, and the same files compressed otherwise.
        Layer::gzip(&tar(&[("a", &big)])),
        Layer::zstd(&tar(&[("a", &big)])),
    ];
    let image = Image::new(&layers);
    let server = Server::start();
    server.put_image("x/y", "1", &image);
    let store = Store::new();
    let pulled = store.pull(&server.name("x/y:1")).unwrap();
    assert_eq!(pulled.image.record.id, image.id());
    assert_eq!(pulled.name, Some(server.name("x/y:1")));
    store.assert_layers_sound();
    assert_eq!(store.files(&store.paths.layers()).len(), 2 * 5);
    assert_eq!(store.files(&store.paths.temporary()), [""; 0]);

    let opened = root::open(&store.paths, &pulled.image).unwrap();
    assert_eq!(opened.layers.len(), 7);
    let directory = opened.tree.node(ROOT).unwrap();
    for name in ["a", "b", "c", "zeros"] {
        assert!(opened.tree.lookup(&directory, name.as_bytes()).is_some(), "{name}");
    }

    // Again: nothing but manifest and config is asked for.
    let before = server.requests("/blobs/").len();
    store.pull(&server.name("x/y:1")).unwrap();
    assert_eq!(server.requests("/blobs/").len(), before + 1);
}

#[test]
fn zeros_take_no_space() {
    use std::os::unix::fs::MetadataExt;
    let image = Image::new(&[Layer::gzip(&tar(&[("zeros", &vec![0; 16 << 20])]))]);
    let server = Server::start();
    server.put_image("z", "latest", &image);
    let store = Store::new();
    let pulled = store.pull(&server.name("z")).unwrap();
    let tar = &root::open(&store.paths, &pulled.image).unwrap().layers[0];
    let metadata = std::fs::metadata(tar).unwrap();
    assert!(metadata.len() > 16 << 20 && metadata.blocks() * 512 < 1 << 20, "{} blocks", metadata.blocks());
}

#[test]
fn the_right_image_of_nested_indexes_is_taken() {
    let (right, wrong) = (small(), Image::new(&[Layer::gzip(&tar(&[("wrong", b"")]))]));
    let server = Server::start();
    let host = right.config["architecture"].clone();
    let entry = |text: &str, architecture: serde_json::Value, media_type: &str| {
        json!({
            "mediaType": media_type, "digest": Digest::of(text.as_bytes()), "size": text.len(),
            "platform": {"os": if architecture == "unknown" { "unknown" } else { "linux" }, "architecture": architecture},
        })
    };
    let (right_text, wrong_text) = (right.manifest.to_string(), wrong.manifest.to_string());
    let inner = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [
        entry(&wrong_text, "s390x".into(), OCI_MANIFEST), entry(&right_text, host.clone(), OCI_MANIFEST),
    ]})
    .to_string();
    let outer = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [
        entry("attestation", "unknown".into(), OCI_MANIFEST), entry(&inner, host, OCI_INDEX),
    ]})
    .to_string();
    server.put_image("n", "right", &right);
    server.put_image("n", "wrong", &wrong);
    server.put_manifest("n", "inner", OCI_INDEX, &inner);
    server.put_manifest("n", "latest", OCI_INDEX, &outer);
    let store = Store::new();
    let pulled = store.pull(&server.name("n")).unwrap();
    assert_eq!(pulled.image.record.id, right.id());
    let digests: Vec<Digest> = pulled.image.record.manifests.iter().map(|manifest| manifest.digest).collect();
    let expected = [&right_text, &inner, &outer].map(|text| Digest::of(text.as_bytes()));
    assert_eq!(digests, expected);

    let other = store.pull_with(&coracle::engine::pull::PullRequest {
        platform: Some("linux/s390x".into()),
        policy: PullPolicy::Missing,
        ..request(&server.name("n:inner"))
    });
    assert_eq!(other.unwrap().image.record.id, wrong.id());
    let error = store.pull_with(&coracle::engine::pull::PullRequest {
        platform: Some("linux/riscv64".into()),
        ..request(&server.name("n:inner"))
    });
    let name = server.name("n:inner");
    assert_eq!(
        error.unwrap_err().to_string(),
        format!(
            "choosing an image from manifest list docker://{name}: no image found in image index for architecture \
             \"riscv64\", variant \"\", OS \"linux\""
        )
    );
}

#[test]
fn a_digest_is_a_name() {
    let image = small();
    let server = Server::start();
    server.put_image("d", "1", &image);
    let store = Store::new();
    let name = server.name(&format!("d@{}", image.manifest_digest()));
    assert_eq!(store.pull(&name).unwrap().name.as_ref(), Some(&name));
    let listed = list::list(&store.paths, &ListOptions::default()).unwrap();
    assert_eq!((listed[0].names.len(), &listed[0].repo_digests, listed[0].dangling), (0, &vec![name.clone()], false));
    let policy = PullPolicy::Missing;
    let before = server.requests("").len();
    store.pull_with(&coracle::engine::pull::PullRequest { policy, ..request(&name) }).unwrap();
    assert_eq!(server.requests("").len(), before);
}

#[test]
fn policies_ask_the_registry_when_they_should() {
    let server = Server::start();
    server.put_image("p", "latest", &small());
    let store = Store::new();
    let with = |policy| coracle::engine::pull::PullRequest { policy, ..request(&server.name("p")) };
    let error = store.pull_with(&with(PullPolicy::Never)).unwrap_err();
    assert_eq!(error.to_string(), format!("{}: image not known", server.name("p")));
    store.pull_with(&with(PullPolicy::Missing)).unwrap();
    let asked = || server.requests("").len();
    let before = asked();
    store.pull_with(&with(PullPolicy::Missing)).unwrap();
    store.pull_with(&with(PullPolicy::Never)).unwrap();
    assert_eq!(asked(), before);
    store.pull_with(&with(PullPolicy::Newer)).unwrap();
    assert_eq!(server.requests("/blobs/").len(), 2);
    let newer = Image::new(&[Layer::gzip(&tar(&[("newer", b"")]))]);
    server.put_image("p", "latest", &newer);
    let pulled = store.pull_with(&with(PullPolicy::Newer)).unwrap();
    assert_eq!(pulled.image.record.id, newer.id());
}

#[test]
fn all_tags_are_pulled_page_by_page() {
    let server = Server::with(|request, _| match request.path.as_str() {
        "/v2/t/tags/list" => {
            Some(Response::new(200, r#"{"tags":["one"]}"#).header("Link", "</v2/t/tags/list?last=one>; rel=\"next\""))
        }
        "/v2/t/tags/list?last=one" => Some(Response::new(200, r#"{"tags":["two","../../bad"]}"#)),
        _ => None,
    });
    server.put_image("t", "one", &small());
    server.put_image("t", "two", &small());
    let store = Store::new();
    let mut all = request(&server.name("t"));
    all.all_tags = true;
    let pulled = coracle::engine::pull::pull(&store.paths, &all, &store.notes).unwrap();
    let names: Vec<_> = pulled.into_iter().filter_map(|image| image.name).collect();
    assert_eq!(names, [server.name("t:one"), server.name("t:two")]);
    all.name += ":one";
    let error = coracle::engine::pull::pull(&store.paths, &all, &store.notes).unwrap_err();
    assert_eq!(error.to_string(), "tag can't be used with --all-tags/-a");
}

#[test]
fn pulls_of_the_same_image_at_once_download_it_once() {
    let image =
        Image::new(&[Layer::gzip(&tar(&[("a", &noise(2 << 20, 5))])), Layer::gzip(&tar(&[("b", &noise(2 << 20, 6))]))]);
    let server = Server::start();
    server.put_image("c", "latest", &image);
    let store = Store::new();
    std::thread::scope(|scope| {
        let pulls: Vec<_> = (0..8).map(|_| scope.spawn(|| store.pull(&server.name("c")).unwrap())).collect();
        for pull in pulls {
            assert_eq!(pull.join().unwrap().image.record.id, image.id());
        }
    });
    for layer in &image.layers {
        assert_eq!(server.requests(&layer.digest().to_string()).len(), 1);
    }
    store.assert_layers_sound();
    assert_eq!(store.files(&store.paths.temporary()), [""; 0]);
}
