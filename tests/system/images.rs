//! pull, images, rmi, inspect, history, tag, registries.conf, credentials.

use crate::support::image::Compression;
use crate::support::registry::Fault;
use crate::support::{Image, Layer, Registry, Sandbox, skip};
use serde_json::json;

fn image(text: &str) -> Image {
    Image::new(vec![Layer::new().directory("etc", 0o755).file("etc/text", 0o644, text)]).with("Cmd", json!(["/x"]))
}

#[test]
fn pull_prints_the_id_and_progress_goes_to_stderr() {
    let sandbox = Sandbox::new();
    let registry = Registry::start();
    registry.put("team/thing", "v1", &image("1"));
    let reference = format!("{}/team/thing:v1", registry.address());
    let outcome = sandbox.run(["pull", "--tls-verify=false", &reference]).succeeds();
    let id = outcome.text();
    assert!(id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{outcome:?}");
    assert!(
        !outcome.errors().contains('\u{1b}') && !outcome.errors().contains('\r'),
        "no terminal, no bars: {outcome:?}"
    );
    sandbox.run(["pull", "-q", "--tls-verify=false", &reference]).succeeds().quietly().prints(&id);
    assert_eq!(crate::support::image::digest(&image("1").config_bytes()), format!("sha256:{id}"));
    sandbox.run(["image", "exists", &reference]).succeeds().prints("");
    sandbox.run(["image", "exists", &id[..12]]).succeeds();
}

#[test]
fn every_layer_form_is_pulled() {
    for docker in [false, true] {
        for compression in [Compression::Plain, Compression::Gzip, Compression::Zstd] {
            let Ok(layer) = Layer::busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
            let sandbox = Sandbox::new();
            let mut image = Image::new(vec![
                layer.compressed(compression),
                Layer::new().file("top", 0o644, "t").compressed(compression),
            ]);
            image.docker = docker;
            sandbox.add("busybox", &image);
            sandbox.words("run --rm busybox cat /top").succeeds().prints("t");
            // A layer on disk is its uncompressed tar, and its name is that tar's digest.
            for layer in &image.layers {
                let name = crate::support::image::digest(&layer.tar()).replace("sha256:", "layers/sha256/");
                let bytes = std::fs::read(sandbox.store().join(format!("{name}.tar"))).unwrap();
                assert!(bytes == layer.tar());
            }
        }
    }
}

#[test]
fn an_index_gives_this_machines_image_and_attestations_are_ignored() {
    let Ok(right) = Image::busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
    let registry = Registry::start();
    let mut wrong = image("wrong");
    wrong.architecture = "s390x".into();
    let (right_digest, wrong_digest) = (registry.put("thing", "r", &right), registry.put("thing", "w", &wrong));
    let size = |image: &Image| {
        image.manifest_bytes(&image.config_bytes(), &image.layers.iter().map(Layer::blob).collect::<Vec<_>>()).len()
    };
    let kind = right.media_type();
    let index = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [
        {"mediaType": kind, "digest": wrong_digest, "size": size(&wrong), "platform": {"os": "linux", "architecture": "s390x"}},
        {"mediaType": kind, "digest": crate::support::image::digest(b"none"), "size": 4, "platform": {"os": "unknown", "architecture": "unknown"},
         "annotations": {"vnd.docker.reference.type": "attestation-manifest"}},
        {"mediaType": kind, "digest": right_digest, "size": size(&right), "platform": {"os": "linux", "architecture": crate::support::image::architecture()}},
    ]});
    let index_digest = registry.put_manifest(
        "thing",
        "latest",
        "application/vnd.oci.image.index.v1+json",
        index.to_string().as_bytes(),
    );
    let sandbox = Sandbox::new();
    let address = registry.address();
    sandbox
        .run(["run", "--rm", "--tls-verify=false", &format!("{address}/thing"), "echo", "ran"])
        .succeeds()
        .mentions("ran");
    sandbox.run(["pull", "-q", "--tls-verify=false", &format!("{address}/thing@{index_digest}")]).succeeds();
    let id = sandbox
        .run(["pull", "-q", "--tls-verify=false", "--platform", "linux/s390x", &format!("{address}/thing")])
        .succeeds()
        .text();
    sandbox.run(["image", "inspect", "--format", "{{.Architecture}}", &id]).prints("s390x");
}

#[test]
fn images_lists_and_filters() {
    let sandbox = Sandbox::new();
    sandbox.add("one", &image("1"));
    sandbox.add("two", &image("2").with("Labels", json!({"k": "v"})));
    sandbox
        .words("images")
        .succeeds()
        .mentions("REPOSITORY")
        .mentions("TAG")
        .mentions("IMAGE ID")
        .mentions("SIZE")
        .mentions("localhost/one");
    let mut names = sandbox.run(["images", "--format", "{{.Repository}}:{{.Tag}}"]).succeeds().lines();
    names.sort();
    assert_eq!(names, ["localhost/one:latest", "localhost/two:latest"]);
    sandbox.run(["images", "-q", "one"]).succeeds();
    assert_eq!(sandbox.run(["images", "-q", "one"]).lines().len(), 1);
    assert_eq!(sandbox.run(["images", "-q", "--no-trunc"]).lines()[0].len(), 71);
    assert_eq!(sandbox.run(["images", "-q", "--filter", "label=k=v"]).lines().len(), 1);
    let json: serde_json::Value =
        serde_json::from_str(&sandbox.words("images --format json").succeeds().text()).unwrap();
    assert_eq!(json.as_array().map(Vec::len), Some(2));
    assert!(json[0]["Id"].as_str().is_some_and(|id| id.len() == 64), "{json}");
}

#[test]
fn tags_are_added_and_taken_away() {
    let sandbox = Sandbox::new();
    sandbox.add("one", &image("1"));
    sandbox.words("tag one other:v2 example.org/third").succeeds().prints("").quietly();
    let id = sandbox.run(["images", "-q", "--no-trunc", "other:v2"]).text();
    assert_eq!(sandbox.run(["images", "-q", "--no-trunc", "example.org/third"]).text(), id);
    sandbox.words("untag one other:v2").succeeds();
    sandbox.words("image exists other:v2").exits(1);
    sandbox.words("image exists one").succeeds();
    sandbox.words("rmi example.org/third").succeeds().mentions("Untagged: example.org/third:latest");
    sandbox.words("image exists one").succeeds();
    sandbox.words("rmi one").succeeds().mentions("Deleted: ");
    sandbox.words("images -q -a").prints("");
    let layers = sandbox.store().join("layers/sha256");
    assert_eq!(layers.read_dir().map_or(0, Iterator::count), 0, "the last image takes its layers along");
}

#[test]
fn an_image_in_use_is_removed_only_by_force() {
    let Ok(sandbox) = Sandbox::with_busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
    sandbox.words("create --name user busybox true").succeeds();
    sandbox.words("rmi busybox").refuses(2, "in use");
    sandbox.words("image exists busybox").succeeds();
    sandbox.words("rmi -f busybox").succeeds();
    sandbox.words("ps -aq").prints("");
    sandbox.words("rmi --all --force --ignore").succeeds();
}

#[test]
fn inspect_and_history_tell_about_the_image() {
    let sandbox = Sandbox::new();
    let it = image("1").with("Env", json!(["A=1"])).with("Labels", json!({"k": "v"}));
    sandbox.add("one", &it);
    let json: serde_json::Value = serde_json::from_str(&sandbox.words("image inspect one").succeeds().text()).unwrap();
    assert_eq!(json[0]["Config"]["Env"], json!(["A=1"]));
    assert_eq!(json[0]["RepoTags"], json!(["localhost/one:latest"]));
    assert_eq!(json[0]["RootFS"]["Layers"][0], crate::support::image::digest(&it.layers[0].tar()));
    assert!(json[0]["Digest"].as_str().unwrap().starts_with("sha256:"));
    sandbox.run(["image", "inspect", "--format", "{{.Config.Labels.k}} {{.Os}}", "one"]).prints("v linux");
    sandbox.words("history one").succeeds().mentions("CREATED BY").mentions("tests");
    assert_eq!(sandbox.words("history -q one").succeeds().lines().len(), 1);
}

#[test]
fn pull_policies_are_followed() {
    let Ok(old) = Image::busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
    let registry = Registry::start();
    let sandbox = Sandbox::new();
    let reference = format!("{}/moving", registry.address());
    let run =
        |policy: &str| sandbox.run(["run", "--rm", "--tls-verify=false", "-q", policy, &reference, "cat", "/version"]);
    registry.put("moving", "latest", &old.clone().layer(Layer::new().file("version", 0o644, "1")));
    run("--pull=never").exits(125);
    run("--pull=missing").succeeds().prints("1");
    registry.put("moving", "latest", &old.clone().layer(Layer::new().file("version", 0o644, "2")));
    let before = registry.requests().len();
    run("--pull=missing").succeeds().prints("1");
    run("--pull=never").succeeds().prints("1");
    assert_eq!(registry.requests().len(), before, "an image at hand needs no registry");
    run("--pull=newer").succeeds().prints("2");
    registry.put("moving", "latest", &old.layer(Layer::new().file("version", 0o644, "3")));
    run("--pull=always").succeeds().prints("3");
    registry.trouble("moving", Fault::Status(500), 1000);
    run("--pull=newer").succeeds().prints("3");
    run("--pull=always").exits(125);
}

#[test]
fn all_tags_are_pulled() {
    let registry = Registry::start();
    for tag in ["a", "b", "c"] {
        registry.put("many", tag, &image(tag));
    }
    let sandbox = Sandbox::new();
    sandbox.run(["pull", "-q", "--all-tags", "--tls-verify=false", &format!("{}/many", registry.address())]).succeeds();
    let mut tags = sandbox.run(["images", "--format", "{{.Tag}}"]).lines();
    tags.sort();
    assert_eq!(tags, ["a", "b", "c"]);
}

#[test]
fn a_shared_layer_is_downloaded_once() {
    let registry = Registry::start();
    let base = Layer::new().file("base", 0o644, vec![7; 100_000]);
    for name in ["first", "second"] {
        registry.put(name, "latest", &Image::new(vec![base.clone(), Layer::new().file(name, 0o644, name)]));
    }
    let sandbox = Sandbox::new();
    for name in ["first", "second"] {
        sandbox.run(["pull", "-q", "--tls-verify=false", &format!("{}/{name}", registry.address())]).succeeds();
    }
    let sum = crate::support::image::digest(&base.blob());
    let gets =
        registry.requests().iter().filter(|request| request.method == "GET" && request.path.contains(&sum)).count();
    assert_eq!(gets, 1);
}

#[test]
fn credentials_come_from_the_option_and_the_files() {
    let registry = Registry::start();
    registry.put("secret", "latest", &image("s"));
    registry.protect("tester:pass:word");
    let reference = format!("{}/secret", registry.address());
    let sandbox = Sandbox::new();
    sandbox.run(["pull", "--tls-verify=false", &reference]).refuses(125, "unauthorized");
    sandbox.run(["pull", "--tls-verify=false", "--creds", "tester:wrong", &reference]).refuses(125, "unauthorized");
    sandbox.run(["pull", "-q", "--tls-verify=false", "--creds", "tester:pass:word", &reference]).succeeds();
    sandbox.words("rmi -a -f").succeeds();
    // `tester:pass:word` in base64, as both files hold it.
    let file = json!({"auths": {registry.address(): {"auth": "dGVzdGVyOnBhc3M6d29yZA=="}}}).to_string();
    let path = sandbox.file("auth.json", &file);
    sandbox.run(["pull", "-q", "--tls-verify=false", "--authfile", &path, &reference]).succeeds();
    sandbox.words("rmi -a -f").succeeds();
    std::fs::create_dir(sandbox.home().join(".docker")).unwrap();
    std::fs::write(sandbox.home().join(".docker/config.json"), &file).unwrap();
    sandbox.run(["pull", "-q", "--tls-verify=false", &reference]).succeeds();
}

#[test]
fn credentials_do_not_follow_a_redirect_to_another_host() {
    let (first, second) = (Registry::start(), Registry::start());
    let it = image("r");
    first.put("moved", "latest", &it);
    second.put("moved", "latest", &it);
    first.protect("tester:secret");
    let layer = crate::support::image::digest(&it.layers[0].blob());
    // Another name for loopback is another host.
    let port = second.address().rsplit(':').next().unwrap().to_owned();
    first.trouble(&layer, Fault::Redirect(format!("http://localhost:{port}/v2/moved/blobs/{layer}")), 10);
    let sandbox = Sandbox::new();
    let reference = format!("{}/moved", first.address());
    sandbox.run(["pull", "-q", "--tls-verify=false", "--creds", "tester:secret", &reference]).succeeds();
    let followed = second.requests();
    assert!(
        !followed.is_empty() && followed.iter().all(|request| !request.headers.contains_key("authorization")),
        "{followed:?}"
    );
}

#[test]
fn redirects_to_other_schemes_are_refused() {
    for target in ["file:///etc/passwd", "ftp://127.0.0.1/x", "unix:///x", "http://"] {
        let registry = Registry::start();
        let it = image("r");
        registry.put("moved", "latest", &it);
        registry.trouble("blobs", Fault::Redirect(target.to_owned()), 100);
        let sandbox = Sandbox::new();
        sandbox
            .run(["pull", "--tls-verify=false", &format!("{}/moved", registry.address())])
            .exits(125)
            .complains("Error: ");
    }
}

#[test]
fn registries_conf_is_followed() {
    let registry = Registry::start();
    registry.put("library/thing", "latest", &image("1"));
    registry.put("mirror/thing", "latest", &image("2"));
    let address = registry.address();
    let mut sandbox = Sandbox::new();
    let conf = format!(
        "unqualified-search-registries = [\"{address}\"]\nshort-name-mode = \"permissive\"\n\
         [aliases]\n\"nick\" = \"{address}/library/thing\"\n\
         [[registry]]\nlocation = \"{address}\"\ninsecure = true\n\
         [[registry]]\nprefix = \"rewritten.example\"\nlocation = \"{address}/library\"\ninsecure = true\n\
         [[registry]]\nlocation = \"mirrored.example\"\n[[registry.mirror]]\nlocation = \"{address}/mirror\"\ninsecure = true\n\
         [[registry]]\nlocation = \"blocked.example\"\nblocked = true\n\
         [[registry]]\nprefix = \"*.wild.example\"\nblocked = true\n"
    );
    let path = sandbox.file("registries.conf", &conf);
    sandbox.set("CONTAINERS_REGISTRIES_CONF", &path);
    for name in ["library/thing", "nick", "rewritten.example/thing", "mirrored.example/thing"] {
        sandbox.run(["pull", "-q", name]).succeeds();
    }
    sandbox.words("pull blocked.example/x").refuses(125, "blocked");
    sandbox.words("pull deep.wild.example/x").refuses(125, "blocked");
    let broken = sandbox.file("broken.conf", "unqualified-search-registries = 3");
    sandbox.command(["pull", "x"]).env("CONTAINERS_REGISTRIES_CONF", &broken).run().refuses(125, "broken.conf");
}

#[test]
fn a_user_may_have_a_registries_conf() {
    let registry = Registry::start();
    registry.put("library/thing", "latest", &image("1"));
    let address = registry.address();
    let sandbox = Sandbox::new();
    let directory = sandbox.home().join(".config/containers");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(
        directory.join("registries.conf"),
        format!("[[registry]]\nprefix = \"docker.io\"\nlocation = \"{address}\"\ninsecure = true\n"),
    )
    .unwrap();
    // A short name means Docker Hub, as Docker normalises it.
    sandbox.words("pull -q thing").succeeds();
    sandbox.words("image exists docker.io/library/thing:latest").succeeds();
}

#[test]
fn plain_http_is_refused_where_tls_is_asked_for() {
    let registry = Registry::start();
    registry.put("thing", "latest", &image("1"));
    let sandbox = Sandbox::new();
    let reference = format!("{}/thing", registry.address());
    sandbox.run(["pull", "--tls-verify=true", &reference]).exits(125).complains("Error: ");
    // A registry on loopback needs no TLS, as with Docker.
    sandbox.run(["pull", "-q", &reference]).succeeds();
}

/// Answers requests for `/image.tar` with these bytes, and others with 404, as long as the test runs; its address.
fn web_server(bytes: Vec<u8>) -> std::net::SocketAddr {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 1024];
            while !request.windows(4).any(|window| window == b"\r\n\r\n") {
                match stream.read(&mut buffer) {
                    Ok(count) if count > 0 => request.extend_from_slice(&buffer[..count]),
                    _ => break,
                }
            }
            let (status, body) = match request.starts_with(b"GET /image.tar ") {
                true => ("200 OK", bytes.as_slice()),
                false => ("404 Not Found", &b""[..]),
            };
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)); // the client may not want it all
        }
    });
    address
}

#[test]
fn archives_are_fetched_from_web_servers() {
    let sandbox = Sandbox::new();
    sandbox.add("thing", &image("1"));
    sandbox.words("save -o thing.tar thing").succeeds();
    let address = web_server(std::fs::read(sandbox.work().join("thing.tar")).unwrap());
    sandbox.words("rmi thing").succeeds();
    sandbox.words(&format!("load -i http://{address}/image.tar")).succeeds().mentions("Loaded image: ");
    sandbox.words("image exists thing").succeeds();
    let told = sandbox.words("events --stream=false --filter event=loadfromarchive --format {{.Name}}").succeeds();
    told.prints(&format!("http://{address}/image.tar"));
    sandbox.words(&format!("load -i http://{address}/other.tar")).refuses(125, "404 Not Found");
    let id = sandbox.words(&format!("import http://{address}/image.tar fetched:1")).succeeds().text();
    assert!(id.starts_with("sha256:"), "{id}");
    sandbox.words("image exists fetched:1").succeeds();
    sandbox.words(&format!("import http://{address}/other.tar")).refuses(125, "404 Not Found");
}

#[test]
fn the_history_of_names_begins_with_those_an_image_has() {
    let sandbox = Sandbox::new();
    sandbox.add("thing", &image("1"));
    let history = || {
        let line = sandbox.words("images --format {{.History}}").succeeds().text();
        let names = line.trim().split(", ").map(|name| name.rsplit('/').next().unwrap_or_default().to_owned());
        names.collect::<Vec<_>>()
    };
    let own = history();
    for name in ["first:1", "second:1"] {
        sandbox.run(["tag", &own[0], name]).succeeds();
        sandbox.run(["rmi", name]).succeeds();
    }
    assert_eq!(history()[..3], [own[0].as_str(), "second:1", "first:1"]);
}
