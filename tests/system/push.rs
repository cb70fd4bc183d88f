//! `push`, `login` and `logout`.

use crate::support::{Image, Layer, Registry, Sandbox};

fn image() -> Image {
    Image::new(vec![Layer::new().file("a", 0o644, "content of a layer")])
}

/// A registry that has `app:1`, and a sandbox that has pulled it.
fn pulled() -> (Registry, Sandbox, String) {
    let registry = Registry::start();
    registry.put("app", "1", &image());
    let sandbox = Sandbox::new();
    let name = format!("{}/app:1", registry.address());
    sandbox.run(["pull", "-q", &name]).succeeds();
    (registry, sandbox, name)
}

#[test]
fn what_was_pushed_can_be_pulled() {
    let (_source, sandbox, name) = pulled();
    let target = Registry::start();
    let id = sandbox.run(["image", "inspect", "--format", "{{.Id}}", &name]).succeeds().text();
    for (number, options) in [&["--format", "oci"][..], &["--format", "docker"], &["--compression-format", "zstd"], &[]]
        .into_iter()
        .enumerate()
    {
        let destination = format!("{}/team/app{number}:2", target.address());
        let digest = sandbox.file("digest", "");
        let words = [&["push", "-q", "--digestfile", &digest], options, &[&name, &destination]].concat();
        sandbox.run(words).succeeds().prints("").quietly();
        let other = Sandbox::new();
        other.run(["pull", "-q", &destination]).succeeds().prints(&id);
        let known = other.run(["image", "inspect", "--format", "{{.Digest}}", &destination]).succeeds().text();
        assert_eq!(std::fs::read_to_string(&digest).unwrap(), known, "{options:?}");
    }
}

#[test]
fn what_the_registry_has_is_not_sent() {
    let (registry, sandbox, name) = pulled();
    let before = sandbox.run(["image", "inspect", "--format", "{{.Digest}}", &name]).text();
    let destination = format!("docker://{}/app:again", registry.address());
    sandbox.run(["push", &name, &destination]).succeeds().complains("skipped: already exists");
    let sent: Vec<_> = registry.requests().into_iter().filter(|request| request.method == "PATCH").collect();
    assert!(sent.is_empty(), "{sent:?}");
    // The very bytes of the manifest: the digest stays.
    let other = Sandbox::new();
    other.run(["pull", "-q", &destination]).succeeds();
    let name = destination.trim_start_matches("docker://");
    other.run(["image", "inspect", "--format", "{{.Digest}}", name]).prints(&before);
}

#[test]
fn a_login_is_checked_kept_and_forgotten() {
    let (registry, sandbox, name) = pulled();
    registry.protect("me:secret");
    let host = registry.address();
    let destination = format!("{host}/app:mine");
    sandbox.run(["push", &name, &destination]).refuses(125, ": unauthorized: authentication required");
    let wrong = format!("logging into {host:?}: invalid username/password");
    sandbox.command(["login", "-u", "me", "--password-stdin", &host]).input("wrong\n").run().refuses(125, &wrong);
    sandbox.run(["login", "--get-login", &host]).refuses(125, &format!("not logged into {host}"));
    sandbox
        .command(["login", "-u", "me", "--password-stdin", &host])
        .input("secret\n")
        .run()
        .prints("Login Succeeded!");
    sandbox.run(["login", "--get-login", &host]).prints("me");
    sandbox.run(["login", &host]).succeeds().mentions("Existing credentials are valid");
    sandbox.run(["push", "-q", &name, &destination]).succeeds();
    sandbox.run(["logout", &host]).prints(&format!("Removed login credentials for {host}"));
    sandbox.run(["logout", &host]).refuses(125, &format!("not logged into {host}"));
    sandbox.run(["push", "-q", "--creds", "me:secret", &name, &destination]).succeeds();
}

#[test]
fn a_push_that_cannot_be_is_one_line() {
    let (registry, sandbox, name) = pulled();
    sandbox.run(["push"]).refuses(125, "accepts between 1 and 2 arg(s), received 0");
    sandbox.run(["push", "no-such-image"]).refuses(125, "image not known");
    sandbox.run(["push", &name, "docker-daemon:x"]).refuses(125, "push goes to registries");
    sandbox.run(["push", "--format", "v9", &name]).refuses(125, "unknown format");
    registry.trouble("/manifests/2", crate::support::registry::Fault::Status(403), 9);
    let destination = format!("{}/app:2", registry.address());
    sandbox.run(["push", "-q", &name, &destination]).refuses(125, "writing manifest: uploading manifest 2 to");
}
