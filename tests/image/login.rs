//! Logging in: challenges, tokens, credentials files and helpers.

use crate::fixture::{Image, Layer, Store, noise, request, small, tar};
use crate::server::{Response, Server};
use base64::Engine;
use coracle::engine::pull::PullRequest;
use std::os::unix::fs::PermissionsExt;

fn basic(text: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(text))
}

/// A token server that accepts `u:p` and anonymous users, and hands out numbered tokens.
fn token_server() -> Server {
    Server::with(|request, earlier| match request.headers.get("authorization").map(String::as_str) {
        _ if !request.path.starts_with("/token") => None,
        Some(header) if header != basic("u:p") => {
            Some(Response::new(401, r#"{"details":"incorrect username or password"}"#))
        }
        _ => Some(Response::new(200, format!(r#"{{"token":"T{earlier}"}}"#))),
    })
}

/// A registry that wants a bearer token, and a new one after every `lifetime` requests.
fn guarded(tokens: &Server, image: &Image, lifetime: usize) -> Server {
    let realm = format!("http://{}/token", tokens.address);
    let used = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::with(move |request, _| {
        let number = used.load(std::sync::atomic::Ordering::SeqCst) / lifetime;
        let header = request.headers.get("authorization").cloned().unwrap_or_default();
        if header == format!("Bearer T{number}") {
            used.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            return None;
        }
        let challenge =
            format!(r#"Basic realm="x", Bearer realm="{realm}",service="the service",scope="repository:a/b:pull""#);
        Some(Response::new(401, "").header("WWW-Authenticate", &challenge))
    });
    server.put_image("a/b", "latest", image);
    server
}

#[test]
fn one_token_serves_all_requests_and_a_new_one_when_it_expires() {
    let layers: Vec<Layer> = (0..4).map(|n| Layer::gzip(&tar(&[("f", &noise(1000, n))]))).collect();
    let image = Image::new(&layers);
    let tokens = token_server();
    let server = guarded(&tokens, &image, 1000);
    Store::new().pull(&server.name("a/b")).unwrap();
    let asked = tokens.requests("/token");
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].path, "/token?service=the+service&scope=repository%3Aa%2Fb%3Apull");
    assert!(!asked[0].headers.contains_key("authorization"));

    let tokens = token_server();
    let server = guarded(&tokens, &small(), 1);
    Store::new().pull(&server.name("a/b")).unwrap();
    assert_eq!(tokens.requests("/token").len(), 3);
}

#[test]
fn credentials_go_to_the_token_server_and_wrong_ones_are_reported() {
    let tokens = token_server();
    let server = guarded(&tokens, &small(), 1000);
    let with = |creds: &str| PullRequest { creds: Some(creds.into()), ..request(&server.name("a/b")) };
    Store::new().pull_with(&with("u:p")).unwrap();
    let asked = tokens.requests("/token");
    assert_eq!(asked[0].headers["authorization"], basic("u:p"));
    assert!(asked[0].path.starts_with("/token?account=u&"));
    assert!(
        server
            .requests("")
            .iter()
            .all(|request| { request.headers.get("authorization").is_none_or(|header| header.starts_with("Bearer ")) })
    );
    let error = Store::new().pull_with(&with("u:wrong")).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("unable to retrieve auth token: invalid username/password: incorrect username or password"),
        "{error}"
    );
    assert!(error.hint().is_some());
}

#[test]
fn basic_credentials_come_from_files_and_helpers() {
    let server = Server::with(|request, _| {
        let known = request.headers.get("authorization").is_some_and(|header| *header == basic("user:pass:word"));
        (!known).then(|| Response::new(401, "").header("WWW-Authenticate", "Basic realm=\"x\""))
    });
    server.put_image("a/b", "latest", &small());
    let store = Store::new();
    let pull = |content: &str| {
        let authfile = store.beside("auth.json");
        std::fs::write(&authfile, content).unwrap();
        store.pull_with(&PullRequest {
            authfile: Some(authfile),
            policy: coracle::engine::request::PullPolicy::Always,
            ..request(&server.name("a/b"))
        })
    };
    let encoded = &basic("user:pass:word")[6..];
    pull(&format!(r#"{{"auths":{{"{}/a":{{"auth":"{encoded}"}}}}}}"#, server.address)).unwrap();
    let error = pull("{}").unwrap_err().to_string();
    assert!(error.ends_with("unauthorized: authentication required"), "{error}");
    let error = pull("{").unwrap_err().to_string();
    assert!(error.contains("invalid credentials file \""), "{error}");

    let helper = store.beside("docker-credential-test");
    let script = "#!/bin/sh\nread host\n[ \"$1 $host\" = \"get HOST\" ] && echo '{\"Username\":\"user\",\"Secret\":\"pass:word\"}'\n";
    std::fs::write(&helper, script.replace("HOST", &server.address)).unwrap();
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
    // An absolute name is refused, so the helper has to be on the path; the file is found by a name without slashes.
    let error = pull(&format!(r#"{{"credHelpers":{{"{}":"../test"}}}}"#, server.address)).unwrap_err().to_string();
    assert!(error.contains("helper \"docker-credential-../test\": not a program name"), "{error}");
    crate::interrupted::with_path(store.beside(""), &server.name("a/b"), |child| {
        let authfile = store.beside("helper.json");
        std::fs::write(&authfile, format!(r#"{{"credHelpers":{{"{}":"test"}}}}"#, server.address)).unwrap();
        child.env("REGISTRY_AUTH_FILE", authfile);
    });
}

#[test]
fn an_identity_token_is_exchanged() {
    let tokens = Server::with(|request, _| {
        (request.method == "POST" && request.body.contains("refresh_token=secret%2Btoken"))
            .then(|| Response::new(200, r#"{"access_token":"T0"}"#))
    });
    let server = guarded(&tokens, &small(), 1000);
    let store = Store::new();
    let authfile = store.beside("auth.json");
    let content = format!(r#"{{"auths":{{"{}":{{"auth":"eDp5","identitytoken":"secret+token"}}}}}}"#, server.address);
    std::fs::write(&authfile, content).unwrap();
    store.pull_with(&PullRequest { authfile: Some(authfile), ..request(&server.name("a/b")) }).unwrap();
    let body = &tokens.requests("/token")[0].body;
    assert!(body.starts_with("grant_type=refresh_token&service=the+service&client_id=coracle&scope="), "{body}");
}

#[test]
fn unusable_realms_are_refused() {
    for realm in ["file:///etc/passwd", "", "ftp://x/y", "token"] {
        let challenge = format!("Bearer realm=\"{realm}\"");
        let server = Server::with(move |_, _| Some(Response::new(401, "").header("WWW-Authenticate", &challenge)));
        let error = Store::new().pull(&server.name("a/b")).unwrap_err().to_string();
        assert!(error.ends_with("authentication realm is not usable"), "{realm}: {error}");
    }
    for (body, expected) in [("{}", "token server sent no token"), ("<", "not the JSON that the registry API defines")]
    {
        let tokens = Server::with(move |_, _| Some(Response::new(200, body)));
        let server = guarded(&tokens, &small(), 1000);
        let error = Store::new().pull(&server.name("a/b")).unwrap_err().to_string();
        assert!(error.ends_with(expected), "{error}");
    }
}
