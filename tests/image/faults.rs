//! Registries that break, lie or attack: one clear line, nothing left behind, and the next pull succeeds.

use crate::fixture::{Image, Layer, OCI_INDEX, OCI_MANIFEST, Store, gzip, noise, small, tar};
use crate::server::{Response, Server};
use coracle::store::digest::Digest;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// An image with one layer of some size, so that it arrives in many pieces.
fn sizeable() -> Image {
    Image::new(&[Layer::gzip(&tar(&[("noise", &noise(600_000, 9))]))])
}

fn expect_failure(image: &Image, server: &Server, expected: &str) {
    let store = Store::new();
    let error = store.pull(&server.name("x")).unwrap_err().to_string();
    let shown = error.replace(&server.address, "HOST");
    assert!(shown.contains(expected), "{shown}\n  does not contain\n{expected}");
    assert!(!shown.contains('\n'), "{shown}");
    store.assert_nothing_half_done();
    let sound = Server::start();
    sound.put_image("x", "latest", image);
    store.pull(&sound.name("x")).unwrap();
}

#[test]
fn a_broken_transfer_goes_on_where_it_stopped() {
    let image = sizeable();
    let blob = image.layers[0].blob.clone();
    let (digest, length) = (image.layers[0].digest(), blob.len());
    let server = Server::with(move |request, earlier| {
        let is_blob = request.path.ends_with(&digest.to_string());
        match earlier {
            0 if is_blob => Some(Response::new(200, blob.clone()).cut(100_000)),
            1 if is_blob => Some(
                Response::new(206, &blob[100_000..])
                    .header("Content-Range", &format!("bytes 100000-{}/{length}", length - 1))
                    .cut(1000),
            ),
            _ => None,
        }
    });
    server.put_image("x", "latest", &image);
    let store = Store::new();
    store.pull(&server.name("x")).unwrap();
    let ranges: Vec<_> =
        server.requests(&digest.to_string()).iter().map(|request| request.headers.get("range").cloned()).collect();
    assert_eq!(ranges, [None, Some("bytes=100000-".into()), Some("bytes=101000-".into())]);
    store.assert_layers_sound();
}

#[test]
fn a_registry_without_ranges_sends_it_all_again() {
    let image = sizeable();
    let blob = image.layers[0].blob.clone();
    let digest = image.layers[0].digest();
    let server = Server::with(move |request, earlier| {
        let cut = [Some(50_000), Some(20_000), None];
        request
            .path
            .ends_with(&digest.to_string())
            .then(|| Response { cut: cut.get(earlier).copied().flatten(), ..Response::new(200, blob.clone()) })
    });
    server.put_image("x", "latest", &image);
    let store = Store::new();
    store.pull(&server.name("x")).unwrap();
    store.assert_layers_sound();
}

#[test]
fn a_wrong_range_is_refused() {
    let image = sizeable();
    let blob = image.layers[0].blob.clone();
    let digest = image.layers[0].digest();
    let server = Server::with(move |request, earlier| match earlier {
        _ if !request.path.ends_with(&digest.to_string()) => None,
        0 => Some(Response::new(200, blob.clone()).cut(1000)),
        _ => Some(Response::new(206, &blob[7..]).header("Content-Range", "bytes 7-99/100")),
    });
    server.put_image("x", "latest", &image);
    expect_failure(&image, &server, "sent another range than asked for");
}

#[test]
fn busy_registries_are_asked_again() {
    for status in [429, 500, 502, 503, 504] {
        let server = Server::with(move |_, earlier| {
            (earlier == 0).then(|| Response::new(status, "busy").header("Retry-After", "0"))
        });
        server.put_image("x", "latest", &small());
        let store = Store::new();
        store.pull(&server.name("x")).unwrap();
        let notes = store.notes.lines.lock().unwrap();
        assert!(notes.iter().any(|line| line.contains("trying again in 0 s")), "{notes:?}");
    }
    let server = Server::with(|request, _| {
        request.path.contains("manifests").then(|| Response::new(429, "").header("Retry-After", "0"))
    });
    server.put_image("x", "latest", &small());
    expect_failure(&small(), &server, "reading manifest latest in HOST/x: registry answered with status 429");
    assert_eq!(server.requests("manifests").len(), 5);
}

#[test]
fn wrong_bytes_are_refused() {
    let image = sizeable();
    let digest = image.layers[0].digest();
    let good = image.layers[0].blob.clone();
    let id = image.id();
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x40;
    let longer = [&good[..], b"more"].concat();
    let other = gzip(&tar(&[("other", b"")]));
    let same_length = {
        let mut bytes = other.clone();
        bytes.resize(good.len(), 0);
        bytes
    };
    for (path, body, expected) in [
        (digest, flipped, format!("reading blob {digest}: digest mismatch: expected {digest}")),
        (digest, longer, format!("blob size mismatch: expected {} bytes, got more than {}", good.len(), good.len())),
        (digest, same_length, "digest mismatch".to_owned()),
        (id, b"{}".to_vec(), format!("reading blob {id}: digest mismatch: expected {id}")),
    ] {
        let server = Server::with(move |request, _| {
            request.path.ends_with(&path.to_string()).then(|| Response::new(200, body.clone()))
        });
        server.put_image("x", "latest", &image);
        expect_failure(&image, &server, &expected);
    }
}

#[test]
fn a_blob_that_ends_early_is_refused_after_some_attempts() {
    let image = small();
    let digest = image.layers[0].digest();
    let short = image.layers[0].blob[..50].to_vec();
    let server = Server::with(move |request, earlier| match earlier {
        _ if !request.path.ends_with(&digest.to_string()) => None,
        0 => Some(Response::new(200, short.clone())),
        _ => Some(Response::new(416, "")),
    });
    server.put_image("x", "latest", &image);
    expect_failure(&image, &server, "registry answered with status 416");
}

#[test]
fn a_wrong_diff_id_or_a_layer_that_is_no_tar_is_refused() {
    let good = small();
    let mut wrong = good.clone();
    wrong.config["rootfs"]["diff_ids"][0] = Digest::of(b"another").to_string().into();
    wrong.describe();
    let server = Server::start();
    server.put_image("x", "latest", &wrong);
    expect_failure(&good, &server, &format!("layer diff ID mismatch: expected {}", Digest::of(b"another")));

    for (layer, expected) in [
        (Layer::plain(&noise(10_000, 3)), "invalid layer: no valid tar header at byte 0"),
        (Layer { blob: gzip(b"x")[..15].to_vec(), diff_id: Digest::of(b"x") }, "corrupt compressed layer"),
        (Layer { blob: b"\x28\xb5\x2f\xfdrubbish".to_vec(), diff_id: Digest::of(b"x") }, "corrupt compressed layer"),
    ] {
        let server = Server::start();
        server.put_image("x", "latest", &Image::new(&[layer]));
        expect_failure(&good, &server, expected);
    }
}

#[test]
fn bad_manifests_are_refused() {
    let image = small();
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut manifest = image.manifest.clone();
        change(&mut manifest);
        manifest.to_string()
    };
    let bad_digest = format!("sha256:../../../../{}", "0".repeat(52));
    for (manifest, expected) in [
        (with(&|m| m["manifests"] = json!([])), "ambiguous manifest"),
        (
            with(&|m| m["layers"][0]["digest"] = bad_digest.clone().into()),
            "parsing manifest of docker://HOST/x:latest: invalid",
        ),
        (
            with(&|m| m["config"]["mediaType"] = "application/vnd.cncf.helm.config.v1+json".into()),
            "unsupported image-specific",
        ),
        (with(&|m| m["layers"] = json!([])), "manifest lists 0 layers, its config 1"),
        (json!({"schemaVersion": 1, "fsLayers": []}).to_string(), "unsupported manifest: Docker image format v1"),
        ("<html>".to_owned(), "invalid manifest: "),
        (" ".repeat(5 << 20), "is larger than the 4194304 bytes allowed"),
        (format!("{{\"schemaVersion\":2,\"a\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000)), "invalid manifest: "),
    ] {
        let server = Server::start();
        server.put_image("x", "latest", &image);
        server.put_manifest("x", "latest", OCI_MANIFEST, &manifest);
        expect_failure(&image, &server, expected);
    }
}

#[test]
fn an_index_that_leads_in_circles_ends() {
    // A digest cannot be in what it is the digest of, so a real circle needs a registry that lies; what can be done is
    // a long chain.
    let image = small();
    let server = Server::start();
    server.put_image("x", "end", &image);
    let mut text = image.manifest.to_string();
    let mut media_type = OCI_MANIFEST;
    for _ in 0..10 {
        text = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [
            {"mediaType": media_type, "digest": Digest::of(text.as_bytes()), "size": text.len()},
        ]})
        .to_string();
        media_type = OCI_INDEX;
        server.put_manifest("x", "latest", OCI_INDEX, &text);
    }
    expect_failure(&image, &server, "image indexes are nested too deeply");
}

#[test]
fn a_bomb_is_stopped() {
    // zstd turns 3 GiB of zeros into 100 KB.
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..3 << 10 {
        std::io::Write::write_all(&mut encoder, &zeros).unwrap();
    }
    let bomb = Layer { blob: encoder.finish().unwrap(), diff_id: Digest::of(b"never reached") };
    let (image, server) = (small(), Server::start());
    server.put_image("x", "latest", &Image::new(&[bomb]));
    // Zeros end the archive after two blocks, so the tar itself is no obstacle.
    expect_failure(&image, &server, "layer expands to more than ");
}

#[test]
fn redirects_stay_on_http_and_keep_secrets_at_home() {
    let image = small();
    let store_server = Server::start();
    store_server.put_image("x", "latest", &image);
    let target = store_server.address.clone();
    let front = Server::with(move |request, _| {
        if request.headers.get("authorization").is_none_or(|value| value != "Basic dTpw") {
            return Some(Response::new(401, "").header("WWW-Authenticate", "Basic realm=\"r\""));
        }
        let location = format!("http://{target}{}?sig=secret", request.path);
        request.path.contains("/blobs/").then(|| Response::new(307, "").header("Location", &location))
    });
    front.put_image("x", "latest", &image);
    let plain = store_server.clone();
    for layer in [image.layers[0].blob.clone(), image.config.to_string().into_bytes()] {
        plain.put(&format!("/v2/x/blobs/{}?sig=secret", Digest::of(&layer)), "x", layer);
    }
    let store = Store::new();
    let mut request = crate::fixture::request(&front.name("x"));
    request.creds = Some("u:p".into());
    store.pull_with(&request).unwrap();
    let redirected = store_server.requests("sig=secret");
    assert_eq!(redirected.len(), 2);
    assert!(redirected.iter().all(|request| !request.headers.contains_key("authorization")));
    // Both are on this host: it is the port that makes them different servers.
    assert!(front.requests("/blobs/").iter().any(|request| request.headers.contains_key("authorization")));

    for location in ["file:///etc/passwd", "ftp://x/y", "gopher://x", "http://"] {
        let server = Server::with(move |request, _| {
            request.path.contains("/blobs/").then(|| Response::new(302, "").header("Location", location))
        });
        server.put_image("x", "latest", &image);
        expect_failure(&image, &server, "redirect to an address that is not http or https");
    }
    let server = Server::with(|request, _| {
        request.path.contains("/manifests/").then(|| Response::new(302, "").header("Location", &request.path))
    });
    server.put_image("x", "latest", &image);
    expect_failure(&image, &server, "too many redirects");
}

#[test]
fn one_bad_layer_stops_the_others() {
    let stuck = Arc::new(AtomicBool::new(false));
    let image = Image::new(&[Layer::gzip(&tar(&[("a", b"a")])), Layer::gzip(&tar(&[("b", &noise(300_000, 4))]))]);
    let digest = image.layers[0].digest();
    let seen = stuck.clone();
    let server = Server::with(move |request, _| {
        let is_bad = request.path.ends_with(&digest.to_string());
        seen.fetch_or(is_bad, Ordering::Relaxed);
        is_bad
            .then(|| Response::new(404, r#"{"errors":[{"code":"BLOB_UNKNOWN","message":"blob unknown to registry"}]}"#))
    });
    server.put_image("x", "latest", &image);
    expect_failure(&image, &server, &format!("reading blob {digest}: blob unknown to registry"));
    assert!(stuck.load(Ordering::Relaxed));
}

#[test]
fn what_is_not_there_is_named() {
    let server = Server::start();
    let store = Store::new();
    let error = store.pull(&server.name("none:1")).unwrap_err();
    let address = &server.address;
    assert_eq!(
        error.to_string(),
        format!(
            "initializing source docker://{address}/none:1: reading manifest 1 in {address}/none: manifest unknown"
        )
    );
    assert!(error.is_not_found());
    let refused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = store.pull(&format!("{refused}/x")).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "initializing source docker://{refused}/x:latest: pinging container registry {refused}: Get \
             \"https://{refused}/v2/\": connection refused"
        )
    );
    let error = store.pull("x:y:z").unwrap_err();
    assert_eq!(error.to_string(), "invalid reference format");
}
