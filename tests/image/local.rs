//! What is done with images once they are here.

use crate::fixture::{Image, Layer, Store, noise, small, tar};
use crate::server::Server;
use coracle::engine::images::history::history;
use coracle::engine::images::inspect::inspect;
use coracle::engine::images::names::{tag, untag};
use coracle::engine::images::remove::{Containers, PruneOptions, Removed, free_space, prune, remove, remove_all};
use coracle::engine::images::{ListOptions, expect, list, resolve, root};
use coracle::store::digest::Digest;
use coracle::store::paths::Paths;

struct Users(Vec<(Digest, &'static str)>);

impl Containers for Users {
    fn using(&self, image: &Digest) -> Vec<String> {
        self.0.iter().filter(|(used, _)| used == image).map(|(_, name)| (*name).to_owned()).collect()
    }
    fn remove(&self, container: &str) -> Result<(), String> {
        if container == "stuck" { Err("stuck".into()) } else { Ok(()) }
    }
}

const NOBODY: Users = Users(Vec::new());

/// A store with two images that share their bottom layer.
fn two_images() -> (Store, Server, Image, Image) {
    let base = Layer::gzip(&tar(&[("base", &noise(50_000, 1))]));
    let one = Image::new(&[base.clone(), Layer::gzip(&tar(&[("one", b"1")]))]);
    let mut two = Image::new(&[base, Layer::gzip(&tar(&[("two", b"2")]))]);
    two.config["created"] = "2025-01-01T00:00:00Z".into();
    two.describe();
    let server = Server::start();
    server.put_image("one", "1", &one);
    server.put_image("two", "2", &two);
    let store = Store::new();
    store.pull(&server.name("one:1")).unwrap();
    store.pull(&server.name("two:2")).unwrap();
    (store, server, one, two)
}

#[test]
fn images_are_found_by_every_kind_of_name() {
    let (store, server, one, two) = two_images();
    let paths = &store.paths;
    tag(paths, "one:1", &["short".into(), "quay.io/me/long:x".into()]).unwrap();
    let id = one.id().hex();
    for typed in [
        "short",
        "localhost/short:latest",
        "quay.io/me/long:x",
        "long:x",
        "me/long:x",
        "one:1",
        &id,
        &id[..12],
        &format!("sha256:{id}"),
        &format!("{}@{}", server.name("one"), one.manifest_digest()),
        &format!("localhost/short@{}", one.manifest_digest()),
        &format!("docker://{}", server.name("one:1")),
    ] {
        assert_eq!(expect(paths, typed).unwrap().image.record.id, one.id(), "{typed}");
    }
    for typed in ["ne:1", "short:other", "nothing", "deadbeef", &format!("two@{}", one.manifest_digest())] {
        assert!(resolve(paths, typed).unwrap().is_none(), "{typed}");
    }
    assert_eq!(expect(paths, "nothing").unwrap_err().to_string(), "nothing: image not known");
    assert_eq!(expect(paths, "a b").unwrap_err().to_string(), "invalid reference format");

    // A name moves.
    tag(paths, "two:2", &["short".into()]).unwrap();
    assert_eq!(expect(paths, "short").unwrap().image.record.id, two.id());
    assert_eq!(
        tag(paths, "one:1", &[format!("x@{}", one.id())]).unwrap_err().to_string(),
        format!("cannot tag by digest: \"x@{}\"", one.id())
    );
}

#[test]
fn lists_and_filters() {
    let (store, server, one, two) = two_images();
    let paths = &store.paths;
    let ids = |filters: &[&str], name: Option<&str>| -> Vec<String> {
        let options =
            ListOptions { filters: filters.iter().map(ToString::to_string).collect(), name: name.map(str::to_owned) };
        list::list(paths, &options).unwrap().into_iter().map(|image| image.id).collect()
    };
    let (one_id, two_id) = (one.id().hex(), two.id().hex());
    let both = vec![two_id.clone(), one_id.clone()];
    assert_eq!(ids(&[], None), both);
    for (filters, name, expected) in [
        (&["label=k=v"][..], None, both.clone()),
        (&["label=k=w"], None, vec![]),
        (&["dangling=true"], None, vec![]),
        (&["before=two:2"], None, vec![one_id.clone()]),
        (&["since=one:1"], None, vec![two_id.clone()]),
        (&["until=2024-12-01T00:00:00Z"], None, vec![one_id.clone()]),
        (&["reference=on?"], None, vec![one_id.clone()]),
        (&["reference=one", "reference=two"], None, both.clone()),
        (&["readonly=true"], None, vec![]),
        (&[], Some("one"), vec![one_id.clone()]),
        (&[], Some(&two_id[..10]), vec![two_id.clone()]),
        (&[], Some("other"), vec![]),
    ] {
        assert_eq!(ids(filters, name), expected, "{filters:?} {name:?}");
    }
    let bad = |filter: &str| {
        let options = ListOptions { filters: vec![filter.into()], name: None };
        list::list(paths, &options).unwrap_err().to_string()
    };
    assert_eq!(
        bad("nothing=1"),
        "invalid image filter \"nothing\": must be in the format \"filter=value or filter!=value\""
    );
    assert_eq!(bad("dangling=perhaps"), "invalid value \"perhaps\" for image filter \"dangling\"");

    let summary = &list::list(paths, &ListOptions::default()).unwrap()[1];
    assert_eq!(summary.names, [server.name("one:1")]);
    assert_eq!(summary.created_at, "2024-05-06T07:08:09Z");
    let sizes: Vec<u64> =
        expect(paths, "one:1").unwrap().image.record.layers.iter().map(|layer| layer.size_bytes).collect();
    assert_eq!((summary.size, summary.shared_size), (sizes[0] + sizes[1], sizes[0]));

    let shown = serde_json::to_value(inspect(paths, &expect(paths, "one:1").unwrap()).unwrap()).unwrap();
    let keys: Vec<&str> = shown.as_object().unwrap().keys().map(String::as_str).collect();
    for key in [
        "Id",
        "Digest",
        "RepoTags",
        "RepoDigests",
        "Parent",
        "Comment",
        "Created",
        "Config",
        "Version",
        "Author",
        "Architecture",
        "Os",
        "Size",
        "VirtualSize",
        "GraphDriver",
        "RootFS",
        "Labels",
        "Annotations",
        "ManifestType",
        "User",
        "History",
        "NamesHistory",
    ] {
        assert!(keys.contains(&key), "{key}");
    }
    assert_eq!(shown["Config"], serde_json::json!({"Env": ["A=b"], "Cmd": ["sh"], "Labels": {"k": "v"}}));
    assert_eq!(shown["Digest"], one.manifest_digest().to_string());
    let steps = history(paths, "one:1").unwrap();
    assert_eq!((steps.len(), steps[0].id.as_str(), steps[1].created_by.as_str()), (2, one_id.as_str(), "COPY"));
}

#[test]
fn removing_frees_what_nothing_else_needs() {
    let (store, server, one, two) = two_images();
    let paths = &store.paths;
    tag(paths, "one:1", &["again".into()]).unwrap();
    assert_eq!(
        remove(paths, &one.id().hex()[..12], false, &NOBODY).unwrap_err().to_string(),
        format!(
            "unable to delete image \"{}\" by ID with more than one tag ([{} localhost/again:latest]): please force removal",
            one.id().hex(),
            server.name("one:1")
        )
    );
    let removed = remove(paths, "again", false, &NOBODY).unwrap();
    assert_eq!(removed, Removed { untagged: vec!["localhost/again:latest".into()], deleted: None });

    let used = Users(vec![(one.id(), "c1")]);
    let error = remove(paths, "one:1", false, &used).unwrap_err();
    assert!(error.to_string().starts_with("image used by c1: image is in use by a container"), "{error}");
    assert!(error.is_conflict());
    assert!(remove(paths, "one:1", true, &Users(vec![(one.id(), "stuck")])).is_err());
    assert!(resolve(paths, "one:1").unwrap().is_some());

    let removed = remove(paths, "one:1", true, &used).unwrap();
    assert_eq!(removed, Removed { untagged: vec![server.name("one:1")], deleted: Some(one.id()) });
    assert_eq!(store.files(&paths.layers()).len(), 6);
    assert!(free_space(paths).unwrap() > 0);
    // The shared layer is still needed.
    assert_eq!(store.files(&paths.layers()).len(), 4);
    root::open(paths, &expect(paths, "two:2").unwrap().image).unwrap();

    let (removed, errors) = remove_all(paths, false, &Users(vec![(two.id(), "c2")])).unwrap();
    assert_eq!((removed.len(), errors.len()), (0, 1));
    let (removed, _) = remove_all(paths, false, &NOBODY).unwrap();
    assert_eq!(removed[0].deleted, Some(two.id()));
    free_space(paths).unwrap();
    for directory in [paths.layers(), paths.blobs(), paths.images(), paths.names()] {
        assert_eq!(store.files(&directory), [""; 0], "{}", directory.display());
    }
    assert_eq!(remove(paths, "one:1", false, &NOBODY).unwrap_err().to_string(), "one:1: image not known");
}

#[test]
fn pruning_takes_the_nameless_or_the_unused() {
    let (store, _server, one, two) = two_images();
    let paths = &store.paths;
    untag(paths, "one:1", &[]).unwrap();
    assert!(list::list(paths, &ListOptions::default()).unwrap()[1].dangling);
    let pruned = prune(paths, &PruneOptions::default(), &Users(vec![(one.id(), "c")])).unwrap();
    assert!(pruned.images.is_empty());
    let pruned = prune(paths, &PruneOptions::default(), &NOBODY).unwrap();
    assert_eq!((pruned.images.len(), pruned.images[0].deleted), (1, Some(one.id())));
    assert!(pruned.bytes > 0);
    let filtered = PruneOptions { all: true, filters: vec!["label=nothing".into()] };
    assert!(prune(paths, &filtered, &NOBODY).unwrap().images.is_empty());
    let all = PruneOptions { all: true, filters: Vec::new() };
    assert_eq!(prune(paths, &all, &NOBODY).unwrap().images[0].deleted, Some(two.id()));
    assert_eq!(untag(paths, "x", &[]).unwrap_err().to_string(), "x: image not known");
}

#[test]
fn a_pull_in_progress_keeps_its_layers_from_removal() {
    let (store, _server, one, _two) = two_images();
    let kept = coracle::store::locks::keep_objects(&store.paths).unwrap();
    remove(&store.paths, "one:1", false, &NOBODY).unwrap();
    assert_eq!(free_space(&store.paths).unwrap(), 0);
    assert_eq!(store.files(&store.paths.layers()).len(), 6);
    drop(kept);
    // Whoever ends next sweeps.
    let server = Server::start();
    server.put_image("three", "latest", &small());
    store.pull(&server.name("three")).unwrap();
    assert!(coracle::store::layers::find(&store.paths, &one.layers[1].diff_id).is_none());
}

#[test]
fn read_only_stores_are_searched_and_never_written() {
    let (shared, server, one, _two) = two_images();
    std::fs::remove_file(coracle::store::images::tree(&shared.paths, &one.id())).unwrap();
    let before = shared.files(&shared.paths.root.join("images").join(one.id().hex()));
    let mut own = Store::new();
    let paths = Paths { additional: vec![shared.paths.root.clone()], ..own.paths.clone() };
    let found = expect(&paths, "one:1").unwrap();
    assert!(found.image.read_only);
    let opened = root::open(&paths, &found.image).unwrap();
    assert!(opened.tree_path.starts_with(&paths.root) && opened.layers[0].starts_with(&shared.paths.root));
    assert_eq!(shared.files(&shared.paths.root.join("images").join(one.id().hex())), before);
    let error = remove(&paths, "one:1", true, &NOBODY);
    assert!(error.unwrap_err().to_string().starts_with("cannot remove read-only image"));

    // A pull finds the layers there; a sweep leaves the tree.
    own.paths = paths;
    own.pull(&server.name("one:1")).unwrap();
    assert_eq!(own.files(&own.paths.layers()), [""; 0]);
    assert_eq!(*own.notes.existing.lock().unwrap(), 2);
    free_space(&own.paths).unwrap();
    assert!(root::open(&own.paths, &expect(&own.paths, "one:1").unwrap().image).is_ok());
}

#[test]
fn damaged_indexes_and_trees_are_made_again() {
    let (store, _server, one, _two) = two_images();
    let image = expect(&store.paths, "one:1").unwrap().image;
    let tree = coracle::store::images::tree(&store.paths, &one.id());
    let files = coracle::store::layers::files(&store.paths, &one.layers[0].diff_id);
    let (good_tree, good_index) = (std::fs::read(&tree).unwrap(), std::fs::read(&files.index).unwrap());
    std::fs::write(&tree, b"damaged").unwrap();
    std::fs::write(&files.index, b"damaged").unwrap();
    root::open(&store.paths, &image).unwrap();
    assert!(std::fs::read(&tree).unwrap() == good_tree && std::fs::read(&files.index).unwrap() == good_index);

    std::fs::remove_file(&files.index).unwrap();
    std::fs::remove_file(&tree).unwrap();
    let error = root::open(&store.paths, &image).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("layer \"{}\" of the image is missing from the store", one.layers[0].diff_id)
    );
    assert!(error.hint().is_some());
}
