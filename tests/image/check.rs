//! `system check`, its repair, and `system df`.

use crate::fixture::{Image, Layer, Store, noise, tar};
use crate::server::Server;
use coracle::engine::images::check::{Finding, check, repair};
use coracle::engine::images::remove::Containers;
use coracle::engine::images::usage::usage;
use coracle::engine::images::{expect, root};
use coracle::image::registry::client::Options;
use coracle::store::digest::Digest;
use coracle::store::{blobs, images, layers};
use std::path::PathBuf;

struct Nobody;

impl Containers for Nobody {
    fn using(&self, _image: &Digest) -> Vec<String> {
        Vec::new()
    }
    fn remove(&self, _container: &str) -> Result<(), String> {
        Ok(())
    }
}

fn setting() -> (Store, Server, Image) {
    let image =
        Image::new(&[Layer::gzip(&tar(&[("a", &noise(100_000, 1))])), Layer::gzip(&tar(&[("b", &noise(100_000, 2))]))]);
    let server = Server::start();
    server.put_image("app", "1", &image);
    let store = Store::new();
    store.pull(&server.name("app:1")).unwrap();
    (store, server, image)
}

fn flip(path: &PathBuf) {
    let mut content = std::fs::read(path).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    std::fs::write(path, content).unwrap();
}

#[test]
fn a_sound_store_is_clean() {
    let (store, _server, image) = setting();
    let report = check(&store.paths).unwrap();
    assert!(report.is_clean() && report.findings.is_empty(), "{:?}", report.findings);
    assert_eq!(report.layers, 2);
    assert!(report.bytes > 200_000);
    assert!(root::open(&store.paths, &expect(&store.paths, &image.id().hex()).unwrap().image).is_ok());
    assert!(check(&Store::new().paths).unwrap().is_clean());
}

/// What will be found, how it comes about, and how many layers have to be fetched for it.
type Damage<'a> = (Finding, Box<dyn Fn() + 'a>, usize);

#[test]
fn every_damage_is_found_and_repaired_and_nothing_else_fetched() {
    let (store, server, image) = setting();
    let paths = &store.paths;
    let (id, layer, manifest) = (image.id(), image.layers[0].diff_id, image.manifest_digest());
    let name = server.name("app:1");
    let files = layers::files(paths, &layer);
    let record = images::directory(paths, &id).join("record.json");
    let name_file = paths.names().join(name.replace('/', "+"));
    let remove = |path: &PathBuf| std::fs::remove_file(path).unwrap();
    let damages: [Damage<'_>; 10] = [
        (Finding::LayerCorrupt(layer), Box::new(|| flip(&files.tar)), 1),
        (Finding::LayerMissing(layer), Box::new(|| remove(&files.index)), 1),
        (Finding::LayerMissing(layer), Box::new(|| remove(&files.tar)), 1),
        (Finding::IndexDamaged(layer), Box::new(|| flip(&files.index)), 0),
        (Finding::BlobCorrupt(id), Box::new(|| flip(&blobs::path(paths, &id))), 0),
        (Finding::BlobMissing(manifest), Box::new(|| remove(&blobs::path(paths, &manifest))), 0),
        (Finding::RecordDamaged(id), Box::new(|| std::fs::write(&record, "{").unwrap()), 0),
        (Finding::TreeDamaged(id), Box::new(|| flip(&images::tree(paths, &id))), 0),
        (Finding::NameWithoutImage(name.clone()), Box::new(|| images::remove(paths, &id).unwrap()), 0),
        (Finding::Rubbish(1), Box::new(|| std::fs::write(blobs::path(paths, &Digest::of(b"x")), "x").unwrap()), 0),
    ];
    for (finding, damage, fetched) in damages {
        damage();
        let report = check(paths).unwrap();
        assert!(report.findings.contains_key(&finding), "{finding}: {:?}", report.findings);
        assert_eq!(report.is_clean(), matches!(finding, Finding::Rubbish(_)));
        let before = server.requests("/blobs/").len();
        for repair in repair(paths, &report, &Options::default(), &store.notes) {
            repair.result.unwrap_or_else(|error| panic!("{}: {error}", repair.finding));
        }
        let layers: usize = image
            .layers
            .iter()
            .map(|layer| {
                let digest = layer.digest().to_string();
                server.requests("/blobs/")[before..].iter().filter(|request| request.path.ends_with(&digest)).count()
            })
            .sum();
        assert_eq!(layers, fetched, "{finding}");
        let report = check(paths).unwrap();
        assert!(report.findings.is_empty(), "after {finding}: {:?}", report.findings);
        assert_eq!(store.files(&paths.names()), [name.replace('/', "+")]);
    }
    std::fs::write(&name_file, "{").unwrap();
    let report = check(paths).unwrap();
    assert!(report.findings.keys().any(|finding| matches!(finding, Finding::NameDamaged(_))));
    repair(paths, &report, &Options::default(), &store.notes);
    assert_eq!(store.files(&paths.names()), [""; 0]);
    assert!(check(paths).unwrap().is_clean());
}

#[test]
fn what_cannot_be_repaired_is_said() {
    let (store, server, image) = setting();
    flip(&layers::files(&store.paths, &image.layers[1].diff_id).tar);
    coracle::engine::images::names::untag(&store.paths, "app:1", &[]).unwrap();
    let report = check(&store.paths).unwrap();
    let repairs = repair(&store.paths, &report, &Options::default(), &store.notes);
    let error = repairs[0].result.as_ref().unwrap_err();
    assert!(error.to_string().contains("has no name"), "{error}");
    drop(server);
}

#[test]
fn usage_is_what_du_says() {
    let (store, server, image) = setting();
    server.put_image("app", "2", &Image::new(&[image.layers[0].clone(), Layer::gzip(&tar(&[("c", b"c")]))]));
    store.pull(&server.name("app:2")).unwrap();
    let paths = &store.paths;
    let found = usage(paths, &Nobody).unwrap();
    let du = |directories: &[PathBuf]| -> u64 {
        let output = std::process::Command::new("du").args(["-s", "-B1"]).args(directories).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| line.split('\t').next().unwrap().parse::<u64>().unwrap()).sum()
    };
    let roots = [paths.root.join("blobs"), paths.root.join("layers"), paths.images(), paths.names(), paths.temporary()];
    assert_eq!(found.bytes, du(&roots));
    assert_eq!((found.images.len(), found.active), (2, 0));
    let shared = layers::files(paths, &image.layers[0].diff_id);
    for image in &found.images {
        assert_eq!(image.shared_bytes, du(&[shared.tar.clone(), shared.index.clone()]));
        assert_eq!(image.bytes, image.shared_bytes + image.unique_bytes);
    }
    let unique: u64 = found.images.iter().map(|image| image.unique_bytes).sum();
    assert_eq!(found.reclaimable_bytes, unique + found.images[0].shared_bytes);
}
