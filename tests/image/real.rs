//! Against Docker's registry, where it is installed: open, with a password, and with TLS.

use crate::fixture::{Image, Layer, Store, noise, request, tar};
use coracle::engine::pull::PullRequest;
use coracle::store::digest::Digest;
use reqwest::blocking::{Client, RequestBuilder};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const PROGRAM: &str = "docker-registry";

struct Registry {
    process: Child,
    address: String,
    scheme: &'static str,
    _directory: tempfile::TempDir,
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn is_missing(program: &str) -> bool {
    let missing = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err();
    if missing {
        println!("skipped: {program} is not installed");
    }
    missing
}

impl Registry {
    /// `http` is added to the configuration's section of that name; `rest` stands beside it.
    fn start(http: &str, rest: &str, directory: tempfile::TempDir) -> Self {
        // The port is free now and soon taken again; nobody else binds ports here meanwhile.
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let root = directory.path().join("data");
        let config = directory.path().join("config.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp:\n  addr: {address}\n{http}{rest}",
            root.display()
        );
        std::fs::write(&config, text).unwrap();
        let mut process = Command::new(PROGRAM)
            .arg("serve")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(process.stderr.take().unwrap());
        let mut lines = log.lines().map_while(Result::ok);
        assert!(lines.any(|line| line.contains("listening on")), "the registry did not start");
        std::thread::spawn(move || lines.for_each(drop));
        let scheme = if http.contains("tls:") { "https" } else { "http" };
        Registry { process, address, scheme, _directory: directory }
    }

    fn name(&self, rest: &str) -> String {
        format!("{}/{rest}", self.address)
    }

    fn push(&self, image: &Image, repository: &str, tag: &str, login: impl Fn(RequestBuilder) -> RequestBuilder) {
        let http = Client::builder()
            .no_proxy()
            .tls_backend_preconfigured(coracle::image::registry::trust::client_config(&self.address, false).unwrap())
            .build()
            .unwrap();
        let base = format!("{}://{}/v2/{repository}", self.scheme, self.address);
        let config = image.config.to_string().into_bytes();
        for blob in image.layers.iter().map(|layer| &layer.blob).chain([&config]) {
            let started = login(http.post(format!("{base}/blobs/uploads/"))).send().unwrap();
            let location = started.headers()["location"].to_str().unwrap().to_owned();
            let joint = if location.contains('?') { '&' } else { '?' };
            let url = format!("{location}{joint}digest={}", Digest::of(blob));
            assert_eq!(login(http.put(url)).body(blob.clone()).send().unwrap().status(), 201);
        }
        let manifest = login(http.put(format!("{base}/manifests/{tag}")))
            .header("Content-Type", crate::fixture::OCI_MANIFEST)
            .body(image.manifest.to_string());
        assert_eq!(manifest.send().unwrap().status(), 201);
    }
}

fn image() -> Image {
    Image::new(&[Layer::gzip(&tar(&[("a", &noise(3 << 20, 1))])), Layer::zstd(&tar(&[("b", b"b")]))])
}

#[test]
fn an_open_registry_is_spoken_to_without_tls_on_loopback() {
    if is_missing(PROGRAM) {
        return;
    }
    let registry = Registry::start("", "", tempfile::tempdir().unwrap());
    registry.push(&image(), "some/app", "1", |request| request);
    let store = Store::new();
    let pulled = store.pull(&registry.name("some/app:1")).unwrap();
    assert_eq!(pulled.image.record.id, image().id());
    store.assert_layers_sound();
    // The same by the name localhost, which no resolver has to know.
    let port = registry.address.rsplit(':').next().unwrap();
    store.pull(&format!("localhost:{port}/some/app:1")).unwrap();
    let strict = PullRequest { tls_verify: Some(true), ..request(&registry.name("some/app:1")) };
    let error = Store::new().pull_with(&strict).unwrap_err();
    assert!(error.to_string().ends_with("the server does not speak TLS"), "{error}");
    assert!(error.hint().is_some());
    Store::new().pull_with(&PullRequest { tls_verify: Some(false), ..strict }).unwrap();
    let error = store.pull(&registry.name("some/app:2")).unwrap_err();
    let address = &registry.address;
    assert_eq!(
        error.to_string(),
        format!(
            "initializing source docker://{address}/some/app:2: reading manifest 2 in {address}/some/app: manifest unknown"
        )
    );
}

#[test]
fn a_password_is_asked_for() {
    if is_missing(PROGRAM) || is_missing("htpasswd") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("htpasswd");
    let made = Command::new("htpasswd").args(["-Bbnc4", "user", "word"]).output();
    let output = made
        .ok()
        .filter(|output| output.status.success())
        .or_else(|| Command::new("htpasswd").args(["-Bbn", "user", "word"]).output().ok());
    std::fs::write(&file, output.unwrap().stdout).unwrap();
    let auth = format!("auth: {{htpasswd: {{realm: x, path: {}}}}}\n", file.display());
    let registry = Registry::start("", &auth, directory);
    registry.push(&image(), "app", "1", |request| request.basic_auth("user", Some("word")));
    let with = |creds: &str| PullRequest { creds: Some(creds.into()), ..request(&registry.name("app:1")) };
    Store::new().pull_with(&with("user:word")).unwrap();
    let error = Store::new().pull_with(&with("user:wrong")).unwrap_err().to_string();
    assert!(error.ends_with("unauthorized: authentication required"), "{error}");
    assert!(Store::new().pull(&registry.name("app:1")).is_err());
}

#[test]
fn a_private_authority_is_trusted_when_it_is_configured() {
    if is_missing(PROGRAM) || is_missing("openssl") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    make_certificate(&path("ca.pem"), &path("key.pem"));
    let tls = format!("  tls: {{certificate: {}, key: {}}}\n", path("ca.pem").display(), path("key.pem").display());
    let certificate = std::fs::read(path("ca.pem")).unwrap();
    let registry = Registry::start(&tls, "", directory);
    registry.push(&image(), "app", "1", |request| request);

    let store = Store::new();
    let error = store.pull(&registry.name("app:1")).unwrap_err();
    assert!(error.to_string().contains("x509: "), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("certs.d")));
    store.assert_nothing_half_done();
    store.pull_with(&PullRequest { tls_verify: Some(false), ..request(&registry.name("app:1")) }).unwrap();

    // The two ways to make it known: the system's store, and certs.d.
    let bundle = store.beside("bundle.pem");
    std::fs::write(&bundle, &certificate).unwrap();
    crate::interrupted::with_path(store.beside(""), &registry.name("app:1"), |child| {
        child.env("SSL_CERT_FILE", &bundle);
    });
    let host = store.beside("config/containers/certs.d").join(&registry.address);
    std::fs::create_dir_all(&host).unwrap();
    std::fs::write(host.join("ca.crt"), &certificate).unwrap();
    crate::interrupted::with_path(store.beside(""), &registry.name("app:1"), |child| {
        child.env("XDG_CONFIG_HOME", store.beside("config"));
    });
}

fn make_certificate(certificate: &Path, key: &Path) {
    let status = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"])
        .arg("-keyout")
        .arg(key)
        .arg("-out")
        .arg(certificate)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
}
